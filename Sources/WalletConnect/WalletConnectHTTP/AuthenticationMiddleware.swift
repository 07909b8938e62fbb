import HTTPTypes
public import Hummingbird

/// Lets in whom a closure knows, and tells everything after it who that is.
///
/// ```swift
/// router.add(middleware: AuthenticationMiddleware { request, _ in
///     try await sessions.user(cookie: request.headers[.cookie])
/// })
/// ```
/// Nothing of WalletConnect is proof of identity: whoever has a URI can scan it. So the closure is your application's own
/// sign-in.
public struct AuthenticationMiddleware<Context: WalletConnectRequestContext>: RouterMiddleware {
    private let authenticate: @Sendable (Request, Context) async throws -> String?
    private let isRequired: Bool

    /// - Parameters:
    ///   - isRequired: whether a request without a user is refused with 401; else it goes on without one.
    ///   - authenticate: the id of the user who sent the request, nil when nobody is signed in.
    public init(
        isRequired: Bool = true, _ authenticate: @escaping @Sendable (Request, Context) async throws -> String?
    ) {
        self.isRequired = isRequired
        self.authenticate = authenticate
    }

    /// Asks the closure, and lets the request pass.
    ///
    /// - Throws: ``Refusal`` with `unauthorized`; whatever the closure throws.
    @concurrent public func handle(
        _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        var context = context
        context.walletConnect.userID = try await authenticate(request, context)
        guard context.walletConnect.userID != nil || !isRequired else {
            throw Refusal(.unauthorized, "unauthorized", "sign in first")
        }
        return try await next(request, context)
    }
}
