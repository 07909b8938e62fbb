public import HummingbirdCore
public import Logging
import NIOCore
import NIOPosix
public import Primitives
public import ServiceLifecycle
public import Storage
import Synchronization
import WalletConnectProtocol

/// A WalletConnect relay: mailboxes in a store, WebSockets on a port.
///
/// ```swift
/// let relay = RelayServer(store: store, identity: try .random(), logger: logger)
/// try await relay.run(host: "127.0.0.1", port: 5555) { port in print("ws://127.0.0.1:\(port)") }
/// ```
/// Inside another server, `restore()` comes first, ``run()`` is one of its services, and `builder(…)` mounts the relay
/// at `/relay` beside that server's own routes.
///
/// Standard: [WalletConnect 2.0 relay](https://specs.walletconnect.com/2.0/specs/servers/relay/relay-server-rpc).
public final class RelayServer: Service {
    /// Posts a webhook's body and answers with the HTTP status; throws when there was no answer.
    public typealias WebhookPost = @Sendable (_ url: String, _ body: [UInt8]) async throws -> Int

    let hub: RelayHub
    private let logger: Logger

    /// Where WebSockets are accepted.
    public static let webSocketPaths: Set<String> = ["/relay", "/"]

    /// A relay on a store.
    ///
    /// - Parameters:
    ///   - store: keeps messages and subscriptions; may be shared with other modules.
    ///   - identity: the relay's own key.
    ///   - post: calls webhooks; without it watches are accepted and nobody is told.
    public init(
        settings: RelaySettings = RelaySettings(), store: any Store, identity: RelayIdentity,
        post: WebhookPost? = nil, clock: WallClock = .system, logger: Logger
    ) {
        self.logger = logger
        let webhooks = WebhookCaller(
            post: post ?? { _, _ in 204 }, allowsPrivateTargets: settings.allowsPrivateWebhooks, logger: logger)
        hub = RelayHub(
            settings: settings, store: store, identity: identity, webhooks: webhooks, clock: clock, logger: logger)
    }

    /// Applies migrations and reads what was kept; before anything is served.
    ///
    /// - Throws: `StorageError`.
    public func restore() async throws {
        try await hub.restore()
    }

    /// Carries messages to the store until the service stops; then what is left.
    public func run() async throws {
        await cancelWhenGracefulShutdown { await self.hub.run() }
    }

    /// How much there is of everything, now.
    public var figures: RelayFigures { hub.figures }

    /// Serves the relay's WebSockets, and its routes under `/relay`, in front of another server's responder.
    ///
    /// - Parameter configuration: as for a server without a relay.
    public func builder(configuration: HTTP1Channel.Configuration = .init()) -> HTTPServerBuilder {
        let routes = RelayRoutes(hub: hub, prefixes: ["/relay"])
        return HTTPServerBuilder { [hub] responder in
            RelayHTTPChannel(
                hub: hub, paths: Self.webSocketPaths, configuration: configuration,
                responder: routes.around(responder))
        }
    }

    /// A server of the relay alone, with its routes at the root and under `/relay`.
    ///
    /// - Parameter onReady: called once the port is open, with its number.
    public func server(
        host: String, port: Int, onReady: @escaping @Sendable (_ port: Int) async -> Void
    ) -> any Service {
        let routes = RelayRoutes(hub: hub, prefixes: ["", "/relay"])
        let channel = RelayHTTPChannel(
            hub: hub, paths: Self.webSocketPaths, configuration: .init(idleTimeout: Self.idleTimeout),
            responder: routes.responder)
        return channel.server(
            configuration: ServerConfiguration(address: .hostname(host, port: port), backlog: Self.backlog),
            onServerRunning: { listener in await onReady(listener.localAddress?.port ?? port) },
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: logger)
    }

    /// A plain HTTP connection on which nothing happens is closed after so long.
    private static let idleTimeout = TimeAmount.seconds(60)
    /// Connections that the system may hold for us: clients come back all at once.
    private static let backlog = 4_096

    /// Restores and serves until the task is cancelled; then sockets are told to go, and what they were promised is
    /// stored.
    ///
    /// - Throws: `StorageError`, or the listening socket's error.
    public func run(
        host: String, port: Int, onReady: @escaping @Sendable (_ port: Int) async -> Void
    ) async throws {
        try await restore()
        var quiet = logger
        quiet.logLevel = .error
        // Stopped last to first: the sockets go before the loop that stores what they sent.
        let group = ServiceGroup(
            services: [self, server(host: host, port: port, onReady: onReady)], logger: quiet)
        // Not a child: a cancelled child would end without draining. It ends by the trigger below.
        let task = Task { try await group.run() }
        try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            // Short-lived; the trigger returns at once.
            Task { await group.triggerGracefulShutdown() }
        }
    }

    /// Lets a test decide what becomes of pushes; nil leaves them alone again.
    package func decideFates(_ decide: DecidePushFate?) {
        hub.decideFates(decide)
    }

    /// Ends every connection, as a proxy or a deployment does; clients come back.
    package func disconnectAll() {
        hub.disconnectAll()
    }

    /// As if the process were killed: sockets end without a word, nothing more is stored.
    package func kill() {
        hub.kill()
    }
}
