import Foundation
import Primitives
import Synchronization
import Testing

extension EndToEnd {
    /// Users' wallets behind a server: the server, the relay inside it and each wallet are real processes.
    @Suite struct ConnectionTests {
        @Test func `a wallet is connected, signs, outlives a kill of the server, signs again and is let go`()
            async throws
        {
            try await Wallets.with { wallets in
                var server = try await Server.dev(wallets.folder.path("data"), port: 0)
                wallets.own(server.child)
                let pairing = try await wallets.pairing(server, user: "alice")
                let svg = pairing["qr_svg"]?.string ?? ""
                #expect(svg.hasPrefix("<svg") && pairing["pairing_topic"] == pairing["topic"])
                let wallet = try await wallets.wallet(server, ["pair", pairing["uri"]?.string ?? "", "--approve"], "w")
                let connection = try await wallets.settled(server, pairing)
                #expect(connection["state"] == "active" && connection["user_id"] == "alice")
                #expect(connection["wallet"]?["name"] == "coffer test wallet")
                let topic = connection["topic"]?.string ?? ""
                let first = try await wallets.sign(server, connection)
                #expect(first.status == 200 && first["result"]?.string?.count == 132, "\(first)")

                server.child.send(SIGKILL)
                _ = try await server.child.exit()
                server = try await server.again()
                wallets.own(server.child)
                let kept = try await server.api.get("/v1/connections?user_id=alice&state=active")
                #expect(kept.data.map { $0["topic"]?.string } == [topic], "\(kept)")
                let second = try await wallets.sign(server, connection)
                #expect(second.status == 200 && second["result"] == first["result"], "\(second)")

                let gone = try await server.api.send("DELETE", "/v1/connections/\(topic)")
                #expect(gone.status == 204)
                #expect(try await wallet.line("ended")["code"] == 6000)
                let ended = try await server.api.get("/v1/connections/\(topic)")
                #expect(ended["state"] == "disconnected" && ended["end"]?["reason"] == "local", "\(ended)")
                let late = try await wallets.sign(server, connection)
                #expect(late.status == 409 && late.code == "not_connected" && late.isProblem, "\(late)")
                #expect(try await server.api.send("DELETE", "/v1/connections/\(topic)").status == 204)
                #expect(try await server.faults() == [])
            }
        }

        @Test func `a wallet that never answers leaves the request readable, and its answer comes after a kill`()
            async throws
        {
            try await Wallets.with { wallets in
                var server = try await Server.dev(wallets.folder.path("data"), port: 0)
                wallets.own(server.child)
                let pairing = try await wallets.pairing(server, user: "bob")
                let uri = pairing["uri"]?.string ?? ""
                let wallet = try await wallets.wallet(server, ["pair", uri, "--stdin"], "w", takesInput: true)
                let proposal = try await wallet.line("proposal")
                try wallet.say(["do": "approve", "id": proposal["id"] ?? .null])
                let connection = try await wallets.settled(server, pairing)
                let asked = try await wallets.sign(server, connection, waitSeconds: 1)
                let id = asked["id"]?.string ?? ""
                let place = asked.header("Location") ?? ""
                #expect(
                    asked.status == 202 && asked["state"] == "pending" && place.hasSuffix("/requests/\(id)"), "\(asked)"
                )
                #expect(try await server.api.get(place).status == 202)
                let request = try await wallet.line("request")

                server.child.send(SIGKILL)
                _ = try await server.child.exit()
                try wallet.say(["do": "approve", "id": request["id"] ?? .null])
                server = try await server.again()
                wallets.own(server.child)
                let answer = try await server.api.get("\(place)?wait_seconds=30")
                #expect(answer.status == 200 && answer["result"]?.string?.count == 132, "\(answer)")
                #expect(try await server.api.get(place).json == answer.json)

                // The same key again is the same question, also after the kill.
                let (key, body) = ("once", wallets.question(connection, waitSeconds: 0))
                let path = "/v1/connections/\(connection["topic"]?.string ?? "")/requests"
                let first = try await server.api.post(path, body, idempotencyKey: key)
                let asking = try await wallet.line("request") { $0["id"] != request["id"] }
                server.child.send(SIGKILL)
                _ = try await server.child.exit()
                server = try await server.again()
                wallets.own(server.child)
                let repeated = try await server.api.post(path, body, idempotencyKey: key)
                #expect(first.status == 202 && repeated.status == 202 && first["id"] == repeated["id"], "\(repeated)")
                #expect(
                    repeated.header("Idempotency-Replayed") == "true" && first.header("Idempotency-Replayed") == nil)
                let other = try await server.api.post(
                    path, wallets.question(connection, message: "0x6f74686572"), idempotencyKey: key)
                #expect(other.status == 422 && other.code == "idempotency_key_reused", "\(other)")
                try wallet.say(["do": "approve", "id": asking["id"] ?? .null])
                let later = try await server.api.get("\(repeated.header("Location") ?? "")?wait_seconds=30")
                #expect(later["result"] == answer["result"], "\(later)")
                #expect(wallet.lines.count { $0["event"] == "request" } == 2)

