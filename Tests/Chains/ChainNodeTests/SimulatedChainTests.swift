import ChainEVM
import ChainNode
import Cryptography
import Primitives
import Testing

struct SimulatedChainTests {
    let alice = TestAccount(1)
    let bob = TestAccount(2)
    let carol = TestAccount(3)

    private func funded(_ configuration: SimulatedChain.Configuration = .init()) -> SimulatedChain {
        let chain = SimulatedChain(configuration)
        chain.fund(alice.address, wei: ether)
        return chain
    }

    @Test func `a transfer moves wei and burns the base fee`() async throws {
        let chain = funded()
        var times = BlockTimes()
        let signed = alice.pay(bob.address, wei: 1000, nonce: 0)
        #expect(await chain.send(signed) == .accepted(signed.hash))
        let header = chain.mine(at: times.next())
        let receipt = try #require(try await chain.receipt(signed.hash))
        #expect(receipt.succeeded && receipt.gasUsed == 21_000 && receipt.blockHash == header.hash)
        #expect(receipt.from == alice.address && receipt.to == bob.address)
        #expect(try await chain.balance(of: bob.address, at: .latest) == 1000)
        let fee = try receipt.fee()
        #expect(try await chain.balance(of: alice.address, at: .latest) == ether.subtracting(1000).subtracting(fee))
        #expect(try await chain.transactionCount(of: alice.address, at: .latest) == 1)
        #expect(try chain.totalWei.adding(chain.burnedWei) == chain.fundedWei)
    }

    @Test func `the same calls give the same hashes`() async {
        func run() async -> [Hash32] {
            let chain = funded()
            var times = BlockTimes()
            var hashes: [Hash32] = []
            for nonce in 0..<5 {
                _ = await chain.send(alice.pay(bob.address, wei: 7, nonce: UInt64(nonce)))
                hashes.append(chain.mine(at: times.next()).hash)
            }
            return hashes
        }
        #expect(await run() == run())
    }

    @Test func `blocks follow each other in hash, height and time`() async throws {
        let chain = funded()
        var parent = try #require(try await chain.header(.latest))
        for _ in 0..<5 {
            // The time stands still: a block is still later than its parent.
            let header = chain.mine(at: Timestamp(milliseconds: 1_700_000_000_000))
            #expect(header.parentHash == parent.hash && header.number == parent.number + 1)
            #expect(header.timestamp > parent.timestamp)
            #expect(try await chain.header(.hash(header.hash)) == header)
            parent = header
        }
        #expect(try await chain.header(.number(99)) == nil)
    }

    @Test func `bytes that no chain would take are refused`() async {
        let chain = funded()
        #expect(await chain.broadcast([1, 2, 3]).rejection == .invalid)
        #expect(await chain.broadcast([]).rejection == .invalid)
        #expect(await chain.send(alice.pay(bob.address, wei: 1, nonce: 0, chainID: 1)).rejection == .invalid)
        #expect(await chain.send(alice.pay(bob.address, wei: 1, nonce: 0, gas: 20_999)).rejection == .invalid)
        #expect(await chain.send(alice.pay(bob.address, wei: 1, nonce: 0, gas: 31_000_000)).rejection == .invalid)
        #expect(await chain.send(alice.pay(bob.address, wei: 1, nonce: 0, gas: 16_777_217)).rejection == .invalid)
        let overflow = alice.pay(bob.address, wei: .max, nonce: 0)
        #expect(await chain.send(overflow).rejection == .insufficientFunds)
        let unprotected = alice.sign(
            Transaction(
                chainID: nil, nonce: 0, gasLimit: 21_000, to: bob.address, value: 1,
                fees: .legacy(gasPrice: 2_000_000_000)))
        #expect(await chain.send(unprotected).rejection == .invalid)
        let creation = alice.sign(
            Transaction(chainID: 31337, nonce: 0, gasLimit: 100_000, to: nil, fees: .legacy(gasPrice: 2_000_000_000)))
        #expect(await chain.send(creation).rejection == .invalid)
        #expect(chain.poolHashes.isEmpty)
    }

