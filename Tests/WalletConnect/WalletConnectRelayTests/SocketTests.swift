import Foundation
import NIOCore
import Primitives
import Testing
import WalletConnectProtocol
import WalletConnectRelay

struct SocketTests {
    @Test func `a message in fragments is one message, with pings between them`() async throws {
        try await RunningRelay.with { relay in
            let client = try await TestClient.connect(relay)
            let call = Array(
                #"{"id":1795216684473554,"jsonrpc":"2.0","method":"wc_createTopic","params":{"topic":"\#(Topic.test(1).hex)"}}"#
                    .utf8)
            let socket = client.socket
            try await socket.write(RawSocket.frame(opcode: 1, fin: false, Array(call[..<10])))
            try await socket.write(RawSocket.frame(opcode: 9, Array("ping".utf8)))
            try await socket.write(RawSocket.frame(opcode: 0, fin: false, Array(call[10..<40])))
            try await socket.write(RawSocket.frame(opcode: 0, Array(call[40...])))
            #expect(try await socket.next() == .pong)
            #expect(try await client.answer(to: 1_795_216_684_473_554) == true)
        }
    }

    @Test func `a binary frame is read as the text it holds`() async throws {
        try await RunningRelay.with { relay in
            let client = try await TestClient.connect(relay)
            let call =
                #"{"id":1795216684473554,"jsonrpc":"2.0","method":"wc_createTopic","params":{"topic":"\#(Topic.test(1).hex)"}}"#
            try await client.socket.write(RawSocket.frame(opcode: 2, Array(call.utf8)))
            #expect(try await client.answer(to: 1_795_216_684_473_554) == true)
        }
    }

    @Test func `what is no frame of ours ends the connection with its code`() async throws {
        try await RunningRelay.with { relay in
            let limit = RelayLimits().frameBytesMax
            let cases: [([UInt8], Int)] = [
                (RawSocket.frame(opcode: 0, [1]), 1_002),
                (RawSocket.frame(opcode: 1, [UInt8](repeating: 0x20, count: limit + 1)), 1_009),
                (
                    RawSocket.frame(opcode: 1, fin: false, [UInt8](repeating: 0x20, count: limit))
                        + RawSocket.frame(opcode: 0, [0x20]), 1_009
                ),
                (RawSocket.frame(opcode: 8, [0x03, 0xE8]), 1_000),
            ]
            for (bytes, code) in cases {
                let client = try await TestClient.connect(relay)
                try await client.socket.write(bytes)
                let incoming = try await client.socket.next()
                guard case .close(let answered, _) = incoming else {
                    Issue.record("\(incoming) instead of a close frame with \(code)")
                    continue
                }
                #expect(answered == code)
                #expect(try await client.socket.next() == .end)
            }
        }
    }

    @Test func `sockets are pinged, and one that never answers is ended`() async throws {
        var settings = RelaySettings()
        // Two in a row are missed before the end: on a busy machine an answer takes its time.
        settings.limits.pingSeconds = 3
        try await RunningRelay.with(settings: settings) { relay in
            let silent = try await TestClient.connect(relay)
            var pings = 0
            while case .ping = try await silent.socket.next() { pings += 1 }
            #expect(pings == 2)
            let start = ContinuousClock.now
            let lively = try await TestClient.connect(relay)
            for _ in 0..<4 {
                #expect(try await lively.socket.next() == .ping)
                try await lively.socket.write(RawSocket.frame(opcode: 10, []))
            }
            #expect(ContinuousClock.now - start < .seconds(24))
            try await lively.settle()
        }
    }

    @Test func `a half-closed connection is closed`() async throws {
        try await RunningRelay.with { relay in
            let client = try await TestClient.connect(relay)
            try await client.settle()
            #expect(relay.server.figures.connections == 1)
            try await client.socket.channel.close(mode: .output)
            #expect(try await client.socket.next() == .end)
            try await until { relay.server.figures.connections == 0 }
        }
    }

