import Contracts
import Foundation
import Primitives
import Storage
import StorageSQL
import TestServers
import Testing

/// What holds for every database server behind the ports; the suites of the servers call it.
enum ServerChecks {
    static func contracts(_ server: some StoreServer) async throws {
        try await checkStore { try await server.fresh() }
        try await checkKeyValueStore { try await server.freshRecords() }
    }

    /// Random units of work, many of them refused in the middle, do what they do in memory.
    static func random(_ server: some StoreServer) async throws {
        let store = try await server.fresh()
        try await checkAgainstMemory(store, named: server.scheme, operations: 1_500, comparesNumbers: false)
        await store.close()
    }

    /// More different statements than a connection keeps prepared.
    static func manyStatements(_ server: some StoreServer) async throws {
        let store = try await server.fresh(["pool=2"])
        try await store.migrate(Items.migrations)
        try await store.write { try $0.insert(into: Items.table, Items.row(5)) }
        for number in 0..<1_100 {
            // Each bit is one of two comparisons.
            let terms = (0..<11).map { number >> $0 & 1 == 0 ? Items.id >= 5 : Items.id <= 5 }
            let count = try await store.read { try $0.count(Items.table, where: terms) }
            #expect(count == 1)
        }
        await store.close()
    }

    /// Two processes count one record up by compare-and-set: each step is won once, and nothing is lost.
    static func race(_ server: some StoreServer) async throws {
        let url = try server.url(server.makePlace())
        let stores = [try await server.open(url), try await server.open(url)]
        try await stores[0].migrate(TableKeyValueStore.migrations)
        let key = KeyValueKey(collection: "race", key: "one")
        let (rounds, tasks) = (5, 8)
        try await TableKeyValueStore(store: stores[0]).apply([.put(key, [0])])
        for round in 1...rounds {
            let wins = await withTaskGroup(of: Int.self) { group in
                for writer in 0..<tasks {
                    let records = TableKeyValueStore(store: stores[writer % 2])
                    group.addTask {
                        do throws(KeyValueError) {
                            try await records.apply([.put(key, [UInt8(writer)], if: .revision(Int64(round)))])
                            return 1
                        } catch {
                            #expect(error.code == .conflict, "\(error)")
                            return 0
                        }
                    }
                }
                return await group.reduce(0, +)
            }
            #expect(wins == 1)
        }
        for store in stores {
            #expect(try await TableKeyValueStore(store: store).read([key])[0]?.revision == Int64(rounds + 1))
        }
        // Numbers follow commits, whoever commits.
        try await stores[0].migrate(TableKeyValueStore.migrations + StorageSchema.migrations)
        let numbers = Shared<[Int64]>([])
        let subject = try #require(SortableID([UInt8](repeating: 1, count: 16)))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for store in stores {
                group.addTask {
                    for _ in 0..<20 {
                        let number = try await store.write { tx in
                            try EventLog.append(
                                type: "test", subject: subject, payload: "{}",
                                at: Timestamp(milliseconds: 0), in: tx)
                        }
                        let seen = try await store.read { try EventLog.head(in: $0) }
                        #expect(seen >= number, "a read sees what was stored before it began")
                        numbers.withLock { $0.append(number) }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(numbers.withLock { Set($0) } == Set(1...40))
        for store in stores { await store.close() }
    }

    /// Servers that start at the same moment on an empty database.
    static func migrationsAtOnce(_ server: some StoreServer) async throws {
        let url = try server.url(server.makePlace())
        var stores: [SQLStore] = []
        for _ in 0..<3 { stores.append(try await server.open(url)) }
        let migrations = Items.migrations + TableKeyValueStore.migrations
        try await withThrowingTaskGroup(of: Void.self) { group in
            for store in stores {
                group.addTask {
                    try await store.migrate(migrations)
                    try await store.migrate(migrations)
                }
            }
            try await group.waitForAll()
        }
        for (id, store) in stores.enumerated() {
            try await store.write { try $0.insert(into: Items.table, Items.row(Int64(id))) }
            #expect(try await store.read { try $0.count(Items.table, where: []) } == id + 1)
        }
        let older = await storageFailure { try await stores[0].migrate(StorageSchema.migrations) }
        #expect(older?.code == .schema)
        for store in stores { await store.close() }
    }

    /// The pool is as large as it was named, and its queue as long.
    static func pool(_ server: some StoreServer) async throws {
        let place = try server.makePlace()
        let before = try server.connectionCount(place)
        let store = try await server.open(server.url(place, ["pool=3", "queue=4"]))
        try await store.migrate(Items.migrations)
        // The writer lets its connection go when it has changed the schema.
        try await store.write { try $0.delete(from: Items.table, where: []) }
        let gate = DispatchSemaphore(value: 0)
        let (running, refused) = (Shared(0), Shared(0))
        // Two are read, four wait, and the others are refused.
        let reads = 20
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<reads {
                group.addTask {
                    let error = await storageFailure {
                        try await store.read { tx in
                            running.withLock { $0 += 1 }
                            gate.wait()
                            return try tx.count(Items.table, where: [])
                        }
                    }
                    guard let error else { return }
                    #expect(error.code == .overloaded)
                    refused.withLock { $0 += 1 }
                }
            }
            let isFull = await eventually {
                running.withLock { $0 } == 2 && refused.withLock { $0 } >= reads - 6
            }
            #expect(isFull, "\(running.withLock { $0 }) run, \(refused.withLock { $0 }) are refused")
            #expect((try? server.connectionCount(place)).map { $0 - before } == 3)
            for _ in 0..<reads { gate.signal() }
        }
        #expect(try await store.read { try $0.count(Items.table, where: []) } == 0)
        await store.close()
        #expect(try await eventually { try server.connectionCount(place) == before })
    }
}