    @Test func `a changed byte is another sender or no transaction at all`() async {
        let chain = funded()
        let raw = alice.pay(bob.address, wei: 1000, nonce: 0).raw
        for index in raw.indices {
            var bytes = raw
            bytes[index] ^= 1
            // Whoever the altered signature belongs to owns nothing here.
            if case .accepted = await chain.broadcast(bytes) { Issue.record("byte \(index) may not be changed") }
        }
        #expect(chain.poolHashes.isEmpty)
    }

    @Test func `every type of transaction pays`() async throws {
        let chain = funded()
        var times = BlockTimes()
        let price = UInt256(5 * gwei)
        let signed = [
            Transaction.Fees.legacy(gasPrice: price), .eip2930(gasPrice: price, accessList: []),
            .eip1559(maxPriorityFeePerGas: UInt256(gwei), maxFeePerGas: price, accessList: []),
        ].enumerated().map { nonce, fees in
            alice.sign(
                Transaction(
                    chainID: 31337, nonce: UInt64(nonce), gasLimit: 21_000, to: bob.address, value: 5, fees: fees))
        }
        _ = await chain.broadcast(signed.map(\.raw))
        chain.mine(at: times.next())
        let receipts = try await chain.receipts(signed.map(\.hash))
        #expect(receipts.compactMap { $0?.type } == [0, 1, 2])
        #expect(try await chain.balance(of: bob.address, at: .latest) == 15)
    }

    @Test func `a nonce is used once`() async {
        let chain = funded()
        var times = BlockTimes()
        let first = alice.pay(bob.address, wei: 1, nonce: 0)
        _ = await chain.send(first)
        #expect(await chain.send(first) == .known)
        chain.mine(at: times.next())
        #expect(await chain.send(first).rejection == .nonceTooLow)
        #expect(await chain.send(alice.pay(bob.address, wei: 2, nonce: 0)).rejection == .nonceTooLow)
    }

    @Test(arguments: [
        (tip: 1_100_000_000, cap: 11_000_000_000, taken: true), (tip: 1_099_999_999, cap: 11_000_000_000, taken: false),
        (tip: 1_100_000_000, cap: 10_999_999_999, taken: false),
        (tip: 1_000_000_000, cap: 20_000_000_000, taken: false),
    ])
    func `a replacement pays a tenth more in both fields`(tip: Int, cap: Int, taken: Bool) async throws {
        let chain = funded()
        var times = BlockTimes()
        let first = alice.pay(bob.address, wei: 1, nonce: 0)
        _ = await chain.send(first)
        let second = alice.pay(carol.address, wei: 2, nonce: 0, tip: UInt64(tip), cap: UInt64(cap))
        let outcome = await chain.send(second)
        if taken {
            #expect(outcome == .accepted(second.hash))
        } else {
            #expect(outcome.rejection == .replacementUnderpriced)
        }
        chain.mine(at: times.next())
        // Exactly one of the two was mined, whichever it is.
        let receipts = try await chain.receipts([first.hash, second.hash])
        #expect(receipts.compactMap { $0 }.map(\.transactionHash) == [taken ? second.hash : first.hash])
        #expect(try await chain.transactions([taken ? first.hash : second.hash]) == [nil])
    }

    @Test func `all that waits must be payable together`() async {
        let chain = SimulatedChain()
        let cost = UInt256(21_000 * 10 * gwei)
        chain.fund(alice.address, wei: cost.addingSaturating(cost).addingSaturating(2))
        #expect(await chain.send(alice.pay(bob.address, wei: 1, nonce: 0)).rejection == nil)
        #expect(await chain.send(alice.pay(bob.address, wei: 2, nonce: 1)).rejection == .insufficientFunds)
        #expect(await chain.send(alice.pay(bob.address, wei: 1, nonce: 1)).rejection == nil)
        #expect(await chain.send(alice.pay(bob.address, wei: 0, nonce: 2)).rejection == .insufficientFunds)
    }

