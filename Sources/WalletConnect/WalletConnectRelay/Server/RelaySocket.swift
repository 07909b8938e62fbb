import NIOCore
import NIOWebSocket
import Synchronization
import WalletConnectProtocol

/// One WebSocket connection: frames in, texts out, pings on the clock.
///
/// Synchronous on its event loop. Texts from other loops wait in a box and are written there in one go.
final class RelaySocket: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    private let hub: RelayHub
    private let claims: RelayToken.Claims
    private let takesBreath: Bool
    private let wheel: PingWheel
    private var outlet: SocketOutlet?
    private var id: ConnectionID?
    /// The beginning of a message in fragments.
    private var fragments: ByteBuffer?
    private var isReading = false
    private var isClosing = false
    private var pingsMissed = 0

    init(hub: RelayHub, claims: RelayToken.Claims, takesBreath: Bool, wheel: PingWheel) {
        self.hub = hub
        self.claims = claims
        self.takesBreath = takesBreath
        self.wheel = wheel
    }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { start(context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        start(context)
    }

    private func start(_ context: ChannelHandlerContext) {
        guard id == nil else { return }
        let outlet = SocketOutlet(
            channel: context.channel, outboundBytesMax: hub.settings.limits.outboundBytesMax, takesBreath: takesBreath)
        self.outlet = outlet
        id = hub.open(outlet, client: claims.issuer, subject: claims.subject)
        wheel.add(self, context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        end()
    }

    private func end() {
        wheel.remove(self)
        outlet?.isOver()
        guard let id else { return }
        self.id = nil
        hub.close(id)
    }

    // MARK: Frames

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        pingsMissed = 0
        isReading = true
        outlet?.isReading = true
        guard !isClosing else { return }
        switch frame.opcode {
        // Some clients send their acknowledgements as binary; what is in them is the same text.
        case .text where frame.fin && fragments == nil, .binary where frame.fin && fragments == nil:
            receive(frame.unmaskedData, context)
        case .text where fragments == nil, .binary where fragments == nil: fragments = frame.unmaskedData
        case .continuation where fragments != nil: gather(frame, context)
        case .ping: pong(frame.unmaskedData, context)
        case .pong: return
        case .connectionClose: answerClose(frame.unmaskedData, context)
        default: close(.tryAgainLater, code: .protocolError, context)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isReading = false
        outlet?.isReading = false
        context.flush()
        context.fireChannelReadComplete()
    }

    private func receive(_ text: ByteBuffer, _ context: ChannelHandlerContext) {
        guard let id else { return }
        guard text.readableBytes <= hub.settings.limits.frameBytesMax else { return close(.tooLarge, context) }
        hub.receive(text, from: id)
    }

    private func gather(_ frame: WebSocketFrame, _ context: ChannelHandlerContext) {
        guard var text = fragments else { return }
        // Not kept a second time while it grows.
        fragments = nil
        var part = frame.unmaskedData
        guard text.readableBytes + part.readableBytes <= hub.settings.limits.frameBytesMax else {
            return close(.tooLarge, context)
        }
        text.writeBuffer(&part)
        if frame.fin { receive(text, context) } else { fragments = text }
    }

    private func pong(_ data: ByteBuffer, _ context: ChannelHandlerContext) {
        context.write(wrapOutboundOut(WebSocketFrame(fin: true, opcode: .pong, data: data)), promise: nil)
        if !isReading { context.flush() }
    }

    private func answerClose(_ data: ByteBuffer, _ context: ChannelHandlerContext) {
        isClosing = true
        let echo = data.getSlice(at: data.readerIndex, length: min(2, data.readableBytes)) ?? ByteBuffer()
        finish(WebSocketFrame(fin: true, opcode: .connectionClose, data: echo), context)
    }

    func close(_ reason: RelayClose, code: WebSocketErrorCode? = nil, _ context: ChannelHandlerContext) {
        guard !isClosing else { return }
        isClosing = true
        finish(.close(reason, code: code), context)
    }

    private func finish(_ frame: WebSocketFrame, _ context: ChannelHandlerContext) {
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(frame)).whenComplete { _ in channel.close(promise: nil) }
    }

    // MARK: Life

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if let id { hub.writability(id, context.channel.isWritable) }
        // A reader that does not read is not read either, so that answers don't pile up.
        context.channel.setOption(.autoRead, value: context.channel.isWritable).whenFailure { _ in }
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case let event as ChannelEvent where event == .inputClosed: context.close(promise: nil)
        case is ChannelShouldQuiesceEvent:
            hub.drain()
            // Not all at once: their clients come back somewhere.
            let delay = Int64.random(in: 0...max(1, hub.settings.limits.drainMilliseconds / 2))
            let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            context.eventLoop.scheduleTask(in: .milliseconds(delay)) {
                let (socket, context) = bound.value
                socket.close(.goingAway, context)
            }
        case let event as RelayCloseEvent: close(event.reason, context)
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // The frame decoder's own handler has answered protocol errors; nothing can be read after one.
        context.close(promise: nil)
    }

    /// The wheel has come round.
    func ping(_ context: ChannelHandlerContext) {
        guard !isClosing else { return }
        guard pingsMissed < hub.settings.limits.pingsMissedMax else { return context.close(promise: nil) }
        pingsMissed += 1
        let ping = WebSocketFrame(fin: true, opcode: .ping, data: ByteBuffer())
        context.writeAndFlush(wrapOutboundOut(ping), promise: nil)
    }
}

