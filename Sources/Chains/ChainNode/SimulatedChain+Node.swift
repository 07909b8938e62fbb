public import ChainEVM
import Cryptography
public import Primitives

extension SimulatedChain {
    public func reportedChainID() async throws(NodeError) -> UInt64 { configuration.chainID }

    public func header(_ tag: BlockTag) async throws(NodeError) -> BlockHeader? {
        withState { state in state.height(tag).flatMap { state.block($0) }.map { state.header($0) } }
    }

    public func balance(of address: Address, at tag: BlockTag) async throws(NodeError) -> UInt256 {
        try withState { state throws(NodeError) in state.world.account(address, at: try state.knownHeight(tag)).balance
        }
    }

    public func transactionCount(of address: Address, at tag: BlockTag) async throws(NodeError) -> UInt64 {
        try withState { state throws(NodeError) in
            let nonce = state.world.account(address, at: try state.knownHeight(tag)).nonce
            return tag == .pending ? state.pool.nextNonce(of: address, from: nonce) : nonce
        }
    }

    public func code(at address: Address, tag: BlockTag) async throws(NodeError) -> [UInt8] {
        try withState { state throws(NodeError) in
            _ = try state.knownHeight(tag)
            if let code = state.world.code[address] { return code.bytecode }
            // Any bytes will do: what matters is that there is code.
            return state.world.tokens[address] == nil ? [] : [0x60, 0x80, 0x60, 0x40, 0x52]
        }
    }

    public func call(_ request: CallRequest, at tag: BlockTag) async throws(NodeError) -> [UInt8] {
        try withState { state throws(NodeError) in
            let effect = try state.effect(of: request, at: try state.knownHeight(tag))
            guard effect.succeeded else { throw NodeError.simulatedRevert(effect.returnData) }
            return effect.returnData
        }
    }

    public func estimateGas(_ request: CallRequest) async throws(NodeError) -> UInt64 {
        try withState { state throws(NodeError) in
            let effect = try state.effect(of: request, at: state.headNumber)
            guard effect.succeeded else { throw NodeError.simulatedRevert(effect.returnData) }
            let allowance = min(request.gasLimit ?? .max, SimulatedGas.transactionGasMax, configuration.blockGasLimit)
            guard effect.gas <= allowance else {
                throw NodeError(.rpc(-32000), "gas required exceeds allowance (\(allowance))")
            }
            return effect.gas
        }
    }

    public func feeHistory(
        blockCount: Int, newest: BlockTag, percentiles: [Double]
    ) async throws(NodeError) -> FeeHistory {
        guard blockCount >= 1 else { throw NodeError(.rpc(-32000), "a fee history has at least one block") }
        let rises = zip(percentiles, percentiles.dropFirst()).allSatisfy { $0 < $1 }
        guard percentiles.count <= 100, rises, percentiles.allSatisfy({ (0...100).contains($0) }) else {
            throw NodeError(.rpc(-32000), "invalid reward percentile")
        }
        return try withState { state throws(NodeError) in
            let last = try state.knownHeight(newest)
            let count = min(UInt64(min(blockCount, 1_024)), last + 1)
            let range = state.blocks[Int(last + 1 - count)...Int(last)]
            let next = last == state.headNumber ? state.nextBaseFee : state.blocks[Int(last + 1)].baseFee
            return FeeHistory(
                oldestBlock: last + 1 - count, baseFeePerGas: range.map(\.baseFee) + [next],
                gasUsedRatio: range.map { Double($0.gasUsed) / Double(configuration.blockGasLimit) },
                reward: percentiles.isEmpty ? [] : range.map { $0.tips(percentiles) })
        }
    }

    public func receipts(_ hashes: [Hash32]) async throws(NodeError) -> [Receipt?] {
        withState { state in hashes.map { state.inclusion($0).map { $0.inclusion.receipt(in: $0.block) } } }
    }

    public func transactions(_ hashes: [Hash32]) async throws(NodeError) -> [KnownTransaction?] {
        withState { state in
            hashes.map { hash in
                if let found = state.inclusion(hash) { return found.inclusion.known(in: found.block) }
                return state.pool.transaction(hash)?.known(inclusion: nil, price: nil)
            }
        }
    }

    public func broadcast(_ raws: [[UInt8]]) async -> [BroadcastOutcome] {
        raws.map { raw in
            do throws(SimulatedRefusal) { return .accepted(try submit(raw)) } catch {
                return BroadcastClassifier.classify(code: error.code, message: error.message)
            }
        }
    }
}

