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

/// What goes wrong at night.
struct WithdrawalTroubleTests {
    private func ready(
        node: (SimulatedChain) -> any EVMNode = { $0 }, settings: ChainSettings = Bank.settings()
    ) async throws -> (Bank, Wallet) {
        let ground = try await Ground.make()
        let bank = Bank(ground, node: node(ground.chain), settings: settings)
        let wallet = try await bank.openWallet()
        try await bank.allowAll()
        return (bank, wallet)
    }

    @Test func `a cancel that wins pays nobody and frees the hold`() async throws {
        let (bank, wallet) = try await ready()
        let withdrawal = try await bank.accept(wallet, "a", to: .payee(1), amount: 5)
        try await bank.settle(wallet)
        let asked = try await bank.withdrawals.cancel(withdrawal.id, actor: "owner")
        #expect(asked.state == .broadcast)
        #expect(asked.isCancelRequested)
        try await bank.settle(wallet)
        let next = try await bank.accept(wallet, "b", to: .payee(2), amount: 6)
        try await bank.finish(wallet)
        #expect(try await bank.state(withdrawal) == .cancelled)
        #expect(try await bank.state(next) == .confirmed)
        #expect(try await bank.ground.chain.balance(of: .payee(1), at: .latest) == .zero)
        #expect(try await bank.ground.chain.balance(of: .payee(2), at: .latest) == 6)
        #expect(try await bank.account(.user, Ground.user, Ground.native)?.held == .zero)
        #expect(try await bank.booksMatch(wallet))
        #expect(try await bank.report().problems == [])
    }

    @Test func `a cancel that comes too late changes nothing`() async throws {
        let (bank, wallet) = try await ready()
        let withdrawal = try await bank.accept(wallet, "a", to: .payee(1), amount: 5)
        try await bank.settle(wallet)
        _ = try await bank.withdrawals.cancel(withdrawal.id, actor: "owner")
        let payout = bank.ground.chain.poolHashes
        try await bank.settle(wallet)
        // A miner that never saw the cancel takes the payout.
        let raw = try await bank.withdrawals.attempts(of: withdrawal.id)
        #expect(raw.map(\.purpose) == [.payout, .cancel])
        bank.ground.chain.dropFromPool()
        _ = await bank.ground.chain.broadcast(raw[0].raw)
        #expect(bank.ground.chain.poolHashes == payout)
        try await bank.run(wallet, blocks: 15)
        #expect(try await bank.state(withdrawal) == .confirmed)
        #expect(try await bank.ground.chain.balance(of: .payee(1), at: .latest) == 5)
        #expect(try await bank.booksMatch(wallet))
    }

    @Test func `a cancel before the signature still goes through its slot`() async throws {
        let ground = try await Ground.make()
        let vault = SealableVault(ground.vault)
        let bank = Bank(ground, vault: vault)
        let wallet = try await bank.openWallet()
        try await bank.allowAll()
        let withdrawal = try await bank.accept(wallet, "a", to: .payee(1), amount: 5)
        vault.isSealed = true
        #expect(await failure { try await bank.settle(wallet) } is Keys.KeyError)
        #expect(try await bank.state(withdrawal) == .signing)
        _ = try await bank.withdrawals.cancel(withdrawal.id, actor: "owner")
        vault.isSealed = false
        try await bank.finish(wallet)
        #expect(try await bank.state(withdrawal) == .cancelled)
        #expect(try await ground.chain.balance(of: .payee(1), at: .latest) == .zero)
        #expect(try await bank.booksMatch(wallet))
    }

    @Test func `a stuck fee is raised inside the caps and never above`() async throws {
        let settings = Bank.settings {
            $0.maxFeePerGasWeiCap = Ground.gwei * 8
            $0.transactionFeeWeiCap = Ground.gwei * 8 * 21_000
        }
        let (bank, wallet) = try await ready(settings: settings)
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
        let (bank, wallet) = try await ready(settings: Bank.settings { $0.maxFeePerGasWeiCap = Ground.gwei * 5 })
        bank.ground.chain.setNextBaseFee(Ground.gwei * 50)
        let withdrawal = try await bank.accept(wallet, "a", to: .payee(1), amount: 5)
        try await bank.settle(wallet)
        #expect(try await bank.state(withdrawal) == .queued)
        #expect(try await bank.withdrawals.get(withdrawal.id).reason?.contains("above the cap") == true)
        bank.ground.chain.setNextBaseFee(Ground.gwei)
        try await bank.run(wallet, blocks: 16)
        #expect(try await bank.state(withdrawal) == .confirmed)
    }

