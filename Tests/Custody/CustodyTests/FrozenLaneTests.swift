import ChainEVM
import ChainNode
import Keys
import Ledger
import Primitives
import Storage
import Testing
import Wallets

@testable import Withdrawals

/// Lanes on which nothing new may be signed.
struct FrozenLaneTests {
    @Test func `a key that was used elsewhere freezes its lane`() async throws {
        let (bank, wallet) = try await Bank.ready()
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
        let (bank, wallet) = try await Bank.ready()
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
        let (bank, wallet) = try await Bank.ready()
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
}
