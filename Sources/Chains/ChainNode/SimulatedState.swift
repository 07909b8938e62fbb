import ChainEVM
import Cryptography
import Primitives

/// A transaction in a block, with what it did.
struct SimulatedInclusion: Sendable {
    let transaction: SimulatedTransaction
    let index: Int
    let firstLogIndex: Int
    let gasUsed: UInt64
    let cumulativeGasUsed: UInt64
    let effectiveGasPrice: UInt256
    let succeeded: Bool
    let logs: [SimulatedLog]
}

struct SimulatedBlock: Sendable {
    let number: UInt64
    let hash: Hash32
    let parentHash: Hash32
    let seconds: UInt64
    let baseFee: UInt256
    let gasUsed: UInt64
    let burned: UInt256
    let transactions: [SimulatedInclusion]
}

/// Everything a simulated chain knows, as one value: copying it is a snapshot.
struct SimulatedState: Sendable {
    let configuration: SimulatedChain.Configuration
    var world = SimulatedWorld()
    var pool = SimulatedPool()
    private(set) var blocks: [SimulatedBlock]
    private var places: [Hash32: (block: UInt64, index: Int)] = [:]
    var funded = UInt256.zero
    var nextBaseFee: UInt256
    var finalityIsStalled = false
    private(set) var safeNumber: UInt64 = 0
    private(set) var finalizedNumber: UInt64 = 0
    private var safeLag: UInt64
    private var finalizedLag: UInt64
    /// Counts reorganisations, so that a block mined again has another hash.
    private var branch: UInt64 = 0

    init(_ configuration: SimulatedChain.Configuration) {
        self.configuration = configuration
        self.safeLag = configuration.safeLagBlocks
        self.finalizedLag = configuration.finalizedLagBlocks
        self.nextBaseFee = configuration.baseFeePerGas
        let seconds = UInt64(max(0, configuration.genesisTime.milliseconds / 1000))
        let hash = Self.blockHash(
            chainID: configuration.chainID, branch: 0, number: 0, parent: .zero, seconds: seconds,
            baseFee: configuration.baseFeePerGas, gasUsed: 0, transactions: [])
        self.blocks = [
            SimulatedBlock(
                number: 0, hash: hash, parentHash: .zero, seconds: seconds, baseFee: configuration.baseFeePerGas,
                gasUsed: 0, burned: .zero, transactions: [])
        ]
        self.nextBaseFee = Self.baseFee(after: blocks[0], gasLimit: configuration.blockGasLimit)
    }

    /// There is always a first block, so the last exists.
    var head: SimulatedBlock { blocks[blocks.count - 1] }
    var headNumber: UInt64 { UInt64(blocks.count - 1) }

    func block(_ number: UInt64) -> SimulatedBlock? {
        number <= headNumber ? blocks[Int(number)] : nil
    }

    func inclusion(_ hash: Hash32) -> (block: SimulatedBlock, inclusion: SimulatedInclusion)? {
        guard let place = places[hash], let block = block(place.block) else { return nil }
        return (block, block.transactions[place.index])
    }

    func account(_ address: Address) -> SimulatedAccount { world.account(address, at: headNumber) }

    // MARK: Pool

    mutating func submit(_ raw: [UInt8]) throws(SimulatedRefusal) -> Hash32 {
        let transaction = try checked(raw)
        if pool.transaction(transaction.hash) != nil { throw SimulatedRefusal("already known") }
        let account = account(transaction.sender)
        guard transaction.nonce >= account.nonce else {
            throw SimulatedRefusal("nonce too low: next nonce \(account.nonce), tx nonce \(transaction.nonce)")
        }
        let queued = pool.cost(of: transaction.sender, without: transaction.nonce)
        guard queued.addingSaturating(transaction.cost) <= account.balance, transaction.cost < .max else {
            throw SimulatedRefusal(
                "insufficient funds for gas * price + value: balance \(account.balance), tx cost \(transaction.cost), "
                    + "queued cost \(queued)")
        }
        if let old = pool.transaction(sender: transaction.sender, nonce: transaction.nonce) {
            guard bumped(old.maxFeePerGas, to: transaction.maxFeePerGas),
                bumped(old.maxPriorityFeePerGas, to: transaction.maxPriorityFeePerGas)
            else { throw SimulatedRefusal("replacement transaction underpriced") }
        }
        pool.insert(transaction)
        let (world, number) = (world, headNumber)
        pool.enforce(configuration.pool, after: transaction.sender) { world.account($0, at: number).nonce }
        return transaction.hash
    }

    /// Strictly more, and at least the bump: geth's rule, integer division included.
    private func bumped(_ old: UInt256, to new: UInt256) -> Bool {
        let product = old.multipliedSaturating(by: UInt256(100 + configuration.pool.priceBumpPercent))
        let threshold = (try? product.dividing(by: UInt256(UInt64(100)))) ?? .max
        return new > old && new >= threshold
    }

