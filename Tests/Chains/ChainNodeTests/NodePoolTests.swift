import ChainEVM
import ChainNode
import Primitives
import Synchronization
import Testing

/// Remembers pauses and never waits; deadlines never come unless they are switched on.
private final class TestTiming: Sendable {
    let pauses = Mutex<[Duration]>([])
    let deadlinePasses: Bool

    init(deadlinePasses: Bool = false) { self.deadlinePasses = deadlinePasses }

    var timing: NodePool.Timing {
        NodePool.Timing(
            pause: { duration in self.pauses.withLock { $0.append(duration) } },
            deadline: { _ in
                if self.deadlinePasses { return }
                try await forever()
            }, random: .seeded(1))
    }
}

/// Suspends until cancelled.
private func forever() async throws {
    let (stream, continuation) = AsyncStream.makeStream(of: Never.self)
    for await _ in stream {}
    withExtendedLifetime(continuation) {}
    throw CancellationError()
}

struct NodePoolTests {
    let alice = TestAccount(1)
    let bob = TestAccount(2)

    private func chain() -> SimulatedChain {
        let chain = SimulatedChain()
        chain.fund(alice.address, wei: ether)
        return chain
    }

    private func pool(
        _ nodes: [any EVMNode], quorum: Int = 2, timing: TestTiming = TestTiming(), attempts: Int = 3
    ) -> NodePool {
        NodePool(
            chain: nodes[0].chain, nodes: nodes, policy: .init(readQuorum: quorum, readAttemptsMax: attempts),
            timing: timing.timing)
    }

    @Test func `a read moves on to the next node`() async throws {
        let chain = chain()
        let dead = FaultyNode(chain, faults: NodeFaults(dropsRequest: 1), seed: 1)
        let timing = TestTiming()
        let pool = pool([dead, chain], timing: timing)
        #expect(try await pool.balance(of: alice.address, at: .latest) == ether)
        #expect(timing.pauses.withLock { $0 }.isEmpty)
        let health = pool.health
        #expect(health[0].score < health[1].score && health[0].failuresInARow == 1 && health[0].lastError != nil)
        // The next question goes to the healthy one at once.
        let before = dead.injections.count
        _ = try await pool.balance(of: alice.address, at: .latest)
        #expect(dead.injections.count == before)
    }

    @Test func `reads are tried a bounded number of times with growing pauses`() async {
        let dead = FaultyNode(chain(), faults: NodeFaults(dropsRequest: 1), seed: 1)
        let timing = TestTiming()
        let pool = pool([dead], timing: timing, attempts: 6)
        #expect(await nodeError { try await pool.header(.latest) }?.code == .transport)
        #expect(dead.injections.count == 6)
        let pauses = timing.pauses.withLock { $0 }
        #expect(pauses.count == 5)
        for (index, pause) in pauses.enumerated() {
            #expect(pause >= .zero && pause <= min(.milliseconds(200) * (1 << index), .seconds(5)))
        }
    }

    @Test func `a revert is an answer, not a reason to ask another node`() async {
        let chain = chain()
        let token = chain.deploy(SimulatedToken(symbol: "X", decimals: 0, isPaused: true))
        let second = FaultyNode(chain, faults: NodeFaults(), seed: 1)
        let timing = TestTiming()
        let pool = pool([chain, second], timing: timing)
        let request = CallRequest(from: alice.address, to: token, data: ERC20.transfer(to: bob.address, amount: 1))
        #expect(await nodeError { try await pool.call(request, at: .latest) }?.code == .reverted)
        #expect(timing.pauses.withLock { $0 }.isEmpty && pool.health[0].score == 1)
    }

    @Test func `a node of another chain is never believed`() async throws {
        let chain = chain()
        let foreign = FaultyNode(chain, faults: NodeFaults(wrongChain: 1), seed: 1)
        let alone = pool([foreign])
        #expect(await nodeError { try await alone.balance(of: alice.address, at: .latest) }?.code == .wrongChain)
        #expect(alone.health[0].wrongChainID == 31336 && !alone.health[0].isChainVerified)
        // It is given no transaction either, and its silence is not a refusal.
        #expect(await alone.broadcast(alice.pay(bob.address, wei: 1, nonce: 0).raw).isUnknown)
        #expect(chain.poolHashes.isEmpty)
        let mixed = pool([foreign, chain])
        #expect(try await mixed.balance(of: alice.address, at: .latest) == ether)
    }

    @Test func `the chain id is asked again after the connection broke`() async throws {
        let chain = chain()
        let node = FaultyNode(chain, faults: NodeFaults(), seed: 1)
        let pool = pool([node], attempts: 1)
        _ = try await pool.header(.latest)
        #expect(pool.health[0].isChainVerified)
        node.faults = NodeFaults(dropsRequest: 1)
        #expect(await nodeError { try await pool.header(.latest) }?.code == .transport)
        #expect(!pool.health[0].isChainVerified)
        // Something else answers at the same address now.
        node.faults = NodeFaults(wrongChain: 1)
        #expect(await nodeError { try await pool.header(.latest) }?.code == .wrongChain)
        node.faults = NodeFaults()
        #expect(try await pool.header(.latest) != nil)
    }

