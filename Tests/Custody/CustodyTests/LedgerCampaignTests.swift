import Ledger
import Primitives
import Storage
import StorageSQLite
import Testing

/// The books in forty lines: what each operation must do, and why it must be refused.
private struct Model {
    struct Hold {
        var user: Int
        var amount: UInt256
        var isOpen = true
    }
    var balance = [UInt256](repeating: .zero, count: 4)
    var held = [UInt256](repeating: .zero, count: 4)
    var wallet = UInt256.zero
    var fees = UInt256.zero
    var suspense = UInt256.zero
    var holds: [Hold] = []
    var hasFee: Set<Int> = []

    mutating func pay(_ amount: UInt256) {
        if wallet < amount {
            suspense = suspense + (amount - wallet)
            wallet = amount
        }
        wallet = wallet - amount
    }
    mutating func deposit(_ user: Int, _ amount: UInt256) {
        balance[user] = balance[user] + amount
        wallet = wallet + amount
    }
    mutating func hold(_ user: Int, _ amount: UInt256) -> Bool {
        guard held[user] + amount <= balance[user] else { return false }
        held[user] = held[user] + amount
        holds.append(Hold(user: user, amount: amount))
        return true
    }
    mutating func end(_ index: Int, pays: Bool) -> Bool {
        guard holds[index].isOpen else { return false }
        holds[index].isOpen = false
        let (user, amount) = (holds[index].user, holds[index].amount)
        held[user] = held[user] - amount
        guard pays else { return true }
        balance[user] = balance[user] - amount
        pay(amount)
        return true
    }
    mutating func fee(_ index: Int, _ amount: UInt256) -> Bool {
        guard hasFee.insert(index).inserted else { return false }
        fees = fees + amount
        pay(amount)
        return true
    }
}

struct LedgerCampaignTests {
    /// A hundred thousand operations a seed with `COFFER_CAMPAIGN=10`.
    @Test(arguments: [1, 2, 3, 4, 5] as [UInt64])
    func `random operations leave what the reference says`(seed: UInt64) async throws {
        try await withScratch { path in
            let store: any Store = try await SQLite.open(path: "\(path)/l.db", readers: 1)
            try await store.migrate(LedgerSchema.migrations)
            let clock = ManualClock(Timestamp(milliseconds: 1_800_000_000_000))
            let random = RandomSource.seeded(seed)
            let ids = IDGenerator(clock: clock.clock, random: .seeded(seed &+ 1_000))
            let ledger = Ledger(ids: ids, clock: clock.clock)
            let asset = "eip155:1/slip44:60"
            func below(_ bound: Int) -> Int { Int(random.uint64(below: UInt64(bound))) }
            var model = Model()
            var subjects: [SortableID] = []
            typealias Unit = @Sendable (any WriteTransaction) throws -> Void
            var batch: [Unit] = []
            func flush() async throws {
                guard !batch.isEmpty else { return }
                let units = batch
                batch = []
                try await store.write { tx in for unit in units { try unit(tx) } }
            }
            var refused = 0
            for round in 0..<10_000 * Campaign.scale {
                let (user, amount) = (below(4), UInt256(1 + below(1_000)))
                let index = subjects.isEmpty ? 0 : max(0, subjects.count - 1 - below(40))
                let unit: Unit
                let expected: Bool
                switch below(10) {
                case 0, 1:
                    let subject = ids.next()
                    unit = { tx in
                        try ledger.deposit(
                            user: "u\(user)", wallet: "w", asset: asset, amount: amount, subject: subject, in: tx)
                    }
                    model.deposit(user, amount)
                    expected = true
                case 2, 3, 4, 5:
                    let subject = ids.next()
                    unit = { tx in
                        try ledger.hold(
                            user: "u\(user)", wallet: "w", asset: asset, amount: amount, subject: subject, in: tx)
                    }
                    expected = model.hold(user, amount)
                    if expected { subjects.append(subject) }
                case 6, 7, 8:
                    guard !subjects.isEmpty else { continue }
                    let (subject, pays) = (subjects[index], below(2) == 0)
                    unit = { tx in
                        if pays {
                            try ledger.post(subject: subject, in: tx)
                        } else {
                            try ledger.void(subject: subject, in: tx)
                        }
                    }
                    expected = model.end(index, pays: pays)
                default:
                    guard !subjects.isEmpty else { continue }
                    let subject = subjects[index]
                    unit = { tx in
                        try ledger.fee(
                            wallet: "w", chain: "eip155:1", asset: asset, amount: amount, subject: subject, in: tx)
                    }
                    expected = model.fee(index, amount)
                }
                if expected {
                    batch.append(unit)
                    if batch.count >= 200 { try await flush() }
                } else {
                    refused += 1
                    try await flush()
                    let error = await failure { try await store.write { tx in try unit(tx) } }
                    #expect(error is LedgerError, "seed \(seed) round \(round): \(String(describing: error))")
                }
            }
            try await flush()
            let report = try await store.read { tx in try ledger.verify(in: tx) }
            #expect(report.problems == [], "seed \(seed)")
            #expect(report.openHolds == model.holds.count { $0.isOpen })
            #expect(refused > 100)
            func balance(_ kind: Account.Kind, _ owner: String) async throws -> Account? {
                try await store.read { tx in try ledger.find(kind, owner: owner, asset: asset, in: tx) }
            }
            for user in 0..<4 {
                let account = try await balance(.user, "u\(user)")
                #expect(account?.balance == model.balance[user], "seed \(seed)")
                #expect(account?.held == model.held[user], "seed \(seed)")
            }
            #expect(try await balance(.wallet, "w")?.balance == model.wallet)
            #expect(try await balance(.fees, "eip155:1")?.balance ?? .zero == model.fees)
            #expect(try await balance(.suspense, "eip155:1")?.balance ?? .zero == model.suspense)
            await store.close()
        }
    }
}
