import Cryptography
import Keys
import Primitives
import Storage
import Testing

struct SigningGuardFaultTests {
    @Test(arguments: [FaultyVault.Fault.otherKey, .otherDigest, .flippedRecovery, .highS, .tooFew])
    func `a wrong signature is neither given out nor kept`(_ fault: FaultyVault.Fault) async throws {
        try await withStores { stores in
            let vault = FaultyVault()
            let bench = try await Bench.make(stores.open(.sqlite, GuardSchema.migrations), vault: vault)
            vault.fault = fault
            let batch = (0..<3).map { bench.request($0) }
            for outcome in try await bench.signing.sign(batch) {
                #expect(throws: KeyError.self) { try outcome.get() }
                if case .failure(let error) = outcome { #expect(error.code == .badSignature) }
            }
            #expect(
                try await bench.signing.history(Bench.lane).flatMap(\.payloads).map(\.signature) == [nil, nil, nil])
            // The slots stand for what they stood for, and a healthy vault signs that.
            vault.fault = .none
            #expect(try await bench.refusal(bench.request(0, "theft", fee: 2_000, tip: 200)) == .guardConflict)
            for outcome in try await bench.signing.sign(batch) { _ = try outcome.get() }
        }
    }

    @Test func `after a crash between record and signature the same request signs`() async throws {
        try await withStores { stores in
            let vault = FaultyVault()
            let store = try await stores.open(.sqlite, GuardSchema.migrations)
            let before = try await Bench.make(store, vault: vault)
            vault.fault = .unreachable
            #expect(try await before.refusal(before.request(4)) == .unavailable)
            await store.close()

            vault.fault = .none
            let after = try await Bench.make(stores.open(.sqlite, GuardSchema.migrations), vault: vault)
            #expect(try await after.signing.slot(Bench.lane, 4)?.payloads.map(\.signature) == [nil])
            #expect(try await after.refusal(after.request(4, "theft", fee: 9_000, tip: 900)) == .guardConflict)
            #expect(try await after.sign(after.request(4)).digest == after.request(4).digest)
        }
    }

    @Test func `after a crash before the signature is kept the same request gives the same one`() async throws {
        try await withStores { stores in
            let vault = FaultyVault()
            let store = try await stores.open(.sqlite, GuardSchema.migrations)
            let before = try await Bench.make(FailingStore(store, failingWrite: 2), vault: vault)
            #expect(await code { _ = try await before.signing.sign([before.request(4)]) } == .storage)
            #expect(vault.asked == 1)
            let after = try await Bench.make(store, vault: vault)
            #expect(try await after.signing.slot(Bench.lane, 4)?.payloads.map(\.signature) == [nil])
            let first = try await after.sign(after.request(4))
            #expect(try await after.sign(after.request(4)) == first)
            #expect(vault.asked == 2)
        }
    }

    @Test func `nothing is signed when the record does not commit`() async throws {
        let vault = FaultyVault()
        let store = try await migrated(MemoryStore())
        let bench = try await Bench.make(FailingStore(store, failingWrite: 1), vault: vault)
        #expect(await code { _ = try await bench.signing.sign([bench.request(4)]) } == .storage)
        #expect(vault.asked == 0)
        #expect(try await bench.signing.history(Bench.lane).isEmpty)
    }

    @Test func `a stored signature that was changed is not given out`() async throws {
        let bench = try await Bench.make(migrated(MemoryStore()))
        let first = bench.request(0)
        _ = try await bench.sign(first)
        let other = try await bench.sign(bench.request(1))
        // Whoever can write the table puts another slot's signature there.
        let digest = Column<Hash32>("digest")
        let signature = Column<[UInt8]?>("signature")
        let table = GuardSchema.migrations[0].steps.compactMap { step -> Table? in
            if case .createTable(let table) = step, table.name == "guard_payloads" { table } else { nil }
        }[0]
        let forged = other.signature.compact + [other.signature.recoveryID]
        let changed = try await bench.store.write { tx in
            try tx.update(table, set: [signature.set(forged)], where: [digest == first.digest])
        }
        #expect(changed == 1)
        #expect(try await bench.refusal(first) == .badRecord)
    }

    @Test func `a sealed or disabled key leaves the slot for later`() async throws {
        let vault = MemoryVault(clock: .system, random: .seeded(9))
        let bench = try await Bench.make(migrated(MemoryStore()), vault: vault)
        try await vault.setEnabled(bench.key.id, false)
        #expect(try await bench.refusal(bench.request(0)) == .disabled)
        try await vault.setEnabled(bench.key.id, true)
        #expect(try await bench.refusal(bench.request(0, "theft", fee: 9_000, tip: 900)) == .guardConflict)
        #expect(try await bench.refusal(bench.request(0)) == nil)
    }
}
