import Foundation
import Primitives
import Testing

extension EndToEnd {
    /// What is not HTTP, byte by byte: refused, the connection ended, the process unharmed.
    @Suite struct MalformedHTTPTests {
        private static func corpus(_ key: String) -> [(what: String, bytes: [UInt8], statuses: Set<Int?>)] {
            let body = "{}"
            func head(_ lines: String..., path: String = "/v1/withdrawals", method: String = "POST") -> String {
                ([
                    "\(method) \(path) HTTP/1.1", "Host: x", "Authorization: Bearer \(key)",
                    "Content-Type: application/json",
                ]
                    + lines).joined(separator: "\r\n") + "\r\n\r\n"
            }
            let malformed: [(String, String)] = [
                ("two lengths", head("Content-Length: 2", "Content-Length: 3") + body),
                ("two equal lengths", head("Content-Length: 2", "Content-Length: 2") + body),
                ("a list of lengths", head("Content-Length: 2, 2") + body),
                ("length and chunks", head("Content-Length: 2", "Transfer-Encoding: chunked") + "2\r\n{}\r\n0\r\n\r\n"),
                ("chunks and length", head("Transfer-Encoding: chunked", "Content-Length: 2") + "0\r\n\r\n"),
                ("negative length", head("Content-Length: -2") + body),
                ("signed length", head("Content-Length: +2") + body),
                ("hexadecimal length", head("Content-Length: 0x2") + body),
                ("huge length", head("Content-Length: 99999999999999999999") + body),
                ("unknown coding", head("Transfer-Encoding: gzip") + body),
                ("coding twice", head("Transfer-Encoding: chunked, chunked") + "0\r\n\r\n"),
                ("coding with a tab", head("Transfer-Encoding: \u{B}chunked") + "0\r\n\r\n"),
                ("folded line", head("X-Long: one\r\n two", "Content-Length: 2") + body),
                ("space before colon", head("Content-Length : 2") + body),
                ("no colon", head("nonsense") + body),
                ("empty name", head(": x") + body),
                ("name with a space", head("X Y: x") + body),
                ("NUL in a value", head("X-A: a\u{0}b") + body),
                ("NUL in a name", head("X\u{0}A: b") + body),
                ("carriage return in a value", head("X-A: a\rb") + body),
                ("NUL in the path", "GET /v1/\u{0} HTTP/1.1\r\nHost: x\r\n\r\n"),
                ("chunk size that is none", head("Transfer-Encoding: chunked") + "zz\r\n{}\r\n0\r\n\r\n"),
                ("negative chunk", head("Transfer-Encoding: chunked") + "-1\r\n{}\r\n0\r\n\r\n"),
                ("huge chunk", head("Transfer-Encoding: chunked") + "FFFFFFFFFFFFFFFFF\r\n{}\r\n0\r\n\r\n"),
                ("chunk without its end", head("Transfer-Encoding: chunked") + "2\r\n{}0\r\n\r\n"),
                ("no version", "GET /live\r\nHost: x\r\n\r\n"),
                ("other version", "GET /live HTTP/9.9\r\nHost: x\r\n\r\n"),
                ("version in small letters", "GET /live http/1.1\r\nHost: x\r\n\r\n"),
                ("not HTTP at all", "\u{16}\u{3}\u{1}\u{2}\u{0}\r\n\r\n"), ("words", "hello there\r\n\r\n"),
                ("method with NUL", "GE\u{0}T /live HTTP/1.1\r\nHost: x\r\n\r\n"),
                ("preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
            ]
            let get = "GET /live HTTP/1.1\r\nHost: x\r\n"
            func filled(_ count: Int) -> String { head("X-Large: " + String(repeating: "a", count: count)) }
            func numbered(_ count: Int, _ value: String) -> String {
                get + (0..<count).map { "X-\($0): \(value)\r\n" }.joined() + "\r\n"
            }
            func path(_ count: Int) -> String {
                "GET /\(String(repeating: "a", count: count)) HTTP/1.1\r\nHost: x\r\n\r\n"
            }
            let large: [(String, String)] = [
                ("a header of 1 MB", filled(1 << 20)), ("a header of 100 KB", filled(100 << 10)),
                ("a header of 20 KB", filled(20 << 10)), ("200 headers", numbered(200, "1")),
                ("5000 headers", numbered(5_000, "1")),
                ("30 KB in small headers", numbered(60, String(repeating: "b", count: 500))),
                ("a path of 10 KB", path(10 << 10)), ("a path of 1 MB", path(1 << 20)),
            ]
            var all: [(what: String, bytes: [UInt8], statuses: Set<Int?>)] = []
            for (what, text) in malformed { all.append((what, Array(text.utf8), [400, 501, 505])) }
            // A server that reads no further may reset the connection before its answer is read.
            for (what, text) in large { all.append((what, Array(text.utf8), [400, 414, 431, nil])) }
            let end = Array("\r\n\r\n".utf8)
            all.append(("latin-1 in a value", Array("\(get)X-A: ".utf8) + [0xE9] + end, [200, 400]))
            let line = Array(" HTTP/1.1\r\nHost: x".utf8)
            all.append(("bytes in the path", Array("GET /".utf8) + [0xFF, 0xFE] + line + end, [400, 404]))
            return all
        }

        @Test func `what is not HTTP is refused and the connection ends`() async throws {
            try await Server.withDev { server, _ in
                let before = try await Footprint(server)
                for (what, bytes, statuses) in Self.corpus(server.apiKey) {
                    let answer = await RawSocket.exchange(server.port, bytes)
                    #expect(statuses.contains(answer.status), "\(what): \(answer)")
                    if answer.status != 200 && answer.status != 404 && answer.status != 414 && answer.status != 431 {
                        #expect(answer.isClosed, "\(what) left the connection open: \(answer)")
                    }
                    // Nothing behind it is taken for another request. A head that is fine may be refused before the
                    // body shows to be none; but then the first answer says that it is the last.
                    let first = answer.text.components(separatedBy: "\r\n\r\n").first ?? ""
                    #expect(
                        answer.count <= 1 || (answer.count == 2 && first.contains("Connection: close")),
                        "\(what) was answered \(answer.count) times: \(answer)")
                    if server.child.hasEnded { break }
                    #expect(try await server.anybody.get("/live").status == 200, "after \(what)")
                }
                #expect(!server.child.hasEnded, "\(server.child.stderr.suffix(500))")
                let changes = try await Footprint(server).changes(since: before)
                #expect(changes.isEmpty, "\(changes)")
            }
        }

