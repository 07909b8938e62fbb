#if SQLite
    import Contracts
    import Foundation
    import Primitives
    import Storage
    import StorageSQL
    import StorageSQLite
    import Synchronization
    import Testing

    struct SQLiteStoreTests {
        let directory: TemporaryDirectory

        init() throws {
            directory = try TemporaryDirectory()
        }

        private func fresh() async throws -> any Store {
            try await SQLite.open(path: directory.file("\(UUID().uuidString).db"))
        }

        @Test func `an SQLite store keeps the contract of a store`() async throws {
            try await checkStore(fresh)
        }

        @Test func `an SQLite store without readers keeps the contract of a store`() async throws {
            try await checkStore { try await SQLite.open(path: directory.file("\(UUID().uuidString).db"), readers: 0) }
        }

        @Test func `what was written is there after closing and opening`() async throws {
            let store = try await SQLite.open(path: directory.file())
            try await store.migrate(Items.migrations)
            try await store.write { try $0.insert(into: Items.table, Items.row(1)) }
            await store.close()
            let again = try await SQLite.open(path: directory.file())
            try await again.migrate(Items.migrations)
            #expect(try await again.read { try $0.count(Items.table, where: []) } == 1)
            await again.close()
        }

        @Test func `two stores on one file are one writer after another, and read what the other stored`() async throws
        {
            let stores = [try await SQLite.open(path: directory.file()), try await SQLite.open(path: directory.file())]
            try await stores[0].migrate(TableKeyValueStore.migrations)
            let records = stores.map { TableKeyValueStore(store: $0) }
            let key = KeyValueKey(collection: "notes", key: "count")
            try await records[0].apply([.put(key, [])])
            let steps = 100
            try await withThrowingTaskGroup(of: Void.self) { group in
                for own in records {
                    group.addTask {
                        var done = 0
                        while done < steps {
                            let found = try #require(try await own.read([key])[0])
                            do throws(KeyValueError) {
                                try await own.apply([.put(key, [], if: .revision(found.revision))])
                                done += 1
                            } catch {
                                #expect(error.code == .conflict, "\(error)")
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            for own in records { #expect(try await own.read([key])[0]?.revision == Int64(1 + 2 * steps)) }
            for store in stores { await store.close() }
        }

        @Test func `closing finishes every unit of work that was accepted`() async throws {
            let store = try await SQLite.open(path: directory.file())
            try await store.migrate(Items.migrations)
            let outcomes = await withTaskGroup(of: Bool.self) { group in
                for id in 0..<500 {
                    group.addTask {
                        let error = await storageFailure {
                            try await store.write { try $0.insert(into: Items.table, Items.row(Int64(id))) }
                        }
                        if let error { #expect(error.code == .closed) }
                        return error == nil
                    }
                    if id == 250 {
                        group.addTask {
                            await store.close(); return false
                        }
                    }
                }
                return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            await store.close()
            let again = try await SQLite.open(path: directory.file())
            #expect(try await again.read { try $0.count(Items.table, where: []) } == outcomes)
            await again.close()
        }

        @Test func `a closed store leaves one file and no log behind`() async throws {
            let store = try await SQLite.open(path: directory.file())
            try await store.migrate(Items.migrations)
            try await store.write { try $0.insert(into: Items.table, Items.row(1)) }
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path).count > 1)
            await store.close()
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["coffer.db"])
        }

        @Test func `2,000 concurrent units of work share few commits`() async throws {
            let counters = Counters()
            let store = try await SQLite.open(path: directory.file()) { count, _ in counters.add(units: count) }
            try await store.migrate(Items.migrations)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for id in 0..<2_000 {
                    group.addTask {
                        _ = try await store.write { try $0.insert(into: Items.table, Items.row(Int64(id))) }
                    }
                }
                try await group.waitForAll()
            }
            await store.close()
            #expect(counters.units == 2_000, "each unit is counted in one commit")
            #expect(counters.commits < 400, "\(counters.commits) commits")
        }

        @Test func `a long read holds up neither writers nor other readers`() async throws {
            let store = try await SQLite.open(path: directory.file())
            try await store.migrate(Items.migrations)
            let gate = DispatchSemaphore(value: 0)
            async let slow: Int = store.read { tx in
                let before = try tx.count(Items.table, where: [])
                gate.wait()
                // The view is the one from before, whatever was written meanwhile.
                return try tx.count(Items.table, where: []) - before
            }
            for id in Int64(0)..<100 {
                try await store.write { try $0.insert(into: Items.table, Items.row(id)) }
                #expect(try await store.read { try $0.count(Items.table, where: []) } == Int(id) + 1)
            }
            gate.signal()
            #expect(try await slow == 0)
            await store.close()
        }

        @Test func `a backup under load is a consistent copy`() async throws {
            let store = try await SQLite.open(path: directory.file())
            try await store.migrate(Items.migrations)
            let copies = (0..<3).map { directory.file("copy \($0).db") }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in Int64(0)..<8 {
                    group.addTask {
                        // Two rows in each unit of work: a copy has both or neither.
                        for step in Int64(0)..<40 {
                            let id = (writer * 40 + step) * 2
                            try await store.write { tx in
                                try tx.insert(into: Items.table, Items.row(id, bytes: 2_000))
                                try tx.insert(into: Items.table, Items.row(id + 1, bytes: 2_000))
                            }
                        }
                    }
                }
                group.addTask {
                    for copy in copies { try await store.backup(to: copy) }
                }
                try await group.waitForAll()
            }
            let taken = await storageFailure { try await store.backup(to: copies[0]) }
            #expect(taken?.code == .unavailable, "a backup never replaces a file")
            let nowhere = await storageFailure { try await store.backup(to: directory.file("no/such/place.db")) }
            #expect(nowhere?.code == .unavailable)
            let files = try FileManager.default.contentsOfDirectory(atPath: directory.path)
            #expect(!files.contains { $0.hasSuffix(".partial") })
            await store.close()
            for copy in copies {
                let opened = try await SQLite.open(path: copy)
                try await opened.migrate(Items.migrations)
                let ids = try await opened.read { tx in
                    try tx.select(Query(Items.table)).map { try $0.get(Items.id) }
                }
                let whole = Set(ids)
                #expect(ids.allSatisfy { whole.contains($0 ^ 1) })
                try await opened.write { try $0.insert(into: Items.table, Items.row(1_000_000)) }
                await opened.close()
            }
        }

        @Test(.enabled(if: Shell.isInstalled, "the sqlite3 shell is not installed"))
        func `another program reads what is stored, as a whole and in the log's mode`() async throws {
            let store = try await SQLite.open(path: directory.file())
            try await store.migrate(Items.migrations)
            try await store.write { try $0.insert(into: Items.table, Items.row(1)) }
            let shell = try Shell(database: directory.file())
            #expect(try shell.run("PRAGMA journal_mode;") == "wal")
            #expect(try shell.run("SELECT count(*) FROM items;") == "1")
            #expect(try shell.run("PRAGMA integrity_check;") == "ok")
            // Tables are strict: a foreign program meets the same rules.
            #expect(
                try shell.run("SELECT count(*) FROM pragma_table_list WHERE strict = 0 AND name LIKE 'items';") == "0")
            shell.end()
            await store.close()
        }
    }

    /// Counts commits from the writer's thread.
    final class Counters: Sendable {
        private let state = Mutex((commits: 0, units: 0))
        var commits: Int { state.withLock { $0.commits } }
        var units: Int { state.withLock { $0.units } }

        func add(units: Int) {
            state.withLock {
                $0.commits += 1
                $0.units += units
            }
        }
    }
#endif
