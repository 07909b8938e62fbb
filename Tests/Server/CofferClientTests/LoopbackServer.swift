import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A server on this machine that answers each request as a test says, or hangs up.
enum LoopbackServer {
    struct Request: Sendable {
        var method: HTTPMethod
        var target: String
        var headers: HTTPHeaders
        var body: String

        func header(_ name: String) -> String? { headers.first(name: name) }
    }

    enum Reply: Sendable {
        case answer(Int, HTTPHeaders, String)
        /// A body that ends with the connection, without saying so.
        case brokenOff(String)
        case hangUp
        case silence

        static func json(_ status: Int, _ body: String) -> Reply {
            .answer(status, ["Content-Type": "application/json"], body)
        }
        static func events(_ body: String) -> Reply { .answer(200, ["Content-Type": "text/event-stream"], body) }
    }

    /// Runs `body` against a server that answers request number n (from 0) with `reply(n, request)`.
    static func run(
        _ reply: @escaping @Sendable (Int, Request) -> Reply,
        _ body: (_ port: Int, _ requests: () -> [Request]) async throws -> Void
    ) async throws {
        let log = Log()
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Handler(log: log, reply: reply))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        do {
            try await body(channel.localAddress?.port ?? 0) { log.all }
        } catch {
            try? await channel.close()
            throw error
        }
        try await channel.close()
    }

    private final class Log: Sendable {
        private let requests = Mutex<[Request]>([])
        var all: [Request] { requests.withLock { $0 } }
        func add(_ request: Request) -> Int {
            requests.withLock { list in
                list.append(request)
                return list.count - 1
            }
        }
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let log: Log
        private let reply: @Sendable (Int, Request) -> Reply
        private var head: HTTPRequestHead?
        private var body = ""

        init(log: Log, reply: @escaping @Sendable (Int, Request) -> Reply) {
            self.log = log
            self.reply = reply
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head):
                self.head = head
                body = ""
            case .body(let buffer):
                body += String(buffer: buffer)
            case .end:
                guard let head else { return }
                let request = Request(method: head.method, target: head.uri, headers: head.headers, body: body)
                answer(reply(log.add(request), request), context)
            }
        }

        private func answer(_ reply: Reply, _ context: ChannelHandlerContext) {
            switch reply {
            case .hangUp: context.close(promise: nil)
            case .silence: break
            case .answer(let status, var headers, let text):
                headers.replaceOrAdd(name: "Content-Length", value: "\(text.utf8.count)")
                send(status, headers, text, context)
                context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            case .brokenOff(let text):
                send(200, ["Content-Type": "text/event-stream", "Content-Length": "1000000"], text, context)
                context.close(promise: nil)
            }
        }

        private func send(_ status: Int, _ headers: HTTPHeaders, _ text: String, _ context: ChannelHandlerContext) {
            let head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: status), headers: headers)
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
        }
    }
}
