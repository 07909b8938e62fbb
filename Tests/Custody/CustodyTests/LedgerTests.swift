import Primitives
import StorageSQLite
import Testing

@testable import Ledger
@testable import Storage

struct LedgerTests {
    private static let other = "eip155:1/erc20:0x0000000000000000000000000000000000000001"

    private func code(_ body: () async throws -> Void) async -> LedgerError.Code? {
        (await failure(body) as? LedgerError)?.code
    }

    @Test func `a hold binds, a post moves, a void frees`() async throws {
        let books = try await Books(MemoryStore())
        let (paid, freed) = (books.ids.next(), books.ids.next())
        try await books.deposit(100)
        try await books.hold(60, paid)
        try await books.hold(40, freed)
        #expect(try await books.account(.user, "alice")?.available == .zero)
        #expect(try await books.report().openHolds == 2)
        try await books.post(paid)
        try await books.void(freed)
        let user = try await books.account(.user, "alice")
        #expect(user?.balance == 40)
        #expect(user?.held == .zero)
        #expect(try await books.account(.wallet, "w")?.balance == 40)
        let report = try await books.report()
        #expect(report.isBalanced)
        #expect(report.openHolds == 0)
        #expect(report.totals.map(\.debits) == [40])
    }

    @Test func `a hold ends once, whichever way`() async throws {
        let books = try await Books(MemoryStore())
        let (posted, voided) = (books.ids.next(), books.ids.next())
        try await books.deposit(100)
        try await books.hold(10, posted)
        try await books.hold(20, voided)
        try await books.post(posted)
        try await books.void(voided)
        #expect(await code { try await books.post(posted) } == .holdEnded)
        #expect(await code { try await books.void(posted) } == .holdEnded)
        #expect(await code { try await books.post(voided) } == .holdEnded)
        #expect(await code { try await books.void(voided) } == .holdEnded)
        #expect(await code { try await books.post(books.ids.next()) } == .noHold)
        #expect(await code { try await books.void(books.ids.next()) } == .noHold)
        #expect(await code { try await books.hold(1, posted) } == .duplicate)
        #expect(try await books.account(.user, "alice")?.balance == 90)
        #expect(try await books.report().problems == [])
    }

    @Test func `one deposit, one fee, one top-up for one subject`() async throws {
        let books = try await Books(MemoryStore())
        let subject = books.ids.next()
        try await books.deposit(100, subject: subject)
        #expect(await code { try await books.deposit(100, subject: subject) } == .duplicate)
        try await books.fee(3, subject)
        #expect(await code { try await books.fee(3, subject) } == .duplicate)
        try await books.topUp(5, subject)
        #expect(await code { try await books.topUp(5, subject) } == .duplicate)
        try await books.fee(.zero, books.ids.next())
        #expect(await code { try await books.deposit(.zero) } == .amount)
        #expect(try await books.account(.user, "alice")?.balance == 100)
        #expect(try await books.account(.wallet, "w")?.balance == 102)
        #expect(try await books.account(.fees, "eip155:1")?.balance == 3)
        #expect(try await books.account(.suspense, "eip155:1")?.balance == 5)
        #expect(try await books.report().problems == [])
    }

    @Test func `more than there is can't be held`() async throws {
        let books = try await Books(MemoryStore())
        let subject = books.ids.next()
        #expect(await code { try await books.hold(1, subject) } == .insufficientFunds)
        try await books.deposit(10)
        #expect(await code { try await books.hold(11, subject) } == .insufficientFunds)
        #expect(await code { try await books.hold(.max, subject) } == .insufficientFunds)
        try await books.hold(10, subject)
        #expect(await code { try await books.hold(1, books.ids.next()) } == .insufficientFunds)
        #expect(await code { try await books.deposit(.max) } == .amount)
        #expect(try await books.account(.user, "alice")?.balance == 10)
        #expect(try await books.report().problems == [])
    }