/// Asks the socket's handler to close it, in order with what was written before.
struct RelayCloseEvent: Sendable {
    let reason: RelayClose
}

extension WebSocketFrame {
    static func close(_ reason: RelayClose, code: WebSocketErrorCode? = nil) -> WebSocketFrame {
        var data = ByteBuffer()
        data.write(webSocketErrorCode: code ?? WebSocketErrorCode(codeNumber: Int(reason.code)))
        data.writeString(reason.reason)
        return WebSocketFrame(fin: true, opcode: .connectionClose, data: data)
    }
}

/// The core's way to a socket, from any thread.
///
/// A JavaScript client makes a request in two steps: it awaits the relay's answer, and only then begins to listen for the
/// peer's. When both come in one read the peer's finds nobody, and the call hangs for minutes. Far away that never
/// happens; on one machine it does. Such a client is given a moment to breathe between an answer and the next push.
final class SocketOutlet: RelayPeer {
    /// From an answer to the next push, in milliseconds.
    static let breathMilliseconds: Int64 = 20

    private struct Box {
        var texts: [ByteBuffer] = []
        var bytes = 0
        /// Pushes that wait behind an answer, in order, and until when.
        var held: [(text: ByteBuffer, due: NIODeadline)] = []
        var heldBytes = 0
        var breathesUntil = NIODeadline.uptimeNanoseconds(0)
        var close: RelayClose?
        /// Somebody is on the way to empty it.
        var isScheduled = false
        var isOver = false
    }

    private let channel: any Channel
    private let outboundBytesMax: Int
    private let takesBreath: Bool
    private let box = Mutex(Box())
    private let reading = Atomic<Bool>(false)

    init(channel: any Channel, outboundBytesMax: Int, takesBreath: Bool) {
        self.channel = channel
        self.outboundBytesMax = outboundBytesMax
        self.takesBreath = takesBreath
    }

    var takesPushes: Bool { true }

    /// While its handler reads, what is written is flushed at the end of the read.
    var isReading: Bool {
        get { reading.load(ordering: .relaxed) }
        set { reading.store(newValue, ordering: .relaxed) }
    }

    /// The socket has gone; nothing is kept for it any more.
    func isOver() {
        box.withLock { box in
            box.isOver = true
            box.texts = []
            box.held = []
        }
    }

    func put(_ text: ByteBuffer) {
        box.withLock { box in
            put(text, into: &box)
            if takesBreath { box.breathesUntil = channel.eventLoop.now + .milliseconds(Self.breathMilliseconds) }
        }
    }

    private func put(_ text: ByteBuffer, into box: inout Box) {
        guard !box.isOver else { return }
        box.bytes += text.readableBytes
        if box.bytes > outboundBytesMax { box.close = .tryAgainLater } else { box.texts.append(text) }
    }

    func putPush(_ text: ByteBuffer) {
        let due: NIODeadline? = box.withLock { box in
            guard takesBreath, !box.held.isEmpty || channel.eventLoop.now < box.breathesUntil else {
                put(text, into: &box)
                return nil
            }
            guard !box.isOver else { return nil }
            box.heldBytes += text.readableBytes
            if box.heldBytes > outboundBytesMax {
                box.close = .tryAgainLater
                return nil
            }
            let due = max(box.breathesUntil, box.held.last?.due ?? box.breathesUntil)
            // Whoever waits already brings it along.
            let isNew = box.held.last?.due != due
            box.held.append((text, due))
            return isNew ? due : nil
        }
        if let due { channel.eventLoop.scheduleTask(deadline: due) { self.release() } }
    }

    /// What has waited long enough goes on.
    private func release() {
        box.withLock { box in
            let now = channel.eventLoop.now
            let count = box.held.prefix { $0.due <= now }.count
            for (text, _) in box.held.prefix(count) {
                box.heldBytes -= text.readableBytes
                put(text, into: &box)
            }
            box.held.removeFirst(count)
        }
        deliver()
    }

    func putClose(_ reason: RelayClose) {
        box.withLock { $0.close = reason }
    }

    func deliver() {
        // Whoever comes second finds it scheduled: also a write that calls the core, which calls here.
        let isFirst = box.withLock { box in
            defer { box.isScheduled = true }
            return !box.isScheduled
        }
        guard isFirst else { return }
        if channel.eventLoop.inEventLoop { empty() } else { channel.eventLoop.execute { self.empty() } }
    }

    private func empty() {
        var hasWritten = false
        while true {
            let (texts, close) = box.withLock { box -> ([ByteBuffer], RelayClose?) in
                defer {
                    box.texts = []
                    box.bytes = 0
                    box.close = nil
                }
                if box.texts.isEmpty, box.close == nil { box.isScheduled = false }
                return (box.texts, box.close)
            }
            guard !texts.isEmpty || close != nil else { break }
            for text in texts {
                channel.write(WebSocketFrame(fin: true, opcode: .text, data: text), promise: nil)
            }
            hasWritten = hasWritten || !texts.isEmpty
            if let close { channel.pipeline.fireUserInboundEventTriggered(RelayCloseEvent(reason: close)) }
        }
        if hasWritten, !isReading { channel.flush() }
    }
}
