import ChainEVM
import ChainNode
import Ledger
import Primitives
import Testing
import Wallets

@testable import Withdrawals

/// What nodes and chains do at night.
struct WithdrawalTroubleTests {
    @Test func `a stuck fee is raised inside the caps and never above`() async throws {
        let settings = Bank.settings {
            $0.maxFeePerGasWeiCap = Ground.gwei * 8
            $0.transactionFeeWeiCap = Ground.gwei * 8 * 21_000
        }
        let (bank, wallet) = try await Bank.ready(settings: settings)
        let withdrawal = try await bank.accept(wallet, "a", to: .payee(1), amount: 5)
        try await bank.settle(wallet)
        for _ in 0..<30 {
            bank.ground.clock.advance(seconds: 50)
            bank.ground.chain.setNextBaseFee(Ground.gwei * 20)
            try await bank.settle(wallet)
        }
        let attempts = try await bank.withdrawals.attempts(of: withdrawal.id)
        #expect(attempts.count > 2)
        for (old, new) in zip(attempts, attempts.dropFirst()) {
            #expect(new.maxFeePerGas > old.maxFeePerGas + old.maxFeePerGas.shiftedRight(by: 4))
            #expect(new.maxPriorityFeePerGas > old.maxPriorityFeePerGas)
        }
        #expect(attempts.allSatisfy { $0.maxFeePerGas <= Ground.gwei * 8 })
        #expect(try await bank.state(withdrawal) == .broadcast)
        bank.ground.chain.setNextBaseFee(Ground.gwei * 2)
        try await bank.run(wallet, blocks: 14)
        #expect(try await bank.state(withdrawal) == .confirmed)
        #expect(try await bank.ground.chain.balance(of: .payee(1), at: .latest) == 5)
        #expect(try await bank.booksMatch(wallet))
    }

    @Test func `fees above the cap make a withdrawal wait for its nonce`() async throws {
        let (bank, wallet) = try await Bank.ready(settings: Bank.settings { $0.maxFeePerGasWeiCap = Ground.gwei * 5 })
        bank.ground.chain.setNextBaseFee(Ground.gwei * 50)
        let withdrawal = try await bank.accept(wallet, "a", to: .payee(1), amount: 5)
        try await bank.settle(wallet)
        #expect(try await bank.state(withdrawal) == .queued)
        #expect(try await bank.withdrawals.get(withdrawal.id).reason?.contains("above the cap") == true)
        bank.ground.chain.setNextBaseFee(Ground.gwei)
        try await bank.run(wallet, blocks: 16)
        #expect(try await bank.state(withdrawal) == .confirmed)
    }

    @Test func `a node that is down makes everything wait and nothing fail`() async throws {
        let ground = try await Ground.make()
        let node = ScriptedNode(ground.chain)
        let bank = Bank(ground, node: node)
        let wallet = try await bank.openWallet()
        try await bank.allowAll()
        let first = try await bank.accept(wallet, "a", to: .payee(1), amount: 5)
        try await bank.settle(wallet)
        node.set { $0.failure = NodeError(.transport, "no route") }
        let second = try await bank.accept(wallet, "b", to: .payee(2), amount: 6)
        for _ in 0..<50 {
            ground.clock.advance(seconds: 60)
            #expect(await failure { try await bank.settle(wallet) } is NodeError)
        }
        #expect(try await bank.engine.tick() == 0)
        #expect(try await bank.state(first) == .broadcast)
        #expect(try await bank.state(second) == .accepted)
        node.set { $0.failure = nil }
        try await bank.finish(wallet)
        #expect(try await bank.withdrawals.counts() == [.confirmed: 2])
        #expect(try await bank.booksMatch(wallet))
    }

    @Test(arguments: [false, true])
    func `an unclear answer is followed by the same bytes`(arrives: Bool) async throws {
        let ground = try await Ground.make()
        let node = ScriptedNode(ground.chain)
        let bank = Bank(ground, node: node)
        let wallet = try await bank.openWallet()
        try await bank.allowAll()
        node.set {
            $0.losesAnswers = arrives
            $0.swallowsBytes = !arrives
        }
        let withdrawal = try await bank.accept(wallet, "a", to: .payee(1), amount: 5)
        try await bank.settle(wallet)
        #expect(try await bank.state(withdrawal) == .unknown)
        for _ in 0..<5 {
            ground.clock.advance(seconds: 3)
            try await bank.settle(wallet)
        }
        #expect(node.sent.count > 4)
        #expect(Set(node.sent).count == 1)
        node.set {
            $0.losesAnswers = false
            $0.swallowsBytes = false
        }
        try await bank.finish(wallet)
        #expect(try await bank.state(withdrawal) == .confirmed)
        #expect(try await ground.chain.balance(of: .payee(1), at: .latest) == 5)
        #expect(Set(node.sent).count == 1)
    }

    @Test(arguments: BroadcastRejection.allCases)
    func `no refusal by a node fails a withdrawal`(rejection: BroadcastRejection) async throws {
        let ground = try await Ground.make()
        let node = ScriptedNode(ground.chain)
        let bank = Bank(ground, node: node)
        let wallet = try await bank.openWallet()
        try await bank.allowAll()
        // The node has taken the bytes and says that it has not.
        node.set { $0.answer = .rejected(rejection, message: "no") }
        let withdrawal = try await bank.accept(wallet, "a", to: .payee(1), amount: 5)
        try await bank.settle(wallet)
        #expect(try await bank.state(withdrawal) == .unknown)
        try await bank.finish(wallet)
        #expect(try await bank.state(withdrawal) == .confirmed)
        #expect(try await ground.chain.transactionCount(of: wallet.address, at: .latest) == 1)
        #expect(try await bank.booksMatch(wallet))
    }

