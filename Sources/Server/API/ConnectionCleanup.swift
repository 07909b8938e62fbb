import Primitives
import Storage

/// Forgets what the server's own database keeps of connections, once it was kept long enough: events, and the idempotency
/// keys of requests to wallets.
///
/// Events of anything else stay for ever.
public struct ConnectionCleanup: Sendable {
    /// Seconds for which events of connections are kept, unless the settings say otherwise: 30 days.
    public static let eventSecondsStandard: Int64 = 30 * 86_400
    /// Rows that one unit of work looks at, so that payments need not wait for long.
    static let batchMax = 500

    private let store: any Store
    private let keys: WalletRequestKeys
    private let eventSeconds: Int64
    private let clock: WallClock

    init(store: any Store, keys: WalletRequestKeys, eventSeconds: Int64, clock: WallClock) {
        self.store = store
        self.keys = keys
        self.eventSeconds = eventSeconds
        self.clock = clock
    }

    /// Forgets all that is old, batch by batch.
    ///
    /// - Throws: `StorageError`; what was forgotten before stays so.
    public func run() async throws {
        let before = clock.now.adding(seconds: -eventSeconds)
        while !Task.isCancelled {
            let hasMore = try await store.write { tx in
                try EventLog.prune(prefix: ConnectionEvents.prefix, before: before, limit: Self.batchMax, in: tx)
            }
            guard hasMore else { break }
        }
        while !Task.isCancelled {
            guard try await keys.prune(limit: Self.batchMax) == Self.batchMax else { break }
        }
    }
}
