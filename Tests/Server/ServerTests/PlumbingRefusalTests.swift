import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Primitives
import Testing

@testable import API

/// What is sent to meet each check, and the problem that must come back.
struct Refusal: Sendable, CustomStringConvertible {
    var method: HTTPRequest.Method = .post
    var target = "/v1/things"
    var key: String? = "writer"
    var headers: [(String, String)] = [("Idempotency-Key", "k1")]
    var body: String? = #"{"name":"a","amount":"1","parts":[]}"#
    let status: Int
    let code: String
    var description: String { "\(method.rawValue) \(target) → \(status) \(code)" }
}

struct PlumbingRefusalTests {
    static let good = #"{"name":"a","amount":"1","parts":[]}"#
    static let refusals: [Refusal] = [
        Refusal(key: nil, status: 401, code: "unauthorized"),
        Refusal(key: "unknown", status: 401, code: "unauthorized"),
        Refusal(key: "", status: 401, code: "unauthorized"),
        Refusal(key: "a b", status: 401, code: "unauthorized"),
        Refusal(key: "reader", status: 403, code: "forbidden"),
        Refusal(key: "broken", status: 503, code: "storage_unavailable"),
        Refusal(headers: [], status: 400, code: "missing_idempotency_key"),
        Refusal(headers: [("Idempotency-Key", "")], status: 400, code: "invalid_idempotency_key"),
        Refusal(headers: [("Idempotency-Key", "\"\"")], status: 400, code: "invalid_idempotency_key"),
        Refusal(headers: [("Idempotency-Key", "a b")], status: 400, code: "invalid_idempotency_key"),
        Refusal(
            headers: [("Idempotency-Key", String(repeating: "k", count: 256))], status: 400,
            code: "invalid_idempotency_key"),
        Refusal(headers: [("Idempotency-Key", "a"), ("Idempotency-Key", "b")], status: 400, code: "malformed_request"),
        Refusal(
            headers: [("Idempotency-Key", "a"), ("Authorization", "Bearer x")], status: 400, code: "malformed_request"),
        Refusal(headers: [("Idempotency-Key", "a"), ("Content-Length", "3")], status: 400, code: "malformed_request"),
        Refusal(
            headers: [("Idempotency-Key", "a"), ("Transfer-Encoding", "chunked")], status: 400,
            code: "malformed_request"),
        Refusal(
            headers: [("Idempotency-Key", "a"), ("Content-Type", "text/plain")], status: 415,
            code: "unsupported_media_type"),
        Refusal(
            headers: [("Idempotency-Key", "a"), ("Content-Type", "application/json; charset=utf-16")], status: 415,
            code: "unsupported_media_type"),
        Refusal(
            headers: [("Idempotency-Key", "a"), ("Content-Type", "application/jsonp")], status: 415,
            code: "unsupported_media_type"),
        Refusal(
            headers: [("Idempotency-Key", "a"), ("Content-Encoding", "gzip")], status: 415,
            code: "unsupported_media_type"),
        Refusal(body: nil, status: 415, code: "unsupported_media_type"),
        Refusal(body: String(repeating: " ", count: 16_385), status: 413, code: "payload_too_large"),
        Refusal(body: "{", status: 400, code: "malformed_json"),
        Refusal(body: #"{"name":"a","name":"b","amount":"1","parts":[]}"#, status: 400, code: "malformed_json"),
        Refusal(body: "\u{FEFF}{}", status: 400, code: "malformed_json"),
        Refusal(body: good + "x", status: 400, code: "malformed_json"),
        Refusal(
            body: String(repeating: "[", count: 100) + String(repeating: "]", count: 100), status: 422,
            code: "json_too_complex"),
        Refusal(body: "[]", status: 422, code: "validation_failed"),
        Refusal(body: "null", status: 422, code: "validation_failed"),
        Refusal(
            headers: (0..<70).map { ("X-\($0)", "1") }, status: 431, code: "header_too_large"),
        Refusal(
            headers: [("X-Long", String(repeating: "a", count: 9000))], status: 431, code: "header_too_large"),
        Refusal(
            headers: (0..<3).map { ("X-\($0)", String(repeating: "a", count: 6000)) }, status: 431,
            code: "header_too_large"),
        Refusal(
            method: .get, target: "/v1/things?cursor=" + String(repeating: "a", count: 9000), body: nil, status: 414,
            code: "uri_too_long"),
        Refusal(method: .get, target: "/v1/things", body: "{}", status: 400, code: "malformed_request"),
        Refusal(method: .get, target: "/fails", body: nil, status: 500, code: "internal"),
        Refusal(method: .get, target: "/domain", body: nil, status: 503, code: "sealed"),
        Refusal(method: .get, target: "/missing", body: nil, status: 404, code: "WALLET_NOT_FOUND"),
        Refusal(method: .get, target: "/any", key: "reader", body: nil, status: 403, code: "forbidden"),
        Refusal(
            method: .post, target: "/v1/things/a:cancel", body: #"{"a":1}"#, status: 422, code: "validation_failed"),
        Refusal(method: .put, target: "/v1/things/a", body: "{}", status: 428, code: "precondition_required"),
        Refusal(
            method: .put, target: "/v1/things/a", headers: [("If-Match", "\"v0\"")], body: "{}", status: 412,
            code: "precondition_failed"),
    ]

    @Test(arguments: refusals)
    func `every refusal is a problem document with its own code`(_ refusal: Refusal) async throws {
        let server = Server()
        let answer = try await server.send(
            refusal.method, refusal.target, key: refusal.key, headers: refusal.headers, body: refusal.body)
        #expect(answer.status == refusal.status)
        #expect(answer.code == refusal.code)
        try expectProblem(answer)
        if refusal.status == 401 { #expect(answer.header("WWW-Authenticate") == "Bearer realm=\"coffer\"") }
    }

    private func expectProblem(_ answer: Answer) throws {
        let json = try #require(answer.json)
        let names = Set(try #require(json.members).map(\.name))
        #expect(answer.header("Content-Type") == "application/problem+json")
        #expect(names.isSuperset(of: ["type", "title", "status", "instance", "code", "request_id"]))
        #expect(json["status"]?.int == Int64(answer.status))
        #expect(json["request_id"]?.string == answer.header("X-Request-Id"))
        let code = try #require(ProblemCode.all.first { $0.code == answer.code })
        #expect(json["type"]?.string == code.type)
        #expect(answer.header("Cache-Control") == "no-store")
    }

    @Test func `codes are unique, have a page each, and none is empty`() async throws {
        let server = Server(routes: DocsPage.routes(document: PlumbingDocumentTests.document))
        #expect(Set(ProblemCode.all.map(\.code)).count == ProblemCode.all.count)
        #expect(Set(ProblemCode.all.map(\.slug)).count == ProblemCode.all.count)
        for code in ProblemCode.all {
            let page = try await server.send(.get, "/problems/\(code.slug)", key: nil)
            #expect(page.status == 200)
            #expect(page.text.contains(code.code))
            #expect(!code.cause.isEmpty && !code.fix.isEmpty)
        }
        #expect(try await server.send(.get, "/problems/none", key: nil).status == 404)
        #expect(try await server.send(.get, "/problems", key: nil).status == 200)
    }

    @Test func `an unexpected error says nothing to the caller and is logged once, masked`() async throws {
        let server = Server()
        let answer = try await server.send(.get, "/fails", headers: [("X-Request-Id", "abc-1")])
        #expect(!answer.text.contains("hunter2") && !answer.text.contains("coffer_live"))
        let failures = server.log.all.filter { $0.contains("request failed") }
        #expect(failures.count == 1)
        #expect(failures.first?.contains(#""request_id":"abc-1""#) == true)
        #expect(failures.first?.contains("SecretiveError") == true)
        #expect(!server.log.text.contains("0123456789abcdef") && !server.log.text.contains("hunter2"))
    }

    @Test func `every answer carries the security headers and a request id`() async throws {
        let server = Server(configure: { $0.strictTransportSeconds = 86_400 })
        for (target, key) in [("/v1/things", "reader"), ("/none", "reader"), ("/fails", "reader"), ("/open", "none")] {
            let answer = try await server.send(.get, target, key: key)
            #expect(answer.header("Content-Security-Policy") == "default-src 'none'; frame-ancestors 'none'")
            #expect(answer.header("X-Content-Type-Options") == "nosniff")
            #expect(answer.header("X-Frame-Options") == "DENY")
            #expect(answer.header("Referrer-Policy") == "no-referrer")
            #expect(answer.header("Strict-Transport-Security") == "max-age=86400; includeSubDomains")
            #expect(answer.header("API-Version") == "1")
            #expect(answer.header("Server") == nil && answer.header("X-Powered-By") == nil)
            #expect(answer.header("X-Request-Id")?.isEmpty == false)
        }
    }

    @Test func `a valid request id is taken over and a hostile one is replaced`() async throws {
        let server = Server()
        let mine = try await server.send(.get, "/open", headers: [("X-Request-Id", "Order-7_a.b")])
        #expect(mine.header("X-Request-Id") == "Order-7_a.b")
        var seen: Set<String> = []
        for hostile in ["", "a b", "<script>", String(repeating: "a", count: 65), "é"] {
            let answer = try await server.send(.get, "/open", headers: [("X-Request-Id", hostile)])
            let id = try #require(answer.header("X-Request-Id"))
            #expect(id != hostile && id.hasPrefix("req_"))
            seen.insert(id)
        }
        #expect(seen.count == 5)
    }

    @Test func `a trace context is taken over when it is valid`() async throws {
        let server = Server()
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        #expect(try await server.send(.get, "/open", headers: [("traceparent", good)]).header("traceparent") == good)
        for bad in [
            "", "00-0-0-0", "00-" + String(repeating: "0", count: 32) + "-00f067aa0ba902b7-01", good.uppercased(),
        ] {
            #expect(try await server.send(.get, "/open", headers: [("traceparent", bad)]).header("traceparent") == nil)
        }
    }

    @Test func `an unchanged resource answers 304 and a changed one in full`() async throws {
        let server = Server()
        let same = try await server.send(.get, "/v1/things/a", headers: [("If-None-Match", "\"x\", W/\"v1\"")])
        #expect(same.status == 304)
        #expect(same.bytes.isEmpty)
        #expect(try await server.send(.get, "/v1/things/a", headers: [("If-None-Match", "\"x\"")]).status == 200)
        let put = try await server.send(
            .put, "/v1/things/a", key: "writer", headers: [("If-Match", "\"v1\"")], body: "{}")
        #expect(put.status == 204)
    }

    @Test func `a body that grows beyond the limit while it is read is refused`() async throws {
        let server = Server()
        let chunk = ByteBuffer(string: String(repeating: " ", count: 4096))
        let stream = AsyncStream<ByteBuffer> { continuation in
            for _ in 0..<100 { continuation.yield(chunk) }
            continuation.finish()
        }
        var fields = HTTPFields()
        fields[.authorization] = "Bearer writer"
        fields[.contentType] = "application/json"
        fields[.transferEncoding] = "chunked"
        fields[.init("Idempotency-Key")!] = "k"
        let request = Request(
            head: HTTPRequest(method: .post, scheme: nil, authority: nil, path: "/v1/things", headerFields: fields),
            body: RequestBody(asyncSequence: stream))
        let answer = try await server.send(request)
        #expect(answer.code == "payload_too_large")
        #expect(answer.header("Connection") == "close")
    }

    @Test func `a body in many pieces is read whole`() async throws {
        let server = Server()
        let bytes = Array(Self.good.utf8)
        for size in 1...7 {
            let stream = AsyncStream<ByteBuffer> { continuation in
                for start in stride(from: 0, to: bytes.count, by: size) {
                    continuation.yield(ByteBuffer(bytes: bytes[start..<min(start + size, bytes.count)]))
                }
                continuation.finish()
            }
            var fields = HTTPFields()
            fields[.authorization] = "Bearer writer"
            fields[.contentType] = "application/json"
            fields[.contentLength] = String(bytes.count)
            fields[.init("Idempotency-Key")!] = "\"k\""
            let request = Request(
                head: HTTPRequest(method: .post, scheme: nil, authority: nil, path: "/v1/things", headerFields: fields),
                body: RequestBody(asyncSequence: stream))
            let answer = try await server.send(request)
            #expect(answer.status == 201)
            #expect(answer.json?["key"]?.string == "k")
        }
    }

    @Test func `a body that drips for too long is refused`() async throws {
        let server = Server()
        let clock = server.clock
        let stream = AsyncStream<ByteBuffer> {
            clock.advance(seconds: 11)
            return ByteBuffer(string: " ")
        }
        var fields = HTTPFields()
        fields[.authorization] = "Bearer writer"
        fields[.contentType] = "application/json"
        fields[.transferEncoding] = "chunked"
        fields[.init("Idempotency-Key")!] = "k"
        let request = Request(
            head: HTTPRequest(method: .post, scheme: nil, authority: nil, path: "/v1/things", headerFields: fields),
            body: RequestBody(asyncSequence: stream))
        #expect(try await server.send(request).code == "request_timeout")
    }

    @Test func `events are written as a stream`() async throws {
        let answer = try await Server().send(.get, "/events")
        #expect(answer.header("Content-Type") == "text/event-stream")
        #expect(answer.text == "id: 1\nevent: state\ndata: {\"n\":1}\n\n: keep-alive\n\n")
        #expect(answer.header("Content-Length") == nil)
    }
}
