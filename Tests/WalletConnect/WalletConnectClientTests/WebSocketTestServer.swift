import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import NIOWebSocket
import Synchronization

/// A WebSocket server on a free port of the loopback, whose behaviour is a closure.
final class WebSocketTestServer: Sendable {
    struct Received: Sendable {
        let opcode: WebSocketOpcode
        let isMasked: Bool
        let bytes: [UInt8]
    }

    private struct State {
        var uris: [String] = []
        var headers: [HTTPHeaders] = []
        var received: [Received] = []
        var waiters: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
        var channels: [any Channel] = []
    }

    private let state = Mutex(State())
    private let listener = Mutex<(any Channel)?>(nil)
    private let onFrame: @Sendable (any Channel, WebSocketFrame) -> Void

    var port: Int { listener.withLock { $0?.localAddress?.port ?? 0 } }
    var url: String { "ws://127.0.0.1:\(port)" }
    var uris: [String] { state.withLock(\.uris) }
    var headers: [HTTPHeaders] { state.withLock(\.headers) }
    var received: [Received] { state.withLock(\.received) }
    var channels: [any Channel] { state.withLock(\.channels) }

    private init(onFrame: @escaping @Sendable (any Channel, WebSocketFrame) -> Void) {
        self.onFrame = onFrame
    }

    /// Runs `body` with a server.
    ///
    /// - Parameters:
    ///   - status: what every request is answered with; 101 upgrades.
    ///   - tls: speaks TLS with this.
    ///   - answers: false never answers a request at all.
    static func run<Result>(
        status: Int = 101, answers: Bool = true, tls: NIOSSLContext? = nil,
        onOpen: @escaping @Sendable (any Channel) -> Void = { _ in },
        onFrame: @escaping @Sendable (any Channel, WebSocketFrame) -> Void = { _, _ in },
        _ body: (WebSocketTestServer) async throws -> Result
    ) async throws -> Result {
        let server = WebSocketTestServer(onFrame: onFrame)
        let listening = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                server.state.withLock { $0.channels.append(channel) }
                guard answers else { return channel.eventLoop.makeSucceededVoidFuture() }
                let upgrader = NIOWebSocketServerUpgrader(
                    maxFrameSize: 1 << 22, automaticErrorHandling: false,
                    shouldUpgrade: { channel, head in
                        server.state.withLock {
                            $0.uris.append(head.uri)
                            $0.headers.append(head.headers)
                        }
                        return channel.eventLoop.makeSucceededFuture(status == 101 ? HTTPHeaders() : nil)
                    },
                    upgradePipelineHandler: { channel, _ in
                        channel.eventLoop.makeCompletedFuture {
                            try channel.pipeline.syncOperations.addHandler(FrameNote(server))
                            onOpen(channel)
                        }
                    })
                let refusal = Refusal(status: status)
                return channel.pipeline.addHandler(refusal).flatMap {
                    channel.pipeline.configureHTTPServerPipeline(
                        position: .first,
                        withServerUpgrade: (
                            upgraders: [upgrader],
                            completionHandler: { context in context.pipeline.removeHandler(refusal, promise: nil) }
                        ))
                }.flatMapThrowing {
                    guard let tls else { return }
                    try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls), position: .first)
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        server.listener.withLock { $0 = listening }
        do {
            let result = try await body(server)
            try await server.stop()
            return result
        } catch {
            try await server.stop()
            throw error
        }
    }

    func stop() async throws {
        for channel in channels { channel.close(promise: nil) }
        let channel = listener.withLock { $0.take() }
        try await channel?.close()
    }

    /// Waits until `count` frames have come.
    func frames(_ count: Int) async -> [Received] {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.received.count >= count { return true }
                state.waiters.append((count, continuation))
                return false
            }
            if isThere { continuation.resume() }
        }
        return received
    }

    fileprivate func note(_ channel: any Channel, _ frame: WebSocketFrame) {
        let due = state.withLock { state in
            state.received.append(
                Received(
                    opcode: frame.opcode, isMasked: frame.maskKey != nil, bytes: Array(buffer: frame.unmaskedData)))
            let count = state.received.count
            let due = state.waiters.filter { $0.count <= count }
            state.waiters.removeAll { $0.count <= count }
            return due
        }
        onFrame(channel, frame)
        for waiter in due { waiter.continuation.resume() }
    }
}

/// Shorthands for a server's answers.
extension Channel {
    func text(_ text: String, fin: Bool = true, opcode: WebSocketOpcode = .text, maskKey: WebSocketMaskingKey? = nil) {
        write(
            WebSocketFrame(fin: fin, opcode: opcode, maskKey: maskKey, data: allocator.buffer(string: text)),
            promise: nil)
    }

    func sayGoodbye(_ code: UInt16, _ reason: String) {
        var data = allocator.buffer(capacity: 2)
        data.writeInteger(code)
        data.writeString(reason)
        writeAndFlush(WebSocketFrame(fin: true, opcode: .connectionClose, data: data), promise: nil)
    }
}

private final class FrameNote: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame

    private let server: WebSocketTestServer

    init(_ server: WebSocketTestServer) {
        self.server = server
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        server.note(context.channel, unwrapInboundIn(data))
    }
}

private final class Refusal: ChannelInboundHandler, RemovableChannelHandler, Sendable {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let status: Int

    init(status: Int) {
        self.status = status
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .end = unwrapInboundIn(data) else { return }
        let headers: HTTPHeaders = ["Content-Length": "0", "Date": "Sat, 21 Nov 2026 03:00:00 GMT"]
        context.write(
            wrapOutboundOut(
                .head(HTTPResponseHead(version: .http1_1, status: .init(statusCode: status), headers: headers))),
            promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
}
