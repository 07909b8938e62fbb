public import Hummingbird
public import Primitives
public import WalletConnectBackend

/// What the middleware of this module knows of a request.
public struct WalletConnectRequest: Sendable {
    /// Who asks, once an ``AuthenticationMiddleware`` has let him in.
    public var userID: String?
    /// The user's live connection, once a ``ConnectionMiddleware`` has found it.
    public var connection: Connection?
    /// The body, once a ``ValidationMiddleware`` has read it.
    public var body: JSON?

    /// Nothing is known yet.
    public init() {}

    /// The user.
    ///
    /// - Throws: ``Refusal`` with `unauthorized`.
    public func user() throws -> String {
        guard let userID else { throw Refusal(.unauthorized, "unauthorized", "nobody is signed in") }
        return userID
    }

    /// The connection.
    ///
    /// - Throws: ``Refusal`` with `not_connected`.
    public func connected() throws -> Connection {
        guard let connection else {
            throw Refusal(.conflict, "not_connected", "the user has no wallet connected")
        }
        return connection
    }
}

/// A request context with room for what this module finds out.
///
/// ```swift
/// struct Context: WalletConnectRequestContext {
///     var coreContext: CoreRequestContextStorage
///     var walletConnect = WalletConnectRequest()
///     let remoteAddress: SocketAddress?
///     init(source: Source) {
///         coreContext = .init(source: source)
///         remoteAddress = source.channel.remoteAddress
///     }
/// }
/// ```
public protocol WalletConnectRequestContext: RemoteAddressRequestContext {
    /// Filled by the middleware.
    var walletConnect: WalletConnectRequest { get set }
}