    @Test func `a key that was used elsewhere freezes its lane`() async throws {
        let (bank, wallet) = try await ready()
        let first = try await bank.accept(wallet, "a", to: .payee(1), amount: 5)
        try await bank.finish(wallet)
        try await spend(bank, wallet, nonce: 1)
        bank.ground.chain.mine(at: bank.ground.clock.now)
        let second = try await bank.accept(wallet, "b", to: .payee(2), amount: 6)
        try await bank.finish(wallet)
        #expect(try await bank.frozenReason(wallet)?.contains("used elsewhere") == true)
        #expect(try await bank.state(first) == .confirmed)
        #expect(try await bank.state(second) == .accepted)
        // A person looks, and lets it go on behind the foreign transaction.
        #expect(
            await failure {
                try await bank.lanes.unfreeze(wallet.lane, nextNonce: 0, actor: "operator")
            } is WithdrawalError)
        try await bank.lanes.unfreeze(wallet.lane, nextNonce: 2, actor: "operator")
        try await bank.finish(wallet)
        #expect(try await bank.state(second) == .confirmed)
        #expect(try await bank.withdrawals.get(second.id).nonce == 2)
        #expect(try await bank.report().problems == [])
    }

    @Test func `a slot that a stranger used is never voided by itself`() async throws {
        let (bank, wallet) = try await ready()
        let withdrawal = try await bank.accept(wallet, "a", to: .payee(1), amount: 5)
        try await bank.settle(wallet)
        bank.ground.chain.dropFromPool()
        try await spend(bank, wallet, nonce: 0)
        try await bank.run(wallet, blocks: 70)
        #expect(try await bank.frozenReason(wallet)?.contains("nonce 0 is used for good") == true)
        let stuck = try await bank.withdrawals.get(withdrawal.id)
        #expect(!stuck.state.isFinal)
        #expect(try await bank.account(.user, Ground.user, Ground.native)?.held == 5)
    }

    /// Signs past Coffer, as somebody does who has the key.
    private func spend(_ bank: Bank, _ wallet: Wallet, nonce: UInt64) async throws {
        let transaction = Transaction(
            chainID: Ground.chainNumber, nonce: nonce, gasLimit: 21_000, to: .payee(99), value: 1, data: [],
            fees: .eip1559(maxPriorityFeePerGas: Ground.gwei * 3, maxFeePerGas: Ground.gwei * 9, accessList: []))
        let signature = try await bank.ground.vault.sign([transaction.signingHash], with: wallet.keyID)[0]
        let outcome = await bank.ground.chain.broadcast(transaction.signed(signature).raw)
        guard case .accepted = outcome else { throw NodeError(.badAnswer, "\(outcome)") }
    }

    @Test(arguments: [0, 1, 3])
    func `a restored database freezes instead of signing`(paidBefore: Int) async throws {
        let ground = try await Ground.make()
        let bank = Bank(ground)
        let wallet = try await bank.openWallet()
        try await bank.allowAll()
        let old = MemoryStore()
        try await old.migrate(Ground.migrations)
        for number in 0..<4 {
            if number == paidBefore { try await copy(ground.store, to: old) }
            try await bank.accept(wallet, "\(number)", to: .payee(number), amount: 5)
            try await bank.finish(wallet)
        }
        // The backup knows `paidBefore` payments; the client repeats what it does not know any more.
        let restored = Bank(
            Ground(
                clock: ground.clock, chain: ground.chain, store: old, guardStore: ground.guardStore,
                vault: ground.vault, random: ground.random, token: ground.token), holder: "restored")
        for number in paidBefore..<4 {
            try await restored.accept(wallet, "\(number)", to: .payee(number), amount: 5)
        }
        try await restored.finish(wallet)
        #expect(try await restored.frozenReason(wallet) != nil)
        for number in 0..<4 { #expect(try await ground.chain.balance(of: .payee(number), at: .latest) == 5) }
        #expect(try await ground.chain.transactionCount(of: wallet.address, at: .latest) == 4)
    }

    @Test func `a restored database whose payments wait in no pool freezes by the guard alone`() async throws {
        let ground = try await Ground.make()
        let bank = Bank(ground)
        let wallet = try await bank.openWallet()
        try await bank.allowAll()
        try await bank.accept(wallet, "first", to: .payee(0), amount: 5)
        try await bank.finish(wallet)
        let old = MemoryStore()
        try await old.migrate(Ground.migrations)
        try await copy(ground.store, to: old)
        try await bank.accept(wallet, "second", to: .payee(1), amount: 5)
        try await bank.settle(wallet)
        ground.chain.dropFromPool()
        let restored = Bank(
            Ground(
                clock: ground.clock, chain: ground.chain, store: old, guardStore: ground.guardStore,
                vault: ground.vault, random: ground.random, token: ground.token), holder: "restored")
        try await restored.accept(wallet, "other", to: .payee(2), amount: 5)
        ground.clock.advance(milliseconds: Leases.durationMilliseconds)
        try await restored.settle(wallet)
        #expect(try await restored.frozenReason(wallet)?.contains("guard has signed nonce 1") == true)
        #expect(ground.chain.poolHashes.isEmpty)
    }

    @Test func `a sealed vault waits, sends what is signed, and goes on after`() async throws {
        let ground = try await Ground.make()
        let vault = SealableVault(ground.vault)
        let bank = Bank(ground, vault: vault)
        let wallet = try await bank.openWallet()
        try await bank.allowAll()
        let signed = try await bank.accept(wallet, "a", to: .payee(1), amount: 5)
        try await bank.settle(wallet)
        vault.isSealed = true
        let unsigned = try await bank.accept(wallet, "b", to: .payee(2), amount: 6)
        ground.chain.dropFromPool()
        ground.clock.advance(seconds: 20)
        #expect(await failure { try await bank.settle(wallet) } is Keys.KeyError)
        #expect(ground.chain.poolHashes.count == 1)
        // Long enough for a higher offer, which can't be signed now.
        ground.chain.dropFromPool()
        for _ in 0..<4 {
            ground.clock.advance(seconds: 20)
            #expect(await failure { try await bank.settle(wallet) } is Keys.KeyError)
        }
        #expect(ground.chain.poolHashes.count == 1)
        ground.chain.mine(at: ground.clock.now)
        for _ in 0..<12 { ground.chain.mine(at: ground.clock.now) }
        #expect(await failure { try await bank.settle(wallet) } is Keys.KeyError)
        #expect(try await bank.state(signed) == .confirmed)
        #expect(try await bank.state(unsigned) == .signing)
        vault.isSealed = false
        try await bank.finish(wallet)
        #expect(try await bank.state(unsigned) == .confirmed)
        #expect(try await ground.chain.balance(of: .payee(2), at: .latest) == 6)
        #expect(try await bank.booksMatch(wallet))
    }

    @Test func `a frozen lane still sends and follows what is signed`() async throws {
        let (bank, wallet) = try await ready()
        let withdrawal = try await bank.accept(wallet, "a", to: .payee(1), amount: 5)
        try await bank.settle(wallet)
        try await freeze(bank, wallet)
        bank.ground.chain.dropFromPool()
        bank.ground.clock.advance(seconds: 120)
        try await bank.settle(wallet)
        #expect(bank.ground.chain.poolHashes.count == 1)
        #expect(try await bank.withdrawals.attempts(of: withdrawal.id).count == 1)
        try await bank.run(wallet, blocks: 14)
        #expect(try await bank.state(withdrawal) == .confirmed)
    }

    private func freeze(_ bank: Bank, _ wallet: Wallet) async throws {
        try await bank.store.write { tx in
            try tx.update(
                LaneTable.table, set: [LaneTable.frozenReason.set("a person said so")],
                where: [LaneTable.lane == wallet.lane])
        }
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
        let (bank, wallet) = try await ready()
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
        let (bank, wallet) = try await ready(settings: Bank.settings { $0.finality = .finalizedTag })
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

    @Test func `a deposit is credited once, and payouts in between are no deposits`() async throws {
        let (bank, wallet) = try await ready()
        let chain = bank.ground.chain
        for _ in 0..<10 { chain.mine(at: bank.ground.clock.now) }
        #expect(try await bank.watcher.sweep() == 0)
        chain.fund(wallet.address, wei: 777)
        chain.mint(token: bank.ground.token, to: wallet.address, amount: 55)
        #expect(try await bank.watcher.sweep() == 2)
        #expect(try await bank.watcher.sweep() == 0)
        #expect(try await bank.account(.user, Ground.user, Ground.native)?.balance == Ground.ether * 100 + 777)
        #expect(try await bank.booksMatch(wallet))
        for number in 0..<5 {
            try await bank.accept(wallet, "\(number)", to: .payee(number), amount: 1_000)
            for _ in 0..<4 {
                try await bank.run(wallet, blocks: 1)
                #expect(try await bank.watcher.sweep() == 0)
            }
        }
        try await bank.run(wallet, blocks: 16)
        #expect(try await bank.watcher.sweep() == 0)
        #expect(try await bank.withdrawals.counts() == [.confirmed: 5])
        #expect(try await bank.booksMatch(wallet))
        #expect(try await bank.report().problems == [])
        #expect(try await bank.audit().isIntact)
    }

    @Test func `a young deposit is not credited in the shadow of a posted payout`() async throws {
        let ground = try await Ground.make()
        // Payouts are final long before deposits count.
        let bank = Bank(ground, settings: Bank.settings { $0.finality = .depth(2) }, depositDepth: 12)
        let wallet = try await bank.openWallet()
        let sender = try await bank.openWallet(user: "sender")
        try await bank.allowAll()
        for _ in 0..<14 { ground.chain.mine(at: ground.clock.now) }
        try await bank.accept(wallet, "out", to: .payee(1), amount: Ground.ether)
        try await bank.settle(wallet)
        try await bank.accept(sender, "in", to: wallet.address, amount: Ground.ether, user: "sender")
        try await bank.settle(sender)
        try await bank.run(wallet, blocks: 3)
        #expect(try await bank.watcher.credit(wallet) == 0)
        try await bank.run(wallet, blocks: 12)
        #expect(try await bank.watcher.credit(wallet) == 1)
        #expect(try await bank.booksMatch(wallet))
    }

    @Test func `a lane goes over to another engine when its holder falls silent`() async throws {
        let ground = try await Ground.make()
        let one = Bank(ground, holder: "one")
        let two = Bank(ground, holder: "two")
        let wallet = try await one.openWallet()
        try await one.allowAll()
        let withdrawal = try await one.accept(wallet, "a", to: .payee(1), amount: 5)
        try await one.settle(wallet)
        #expect(try await two.engine.step(wallet.lane) == false)
        ground.clock.advance(milliseconds: Leases.durationMilliseconds)
        ground.chain.mine(at: ground.clock.now)
        try await two.run(wallet, blocks: 14)
        #expect(try await two.state(withdrawal) == .confirmed)
        #expect(try await one.engine.step(wallet.lane) == false)
        #expect(try await ground.chain.transactionCount(of: wallet.address, at: .latest) == 1)
    }

    @Test func `an engine that was overtaken in the middle of a step changes nothing more`() async throws {
        let ground = try await Ground.make()
        let node = ScriptedNode(ground.chain)
        let slow = Bank(ground, holder: "slow", node: node)
        let fast = Bank(ground, holder: "fast")
        let wallet = try await slow.openWallet()
        try await slow.allowAll()
        let withdrawal = try await slow.accept(wallet, "a", to: .payee(1), amount: 5)
        node.set { script in
            script.before = {
                ground.clock.advance(milliseconds: Leases.durationMilliseconds)
                try await fast.settle(wallet)
            }
        }
        let error = await failure { try await slow.settle(wallet) } as? StorageError
        #expect(error?.code == .leaseLost)
        try await fast.run(wallet, blocks: 14)
        #expect(try await fast.state(withdrawal) == .confirmed)
        #expect(try await ground.chain.balance(of: .payee(1), at: .latest) == 5)
        #expect(try await fast.booksMatch(wallet))
    }
}
