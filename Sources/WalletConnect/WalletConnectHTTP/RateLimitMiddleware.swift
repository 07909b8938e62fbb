import HTTPTypes
public import Hummingbird
import NIOCore
public import Primitives

/// Refuses whoever asks too often, with 429 and `Retry-After`.
///
/// ```swift
/// router.add(middleware: RateLimitMiddleware(RequestRate(requests: 10, burst: 30)))
/// ```
/// Users are counted by their id, where an ``AuthenticationMiddleware`` stands before this one; everybody else by
/// address. The counts are this process's.
public struct RateLimitMiddleware<Context: WalletConnectRequestContext>: RouterMiddleware {
    private let table: RateTable
    private let clock: WallClock
    private let subject: @Sendable (Request, Context) -> String

    /// Limits by user, else by address.
    ///
    /// - Parameters:
    ///   - rate: for each subject.
    ///   - subjectsMax: subjects remembered.
    ///   - clock: tells the time.
    public init(
        _ rate: RequestRate, subjectsMax: Int = RateTable.subjectsMaxDefault, clock: WallClock = .system
    ) {
        self.init(rate, subjectsMax: subjectsMax, clock: clock) { _, context in Self.usual(context) }
    }

    /// Limits by what `subject` says, such as a header that your proxy sets.
    public init(
        _ rate: RequestRate, subjectsMax: Int = RateTable.subjectsMaxDefault, clock: WallClock = .system,
        subject: @escaping @Sendable (Request, Context) -> String
    ) {
        table = RateTable(rate, subjectsMax: subjectsMax)
        self.clock = clock
        self.subject = subject
    }

    /// Counts the request and lets it pass.
    ///
    /// - Throws: ``Refusal`` with `too_many_requests`.
    @concurrent public func handle(
        _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        if let seconds = table.take(subject(request, context), at: clock.now) {
            throw Refusal(
                .tooManyRequests, "too_many_requests", "too many requests; wait \(seconds) s",
                retryAfterSeconds: seconds)
        }
        return try await next(request, context)
    }

    private static func usual(_ context: Context) -> String {
        if let user = context.walletConnect.userID { return "user:\(user)" }
        return "address:\(context.remoteAddress.map(bucket) ?? "")"
    }

    /// What shares one count: an IPv4 address, or the /64 that one customer has of IPv6.
    private static func bucket(_ address: SocketAddress) -> String {
        switch address {
        case .v6:
            guard let text = address.ipAddress else { return "" }
            // An IPv4 address that came over an IPv6 socket stays whole.
            if text.contains(".") { return text }
            let groups = text.split(separator: ":", omittingEmptySubsequences: false)
            let head = groups.prefix { !$0.isEmpty }.prefix(4)
            return head.joined(separator: ":") + "::/64"
        default: return address.ipAddress ?? ""
        }
    }
}