    @Test func `a gap waits and is filled`() async throws {
        let chain = funded()
        var times = BlockTimes()
        _ = await chain.send(alice.pay(bob.address, wei: 1, nonce: 1))
        #expect(try await chain.transactionCount(of: alice.address, at: .pending) == 0)
        #expect(chain.mine(at: times.next()).gasUsed == 0)
        _ = await chain.send(alice.pay(bob.address, wei: 1, nonce: 0))
        #expect(try await chain.transactionCount(of: alice.address, at: .pending) == 2)
        #expect(chain.mine(at: times.next()).gasUsed == 42_000)
    }

    @Test func `a cap below the base fee waits until the base fee falls`() async throws {
        let chain = funded()
        var times = BlockTimes()
        chain.setNextBaseFee(UInt256(2 * gwei))
        let signed = alice.pay(bob.address, wei: 1, nonce: 0, tip: 1, cap: gwei)
        #expect(await chain.send(signed) == .accepted(signed.hash))
        chain.mine(at: times.next())
        #expect(try await chain.transactions([signed.hash])[0]?.inclusion == nil)
        var blocks = 1
        while try await chain.receipt(signed.hash) == nil, blocks < 20 {
            chain.mine(at: times.next())
            blocks += 1
        }
        // 2 gwei × (7/8)^k falls under 1 gwei after six empty blocks.
        #expect(blocks == 7)
    }

    @Test func `the pool drops silently what is over its limits`() async throws {
        var configuration = SimulatedChain.Configuration()
        configuration.pool.executableTotal = 20
        let chain = funded(configuration)
        chain.fund(bob.address, wei: ether)
        for nonce in 0..<30 {
            let signed = alice.pay(carol.address, wei: 1, nonce: UInt64(nonce))
            #expect(await chain.send(signed) == .accepted(signed.hash))
        }
        // What came after the first dropped one waits behind a gap; its sender was told "accepted" all the same.
        #expect(try await chain.transactionCount(of: alice.address, at: .pending) == 20)
        #expect(chain.poolHashes.count == 29)
        for nonce in 0..<16 { _ = await chain.send(bob.pay(carol.address, wei: 1, nonce: UInt64(nonce))) }
        // Sixteen of each are guaranteed, however full the pool.
        #expect(try await chain.transactionCount(of: alice.address, at: .pending) == 16)
        #expect(try await chain.transactionCount(of: bob.address, at: .pending) == 16)
    }

    @Test func `at most sixty-four wait behind a gap`() async {
        let chain = funded()
        for nonce in 1...80 { _ = await chain.send(alice.pay(carol.address, wei: 1, nonce: UInt64(nonce))) }
        #expect(chain.poolHashes.count == 64)
    }

    @Test func `the base fee follows the gas used`() async throws {
        let chain = funded(.init(blockGasLimit: 42_000))
        var times = BlockTimes()
        let first = chain.mine(at: times.next())
        let second = chain.mine(at: times.next())
        #expect(second.baseFeePerGas! < first.baseFeePerGas!)
        _ = await chain.send(alice.pay(bob.address, wei: 1, nonce: 0))
        let half = chain.mine(at: times.next())
        for nonce in 1...2 { _ = await chain.send(alice.pay(bob.address, wei: 1, nonce: UInt64(nonce))) }
        let full = chain.mine(at: times.next())
        #expect(full.baseFeePerGas == half.baseFeePerGas)
        let after = chain.mine(at: times.next())
        let eighth = try full.baseFeePerGas!.dividing(by: 8)
        #expect(after.baseFeePerGas! == full.baseFeePerGas!.addingSaturating(eighth))
        let history = try await chain.feeHistory(blockCount: 4, newest: .latest, percentiles: [25, 75])
        #expect(history.baseFeePerGas.count == 5 && history.gasUsedRatio == [0, 0.5, 1, 0])
        #expect(history.reward[1] == [UInt256(gwei), UInt256(gwei)] && history.reward[0] == [.zero, .zero])
        #expect(history.oldestBlock == 2)
    }

