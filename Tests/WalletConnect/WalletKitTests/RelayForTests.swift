import Logging
import Storage
import WalletConnectRelay

/// Our relay on a free loopback port.
enum RelayForTests {
    /// Runs a relay; it stops in order when `body` has ended.
    static func running<Result: Sendable>(
        _ body: @escaping @Sendable (_ url: String) async throws -> Result
    ) async throws -> Result {
        var logger = Logger(label: "relay")
        logger.logLevel = .error
        let server = RelayServer(
            settings: RelaySettings(), store: MemoryStore(), identity: try RelayIdentity.random(), logger: logger)
        let (ports, ready) = AsyncStream.makeStream(of: Int.self)
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask {
                defer { ready.finish() }
                try await server.run(host: "127.0.0.1", port: 0) { ready.yield($0) }
                return nil
            }
            var iterator = ports.makeAsyncIterator()
            guard let port = await iterator.next() else {
                while try await group.next() != nil {}
                throw Ended(what: "the relay")
            }
            group.addTask { try await body("ws://127.0.0.1:\(port)") }
            defer { group.cancelAll() }
            while let ended = try await group.next() {
                if let result = ended { return result }
            }
            throw Ended(what: "the relay")
        }
    }
}
