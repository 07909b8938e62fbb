public import HTTPTypes
public import Hummingbird
import Logging
import NIOCore
public import Primitives

/// Why a request is not carried out, as its sender may know it.
///
/// Thrown by middleware and handlers, answered as `application/problem+json`
/// ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)). It is an `HTTPResponseError`, so Hummingbird answers it also
/// where no ``ProblemMiddleware`` stands.
public struct Refusal: HTTPResponseError, Sendable, Hashable {
    /// The status.
    public var status: HTTPResponse.Status
    /// The stable name that programs compare, in snake case.
    public var code: String
    /// A sentence for people; it never holds a secret or what another user sent.
    public var message: String
    /// When a repetition makes sense, in seconds; sent as `Retry-After`.
    public var retryAfterSeconds: Int?

    /// Makes a refusal.
    public init(
        _ status: HTTPResponse.Status, _ code: String, _ message: String, retryAfterSeconds: Int? = nil
    ) {
        self.status = status
        self.code = code
        self.message = message
        self.retryAfterSeconds = retryAfterSeconds
    }

    /// The problem document.
    ///
    /// - Parameter requestID: under which the request is found in the log.
    public func json(requestID: String?) -> JSON {
        var members = [
            JSONMember(name: "type", value: "about:blank"),
            JSONMember(name: "title", value: .string(status.reasonPhrase)),
            JSONMember(name: "status", value: JSON(Int(status.code))),
            JSONMember(name: "detail", value: .string(message)),
            JSONMember(name: "code", value: .string(code)),
        ]
        if let requestID { members.append(JSONMember(name: "request_id", value: .string(requestID))) }
        return .object(members)
    }

    /// The answer.
    public func response(from request: Request, context: some RequestContext) throws -> Response {
        var headers: HTTPFields = [.contentType: "application/problem+json", .cacheControl: "no-store"]
        if let retryAfterSeconds { headers[.retryAfter] = String(retryAfterSeconds) }
        let id = context.logger[metadataKey: "hb.request.id"].map { "\($0)" }
        return Response(
            status: status, headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: json(requestID: id).serialized())))
    }
}
