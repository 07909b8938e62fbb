public import Hummingbird
public import WalletConnectBackend

/// Finds the wallet connection of the user who asks.
///
/// It stands behind an ``AuthenticationMiddleware``:
///
/// ```swift
/// let wallet = router.group("wallet")
///     .add(middleware: AuthenticationMiddleware { request, _ in try await user(of: request) })
///     .add(middleware: ConnectionMiddleware(backend))
/// wallet.get("accounts") { _, context in try context.walletConnect.connected().accounts.map(\.description) }
/// ```
public struct ConnectionMiddleware<Context: WalletConnectRequestContext>: RouterMiddleware {
    private let find: @Sendable (_ userID: String) async throws -> Connection?
    private let isRequired: Bool

    /// Finds the user's newest connection that is active and not overdue, else the newest that waits for its wallet.
    ///
    /// A session whose time is over stays active until the backend's next clean-up; here it counts as ended at once.
    ///
    /// - Parameters:
    ///   - backend: knows the connections.
    ///   - isRequired: whether a user without a live connection is refused with 409; else the request goes on without.
    public init(_ backend: WalletConnectBackend, isRequired: Bool = true) {
        self.init(isRequired: isRequired) { backend.livingConnection(of: $0) }
    }

    /// Finds connections by a closure, such as one that a user has chosen among several.
    public init(
        isRequired: Bool = true, find: @escaping @Sendable (_ userID: String) async throws -> Connection?
    ) {
        self.find = find
        self.isRequired = isRequired
    }

    /// Finds the connection, and lets the request pass.
    ///
    /// - Throws: ``Refusal`` with `unauthorized` for nobody, and with `not_connected` or `connection_pending` for a user
    ///   without a live connection; whatever the closure throws.
    @concurrent public func handle(
        _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        var context = context
        let found = try await find(try context.walletConnect.user())
        context.walletConnect.connection = found.flatMap { $0.state == .active ? $0 : nil }
        if isRequired, context.walletConnect.connection == nil {
            throw found?.state == .pending
                ? Refusal(.conflict, "connection_pending", "the wallet has not answered yet", retryAfterSeconds: 2)
                : Refusal(.conflict, "not_connected", "the user has no wallet connected")
        }
        return try await next(request, context)
    }
}
