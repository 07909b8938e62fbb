import ChainNode
import Ledger
import Primitives
import Storage
import Wallets

@testable import Withdrawals

extension Simulation {
    func recover() async throws {
        let counts = try await Bank(ground).withdrawals.counts()
        say("the network is healthy: \(counts.map { "\($1) \($0.rawValue)" }.sorted().joined(separator: ", "))")
        hasInterludes = false
        for node in nodes { node.faults = NodeFaults() }
        ground.chain.stallFinality(false)
        ground.chain.updateToken(at: ground.token) { $0.isPaused = false }
        vault.isSealed = false
        ground.chain.setNextBaseFee(Ground.gwei)
        ground.clock.advance(seconds: 11)
        processes = [start("A"), start("B")]
        for number in promises.indices where promises[number].answer == nil { await ask(number) }
        let isRestored = hasForgotten
        for _ in 0..<Self.healthyBlocksMax {
            for wallet in wallets { await step(0, wallet) }
            ground.clock.advance(seconds: 12)
            ground.chain.mine(at: ground.clock.now)
            highest = max(highest, ground.chain.headNumber)
            let open = try await ground.store.read { tx in
                try tx.select(Query(WithdrawalTable.table)).contains { try !$0.get(WithdrawalTable.state).isFinal }
            }
            if !open { break }
        }
        try await check(everything: true)
        // After a restored backup lanes stand still, and people compare: only what was paid counts.
        guard !isRestored else { return }
        let bank = Bank(ground)
        _ = try await bank.watcher.sweep()
        breaches += try await invariants.end(bank)
        breaches += try await credits(bank)
        breaches += try await spending()
    }

    /// No window of time saw more than the rules allow, whatever waited for how long, in which lane, for which process.
    private func spending() async throws -> [String] {
        guard let window else { return [] }
        let paid = try await ground.store.read { tx in
            try tx.select(Query(SlotTable.table)).compactMap { row -> (at: Timestamp, withdrawal: Withdrawal)? in
                let withdrawal = try WithdrawalBook.find(row.get(SlotTable.withdrawalID), in: tx)
                return withdrawal.state == .confirmed ? (try row.get(SlotTable.boundAt), withdrawal) : nil
            }
        }
        var breaches: [String] = []
        for last in paid {
            let sum = paid.filter { other in
                let age = last.at.milliseconds(since: other.at)
                return other.withdrawal.userID == last.withdrawal.userID
                    && other.withdrawal.asset == last.withdrawal.asset && age >= 0 && age <= window.seconds * 1_000
            }.reduce(UInt256.zero) { $0 + $1.withdrawal.amount }
            if sum > window.max {
                breaches.append("policy: \(last.withdrawal.userID) took \(sum) in a window of \(window.max)")
            }
        }
        return breaches
    }

    /// Each user has what he had, what came in, and nothing of what was paid out: to the wei.
    private func credits(_ bank: Bank) async throws -> [String] {
        var breaches: [String] = []
        for wallet in wallets {
            for (asset, start) in [(Ground.native, Self.wei), (ground.coin, Self.tokens)] {
                var expected = start + deposits[wallet.ledgerOwner + asset.key, default: .zero]
                for promise in promises where promise.wallet.id == wallet.id && promise.asset == asset {
                    guard let id = promise.answer?.id, try await bank.withdrawals.get(id).state == .confirmed else {
                        continue
                    }
                    expected = expected - promise.amount
                }
                let account = try await bank.account(.user, wallet.userID, asset)
                if account?.balance != expected || account?.held != .zero {
                    breaches.append(
                        "balance: \(wallet.userID) has \(String(describing: account?.balance)) instead of \(expected)")
                }
            }
        }
        return breaches
    }

    private var invariants: Invariants {
        Invariants(
            ground: ground, settings: settings, promises: promises, wallets: wallets, highest: highest)
    }

    func check(everything: Bool) async throws {
        breaches += witness.violations
        if hasForgotten {
            breaches += try await invariants.always().filter { $0.hasPrefix("I1:") }
            return
        }
        breaches += try await invariants.always()
        if everything { breaches += try await invariants.books(Bank(ground)) }
    }

    // MARK: What was seen

    /// What a campaign must meet to be worth its time.
    static let expectedSights = [
        "a process died", "a lane was taken over in the middle of a step", "a payment was raised",
        "transactions fell out of blocks", "ended confirmed", "ended cancelled", "ended rejected",
        "ended failed", "a cancel was signed", "a deposit was credited", "a request was repeated",
    ]

    /// How often things happened.
    func sights() async throws -> [String: Int] {
        var sights: [String: Int] = [:]
        sights["a process died"] = trace.count { $0.hasSuffix("died") }
        sights["a lane was taken over in the middle of a step"] = trace.count { $0.contains("leaseLost") }
        sights["transactions fell out of blocks"] = trace.count {
            $0.contains("are replaced") && !$0.contains(" 0 transactions out")
        }
        sights["a deposit was credited"] = trace.count { $0.contains("deposits credited") }
        sights["a request was repeated"] = trace.count { $0.hasSuffix("replay true") }
        let (attempts, states) = try await ground.store.read { tx in
            (
                try tx.select(Query(AttemptTable.table)).map {
                    (
                        slot: "\(try $0.get(AttemptTable.lane))#\(try $0.get(AttemptTable.nonce))",
                        try Attempt($0).purpose
                    )
                },
                try tx.select(Query(WithdrawalTable.table)).map { try $0.get(WithdrawalTable.state) }
            )
        }
        for state in states { sights["ended \(state.rawValue)", default: 0] += 1 }
        sights["a cancel was signed"] = attempts.count { $0.1 == .cancel }
        let payouts = attempts.filter { $0.1 == .payout }.map(\.slot)
        sights["a payment was raised"] = payouts.count - Set(payouts).count
        return sights
    }
}
