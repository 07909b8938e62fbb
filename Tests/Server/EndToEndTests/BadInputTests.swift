import Foundation
import Primitives
import Testing

extension EndToEnd {
    /// Whatever is wrong with a request is said, field by field, and nothing changes.
    @Suite struct BadInputTests {
        /// Runs against a fresh server that has one settled withdrawal, and compares before and after.
        private func unchanged(_ body: (Server) async throws -> Void) async throws {
            try await Server.withDev { server, _ in
                _ = try await server.waitFor(try await server.withdraw("one-that-is-there"))
                let before = try await Footprint(server)
                try await body(server)
                let changes = try await Footprint(server).changes(since: before)
                #expect(changes.isEmpty, "\(changes)")
                #expect(try await server.faults() == [])
                #expect(!server.child.hasEnded)
            }
        }

        @Test func `every operation refuses strangers, lesser keys, other methods, types and sizes`() async throws {
            try await Server.withDev { server, _ in
                let operations = try await Operation.all(of: server)
                #expect(operations.count >= 40)
                // Each key lacks what the other may.
                let status = try await server.key(["system:read"])
                let books = try await server.key(["ledger:read"])
                let before = try await Footprint(server)
                for operation in operations {
                    try await refusals(operation, server, lesser: operation.name == "getStatus" ? books : status)
                }
                let changes = try await Footprint(server).changes(since: before)
                #expect(changes.isEmpty, "\(changes)")
                #expect(try await server.admin.get("/v1/seal")["sealed"]?.bool == false)
            }
        }

        private func refusals(_ operation: Operation, _ server: Server, lesser: String) async throws {
            let (method, path) = (operation.method, operation.path)
            if operation.isSecured {
                let real = server.apiKey
                let flipped = String(real.dropLast()) + (real.hasSuffix("0") ? "1" : "0")
                for key in [nil, "nonsense", flipped, "coffer_dev_" + String(repeating: "0", count: 49), "a.b.c"] {
                    let reply = try await server.anybody.with(key: key).send(method, path, headers: operation.headers)
                    #expect(
                        reply.status == 401 && reply.isProblem && reply.header("WWW-Authenticate") != nil,
                        "\(operation) with \(key ?? "no key"): \(reply)")
                }
                let body: JSON? = operation.takesBody ? [:] : nil
                let reply = try await server.anybody.with(key: lesser).send(
                    method, path, body, headers: operation.headers)
                #expect(reply.status == 403 && reply.isProblem, "\(operation) with a lesser key: \(reply)")
            }
            let other = try await server.admin.send("PATCH", path)
            #expect(other.status == 405 && other.isProblem, "PATCH \(operation.template): \(other)")
            #expect(other.header("Allow")?.contains(method) == true, "PATCH \(operation.template)")
            let unknown = try await server.admin.send(method, path + "/nothing/here")
            #expect(unknown.status == 404 && unknown.isProblem, "\(operation) and more: \(unknown)")
            let query = try await server.admin.send(
                method, path + "?surprise=1", operation.takesBody ? [:] : nil, headers: operation.headers)
            #expect(query.status == 400 && query.isProblem, "\(operation)?surprise: \(query)")
            if operation.takesBody {
                for type in [
                    nil, "text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16",
                ] {
                    let reply = try await server.admin.send(
                        method, path, [:], type: type, headers: operation.headers)
                    #expect(reply.status == 415 && reply.isProblem, "\(operation) as \(type ?? "nothing"): \(reply)")
                }
                let packed = try await server.admin.send(
                    method, path, [:], headers: operation.headers + [("Content-Encoding", "gzip")])
                #expect(packed.status == 415 && packed.isProblem, "\(operation) packed: \(packed)")
            }
            if method != "GET" {
                // The answer comes before the body does.
                let lines: [String] =
                    [
                        "\(method) \(path) HTTP/1.1", "Host: x", "Authorization: Bearer \(server.adminKey)",
                        "Content-Type: application/json", "Content-Length: 40000000",
                    ] + operation.headers.map { name, value in "\(name): \(value)" }
                let head: String = lines.joined(separator: "\r\n") + "\r\n\r\n"
                let answer = await RawSocket.exchange(server.port, Array(head.utf8))
                #expect(answer.status == 413, "\(operation) with 40 MB: \(answer)")
            }
        }

