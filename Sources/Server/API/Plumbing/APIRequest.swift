public import HTTPTypes
public import Logging
public import Primitives

/// A request as handlers see it: routed, permitted, within its limits, its body read.
public struct APIRequest: Sendable {
    /// The method; `GET` also when the client sent `HEAD`.
    public let method: HTTPRequest.Method
    /// The path as sent, without the query.
    public let rawPath: String
    /// The id under which the request is logged, also sent as `X-Request-Id`.
    public let requestID: String
    /// Who asks; `nil` only on routes open to everyone.
    public let principal: Principal?
    /// The checked query.
    public let query: Query
    /// All header fields.
    public let headers: HTTPFields
    /// The body, whole.
    public let body: [UInt8]
    /// The client's key for this intent, without quotes.
    public let idempotencyKey: String?
    /// The `traceparent` of the caller, when valid ([W3C Trace Context](https://www.w3.org/TR/trace-context/)).
    public let traceParent: String?
    /// When the request was taken.
    public let receivedAt: Timestamp
    let origin: APIContext
    let trustsForwardedFor: Bool
    let parameterNames: [String]
    let parameterValues: [String]
    let baseLogger: Logger

    /// Makes a request, for tests of handlers.
    public init(
        method: HTTPRequest.Method = .get, rawPath: String = "/", requestID: String = "test",
        principal: Principal? = nil, query: Query = .empty, headers: HTTPFields = [:], body: [UInt8] = [],
        idempotencyKey: String? = nil, traceParent: String? = nil, receivedAt: Timestamp,
        clientAddress: String? = nil, parameters: KeyValuePairs<String, String> = [:], logger: Logger
    ) {
        self.init(
            method: method, rawPath: rawPath, requestID: requestID, principal: principal, query: query,
            headers: headers, body: body, idempotencyKey: idempotencyKey, traceParent: traceParent,
            receivedAt: receivedAt, origin: APIContext(clientAddress: clientAddress), trustsForwardedFor: false,
            parameterNames: parameters.map(\.key), parameterValues: parameters.map(\.value), baseLogger: logger)
    }

    init(
        method: HTTPRequest.Method, rawPath: String, requestID: String, principal: Principal?, query: Query,
        headers: HTTPFields, body: [UInt8], idempotencyKey: String?, traceParent: String?, receivedAt: Timestamp,
        origin: APIContext, trustsForwardedFor: Bool, parameterNames: [String], parameterValues: [String],
        baseLogger: Logger
    ) {
        self.method = method
        self.rawPath = rawPath
        self.requestID = requestID
        self.principal = principal
        self.query = query
        self.headers = headers
        self.body = body
        self.idempotencyKey = idempotencyKey
        self.traceParent = traceParent
        self.receivedAt = receivedAt
        self.origin = origin
        self.trustsForwardedFor = trustsForwardedFor
        self.parameterNames = parameterNames
        self.parameterValues = parameterValues
        self.baseLogger = baseLogger
    }

    /// The decoded value of a path parameter.
    ///
    /// - Parameter name: one that stands in the route's template; anything else is a programmer error.
    public func path(_ name: String) -> String {
        guard let index = parameterNames.firstIndex(of: name) else {
            preconditionFailure("the route has no path parameter \(name)")
        }
        return parameterValues[index]
    }

    /// The client's address as text, when known.
    public var clientAddress: String? {
        origin.clientAddress(forwardedFor: trustsForwardedFor ? headers[.forwardedFor] : nil)
    }

    /// A logger that names this request.
    public var logger: Logger {
        var logger = baseLogger
        logger[metadataKey: "request_id"] = .string(requestID)
        if let principal { logger[metadataKey: "tenant"] = .string(principal.tenant) }
        return logger
    }

    /// The caller.
    ///
    /// - Throws: `unauthorized` on a route open to everyone that was called without a credential.
    public func caller() throws -> Principal {
        guard let principal else { throw Problem(.unauthorized) }
        return principal
    }

    /// The body as JSON.
    ///
    /// - Throws: `malformed_json` (400) for text that is not JSON, `json_too_complex` (422) beyond a limit.
    public func json(limits: JSONLimits = .standard) throws -> JSON {
        do {
            return try JSON.parse(body, limits: limits)
        } catch {
            switch error.kind {
            case .tooDeep, .tooManyKeys, .tooManyValues, .stringTooLong, .numberTooLong, .textTooLong:
                throw Problem(.jsonTooComplex, error.description)
            default:
                throw Problem(.malformedJSON, error.description)
            }
        }
    }

    /// Reads the body field by field and collects everything that is wrong with it.
    ///
    /// ```swift
    /// let input = try request.read { body -> NewWallet? in
    ///     let user = body.string("user_id", bytes: 1...128)
    ///     let chain = body.parse("chain", "a CAIP-2 chain id") { try ChainID($0) }
    ///     let label = body.optionalString("label", bytes: 1...64)
    ///     guard let user, let chain else { return nil }
    ///     return NewWallet(user: user, chain: chain, label: label)
    /// }
    /// ```
    ///
    /// - Parameters:
    ///   - limits: how much JSON it takes.
    ///   - decode: reads all fields before it gives up, so that the caller learns of all faults at once; it returns
    ///     `nil` only after a read failed.
    /// - Throws: `validation_failed` (422) with one entry per fault, unknown fields included.
    public func read<Value>(
        limits: JSONLimits = .standard, _ decode: (inout FieldReader) throws -> Value?
    ) throws -> Value {
        try FieldReader.read(try json(limits: limits), decode)
    }

    /// Refuses the change unless the caller saw the current state.
    ///
    /// - Parameter etag: the current tag, with its quotes.
    /// - Throws: `precondition_required` (428) without `If-Match`, `precondition_failed` (412) when it differs.
    public func requireMatch(_ etag: String) throws {
        guard let sent = headers[.ifMatch] else { throw Problem(.preconditionRequired) }
        guard ETag.list(sent, contains: etag) else { throw Problem(.preconditionFailed) }
    }
}

/// Entity tags: [RFC 9110](https://www.rfc-editor.org/rfc/rfc9110#section-8.8.3).
enum ETag {
    /// Whether a comma-separated list holds the tag, `*` or its weak form.
    static func list(_ list: String, contains etag: String) -> Bool {
        if list == etag { return true }
        for part in list.split(separator: ",", maxSplits: 64) {
            var tag = part.drop { $0 == " " }
            while tag.last == " " { tag.removeLast() }
            if tag == "*" || tag == etag || (tag.hasPrefix("W/") && tag.dropFirst(2) == etag) { return true }
        }
        return false
    }
}