    /// What does not depend on the state: format, signature, chain, gas and fees.
    private func checked(_ raw: [UInt8]) throws(SimulatedRefusal) -> SimulatedTransaction {
        let limits = configuration.pool
        guard raw.count <= limits.transactionBytesMax else { throw SimulatedRefusal("oversized data") }
        let signed: SignedTransaction
        do { signed = try SignedTransaction.decode(raw) } catch {
            throw SimulatedRefusal("rlp: the transaction cannot be read")
        }
        let transaction = signed.transaction
        guard let chainID = transaction.chainID else {
            throw SimulatedRefusal("only replay-protected (EIP-155) transactions allowed over RPC")
        }
        guard chainID == configuration.chainID else {
            throw SimulatedRefusal("wrong chain ID: have \(chainID), want \(configuration.chainID)")
        }
        let sender: Address
        do { sender = try signed.recoverSender() } catch { throw SimulatedRefusal("invalid sender") }
        guard let to = transaction.to else {
            throw SimulatedRefusal("max initcode size exceeded: this chain creates no contracts")
        }
        let (maxFee, tip) = (transaction.maxFeePerGas, transaction.maxPriorityFeePerGas)
        guard tip <= maxFee else { throw SimulatedRefusal("max priority fee per gas higher than max fee per gas") }
        guard transaction.gasLimit <= configuration.blockGasLimit else {
            throw SimulatedRefusal("exceeds block gas limit")
        }
        guard transaction.gasLimit <= SimulatedGas.transactionGasMax else {
            throw SimulatedRefusal(
                "transaction gas limit too high (cap: \(SimulatedGas.transactionGasMax), tx: \(transaction.gasLimit))")
        }
        guard transaction.gasLimit >= SimulatedGas.minimum(transaction.data) else {
            throw SimulatedRefusal(
                "intrinsic gas too low: gas \(transaction.gasLimit), minimum needed \(SimulatedGas.minimum(transaction.data))"
            )
        }
        guard world.code[sender] == nil, world.tokens[sender] == nil else {
            throw SimulatedRefusal("sender not an eoa")
        }
        guard tip >= limits.tipMin else {
            throw SimulatedRefusal("transaction underpriced: gas tip cap \(tip), minimum needed \(limits.tipMin)")
        }
        let fee = maxFee.multipliedSaturating(by: UInt256(transaction.gasLimit))
        guard limits.feeCapWei.isZero || fee <= limits.feeCapWei else {
            throw SimulatedRefusal("tx fee (\(fee) wei) exceeds the configured cap (\(limits.feeCapWei) wei)")
        }
        return SimulatedTransaction(
            signed: signed, hash: signed.hash, sender: sender, to: to, nonce: transaction.nonce,
            gasLimit: transaction.gasLimit, value: transaction.value, data: transaction.data, maxFeePerGas: maxFee,
            maxPriorityFeePerGas: tip, arrival: 0)
    }

    // MARK: Blocks

    mutating func mine(seconds: Int64, including: Set<Hash32>?) {
        let parent = head
        let number = parent.number + 1
        let time = max(parent.seconds + 1, UInt64(max(0, seconds)))
        let baseFee = nextBaseFee
        var inclusions: [SimulatedInclusion] = []
        var gasUsed: UInt64 = 0
        var logCount = 0
        var burned = UInt256.zero
        var skipped: Set<Address> = []
        while let next = best(baseFee: baseFee, at: number, including: including, skipped: skipped) {
            guard gasUsed + next.gasLimit <= configuration.blockGasLimit,
                let price = next.effectiveGasPrice(baseFee: baseFee),
                next.cost <= world.account(next.sender, at: number).balance
            else {
                skipped.insert(next.sender)
                continue
            }
            let done = run(next, price: price, number: number)
            pool.remove(next.hash)
            gasUsed += done.gas
            burned = burned.addingSaturating(baseFee.multipliedSaturating(by: UInt256(done.gas)))
            let tip = price.subtractingSaturating(baseFee).multipliedSaturating(by: UInt256(done.gas))
            world.credit(configuration.coinbase, tip, at: number)
            places[next.hash] = (number, inclusions.count)
            inclusions.append(
                SimulatedInclusion(
                    transaction: next, index: inclusions.count, firstLogIndex: logCount, gasUsed: done.gas,
                    cumulativeGasUsed: gasUsed, effectiveGasPrice: price, succeeded: done.succeeded, logs: done.logs))
            logCount += done.logs.count
        }
        let hash = Self.blockHash(
            chainID: configuration.chainID, branch: branch, number: number, parent: parent.hash, seconds: time,
            baseFee: baseFee, gasUsed: gasUsed, transactions: inclusions.map(\.transaction.hash))
        let block = SimulatedBlock(
            number: number, hash: hash, parentHash: parent.hash, seconds: time, baseFee: baseFee, gasUsed: gasUsed,
            burned: burned, transactions: inclusions)
        blocks.append(block)
        nextBaseFee = Self.baseFee(after: block, gasLimit: configuration.blockGasLimit)
        let world = world
        pool.prune { world.account($0, at: number) }
        advanceFinality()
    }

