import HTTPTypes
public import Hummingbird
public import Logging
public import Metrics
import NIOCore
public import Primitives

/// What the responder is told at start.
public struct APIConfiguration: Sendable {
    /// How often callers may call.
    public var rateLimits: RateLimits
    /// What is refused under load.
    public var loadShedding: LoadShedding
    /// Header fields of a request at most.
    public var headerFieldsMax = 64
    /// One header field at most, in bytes.
    public var headerFieldBytesMax = 8 << 10
    /// All header fields together at most, in bytes.
    public var headerBytesMax = 16 << 10
    /// Path and query at most, in bytes.
    public var targetBytesMax = 8 << 10
    /// How long a body may take to arrive.
    public var bodySecondsMax = 30
    /// Whether `X-Forwarded-For` is believed; only behind a proxy that sets it.
    public var trustsForwardedFor = false
    /// The value of the `API-Version` header: the version of the interface, not of the program.
    public var apiVersion = "1"
    /// Sent as `Strict-Transport-Security` when the public side is HTTPS.
    public var strictTransportSeconds: Int?

    /// Makes a configuration with the published limits.
    public init(rateLimits: RateLimits = .standard, loadShedding: LoadShedding = .inFlight(max: 4096)) {
        self.rateLimits = rateLimits
        self.loadShedding = loadShedding
    }
}

/// Answers HTTP requests from a table of routes.
///
/// ```swift
/// let responder = APIResponder(routes: routes, authenticator: keys, logger: logger)
/// let app = Application(responder: responder, configuration: .init(address: .hostname("127.0.0.1", port: 8080)))
/// ```
///
/// One flat function instead of a chain of middleware, so that the order of checks stands in one place and a request
/// costs few allocations: head limits, route, load, credential, rate, permission, media type, query, idempotency key,
/// body, handler. Every refusal is a problem document, and everything is counted and timed, also when it throws.
public struct APIResponder: HTTPResponder {
    /// Where requests come from.
    public typealias Context = APIContext

    let table: RouteTable
    let configuration: APIConfiguration
    let authenticator: any Authenticator
    let limiter: RateLimiter
    let metrics: RequestMetrics
    let clock: WallClock
    let logger: Logger
    private let parameterNames: [[String]]
    private let securityHeaders: SecurityHeaders
    private let requestIDs: RequestIDs

    /// Makes a responder.
    ///
    /// - Parameters:
    ///   - routes: all operations.
    ///   - authenticator: checks bearer credentials.
    ///   - configuration: limits.
    ///   - limiter: shared by several responders of one server when given.
    ///   - clock: where times come from.
    ///   - random: where request ids come from.
    ///   - logger: for failures, and each request at debug level.
    ///   - metrics: where requests are counted.
    public init(
        routes: [Route], authenticator: any Authenticator, configuration: APIConfiguration = APIConfiguration(),
        limiter: RateLimiter = RateLimiter(), clock: WallClock = .system, random: RandomSource = .system,
        logger: Logger, metrics: any MetricsFactory = MetricsSystem.factory
    ) {
        self.table = RouteTable(routes)
        self.configuration = configuration
        self.authenticator = authenticator
        self.limiter = limiter
        self.metrics = RequestMetrics(routes, factory: metrics)
        self.clock = clock
        self.logger = logger
        self.parameterNames = routes.map(\.parameterNames)
        self.securityHeaders = SecurityHeaders(
            apiVersion: configuration.apiVersion, strictTransportSeconds: configuration.strictTransportSeconds)
        self.requestIDs = RequestIDs(random: random)
    }

    /// What is known about a request so far; also needed for the answer when a check throws.
    struct Exchange {
        let now: Timestamp
        let requestID: String
        let target: RequestTarget
        let context: APIContext
        let inFlight: Int
        var route: Int?
        var principal: Principal?
        var rateLimit: String?
        var ratePolicy: String?
        var allow: String?
        /// Whether the rest of the body is left unread and the connection ends; cleared once the body is read.
        var stopsReading: Bool
    }