    @Test func `a block takes the best tip first`() async throws {
        let chain = funded(.init(blockGasLimit: 42_000))
        chain.fund(bob.address, wei: ether)
        chain.fund(carol.address, wei: ether)
        var times = BlockTimes()
        let low = alice.pay(carol.address, wei: 1, nonce: 0, tip: 1)
        let high = bob.pay(carol.address, wei: 1, nonce: 0, tip: 3)
        let middle = carol.pay(bob.address, wei: 1, nonce: 0, tip: 2)
        for signed in [low, high, middle] { _ = await chain.send(signed) }
        let number = chain.mine(at: times.next()).number
        #expect(chain.transactionHashes(inBlock: number) == [high.hash, middle.hash])
    }

    @Test func `a contract that needs more gas fails without it and keeps the fee`() async throws {
        let chain = funded()
        var times = BlockTimes()
        chain.setCode(SimulatedCode(extraGas: 30_000), at: bob.address)
        let request = CallRequest(from: alice.address, to: bob.address, value: 5)
        #expect(try await chain.estimateGas(request) == 51_000)
        #expect(try await !chain.code(at: bob.address, tag: .latest).isEmpty)
        let poor = alice.pay(bob.address, wei: 5, nonce: 0)
        let rich = alice.pay(bob.address, wei: 5, nonce: 1, gas: 51_000)
        _ = await chain.broadcast([poor.raw, rich.raw])
        chain.mine(at: times.next())
        let receipts = try await chain.receipts([poor.hash, rich.hash]).compactMap { $0 }
        #expect(receipts.map(\.succeeded) == [false, true] && receipts.map(\.gasUsed) == [21_000, 51_000])
        #expect(try await chain.balance(of: bob.address, at: .latest) == 5)
    }

    @Test func `finality lags, stalls and never goes back`() async throws {
        let chain = funded(.init(safeLagBlocks: 2, finalizedLagBlocks: 4))
        var times = BlockTimes()
        for _ in 0..<10 { chain.mine(at: times.next()) }
        #expect(try await chain.header(.safe)?.number == 8)
        #expect(try await chain.header(.finalized)?.number == 6)
        #expect(throws: SimulatedChainError.belowFinalized(6)) { try chain.reorg(depth: 5) }
        try chain.reorg(depth: 4)
        #expect(try await chain.header(.finalized)?.number == 6)
        chain.stallFinality(true)
        for _ in 0..<10 { chain.mine(at: times.next()) }
        #expect(try await chain.header(.finalized)?.number == 6)
        chain.stallFinality(false)
        chain.mine(at: times.next())
        #expect(try await chain.header(.finalized)?.number == 13)
    }

    @Test func `a snapshot brings everything back`() async throws {
        let chain = funded()
        var times = BlockTimes()
        let signed = alice.pay(bob.address, wei: 1, nonce: 0)
        _ = await chain.send(signed)
        let snapshot = chain.snapshot()
        let time = times.next()
        let first = chain.mine(at: time)
        chain.restore(snapshot)
        #expect(chain.headNumber == 0 && chain.poolHashes == [signed.hash])
        #expect(chain.mine(at: time) == first)
    }

    @Test func `withheld transactions stay in the pool`() async throws {
        let chain = funded()
        var times = BlockTimes()
        let signed = alice.pay(bob.address, wei: 1, nonce: 0)
        _ = await chain.send(signed)
        chain.mine(at: times.next(), including: [])
        #expect(try await chain.receipt(signed.hash) == nil && chain.poolHashes == [signed.hash])
        chain.dropFromPool()
        #expect(try await chain.transactions([signed.hash]) == [nil])
    }
}
