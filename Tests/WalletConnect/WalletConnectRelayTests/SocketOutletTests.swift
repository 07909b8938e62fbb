import NIOCore
import NIOEmbedded
import NIOWebSocket
import Testing

@testable import WalletConnectRelay

/// The order in which a socket is written to.
@Suite struct SocketOutletTests {
    private func written(_ channel: EmbeddedChannel) throws -> [String] {
        var texts: [String] = []
        while let frame = try channel.readOutbound(as: WebSocketFrame.self) { texts.append(String(buffer: frame.data)) }
        return texts
    }

    private func outlet(takesBreath: Bool, bytesMax: Int = 1 << 20) -> (
        SocketOutlet, EmbeddedChannel, EmbeddedEventLoop
    ) {
        let loop = EmbeddedEventLoop()
        let channel = EmbeddedChannel(loop: loop)
        // Far from the beginning of time, where every deadline is past.
        loop.advanceTime(by: .hours(1))
        return (SocketOutlet(channel: channel, outboundBytesMax: bytesMax, takesBreath: takesBreath), channel, loop)
    }

    private func say(_ outlet: SocketOutlet, _ body: (SocketOutlet) -> Void) {
        body(outlet)
        outlet.deliver()
    }

    @Test func `a push follows an answer at once`() throws {
        let (outlet, channel, _) = outlet(takesBreath: false)
        say(outlet) { outlet in
            outlet.put(ByteBuffer(string: "answer"))
            outlet.putPush(ByteBuffer(string: "push"))
        }
        #expect(try written(channel) == ["answer", "push"])
    }

    @Test func `a JavaScript client has a moment between an answer and the next push`() throws {
        let (outlet, channel, loop) = outlet(takesBreath: true)
        say(outlet) { $0.putPush(ByteBuffer(string: "0")) }
        #expect(try written(channel) == ["0"], "nothing was answered")
        say(outlet) { outlet in
            outlet.put(ByteBuffer(string: "answer"))
            outlet.putPush(ByteBuffer(string: "1"))
        }
        #expect(try written(channel) == ["answer"])
        loop.advanceTime(by: .milliseconds(19))
        say(outlet) { outlet in
            outlet.putPush(ByteBuffer(string: "2"))
            outlet.put(ByteBuffer(string: "another answer"))
            outlet.putPush(ByteBuffer(string: "3"))
        }
        #expect(try written(channel) == ["another answer"])
        loop.advanceTime(by: .milliseconds(1))
        #expect(try written(channel) == ["1", "2"], "they do not wait longer for the later answer")
        loop.advanceTime(by: .milliseconds(19))
        #expect(try written(channel) == ["3"])
        say(outlet) { $0.putPush(ByteBuffer(string: "4")) }
        #expect(try written(channel) == ["4"])
    }

    @Test func `what is held for a socket has a bound, and is gone with it`() throws {
        let (outlet, channel, loop) = outlet(takesBreath: true, bytesMax: 10)
        outlet.put(ByteBuffer(string: "answer"))
        outlet.putPush(ByteBuffer(string: "123456"))
        outlet.isOver()
        loop.advanceTime(by: .milliseconds(10))
        outlet.deliver()
        #expect(try written(channel) == [])
    }
}