    /// Answers a request.
    ///
    /// Throws only when the client is gone.
    public func respond(to request: Request, context: APIContext) async throws -> Response {
        let start = ContinuousClock.now
        let head = RequestHead(request.head.headerFields)
        var exchange = Exchange(
            now: clock.now, requestID: head.validRequestID ?? requestIDs.next(),
            target: RequestTarget(request.head.path ?? ""), context: context, inFlight: metrics.begin(),
            stopsReading: head.isChunked || (head.contentLength ?? 0) > Self.drainBytesMax)
        var status = 499
        defer {
            metrics.end(route: exchange.route, status: status, nanoseconds: start.duration(to: .now).nanoseconds)
        }
        var answer: APIResponse
        do {
            answer = try await self.answer(request, head, &exchange)
        } catch let gone as ClientGone {
            throw gone.cause
        } catch {
            answer = refusal(for: error, exchange)
        }
        if answer.status == .ok, let sent = head.ifNoneMatch, request.method == .get || request.method == .head,
            let etag = answer.headers[.eTag], ETag.list(sent, contains: etag)
        {
            answer = APIResponse(status: .notModified, headers: [.eTag: etag])
        }
        status = answer.status.code
        if logger.logLevel <= .debug { logAccess(request, exchange, status: status, since: start) }
        return response(answer, head, exchange, isHead: request.method == .head)
    }

    private func answer(
        _ request: Request, _ head: RequestHead, _ exchange: inout Exchange
    ) async throws -> APIResponse {
        try checkHead(head, exchange)
        if request.method == .options, exchange.target.path == "*" { return .noContent }
        var values: [String] = []
        switch table.match(request.method, exchange.target.path) {
        case .none:
            try limitAddress(request, &exchange)
            throw Problem(.notFound)
        case .otherMethods(let allow):
            exchange.allow = allow
            if request.method == .options { return .noContent }
            try limitAddress(request, &exchange)
            throw Problem(.methodNotAllowed)
        case .route(let index, let raw):
            exchange.route = index
            values = try decoded(raw)
        }
        guard let index = exchange.route else { throw Problem(.notFound) }
        let route = table.routes[index]
        if let seconds = configuration.loadShedding.retryAfterSeconds(route.loadClass, inFlight: exchange.inFlight) {
            metrics.noteShed(route.loadClass)
            throw Problem(.overloaded, retryAfterSeconds: seconds)
        }
        try await authenticate(request, head, route, &exchange)
        let query = try Query(exchange.target.query, for: route.query)
        let key = route.idempotency == .none ? nil : try head.checkedIdempotencyKey()
        if route.idempotency == .required, key == nil { throw Problem(.missingIdempotencyKey) }
        let body = try await body(of: request, head, route, &exchange)
        let apiRequest = APIRequest(
            method: request.method == .head ? .get : request.method, rawPath: String(exchange.target.path),
            requestID: exchange.requestID, principal: exchange.principal, query: query,
            headers: request.head.headerFields, body: body, idempotencyKey: key, traceParent: head.validTraceParent,
            receivedAt: exchange.now, origin: exchange.context, trustsForwardedFor: configuration.trustsForwardedFor,
            parameterNames: parameterNames[index], parameterValues: values, baseLogger: logger)
        return try await route.handler(apiRequest)
    }

    private func checkHead(_ head: RequestHead, _ exchange: Exchange) throws {
        if head.fieldCount > configuration.headerFieldsMax || head.fieldBytes > configuration.headerBytesMax
            || head.fieldBytesLongest > configuration.headerFieldBytesMax
        {
            throw Problem(.headerTooLarge)
        }
        if exchange.target.byteCount > configuration.targetBytesMax { throw Problem(.uriTooLong) }
        if let fault = head.fault { throw Problem(.malformedRequest, fault) }
    }