    @Test func `a deadline ends a question`() async {
        let pool = pool([SilentNode()], timing: TestTiming(deadlinePasses: true), attempts: 2)
        #expect(await nodeError { try await pool.header(.latest) }?.code == .timeout)
        #expect(await pool.broadcast([1]).isUnknown)
    }

    @Test func `a probe puts a lagging node last`() async throws {
        let (ahead, behind) = (chain(), chain())
        var times = BlockTimes()
        for _ in 0..<6 { ahead.mine(at: times.next()) }
        let pool = pool([behind, ahead], quorum: 1)
        #expect(try await pool.header(.latest)?.number == 0)
        await pool.probe()
        #expect(pool.health.map(\.isLagging) == [true, false] && pool.health.map(\.headNumber) == [0, 6])
        #expect(try await pool.header(.latest)?.number == 6)
        behind.mine(at: times.next())
        await pool.probe()
        #expect(pool.health.map(\.isLagging) == [false, false])
    }

    // MARK: Quorum

    @Test func `a receipt counts when two nodes show it`() async throws {
        let chain = chain()
        let blind = FaultyNode(chain, faults: NodeFaults(hidesReceipt: 1), seed: 1)
        let signed = alice.pay(bob.address, wei: 1, nonce: 0)
        _ = await chain.send(signed)
        chain.mine(at: Timestamp(milliseconds: 1_700_000_050_000))
        #expect(try await pool([chain, blind]).receipt(signed.hash) == nil)
        #expect(try await pool([chain, blind, chain]).receipt(signed.hash)?.succeeded == true)
        #expect(try await pool([chain, blind], quorum: 1).receipt(signed.hash) != nil)
    }

