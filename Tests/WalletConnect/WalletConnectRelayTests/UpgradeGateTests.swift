import Logging
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Primitives
import Storage
import Testing

@testable import WalletConnectRelay

/// A connection before its first request.
@Suite struct UpgradeGateTests {
    @Test func `what is not HTTP is answered with 400 and the end of the connection`() async throws {
        try await RunningRelay.with { relay in
            for bytes in [
                "hello there\r\n\r\n", "GET /health HTTP/1.1\r\nContent-Length : 2\r\n\r\n", "\u{16}\u{3}\u{1}\r\n",
            ] {
                let socket = try await RawSocket.connect(port: relay.port)
                try await socket.write(Array(bytes.utf8))
                let answer = try await socket.response()
                #expect(answer.head.hasPrefix("HTTP/1.1 400"), "\(answer.head)")
                #expect(answer.head.contains("connection: close"))
                try await socket.channel.closeFuture.get()
            }
        }
    }

    @Test func `a peer that has asked nothing within its time is let go`() throws {
        let (channel, loop) = try waiting()
        loop.advanceTime(by: .seconds(59))
        #expect(channel.isActive)
        loop.advanceTime(by: .seconds(1))
        #expect(!channel.isActive)
    }

    @Test func `a peer that has asked is not held to the time for asking`() throws {
        let (channel, loop) = try waiting()
        try channel.writeInbound(HTTPServerRequestPart.head(HTTPRequestHead(version: .http1_1, method: .GET, uri: "/")))
        loop.advanceTime(by: .seconds(3_600))
        #expect(channel.isActive)
        _ = try channel.finish()
    }

    @Test func `a server that stops waits for no first request`() throws {
        let (channel, _) = try waiting()
        channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        #expect(!channel.isActive)
    }

    @Test func `a peer that half-closes without a request is let go`() throws {
        let (channel, _) = try waiting()
        channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        #expect(!channel.isActive)
    }

    /// A connection with a gate that waits 60 s for the first request.
    private func waiting() throws -> (EmbeddedChannel, EmbeddedEventLoop) {
        let server = RelayServer(store: MemoryStore(), identity: try .random(), logger: Logger(label: "relay"))
        let loop = EmbeddedEventLoop()
        let gate = UpgradeGate(hub: server.hub, paths: ["/"], patience: .seconds(60))
        let channel = EmbeddedChannel(handler: gate, loop: loop)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        return (channel, loop)
    }
}
