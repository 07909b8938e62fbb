import HTTPTypes
import Primitives
import Testing

@testable import API

struct PlumbingRoutingTests {
    let server = Server()

    @Test(arguments: [
        ("/v1/things/special", "\"special\""), ("/v1/things/abc", #"{"id":"abc"}"#),
        ("/v1/things/eip155:1", #"{"id":"eip155:1"}"#), ("/v1/things/a%3Acancel", #"{"id":"a:cancel"}"#),
        ("/v1/things/a%2Fb/parts/%C3%A9", #"["a/b","é"]"#), ("/v1/things/+", #"{"id":"+"}"#), ("/", "home"),
    ])
    func `a path finds its route and its parameters`(path: String, body: String) async throws {
        let answer = try await server.send(.get, path)
        #expect(answer.status == 200)
        #expect(answer.text == body)
    }

    @Test func `a verb after a parameter is a route of its own`() async throws {
        let cancel = try await server.send(.post, "/v1/things/eip155:1:cancel", key: "writer")
        #expect(cancel.text == "\"cancel eip155:1\"")
        let batch = try await server.send(.post, "/v1/things:batch", key: "writer", body: "[]")
        #expect(batch.text == "\"batch\"")
        let escaped = try await server.send(.post, "/v1/things/a%3Acancel", key: "writer")
        #expect(escaped.status == 405)
        let empty = try await server.send(.post, "/v1/things/:cancel", key: "writer")
        #expect(empty.status == 404)
    }

    @Test(arguments: [
        "/nothing", "/v1", "/v1/", "/v1/things/", "/v1//things", "/v1/things/a/parts", "/v1/things/a/b/c", "/V1/things",
        "", "v1/things", "*", "//", "/v1/things/..", "http://example.org/v1/things", "/v1/things:unknown",
        "/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t/u/v/w/x/y/z",
    ])
    func `a path without a route is not found`(path: String) async throws {
        let answer = try await server.send(.get, path)
        if path == "/v1/things/.." {
            // Dots are an ordinary parameter here: nothing is resolved against a file system.
            #expect(answer.status == 200)
        } else {
            #expect(answer.status == 404)
            #expect(answer.code == "not_found")
        }
    }

    @Test(arguments: [
        "/v1/things/%", "/v1/things/%4", "/v1/things/%GG", "/v1/things/%00", "/v1/things/%FF", "/v1/things/%0A",
    ])
    func `a broken escape in the path is refused`(path: String) async throws {
        let answer = try await server.send(.get, path)
        #expect(answer.status == 400)
        #expect(answer.code == "malformed_request")
    }

    @Test func `another method of a known path is told what is allowed`() async throws {
        let answer = try await server.send(.delete, "/v1/things")
        #expect(answer.status == 405)
        #expect(answer.code == "method_not_allowed")
        #expect(answer.header("Allow") == "GET, HEAD, OPTIONS, POST")
        let trace = try await server.send(.trace, "/v1/things")
        #expect(trace.status == 405)
        let odd = try await server.send(HTTPRequest.Method(rawValue: "BREW")!, "/v1/things")
        #expect(odd.status == 405)
    }

    @Test func `OPTIONS tells the methods and nothing else`() async throws {
        let answer = try await server.send(.options, "/v1/things/abc", key: nil)
        #expect(answer.status == 204)
        #expect(answer.header("Allow") == "GET, HEAD, OPTIONS, PUT")
        #expect(answer.bytes.isEmpty)
        #expect(answer.header("Access-Control-Allow-Origin") == nil)
        #expect(try await server.send(.options, "*", key: nil).status == 204)
    }

    @Test func `HEAD is GET without its body`() async throws {
        let get = try await server.send(.get, "/v1/things/abc")
        let head = try await server.send(.head, "/v1/things/abc")
        #expect(head.status == 200)
        #expect(head.bytes.isEmpty)
        #expect(head.header("Content-Length") == String(get.bytes.count))
        #expect(head.header("Content-Type") == "application/json")
    }

    @Test(arguments: [
        ("limit=10&limit=20", "duplicate_query_parameter"), ("limit=10&colou=red", "unknown_query_parameter"),
        ("limit=0", "invalid_query_parameter"), ("limit=+5", "invalid_query_parameter"),
        ("limit=05", "invalid_query_parameter"), ("limit=1e3", "invalid_query_parameter"),
        ("limit=", "invalid_query_parameter"), ("limit", "invalid_query_parameter"),
        ("colour=blue", "invalid_query_parameter"), ("limit=%zz", "malformed_request"),
        ("cursor=%00", "malformed_request"), ("cursor=%0a", "invalid_query_parameter"),
        ("lim%69t=1&limit=2", "duplicate_query_parameter"), ("__proto__=1", "unknown_query_parameter"),
    ])
    func `a query that is not exactly known is refused`(query: String, code: String) async throws {
        let answer = try await server.send(.get, "/v1/things?\(query)")
        #expect(answer.status == 400)
        #expect(answer.code == code)
    }

    @Test func `too many query parameters are refused`() async throws {
        let query = (0..<100).map { "a\($0)=1" }.joined(separator: "&")
        #expect(try await server.send(.get, "/v1/things?\(query)").code == "malformed_request")
    }

    @Test func `a page carries its cursor and link, and its size is clamped`() async throws {
        let answer = try await server.send(.get, "/v1/things?limit=9999&c%6Flour=red")
        #expect(answer.text == #"{"data":["red"],"next_cursor":"abc","has_more":true}"#)
        #expect(answer.header("Link") == #"</v1/things?cursor=abc&limit=200&colour=red>; rel="next""#)
    }

    @Test func `the table refuses two routes in one place`() async {
        await #expect(processExitsWith: .failure) {
            _ = RouteTable([SampleRoutes.all[0], SampleRoutes.all[0]])
        }
    }
}
