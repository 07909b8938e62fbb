public import HTTPTypes
import Hummingbird
import NIOCore
public import Primitives

/// What a handler answers; the responder adds the common headers.
public struct APIResponse: Sendable {
    /// What follows the head.
    public enum Body: Sendable {
        /// Nothing.
        case none
        /// These bytes.
        case bytes([UInt8])
        /// Whatever is written until the closure returns; for event streams and long listings.
        case stream(@Sendable (inout StreamWriter) async throws -> Void)
    }

    /// The status.
    public var status: HTTPResponse.Status
    /// Header fields of this answer.
    ///
    /// A field here wins over the common one of the same name.
    public var headers: HTTPFields
    /// The body.
    public var body: Body

    /// Makes an answer.
    public init(status: HTTPResponse.Status, headers: HTTPFields = [:], body: Body = .none) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// A JSON answer.
    ///
    /// - Parameters:
    ///   - value: the body.
    ///   - status: 200 unless given.
    ///   - etag: the entity tag with its quotes; a matching `If-None-Match` turns the answer into 304.
    public static func json(
        _ value: JSON, status: HTTPResponse.Status = .ok, etag: String? = nil
    ) -> APIResponse {
        var response = json(bytes: value.serialized(), status: status)
        if let etag { response.headers[.eTag] = etag }
        return response
    }

    /// An answer whose JSON is already written, such as a stored answer that is replayed.
    public static func json(bytes: [UInt8], status: HTTPResponse.Status = .ok) -> APIResponse {
        var headers = HTTPFields()
        headers.append(HTTPField(name: .contentType, value: "application/json"))
        return APIResponse(status: status, headers: headers, body: .bytes(bytes))
    }

    /// 201 with the place of the new resource.
    public static func created(_ value: JSON, location: String) -> APIResponse {
        var response = json(value, status: .created)
        response.headers.append(HTTPField(name: .location, value: location))
        return response
    }

    /// 202 with the place to watch.
    public static func accepted(_ value: JSON, location: String) -> APIResponse {
        var response = json(value, status: .accepted)
        response.headers.append(HTTPField(name: .location, value: location))
        return response
    }

    /// 204.
    public static let noContent = APIResponse(status: .noContent)

    /// A page of a listing: `{data, next_cursor, has_more}` with `Link: <…>; rel="next"`.
    ///
    /// - Parameters:
    ///   - data: the items.
    ///   - nextCursor: `nil` on the last page.
    ///   - request: the request answered.
    public static func page(_ data: [JSON], nextCursor: String?, for request: APIRequest) -> APIResponse {
        var response = json(
            .object([
                JSONMember(name: "data", value: .array(data)),
                JSONMember(name: "next_cursor", value: nextCursor.map { .string($0) } ?? .null),
                JSONMember(name: "has_more", value: .bool(nextCursor != nil)),
            ]))
        if let nextCursor {
            let link = "<\(request.rawPath)?\(request.query.next(cursor: nextCursor))>; rel=\"next\""
            response.headers.append(HTTPField(name: .link, value: link))
        }
        return response
    }

    /// Text of any kind.
    public static func text(_ text: String, contentType: String, status: HTTPResponse.Status = .ok) -> APIResponse {
        var headers = HTTPFields()
        headers.append(HTTPField(name: .contentType, value: contentType))
        return APIResponse(status: status, headers: headers, body: .bytes(Array(text.utf8)))
    }

    /// A stream of events for `EventSource`
    /// ([server-sent events](https://html.spec.whatwg.org/multipage/server-sent-events.html)).
    ///
    /// - Parameter write: writes events until there are no more or the client is gone, which shows as an error.
    public static func events(
        _ write: @escaping @Sendable (inout StreamWriter) async throws -> Void
    ) -> APIResponse {
        var headers = HTTPFields()
        headers.append(HTTPField(name: .contentType, value: "text/event-stream"))
        headers.append(HTTPField(name: .xAccelBuffering, value: "no"))
        return APIResponse(status: .ok, headers: headers, body: .stream(write))
    }
}

/// Writes a body in pieces, as fast as the client reads.
///
/// `@unchecked Sendable`, because the writer inside does not say `Sendable` and its methods run on the pool; it is lent
/// to one closure at a time and never shared.
public struct StreamWriter: @unchecked Sendable {
    private var writer: any ResponseBodyWriter

    init(_ writer: any ResponseBodyWriter) {
        self.writer = writer
    }

    /// Sends bytes.
    ///
    /// - Throws: when the client is gone.
    @concurrent public mutating func write(_ bytes: [UInt8]) async throws {
        try await writer.write(ByteBuffer(bytes: bytes))
    }

    /// Sends one event.
    ///
    /// - Parameters:
    ///   - name: the event's type, one line.
    ///   - data: the payload; JSON is one line.
    ///   - id: what a client sends back as `Last-Event-ID` to go on after a break, one line.
    public mutating func event(_ name: String, data: JSON, id: String? = nil) async throws {
        precondition(!name.contains(where: \.isNewline), "an event's name is one line")
        precondition(id?.contains(where: \.isNewline) != true, "an event's id is one line")
        var bytes: [UInt8] = []
        if let id { bytes.append(contentsOf: "id: \(id)\n".utf8) }
        bytes.append(contentsOf: "event: \(name)\ndata: ".utf8)
        data.write(into: &bytes)
        bytes.append(contentsOf: "\n\n".utf8)
        try await write(bytes)
    }

    /// Sends a comment, which keeps proxies from closing a quiet stream.
    public mutating func keepAlive() async throws {
        try await write(Array(": keep-alive\n\n".utf8))
    }

    @concurrent consuming func finish() async throws {
        try await writer.finish(nil)
    }
}
