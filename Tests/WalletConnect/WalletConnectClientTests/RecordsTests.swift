import Contracts
import Foundation
import Primitives
import Storage
import Testing
import WalletConnectClient

#if SQLite
    import StorageSQLite
#endif

struct RecordsTests {
    @Test func `records in memory keep the contract`() async throws {
        try await checkKeyValueStore { MemoryKeyValueStore() }
    }

    @Test func `records in a table in memory keep the contract`() async throws {
        try await checkKeyValueStore { try await table(MemoryStore()) }
    }

    #if SQLite
        @Test func `records in SQLite keep the contract`() async throws {
            let directory = FileManager.default.temporaryDirectory.appending(path: "records-\(UUID())")
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: directory) }
            var number = 0
            try await checkKeyValueStore {
                number += 1
                return try await table(SQLite.open(path: directory.appending(path: "\(number).db").path))
            }
        }
    #endif

    @Test func `a closed store says so`() async throws {
        let store = MemoryStore()
        let records = try await table(store)
        await store.close()
        await #expect(throws: KeyValueError.self) { try await records.read([KeyValueStoreContract.key("a")]) }
        do {
            _ = try await records.health()
            Issue.record("a closed store is not well")
        } catch {
            #expect(error.code == .closed)
            #expect(!error.isRetryable)
        }
    }

    private func table(_ store: any Store) async throws -> TableKeyValueStore {
        try await store.migrate(TableKeyValueStore.migrations)
        return TableKeyValueStore(store: store)
    }
}

struct SealedRecordsTests {
    private let key = KeyValueStoreContract.key

    private func open(
        _ base: any KeyValueStore, _ byte: UInt8 = 1, seed: UInt64 = 1
    ) async throws -> SealedRecords {
        try await SealedRecords.open(
            base, storeKey: SecretBytes(copying: [UInt8](repeating: byte, count: 32)), random: .seeded(seed))
    }

    @Test func `sealed records keep the contract of records`() async throws {
        let make: () async throws -> any KeyValueStore = { try await open(MemoryKeyValueStore()) }
        try await KeyValueStoreContract.checkRecords(make())
        try await KeyValueStoreContract.checkLists(make())
        try await KeyValueStoreContract.checkPreconditions(make())
        try await KeyValueStoreContract.checkUnits(make())
        try await KeyValueStoreContract.checkExpiry(make())
        try await KeyValueStoreContract.checkRace(make())
    }

    @Test func `the store below sees no plaintext, and equal values are sealed differently`() async throws {
        let base = MemoryKeyValueStore()
        let records = try await open(base)
        let secret = Array("a secret that must not be seen".utf8)
        try await records.apply([.put(key("a", "notes"), secret), .put(key("b", "notes"), secret)])
        let stored = try await base.list("notes", after: nil, limit: 10).map(\.value)
        #expect(stored.count == 2)
        #expect(stored[0] != stored[1])
        #expect(stored.allSatisfy { $0.count == secret.count + SealedRecords.overheadBytes })
        #expect(stored.allSatisfy { !String(decoding: $0, as: UTF8.self).contains("secret") })
    }

    @Test func `another process with the same key reads what the first wrote`() async throws {
        let base = MemoryKeyValueStore()
        try await open(base, seed: 1).apply([.put(key("a", "notes"), [1, 2, 3])])
        #expect(try await open(base, seed: 2).read([key("a", "notes")])[0]?.value == [1, 2, 3])
    }

    @Test func `a wrong store key is told at the start`() async throws {
        let base = MemoryKeyValueStore()
        _ = try await open(base, 1)
        do {
            _ = try await open(base, 2)
            Issue.record("the wrong key was taken")
        } catch let error as KeyValueError {
            #expect(error.code == .wrongStoreKey)
            #expect(error.code.description == "wrong_store_key")
        }
        do {
            _ = try await SealedRecords.open(
                base, storeKey: SecretBytes(copying: [UInt8](repeating: 1, count: 31)), random: .seeded(1))
            Issue.record("a short key was taken")
        } catch {
            #expect(error.code == .wrongStoreKey)
        }
    }

    @Test func `a value with one wrong bit, a short one and a long one are refused`() async throws {
        let base = MemoryKeyValueStore()
        let records = try await open(base)
        let name = key("a", "notes")
        try await records.apply([.put(name, [1, 2, 3])])
        let sealed = try #require(try await base.read([name])[0]?.value)
        var wrong: [[UInt8]] = [[], [1], Array(sealed.dropLast()), sealed + [0]]
        for index in sealed.indices {
            var flipped = sealed
            flipped[index] ^= 1
            wrong.append(flipped)
        }
        for value in wrong {
            try await base.apply([.put(name, value)])
            do {
                _ = try await records.read([name])
                Issue.record("\(value) was taken")
            } catch {
                #expect(error.code == .corrupt)
                #expect(error.key == name)
            }
        }
    }

    @Test func `swapped rows are refused`() async throws {
        let base = MemoryKeyValueStore()
        let records = try await open(base)
        let names = [key("a", "notes"), key("b", "notes"), key("a", "other")]
        try await records.apply(names.map { .put($0, [1]) })
        let sealed = try await base.read(names).map { $0?.value ?? [] }
        for (target, source) in [(0, 1), (1, 0), (0, 2), (2, 0)] {
            try await base.apply([.put(names[target], sealed[source])])
            await #expect(throws: KeyValueError.self) { try await records.read([names[target]]) }
            try await base.apply([.put(names[target], sealed[target])])
        }
        #expect(try await records.read(names).map { $0?.value } == [[1], [1], [1]])
    }
}
