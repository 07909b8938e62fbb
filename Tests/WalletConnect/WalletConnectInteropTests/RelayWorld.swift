import Logging
import Primitives
import Storage
import WalletConnectRelay

/// Our relay on a free loopback port, for as long as a test takes.
struct RelayWorld: Sendable {
    let server: RelayServer
    let port: Int
    var url: String { "ws://\(hostAndPort)" }
    var hostAndPort: String { "127.0.0.1:\(port)" }

    /// A name for the relay that is known before its port is: what tokens of the raw peer are made out to.
    static let audience = "wss://relay.coffer.example"
    static let standardPingSeconds = RelayLimits().pingSeconds

    static let logger: Logger = {
        var logger = Logger(label: "relay")
        logger.logLevel = .error
        return logger
    }()

    /// Runs a relay; it stops in order when `body` has ended.
    static func running<Result: Sendable>(
        store: any Store = MemoryStore(), port: Int = 0, logger: Logger = logger,
        settings change: (inout WalletConnectRelay.RelaySettings) -> Void = { _ in },
        _ body: @escaping @Sendable (RelayWorld) async throws -> Result
    ) async throws -> Result {
        var settings = WalletConnectRelay.RelaySettings()
        change(&settings)
        let server = RelayServer(
            settings: settings, store: store, identity: try RelayIdentity.random(), logger: logger)
        let (ports, ready) = AsyncStream.makeStream(of: Int.self)
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask {
                defer { ready.finish() }
                try await server.run(host: "127.0.0.1", port: port) { ready.yield($0) }
                return nil
            }
            var iterator = ports.makeAsyncIterator()
            guard let open = await iterator.next() else {
                while try await group.next() != nil {}
                throw NotOpen()
            }
            group.addTask { try await body(RelayWorld(server: server, port: open)) }
            while let ended = try await group.next() {
                guard let result = ended else { continue }
                group.cancelAll()
                return result
            }
            throw NotOpen()
        }
    }

    /// The relay ended before its port was open.
    struct NotOpen: Error {}
}
