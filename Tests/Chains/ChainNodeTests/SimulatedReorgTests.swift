import ChainEVM
import ChainNode
import Primitives
import Testing

struct SimulatedReorgTests {
    let alice = TestAccount(1)
    let bob = TestAccount(2)

    @Test(arguments: 1...12)
    func `a reorganisation gives the transactions back to the pool`(depth: Int) async throws {
        let chain = SimulatedChain()
        chain.fund(alice.address, wei: ether)
        var times = BlockTimes()
        var hashes: [Hash32] = []
        for nonce in 0..<12 {
            let signed = alice.pay(bob.address, wei: 1, nonce: UInt64(nonce))
            hashes.append(signed.hash)
            _ = await chain.send(signed)
            chain.mine(at: times.next())
        }
        let old = try #require(try await chain.header(.latest))
        let removed = try chain.reorg(depth: depth)
        #expect(removed == Array(hashes.suffix(depth)))
        #expect(chain.headNumber == UInt64(12 - depth))
        #expect(chain.poolHashes == removed.sorted())
        #expect(try await chain.receipts(hashes).compactMap { $0 }.count == 12 - depth)
        #expect(try await chain.balance(of: bob.address, at: .latest) == UInt256(UInt64(12 - depth)))
        #expect(try await chain.header(.hash(old.hash)) == nil)
        chain.mine(at: times.next())
        let receipts = try await chain.receipts(hashes).compactMap { $0 }
        #expect(receipts.count == 12)
        #expect(try await chain.balance(of: bob.address, at: .latest) == 12)
        #expect(try chain.totalWei.adding(chain.burnedWei) == chain.fundedWei)
    }

    @Test func `the same block mined again has another hash`() throws {
        let chain = SimulatedChain()
        let time = Timestamp(milliseconds: 1_700_000_050_000)
        let first = chain.mine(at: time)
        try chain.reorg(depth: 1)
        let second = chain.mine(at: time)
        #expect(first.number == second.number && first.hash != second.hash)
    }

    @Test(arguments: 1...12)
    func `dropped transactions leave a gap and nothing lands twice`(depth: Int) async throws {
        let chain = SimulatedChain()
        chain.fund(alice.address, wei: ether)
        var times = BlockTimes()
        var signed: [SignedTransaction] = []
        for nonce in 0..<12 {
            signed.append(alice.pay(bob.address, wei: 1, nonce: UInt64(nonce)))
            _ = await chain.send(signed[nonce])
            chain.mine(at: times.next())
        }
        let firstRemoved = 12 - depth
        try chain.reorg(depth: depth, drop: [signed[firstRemoved].hash])
        chain.mine(at: times.next())
        #expect(try await chain.transactionCount(of: alice.address, at: .latest) == UInt64(firstRemoved))
        #expect(try await chain.transactions([signed[firstRemoved].hash]) == [nil])
        // The same bytes again heal it; everything lands once.
        _ = await chain.broadcast(signed.map(\.raw))
        chain.mine(at: times.next())
        #expect(try await chain.balance(of: bob.address, at: .latest) == 12)
        #expect(try await chain.transactionCount(of: alice.address, at: .latest) == 12)
    }

    @Test func `without requeue everything is forgotten`() async throws {
        let chain = SimulatedChain()
        chain.fund(alice.address, wei: ether)
        let signed = alice.pay(bob.address, wei: 1, nonce: 0)
        _ = await chain.send(signed)
        chain.mine(at: Timestamp(milliseconds: 1_700_000_050_000))
        #expect(try chain.reorg(depth: 1, requeue: false) == [signed.hash])
        #expect(chain.poolHashes.isEmpty)
        #expect(try await chain.transactions([signed.hash]) == [nil])
    }

    @Test func `the first block stays`() {
        let chain = SimulatedChain()
        #expect(throws: SimulatedChainError.deeperThanChain(blocks: 0)) { try chain.reorg(depth: 1) }
        #expect(throws: SimulatedChainError.depthNotPositive) { try chain.reorg(depth: 0) }
    }

    @Test func `a bump survives the block of the bumped one being removed`() async throws {
        let chain = SimulatedChain()
        chain.fund(alice.address, wei: ether)
        var times = BlockTimes()
        let first = alice.pay(bob.address, wei: 1, nonce: 0)
        _ = await chain.send(first)
        chain.mine(at: times.next())
        try chain.reorg(depth: 1, drop: [first.hash])
        let second = alice.pay(bob.address, wei: 1, nonce: 0, tip: 2 * gwei, cap: 20 * gwei)
        _ = await chain.send(second)
        chain.mine(at: times.next())
        #expect(await chain.send(first).rejection == .nonceTooLow)
        #expect(try await chain.balance(of: bob.address, at: .latest) == 1)
    }

    @Test func `two thousand random transactions, blocks and reorganisations lose not one wei`() async throws {
        let seed: UInt64 = 20_261_120
        print("seed \(seed)")
        let random = RandomSource.seeded(seed)
        let accounts = (1...6).map { TestAccount(UInt8($0)) }
        let chain = SimulatedChain()
        for account in accounts { chain.fund(account.address, wei: ether) }
        let token = chain.deploy(SimulatedToken(symbol: "FEE", decimals: 6, feeBasisPoints: 37))
        for account in accounts { chain.mint(token: token, to: account.address, amount: 1_000_000) }
        chain.setCode(SimulatedCode(extraGas: 500), at: accounts[5].address)
        var times = BlockTimes()
        var accepted = 0
        var mined = 0
        for step in 0..<2_000 {
            let from = accounts[Int(random.uint64(below: 5))]
            let to = accounts[Int(random.uint64(below: 6))]
            let pending = try await chain.transactionCount(of: from.address, at: .pending)
            let nonce = pending + random.uint64(below: 12) / 11
            let tip = 1 + random.uint64(below: gwei)
            let signed =
                random.uint64(below: 3) == 0
                ? from.payToken(token, to.address, amount: UInt256(random.uint64(below: 50_000)), nonce: nonce)
                : from.pay(to.address, wei: UInt256(random.uint64(below: gwei)), nonce: nonce, tip: tip, cap: 5 * gwei)
            if case .accepted = await chain.send(signed) { accepted += 1 }
            if step % 7 == 6 {
                chain.mine(at: times.next())
                mined += 1
            }
            if step % 61 == 60, mined > 12 {
                let depth = min(
                    1 + Int(random.uint64(below: 12)),
                    Int(chain.headNumber - (try await chain.header(.finalized))!.number))
                if depth > 0 { try chain.reorg(depth: depth, requeue: random.uint64(below: 4) != 0) }
            }
            #expect(try chain.totalWei.adding(chain.burnedWei) == chain.fundedWei)
        }
        #expect(accepted > 1_500)
        let tokens = (accounts.map(\.address) + [.simulatedFeeCollector])
            .reduce(UInt256.zero) { $0.addingSaturating(chain.tokenBalance(token, of: $1)) }
        #expect(tokens == 6_000_000)
    }
}
