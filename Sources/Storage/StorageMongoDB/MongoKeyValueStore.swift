#if MongoDB
    public import Primitives
    public import Storage
    import Synchronization

    /// Keeps records in MongoDB.
    ///
    /// ```swift
    /// let settings = try MongoSettings(url: "mongodb://coffer:secret@a.example,b.example/coffer?replicaSet=rs0&tls=true")
    /// let records = try await MongoKeyValueStore.open(settings)
    /// for note in records.notes { logger.warning("\(note)") }
    /// ```
    ///
    /// One change is one write; several are a transaction, which needs a replica set (of one member, if need be) or
    /// sharding. What is acknowledged has reached the journals of a majority.
    ///
    /// A class, because it owns threads: ``close()`` ends them, as does the end of its life.
    public final class MongoKeyValueStore: KeyValueStore {
        /// Bytes of all values in one `apply`.
        public static let applyBytesMax = 64 << 20
        /// Questions that wait for a thread; more are refused as `overloaded`.
        public static let questionsMax = 1_024

        /// What an operator should know of the deployment, found when the store was opened.
        public let notes: [KeyValueNote]

        private let threads: MongoThreads
        private let hasTransactions: Bool

        private init(_ threads: MongoThreads, _ inspection: MongoInspection) {
            self.threads = threads
            notes = inspection.notes
            hasTransactions = inspection.hasTransactions
        }

        deinit { threads.stop() }

        /// Connects, and makes collection and index where they are missing.
        ///
        /// - Parameter random: spreads the moments at which what collided is tried again.
        /// - Throws: `KeyValueError`: `access_denied` for user, password and certificates, `invalid_settings`, `schema` when
        ///   the collection orders texts in another way than by bytes, `unavailable` when no server is reached in time.
        public static func open(
            _ settings: MongoSettings, random: RandomSource = .system
        ) async throws(KeyValueError) -> MongoKeyValueStore {
            let threads = MongoThreads(settings, random: random)
            do throws(KeyValueError) {
                // Twice: libmongoc waits as long for a server, and says then why it found none.
                let inspection = try await threads.ask(within: 2 * settings.deadlineMilliseconds) {
                    (records) throws(KeyValueError) in try MongoInspection(records.connection)
                }
                return MongoKeyValueStore(threads, inspection)
            } catch {
                threads.stop()
                throw error
            }
        }

        /// Lets the threads end when they have done what they were asked; what comes later fails as `closed`.
        public func close() {
            threads.stop()
        }

        public func read(_ keys: [KeyValueKey]) async throws(KeyValueError) -> [KeyValueRecord?] {
            for key in keys { try KeyValueLimits.check(key) }
            guard !keys.isEmpty else { return [] }
            return try await threads.ask { (records) throws(KeyValueError) in try records.read(keys) }
        }

        public func list(
            _ collection: String, after: String?, limit: Int
        ) async throws(KeyValueError) -> [KeyValueRecord] {
            // For MongoDB a limit of zero is none.
            guard limit > 0 else { return [] }
            return try await threads.ask { (records) throws(KeyValueError) in
                try records.list(collection, after: after, limit: limit)
            }
        }

        public func apply(_ changes: [KeyValueChange]) async throws(KeyValueError) {
            try KeyValueLimits.check(changes)
            try Self.checkBytes(changes)
            if changes.count == 1, let change = changes.first {
                return try await threads.ask { (records) throws(KeyValueError) in try records.apply(change) }
            }
            guard !changes.isEmpty else { return }
            guard hasTransactions else {
                throw KeyValueError(.invalidSettings, "mongodb: several changes at once need a replica set")
            }
            try await threads.ask { (records) throws(KeyValueError) in try records.apply(changes) }
        }

        public func removeExpired(before moment: Timestamp, limit: Int) async throws(KeyValueError) -> Int {
            try await threads.ask { (records) throws(KeyValueError) in
                try records.removeExpired(before: moment, limit: limit)
            }
        }

        /// Asks for a change that changes nothing, acknowledged by a majority.
        public func health() async throws(KeyValueError) -> Duration {
            let start = ContinuousClock.now
            try await threads.ask(within: threads.settings.healthDeadlineMilliseconds) {
                (records) throws(KeyValueError) in try records.health()
            }
            return start.duration(to: .now)
        }

        private static func checkBytes(_ changes: [KeyValueChange]) throws(KeyValueError) {
            var bytes = 0
            for change in changes {
                guard case .put(let value, _) = change.operation else { continue }
                bytes += value.count
                guard bytes <= applyBytesMax else {
                    throw KeyValueError(
                        .valueTooLarge, "with \(change.key) the changes have more than \(applyBytesMax) bytes",
                        key: change.key)
                }
            }
        }
    }
#endif
