#if SQLite
    import Dispatch
    import Storage
    import StorageSQL
    import StorageSQLite
    import Synchronization
    import Testing

    /// What `health` of records in tables asks of a store.
    struct HealthTests {
        let directory: TemporaryDirectory

        init() throws {
            directory = try TemporaryDirectory()
        }

        @Test func `a store that hangs is asked once, and every caller has an answer in time`() async throws {
            let store = try await SQLite.open(path: directory.file())
            try await store.migrate(TableKeyValueStore.migrations)
            let records = TableKeyValueStore(store: store, healthDeadlineMilliseconds: 50)
            let gate = DispatchSemaphore(value: 0)
            let (running, isRunning) = AsyncStream.makeStream(of: Void.self)
            async let held: Void = store.write { _ in
                isRunning.finish()
                gate.wait()
            }
            for await _ in running {}
            for _ in 0..<3 {
                async let first = healthFailure(records)
                async let second = healthFailure(records)
                for error in [await first, await second] {
                    #expect(error?.code == .unavailable)
                    #expect(error?.isRetryable == true)
                }
            }
            #expect(store.queuedUnits == 1, "a watch that asks again and again does not fill the queue")
            gate.signal()
            try await held
            // What was asked first is answered by now, or soon.
            var last = await healthFailure(records)
            while last?.code == .unavailable { last = await healthFailure(records) }
            #expect(last == nil)
            await store.close()
        }

        @Test func `health writes a record that nobody sees, and not at every question`() async throws {
            let (writes, began) = (Count(), ContinuousClock.now)
            let store = MemoryStore()
            try await store.migrate(TableKeyValueStore.migrations)
            let records = TableKeyValueStore(store: Counted(store: store) { writes.add() })
            let questions = 20
            for _ in 0..<questions { #expect(await healthFailure(records) == nil) }
            let seconds = Int(began.duration(to: .now).components.seconds)
            #expect(1...(1 + seconds) ~= writes.value)
            #expect(try await records.list("", after: nil, limit: 10).isEmpty)
        }
    }

    private final class Count: Sendable {
        private let count = Atomic(0)
        var value: Int { count.load(ordering: .relaxed) }

        func add() { count.add(1, ordering: .relaxed) }
    }

    /// Counts the rows that are written.
    private struct Counted: Store {
        let store: MemoryStore
        let note: @Sendable () -> Void

        func write<Result: Sendable>(
            _ body: @escaping @Sendable (any WriteTransaction) throws -> Result
        ) async throws -> Result {
            try await store.write { tx in try body(CountedTransaction(tx, note)) }
        }

        func read<Result: Sendable>(
            _ body: @escaping @Sendable (any ReadTransaction) throws -> Result
        ) async throws -> Result {
            try await store.read(body)
        }

        func migrate(_ migrations: [Migration]) async throws { try await store.migrate(migrations) }
        func backup(to path: String) async throws { try await store.backup(to: path) }
        func close() async { await store.close() }
    }

    private final class CountedTransaction: WriteTransaction {
        private let base: any WriteTransaction
        private let note: () -> Void

        init(_ base: any WriteTransaction, _ note: @escaping () -> Void) {
            self.base = base
            self.note = note
        }

        func insert(into table: Table, _ values: [Assignment]) throws(StorageError) -> Int64 {
            note()
            return try base.insert(into: table, values)
        }

        func update(_ table: Table, set values: [Assignment], where terms: [Term]) throws(StorageError) -> Int {
            note()
            return try base.update(table, set: values, where: terms)
        }

        func delete(from table: Table, where terms: [Term]) throws(StorageError) -> Int {
            try base.delete(from: table, where: terms)
        }

        func select(_ query: Query) throws(StorageError) -> [Row] { try base.select(query) }

        func count(_ table: Table, where terms: [Term]) throws(StorageError) -> Int {
            try base.count(table, where: terms)
        }

        func counts(
            _ table: Table, by column: String, where terms: [Term]
        ) throws(StorageError) -> [StoredValue: Int] {
            try base.counts(table, by: column, where: terms)
        }
    }
#endif
