public import HummingbirdCore
public import Logging
public import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import NIOWebSocket
import WalletConnectProtocol

/// A server's connections: WebSockets at the relay's paths, everything else to the responder.
public struct RelayHTTPChannel: ServerChildChannel, HTTPChannelHandler {
    /// A connection that is being set up: it turns out to be plain HTTP or not.
    public struct Value: ServerChildChannelValue {
        public let channel: any Channel
        /// The plain connection; nil when it became a WebSocket.
        let plain: EventLoopFuture<NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>?>
    }

    public let responder: HTTPChannelHandler.Responder
    private let configuration: HTTP1Channel.Configuration
    private let hub: RelayHub
    private let paths: Set<String>
    private let wheels: PingWheels

    init(
        hub: RelayHub, paths: Set<String>, configuration: HTTP1Channel.Configuration,
        responder: @escaping HTTPChannelHandler.Responder
    ) {
        self.hub = hub
        self.paths = paths
        self.configuration = configuration
        self.responder = responder
        wheels = PingWheels(seconds: hub.settings.limits.pingSeconds)
    }

    public func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            let gate = UpgradeGate(hub: hub, paths: paths, patience: configuration.idleTimeout)
            let bound = NIOLoopBound(gate, eventLoop: channel.eventLoop)
            let upgrader = NIOTypedWebSocketServerUpgrader<Plain?>(
                maxFrameSize: hub.settings.limits.frameBytesMax,
                shouldUpgrade: { channel, _ in channel.eventLoop.makeSucceededFuture(HTTPHeaders()) },
                upgradePipelineHandler: { channel, _ in
                    channel.eventLoop.makeCompletedFuture {
                        try connect(bound.value, channel)
                        return nil
                    }
                })
            var limits = NIOHTTPDecoderLimitConfiguration()
            limits.maxHeaderFieldSize = configuration.httpDecoder.maxHeaderFieldSize
            limits.maxHeaderListSize = configuration.httpDecoder.maxHeaderListSize
            limits.maxHeaderFieldCount = configuration.httpDecoder.maxHeaderFieldCount
            var pipeline = NIOUpgradableHTTPServerPipelineConfiguration(
                upgradeConfiguration: NIOTypedHTTPServerUpgradeConfiguration(
                    upgraders: [upgrader],
                    notUpgradingCompletionHandler: { channel in
                        channel.eventLoop.makeCompletedFuture { try plain(channel, logger) }
                    }))
            // The asynchronous channel answers one request after the other, and the responder its own errors.
            pipeline.enablePipelining = false
            pipeline.enableErrorHandling = false
            pipeline.enableResponseHeaderValidation = false
            pipeline.decoderConfiguration = limits
            let operations = channel.pipeline.syncOperations
            let future = try operations.configureUpgradableHTTPServerPipeline(configuration: pipeline)
            let decoder = try operations.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
            try operations.addHandler(gate, position: .after(decoder))
            return Value(channel: channel, plain: future)
        }
    }

    private typealias Plain = NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>

    private func connect(_ gate: UpgradeGate, _ channel: any Channel) throws {
        let operations = channel.pipeline.syncOperations
        _ = operations.removeHandler(gate)
        switch gate.verdict {
        case .success(let claims):
            try operations.addHandler(
                RelaySocket(
                    hub: hub, claims: claims, takesBreath: gate.isJavaScript,
                    wheel: wheels.wheel(of: channel.eventLoop)))
        case .failure(let refusal): try operations.addHandler(RefusedSocket(reason: refusal.reason))
        case nil: try operations.addHandler(RefusedSocket(reason: "Missing JWT"))
        }
    }

    private func plain(_ channel: any Channel, _ logger: Logger) throws -> Plain? {
        let operations = channel.pipeline.syncOperations
        if let gate = try? operations.handler(type: UpgradeGate.self) { _ = operations.removeHandler(gate) }
        try operations.addHandler(HTTP1ToHTTPServerCodec(secure: false))
        try operations.addHandlers(configuration.additionalChannelHandlers())
        try operations.addHandler(
            HTTPConnectionStateHandler(
                idleTimeout: configuration.idleTimeout.map { .nanoseconds($0.nanoseconds) }, logger: logger))
        return try NIOAsyncChannel(
            wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
    }

    public func handle(value: Value, logger: Logger) async {
        // A connection that closed before its first request has no future worth waiting for.
        guard let plain = try? await value.plain.get() else { return }
        await handleHTTP(asyncChannel: plain, logger: logger)
    }
}

/// A WebSocket that was opened only to say why it is closed.
private final class RefusedSocket: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    private let reason: String

    init(reason: String) {
        self.reason = reason
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        // The upgrade ends first: what is written inside it is lost.
        context.eventLoop.execute {
            let (socket, context) = bound.value
            let channel = context.channel
            context.writeAndFlush(socket.wrapOutboundOut(.close(.unauthorized(socket.reason))))
                .whenComplete { _ in channel.close(promise: nil) }
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {}

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // The end of the upgrade is an event too.
        let isEnd = event is ChannelShouldQuiesceEvent || (event as? ChannelEvent) == .inputClosed
        if isEnd { context.close(promise: nil) } else { context.fireUserInboundEventTriggered(event) }
    }
}
