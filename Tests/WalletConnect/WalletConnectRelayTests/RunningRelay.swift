import Foundation
import Logging
import Primitives
import Storage
import WalletConnectRelay

/// A relay on a free port, for as long as a test lasts.
struct RunningRelay: Sendable {
    let port: Int
    let server: RelayServer
    let clock: WallClock

    @discardableResult
    static func with<Result>(
        settings: RelaySettings = RelaySettings(), store: any Store = MemoryStore(),
        identity: RelayIdentity? = nil, clock: WallClock = .system,
        post: RelayServer.WebhookPost? = nil, _ body: (RunningRelay) async throws -> Result
    ) async throws -> Result {
        var logger = Logger(label: "relay")
        logger.logLevel = .critical
        let server = RelayServer(
            settings: settings, store: store, identity: try identity ?? .random(), post: post, clock: clock,
            logger: logger)
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        let running = Task { try await server.run(host: "127.0.0.1", port: 0) { port.yield($0) } }
        var iterator = ports.makeAsyncIterator()
        guard let bound = await iterator.next() else { throw CancellationError() }
        defer { running.cancel() }
        let result = try await body(RunningRelay(port: bound, server: server, clock: clock))
        running.cancel()
        try await running.value
        return result
    }
}
