import Cryptography
import Keys
import Primitives
import Storage
import Testing

/// The cheapest cost that an unlock slot may have.
let cheap = Argon2id.Cost.interactive

func makeKeystore(
    _ store: any Store, clock: ManualClock = ManualClock(noon), columns: [SealedColumn] = [],
    retirementSeconds: Int64 = 0
) -> EmbeddedKeystore {
    EmbeddedKeystore(
        store: store, clock: clock.clock, random: .seeded(1), columns: columns, retirementSeconds: retirementSeconds)
}

func openKeystore(_ store: any Store, columns: [SealedColumn] = []) async throws -> EmbeddedKeystore {
    let keystore = makeKeystore(store, columns: columns)
    try await keystore.initialise(passphrase: secret("correct horse"), cost: cheap)
    return keystore
}

struct KeystoreUnlockTests {
    @Test(arguments: Backing.allCases) func `a passphrase opens what it closed`(_ backing: Backing) async throws {
        try await withStores { stores in
            let store = try await stores.open(backing, KeysSchema.migrations)
            let first = makeKeystore(store)
            #expect(first.isSealed)
            #expect(try await !first.isInitialised())
            #expect(await code { try await first.unseal(passphrase: secret("correct horse")) } == .unavailable)
            try await first.initialise(passphrase: secret("correct horse"), cost: cheap)
            #expect(!first.isSealed)
            let key = try await first.create(.secp256k1, label: "hot")
            let signature = try await first.sign([digest("x")], with: key.id)

            let second = makeKeystore(store)
            #expect(try await second.isInitialised())
            #expect(await code { try await second.unseal(passphrase: secret("wrong horse")) } == .badPassphrase)
            #expect(await code { try await second.unseal(passphrase: secret("")) } == .badPassphrase)
            #expect(await code { try await second.unseal(passphrase: secret("correct horse ")) } == .badPassphrase)
            #expect(second.isSealed)
            try await second.unseal(passphrase: secret("correct horse"))
            #expect(try await second.sign([digest("x")], with: key.id) == signature)
            #expect(try await second.describe(key.id) == key)
        }
    }

