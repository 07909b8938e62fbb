import ChainEVM
import ChainNode
import Primitives
import Testing

struct FaultyNodeTests {
    let alice = TestAccount(1)
    let bob = TestAccount(2)

    private func start(_ faults: NodeFaults, seed: UInt64 = 1) -> (chain: SimulatedChain, node: FaultyNode) {
        let chain = SimulatedChain()
        chain.fund(alice.address, wei: ether)
        return (chain, FaultyNode(chain, faults: faults, seed: seed))
    }

    @Test func `without faults it is the node it wraps`() async throws {
        let (chain, node) = start(NodeFaults())
        let signed = alice.pay(bob.address, wei: 1, nonce: 0)
        #expect(await node.broadcast(signed.raw) == .accepted(signed.hash))
        chain.mine(at: Timestamp(milliseconds: 1_700_000_050_000))
        #expect(try await node.receipt(signed.hash) == chain.receipt(signed.hash))
        #expect(try await node.reportedChainID() == 31337)
        #expect(node.injections.isEmpty)
    }

    @Test(arguments: [UInt64(1), 2, 77])
    func `the same seed meets the same faults`(seed: UInt64) async {
        func run(_ seed: UInt64) async -> [FaultyNode.Injection] {
            let (chain, node) = start(.stormy, seed: seed)
            var times = BlockTimes()
            for nonce in 0..<60 {
                let signed = alice.pay(bob.address, wei: 1, nonce: UInt64(nonce))
                _ = await node.broadcast(signed.raw)
                // A second node takes what this one lost, so that there is a receipt to hide.
                _ = await chain.send(signed)
                chain.mine(at: times.next())
                _ = try? await node.receipt(signed.hash)
                _ = try? await node.transaction(signed.hash)
                _ = try? await node.transactionCount(of: alice.address, at: .latest)
            }
            return node.injections
        }
        let first = await run(seed)
        #expect(first == (await run(seed)))
        #expect(first != (await run(seed + 1)))
        #expect(
            Set(first.map(\.fault)).isSuperset(of: [
                .droppedRequest, .lostAnswer, .hiddenReceipt, .oldView, .rateLimited,
            ]))
    }

    @Test func `a lost answer is unknown although the bytes are in the pool`() async {
        let (chain, node) = start(NodeFaults(losesAnswer: 1))
        let signed = alice.pay(bob.address, wei: 1, nonce: 0)
        #expect(await node.broadcast(signed.raw).isUnknown)
        #expect(chain.poolHashes == [signed.hash])
    }

    @Test func `a dropped request is unknown and the bytes are nowhere`() async {
        let (chain, node) = start(NodeFaults(dropsRequest: 1))
        #expect(await node.broadcast(alice.pay(bob.address, wei: 1, nonce: 0).raw).isUnknown)
        #expect(chain.poolHashes.isEmpty)
        #expect(await nodeError { try await node.header(.latest) }?.code == .transport)
    }

    @Test func `another hash is unknown, a rate limit is busy`() async {
        let (_, liar) = start(NodeFaults(wrongHash: 1))
        #expect(await liar.broadcast(alice.pay(bob.address, wei: 1, nonce: 0).raw).isUnknown)
        let (_, busy) = start(NodeFaults(rateLimits: 1))
        #expect(await busy.broadcast(alice.pay(bob.address, wei: 1, nonce: 0).raw).rejection == .busy)
        #expect(await nodeError { try await busy.header(.latest) }?.isRetryable == true)
    }

    @Test func `an old view knows neither the newest block nor what is in it`() async throws {
        let (chain, node) = start(NodeFaults(lags: 1, lagBlocks: 2, staleNonce: 1))
        var times = BlockTimes()
        for _ in 0..<5 { chain.mine(at: times.next()) }
        let signed = alice.pay(bob.address, wei: 1, nonce: 0)
        _ = await chain.send(signed)
        chain.mine(at: times.next())
        #expect(try await node.header(.latest)?.number == 4)
        #expect(try await node.receipt(signed.hash) == nil)
        #expect(try await node.transactionCount(of: alice.address, at: .latest) == 0)
        #expect(try await chain.transactionCount(of: alice.address, at: .latest) == 1)
        chain.mine(at: times.next())
        chain.mine(at: times.next())
        #expect(try await node.receipt(signed.hash) != nil)
    }

    @Test func `hidden receipts and a foreign chain`() async throws {
        let (chain, node) = start(NodeFaults(hidesReceipt: 1, hidesTransaction: 1, wrongChain: 1))
        let signed = alice.pay(bob.address, wei: 1, nonce: 0)
        _ = await node.broadcast(signed.raw)
        chain.mine(at: Timestamp(milliseconds: 1_700_000_050_000))
        #expect(try await node.receipt(signed.hash) == nil)
        #expect(try await node.transaction(signed.hash) == nil)
        #expect(await nodeError { try await node.requireConfiguredChain() }?.code == .wrongChain)
    }

    @Test func `a thousand stormy seeds pay exactly once with the same bytes`() async throws {
        for seed in 0..<1_000 {
            let (chain, node) = start(.stormy, seed: UInt64(seed))
            var times = BlockTimes()
            let signed = alice.pay(bob.address, wei: 1, nonce: 0)
            var isSettled = false
            for _ in 0..<60 where !isSettled {
                _ = await node.broadcast(signed.raw)
                chain.mine(at: times.next())
                isSettled = ((try? await node.transactionCount(of: alice.address, at: .finalized)) ?? 0) > 0
            }
            #expect(isSettled, "seed \(seed)")
            #expect(try await chain.balance(of: bob.address, at: .latest) == 1, "seed \(seed)")
        }
    }
}