extension SimulatedState {
    /// The height a tag means now, nil when there is no such block.
    func height(_ tag: BlockTag) -> UInt64? {
        switch tag {
        case .latest, .pending: headNumber
        case .safe: safeNumber
        case .finalized: finalizedNumber
        case .earliest: 0
        case .number(let number): number <= headNumber ? number : nil
        case .hash(let hash): blocks.last { $0.hash == hash }?.number
        }
    }

    func knownHeight(_ tag: BlockTag) throws(NodeError) -> UInt64 {
        guard let height = height(tag) else { throw NodeError(.unknownBlock, "header not found") }
        return height
    }

    func header(_ block: SimulatedBlock) -> BlockHeader {
        BlockHeader(
            number: block.number, hash: block.hash, parentHash: block.parentHash, timestamp: block.seconds,
            gasLimit: configuration.blockGasLimit, gasUsed: block.gasUsed, baseFeePerGas: block.baseFee)
    }

    func effect(of request: CallRequest, at block: UInt64) throws(NodeError) -> SimulatedEffect {
        guard let to = request.to else { throw NodeError(.rpc(-32000), "this chain creates no contracts") }
        let from = request.from ?? .zero
        let value = request.value ?? .zero
        // Like geth: the fee counts against the balance only when the request names a price.
        let price = request.maxFeePerGas ?? request.gasPrice ?? .zero
        let fee = price.multipliedSaturating(by: UInt256(request.gasLimit ?? 0))
        guard value.addingSaturating(fee) <= world.account(from, at: block).balance else {
            throw NodeError(.rpc(-32000), "insufficient funds for transfer")
        }
        return world.effect(from: from, to: to, value: value, data: request.data, at: block)
    }
}

extension SimulatedBlock {
    /// Tips at percentiles, weighted by gas, as `eth_feeHistory` defines them; zeros for an empty block.
    fileprivate func tips(_ percentiles: [Double]) -> [UInt256] {
        let sorted = transactions.map { (tip: $0.effectiveGasPrice.subtractingSaturating(baseFee), gas: $0.gasUsed) }
            .sorted { $0.tip < $1.tip }
        guard let first = sorted.first else { return percentiles.map { _ in .zero } }
        var place = 0
        var sum = first.gas
        return percentiles.map { percentile in
            let threshold = UInt64(Double(gasUsed) * percentile / 100)
            while sum < threshold, place < sorted.count - 1 {
                place += 1
                sum += sorted[place].gas
            }
            return sorted[place].tip
        }
    }
}

extension SimulatedInclusion {
    fileprivate func receipt(in block: SimulatedBlock) -> Receipt {
        Receipt(
            transactionHash: transaction.hash, transactionIndex: UInt64(index), blockHash: block.hash,
            blockNumber: block.number, from: transaction.sender, to: transaction.to, succeeded: succeeded,
            gasUsed: gasUsed, cumulativeGasUsed: cumulativeGasUsed, effectiveGasPrice: effectiveGasPrice,
            type: transaction.signed.transaction.type,
            logs: logs.enumerated().map { offset, log in
                Log(
                    address: log.address, topics: log.topics, data: log.data, blockNumber: block.number,
                    blockHash: block.hash, transactionHash: transaction.hash, transactionIndex: UInt64(index),
                    logIndex: UInt64(firstLogIndex + offset))
            })
    }

    fileprivate func known(in block: SimulatedBlock) -> KnownTransaction {
        transaction.known(
            inclusion: KnownTransaction.Inclusion(
                blockNumber: block.number, blockHash: block.hash, transactionIndex: UInt64(index)),
            price: effectiveGasPrice)
    }
}

extension SimulatedTransaction {
    fileprivate func known(inclusion: KnownTransaction.Inclusion?, price: UInt256?) -> KnownTransaction {
        let hasCaps = signed.transaction.type == 2
        return KnownTransaction(
            hash: hash, from: sender, to: to, nonce: nonce, value: value, data: data, gasLimit: gasLimit,
            type: signed.transaction.type, gasPrice: price ?? maxFeePerGas, maxFeePerGas: hasCaps ? maxFeePerGas : nil,
            maxPriorityFeePerGas: hasCaps ? maxPriorityFeePerGas : nil, inclusion: inclusion)
    }
}

extension NodeError {
    fileprivate static func simulatedRevert(_ data: [UInt8]) -> NodeError {
        NodeError(.reverted, "execution reverted: \(RevertReason.decode(data))", revertData: data)
    }
}