                // The next one is refused, with the wallet's own number.
                let refused = try await wallets.sign(server, connection, waitSeconds: 0)
                _ = try await wallet.line("request") { $0["id"] != request["id"] && $0["id"] != asking["id"] }
                try wallet.say(["do": "reject"])
                let words = try await server.api.get("\(refused.header("Location") ?? "")?wait_seconds=30")
                #expect(words.status == 200 && words["result"] == nil, "\(words)")
                #expect(words["error"]?["code"] == 4001 && words["error"]?["reason"] == "rejected_by_user", "\(words)")
            }
        }

        @Test func `what cannot be asked is refused by name`() async throws {
            try await Wallets.with { wallets in
                let server = try await Server.dev(wallets.folder.path("data"), port: 0)
                wallets.own(server.child)
                let pairing = try await wallets.pairing(server, user: "carol")
                let pending = try await server.api.post(
                    "/v1/connections/\(pairing["topic"]?.string ?? "")/requests",
                    ["chain": "eip155:1", "method": "personal_sign", "params": []])
                #expect(pending.status == 409 && pending.code == "connection_pending", "\(pending)")
                _ = try await wallets.wallet(server, ["pair", pairing["uri"]?.string ?? "", "--approve"], "w")
                let connection = try await wallets.settled(server, pairing)
                let requests = "/v1/connections/\(connection["topic"]?.string ?? "")/requests"
                func ask(_ body: JSON) async throws -> Reply { try await server.api.post(requests, body) }
                let large = JSON.string(String(repeating: "x", count: 60_000))
                for (body, status, code) in [
                    (["chain": "eip155:5", "method": "personal_sign", "params": []] as JSON, 422, "unsupported_chain"),
                    (["chain": "eip155:1", "method": "eth_sign", "params": []], 422, "unsupported_method"),
                    (
                        ["chain": "eip155:1", "method": "personal_sign", "params": [large, large]], 413,
                        "params_too_large"
                    ),
                    (["chain": "1", "method": "a b", "params": 7, "wait_seconds": 999], 422, "validation_failed"),
                ] {
                    let reply = try await ask(body)
                    #expect(reply.status == status && reply.code == code && reply.isProblem, "\(reply)")
                }
                let faults = try await ask(["chain": "1", "method": "a b", "params": 7, "wait_seconds": 999, "more": 1])
                #expect(
                    Set(faults.pointers) == ["/chain", "/method", "/params", "/wait_seconds", "/more"], "\(faults)")
                let unknown = try await server.api.get("\(requests)/1")
                #expect(unknown.status == 404 && unknown.code == "unknown_request", "\(unknown)")
                for topic in [String(repeating: "0", count: 64), "nonsense"] {
                    for reply in [
                        try await server.api.get("/v1/connections/\(topic)"),
                        try await server.api.send("DELETE", "/v1/connections/\(topic)"),
                        try await server.api.get("/v1/connections/\(topic)/events"),
                        try await server.api.get("/v1/connections/\(topic)/balances"),
                        try await server.api.post(
                            "/v1/connections/\(topic)/requests",
                            ["chain": "eip155:1", "method": "personal_sign", "params": []]),
                    ] { #expect(reply.status == 404 && reply.code == "CONNECTION_NOT_FOUND", "\(reply)") }
                }
                let balances = try await server.api.get("/v1/connections/\(connection["topic"]?.string ?? "")/balances")
                #expect(balances.data.map { $0["error"]?.string } == ["node_unavailable"], "\(balances)")
            }
        }

        @Test func `a no in the wallet ends the connection, and says so`() async throws {
            try await Wallets.with { wallets in
                let server = try await Server.dev(wallets.folder.path("data"), port: 0)
                wallets.own(server.child)
                let pairing = try await wallets.pairing(server, user: "dave")
                _ = try await wallets.wallet(server, ["pair", pairing["uri"]?.string ?? "", "--reject", "--once"], "w")
                let connection = try await wallets.settled(server, pairing)
                #expect(connection["state"] == "disconnected" && connection["end"]?["reason"] == "rejected")
                #expect(connection["accounts"] == [] && connection["end"]?["code"] == 5000)
                let reply = try await wallets.sign(server, connection)
                #expect(reply.status == 409 && reply.code == "not_connected", "\(reply)")
            }
        }

        @Test func `what happens is told live, from where a stream was left, and ends with the connection`()
            async throws
        {
            try await Wallets.with { wallets in
                let server = try await Server.dev(wallets.folder.path("data"), port: 0)
                wallets.own(server.child)
                let pairing = try await wallets.pairing(server, user: "erin")
                _ = try await wallets.wallet(server, ["pair", pairing["uri"]?.string ?? "", "--approve"], "w")
                let topic = pairing["pairing_topic"]?.string ?? ""
                var seen: [ServerEvent] = []
                // The pairing's topic names the connection all its life.
                let isWhole = try await server.api.events("/v1/connections/\(topic)/events") { event in
                    seen.append(event)
                    switch event.name {
                    case "connection.session_connect":
                        let found = try await server.api.get("/v1/connections/\(topic)").json
                        _ = try await wallets.sign(server, found)
                    case "connection.sign_response":
                        _ = try await server.api.send("DELETE", "/v1/connections/\(topic)")
                    default: break
                    }
                    return true
                }
                let names = seen.map(\.name)
                #expect(isWhole)
                #expect(
                    names
                        == ["session_connect", "sign_request", "sign_response", "session_disconnect"].map {
                            "connection.\($0)"
                        }, "\(names)")
                #expect(seen.allSatisfy { $0.data["user_id"] == "erin" && $0.data["pairing_topic"]?.string == topic })
                // No answer and no account is in the log of events.
                #expect(!seen.map(\.data.text).joined().contains("0x"))
                var rest: [String] = []
                _ = try await server.api.events("/v1/connections/events", lastEventID: seen[1].id) { event in
                    rest.append(event.name)
                    return rest.count < 2
                }
                #expect(rest == Array(names.suffix(2)))
            }
        }

        @Test func `the command line connects, lists, asks and ends`() async throws {
            try await Wallets.with { wallets in
                let server = try await Server.dev(wallets.folder.path("data"), port: 0)
                wallets.own(server.child)
                let connect = try Child.start(
                    Places.binary, ["connect", "--server", "--user", "frank", "--chains", "1", "--json"],
                    environment: ["COFFER_URL": server.url, "COFFER_API_KEY": server.apiKey])
                wallets.own(connect)
                let side = Conversation.Side(child: connect)
                let uri = try await side.line("uri")["uri"]?.string ?? ""
                _ = try await wallets.wallet(server, ["pair", uri, "--approve"], "w")
                let session = try await side.line("session")
                #expect(session["state"] == "active" && session["accounts"]?.array?.count == 1)
                #expect(try await connect.exit() == .code(0))
                let topic = session["topic"]?.string ?? ""
                func run(_ arguments: [String]) async throws -> (exit: Child.Exit, stdout: String, stderr: String) {
                    try await server.command(["sessions"] + arguments, key: server.apiKey)
                }
                let list = try await run(["list", "--user", "frank"])
                #expect(list.stdout.contains(topic) && list.stdout.contains("coffer test wallet"), "\(list)")
                let signed = try await run([
                    "request", topic, #"personal_sign ["0x68656c6c6f","{account}"]"#, "--json",
                ])
                let result = try JSON.parse(signed.stdout)["result"]?.string
                #expect(signed.exit == .code(0) && result?.count == 132, "\(signed)")
                let refused = try await run(["request", topic, "eth_sign []"])
                #expect(refused.exit == .code(1) && refused.stderr.contains("unsupported_method"), "\(refused)")
                #expect(try await run(["show", String(repeating: "0", count: 64)]).exit == .code(1))
                let ended = try await run(["disconnect", topic, "--yes"])
                #expect(ended.exit == .code(0), "\(ended)")
                let cleaned = try await server.command(["sessions", "cleanup", "--json"])
                #expect(cleaned.exit == .code(0) && cleaned.stdout.contains("forgotten"), "\(cleaned)")
            }
        }
    }
}

