import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Primitives

/// An answer, whole.
struct Reply: Sendable, CustomStringConvertible {
    let status: Int
    let headers: HTTPHeaders
    let body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }
    /// The body as JSON; null when it is none.
    var json: JSON { (try? JSON.parse(body, limits: .rpc)) ?? .null }
    var data: [JSON] { json["data"]?.array ?? [] }
    var description: String { "\(status) \(text.prefix(600))" }

    subscript(name: String) -> JSON? { json[name] }

    /// Whether it is a problem document that says its own status.
    var isProblem: Bool {
        headers.first(name: "Content-Type") == "application/problem+json" && json["status"]?.int == Int64(status)
            && json["type"]?.string != nil && json["code"]?.string != nil && json["request_id"]?.string != nil
    }

    func header(_ name: String) -> String? { headers.first(name: name) }
    func headerCount(_ name: String) -> Int { headers[name].count }
    var code: String? { json["code"]?.string }
    /// The JSON pointers of a problem.
    var pointers: [String] { (json["errors"]?.array ?? []).compactMap { $0["pointer"]?.string } }
}

/// Sends requests to one server with one key.
struct Caller: Sendable {
    /// Never shut down: it lives as long as the tests do.
    private static let client = HTTPClient(
        eventLoopGroupProvider: .singleton,
        configuration: {
            var configuration = HTTPClient.Configuration(
                redirectConfiguration: .disallow,
                timeout: .init(connect: .seconds(5), read: .seconds(60)))
            configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 32
            // Servers are killed here; a wait that grows with each refused connection would outlast their restart.
            configuration.connectionPool.retryConnectionEstablishment = false
            return configuration
        }())

    let base: String
    var key: String?
    var timeoutSeconds: Int64 = 60

    func with(key: String?) -> Caller { Caller(base: base, key: key) }

    /// Sends one request.
    ///
    /// - Parameters:
    ///   - bytes: a body as it is; else `body` is sent as JSON.
    ///   - type: the media type of a body, nil for none.
    func send(
        _ method: String, _ path: String, _ body: JSON? = nil, bytes: [UInt8]? = nil,
        type: String? = "application/json", headers: [(String, String)] = []
    ) async throws -> Reply {
        var request = HTTPClientRequest(url: base + path)
        request.method = HTTPMethod(rawValue: method)
        if let key { request.headers.add(name: "Authorization", value: "Bearer \(key)") }
        if let sent = bytes ?? body?.serialized() {
            if let type { request.headers.add(name: "Content-Type", value: type) }
            request.body = .bytes(ByteBuffer(bytes: sent))
        }
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        let response = try await Self.client.execute(request, timeout: .seconds(timeoutSeconds))
        let collected = try await response.body.collect(upTo: 64 << 20)
        return Reply(
            status: Int(response.status.code), headers: response.headers, body: Array(collected.readableBytesView))
    }

    func get(_ path: String, headers: [(String, String)] = []) async throws -> Reply {
        try await send("GET", path, headers: headers)
    }

    func post(_ path: String, _ body: JSON? = nil, idempotencyKey: String? = nil) async throws -> Reply {
        try await send("POST", path, body, headers: idempotencyKey.map { [("Idempotency-Key", $0)] } ?? [])
    }

    /// All items of a listing, page by page.
    func all(_ path: String) async throws -> [JSON] {
        var items: [JSON] = []
        var cursor: String?
        repeat {
            let mark = path.contains("?") ? "&" : "?"
            let page = try await get("\(path)\(mark)limit=200" + (cursor.map { "&cursor=\($0)" } ?? ""))
            guard page.status == 200 else { throw UnexpectedReply(reply: page) }
            items += page.data
            cursor = page["next_cursor"]?.string
        } while cursor != nil
        return items
    }

    /// A stream of events: each block of lines as it comes, until `body` returns false or the stream ends.
    func events(
        _ path: String, lastEventID: String? = nil, _ body: (ServerEvent) async throws -> Bool
    ) async throws -> Bool {
        var request = HTTPClientRequest(url: base + path)
        request.headers.add(name: "Accept", value: "text/event-stream")
        if let key { request.headers.add(name: "Authorization", value: "Bearer \(key)") }
        if let lastEventID { request.headers.add(name: "Last-Event-ID", value: lastEventID) }
        let response = try await Self.client.execute(request, timeout: .seconds(60))
        guard response.status == .ok, response.headers.first(name: "Content-Type") == "text/event-stream" else {
            throw UnexpectedReply(reply: Reply(status: Int(response.status.code), headers: response.headers, body: []))
        }
        var pending = ""
        for try await piece in response.body {
            pending += String(buffer: piece)
            while let end = pending.range(of: "\n\n") {
                let block = String(pending[..<end.lowerBound])
                pending.removeSubrange(..<end.upperBound)
                if let event = ServerEvent(block), try await !body(event) { return false }
            }
        }
        return true
    }
}

/// One server-sent event.
struct ServerEvent: Sendable {
    let id: String
    let name: String
    let data: JSON

    /// Nil for a comment.
    init?(_ block: String) {
        var fields: [Substring: Substring] = [:]
        for line in block.split(separator: "\n") where !line.hasPrefix(":") {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2 { fields[parts[0]] = parts[1].drop { $0 == " " } }
        }
        guard let name = fields["event"], let id = fields["id"], let text = fields["data"],
            let data = try? JSON.parse(Array(text.utf8))
        else { return nil }
        self.name = String(name)
        self.id = String(id)
        self.data = data
    }
}

/// The server answered what the test can't go on with.
struct UnexpectedReply: Error, CustomStringConvertible {
    let reply: Reply
    var description: String { "\(reply)" }
}
