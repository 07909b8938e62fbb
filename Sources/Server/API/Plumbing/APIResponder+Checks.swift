import Hummingbird
import Logging
import NIOCore
import Primitives

extension APIResponder {
    // MARK: Who asks

    /// Finds the caller, counts the request against their limits, and checks the permission.
    func authenticate(
        _ request: Request, _ head: RequestHead, _ route: Route, _ exchange: inout Exchange
    ) async throws {
        if route.permission == .everyone {
            try limitAddress(request, &exchange)
            return
        }
        guard let credential = Self.bearer(head.authorization),
            let principal = try await checked(credential, at: exchange.now)
        else {
            metrics.noteRefusedCredential()
            // Counted only when refused, so that a crowd behind one address is not held up by its own success.
            try limitAddress(request, &exchange)
            throw Problem(.unauthorized)
        }
        exchange.principal = principal
        try limit(principal, route, &exchange)
        guard route.permission.allows(principal.scopes) else {
            let names = route.permission.scopeNames.joined(separator: " or ")
            throw Problem(.forbidden, "the operation requires the scope \(names)")
        }
    }

    private func checked(_ credential: String, at now: Timestamp) async throws -> Principal? {
        do {
            return try await authenticator.authenticate(credential, at: now)
        } catch let problem as Problem {
            throw problem
        } catch let convertible as any ProblemConvertible {
            throw convertible.problem
        } catch {
            throw Problem(
                .storageUnavailable, retryAfterSeconds: 1, logged: "a credential could not be checked: \(error)")
        }
    }

    /// The text after `Bearer `, any case of the word, at most 8 KiB.
    private static func bearer(_ header: String?) -> String? {
        guard let header, (8...8192).contains(header.utf8.count) else { return nil }
        let scheme = header.utf8.prefix(7)
        guard zip(scheme, "bearer ".utf8).allSatisfy({ $0 == $1 || $0 | 0x20 == $1 }) else { return nil }
        let credential = header.utf8.dropFirst(7)
        guard credential.allSatisfy({ (0x21...0x7E).contains($0) }) else { return nil }
        return String(credential)
    }

    // MARK: How often

    func limitAddress(_ request: Request, _ exchange: inout Exchange) throws {
        guard let policy = configuration.rateLimits.perAddress else { return }
        let forwarded = configuration.trustsForwardedFor ? request.headers[.forwardedFor] : nil
        let address = exchange.context.clientAddress(forwardedFor: forwarded) ?? "unknown"
        try take(APIContext.bucket(ofAddress: address), policy, &exchange)
    }

    private func limit(_ principal: Principal, _ route: Route, _ exchange: inout Exchange) throws {
        let own: RatePolicy?
        switch principal.rate {
        case .unlimited: return
        case .standard: own = configuration.rateLimits.perPrincipal
        case .policy(let policy): own = policy
        }
        if let own { try take(principal.id, own, &exchange) }
        if let rateClass = route.rateClass, let policy = configuration.rateLimits.perClass[rateClass] {
            try take(principal.tenant, policy, &exchange)
        }
    }

    /// Counts one request and fills the `RateLimit` fields
    /// ([draft](https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/)).
    private func take(_ subject: String, _ policy: RatePolicy, _ exchange: inout Exchange) throws {
        let decision = limiter.take(subject, policy, at: exchange.now)
        let rule = "\"\(policy.name)\";q=\(policy.quota);w=\(policy.windowSeconds)"
        let state = "\"\(policy.name)\";r=\(decision.remaining);t=\(decision.resetSeconds)"
        exchange.ratePolicy = exchange.ratePolicy.map { "\($0), \(rule)" } ?? rule
        exchange.rateLimit = exchange.rateLimit.map { "\($0), \(state)" } ?? state
        guard !decision.allowed else { return }
        metrics.noteLimited(policy.name)
        throw Problem(
            .quotaExceeded,
            "the policy \(policy.name) allows \(policy.quota) requests in \(policy.windowSeconds) s",
            retryAfterSeconds: decision.retryAfterSeconds,
            extensions: [JSONMember(name: "violated-policies", value: [.string(policy.name)])])
    }

    // MARK: What is sent

    /// Bytes that Hummingbird may read and drop to keep a connection; beyond them the connection ends.
    static let drainBytesMax = 1 << 20

    /// Reads the body, having checked its type and size before and while reading.
    func body(
        of request: Request, _ head: RequestHead, _ route: Route, _ exchange: inout Exchange
    ) async throws -> [UInt8] {
        let declared = head.contentLength
        let hasBody = head.isChunked || (declared ?? 0) > 0
        guard hasBody else {
            if route.request != nil, !head.isJSON { throw Problem(.unsupportedMediaType) }
            return []
        }
        if request.method == .get || request.method == .head {
            exchange.stopsReading = true
            throw Problem(.malformedRequest, "\(request.method.rawValue) takes no body")
        }
        if let declared, declared > route.bodyBytesMax { throw tooLarge(route) }
        guard head.isJSON else { throw Problem(.unsupportedMediaType) }
        let bytes = try await read(request, declared, route, exchange.now)
        exchange.stopsReading = false
        if route.request == nil, !Self.isEmptyObject(bytes) {
            throw Problem(.validationFailed, "the operation takes no body")
        }
        return bytes
    }

    private func read(
        _ request: Request, _ declared: Int?, _ route: Route, _ start: Timestamp
    ) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        var iterator = request.body.makeAsyncIterator()
        while true {
            let chunk: ByteBuffer?
            do {
                chunk = try await iterator.next()
            } catch {
                throw ClientGone(cause: error)
            }
            guard let chunk else { break }
            guard bytes.count + chunk.readableBytes <= route.bodyBytesMax else { throw tooLarge(route) }
            if bytes.isEmpty {
                bytes = Array(chunk.readableBytesView)
            } else {
                bytes.append(contentsOf: chunk.readableBytesView)
            }
            // Most bodies come in one piece; the end is then known without waiting for it.
            if let declared, bytes.count >= declared { break }
            if clock.now.milliseconds - start.milliseconds > Int64(configuration.bodySecondsMax) * 1000 {
                throw Problem(.requestTimeout)
            }
        }
        return bytes
    }

    private func tooLarge(_ route: Route) -> Problem {
        Problem(.payloadTooLarge, "the operation takes at most \(route.bodyBytesMax) bytes")
    }

    private static func isEmptyObject(_ bytes: [UInt8]) -> Bool {
        let text = bytes.filter { $0 != 0x20 && $0 != 0x0A && $0 != 0x0D && $0 != 0x09 }
        return text.isEmpty || text == [UInt8(ascii: "{"), UInt8(ascii: "}")]
    }
}
