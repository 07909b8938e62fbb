import Foundation
import NIOCore
import NIOPosix
import Synchronization

/// A TCP connection that speaks as much HTTP and WebSocket as a test wants, well or badly.
final class RawSocket: Sendable {
    enum Incoming: Sendable, Equatable {
        case text(String)
        case ping
        case pong
        case close(code: Int, reason: String)
        case other(opcode: UInt8)
        case end
    }

    struct Refused: Error, Equatable {
        let status: Int
        let head: String
        let body: String
    }

    private final class Collector: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        let out: AsyncStream<[UInt8]>.Continuation
        init(_ out: AsyncStream<[UInt8]>.Continuation) { self.out = out }
        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            out.yield(Array(unwrapInboundIn(data).readableBytesView))
        }
        func channelInactive(context: ChannelHandlerContext) { out.finish() }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    let channel: any Channel
    private let box: Reader

    private init(channel: any Channel, bytes: AsyncStream<[UInt8]>) {
        self.channel = channel
        box = Reader(bytes)
    }

    static func connect(port: Int, autoRead: Bool = true) async throws -> RawSocket {
        let (bytes, out) = AsyncStream.makeStream(of: [UInt8].self)
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.autoRead, value: autoRead)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Collector(out))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        return RawSocket(channel: channel, bytes: bytes)
    }

    /// A WebSocket; throws ``Refused`` when the answer is not 101.
    static func open(
        port: Int, target: String, headers: [String] = [], autoRead: Bool = true
    ) async throws -> RawSocket {
        let socket = try await connect(port: port)
        let lines =
            [
                "GET \(target) HTTP/1.1", "Host: 127.0.0.1:\(port)", "Connection: Upgrade", "Upgrade: websocket",
                "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            ] + headers
        try await socket.write(Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8))
        let (head, body) = try await socket.response()
        guard head.hasPrefix("HTTP/1.1 101") else {
            try? await socket.channel.close()
            throw Refused(status: Int(head.split(separator: " ")[1]) ?? 0, head: head, body: body)
        }
        if !autoRead { try await socket.channel.setOption(.autoRead, value: false).get() }
        return socket
    }

    func write(_ bytes: [UInt8]) async throws {
        try await channel.writeAndFlush(ByteBuffer(bytes: bytes))
    }

    /// The head and the body of an HTTP response; the body by its length.
    func response() async throws -> (head: String, body: String) {
        try await within { try await self.box.response() }
    }

    func send(_ text: String) async throws {
        try await write(Self.frame(opcode: 1, Array(text.utf8)))
    }

    /// A frame as clients send it, masked.
    static func frame(opcode: UInt8, fin: Bool = true, _ payload: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = [(fin ? 0x80 : 0) | opcode]
        switch payload.count {
        case ..<126: bytes.append(0x80 | UInt8(payload.count))
        case ..<65_536: bytes += [0xFE, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
        default: bytes += [0xFF] + (0..<8).map { UInt8(truncatingIfNeeded: payload.count >> (56 - 8 * $0)) }
        }
        let mask: [UInt8] = [0x37, 0xFA, 0x21, 0x3D]
        bytes += mask
        bytes += payload.enumerated().map { $1 ^ mask[$0 & 3] }
        return bytes
    }

    /// What comes next, within seconds.
    func next(seconds: Double = 10) async throws -> Incoming {
        try await within(seconds: seconds) { try await self.box.frame() }
    }

    func close() async {
        try? await channel.close()
    }

    struct Silence: Error {}

    private func within<Result: Sendable>(
        seconds: Double = 10, _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Result.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await Task.sleep(for: .seconds(seconds))
                throw Silence()
            }
            defer { group.cancelAll() }
            return try await group.next()!
        }
    }

    /// Cuts the stream of bytes into responses and frames; one caller at a time.
    private actor Reader {
        private var iterator: AsyncStream<[UInt8]>.Iterator
        private var buffer: [UInt8] = []

        init(_ bytes: AsyncStream<[UInt8]>) {
            iterator = bytes.makeAsyncIterator()
        }

        private func fill(_ count: Int) async -> Bool {
            while buffer.count < count {
                var iterator = iterator
                guard let more = await iterator.next(isolation: self) else { return false }
                self.iterator = iterator
                buffer += more
            }
            return true
        }

        func response() async throws -> (String, String) {
            let end = Array("\r\n\r\n".utf8)
            while buffer.firstRange(of: end) == nil {
                guard await fill(buffer.count + 1) else { return (String(decoding: buffer, as: UTF8.self), "") }
            }
            let range = buffer.firstRange(of: end)!
            let head = String(decoding: buffer[..<range.lowerBound], as: UTF8.self)
            buffer.removeFirst(range.upperBound)
            let length =
                head.lowercased().split(separator: "\r\n").first { $0.hasPrefix("content-length:") }
                .flatMap { Int($0.split(separator: ":")[1].trimmingCharacters(in: .whitespaces)) } ?? 0
            _ = await fill(length)
            let body = String(decoding: buffer.prefix(length), as: UTF8.self)
            buffer.removeFirst(min(length, buffer.count))
            return (head, body)
        }

        func frame() async throws -> Incoming {
            guard await fill(2) else { return .end }
            let opcode = buffer[0] & 0x0F
            var length = Int(buffer[1] & 0x7F)
            var start = 2
            if length == 126 {
                guard await fill(4) else { return .end }
                length = Int(buffer[2]) << 8 | Int(buffer[3])
                start = 4
            } else if length == 127 {
                guard await fill(10) else { return .end }
                length = buffer[2..<10].reduce(0) { $0 << 8 | Int($1) }
                start = 10
            }
            guard await fill(start + length) else { return .end }
            let payload = Array(buffer[start..<start + length])
            buffer.removeFirst(start + length)
            switch opcode {
            case 1: return .text(String(decoding: payload, as: UTF8.self))
            case 8:
                guard payload.count >= 2 else { return .close(code: 1_005, reason: "") }
                return .close(
                    code: Int(payload[0]) << 8 | Int(payload[1]), reason: String(decoding: payload[2...], as: UTF8.self)
                )
            case 9: return .ping
            case 10: return .pong
            default: return .other(opcode: opcode)
            }
        }
    }
}
