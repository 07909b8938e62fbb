import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import NIOWebSocket
import Testing
import WalletConnectClient
import WalletConnectNetwork

struct WebSocketTransportTests {
    private static func transport(
        silence: Int = 35, ping: Int = 15, waiting: Int = 8 << 20
    ) throws -> WebSocketTransport {
        var settings = WebSocketTransport.Settings()
        settings.silenceSecondsMax = silence
        settings.pingAfterSeconds = ping
        settings.waitingBytesMax = waiting
        return try WebSocketTransport(eventLoops: MultiThreadedEventLoopGroup.singleton, settings: settings)
    }

    private func open(
        _ server: WebSocketTestServer, path: String = "/?auth=x&projectId=y", max: Int = 1 << 20
    ) async throws -> any RelayConnection {
        try await Self.transport().open(
            RelayOpening(
                url: server.url + path, headers: [HTTPField("Origin", "https://dapp.example")], deadline: .seconds(10),
                messageBytesMax: max))
    }

    private func failure(_ url: String, deadline: Duration = .seconds(10)) async throws -> TransportError? {
        do {
            _ = try await Self.transport().open(RelayOpening(url: url, deadline: deadline, messageBytesMax: 1 << 20))
            return nil
        } catch let error as TransportError {
            return error
        }
    }

    /// The next `count` texts.
    private func texts(_ connection: any RelayConnection, _ count: Int) async -> [String] {
        var all: [String] = []
        while all.count < count {
            guard case .texts(let batch) = await connection.receive() else { break }
            all += batch.map { String(decoding: $0, as: UTF8.self) }
        }
        return all
    }

    /// What ends the connection; texts before it are let go.
    private func end(_ connection: any RelayConnection) async -> RelayClose {
        while true {
            if case .closed(let close) = await connection.receive() { return close }
        }
    }

    @Test func `texts go out masked in order, and come back`() async throws {
        try await WebSocketTestServer.run(onFrame: { channel, frame in
            guard frame.opcode == .text else { return }
            channel.text(String(buffer: frame.unmaskedData))
            channel.flush()
        }) { server in
            let connection = try await open(server)
            let sent = (0..<200).map { "{\"id\":\($0)}" }
            connection.send(sent.prefix(100).map { Array($0.utf8) })
            connection.send(sent.dropFirst(100).map { Array($0.utf8) })
            #expect(await texts(connection, 200) == sent)
            #expect(server.received.allSatisfy { $0.isMasked && $0.opcode == .text })
            #expect(server.uris == ["/?auth=x&projectId=y"])
            #expect(server.headers[0]["host"] == ["127.0.0.1:\(server.port)"])
            #expect(server.headers[0]["origin"] == ["https://dapp.example"])
            connection.close(code: 1000, reason: "done")
            #expect(await end(connection) == RelayClose(code: 1000, reason: "done"))
            let last = try #require(await server.frames(201).last)
            #expect(last.opcode == .connectionClose)
            #expect(last.bytes == [0x03, 0xE8] + Array("done".utf8))
        }
    }

    @Test func `texts sent together with the upgrade are not lost`() async throws {
        try await WebSocketTestServer.run(onOpen: { channel in
            channel.text("first")
            channel.text("second")
            channel.flush()
        }) { server in
            let connection = try await open(server)
            #expect(await texts(connection, 2) == ["first", "second"])
            connection.close(code: 1000, reason: "")
        }
    }

    @Test func `fragments make one message, with pings between them`() async throws {
        try await WebSocketTestServer.run(onOpen: { channel in
            channel.text("one ", fin: false)
            channel.write(
                WebSocketFrame(fin: true, opcode: .ping, data: channel.allocator.buffer(string: "p")), promise: nil)
            channel.text("two ", fin: false, opcode: .continuation)
            channel.text("three", opcode: .continuation)
            channel.flush()
        }) { server in
            let connection = try await open(server)
            #expect(await texts(connection, 1) == ["one two three"])
            let pong = await server.frames(1)[0]
            #expect(pong.opcode == .pong)
            #expect(pong.bytes == Array("p".utf8))
            connection.close(code: 1000, reason: "")
        }
    }

    @Test func `a message that is too long closes with 1009`() async throws {
        for fragmented in [false, true] {
            try await WebSocketTestServer.run(onOpen: { channel in
                if fragmented {
                    channel.text(String(repeating: "a", count: 700), fin: false)
                    channel.text(String(repeating: "b", count: 700), opcode: .continuation)
                } else {
                    channel.text(String(repeating: "a", count: 1025))
                }
                channel.flush()
            }) { server in
                let connection = try await open(server, max: 1024)
                #expect(await end(connection).code == RelayClose.messageTooBig)
            }
        }
    }

    @Test func `a masked frame closes with 1002`() async throws {
        try await WebSocketTestServer.run(onOpen: { channel in
            channel.text("masked", maskKey: [1, 2, 3, 4])
            channel.flush()
        }) { server in
            let connection = try await open(server)
            #expect(await end(connection).code == RelayClose.protocolError)
        }
    }

    @Test func `the close of the relay is told with code and reason, after the texts before it`() async throws {
        try await WebSocketTestServer.run(onOpen: { channel in
            channel.text("last words")
            channel.sayGoodbye(3000, "Project not found")
        }) { server in
            let connection = try await open(server)
            #expect(await texts(connection, 1) == ["last words"])
            #expect(await end(connection) == RelayClose(code: 3000, reason: "Project not found"))
            #expect(await end(connection) == RelayClose(code: 3000, reason: "Project not found"), "and again")
            connection.send([[1]])
        }
    }

