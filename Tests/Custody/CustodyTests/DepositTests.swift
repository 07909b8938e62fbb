import Audit
import ChainEVM
import ChainNode
import Ledger
import Primitives
import Testing
import Wallets

@testable import Withdrawals

/// Coins that come in.
struct DepositTests {
    @Test func `a deposit is credited once, and payouts in between are no deposits`() async throws {
        let (bank, wallet) = try await Bank.ready()
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
}
