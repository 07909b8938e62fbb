import ChainEVM
import ChainNode
import Primitives
import Storage
import Testing
import Wallets

@testable import Withdrawals

/// Two engines and one lane.
struct TakeoverTests {
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