/// Wallets beside a server, and everything that has to end with the test.
struct Wallets: Sendable {
    let folder: Folder
    private let started = Started()

    /// What runs; a class, because tests add to it as they go.
    private final class Started: Sendable {
        let children = Mutex<[Child]>([])
    }

    static func with(_ body: (Wallets) async throws -> Void) async throws {
        let wallets = Wallets(folder: try Folder())
        do {
            try await body(wallets)
        } catch {
            await wallets.end()
            throw error
        }
        await wallets.end()
    }

    private init(folder: Folder) {
        self.folder = folder
    }

    func own(_ child: Child) { started.children.withLock { $0.append(child) } }

    private func end() async {
        for child in started.children.withLock({ $0 }) { await child.end() }
    }

    /// What a wallet has to scan.
    func pairing(_ server: Server, user: String) async throws -> JSON {
        let reply = try await server.api.post(
            "/v1/connections",
            [
                "user_id": .string(user), "chains": ["eip155:1"], "methods": ["personal_sign"],
                "events": ["chainChanged", "accountsChanged"],
            ])
        guard reply.status == 201, reply["uri"]?.string != nil else { throw UnexpectedReply(reply: reply) }
        return reply.json
    }

    /// A wallet in a process of its own, at the server's relay.
    func wallet(
        _ server: Server, _ arguments: [String], _ name: String, takesInput: Bool = false
    ) async throws -> Conversation.Side {
        let child = try Child.start(
            Places.binary,
            ["wallet"] + arguments + [
                "--json", "--relay-url", "ws://127.0.0.1:\(server.port)/relay", "--timeout", "60", "--data-dir",
                folder.path(name),
            ], takesInput: takesInput)
        own(child)
        return Conversation.Side(child: child)
    }

    /// The connection, once the wallet has answered.
    func settled(_ server: Server, _ pairing: JSON) async throws -> JSON {
        try await eventually(within: 30, "the wallet's answer") {
            let found = try await server.api.get("/v1/connections/\(pairing["topic"]?.string ?? "")").json
            return found["state"] == "pending" ? .none : .some(found)
        }
    }

    /// Asks for a signature of the connection's account.
    func sign(_ server: Server, _ connection: JSON, waitSeconds: Int = 30) async throws -> Reply {
        try await server.api.post(
            "/v1/connections/\(connection["topic"]?.string ?? "")/requests",
            question(connection, waitSeconds: waitSeconds))
    }

    /// The body that asks for it.
    func question(_ connection: JSON, message: String = "0x68656c6c6f", waitSeconds: Int = 30) -> JSON {
        let account = connection["accounts"]?[0]?.string?.split(separator: ":").last.map(String.init) ?? ""
        return [
            "chain": "eip155:1", "method": "personal_sign", "params": [.string(message), .string(account)],
            "wait_seconds": JSON(waitSeconds),
        ]
    }
}
