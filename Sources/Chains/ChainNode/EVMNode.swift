public import ChainEVM
public import Primitives

/// Which block a question is about.
///
/// `safe` and `finalized` are anchors; `latest` and `pending` are one node's opinion and prove nothing by themselves.
/// See [the block parameter](https://ethereum.org/en/developers/docs/apis/json-rpc/#default-block).
public enum BlockTag: Sendable, Hashable {
    /// The head of this node's chain.
    case latest
    /// The head plus what this node's pool would add to it.
    case pending
    /// The newest block that is unlikely to be replaced.
    case safe
    /// The newest block that cannot be replaced without an attack that destroys a third of the stake.
    case finalized
    /// The first block.
    case earliest
    /// The canonical block at a height.
    case number(UInt64)
    /// The block with a hash ([EIP-1898](https://eips.ethereum.org/EIPS/eip-1898)).
    case hash(Hash32)
}

/// What Coffer asks of a node of an EVM chain.
///
/// An answer is one node's opinion. A missing receipt or an unknown transaction is never evidence that nothing was sent;
/// only a nonce at `finalized` proves that a slot is consumed. `NodePool` asks several nodes where money depends on it.
///
/// ```swift
/// let consumed = try await node.transactionCount(of: sender, at: .finalized)
/// let outcomes = await node.broadcast([attempt.raw])
/// ```
public protocol EVMNode: Sendable {
    /// The chain this node is configured for, for example `eip155:31337`.
    var chain: ChainID { get }
    /// The chain id the node itself reports. It may differ from `chain`; then nothing the node says may be believed.
    func reportedChainID() async throws(NodeError) -> UInt64
    /// The header of a block, nil when the node has no such block.
    func header(_ tag: BlockTag) async throws(NodeError) -> BlockHeader?
    /// The native balance in wei.
    func balance(of address: Address, at tag: BlockTag) async throws(NodeError) -> UInt256
    /// The next nonce of an account. At `finalized`: every nonce below is consumed for ever.
    func transactionCount(of address: Address, at tag: BlockTag) async throws(NodeError) -> UInt64
    /// The code at an address; empty for an account without code.
    func code(at address: Address, tag: BlockTag) async throws(NodeError) -> [UInt8]
    /// What a call would return. A revert is an error with code `.reverted`.
    func call(_ request: CallRequest, at tag: BlockTag) async throws(NodeError) -> [UInt8]
    /// The gas a transaction would need now. A revert is an error with code `.reverted`.
    func estimateGas(_ request: CallRequest) async throws(NodeError) -> UInt64
    /// Base fees (one more than the blocks answered: the last is the next block's) and tips by percentile.
    func feeHistory(
        blockCount: Int, newest: BlockTag, percentiles: [Double]
    ) async throws(NodeError) -> FeeHistory
    /// The receipts, in the order asked, nil where the node has none. One batch.
    func receipts(_ hashes: [Hash32]) async throws(NodeError) -> [Receipt?]
    /// What the node knows of these transactions, in the order asked, nil where it knows nothing. One batch.
    func transactions(_ hashes: [Hash32]) async throws(NodeError) -> [KnownTransaction?]
    /// Sends signed bytes, one outcome each, in order. Never throws: an unclear answer is `.unknown`, a state, not a failure.
    func broadcast(_ raws: [[UInt8]]) async -> [BroadcastOutcome]
}

extension EVMNode {
    /// The receipt of one transaction.
    public func receipt(_ hash: Hash32) async throws(NodeError) -> Receipt? {
        let answers = try await receipts([hash])
        guard answers.count == 1 else { throw NodeError(.badAnswer, "one receipt asked, \(answers.count) answered") }
        return answers[0]
    }

    /// What the node knows of one transaction.
    public func transaction(_ hash: Hash32) async throws(NodeError) -> KnownTransaction? {
        let answers = try await transactions([hash])
        guard answers.count == 1 else {
            throw NodeError(.badAnswer, "one transaction asked, \(answers.count) answered")
        }
        return answers[0]
    }

    /// Sends one signed transaction.
    public func broadcast(_ raw: [UInt8]) async -> BroadcastOutcome {
        let outcomes = await broadcast([raw])
        return outcomes.count == 1
            ? outcomes[0] : .unknown(message: "the node answered \(outcomes.count) outcomes for one")
    }

    /// Throws `.wrongChain` unless the node reports the chain it is configured for.
    public func requireConfiguredChain() async throws(NodeError) {
        let reported = try await reportedChainID()
        guard chain.namespace == "eip155", chain.reference == String(reported) else {
            throw NodeError(.wrongChain, "the node serves eip155:\(reported), configured is \(chain)")
        }
    }
}
