import Ledger
import Primitives
import Storage

/// A ledger on a store, one unit of work for each call.
struct Books: Sendable {
    static let asset = "eip155:1/slip44:60"

    let store: any Store
    let ids: IDGenerator
    let ledger: Ledger

    init(_ store: any Store, seed: UInt64 = 1) async throws {
        let clock = ManualClock(Timestamp(milliseconds: 1_800_000_000_000)).clock
        self.store = store
        ids = IDGenerator(clock: clock, random: .seeded(seed))
        ledger = Ledger(ids: ids, clock: clock)
        try await store.migrate(LedgerSchema.migrations)
    }

    func deposit(_ amount: UInt256, user: String = "alice", subject: SortableID? = nil) async throws {
        let (ledger, subject) = (ledger, subject ?? ids.next())
        try await store.write { tx in
            try ledger.deposit(
                user: user, wallet: "w", asset: Books.asset, amount: amount, subject: subject, in: tx)
        }
    }
    func hold(_ amount: UInt256, _ subject: SortableID, user: String = "alice") async throws {
        let ledger = ledger
        try await store.write { tx in
            try ledger.hold(user: user, wallet: "w", asset: Books.asset, amount: amount, subject: subject, in: tx)
        }
    }
    func post(_ subject: SortableID) async throws {
        let ledger = ledger
        try await store.write { tx in try ledger.post(subject: subject, in: tx) }
    }
    func void(_ subject: SortableID) async throws {
        let ledger = ledger
        try await store.write { tx in try ledger.void(subject: subject, in: tx) }
    }
    func fee(_ amount: UInt256, _ subject: SortableID) async throws {
        let ledger = ledger
        try await store.write { tx in
            try ledger.fee(
                wallet: "w", chain: "eip155:1", asset: Books.asset, amount: amount, subject: subject, in: tx)
        }
    }
    func topUp(_ amount: UInt256, _ subject: SortableID) async throws {
        let ledger = ledger
        try await store.write { tx in
            try ledger.topUp(wallet: "w", asset: Books.asset, amount: amount, subject: subject, in: tx)
        }
    }
    func account(_ kind: Account.Kind, _ owner: String) async throws -> Account? {
        let ledger = ledger
        return try await store.read { tx in try ledger.find(kind, owner: owner, asset: Books.asset, in: tx) }
    }
    func report() async throws -> LedgerReport {
        let ledger = ledger
        return try await store.read { tx in try ledger.verify(in: tx) }
    }
}