    private func decoded(_ raw: [Substring]) throws -> [String] {
        if raw.isEmpty { return [] }
        var values: [String] = []
        values.reserveCapacity(raw.count)
        for text in raw {
            guard let value = PercentCoding.decode(text, plusIsSpace: false),
                !value.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F })
            else { throw Problem(.malformedRequest, "the path has an escape that is not valid text") }
            values.append(value)
        }
        return values
    }

    private func logAccess(
        _ request: Request, _ exchange: Exchange, status: Int, since start: ContinuousClock.Instant
    ) {
        let route = exchange.route.map { table.routes[$0].path } ?? "unmatched"
        let microseconds = start.duration(to: .now).nanoseconds / 1000
        logger.debug(
            "request",
            metadata: [
                "request_id": "\(exchange.requestID)", "method": "\(request.method.rawValue)", "route": "\(route)",
                "status": .stringConvertible(status),
                "duration_ms": .stringConvertible(Double(microseconds) / 1000),
                "principal": "\(exchange.principal?.id ?? "-")", "tenant": "\(exchange.principal?.tenant ?? "-")",
            ])
    }

    // MARK: The answer

    private func refusal(for error: any Error, _ exchange: Exchange) -> APIResponse {
        let problem: Problem
        switch error {
        case let known as Problem:
            problem = known
        case let convertible as any ProblemConvertible:
            problem = convertible.problem
        case is CancellationError:
            problem = Problem(.draining, retryAfterSeconds: 1)
        default:
            problem = Problem(.internalError)
            // The description may name secrets or personal data; the type and the id are enough to find the cause,
            // and the log handler masks what looks like a credential.
            logger.error(
                "request failed", error: error,
                metadata: [
                    "request_id": "\(exchange.requestID)",
                    "route": "\(exchange.route.map { table.routes[$0].path } ?? "unmatched")",
                ])
        }
        if let logged = problem.logged {
            logger.warning(
                "request refused",
                metadata: [
                    "request_id": "\(exchange.requestID)", "code": "\(problem.code.code)", "reason": "\(logged)",
                ])
        }
        var headers = HTTPFields()
        headers.append(HTTPField(name: .contentType, value: "application/problem+json"))
        if let seconds = problem.retryAfterSeconds {
            headers.append(HTTPField(name: .retryAfter, value: String(max(1, seconds))))
        }
        if problem.code == .unauthorized {
            headers.append(HTTPField(name: .wwwAuthenticate, value: "Bearer realm=\"coffer\""))
        }
        let json = problem.json(instance: String(exchange.target.path.prefix(512)), requestID: exchange.requestID)
        return APIResponse(
            status: HTTPResponse.Status(code: problem.code.status), headers: headers, body: .bytes(json.serialized()))
    }

    private func response(
        _ answer: APIResponse, _ head: RequestHead, _ exchange: Exchange, isHead: Bool
    ) -> Response {
        var fields = securityHeaders.fields(with: answer.headers)
        fields.append(HTTPField(name: .requestID, value: exchange.requestID))
        if let allow = exchange.allow { fields.append(HTTPField(name: .allow, value: allow)) }
        if let rateLimit = exchange.rateLimit, let ratePolicy = exchange.ratePolicy {
            fields.append(HTTPField(name: .rateLimitPolicy, value: ratePolicy))
            fields.append(HTTPField(name: .rateLimit, value: rateLimit))
        }
        if let traceParent = head.validTraceParent { fields.append(HTTPField(name: .traceParent, value: traceParent)) }
        let body: ResponseBody
        switch answer.body {
        case .none:
            body = ResponseBody()
        case .bytes(let bytes):
            fields.append(HTTPField(name: .contentLength, value: String(bytes.count)))
            body = isHead ? ResponseBody() : ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
        case .stream(let write):
            body =
                isHead
                ? ResponseBody()
                : ResponseBody { writer in
                    var stream = StreamWriter(writer)
                    try await write(&stream)
                    try await stream.finish()
                }
        }
        guard exchange.stopsReading else { return Response(status: answer.status, headers: fields, body: body) }
        // The rest of the body is not read to keep the connection: it may never end.
        fields.append(HTTPField(name: .connection, value: "close"))
        let context = exchange.context
        return Response(
            status: answer.status, headers: fields,
            body: ResponseBody(contentLength: body.contentLength) { writer in
                try await body.write(writer)
                context.stopReading()
            })
    }
}

extension Duration {
    /// The whole span in nanoseconds; spans here are far below the 292 years that fit.
    var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds &* 1_000_000_000 &+ attoseconds / 1_000_000_000
    }
}