    @Test func `two branches are a disagreement`() async throws {
        let (left, right) = (chain(), chain())
        let signed = alice.pay(bob.address, wei: 1, nonce: 0)
        for (node, seconds) in [(left, 50), (right, 51)] {
            _ = await node.send(signed)
            for block in 0..<20 {
                node.mine(at: Timestamp(milliseconds: 1_700_000_000_000 + Int64(seconds + block * 12) * 1000))
            }
        }
        let pool = pool([left, right])
        #expect(await nodeError { try await pool.receipt(signed.hash) }?.code == .disagreement)
        #expect(await nodeError { try await pool.header(.finalized) }?.code == .disagreement)
        #expect(
            await nodeError { try await pool.transactionCount(of: alice.address, at: .finalized) }?.code
                == .disagreement)
    }

    @Test func `the finalized nonce is what two nodes say at one block`() async throws {
        let chain = chain()
        var times = BlockTimes()
        let late = SimulatedChain()
        late.fund(alice.address, wei: ether)
        for nonce in 0..<24 {
            let signed = alice.pay(bob.address, wei: 1, nonce: UInt64(nonce))
            let time = times.next()
            for node in [chain, late] where !(node === late && nonce >= 22) {
                _ = await node.send(signed)
                node.mine(at: time)
            }
        }
        let pool = pool([chain, late])
        // Final are blocks 8 and 6; both have block 6.
        #expect(try await pool.header(.finalized)?.number == 6)
        #expect(try await pool.transactionCount(of: alice.address, at: .finalized) == 6)
        // A lagging node never lowers the nonce that a new slot starts from.
        #expect(try await pool.transactionCount(of: alice.address, at: .latest) == 24)
    }

    @Test func `too few answers are an error that can be retried`() async {
        let chain = chain()
        let dead = FaultyNode(chain, faults: NodeFaults(dropsRequest: 1), seed: 1)
        let pool = pool([chain, dead])
        let error = await nodeError { try await pool.receipt(Hash32(repeating: 7)) }
        #expect(error?.isRetryable == true)
        #expect(
            await nodeError { try await pool.transactionCount(of: alice.address, at: .finalized) }?.isRetryable == true)
    }

    @Test func `a swapped receipt is a bad answer`() async throws {
        let chain = chain()
        let liar = FaultyNode(chain, faults: NodeFaults(swapsReceipt: 1), seed: 1)
        let signed = (0..<2).map { alice.pay(bob.address, wei: 1, nonce: UInt64($0)) }
        _ = await chain.broadcast(signed.map(\.raw))
        chain.mine(at: Timestamp(milliseconds: 1_700_000_050_000))
        #expect(
            await nodeError { try await pool([liar], attempts: 1).receipts(signed.map(\.hash)) }?.code == .badAnswer)
        #expect(try await pool([liar, chain], quorum: 1).receipts(signed.map(\.hash)).compactMap { $0 }.count == 2)
    }

    @Test func `a transaction is known when any node knows it`() async throws {
        let (left, right) = (chain(), chain())
        let signed = alice.pay(bob.address, wei: 1, nonce: 0)
        _ = await right.send(signed)
        let pool = pool([left, right])
        #expect(try await pool.transaction(signed.hash)?.inclusion == nil)
        #expect(try await pool.transaction(signed.hash) != nil)
        right.mine(at: Timestamp(milliseconds: 1_700_000_050_000))
        #expect(try await pool.transaction(signed.hash)?.blockNumber == 1)
    }

    // MARK: Broadcast

    @Test func `bytes go to every node and one acceptance is enough`() async {
        let (left, right, deaf) = (chain(), chain(), FaultyNode(chain(), faults: NodeFaults(dropsRequest: 1), seed: 1))
        let signed = alice.pay(bob.address, wei: 1, nonce: 0)
        #expect(await pool([left, deaf, right]).broadcast(signed.raw) == .accepted(signed.hash))
        #expect(left.poolHashes == [signed.hash] && right.poolHashes == [signed.hash])
        #expect(await pool([left, right]).broadcast(signed.raw) == .known)
    }

    @Test func `a refusal counts only when all say the same`() async {
        let (left, right) = (chain(), SimulatedChain())
        let poor = alice.pay(bob.address, wei: ether, nonce: 0)
        #expect(await pool([left, right]).broadcast(poor.raw).rejection == .insufficientFunds)
        let deaf = FaultyNode(left, faults: NodeFaults(losesAnswer: 1), seed: 1)
        #expect(await pool([left, deaf]).broadcast(poor.raw).isUnknown)
        _ = await left.send(alice.pay(bob.address, wei: 1, nonce: 0))
        left.mine(at: Timestamp(milliseconds: 1_700_000_050_000))
        // One says "nonce too low", the other "insufficient funds".
        #expect(await pool([left, right]).broadcast(alice.pay(bob.address, wei: 2, nonce: 0).raw).isUnknown)
        #expect(await pool([left, right]).broadcast([[UInt8]]()).isEmpty)
    }

    @Test func `an accepted transaction does not wait for a silent node`() async {
        let chain = chain()
        let signed = alice.pay(bob.address, wei: 1, nonce: 0)
        let timing = NodePool.Timing(
            pause: { _ in },
            deadline: { duration in
                // Only the grace period passes; the deadlines of twenty seconds do not.
                if duration > .seconds(1) { try await forever() }
            }, random: .seeded(1))
        let pool = NodePool(chain: chain.chain, nodes: [SilentNode(), chain], timing: timing)
        #expect(await pool.broadcast(signed.raw) == .accepted(signed.hash))
    }

    @Test func `a dead node is left out of quorum reads after three failures`() async throws {
        let chain = chain()
        let dead = FaultyNode(chain, faults: NodeFaults(dropsRequest: 1), seed: 1)
        let pool = pool([chain, chain, dead])
        for _ in 0..<24 { #expect(try await pool.receipt(Hash32(repeating: 7)) == nil) }
        // Three failures, then one probe in eight.
        #expect(dead.injections.count == 6)
    }
}

/// Knows its chain id and never answers anything else.
private struct SilentNode: EVMNode {
    let chain = SimulatedChain().chain

    func reportedChainID() async throws(NodeError) -> UInt64 { 31337 }

    private func silence<R>() async throws(NodeError) -> R {
        try? await forever()
        throw NodeError(.cancelled, "given up")
    }

    func header(_ tag: BlockTag) async throws(NodeError) -> BlockHeader? { try await silence() }
    func balance(of address: Address, at tag: BlockTag) async throws(NodeError) -> UInt256 { try await silence() }
    func transactionCount(of address: Address, at tag: BlockTag) async throws(NodeError) -> UInt64 {
        try await silence()
    }
    func code(at address: Address, tag: BlockTag) async throws(NodeError) -> [UInt8] { try await silence() }
    func call(_ request: CallRequest, at tag: BlockTag) async throws(NodeError) -> [UInt8] { try await silence() }
    func estimateGas(_ request: CallRequest) async throws(NodeError) -> UInt64 { try await silence() }
    func feeHistory(blockCount: Int, newest: BlockTag, percentiles: [Double]) async throws(NodeError) -> FeeHistory {
        try await silence()
    }
    func receipts(_ hashes: [Hash32]) async throws(NodeError) -> [Receipt?] { try await silence() }
    func transactions(_ hashes: [Hash32]) async throws(NodeError) -> [KnownTransaction?] { try await silence() }
    func broadcast(_ raws: [[UInt8]]) async -> [BroadcastOutcome] {
        try? await forever()
        return raws.map { _ in .unknown(message: "given up") }
    }
}
