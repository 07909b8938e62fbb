public import HTTPTypes
public import Primitives

/// Whether an operation takes an `Idempotency-Key`.
public enum IdempotencyRequirement: Sendable, Hashable {
    /// The header is ignored.
    case none
    /// The header is read when present.
    case optional
    /// A request without it is refused; every operation that moves money.
    case required
}

/// A parameter in a route's path, described for the document.
public struct PathParameter: Sendable {
    /// The name between the braces.
    public let name: String
    /// What it is.
    public let description: String
    /// What it looks like.
    public let schema: JSONSchema

    /// Describes a parameter.
    public init(_ name: String, _ description: String, schema: JSONSchema = .string()) {
        self.name = name
        self.description = description
        self.schema = schema
    }
}

/// What an operation answers with one status.
public struct RouteResponse: Sendable {
    /// The status.
    public let status: Int
    /// When it is sent.
    public let description: String
    /// The body, if there is one.
    public let schema: JSONSchema?
    /// The media type of the body.
    public let contentType: String
    /// Headers of this answer by name, with their description.
    public let headers: [(name: String, description: String)]
    /// A body to show.
    public let example: JSON?

    /// Describes an answer.
    public init(
        _ status: Int, _ description: String, _ schema: JSONSchema? = nil, contentType: String = "application/json",
        headers: [(name: String, description: String)] = [], example: JSON? = nil
    ) {
        self.status = status
        self.description = description
        self.schema = schema
        self.contentType = contentType
        self.headers = headers
        self.example = example
    }
}

/// One operation: where it is, who may call it, what goes in and out, and the code that does it.
///
/// The table of routes is the single source for dispatch, permission checks, `/openapi.json` and `/docs`.
///
/// ```swift
/// Route(
///     .get, "/v1/wallets/{id}", "getWallet", tag: "Wallets", summary: "Read a wallet",
///     permission: .scope("wallets:read"), loadClass: .essential,
///     responses: [RouteResponse(200, "The wallet.", .reference("Wallet"))], problems: [.walletNotFound]
/// ) { request in
///     .json(try await wallets.wallet(request.path("id")).json)
/// }
/// ```
public struct Route: Sendable {
    /// The code behind a route.
    public typealias Handler = @Sendable (APIRequest) async throws -> APIResponse

    /// The method; `HEAD` is answered wherever `GET` is.
    public let method: HTTPRequest.Method
    /// The template: literal segments, `{name}` segments, and on the last one an optional `:verb`.
    public let path: String
    /// The operation's unique name in camel case.
    public let operationID: String
    /// A few words.
    public let summary: String
    /// Sentences for the document.
    public let description: String
    /// The group in the document.
    public let tag: String
    /// Who may call it.
    public let permission: Permission
    /// Parameters in the path that deserve words.
    public let pathParameters: [PathParameter]
    /// Parameters of the query; any other is refused.
    public let query: [QueryParameter]
    /// The body it takes; `nil` for none.
    public let request: JSONSchema?
    /// A body to show.
    public let requestExample: JSON?
    /// Answers other than problems.
    public let responses: [RouteResponse]
    /// Problems besides those any request can meet.
    public let problems: [ProblemCode]
    /// Whether it takes an `Idempotency-Key`.
    public let idempotency: IdempotencyRequirement
    /// Largest body in bytes.
    public let bodyBytesMax: Int
    /// When it is refused under load.
    public let loadClass: LoadClass
    /// The rate class whose policy applies besides the caller's own.
    public let rateClass: String?
    /// Whether it stands in the document.
    public let isDocumented: Bool
    /// The code.
    public let handler: Handler

    /// Largest body when a route does not say otherwise.
    public static let bodyBytesMaxDefault = 256 << 10
    /// Largest body of a single withdrawal.
    public static let withdrawalBytesMax = 16 << 10

    /// Declares an operation.
    public init(
        _ method: HTTPRequest.Method, _ path: String, _ operationID: String, tag: String, summary: String,
        description: String = "", permission: Permission, pathParameters: [PathParameter] = [],
        query: [QueryParameter] = [], request: JSONSchema? = nil, requestExample: JSON? = nil,
        idempotency: IdempotencyRequirement = .none, bodyBytesMax: Int = Route.bodyBytesMaxDefault,
        loadClass: LoadClass = .work, rateClass: String? = nil, responses: [RouteResponse],
        problems: [ProblemCode] = [], isDocumented: Bool = true, handler: @escaping Handler
    ) {
        self.method = method
        self.path = path
        self.operationID = operationID
        self.summary = summary
        self.description = description
        self.tag = tag
        self.permission = permission
        self.pathParameters = pathParameters
        self.query = query
        self.request = request
        self.requestExample = requestExample
        self.responses = responses
        self.problems = problems
        self.idempotency = idempotency
        self.bodyBytesMax = bodyBytesMax
        self.loadClass = loadClass
        self.rateClass = rateClass
        self.isDocumented = isDocumented
        self.handler = handler
    }

    /// The names between braces, in order.
    var parameterNames: [String] {
        path.split(separator: "/").compactMap { segment in
            guard segment.hasPrefix("{"), let close = segment.firstIndex(of: "}") else { return nil }
            return String(segment[segment.index(after: segment.startIndex)..<close])
        }
    }
}