    @Test func `what the chain has paid is booked even where the books never saw it come in`() async throws {
        let books = try await Books(MemoryStore())
        let subject = books.ids.next()
        try await books.fee(7, subject)
        #expect(try await books.account(.wallet, "w")?.balance == .zero)
        #expect(try await books.account(.suspense, "eip155:1")?.balance == 7)
        #expect(try await books.account(.fees, "eip155:1")?.balance == 7)
        #expect(try await books.report().problems == [])
    }

    @Test(arguments: [false, true])
    func `the schema refuses an overdraft by whoever writes`(onDisk: Bool) async throws {
        try await withScratch { path in
            let books = try await Books(onDisk ? SQLite.open(path: "\(path)/l.db") : MemoryStore())
            try await books.deposit(100)
            try await books.hold(60, books.ids.next())
            let user = try #require(try await books.account(.user, "alice"))
            for change in [AccountTable.held.set(101), AccountTable.balance.set(59), AccountTable.balance.set(.zero)] {
                let error =
                    await failure {
                        _ = try await books.store.write { tx in
                            try tx.update(AccountTable.table, set: [change], where: [AccountTable.id == user.id])
                        }
                    } as? StorageError
                #expect(error?.code == .checkViolation)
            }
            let zero =
                await failure {
                    _ = try await books.store.write { tx in
                        try tx.update(TransferTable.table, set: [TransferTable.amount.set(.zero)], where: [])
                    }
                } as? StorageError
            #expect(zero?.code == .checkViolation)
            // A second end of one hold has no place either.
            let first = books.ids.next()
            try await books.hold(10, first)
            try await books.post(first)
            let rows = try await books.store.read { tx in
                try tx.select(Query(TransferTable.table, where: [TransferTable.kind == .post])).map(\.values)
            }
            let twice =
                await failure {
                    _ = try await books.store.write { tx in
                        var again = rows[0]
                        again[0] = books.ids.next().stored
                        again[6] = books.ids.next().stored
                        try tx.insert(
                            into: TransferTable.table,
                            zip(TransferTable.table.columns, again).map { Assignment.raw($0.0.name, $0.1) })
                    }
                } as? StorageError
            #expect(twice?.code == .uniqueViolation)
            #expect(twice?.constraint == "ledger_end_of_hold")
            #expect(try await books.report().problems == [])
            await books.store.close()
        }
    }

    @Test func `a thousand holds at once never overdraw`() async throws {
        try await withScratch { path in
            let books = try await Books(SQLite.open(path: "\(path)/l.db"))
            try await books.deposit(1_000)
            let held = await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<1_000 {
                    group.addTask { await failure { try await books.hold(3, books.ids.next()) } == nil }
                }
                return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            #expect(held == 333)
            #expect(try await books.account(.user, "alice")?.held == 999)
            let report = try await books.report()
            #expect(report.problems == [])
            #expect(report.openHolds == 333)
            await books.store.close()
        }
    }

    @Test func `an end whose id sorts before its hold is no fault`() async throws {
        let clock = ManualClock(Timestamp(milliseconds: 1_800_000_000_000))
        let store = MemoryStore()
        try await store.migrate(LedgerSchema.migrations)
        let ids = IDGenerator(clock: clock.clock, random: .seeded(1))
        let ledger = Ledger(ids: ids, clock: clock.clock)
        // Another process, whose clock is ten seconds behind.
        let slow = ManualClock(clock.now.adding(seconds: -10))
        let behind = Ledger(ids: IDGenerator(clock: slow.clock, random: .seeded(2)), clock: slow.clock)
        let subject = ids.next()
        try await store.write { tx in
            try ledger.deposit(user: "a", wallet: "w", asset: Books.asset, amount: 9, subject: ids.next(), in: tx)
            try ledger.hold(user: "a", wallet: "w", asset: Books.asset, amount: 9, subject: subject, in: tx)
        }
        try await store.write { tx in try behind.post(subject: subject, in: tx) }
        let report = try await store.read { tx in try ledger.verify(in: tx) }
        #expect(report.problems == [])
        #expect(report.openHolds == 0)
    }

    // MARK: Planted corruption