        @Test func `header fields above the limits get a problem document`() async throws {
            try await Server.withDev { server, _ in
                for headers in [
                    [("X-Large", String(repeating: "a", count: 9 << 10))],
                    [("X-Large", String(repeating: "a", count: 30 << 10))],
                    (0..<65).map { ("X-\($0)", "1") }, (0..<240).map { ("X-\($0)", "1") },
                    (0..<40).map { ("X-\($0)", String(repeating: "b", count: 1_000)) },
                ] {
                    let reply = try await server.admin.send("GET", "/v1/withdrawals", headers: headers)
                    #expect(reply.status == 431 && reply.isProblem && reply.code == "header_too_large", "\(reply)")
                }
                let fits = try await server.admin.get(
                    "/v1/withdrawals", headers: [("X-Large", String(repeating: "a", count: 7 << 10))])
                #expect(fits.status == 200)
            }
        }

        @Test func `a request behind a refused one is never run`() async throws {
            try await Server.withDev { server, _ in
                let wallet = server.wallets[0]
                let body = Server.request(wallet).text
                let inner =
                    "POST /v1/withdrawals HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(server.apiKey)\r\n"
                    + "Content-Type: application/json\r\nIdempotency-Key: smuggled\r\n"
                    + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
                for line in [
                    "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                    "Content-Length: 4\r\nContent-Length: \(inner.utf8.count)\r\n\r\n",
                    "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
                    "Transfer-Encoding: xchunked\r\n\r\n", "Content-Length: 40000000\r\n\r\n",
                ] {
                    let outer = "POST /v1/ledger:verify HTTP/1.1\r\nHost: x\r\n\(line)"
                    _ = await RawSocket.exchange(server.port, Array((outer + inner).utf8))
                }
                let taken = try await server.admin.all("/v1/withdrawals")
                #expect(taken.isEmpty, "\(taken)")
            }
        }