    @Test func `upgrades to anything else are answered as plain requests`() async throws {
        try await RunningRelay.with { relay in
            for (start, headers) in [
                ("GET /health", ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk"]),
                ("GET /health", ["Connection: upgrade", "Upgrade: websocket"]),
                ("GET /relay/health", ["Upgrade: h2c"]),
            ] {
                let answer = try await http(relay, start, headers)
                #expect(answer.head.hasPrefix("HTTP/1.1 200") && answer.body == #"{"status":"ok"}"#, "\(headers)")
            }
            let plain = try await http(relay, "GET /relay")
            #expect(plain.head.hasPrefix("HTTP/1.1 404"))
            let token = TestClient.token(TestClient.key(), at: relay.clock.now)
            let old = try await http(
                relay, "GET /relay?auth=\(token)",
                ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: x", "Sec-WebSocket-Version: 8"])
            #expect(old.head.hasPrefix("HTTP/1.1 426"))
        }
    }

    @Test func `several requests on one connection are answered in turn`() async throws {
        try await RunningRelay.with { relay in
            let socket = try await RawSocket.connect(port: relay.port)
            for _ in 0..<3 {
                try await socket.write(Array("GET /health HTTP/1.1\r\nHost: x\r\n\r\n".utf8))
                #expect(try await socket.response().head.hasPrefix("HTTP/1.1 200"))
            }
            await socket.close()
        }
    }

    @Test func `a reader that does not read gets everything when it does`() async throws {
        try await RunningRelay.with { relay in
            let (alice, bob) = (try await TestClient.connect(relay), try await TestClient.connect(relay))
            try await bob.subscribe(.test(1))
            try await bob.socket.channel.setOption(.autoRead, value: false).get()
            let filler = String(repeating: "x", count: 60_000)
            // More than the buffers of both kernels hold: the rest waits in the mailbox.
            for index in 0..<300 { try await alice.publish(.test(1), "\(index) \(filler)") }
            try await bob.socket.channel.setOption(.autoRead, value: true).get()
            bob.socket.channel.read()
            let numbers = try await bob.pushes(300).map { $0.message.split(separator: " ")[0] }
            #expect(numbers == (0..<300).map { "\($0)" })
            try await bob.settle()
            #expect(bob.pushes.count == 300)
        }
    }

    @Test func `a relay that stops says so, and keeps what it has acknowledged`() async throws {
        let store = MemoryTwin()
        let key = TestClient.key()
        var settings = RelaySettings()
        settings.limits.drainMilliseconds = 200
        var client: TestClient?
        var server: RelayServer?
        try await RunningRelay.with(settings: settings, store: store.store) { relay in
            let bob = try await TestClient.connect(relay, key: key)
            bob.acknowledges = false
            try await bob.subscribe(.test(1))
            let alice = try await TestClient.connect(relay)
            for index in 0..<50 { try await alice.publish(.test(1), "m\(index)") }
            client = bob
            server = relay.server
        }
        // It ends after its sockets, or the process would end under them.
        #expect(server?.figures.connections == 0)
        let bob = try #require(client)
        var closed: RawSocket.Incoming?
        while closed == nil {
            let incoming = try await bob.socket.next()
            if case .close = incoming { closed = incoming }
        }
        #expect(closed == .close(code: 1_001, reason: "The relay stops"))
        try await RunningRelay.with(store: store.store) { relay in
            let again = try await TestClient.connect(relay, key: key)
            try await again.subscribe(.test(1))
            #expect(try await again.pushes(50).map { $0.message } == (0..<50).map { "m\($0)" })
        }
    }
}

/// Waits for what comes true by itself, looking often; for seconds at most.
func until(_ condition: () -> Bool) async throws {
    for _ in 0..<1_000 where !condition() { try await Task.sleep(for: .milliseconds(5)) }
    #expect(condition())
}