    @Test func `a payment that a reorganisation took back is sent again`() async throws {
        let (bank, wallet) = try await Bank.ready()
        let withdrawal = try await bank.accept(wallet, "a", to: .payee(1), amount: 5)
        try await bank.settle(wallet)
        try await bank.run(wallet, blocks: 12)
        #expect(try await bank.state(withdrawal) == .mined)
        _ = try bank.ground.chain.reorg(depth: 12, requeue: false)
        #expect(bank.ground.chain.poolHashes.isEmpty)
        try await bank.settle(wallet)
        #expect(bank.ground.chain.poolHashes.count == 1)
        try await bank.run(wallet, blocks: 14)
        #expect(try await bank.state(withdrawal) == .confirmed)
        #expect(try await bank.ground.chain.balance(of: .payee(1), at: .latest) == 5)
        #expect(try await bank.booksMatch(wallet))
    }

    @Test func `while finality stands still nothing is settled`() async throws {
        let (bank, wallet) = try await Bank.ready(settings: Bank.settings { $0.finality = .finalizedTag })
        bank.ground.chain.stallFinality(true)
        let withdrawal = try await bank.accept(wallet, "a", to: .payee(1), amount: 5)
        try await bank.settle(wallet)
        try await bank.run(wallet, blocks: 100)
        #expect(try await bank.state(withdrawal) == .mined)
        #expect(try await bank.account(.user, Ground.user, Ground.native)?.held == 5)
        bank.ground.chain.stallFinality(false)
        try await bank.run(wallet, blocks: 2)
        #expect(try await bank.state(withdrawal) == .confirmed)
    }

    @Test func `receipts that come and go do not freeze a lane that is settled in the end`() async throws {
        let ground = try await Ground.make()
        let node = ScriptedNode(ground.chain)
        let bank = Bank(ground, node: node, settings: Bank.settings { $0.finality = .finalizedTag })
        let wallet = try await bank.openWallet()
        try await bank.allowAll()
        let withdrawal = try await bank.accept(wallet, "a", to: .payee(1), amount: 5)
        try await bank.settle(wallet)
        ground.chain.mine(at: ground.clock.now)
        try await bank.settle(wallet)
        ground.chain.stallFinality(true)
        // Hidden once, seen for a quarter of an hour, hidden once more just when it is final.
        node.set { $0.hidesReceipts = true }
        try await bank.run(wallet, blocks: 1)
        node.set { $0.hidesReceipts = false }
        try await bank.run(wallet, blocks: 75)
        ground.chain.stallFinality(false)
        node.set { $0.hidesReceipts = true }
        try await bank.run(wallet, blocks: 1)
        #expect(try await bank.frozenReason(wallet) == nil)
        node.set { $0.hidesReceipts = false }
        try await bank.run(wallet, blocks: 1)
        #expect(try await bank.state(withdrawal) == .confirmed)
    }

    @Test func `a receipt whose price no bytes of ours allow is not believed`() async throws {
        let ground = try await Ground.make()
        let node = ScriptedNode(ground.chain)
        let bank = Bank(ground, node: node)
        let wallet = try await bank.openWallet()
        try await bank.allowAll()
        let withdrawal = try await bank.accept(wallet, "a", to: .payee(1), amount: 5)
        node.set {
            $0.change = { receipt in
                var receipt = receipt
                receipt.effectiveGasPrice = Ground.ether
                return receipt
            }
        }
        try await bank.finish(wallet)
        #expect(try await bank.state(withdrawal).isFinal == false)
        node.set { $0.change = nil }
        try await bank.run(wallet, blocks: 1)
        #expect(try await bank.state(withdrawal) == .confirmed)
        #expect(try await bank.booksMatch(wallet))
    }

    @Test func `a token that moved another amount calls a person and gives nothing back`() async throws {
        let ground = try await Ground.make()
        let node = ScriptedNode(ground.chain)
        let bank = Bank(ground, node: node)
        let wallet = try await bank.openWallet()
        try await bank.allowAll()
        node.set {
            $0.change = { receipt in
                var receipt = receipt
                for index in receipt.logs.indices { receipt.logs[index].data = UInt256(3 as UInt64).bigEndianBytes }
                return receipt
            }
        }
        let withdrawal = try await bank.accept(wallet, "a", ground.coin, to: .payee(1), amount: 5)
        try await bank.finish(wallet)
        #expect(try await bank.state(withdrawal) == .mined)
        #expect(try await bank.frozenReason(wallet)?.contains("took 3 of") == true)
        #expect(try await bank.account(.user, Ground.user, ground.coin)?.held == 5)
    }

    @Test func `coins in flight are settled after their asset was struck off the list`() async throws {
        let ground = try await Ground.make()
        let bank = Bank(ground)
        let wallet = try await bank.openWallet()
        try await bank.allowAll()
        let withdrawal = try await bank.accept(wallet, "a", ground.coin, to: .payee(1), amount: 5)
        try await bank.settle(wallet)
        let later = Bank(ground, assets: AssetList([ground.native]))
        try await later.finish(wallet)
        #expect(try await later.state(withdrawal) == .confirmed)
    }
}