        @Test func `slow and silent connections harm nobody`() async throws {
            try await Server.withDev { server, _ in
                await withTaskGroup(of: Void.self) { group in
                    for index in 0..<100 {
                        group.addTask {
                            let part = [
                                "", "G", "GET /live HTTP/1.1\r\n", "POST /v1/withdrawals HTTP/1.1\r\nContent-Le",
                            ][index % 4]
                            _ = await RawSocket.exchange(server.port, Array(part.utf8), silenceMilliseconds: 800)
                        }
                    }
                    group.addTask {
                        for _ in 0..<20 {
                            #expect((try? await server.anybody.get("/live").status) == 200)
                        }
                    }
                }
                let id = try await server.withdraw("after-the-slow-ones")
                #expect(try await server.waitFor(id)["state"]?.string == "confirmed")
            }
        }

        @Test func `every answer carries its request id and the security headers`() async throws {
            try await Server.withDev { server, _ in
                let answers: [(String, Reply)] = [
                    ("page", try await server.anybody.get("/")), ("docs", try await server.anybody.get("/docs")),
                    ("script", try await server.anybody.get("/dashboard/app.js")),
                    ("metrics", try await server.anybody.get("/metrics")),
                    ("document", try await server.anybody.get("/openapi.json")),
                    ("list", try await server.admin.get("/v1/withdrawals")),
                    ("stranger", try await server.anybody.get("/v1/withdrawals")),
                    ("nothing", try await server.anybody.get("/nothing")),
                    ("method", try await server.admin.send("PUT", "/v1/withdrawals")),
                    ("options", try await server.admin.send("OPTIONS", "/v1/withdrawals")),
                    ("bad", try await server.api.post("/v1/withdrawals", [:], idempotencyKey: "x")),
                    ("problem", try await server.anybody.get("/problems/unauthorized")),
                ]
                for (what, reply) in answers {
                    #expect(reply.header("X-Content-Type-Options") == "nosniff", "\(what)")
                    #expect(reply.header("X-Frame-Options") == "DENY", "\(what)")
                    #expect(reply.header("Referrer-Policy") == "no-referrer", "\(what)")
                    #expect(
                        reply.header("Content-Security-Policy")?.contains("frame-ancestors 'none'") == true, "\(what)")
                    #expect(reply.header("Content-Security-Policy")?.contains("unsafe-eval") != true, "\(what)")
                    #expect(reply.header("API-Version") == "1", "\(what)")
                    #expect(reply.header("Server") == nil, "\(what)")
                    #expect(reply.headerCount("X-Request-Id") == 1, "\(what)")
                }
                let echoed = try await server.admin.get("/v1/withdrawals", headers: [("X-Request-Id", "My.id_1-2")])
                #expect(echoed.header("X-Request-Id") == "My.id_1-2")
                let bad = try await server.anybody.get("/v1/withdrawals", headers: [("X-Request-Id", "mine")])
                #expect(bad["request_id"]?.string == "mine")
                for wrong in ["with space", String(repeating: "x", count: 65), "a;b", "é"] {
                    let reply = try await server.admin.get("/v1/withdrawals", headers: [("X-Request-Id", wrong)])
                    #expect(reply.header("X-Request-Id")?.hasPrefix("req_") == true, "\(wrong)")
                }
            }
        }

        @Test func `HEAD says what GET would, without a body`() async throws {
            try await Server.withDev { server, _ in
                for path in ["/", "/live", "/openapi.json", "/v1/withdrawals", "/v1/wallets", "/nothing", "/docs"] {
                    let get = try await server.admin.get(path)
                    let head = try await server.admin.send("HEAD", path)
                    #expect(head.status == get.status && head.body.isEmpty, "\(path): \(head)")
                    #expect(head.header("Content-Type") == get.header("Content-Type"), "\(path)")
                    #expect(head.header("Content-Length") == get.header("Content-Length"), "\(path)")
                }
                let refused = try await server.admin.send("HEAD", "/v1/ledger:verify")
                #expect(refused.status == 405)
            }
        }
    }
}
