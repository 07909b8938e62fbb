public import Primitives

/// One field or parameter that was refused.
public struct FieldError: Sendable, Hashable {
    /// Where the fault lies.
    public enum Place: Sendable, Hashable {
        /// In the body, by JSON pointer ([RFC 6901](https://www.rfc-editor.org/rfc/rfc6901)).
        case body(pointer: String)
        /// In the query, by name.
        case query(parameter: String)
        /// In a header, by name.
        case header(String)
        /// In the path, by the parameter's name.
        case path(parameter: String)
    }

    /// Where.
    public let place: Place
    /// What the field takes, for example `must be a string of 1 to 64 bytes`.
    ///
    /// Never the refused value.
    public let detail: String

    /// Makes an error for a place.
    public init(_ place: Place, _ detail: String) {
        self.place = place
        self.detail = detail
    }

    var json: JSON {
        switch place {
        case .body(let pointer): ["pointer": .string(pointer), "detail": .string(detail)]
        case .query(let name): ["parameter": .string(name), "detail": .string(detail)]
        case .header(let name): ["header": .string(name), "detail": .string(detail)]
        case .path(let name): ["path_parameter": .string(name), "detail": .string(detail)]
        }
    }
}

/// A refusal, thrown by handlers and answered as `application/problem+json`.
///
/// ```swift
/// guard let wallet else { throw Problem(.walletNotFound, "wallet \(id) does not exist") }
/// ```
public struct Problem: Error, Sendable, Hashable {
    /// The reason.
    public let code: ProblemCode
    /// What happened this time; shown to the caller, so it names ids and limits, never secrets or bodies.
    public var detail: String?
    /// The fields at fault.
    public var errors: [FieldError]
    /// Seconds after which a retry makes sense; sent as `Retry-After`.
    public var retryAfterSeconds: Int?
    /// Further members of the problem, such as `violated-policies`.
    public var extensions: [JSONMember]
    /// What the operator should see in the log, when there is more to say than the caller may know.
    public var logged: String?

    /// Makes a problem.
    public init(
        _ code: ProblemCode, _ detail: String? = nil, errors: [FieldError] = [], retryAfterSeconds: Int? = nil,
        extensions: [JSONMember] = [], logged: String? = nil
    ) {
        self.code = code
        self.detail = detail
        self.errors = errors
        self.retryAfterSeconds = retryAfterSeconds
        self.extensions = extensions
        self.logged = logged
    }

    /// The body of the answer.
    ///
    /// - Parameters:
    ///   - instance: the path of the request.
    ///   - requestID: the id under which the request is logged.
    public func json(instance: String, requestID: String) -> JSON {
        var members = [
            JSONMember(name: "type", value: .string(code.type)),
            JSONMember(name: "title", value: .string(code.title)),
            JSONMember(name: "status", value: JSON(code.status)),
        ]
        if let detail { members.append(JSONMember(name: "detail", value: .string(detail))) }
        members.append(JSONMember(name: "instance", value: .string(instance)))
        members.append(JSONMember(name: "code", value: .string(code.code)))
        members.append(JSONMember(name: "request_id", value: .string(requestID)))
        if !errors.isEmpty { members.append(JSONMember(name: "errors", value: .array(errors.map(\.json)))) }
        members.append(contentsOf: extensions)
        return .object(members)
    }
}

/// An error of a module that knows how it looks to a caller.
///
/// The API gives each module's error this conformance; whatever has none becomes a plain `internal`.
public protocol ProblemConvertible: Error {
    /// The problem to answer with.
    var problem: Problem { get }
}