    @Test func `a keystore is initialised once`() async throws {
        let store = try await migrated(MemoryStore(), KeysSchema.migrations)
        _ = try await openKeystore(store)
        #expect(
            await code { try await makeKeystore(store).initialise(passphrase: secret("another one"), cost: cheap) }
                == .exists)
    }

    @Test func `of two who initialise at once one wins`() async throws {
        let store = try await migrated(MemoryStore(), KeysSchema.migrations)
        let (one, two) = (makeKeystore(store), makeKeystore(store))
        async let first = code { try await one.initialise(passphrase: secret("passphrase one"), cost: cheap) }
        async let second = code { try await two.initialise(passphrase: secret("passphrase two"), cost: cheap) }
        let codes = await [first, second]
        #expect(codes.count { $0 == nil } == 1)
        #expect(codes.count { $0 == .exists } == 1)
        #expect(try await one.slots().count == 1)
    }

    @Test func `slots are added, changed and removed, and the last one stays`() async throws {
        let store = try await migrated(MemoryStore(), KeysSchema.migrations)
        let keystore = try await openKeystore(store)
        let key = try await keystore.create(.secp256k1, label: "hot")
        func opens(_ passphrase: String) async throws -> Bool {
            let other = makeKeystore(store)
            let outcome = await code { try await other.unseal(passphrase: secret(passphrase)) }
            if outcome == nil { #expect(try await other.sign([digest("x")], with: key.id).count == 1) }
            #expect(outcome == nil || outcome == .badPassphrase)
            return outcome == nil
        }
        #expect(await code { try await keystore.removeSlot("main") } == .invalidInput)
        try await keystore.addSlot("second", passphrase: secret("battery staple"), cost: cheap)
        #expect(
            await code { try await keystore.addSlot("second", passphrase: secret("battery staple"), cost: cheap) }
                == .exists)
        #expect(try await keystore.slots().map(\.name) == ["main", "second"])
        #expect(try await keystore.slots().allSatisfy { $0.cost == cheap && $0.kind == "passphrase" })
        #expect(try await opens("correct horse"))
        #expect(try await opens("battery staple"))

        try await keystore.changeSlot("second", passphrase: secret("another staple"), cost: cheap)
        #expect(try await !opens("battery staple"))
        #expect(try await opens("another staple"))

        try await keystore.removeSlot("main")
        #expect(try await !opens("correct horse"))
        #expect(try await opens("another staple"))
        #expect(await code { try await keystore.removeSlot("second") } == .invalidInput)
        #expect(await code { try await keystore.removeSlot("main") } == .invalidInput)
        #expect(
            await code { try await keystore.changeSlot("main", passphrase: secret("whatever1"), cost: cheap) }
                == .invalidInput)
    }

    @Test func `weak passphrases and cheap slots are refused`() async throws {
        let store = try await migrated(MemoryStore(), KeysSchema.migrations)
        let keystore = makeKeystore(store)
        #expect(
            await code { try await keystore.initialise(passphrase: secret("seven77"), cost: cheap) } == .invalidInput)
        let long = String(repeating: "x", count: 1_025)
        #expect(await code { try await keystore.initialise(passphrase: secret(long), cost: cheap) } == .invalidInput)
        let weak = try Argon2id.Cost(opsLimit: 1, memoryBytes: 19 << 20)
        #expect(
            await code { try await keystore.initialise(passphrase: secret("correct horse"), cost: weak) }
                == .invalidInput)
        let small = try Argon2id.Cost(opsLimit: 2, memoryBytes: 8_192)
        #expect(
            await code { try await keystore.initialise(passphrase: secret("correct horse"), cost: small) }
                == .invalidInput)
        #expect(try await !keystore.isInitialised())
    }

    @Test func `a slot that asks for too much, or was changed, opens nothing`() async throws {
        let store = try await migrated(MemoryStore(), KeysSchema.migrations)
        let keystore = try await openKeystore(store)
        try await keystore.addSlot("second", passphrase: secret("battery staple"), cost: cheap)
        let table = KeysSchema.migrations.table("vault_slots")
        let name = Column<String>("name")
        func change(_ assignment: Assignment) async throws {
            _ = try await store.write { try $0.update(table, set: [assignment], where: [name == "main"]) }
        }
        let rows = try await store.read { try $0.select(Query(table, where: [name == "main"])) }
        let row = try #require(rows.first)
        let other = try await store.read { try $0.select(Query(table, where: [name == "second"])) }[0]

        // A cost above the caps is not even tried; the other slot still opens.
        let memory = Column<Int64>("memory_bytes")
        try await change(memory.set(1 << 40))
        #expect(await code { try await makeKeystore(store).unseal(passphrase: secret("correct horse")) } == .badRecord)
        #expect(await code { try await makeKeystore(store).unseal(passphrase: secret("battery staple")) } == nil)
        try await change(memory.set(20 << 20))
        #expect(
            await code { try await makeKeystore(store).unseal(passphrase: secret("correct horse")) } == .badPassphrase)
        try await change(memory.set(try row.get(memory)))
        #expect(await code { try await makeKeystore(store).unseal(passphrase: secret("correct horse")) } == nil)

        for name in ["wrapped_root", "commitment", "salt"] {
            let column = Column<[UInt8]>(name)
            let good = try row.get(column)
            var bad = good
            bad[bad.count / 2] ^= 1
            try await change(column.set(bad))
            #expect(
                await code { try await makeKeystore(store).unseal(passphrase: secret("correct horse")) }
                    == .badPassphrase)
            try await change(column.set(try other.get(column)))
            #expect(
                await code { try await makeKeystore(store).unseal(passphrase: secret("correct horse")) }
                    == .badPassphrase)
            try await change(column.set(good))
        }
        #expect(await code { try await makeKeystore(store).unseal(passphrase: secret("correct horse")) } == nil)
    }

    @Test func `a crowd of tries is turned away, not run at once`() async throws {
        let store = try await migrated(MemoryStore(), KeysSchema.migrations)
        _ = try await openKeystore(store)
        let keystore = makeKeystore(store)
        let codes = await withTaskGroup(of: KeyError.Code?.self) { group in
            for _ in 0..<40 {
                group.addTask { await code { try await keystore.unseal(passphrase: secret("guess guess")) } }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(codes.allSatisfy { $0 == .badPassphrase || $0 == .overloaded })
        #expect(codes.count { $0 == .badPassphrase } >= 10)
        #expect(codes.count { $0 == .overloaded } >= 1)
        #expect(KeyError.Code.overloaded.isRetryable)
        #expect(await code { try await keystore.unseal(passphrase: secret("correct horse")) } == nil)
    }
}

extension [Migration] {
    func table(_ name: String) -> Table {
        flatMap(\.steps).compactMap { step in
            if case .createTable(let table) = step, table.name == name { table } else { nil }
        }[0]
    }
}