        @Test func `every operation refuses text that is not strict JSON`() async throws {
            try await unchanged { server in
                for operation in try await Operation.all(of: server) where operation.takesBody {
                    for (what, bytes) in Self.malformed {
                        let reply = try await server.admin.send(
                            operation.method, operation.path, bytes: bytes, headers: operation.headers)
                        #expect(
                            [400, 413, 415, 422].contains(reply.status) && reply.isProblem,
                            "\(operation), \(what): \(reply)")
                    }
                }
            }
        }

        private static let malformed: [(String, [UInt8])] = {
            let many: String = "{" + (0..<1_000).map { "\"k\($0)\":1" }.joined(separator: ",") + "}"
            let long: String = "{\"amount\":" + String(repeating: "9", count: 2_000) + "}"
            let deep: String = String(repeating: "[", count: 200) + String(repeating: "]", count: 200)
            let texts: [(String, String)] = [
                ("cut off", "{"), ("duplicate keys", #"{"user_id":"a","user_id":"b"}"#),
                ("duplicate keys by escape", #"{"user_id":"a","user\u005fid":"b"}"#),
                ("trailing bytes", "{} x"), ("two values", "{}{}"), ("trailing comma", #"{"a":1,}"#),
                ("single quotes", "{'a':1}"), ("bare word", "nul"), ("NaN", #"{"amount":NaN}"#),
                ("comment", "{/* */}"), ("leading zero", #"{"amount":01}"#), ("plus sign", #"{"amount":+1}"#),
                ("control character", "{\"a\":\"\u{1}\"}"), ("lone surrogate", #"{"a":"\ud800"}"#),
                ("bad escape", #"{"a":"\x41"}"#), ("deep", String(repeating: "[", count: 5_000)),
                ("deep and closed", deep),
                ("an array", "[]"), ("a string", #""text""#), ("null", "null"), ("spaces", "   "),
                ("byte order mark", "\u{FEFF}{}"), ("NUL behind", "{}\u{0}"),
                ("many keys", many), ("long number", long),
            ]
            let utf16: [UInt8] = [0x7B, 0, 0x7D, 0]
            let (before, after) = (Array(#"{"a":""#.utf8), Array(#""}"#.utf8))
            let overlong: [UInt8] = before + [0xC0, 0xAF] + after
            let surrogate: [UInt8] = before + [0xED, 0xA0, 0x80] + after
            let noise: [UInt8] = (0..<300).map { UInt8(truncatingIfNeeded: $0 &* 97) }
            let bytes: [(String, [UInt8])] = [
                ("UTF-16", utf16), ("UTF-16 with mark", [0xFF, 0xFE] + utf16), ("not UTF-8", [0x7B, 0xFF, 0x7D]),
                ("overlong UTF-8", overlong), ("surrogate in UTF-8", surrogate), ("no bytes", []),
                ("random bytes", noise),
            ]
            return texts.map { ($0, Array($1.utf8)) } + bytes
        }()

        @Test func `every malformed field of a withdrawal is named by its pointer`() async throws {
            try await unchanged { server in
                var index = 0
                for (field, value) in Self.malformedFields(server) {
                    for path in ["/v1/withdrawals", "/withdrawal/request"] {
                        index += 1
                        let body = Self.replacing(field, with: value, in: Server.request(server.wallets[0]))
                        let reply = try await server.api.post(path, body, idempotencyKey: "field-\(index)")
                        #expect(
                            [400, 404, 422].contains(reply.status) && reply.isProblem
                                && reply.pointers.contains("/\(field)"),
                            "\(field) \(value?.text.prefix(120) ?? "left out"): \(reply)")
                    }
                }
                // All that is wrong is said at once.
                let wrong: JSON = [
                    "user_id": 1, "wallet_id": "x", "asset": "ETH", "to": "0x", "amount": 5, "memo": "?", "a/b~c": 0,
                ]
                let reply = try await server.api.post("/v1/withdrawals", wrong, idempotencyKey: "all-wrong")
                #expect(
                    Set(reply.pointers)
                        == ["/user_id", "/wallet_id", "/asset", "/to", "/amount", "/memo", "/a~1b~0c"], "\(reply)")
            }
        }

        private static func replacing(_ field: String, with value: JSON?, in body: JSON) -> JSON {
            var members = (body.members ?? []).filter { $0.name != field }
            if let value { members.append(JSONMember(name: field, value: value)) }
            return .object(members)
        }

        private static func malformedFields(_ server: Server) -> [(String, JSON?)] {
            let address = Server.recipient
            let bare = String(address.dropFirst(2))
            let addresses: [JSON?] = [
                nil, .null, 1, true, [], [:], "", " ", "0x", .string(bare), .string("0X" + bare),
                .string(address.replacing("d8A6", with: "D8A6")), .string(String(address.dropLast())),
                .string(address + "0"), .string(address + " "), .string(" " + address),
                .string(address.dropLast() + "g"),
                .string(address.dropLast() + "４"), .string("0x0x" + bare.dropLast(2)), "vitalik.eth",
                "eip155:31337:0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F",
                "0x0000000000000000000000000000000000000000", .string("0x" + String(repeating: "a", count: 10_000)),
            ]
            let most = "115792089237316195423570985008687907853269984665640564039457584007913129639935"
            let amounts: [JSON?] = [
                nil, .null, 1, 0, .number("1.5"), .number("1e18"), true, [], [:], "", " ", "0", "-1", "-0", "+1", "01",
                "00", "1.0", "1.", ".1", "1e18", "1E2", "0x10", "1_000", "1,000", " 1", "1 ", "1\n", "\u{0}", "１２",
                "١٢",
                "NaN", "Infinity", .string(String(repeating: "9", count: 79)), .string(most.dropLast() + "6"),
                // Well-formed, and more than anybody has.
                .string(most), .string(String(repeating: "1", count: 5_000)),
            ]
            let assets: [JSON?] = [
                nil, .null, 60, [], "", "ETH", "eip155:31337", "eip155:31337/", "eip155:31337/slip44",
                "eip155:31337/slip44:", "EIP155:31337/slip44:60", "eip155:1/slip44:60", "eip155:31337/slip44:61",
                "eip155:31337/slip44:060", " eip155:31337/slip44:60", "eip155:31337/slip44:60 ",
                "eip155:31337/erc20:0x12", "eip155:31337/erc20:", "eip155:31337/erc721:0x1/1", "bip122:1/slip44:0",
                "eip155:31337/slip44:60/1", .string("eip155:31337/slip44:" + String(repeating: "6", count: 500)),
            ]
            let known = server.wallets[0].id
            let wallets: [JSON?] = [
                nil, .null, 1, [], "", "wa_", .string(String(known.dropFirst(3))), .string("wd_" + known.dropFirst(3)),
                .string(known.lowercased() + "x"), .string(String(known.dropLast())), .string(known + "0"),
                .string(" " + known), .string(String(known.dropLast()) + "U"), .string(String(known.dropLast()) + "!"),
                "wa_81ZZZZZZZZZZZZZZZZZZZZZZZZ", "wa_01JD2Q00000000000000000000", .string(server.wallets[1].id),
            ]
            let users: [JSON?] = [
                nil, .null, 1, [], "", "a\u{0}b", "a\nb", "\u{7F}", .string(String(repeating: "u", count: 129)),
                .string(String(repeating: "é", count: 65)),
            ]
            let references: [JSON?] = [
                1, [], "", "\u{1}", .string(String(repeating: "r", count: 257)),
                .string(String(repeating: "é", count: 129)),
            ]
            let unknown = ["memo", "Amount", "amount ", "user-id", "", "__proto__"].map { ($0, JSON("x") as JSON?) }
            var all: [(String, JSON?)] = unknown
            for (field, values) in [
                ("to", addresses), ("amount", amounts), ("asset", assets), ("wallet_id", wallets), ("user_id", users),
                ("reference", references),
            ] {
                for value in values { all.append((field, value)) }
            }
            return all
        }

        @Test func `malformed fields of the other operations are named too`() async throws {
            try await unchanged { server in
                let wallet = server.wallets[0]
                let deposit: JSON = [
                    "user_id": .string(wallet.user), "wallet_id": .string(wallet.id),
                    "asset": .string(Server.native), "amount": "5",
                ]
                let cases: [(method: String, path: String, body: JSON, pointer: String)] = [
                    ("POST", "/v1/wallets", ["chain": "eip155:31337"], "/user_id"),
                    ("POST", "/v1/wallets", ["user_id": "a b", "chain": "eip155:31337"], "/user_id"),
                    ("POST", "/v1/wallets", ["user_id": "a", "chain": "31337"], "/chain"),
                    ("POST", "/v1/wallets", ["user_id": "a", "chain": 31337], "/chain"),
                    ("POST", "/v1/wallets", ["user_id": "a", "chain": "eip155:31337", "label": ""], "/label"),
                    (
                        "POST", "/v1/wallets", ["user_id": "a", "chain": "eip155:31337", "key_backend": "x"],
                        "/key_backend"
                    ),
                    ("POST", "/v1/wallets", ["user_id": "a", "chain": "eip155:31337", "shared": "yes"], "/shared"),
                    ("POST", "/v1/wallets", ["user_id": "a", "chain": "eip155:31337", "lable": "x"], "/lable"),
                    ("POST", "/v1/ledger/deposits", Self.replacing("amount", with: 5, in: deposit), "/amount"),
                    ("POST", "/v1/ledger/deposits", Self.replacing("amount", with: "-5", in: deposit), "/amount"),
                    ("POST", "/v1/ledger/deposits", Self.replacing("wallet_id", with: "x", in: deposit), "/wallet_id"),
                    ("POST", "/v1/ledger/deposits", Self.replacing("asset", with: "x", in: deposit), "/asset"),
                    ("POST", "/v1/ledger/deposits", Self.replacing("x", with: "x", in: deposit), "/x"),
                    ("POST", "/v1/policies", ["action": "maybe"], "/action"),
                    ("POST", "/v1/policies", [:], "/action"),
                    ("POST", "/v1/policies", ["action": "allow", "max_amount": 5], "/max_amount"),
                    ("POST", "/v1/policies", ["action": "allow", "max_amount": "1.5"], "/max_amount"),
                    ("POST", "/v1/policies", ["action": "allow", "max_amout": "5"], "/max_amout"),
                    ("POST", "/v1/policies", ["action": "allow", "to": "0x1"], "/to"),
                    ("POST", "/v1/policies", ["action": "allow", "asset": "ETH"], "/asset"),
                    ("POST", "/v1/policies", ["action": "allow", "chain": "one"], "/chain"),
                    ("POST", "/v1/policies", ["action": "allow", "window_seconds": 60], "/window_seconds"),
                    ("POST", "/v1/policies", ["action": "allow", "window_amount": "60"], "/window_seconds"),
                    (
                        "POST", "/v1/policies", ["action": "allow", "window_seconds": 0, "window_amount": "1"],
                        "/window_seconds"
                    ),
                    ("POST", "/v1/apikeys", ["name": "x", "scopes": []], "/scopes"),
                    ("POST", "/v1/apikeys", ["name": "x", "scopes": ["all"]], "/scopes/0"),
                    ("POST", "/v1/apikeys", ["name": "x", "scopes": "admin"], "/scopes"),
                    ("POST", "/v1/apikeys", ["name": "", "scopes": ["admin"]], "/name"),
                    (
                        "POST", "/v1/apikeys", ["name": "x", "scopes": ["admin"], "expires_at": "tomorrow"],
                        "/expires_at"
                    ),
                    (
                        "POST", "/v1/apikeys",
                        ["name": "x", "scopes": ["admin"], "expires_at": "2020-01-01T00:00:00.000Z"], "/expires_at"
                    ),
                    ("PUT", "/v1/guard/lanes", ["enabled": false], "/lane"),
                    ("PUT", "/v1/guard/lanes", ["lane": "x", "enabled": "no"], "/enabled"),
                    ("PUT", "/v1/guard/lanes", ["lane": "x", "low": -1], "/low"),
                    ("PUT", "/v1/guard/lanes", ["lane": "x", "high": .number("1.5")], "/high"),
                    ("PUT", "/v1/guard/lanes", ["lane": "x", "enable": false], "/enable"),
                    ("POST", "/v1/guard:import", ["dry_run": true], "/document"),
                    ("POST", "/v1/guard:import", ["document": [:], "dry_run": "yes"], "/dry_run"),
                    ("POST", "/v1/guard:import", ["document": [:], "dryrun": true], "/dryrun"),
                    ("POST", "/v1/lanes:unfreeze", ["lane": "x"], "/next_nonce"),
                    ("POST", "/v1/lanes:unfreeze", ["lane": "x", "next_nonce": "1"], "/next_nonce"),
                    ("POST", "/v1/lanes:unfreeze", ["lane": "x", "next_nonce": -1], "/next_nonce"),
                    (
                        "POST", "/v1/lanes:unfreeze", ["lane": "x", "next_nonce": .number("99999999999999999999")],
                        "/next_nonce"
                    ),
                    ("POST", "/v1/seal:unseal", ["passphrase": ""], "/passphrase"),
                    ("POST", "/v1/seal:unseal", ["passphrase": 1], "/passphrase"),
                    ("POST", "/v1/seal:unseal", ["passphrase": "x", "force": true], "/passphrase"),
                    ("POST", "/v1/system:backup", ["path": "relative/folder"], "/path"),
                    ("POST", "/v1/system:backup", ["path": .string(server.data)], "/path"),
                    ("POST", "/v1/system:backup", ["path": "/proc/coffer/backup"], "/path"),
                    ("POST", "/v1/system:backup", ["path": 1], "/path"),
                    ("POST", "/v1/withdrawals:batch", ["items": []], "/items"),
                    ("POST", "/v1/withdrawals:batch", ["items": "none"], "/items"),
                    ("POST", "/v1/withdrawals:batch", [:], "/items"),
                    ("POST", "/v1/withdrawals:batch", ["items": .array(Array(repeating: [:], count: 501))], "/items"),
                ]
                for (index, item) in cases.enumerated() {
                    let reply = try await server.admin.send(
                        item.method, item.path, item.body, headers: [("Idempotency-Key", "other-\(index)")])
                    #expect(
                        reply.status == 422 && reply.isProblem && reply.pointers.contains(item.pointer),
                        "\(item.path) \(item.body.text.prefix(200)): \(reply)")
                }
                // Documents of the guard that are none.
                for document: JSON in [[:], [], "x", 1, ["format": 1], ["format": "x", "lanes": 1]] {
                    let reply = try await server.admin.post("/v1/guard:import", ["document": document])
                    #expect(reply.status == 422 && reply.isProblem, "\(document.text): \(reply)")
                }
            }
        }

        @Test func `paths and queries that say nothing are refused`() async throws {
            try await unchanged { server in
                let missing = [
                    "/v1/withdrawals/nothing", "/v1/withdrawals/wd_", "/v1/withdrawals/%00",
                    "/v1/withdrawals/%F0%9F%92%A9",
                    "/v1/withdrawals/wa_01JD2Q00000000000000000000", "/v1/withdrawals/..%2F..%2Fetc%2Fpasswd",
                    "/v1/wallets/nothing", "/v1/wallets/' OR 1=1 --".replacing(" ", with: "%20"),
                    "/v1/withdrawals/wd_01JD2Q00000000000000000000/events", "/v2/withdrawals", "//v1/withdrawals",
                    "/v1//withdrawals", "/v1/withdrawals/", "/v1/withdrawals/wd_01JD2Q00000000000000000000/nothing",
                    "/problems/nothing", "/V1/withdrawals", "/v1/withdrawals/" + String(repeating: "x", count: 5_000),
                ]
                for path in missing {
                    let reply = try await server.admin.get(path)
                    #expect([400, 404].contains(reply.status) && reply.isProblem, "\(path): \(reply)")
                }
                let queries = [
                    "/v1/withdrawals?limit=0", "/v1/withdrawals?limit=-1", "/v1/withdrawals?limit=x",
                    "/v1/withdrawals?limit=", "/v1/withdrawals?limit=%2B5", "/v1/withdrawals?limit=5&limit=6",
                    "/v1/withdrawals?state=done", "/v1/withdrawals?cursor=x", "/v1/withdrawals?cursor=%00",
                    "/v1/withdrawals?user_id=", "/v1/withdrawals?limit=99999999999999999999", "/v1/wallets?nope=1",
                    "/v1/ledger/accounts?kind=bank", "/v1/ledger/entries?subject=x", "/v1/audit?cursor=AAAA",
                    "/v1/withdrawals?user_id=%ff",
                ]
                for path in queries {
                    let reply = try await server.admin.get(path)
                    #expect([400, 422].contains(reply.status) && reply.isProblem, "\(path): \(reply)")
                }
                for query in ["sequence=5", "hash=" + String(repeating: "0", count: 64), "sequence=5&hash=xyz"] {
                    let reply = try await server.admin.post("/v1/audit:verify?\(query)")
                    #expect(reply.status == 400 && reply.isProblem, "\(query): \(reply)")
                }
                // A cursor of one listing is none of another.
                let cursor = try await server.admin.get("/v1/ledger/accounts?limit=1")["next_cursor"]?.string ?? ""
                let reply = try await server.admin.get("/v1/wallets?cursor=\(cursor)")
                #expect(!cursor.isEmpty && reply.status == 400 && reply.code == "invalid_cursor", "\(reply)")
                let long = try await server.admin.get("/v1/withdrawals?user_id=" + String(repeating: "x", count: 9_000))
                #expect(long.status == 414 && long.isProblem, "\(long)")
                let body = try await server.admin.send("GET", "/v1/withdrawals", ["a": 1])
                #expect(body.status == 400 && body.isProblem, "GET with a body: \(body)")
                let verb = try await server.admin.send("BREW", "/v1/withdrawals")
                #expect([400, 405].contains(verb.status), "BREW: \(verb)")
            }
        }

        @Test func `an idempotency key binds one intent`() async throws {
            try await Server.withDev { server, _ in
                let body = Server.request(server.wallets[0])
                let before = try await Footprint(server)
                for (keys, status, code): ([String], Int, String) in [
                    ([], 400, "missing_idempotency_key"), ([""], 400, "invalid_idempotency_key"),
                    ([String(repeating: "k", count: 256)], 400, "invalid_idempotency_key"),
                    (["two words"], 400, "invalid_idempotency_key"), (["\"\""], 400, "invalid_idempotency_key"),
                    (["a\"b"], 400, "invalid_idempotency_key"), (["é"], 400, "invalid_idempotency_key"),
                    (["one", "two"], 400, "malformed_request"), (["same", "same"], 400, "malformed_request"),
                ] {
                    for path in ["/v1/withdrawals", "/withdrawal/request"] {
                        let reply = try await server.api.send(
                            "POST", path, body, headers: keys.map { ("Idempotency-Key", $0) })
                        #expect(reply.status == status && reply.isProblem && reply.code == code, "\(keys): \(reply)")
                    }
                }
                let changes = try await Footprint(server).changes(since: before)
                #expect(changes.isEmpty, "\(changes)")

                let key = String(repeating: "k", count: 255)
                let first = try await server.api.post("/v1/withdrawals", body, idempotencyKey: key)
                #expect(first.status == 202 && first.header("Idempotency-Replayed") == nil, "\(first)")
                for again in [key, "\"\(key)\""] {
                    let reply = try await server.api.post("/v1/withdrawals", body, idempotencyKey: again)
                    #expect(reply.status == 202 && reply.header("Idempotency-Replayed") == "true")
                    #expect(reply.header("Location") == first.header("Location"))
                    for field in ["id", "user_id", "wallet_id", "asset", "to", "amount", "reference", "created_at"] {
                        #expect(reply[field] == first[field], "\(field): \(reply)")
                    }
                }
                // Members in another order are the same intent; another amount is not, nor is another caller's.
                let turned = JSON.object((body.members ?? []).reversed())
                let replay = try await server.api.post("/v1/withdrawals", turned, idempotencyKey: key)
                #expect(replay.status == 202 && replay["id"] == first["id"], "\(replay)")
                for (field, value): (String, JSON) in [
                    ("amount", "1001"), ("reference", "x"), ("asset", .string(Server.token)),
                    ("to", .string(server.wallets[1].address)),
                ] {
                    let changed = Self.replacing(field, with: value, in: body)
                    let reply = try await server.api.post("/v1/withdrawals", changed, idempotencyKey: key)
                    #expect(reply.status == 422 && reply.code == "idempotency_key_reused", "\(field): \(reply)")
                }
                // Twenty at once are one.
                let ids = try await withThrowingTaskGroup(of: String?.self) { group in
                    for _ in 0..<20 {
                        group.addTask {
                            let reply = try await server.api.post("/v1/withdrawals", body, idempotencyKey: "at-once")
                            return reply.status == 202 ? reply["id"]?.string : "\(reply)"
                        }
                    }
                    return try await group.reduce(into: Set<String?>()) { $0.insert($1) }
                }
                #expect(ids.count == 1, "\(ids)")
                #expect(try await server.admin.all("/v1/withdrawals").count == 2)
                #expect(try await server.faults() == [])
            }
        }

        @Test func `a batch takes what is good and says what is not`() async throws {
            try await Server.withDev { server, _ in
                let good = Server.request(server.wallets[0])
                func item(_ key: String?, _ body: JSON) -> JSON {
                    Self.replacing("idempotency_key", with: key.map { .string($0) }, in: body)
                }
                let items: [(JSON, Int, String?)] = [
                    (item("b-1", good), 202, nil),
                    (item("b-2", Self.replacing("amount", with: 5, in: good)), 422, "/amount"),
                    (item("b-3", Self.replacing("to", with: "0x1", in: good)), 422, "/to"),
                    (item("b-4", Self.replacing("memo", with: "x", in: good)), 422, "/memo"),
                    (item(nil, good), 422, "/idempotency_key"), (item("", good), 422, "/idempotency_key"),
                    (item(String(repeating: "k", count: 256), good), 422, "/idempotency_key"),
                    (item("two words", good), 422, "/idempotency_key"),
                    (
                        item("b-5", Self.replacing("wallet_id", with: "wa_01JD2Q00000000000000000000", in: good)), 404,
                        "/wallet_id"
                    ),
                    (
                        item("b-6", Self.replacing("amount", with: "1000000000000000000000000", in: good)), 422,
                        "/amount"
                    ),
                    ("text", 422, nil), (.null, 422, nil), ([], 422, nil), (item("b-7", good), 202, nil),
                ]
                let reply = try await server.api.post("/v1/withdrawals:batch", ["items": .array(items.map(\.0))])
                #expect(reply.status == 200, "\(reply)")
                #expect(reply["accepted"]?.int == 2 && reply["refused"]?.int == Int64(items.count - 2), "\(reply)")
                #expect(reply.data.count == items.count)
                for (index, (result, item)) in zip(reply.data, items).enumerated() {
                    #expect(
                        result["index"]?.int == Int64(index) && result["status"]?.int == Int64(item.1),
                        "\(item.0.text.prefix(200)): \(result.text)")
                    if let pointer = item.2 {
                        let pointers = (result["problem"]?["errors"]?.array ?? []).compactMap { $0["pointer"]?.string }
                        #expect(pointers.contains(pointer), "\(result.text)")
                    }
                }
                // The same again takes nothing twice; the same key with another body in one batch is refused.
                let again = try await server.api.post("/v1/withdrawals:batch", ["items": .array(items.map(\.0))])
                #expect(again.data.filter { $0["replayed"]?.bool == true }.count == 2, "\(again)")
                #expect(again.data.map { $0["withdrawal"]?["id"] } == reply.data.map { $0["withdrawal"]?["id"] })
                let twins: JSON = [
                    "items": [
                        item("twin", good), item("twin", good),
                        item("twin", Self.replacing("amount", with: "7", in: good)),
                    ]
                ]
                let pair = try await server.api.post("/v1/withdrawals:batch", twins)
                let taken = Set(pair.data.compactMap { $0["withdrawal"]?["id"]?.string })
                #expect(taken.count == 1, "\(pair)")
                #expect(try await server.admin.all("/v1/withdrawals").count == 3)
                #expect(try await server.faults() == [])
            }
        }
    }
}

extension Server {
    /// A new API key with these scopes.
    func key(_ scopes: [String]) async throws -> String {
        let reply = try await admin.post(
            "/v1/apikeys", ["name": "test", "scopes": .array(scopes.map { .string($0) })])
        guard reply.status == 201, let secret = reply["secret"]?.string else { throw UnexpectedReply(reply: reply) }
        return secret
    }
}
