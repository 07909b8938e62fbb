public import NIOCore
import NIOHTTP1
import NIOPosix
public import NIOSSL
import NIOWebSocket
import Synchronization
public import WalletConnectClient

/// Opens WebSocket connections: `ws://` and, with TLS, `wss://`.
///
/// ```swift
/// let transport = try WebSocketTransport(eventLoops: MultiThreadedEventLoopGroup.singleton)
/// let connection = try await transport.open(RelayOpening(url: url, deadline: .seconds(15), messageBytesMax: 1 << 20))
/// ```
/// Proxies are not asked. Standard: [RFC 6455](https://www.rfc-editor.org/rfc/rfc6455).
public struct WebSocketTransport: RelayTransport {
    /// What a transport can be told.
    public struct Settings: Sendable {
        /// Seconds of silence after which the connection is given up; relays ping at least every 30 s.
        public var silenceSecondsMax = 35
        /// Seconds of silence after which the peer is pinged, so that one that never pings is not taken for dead.
        public var pingAfterSeconds = 15
        /// Bytes of messages that wait for their reader; beyond them nothing more is read from the socket.
        public var waitingBytesMax = 8 << 20
        /// Fragments that one message may come in.
        public var fragmentsMax = 1024

        /// The defaults.
        public init() {}
    }

    private let eventLoops: any EventLoopGroup
    private let tls: NIOSSLContext
    private let settings: Settings

    /// A transport on these event loops.
    ///
    /// - Parameter tls: whom to trust under `wss://`; the system's authorities by default.
    /// - Throws: what NIOSSL throws when `tls` cannot be used.
    public init(
        eventLoops: any EventLoopGroup, tls: TLSConfiguration = .makeClientConfiguration(),
        settings: Settings = Settings()
    ) throws {
        self.eventLoops = eventLoops
        self.tls = try NIOSSLContext(configuration: tls)
        self.settings = settings
    }

    public func open(_ request: RelayOpening) async throws(TransportError) -> any RelayConnection {
        let url = try WebSocketURL(request.url)
        let loop = eventLoops.next()
        let attempt = WebSocketAttempt(loop: loop)
        let (seconds, attoseconds) = request.deadline.components
        let deadline = TimeAmount.nanoseconds(
            max(0, min(seconds, 3600)) * 1_000_000_000 + max(0, attoseconds) / 1_000_000_000)
        attempt.begin(within: deadline)
        ClientBootstrap(group: loop)
            .connectTimeout(deadline)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try configure(channel, url, request, attempt)
                }
            }
            .connect(host: url.host, port: url.port)
            .whenFailure { attempt.fail($0) }
        return try await attempt.connection()
    }

    /// Puts TLS, HTTP and the upgrade into a new channel.
    private func configure(
        _ channel: any Channel, _ url: WebSocketURL, _ request: RelayOpening, _ attempt: WebSocketAttempt
    ) throws {
        attempt.note(channel)
        let pipeline = channel.pipeline.syncOperations
        if url.isSecure { try pipeline.addHandler(tlsHandler(url.host)) }
        let encoder = HTTPRequestEncoder()
        // What follows the 101 at once is already WebSocket.
        let decoder = ByteToMessageHandler(HTTPResponseDecoder(leftOverBytesStrategy: .forwardBytes))
        let note = ResponseNote(attempt)
        let settings = settings
        let upgrader = NIOTypedWebSocketClientUpgrader<WebSocketConnection>(
            maxFrameSize: min(request.messageBytesMax, Int(UInt32.max)), enableAutomaticErrorHandling: false,
            upgradePipelineHandler: { channel, _ in
                channel.eventLoop.makeCompletedFuture {
                    let connection = WebSocketConnection(
                        channel: channel, waitingBytesMax: max(settings.waitingBytesMax, request.messageBytesMax))
                    let handlers = channel.pipeline.syncOperations
                    try handlers.addHandler(
                        NIOWebSocketFrameAggregator(
                            minNonFinalFragmentSize: 0, maxAccumulatedFrameCount: settings.fragmentsMax,
                            maxAccumulatedFrameSize: request.messageBytesMax))
                    try handlers.addHandler(WebSocketFrameHandler(connection, settings: settings))
                    return connection
                }
            })
        var headers = HTTPHeaders([("Host", url.hostHeader)])
        for field in request.headers { headers.add(name: field.name, value: field.value) }
        let upgrade = NIOTypedHTTPClientUpgradeHandler(
            httpHandlers: [encoder, decoder, note],
            upgradeConfiguration: NIOTypedHTTPClientUpgradeConfiguration(
                upgradeRequestHead: HTTPRequestHead(
                    version: .http1_1, method: .GET, uri: url.target, headers: headers),
                upgraders: [upgrader],
                notUpgradingCompletionHandler: { channel in
                    channel.eventLoop.makeFailedFuture(TransportError(.refused, "the server did not upgrade"))
                }))
        try pipeline.addHandlers([encoder, decoder, note, upgrade])
        upgrade.upgradeResultFuture.whenComplete { attempt.finish($0) }
    }

    private func tlsHandler(_ host: String) throws -> NIOSSLClientHandler {
        do {
            return try NIOSSLClientHandler(context: tls, serverHostname: host)
        } catch let error as NIOSSLExtraError where error == .cannotUseIPAddressInSNI {
            return try NIOSSLClientHandler(context: tls, serverHostname: nil)
        }
    }
}