    /// The executable transaction that pays the highest tip; the earlier one among equals.
    private func best(
        baseFee: UInt256, at number: UInt64, including: Set<Hash32>?, skipped: Set<Address>
    ) -> SimulatedTransaction? {
        var best: (transaction: SimulatedTransaction, tip: UInt256)?
        for (sender, waiting) in pool.bySender where !skipped.contains(sender) {
            guard let next = waiting[world.account(sender, at: number).nonce],
                including?.contains(next.hash) ?? true, let price = next.effectiveGasPrice(baseFee: baseFee)
            else { continue }
            let tip = price.subtractingSaturating(baseFee)
            if let current = best, (current.tip, next.arrival) >= (tip, current.transaction.arrival) { continue }
            best = (next, tip)
        }
        return best?.transaction
    }

    private mutating func run(
        _ transaction: SimulatedTransaction, price: UInt256, number: UInt64
    ) -> (gas: UInt64, succeeded: Bool, logs: [SimulatedLog]) {
        world.useNonce(of: transaction.sender, at: number)
        let effect = world.effect(
            from: transaction.sender, to: transaction.to, value: transaction.value, data: transaction.data, at: number)
        // Out of gas burns the whole limit and undoes everything else.
        let gas = min(effect.gas, transaction.gasLimit)
        let succeeded = effect.succeeded && effect.gas <= transaction.gasLimit
        world.debit(transaction.sender, price.multipliedSaturating(by: UInt256(gas)), at: number)
        if succeeded { world.apply(effect.moves, at: number) }
        return (gas, succeeded, succeeded ? effect.logs : [])
    }

    mutating func reorg(depth: Int, drop: Set<Hash32>, requeue: Bool) throws(SimulatedChainError) -> [Hash32] {
        guard depth > 0 else { throw SimulatedChainError.depthNotPositive }
        guard UInt64(depth) <= headNumber else { throw SimulatedChainError.deeperThanChain(blocks: headNumber) }
        let kept = headNumber - UInt64(depth)
        guard kept >= finalizedNumber else { throw SimulatedChainError.belowFinalized(finalizedNumber) }
        let removed = blocks[Int(kept + 1)...].flatMap(\.transactions).map(\.transaction)
        blocks.removeLast(depth)
        world.rewind(to: kept)
        branch += 1
        safeNumber = min(safeNumber, kept)
        nextBaseFee = Self.baseFee(after: head, gasLimit: configuration.blockGasLimit)
        for transaction in removed { places[transaction.hash] = nil }
        if requeue {
            // What waits at the same nonce is newer and stays, as a pool prefers what it already validated.
            for transaction in removed where !drop.contains(transaction.hash) {
                if pool.transaction(sender: transaction.sender, nonce: transaction.nonce) == nil {
                    pool.insert(transaction)
                }
            }
        }
        let (world, number) = (world, kept)
        pool.prune { world.account($0, at: number) }
        return removed.map(\.hash)
    }

    // MARK: Finality

    mutating func setFinality(safeLag: UInt64, finalizedLag: UInt64) {
        self.safeLag = safeLag
        self.finalizedLag = finalizedLag
        advanceFinality()
    }

    private mutating func advanceFinality() {
        guard !finalityIsStalled else { return }
        safeNumber = max(safeNumber, headNumber - min(headNumber, safeLag))
        finalizedNumber = max(finalizedNumber, headNumber - min(headNumber, finalizedLag))
    }

    // MARK: Rules

    /// [EIP-1559](https://eips.ethereum.org/EIPS/eip-1559).
    static func baseFee(after block: SimulatedBlock, gasLimit: UInt64) -> UInt256 {
        FeeRules.nextBaseFee(baseFee: block.baseFee, gasUsed: block.gasUsed, gasLimit: gasLimit)
    }

    private static func blockHash(
        chainID: UInt64, branch: UInt64, number: UInt64, parent: Hash32, seconds: UInt64, baseFee: UInt256,
        gasUsed: UInt64,
        transactions: [Hash32]
    ) -> Hash32 {
        var bytes: [UInt8] = []
        for part in [chainID, branch, number, seconds, gasUsed] { bytes += UInt256(part).bigEndianBytes }
        bytes += parent.bytes
        bytes += baseFee.bigEndianBytes
        for hash in transactions { bytes += hash.bytes }
        return Keccak256.hash(bytes)
    }
}