    @Test func `every planted corruption is found`() async throws {
        let books = try await Books(MemoryStore())
        let (open, posted, voided) = (books.ids.next(), books.ids.next(), books.ids.next())
        try await books.deposit(1_000)
        try await books.deposit(500, user: "bob")
        try await books.topUp(50, books.ids.next())
        try await books.hold(100, open)
        try await books.hold(200, posted)
        try await books.hold(300, voided)
        try await books.post(posted)
        try await books.void(voided)
        try await books.fee(7, posted)
        #expect(try await books.report().problems == [])

        let seed: UInt64 = 0x1ED6E5
        let random = RandomSource.seeded(seed)
        let accounts = try await books.store.read { tx in try tx.select(Query(AccountTable.table)).map(\.values) }
        let transfers = try await books.store.read { tx in try tx.select(Query(TransferTable.table)).map(\.values) }
        func pick<T>(_ values: [T]) -> T { values[Int(random.uint64(below: UInt64(values.count)))] }
        var tried: [String: Int] = [:]
        var round = 0
        while round < 1_000 * Campaign.scale {
            round += 1
            var (a, t) = (accounts, transfers)
            let (i, j) = (Int(random.uint64(below: UInt64(a.count))), Int(random.uint64(below: UInt64(t.count))))
            let delta = UInt256(1 + random.uint64(below: 400))
            func shifted(_ value: StoredValue) -> StoredValue {
                let old = UInt256(stored: value)!
                return (random.uint64() % 2 == 0 ? old.addingSaturating(delta) : old.subtractingSaturating(delta))
                    .stored
            }
            let kind = pick([
                "balance", "held", "account's asset", "account's kind", "account gone", "amount", "debit", "credit",
                "asset", "kind", "hold", "transfer gone", "both accounts",
            ])
            switch kind {
            case "balance": a[i][4] = shifted(a[i][4])
            case "held": a[i][5] = shifted(a[i][5])
            case "account's asset": a[i][3] = .text(Self.other)
            case "account's kind": a[i][1] = pick(Account.Kind.allCases).stored
            case "account gone": a.remove(at: i)
            case "amount": t[j][5] = shifted(t[j][5])
            case "debit": t[j][2] = pick(accounts)[0]
            case "credit": t[j][3] = pick(accounts)[0]
            case "asset": t[j][4] = .text(Self.other)
            case "kind": t[j][1] = pick(Transfer.Kind.allCases).stored
            case "hold": t[j][7] = pick(transfers)[0]
            case "transfer gone": t.remove(at: j)
            default:
                // Two balances of one asset, moved by the same amount: the sum still fits.
                let others = a.indices.filter { $0 != i && a[$0][1] != a[i][1] }
                let k = pick(others)
                a[i][4] = UInt256(stored: a[i][4])!.addingSaturating(delta).stored
                a[k][4] = UInt256(stored: a[k][4])!.addingSaturating(delta).stored
            }
            if a == accounts, t == transfers { continue }
            let forged = MemoryStore()
            try await forged.migrate(LedgerSchema.migrations)
            let (accountRows, transferRows) = (a, t)
            do {
                try await forged.write { tx in
                    for row in accountRows {
                        try tx.insert(
                            into: AccountTable.table,
                            zip(AccountTable.table.columns, row).map { Assignment.raw($0.0.name, $0.1) })
                    }
                    for row in transferRows {
                        try tx.insert(
                            into: TransferTable.table,
                            zip(TransferTable.table.columns, row).map { Assignment.raw($0.0.name, $0.1) })
                    }
                }
            } catch let error as StorageError {
                // The schema refuses some of it by itself.
                #expect([.checkViolation, .uniqueViolation].contains(error.code))
                continue
            }
            tried[kind, default: 0] += 1
            let ledger = books.ledger
            let report = try await forged.read { tx in try ledger.verify(in: tx) }
            if kind == "hold", transfers[j][7] == .null {
                // A hold named by a transfer that ends none is without effect.
                continue
            }
            #expect(!report.isBalanced, "seed \(seed) round \(round): \(kind) \(i) \(j)")
        }
        #expect(tried.count == 13)
    }
}
