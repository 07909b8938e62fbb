import Audit
import ChainEVM
import ChainNode
import Keys
import Ledger
import Primitives
import Storage
import Testing
import Wallets

@testable import Withdrawals

struct WithdrawalFlowTests {
    @Test func `coins arrive and the books agree to the wei`() async throws {
        let bank = Bank(try await Ground.make())
        let wallet = try await bank.openWallet()
        try await bank.allowAll()
        let amount: UInt256 = 1_234_567_890_123_456_789
        let withdrawal = try await bank.accept(wallet, "a", to: .payee(1), amount: amount)
        #expect(withdrawal.state == .accepted)
        #expect(try await bank.account(.user, Ground.user, Ground.native)?.held == amount)
        try await bank.finish(wallet)
        #expect(try await bank.state(withdrawal) == .confirmed)
        #expect(try await bank.ground.chain.balance(of: .payee(1), at: .latest) == amount)
        #expect(try await bank.booksMatch(wallet))
        #expect(try await bank.report().problems == [])
        #expect(try await bank.audit().isIntact)
        let user = try await bank.account(.user, Ground.user, Ground.native)
        #expect(user?.balance == Ground.ether * 100 - amount)
        #expect(user?.held == .zero)
        let events = try await bank.withdrawals.events(of: withdrawal.id, limit: 20).map(\.type)
        #expect(
            events == ["accepted", "signing", "signed", "broadcast", "mined", "confirmed"].map { "withdrawal.\($0)" })
    }

    @Test(arguments: [SimulatedToken.TransferAnswer.returnsTrue, .returnsNothing])
    func `tokens arrive and the fee is booked in coins`(answer: SimulatedToken.TransferAnswer) async throws {
        let token = SimulatedToken(symbol: "USDX", decimals: 6, transferAnswer: answer)
        let bank = Bank(try await Ground.make(token: token))
        let wallet = try await bank.openWallet()
        try await bank.allowAll()
        let withdrawal = try await bank.accept(wallet, "a", bank.ground.coin, to: .payee(1), amount: 12_345_678)
        try await bank.finish(wallet)
        #expect(try await bank.state(withdrawal) == .confirmed)
        #expect(bank.ground.chain.tokenBalance(bank.ground.token, of: .payee(1)) == 12_345_678)
        #expect(try await bank.booksMatch(wallet))
        #expect(try await bank.report().problems == [])
        let fees = try await bank.account(.fees, "\(Ground.chainID)", Ground.native)
        let left = try await bank.ground.chain.balance(of: wallet.address, at: .latest)
        #expect(fees?.balance == Ground.ether * 100 - left)
        #expect(try await bank.withdrawals.get(withdrawal.id).transactionHash != nil)
    }

    @Test func `without a rule that allows it nothing is paid and the hold is freed`() async throws {
        let bank = Bank(try await Ground.make())
        let wallet = try await bank.openWallet()
        let withdrawal = try await bank.accept(wallet, "a", to: .payee(1), amount: 5)
        try await bank.settle(wallet)
        let ended = try await bank.withdrawals.get(withdrawal.id)
        #expect(ended.state == .rejected)
        #expect(ended.reason == "policy: no rule allows it")
        #expect(ended.nonce == nil)
        #expect(try await bank.account(.user, Ground.user, Ground.native)?.held == .zero)
        #expect(try await bank.signer.lanes().isEmpty)
        #expect(try await bank.report().problems == [])
    }

    @Test func `of withdrawals that came together no more is paid than the window allows`() async throws {
        let bank = Bank(try await Ground.make())
        let wallet = try await bank.openWallet()
        let second = try await bank.openWallet()
        try await bank.policies.add(
            PolicyRule(id: bank.ids.next(), action: .allow, amountMax: 60, windowSeconds: 3_600, windowAmountMax: 100),
            actor: "test")
        var sent: [Withdrawal] = []
        for (index, amount) in [61, 60, 40, 1, 1].enumerated() {
            let from = index == 4 ? second : wallet
            sent.append(try await bank.accept(from, "\(index)", to: .payee(index), amount: UInt256(amount)))
        }
        try await bank.finish(wallet)
        try await bank.finish(second)
        var states: [Withdrawal.State] = []
        for withdrawal in sent { states.append(try await bank.state(withdrawal)) }
        #expect(states == [.rejected, .confirmed, .confirmed, .rejected, .rejected])
        // The window moves on with the payments, not with the requests.
        bank.ground.clock.advance(seconds: 3_600)
        let later = try await bank.accept(wallet, "later", to: .payee(9), amount: 60)
        try await bank.finish(wallet)
        #expect(try await bank.state(later) == .confirmed)
        #expect(try await bank.report().problems == [])
    }

    @Test func `withdrawals that waited long are paid inside the window all the same`() async throws {
        let bank = Bank(try await Ground.make())
        let wallet = try await bank.openWallet(tokens: 1_000)
        try await bank.policies.add(
            PolicyRule(id: bank.ids.next(), action: .allow, windowSeconds: 3_600, windowAmountMax: 100), actor: "test")
        // A market above every cap: nothing is bound for two hours.
        bank.ground.chain.setNextBaseFee(Ground.gwei * 10_000)
        var waiting: [Withdrawal] = []
        for number in 0..<3 {
            waiting.append(try await bank.accept(wallet, "\(number)", bank.ground.coin, to: .payee(number), amount: 60))
            try await bank.settle(wallet)
            bank.ground.clock.advance(seconds: 4_000)
        }
        bank.ground.chain.setNextBaseFee(Ground.gwei)
        try await bank.finish(wallet)
        var paid = 0
        for withdrawal in waiting where try await bank.state(withdrawal) == .confirmed { paid += 1 }
        #expect(paid == 1)
    }

    @Test func `a deny rule that comes while the chain is asked still holds`() async throws {
        let ground = try await Ground.make()
        let node = ScriptedNode(ground.chain)
        let bank = Bank(ground, node: node)
        let wallet = try await bank.openWallet()
        try await bank.allowAll()
        let withdrawal = try await bank.accept(wallet, "a", to: .payee(1), amount: 5)
        node.set { script in
            script.before = {
                try await bank.policies.add(
                    PolicyRule(id: bank.ids.next(), action: .deny, to: "\(Address.payee(1))"), actor: "test")
            }
        }
        try await bank.finish(wallet)
        #expect(try await bank.state(withdrawal) == .rejected)
        #expect(try await ground.chain.transactionCount(of: wallet.address, at: .latest) == 0)
        #expect(try await bank.report().problems == [])
    }

    @Test func `a payment that would revert is refused without a nonce`() async throws {
        let bank = Bank(try await Ground.make())
        let wallet = try await bank.openWallet()
        try await bank.allowAll()
        bank.ground.chain.updateToken(at: bank.ground.token) { $0.blocked = [.payee(1)] }
        let refused = try await bank.accept(wallet, "a", bank.ground.coin, to: .payee(1), amount: 5)
        let paid = try await bank.accept(wallet, "b", bank.ground.coin, to: .payee(2), amount: 5)
        try await bank.finish(wallet)
        #expect(try await bank.state(refused) == .rejected)
        #expect(try await bank.withdrawals.get(refused.id).nonce == nil)
        #expect(try await bank.state(paid) == .confirmed)
        #expect(try await bank.withdrawals.get(paid.id).nonce == 0)
        #expect(try await bank.booksMatch(wallet))
    }

    @Test(arguments: [
        NodeError(.rpc(-32000), "gas required exceeds allowance (30000000)"), NodeError(.badAnswer, "no number"),
    ])
    func `a payment that no node can estimate waits alone`(failure: NodeError) async throws {
        let ground = try await Ground.make()
        let node = ScriptedNode(ground.chain)
        let bank = Bank(ground, node: node)
        let wallet = try await bank.openWallet()
        try await bank.allowAll()
        let greedy = try await bank.accept(wallet, "a", to: .payee(1), amount: 5)
        node.set { $0.estimateFailure = failure }
        try await bank.settle(wallet)
        node.set { $0.estimateFailure = nil }
        let next = try await bank.accept(wallet, "b", to: .payee(2), amount: 5)
        try await bank.settle(wallet)
        #expect(try await bank.state(greedy) == .queued)
        #expect(try await bank.withdrawals.get(greedy.id).reason?.contains("estimate") == true)
        #expect(try await bank.state(next) == .broadcast)
        try await bank.finish(wallet)
        #expect(try await bank.state(greedy) == .confirmed)
    }

    @Test func `an estimate near the end of numbers stops nobody`() async throws {
        let ground = try await Ground.make()
        let node = ScriptedNode(ground.chain)
        let bank = Bank(ground, node: node)
        let wallet = try await bank.openWallet()
        try await bank.allowAll()
        let withdrawal = try await bank.accept(wallet, "a", to: .payee(1), amount: 5)
        node.set { $0.estimate = .max }
        try await bank.settle(wallet)
        #expect(try await bank.state(withdrawal) == .rejected)
    }

    @Test func `a revert at final depth frees the hold and keeps the proof`() async throws {
        let bank = Bank(try await Ground.make())
        let wallet = try await bank.openWallet()
        try await bank.allowAll()
        let withdrawal = try await bank.accept(wallet, "a", bank.ground.coin, to: .payee(1), amount: 5)
        try await bank.settle(wallet)
        bank.ground.chain.updateToken(at: bank.ground.token) { $0.isPaused = true }
        try await bank.run(wallet, blocks: 12)
        // Twelve blocks are not thirteen: the revert may still be undone.
        #expect(try await bank.state(withdrawal) == .mined)
        #expect(try await bank.account(.user, Ground.user, bank.ground.coin)?.held == 5)
        try await bank.run(wallet, blocks: 1)
        let failed = try await bank.withdrawals.get(withdrawal.id)
        #expect(failed.state == .failed)
        #expect(failed.reason == "the transaction reverted")
        #expect(try await bank.account(.user, Ground.user, bank.ground.coin)?.available == 1_000_000_000)
        let proof = try await bank.store.read { tx in
            try tx.first(Query(VoidTable.table, where: [VoidTable.withdrawalID == withdrawal.id]))?.get(VoidTable.proof)
        }
        #expect(proof == .reverted)
        #expect(try await bank.booksMatch(wallet))
        #expect(try await bank.report().problems == [])
    }

    @Test func `a token that answers false has paid nobody`() async throws {
        let bank = Bank(
            try await Ground.make(token: SimulatedToken(symbol: "OLD", decimals: 6, transferAnswer: .returnsFalse)))
        let wallet = try await bank.openWallet()
        try await bank.allowAll()
        let withdrawal = try await bank.accept(wallet, "a", bank.ground.coin, to: .payee(1), amount: 5)
        try await bank.finish(wallet)
        let failed = try await bank.withdrawals.get(withdrawal.id)
        #expect(failed.state == .failed)
        #expect(failed.reason == "the token moved nothing")
        #expect(try await bank.account(.user, Ground.user, bank.ground.coin)?.held == .zero)
        #expect(try await bank.booksMatch(wallet))
    }

    @Test func `what a token kept for itself is not given back`() async throws {
        let bank = Bank(
            try await Ground.make(token: SimulatedToken(symbol: "TAX", decimals: 6, feeBasisPoints: 100)))
        let wallet = try await bank.openWallet()
        try await bank.allowAll()
        let withdrawal = try await bank.accept(wallet, "a", bank.ground.coin, to: .payee(1), amount: 10_000)
        try await bank.finish(wallet)
        #expect(bank.ground.chain.tokenBalance(bank.ground.token, of: .payee(1)) == 9_900)
        let ended = try await bank.withdrawals.get(withdrawal.id)
        #expect(ended.state == .confirmed)
        #expect(ended.reason == "the token paid 9900 of 10000 to the recipient")
        #expect(try await bank.booksMatch(wallet))
        #expect(try await bank.report().problems == [])
    }

    @Test func `a hundred withdrawals keep sixteen in flight and leave no gap`() async throws {
        let bank = Bank(try await Ground.make())
        let wallet = try await bank.openWallet()
        try await bank.allowAll()
        for number in 0..<100 {
            try await bank.accept(wallet, "\(number)", to: .payee(number), amount: UInt256(number + 1))
        }
        var inFlightMost = 0
        for _ in 0..<40 {
            try await bank.settle(wallet)
            inFlightMost = max(inFlightMost, bank.ground.chain.poolHashes.count)
            bank.ground.clock.advance(seconds: 12)
            bank.ground.chain.mine(at: bank.ground.clock.now)
        }
        #expect(inFlightMost == 16)
        #expect(try await bank.withdrawals.counts() == [.confirmed: 100])
        for number in 0..<100 {
            #expect(try await bank.ground.chain.balance(of: .payee(number), at: .latest) == UInt256(number + 1))
        }
        let nonces = try await bank.store.read { tx in
            try tx.select(Query(SlotTable.table, order: [.ascending(SlotTable.nonce)])).map {
                try $0.get(SlotTable.nonce)
            }
        }
        #expect(nonces == Array(0..<100))
        #expect(try await bank.ground.chain.transactionCount(of: wallet.address, at: .latest) == 100)
        #expect(try await bank.booksMatch(wallet))
        #expect(try await bank.report().problems == [])
        #expect(try await bank.audit().isIntact)
    }

    @Test func `many that can't be paid don't hold up the one behind them`() async throws {
        let bank = Bank(try await Ground.make())
        let wallet = try await bank.openWallet(tokens: 50)
        let (ledger, ids, coin) = (bank.ledger, bank.ids, bank.ground.coin.key)
        try await bank.store.write { tx in
            try ledger.deposit(
                user: Ground.user, wallet: wallet.ledgerOwner, asset: coin, amount: 10_000, subject: ids.next(), in: tx)
        }
        try await bank.allowAll()
        for number in 0..<60 {
            try await bank.accept(wallet, "\(number)", bank.ground.coin, to: .payee(number), amount: 100)
        }
        let last = try await bank.accept(wallet, "last", to: .payee(99), amount: 5)
        // A slow rhythm: between two looks everybody's pause is over.
        for _ in 0..<8 {
            _ = try await bank.engine.step(wallet.lane)
            bank.ground.clock.advance(seconds: 5)
        }
        #expect(try await bank.state(last) == .broadcast)
        #expect(try await bank.withdrawals.counts()[.queued] == 60)
    }

    @Test func `a wallet without coins waits and says so`() async throws {
        let bank = Bank(try await Ground.make())
        let wallet = try await bank.wallets.create(userID: Ground.user, chain: Ground.chainID, actor: "test")
        let (ledger, ids) = (bank.ledger, bank.ids)
        try await bank.store.write { tx in
            try ledger.deposit(
                user: Ground.user, wallet: wallet.ledgerOwner, asset: Ground.native.key, amount: 100,
                subject: ids.next(), in: tx)
        }
        try await bank.allowAll()
        let withdrawal = try await bank.accept(wallet, "a", to: .payee(1), amount: 100)
        try await bank.settle(wallet)
        #expect(try await bank.withdrawals.get(withdrawal.id).reason?.contains("holds less than 100") == true)
        bank.ground.chain.fund(wallet.address, wei: 100)
        try await bank.run(wallet, blocks: 1)
        #expect(try await bank.withdrawals.get(withdrawal.id).reason?.contains("too few coins") == true)
        bank.ground.chain.fund(wallet.address, wei: Ground.ether)
        try await bank.run(wallet, blocks: 16)
        #expect(try await bank.state(withdrawal) == .confirmed)
        // The coins for the fee came from nobody that the books know of.
        let fees = try await bank.account(.fees, "\(Ground.chainID)", Ground.native)
        let suspense = try await bank.account(.suspense, "\(Ground.chainID)", Ground.native)
        #expect(suspense?.balance == fees?.balance)
        #expect(try await bank.report().problems == [])
    }
}
