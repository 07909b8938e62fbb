import ChainEVM
import ChainNode
import Keys
import Ledger
import Primitives
import Testing
import Wallets

@testable import Withdrawals

/// Withdrawals that their owners want back.
struct CancelTests {
    @Test func `a cancel that wins pays nobody and frees the hold`() async throws {
        let (bank, wallet) = try await Bank.ready()
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
        let (bank, wallet) = try await Bank.ready()
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
}
