import ChainNode
import Keys
import Primitives
import Storage
import Testing

@testable import Ledger
@testable import Withdrawals

/// The simulator's teeth: defects that payout systems have shipped, planted around the real code.
///
/// Each must be found within a few seeds, by the invariant that is there for it.
struct MutationTests {
    private static let seedsMax: UInt64 = 30

    /// Runs seeds until one of the expected invariants is broken.
    private func isFound(_ mutation: Mutation, by invariants: String...) async throws -> Bool {
        for seed in 1...Self.seedsMax {
            let breaches = try await Simulation(seed: seed, mutation: mutation).run()
            if breaches.contains(where: { breach in invariants.contains { breach.hasPrefix("\($0):") } }) {
                return true
            }
        }
        return false
    }

    @Test func `signed bytes that were never stored are found`() async throws {
        var mutation = Mutation()
        mutation.store = { base in
            TamperingStore(base: base, insert: { table, values in table.name == "attempts" ? nil : values })
        }
        #expect(try await isFound(mutation, by: "I5"))
    }

    @Test func `a withdrawal that is paid again with a new nonce is found`() async throws {
        var mutation = Mutation()
        // "The first one got no answer, so it is lost."
        mutation.rogue = { simulation, _ in
            let bank = Bank(simulation.ground)
            guard let lost = try await bank.withdrawals.list(state: .unknown, limit: 1).first else { return }
            try await RogueWorker(simulation).pay(lost)
        }
        #expect(try await isFound(mutation, by: "I1"))
    }

    @Test func `a lost answer that is read as a failure is found`() async throws {
        var mutation = Mutation()
        mutation.node = { RejectingNode($0) }
        // "The node has rejected it, so the money can go back."
        mutation.rogue = { simulation, _ in
            let bank = Bank(simulation.ground)
            let book = WithdrawalBook(ledger: bank.ledger, ids: bank.ids, clock: simulation.ground.clock.clock)
            for refused in try await bank.withdrawals.list(state: .unknown, limit: 100)
            where refused.reason?.hasPrefix("invalid") == true {
                try await simulation.ground.store.write { tx in
                    try tx.update(
                        SlotTable.table, set: [SlotTable.isOpen.set(false)],
                        where: [SlotTable.withdrawalID == refused.id])
                    try book.void(refused, proof: .reverted, evidence: [:], in: tx)
                    try book.move(refused, to: .failed, reason: "rejected by the node", in: tx)
                }
            }
        }
        #expect(try await isFound(mutation, by: "I2"))
    }

    @Test func `a settlement before its depth is found`() async throws {
        var mutation = Mutation()
        mutation.settings = { $0.finality = .depth(13) }
        mutation.node = { BoastfulNode($0, extraBlocks: 8) }
        #expect(try await isFound(mutation, by: "I6"))
    }

    @Test func `holds that bind nothing are found`() async throws {
        var mutation = Mutation()
        mutation.store = { base in
            TamperingStore(
                base: base,
                update: { table, values in
                    table.name == "ledger_accounts" ? values.filter { $0.column != "held" } : values
                })
        }
        #expect(try await isFound(mutation, by: "I3"))
    }

    @Test func `a slot that is given to another withdrawal is found`() async throws {
        var mutation = Mutation()
        mutation.rogue = { simulation, tick in
            guard tick % 5 == 4 else { return }
            try await simulation.ground.store.write { tx in
                let signed = try tx.select(Query(AttemptTable.table, order: [.ascending(AttemptTable.nonce)]))
                guard let attempt = signed.first else { return }
                let free = try tx.select(Query(QueueTable.table)).map { try $0.get(QueueTable.withdrawalID) }
                guard let other = free.first else { return }
                try tx.update(
                    SlotTable.table, set: [SlotTable.withdrawalID.set(other)],
                    where: [
                        SlotTable.lane == attempt.get(AttemptTable.lane),
                        SlotTable.nonce == attempt.get(AttemptTable.nonce),
                    ])
            }
        }
        #expect(try await isFound(mutation, by: "I4"))
    }

    @Test func `a nonce that is reserved and thrown away is found`() async throws {
        var mutation = Mutation()
        mutation.rogue = { simulation, tick in
            guard tick == 30 else { return }
            try await simulation.ground.store.write { tx in
                for row in try tx.select(Query(LaneTable.table)) {
                    try tx.update(
                        LaneTable.table, set: [LaneTable.nextNonce.set(row.get(LaneTable.nextNonce) + 1)],
                        where: [LaneTable.lane == row.get(LaneTable.lane)])
                }
            }
        }
        #expect(try await isFound(mutation, by: "I7"))
    }

    @Test func `keys that are forgotten after a while are found`() async throws {
        var mutation = Mutation()
        mutation.rogue = { simulation, tick in
            guard tick % 20 == 19 else { return }
            try await simulation.ground.store.write { tx in
                _ = try tx.delete(from: IdempotencyTable.table, where: [])
            }
        }
        #expect(try await isFound(mutation, by: "I8"))
    }

    @Test func `an audit entry that says something else is found`() async throws {
        var mutation = Mutation()
        mutation.store = { base in
            TamperingStore(
                base: base,
                insert: { table, values in
                    guard table.name == "audit", values.contains(AuditColumns.signed) else { return values }
                    return values.map { $0 == AuditColumns.signed ? AuditColumns.renamed : $0 }
                })
        }
        #expect(try await isFound(mutation, by: "I9"))
    }

    @Test func `nonces that a node takes only once are found`() async throws {
        var mutation = Mutation()
        let memory = SlotMemory()
        mutation.node = { ForgetfulNode($0, memory: memory) }
        #expect(try await isFound(mutation, by: "I10"))
    }

    @Test func `a guard that is restored together with the database is found`() async throws {
        for seed in 1...Self.seedsMax {
            let (copy, guardCopy) = (MemoryStore(), MemoryStore())
            try await copy.migrate(Ground.migrations)
            try await guardCopy.migrate(StorageSchema.migrations + GuardSchema.migrations)
            var mutation = Mutation()
            mutation.rogue = { simulation, tick in
                if tick == 8 {
                    try await CustodyTests.copy(simulation.ground.store, to: copy)
                    try await CustodyTests.copy(
                        simulation.ground.guardStore, to: guardCopy, StorageSchema.migrations + GuardSchema.migrations)
                }
                if tick == 40 {
                    // The chain was replaced far enough that it does not know the payments yet, either.
                    simulation.ground.chain.dropFromPool()
                    await simulation.restore(copy, guardStore: guardCopy)
                }
            }
            let breaches = try await Simulation(seed: seed, mutation: mutation).run()
            if breaches.contains(where: { $0.hasPrefix("I1:") }) { return }
        }
        Issue.record("no seed up to \(Self.seedsMax) found it")
    }

    @Test func `fees above the caps are found`() async throws {
        var mutation = Mutation()
        mutation.settings = {
            $0.maxFeePerGasWeiCap = .max
            $0.transactionFeeWeiCap = .max
        }
        #expect(try await isFound(mutation, by: "I11"))
    }

    private enum AuditColumns {
        static let action = Column<String>("action")
        static let signed = action.set("withdrawal.signed")
        static let renamed = action.set("withdrawal.accepted")
    }
}
