#if Redis
    public import NIOCore
    public import Primitives
    public import Storage

    /// Keeps records in Redis or Valkey.
    ///
    /// ```swift
    /// let settings = try RedisSettings(url: "redis://:secret@127.0.0.1:6379/0?prefix=coffer")
    /// let records = try await RedisKeyValueStore.open(settings, eventLoops: MultiThreadedEventLoopGroup.singleton)
    /// for note in records.notes { logger.warning("\(note)") }
    /// ```
    ///
    /// A change is a script that checks everything and then writes everything. What `apply` has acknowledged survives a
    /// crash of the server only with `appendonly yes` and `appendfsync always`; with less Redis answers before the disk
    /// has it, and ``notes`` says so. A failover to a replica may lose acknowledged records whatever is set, as replicas
    /// follow behind: where that matters, keep records in a database with majority writes.
    ///
    /// A class, because it owns connections: ``close()`` ends them, as does the end of its life.
    public final class RedisKeyValueStore: KeyValueStore {
        /// Bytes of all values in one `apply`; the server holds them several times over meanwhile.
        public static let applyBytesMax = RedisRecords.applyBytesMax

        /// What an operator should know of the server, found when the store was opened.
        public let notes: [KeyValueNote]

        private let records: RedisRecords

        private init(_ records: RedisRecords, notes: [KeyValueNote]) {
            self.records = records
            self.notes = notes
        }

        deinit { records.pool.close() }

        /// Connects, logs in, tries out whether records can be kept, and looks at how durably.
        ///
        /// - Parameters:
        ///   - eventLoops: where the connections live.
        ///   - random: spreads the moments at which broken connections are tried again.
        /// - Throws: `KeyValueError`: `access_denied` for user, password and certificates, `invalid_settings`, `schema`
        ///   when a newer program has written there, `unavailable` when the server is not reached within its deadline.
        public static func open(
            _ settings: RedisSettings, eventLoops: any EventLoopGroup, random: RandomSource = .system
        ) async throws(KeyValueError) -> RedisKeyValueStore {
            let pool = try RedisPool(settings, eventLoops: eventLoops, random: random)
            pool.start()
            do throws(KeyValueError) {
                let inspection = RedisInspection(pool: pool, settings: settings)
                let records = RedisRecords(pool, settings, digests: try await inspection.loadScripts())
                try await inspection.checkFormat()
                let tried = try await inspection.tryOut(records)
                if tried.isEmpty { try await inspection.markFormat() }
                return RedisKeyValueStore(records, notes: try await inspection.notes() + tried)
            } catch {
                pool.close()
                throw error
            }
        }

        /// Closes the connections; what is under way fails as `unavailable`, what comes later as `closed`.
        public func close() {
            records.pool.close()
        }

        /// Looks again at how durably the server keeps what it is told.
        ///
        /// - Throws: `KeyValueError` when the server does not answer.
        public func inspect() async throws(KeyValueError) -> [KeyValueNote] {
            try await records.inspection.notes()
        }

        public func read(_ keys: [KeyValueKey]) async throws(KeyValueError) -> [KeyValueRecord?] {
            try await records.read(keys)
        }

        public func list(
            _ collection: String, after: String?, limit: Int
        ) async throws(KeyValueError) -> [KeyValueRecord] {
            try await records.list(collection, after: after, limit: limit)
        }

        public func apply(_ changes: [KeyValueChange]) async throws(KeyValueError) {
            try await records.apply(changes)
        }

        public func removeExpired(before moment: Timestamp, limit: Int) async throws(KeyValueError) -> Int {
            try await records.removeExpired(before: moment, limit: limit)
        }

        /// Asks for a change that changes nothing, so that a full memory, a failed disk and a replica show.
        public func health() async throws(KeyValueError) -> Duration {
            try await records.health()
        }
    }
#endif
