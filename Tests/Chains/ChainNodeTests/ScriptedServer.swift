import AsyncHTTPClient
import ChainNode
import ChainNodeHTTP
import CoreMetrics
import NIOCore
import NIOPosix
import Primitives
import Synchronization

/// One request as it came over the wire.
struct ScriptedRequest: Sendable {
    let head: String
    let body: [UInt8]

    var json: JSON { (try? JSON.parse(body)) ?? .null }
    /// The calls, one or a batch.
    var calls: [JSON] { json.array ?? [json] }
}

/// What the server does with a request.
enum ScriptedAnswer: Sendable {
    /// A whole answer.
    case http(status: String, headers: [String], body: [UInt8])
    /// These bytes as they are; then the connection is closed.
    case bytes([UInt8])
    /// These bytes as they are; then nothing, for ever.
    case hanging([UInt8])
    /// Nothing, for ever.
    case silence

    static func body(_ text: String) -> ScriptedAnswer { .http(status: "200 OK", headers: [], body: Array(text.utf8)) }
    static func json(_ json: JSON) -> ScriptedAnswer { .http(status: "200 OK", headers: [], body: json.serialized()) }
    static func status(_ status: String) -> ScriptedAnswer {
        .http(status: status, headers: [], body: Array("<html>no</html>".utf8))
    }

    /// One result for every call, with the right ids.
    static func results(_ request: ScriptedRequest, _ result: (JSON) -> JSON) -> ScriptedAnswer {
        let answers = request.calls.map { call in
            JSON.object([
                JSONMember(name: "jsonrpc", value: "2.0"), JSONMember(name: "id", value: call["id"] ?? .null),
                JSONMember(name: "result", value: result(call)),
            ])
        }
        return .json(request.json.array == nil ? answers[0] : .array(answers))
    }

    /// One error for every call, with the right ids.
    static func errors(_ request: ScriptedRequest, code: Int, _ message: String, data: JSON? = nil) -> ScriptedAnswer {
        let answers = request.calls.map { call in
            var error = [
                JSONMember(name: "code", value: JSON(code)), JSONMember(name: "message", value: .string(message)),
            ]
            if let data { error.append(JSONMember(name: "data", value: data)) }
            return JSON.object([
                JSONMember(name: "jsonrpc", value: "2.0"), JSONMember(name: "id", value: call["id"] ?? .null),
                JSONMember(name: "error", value: .object(error)),
            ])
        }
        return .json(request.json.array == nil ? answers[0] : .array(answers))
    }
}

/// A server on the loopback that answers as a test says.
final class ScriptedServer: Sendable {
    let requests = Mutex<[ScriptedRequest]>([])
    fileprivate let script: @Sendable (ScriptedRequest) -> ScriptedAnswer

    fileprivate init(_ script: @escaping @Sendable (ScriptedRequest) -> ScriptedAnswer) { self.script = script }
}

/// Runs a server and a node that talks to it, and ends both.
func withScriptedNode<R>(
    limits: HTTPNode.Limits = .init(total: .seconds(30)), userInfo: String = "", path: String = "/",
    headers: [(name: String, value: String)] = [], metrics: any MetricsFactory = NOOPMetricsHandler.instance,
    script: @escaping @Sendable (ScriptedRequest) -> ScriptedAnswer,
    _ body: (HTTPNode, ScriptedServer) async throws -> R
) async throws -> R {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let server = ScriptedServer(script)
    let listener = try await ServerBootstrap(group: group)
        .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
        .childChannelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(WireHandler(server))
            }
        }
        .bind(host: "127.0.0.1", port: 0).get()
    let client = HTTPClient(eventLoopGroupProvider: .shared(group), configuration: HTTPNode.clientConfiguration())
    let endpoint = try HTTPEndpoint(
        name: "scripted", url: "http://\(userInfo)127.0.0.1:\(listener.localAddress?.port ?? 0)\(path)",
        headers: headers)
    let node = HTTPNode(
        chain: try ChainID("eip155:31337"), endpoint: endpoint, client: client, limits: limits, metrics: metrics)
    let result: Result<R, any Error>
    do { result = .success(try await body(node, server)) } catch { result = .failure(error) }
    try await client.shutdown()
    try await listener.close()
    try await group.shutdownGracefully()
    return try result.get()
}

/// Collects a request by its Content-Length and plays the script.
private final class WireHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let server: ScriptedServer
    private var received: [UInt8] = []

    init(_ server: ScriptedServer) { self.server = server }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        received += Array(unwrapInboundIn(data).readableBytesView)
        while let request = takeRequest() {
            server.requests.withLock { $0.append(request) }
            answer(server.script(request), context: context)
        }
    }

    private func takeRequest() -> ScriptedRequest? {
        let blank = Array("\r\n\r\n".utf8)
        guard let end = received.indices.first(where: { received[$0...].starts(with: blank) }) else { return nil }
        let head = String(decoding: received[..<end], as: UTF8.self)
        let length =
            head.lowercased().split(separator: "\r\n").first { $0.hasPrefix("content-length:") }
            .flatMap { Int($0.dropFirst(15).trimmingPrefix(" ")) } ?? 0
        guard received.count >= end + 4 + length else { return nil }
        let body = Array(received[(end + 4)..<(end + 4 + length)])
        received.removeFirst(end + 4 + length)
        return ScriptedRequest(head: head, body: body)
    }

    private func answer(_ answer: ScriptedAnswer, context: ChannelHandlerContext) {
        switch answer {
        case .silence: break
        case .hanging(let bytes): context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
        case .bytes(let bytes):
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
            context.close(promise: nil)
        case .http(let status, let headers, let body):
            let lines =
                ["HTTP/1.1 \(status)", "Content-Type: application/json", "Content-Length: \(body.count)"] + headers
            var buffer = ByteBuffer(string: lines.joined(separator: "\r\n") + "\r\n\r\n")
            buffer.writeBytes(body)
            context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
        }
    }
}