/// One attempt to open a connection: the first of success, failure, deadline and cancellation decides.
final class WebSocketAttempt: Sendable {
    private struct State {
        var channel: (any Channel)?
        var status: Int?
        var date: String?
        var isOver = false
    }

    private let promise: EventLoopPromise<WebSocketConnection>
    private let state = Mutex(State())

    init(loop: any EventLoop) {
        promise = loop.makePromise()
    }

    func begin(within deadline: TimeAmount) {
        let timer = promise.futureResult.eventLoop.scheduleTask(in: deadline) {
            self.fail(TransportError(.timeout, "the connection was not open in time"))
        }
        promise.futureResult.whenComplete { _ in timer.cancel() }
    }

    func note(_ channel: any Channel) {
        let isOver = state.withLock { state in
            state.channel = channel
            return state.isOver
        }
        if isOver { channel.close(promise: nil) }
    }

    /// What the server answered, before anybody has looked at it.
    func note(status: Int, date: String?) {
        state.withLock { state in
            state.status = status
            state.date = date
        }
    }

    func finish(_ result: Result<WebSocketConnection, any Error>) {
        switch result {
        case .success(let connection):
            let isFirst = state.withLock { state in
                defer { state.isOver = true }
                return !state.isOver
            }
            if isFirst { promise.succeed(connection) }
        case .failure(let error): fail(error)
        }
    }

    func fail(_ error: any Error) {
        let (isFirst, channel, failure) = state.withLock { state in
            defer { state.isOver = true }
            return (!state.isOver, state.channel, Self.failure(error, state))
        }
        guard isFirst else { return }
        promise.fail(failure)
        channel?.close(promise: nil)
    }

    func connection() async throws(TransportError) -> WebSocketConnection {
        do {
            return try await withTaskCancellationHandler {
                try await promise.futureResult.get()
            } onCancel: {
                fail(TransportError(.cancelled, "the caller gave up"))
            }
        } catch let error as TransportError {
            throw error
        } catch {
            throw TransportError(.unreachable, "the connection failed", cause: error)
        }
    }

    private static func failure(_ error: any Error, _ state: State) -> TransportError {
        // The upgrade's own errors hide what the server said.
        if let status = state.status, status != 101, (error as? TransportError)?.code != .cancelled {
            return TransportError(
                .refused, "the server answered \(status)", httpStatus: status, serverDate: state.date, cause: error)
        }
        return switch error {
        case let error as TransportError: error
        case ChannelError.connectTimeout: TransportError(.timeout, "nobody answered in time", cause: error)
        case let error as NIOConnectionError:
            TransportError(.unreachable, "\(error.host):\(error.port) cannot be reached", cause: error)
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError:
            TransportError(.tls, "TLS failed", cause: error)
        case is NIOWebSocketUpgradeError:
            TransportError(.badAnswer, "the server's upgrade is not valid", cause: error)
        default: TransportError(state.status == nil ? .unreachable : .badAnswer, "the connection failed", cause: error)
        }
    }
}

/// Notes the head of the server's answer, which the upgrade keeps to itself, and an end before it.
private final class ResponseNote: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias InboundOut = HTTPClientResponsePart

    private let attempt: WebSocketAttempt

    init(_ attempt: WebSocketAttempt) {
        self.attempt = attempt
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head(let head) = unwrapInboundIn(data) {
            attempt.note(status: Int(head.status.code), date: head.headers.first(name: "Date"))
        }
        context.fireChannelRead(data)
    }

    func channelInactive(context: ChannelHandlerContext) {
        attempt.fail(TransportError(.unreachable, "the server closed the connection before it answered"))
        context.fireChannelInactive()
    }
}
