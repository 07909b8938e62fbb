import NIOCore
import NIOWebSocket
import WalletConnectClient

/// The end of the pipeline: frames in and out, pings, the close handshake and the watch over silence.
final class WebSocketFrameHandler: ChannelDuplexHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    /// How long the peer has to answer a close.
    private static let closeTimeout = TimeAmount.seconds(1)
    /// Bytes of a close frame's reason: 125 less the code.
    private static let reasonBytesMax = 123

    private let connection: WebSocketConnection
    private let silence: TimeAmount
    private let pingAfter: TimeAmount
    private var batch: [[UInt8]] = []
    private var hasRead = false
    private var isClosing = false
    private var hasPinged = false
    private var lastRead = NIODeadline.now()
    private var watch: Scheduled<Void>?

    init(_ connection: WebSocketConnection, settings: WebSocketTransport.Settings) {
        self.connection = connection
        silence = .seconds(Int64(settings.silenceSecondsMax))
        pingAfter = .seconds(Int64(min(settings.pingAfterSeconds, settings.silenceSecondsMax)))
    }

    func handlerAdded(context: ChannelHandlerContext) {
        lastRead = .now()
        watchSilence(context)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        watch?.cancel()
        connection.end(RelayClose(code: RelayClose.abnormal, reason: "the connection broke"))
    }

    // MARK: Inbound

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        hasRead = true
        let frame = unwrapInboundIn(data)
        guard frame.maskKey == nil, !frame.rsv1, !frame.rsv2, !frame.rsv3 else {
            // RFC 6455 section 5.1: a server must not mask, and no extension was agreed.
            fail(context, code: RelayClose.protocolError, "a frame is masked or has reserved bits")
            return
        }
        switch frame.opcode {
        // Text is what relays send; bytes in a binary frame are read as the same.
        case .text, .binary:
            guard !isClosing else { return }
            batch.append(Array(buffer: frame.data))
        case .ping:
            guard !isClosing else { return }
            write(context, .pong, frame.data)
        case .connectionClose: closed(context, frame.data)
        default: break
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        lastRead = .now()
        hasPinged = false
        if hasRead {
            hasRead = false
            let texts = batch
            batch = []
            connection.deliver(texts)
            context.flush()
        }
        context.fireChannelReadComplete()
    }

    func read(context: ChannelHandlerContext) {
        // Not forwarded: the reader asks again when it has caught up.
        if connection.mayRead { context.read() }
    }

    func channelInactive(context: ChannelHandlerContext) {
        handOver()
        connection.end(RelayClose(code: RelayClose.abnormal, reason: "the connection broke"))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case NIOWebSocketError.invalidFrameLength, NIOWebSocketFrameAggregator.Error.accumulatedFrameSizeIsTooLarge,
            NIOWebSocketFrameAggregator.Error.tooManyFragments:
            fail(context, code: RelayClose.messageTooBig, "a message is too long")
        case is NIOWebSocketError, is NIOWebSocketFrameAggregator.Error:
            fail(context, code: RelayClose.protocolError, "a frame is malformed")
        default:
            handOver()
            connection.end(RelayClose(code: RelayClose.abnormal, reason: "the connection broke"))
            context.close(promise: nil)
        }
    }

    // MARK: The end

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        guard let end = event as? WebSocketEnd else {
            context.triggerUserOutboundEvent(event, promise: promise)
            return
        }
        promise?.succeed()
        close(context, end.close)
    }

    private func fail(_ context: ChannelHandlerContext, code: UInt16, _ reason: String) {
        close(context, RelayClose(code: code, reason: reason))
    }

    /// Says goodbye, and gives the peer a moment to say it too.
    private func close(_ context: ChannelHandlerContext, _ close: RelayClose) {
        guard !isClosing else { return }
        isClosing = true
        handOver()
        connection.end(close)
        guard close.code != RelayClose.abnormal else {
            // RFC 6455 section 7.4.1: no frame ever carries this code.
            context.close(promise: nil)
            return
        }
        var payload = context.channel.allocator.buffer(capacity: 2 + Self.reasonBytesMax)
        payload.writeInteger(close.code)
        payload.writeBytes(Self.cut(close.reason))
        write(context, .connectionClose, payload)
        context.flush()
        let loop = context.eventLoop.assumeIsolated()
        watch?.cancel()
        watch = loop.scheduleTask(in: Self.closeTimeout) { context.close(promise: nil) }
    }

    /// The peer closes, or answers our close.
    private func closed(_ context: ChannelHandlerContext, _ data: ByteBuffer) {
        var data = data
        handOver()
        guard !isClosing else {
            context.close(promise: nil)
            return
        }
        isClosing = true
        let code = data.readInteger(as: UInt16.self)
        // 1005: RFC 6455 section 7.1.5, a close without a code.
        connection.end(
            RelayClose(code: code ?? 1005, reason: String(decoding: data.readableBytesView, as: UTF8.self)))
        var payload = context.channel.allocator.buffer(capacity: 2)
        if let code { payload.writeInteger(code) }
        write(context, .connectionClose, payload)
        context.flush()
        context.close(promise: nil)
    }

    private func handOver() {
        guard !batch.isEmpty else { return }
        let texts = batch
        batch = []
        connection.deliver(texts)
    }

    private func write(_ context: ChannelHandlerContext, _ opcode: WebSocketOpcode, _ data: ByteBuffer) {
        context.write(
            wrapOutboundOut(WebSocketFrame(fin: true, opcode: opcode, maskKey: .random(), data: data)), promise: nil)
    }

    /// The longest prefix of whole characters that fits a close frame.
    private static func cut(_ reason: String) -> [UInt8] {
        var bytes: [UInt8] = []
        for character in reason {
            guard bytes.count + character.utf8.count <= reasonBytesMax else { break }
            bytes.append(contentsOf: character.utf8)
        }
        return bytes
    }

    // MARK: Silence

    /// Looks again when the silence, as it is now, would be long enough for the next step.
    private func watchSilence(_ context: ChannelHandlerContext) {
        let next = lastRead + (hasPinged ? silence : pingAfter)
        watch = context.eventLoop.assumeIsolated().scheduleTask(deadline: next) {
            guard !self.isClosing else { return }
            let quiet = NIODeadline.now() - self.lastRead
            if quiet >= self.silence {
                self.fail(context, code: RelayClose.abnormal, "silent for too long")
                return
            }
            if quiet >= self.pingAfter, !self.hasPinged {
                self.hasPinged = true
                self.write(context, .ping, context.channel.allocator.buffer(capacity: 0))
                context.flush()
            }
            self.watchSilence(context)
        }
    }
}