    @Test func `a broken socket is told as 1006`() async throws {
        try await WebSocketTestServer.run { server in
            let connection = try await open(server)
            for channel in server.channels { channel.close(promise: nil) }
            #expect(await end(connection).code == RelayClose.abnormal)
        }
    }

    @Test func `a refused upgrade tells the status and the date`() async throws {
        for status in [401, 403, 429, 404, 500, 200] {
            try await WebSocketTestServer.run(status: status) { server in
                let error = try #require(try await failure(server.url + "/?auth=secret"))
                #expect(error.code == .refused)
                #expect(error.httpStatus == status)
                #expect(error.serverDate == "Sat, 21 Nov 2026 03:00:00 GMT")
                #expect(!"\(error)".contains("secret"))
            }
        }
    }

    @Test func `a server that never answers is given up at the deadline`() async throws {
        try await WebSocketTestServer.run(answers: false) { server in
            let error = try await failure(server.url, deadline: .milliseconds(50))
            #expect(error?.code == .timeout)
        }
    }

    @Test func `a cancelled open ends`() async throws {
        try await WebSocketTestServer.run(answers: false) { server in
            let url = server.url
            let task = Task { try await failure(url) }
            task.cancel()
            let error = try await task.value
            #expect(error?.code == .cancelled)
        }
    }

    @Test func `nobody there is unreachable`() async throws {
        // A port that was free a moment ago.
        let port = try await WebSocketTestServer.run { $0.port }
        let error = try await failure("ws://127.0.0.1:\(port)")
        #expect(error?.code == .unreachable)
    }

    @Test func `over TLS a server is believed when its authority is trusted and the name is its own`() async throws {
        let (own, other) = (
            try Certificates(name: "DNS:localhost,IP:127.0.0.1"), try Certificates(name: "DNS:other.example")
        )
        for (certificates, trusted, isOpened) in [(own, own, true), (own, other, false), (other, other, false)] {
            let echo: @Sendable (any Channel, WebSocketFrame) -> Void = { channel, frame in
                channel.writeAndFlush(WebSocketFrame(fin: true, opcode: .text, data: frame.unmaskedData), promise: nil)
            }
            try await WebSocketTestServer.run(tls: try certificates.server(), onFrame: echo) { server in
                for host in ["localhost", "127.0.0.1"] {
                    let transport = try WebSocketTransport(
                        eventLoops: MultiThreadedEventLoopGroup.singleton, tls: try trusted.client())
                    let opening = RelayOpening(
                        url: "wss://\(host):\(server.port)", deadline: .seconds(20), messageBytesMax: 1 << 20)
                    do {
                        let connection = try await transport.open(opening)
                        #expect(isOpened, "\(host)")
                        connection.send([Array("over TLS".utf8)])
                        #expect(await texts(connection, 1) == ["over TLS"])
                        connection.close(code: RelayClose.normal, reason: "")
                    } catch let error as TransportError {
                        #expect(!isOpened, "\(host): \(error)")
                        #expect(error.code == .tls)
                    }
                }
            }
        }
    }

    @Test func `plain bytes where TLS is spoken are a TLS error`() async throws {
        try await WebSocketTestServer.run { server in
            let error = try await failure("wss://127.0.0.1:\(server.port)")
            #expect(error?.code == .tls)
        }
    }

    @Test func `a URL that is none is refused without quoting it`() async throws {
        for url in [
            "", "http://h/", "wss:/h", "wss://", "wss://:1/", "wss://h:0", "wss://h:65536", "wss://h:x", "wss://a@h/",
            "wss://h/#f", "wss://h/ x", "wss://[::1", "wss://[::1]x", "ws", "wss://\u{E9}/",
        ] {
            let error = try await failure(url)
            #expect(error?.code == .badURL, "\(url)")
        }
    }

    @Test func `a cancelled wait answers no texts and loses none`() async throws {
        try await WebSocketTestServer.run(onFrame: { channel, _ in
            channel.text("answer")
            channel.flush()
        }) { server in
            let connection = try await open(server)
            let waiting = Task { await connection.receive() }
            waiting.cancel()
            guard case .texts(let none) = await waiting.value else {
                Issue.record("a cancelled wait ended the connection")
                return
            }
            #expect(none.isEmpty)
            connection.send([Array("question".utf8)])
            #expect(await texts(connection, 1) == ["answer"])
            connection.close(code: 1000, reason: "")
        }
    }

    @Test func `a reader that is slow loses nothing`() async throws {
        let count = 2000
        try await WebSocketTestServer.run(onOpen: { channel in
            for number in 0..<count {
                channel.text("\(number) " + String(repeating: "x", count: 1000))
            }
            channel.flush()
        }) { server in
            let connection = try await Self.transport(waiting: 4096).open(
                RelayOpening(url: server.url, deadline: .seconds(10), messageBytesMax: 2048))
            let all = await texts(connection, count)
            #expect(all.map { $0.prefix { $0 != " " } } == (0..<count).map { "\($0)" })
            connection.close(code: 1000, reason: "")
        }
    }

    @Test func `a silent peer is pinged, and given up when it stays silent`() async throws {
        try await WebSocketTestServer.run { server in
            let connection = try await Self.transport(silence: 1, ping: 0).open(
                RelayOpening(url: server.url, deadline: .seconds(10), messageBytesMax: 2048))
            // The test server answers no pings.
            #expect(await end(connection).code == RelayClose.abnormal)
            #expect(server.received.contains { $0.opcode == .ping })
        }
    }
}
