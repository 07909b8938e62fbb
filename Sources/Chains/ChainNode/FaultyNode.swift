public import ChainEVM
public import Primitives
import Synchronization

/// Which faults a ``FaultyNode`` makes, each with its own probability from 0 to 1.
public struct NodeFaults: Sendable, Hashable {
    /// A question never reaches the node: `.transport`; a broadcast is `.unknown` and was not accepted.
    public var dropsRequest: Double
    /// A broadcast reaches the node and the answer is lost: `.unknown`, though the bytes are in the pool.
    public var losesAnswer: Double
    /// A receipt that exists is answered as nil.
    public var hidesReceipt: Double
    /// A transaction that is known is answered as nil.
    public var hidesTransaction: Double
    /// A question about `latest`, `pending`, `safe`, receipts or transactions is answered `lagBlocks` blocks late.
    public var lags: Double
    /// How far an old view is behind.
    public var lagBlocks: UInt64
    /// A nonce is answered as of `lagBlocks` blocks ago, `finalized` included.
    public var staleNonce: Double
    /// The reported chain id is another one.
    public var wrongChain: Double
    /// A broadcast is accepted and answered with another transaction's hash, which a careful client reads as `.unknown`.
    public var wrongHash: Double
    /// A receipt is answered for another transaction.
    public var swapsReceipt: Double
    /// A question is refused as rate limited; a broadcast as `.busy`.
    public var rateLimits: Double

    /// No faults unless named.
    public init(
        dropsRequest: Double = 0, losesAnswer: Double = 0, hidesReceipt: Double = 0, hidesTransaction: Double = 0,
        lags: Double = 0, lagBlocks: UInt64 = 3, staleNonce: Double = 0, wrongChain: Double = 0, wrongHash: Double = 0,
        swapsReceipt: Double = 0, rateLimits: Double = 0
    ) {
        self.dropsRequest = dropsRequest
        self.losesAnswer = losesAnswer
        self.hidesReceipt = hidesReceipt
        self.hidesTransaction = hidesTransaction
        self.lags = lags
        self.lagBlocks = lagBlocks
        self.staleNonce = staleNonce
        self.wrongChain = wrongChain
        self.wrongHash = wrongHash
        self.swapsReceipt = swapsReceipt
        self.rateLimits = rateLimits
    }

    /// A bad day: a little of everything a careful client survives without lies about the chain.
    public static let stormy = NodeFaults(
        dropsRequest: 0.1, losesAnswer: 0.15, hidesReceipt: 0.2, hidesTransaction: 0.2, lags: 0.2, staleNonce: 0.1,
        wrongHash: 0.05, rateLimits: 0.1)
}

/// The kind of a fault that was made.
public enum NodeFault: String, Sendable, Hashable, CaseIterable {
    case droppedRequest, lostAnswer, hiddenReceipt, hiddenTransaction, oldView, staleNonce, wrongChain, wrongHash
    case swappedReceipt, rateLimited
}

/// A node that lies, forgets and loses answers, by a seed: the same calls in the same order meet the same faults.
///
/// ```swift
/// let node = FaultyNode(chain, faults: .stormy, seed: 7)
/// ```
public final class FaultyNode: EVMNode {
    /// One fault that was made.
    public struct Injection: Sendable, Hashable {
        /// Counts the calls from zero.
        public let call: Int
        /// The method asked.
        public let method: String
        /// What was done to it.
        public let fault: NodeFault
    }

    private struct State {
        var faults: NodeFaults
        var random: UInt64
        var calls = 0
        var log: [Injection] = []
    }

    private let node: any EVMNode
    private let state: Mutex<State>

    /// Wraps a node.
    public init(_ node: any EVMNode, faults: NodeFaults, seed: UInt64) {
        self.node = node
        self.state = Mutex(State(faults: faults, random: seed))
    }

    /// Every fault made so far.
    public var injections: [Injection] { state.withLock { $0.log } }

    /// The probabilities; a test may change them while it runs.
    public var faults: NodeFaults {
        get { state.withLock { $0.faults } }
        set { state.withLock { $0.faults = newValue } }
    }

    public var chain: ChainID { node.chain }

    public func reportedChainID() async throws(NodeError) -> UInt64 {
        let call = try begin("eth_chainId")
        let honest = try await node.reportedChainID()
        return draw(call, .wrongChain, \.wrongChain) ? honest ^ 1 : honest
    }

    public func header(_ tag: BlockTag) async throws(NodeError) -> BlockHeader? {
        let call = try begin("eth_getBlockByNumber")
        return try await node.header(try await viewed(tag, call))
    }

    public func balance(of address: Address, at tag: BlockTag) async throws(NodeError) -> UInt256 {
        let call = try begin("eth_getBalance")
        return try await node.balance(of: address, at: try await viewed(tag, call))
    }

    public func transactionCount(of address: Address, at tag: BlockTag) async throws(NodeError) -> UInt64 {
        let call = try begin("eth_getTransactionCount")
        if draw(call, .staleNonce, \.staleNonce) {
            return try await node.transactionCount(of: address, at: try await older(tag))
        }
        return try await node.transactionCount(of: address, at: try await viewed(tag, call))
    }

    public func code(at address: Address, tag: BlockTag) async throws(NodeError) -> [UInt8] {
        let call = try begin("eth_getCode")
        return try await node.code(at: address, tag: try await viewed(tag, call))
    }

    public func call(_ request: CallRequest, at tag: BlockTag) async throws(NodeError) -> [UInt8] {
        let call = try begin("eth_call")
        return try await node.call(request, at: try await viewed(tag, call))
    }

    public func estimateGas(_ request: CallRequest) async throws(NodeError) -> UInt64 {
        _ = try begin("eth_estimateGas")
        return try await node.estimateGas(request)
    }

    public func feeHistory(
        blockCount: Int, newest: BlockTag, percentiles: [Double]
    ) async throws(NodeError) -> FeeHistory {
        let call = try begin("eth_feeHistory")
        let tag = try await viewed(newest, call)
        return try await node.feeHistory(blockCount: blockCount, newest: tag, percentiles: percentiles)
    }

    public func receipts(_ hashes: [Hash32]) async throws(NodeError) -> [Receipt?] {
        let call = try begin("eth_getTransactionReceipt")
        var answers = try await node.receipts(hashes)
        if draw(call, .oldView, \.lags) {
            let head = try await viewHead()
            answers = answers.map { receipt in receipt.flatMap { $0.blockNumber <= head ? $0 : nil } }
        }
        for index in answers.indices where answers[index] != nil {
            if draw(call, .hiddenReceipt, \.hidesReceipt) { answers[index] = nil }
        }
        if answers.count > 1, answers.contains(where: { $0 != nil }), draw(call, .swappedReceipt, \.swapsReceipt) {
            answers.append(answers.removeFirst())
        }
        return answers
    }

    public func transactions(_ hashes: [Hash32]) async throws(NodeError) -> [KnownTransaction?] {
        let call = try begin("eth_getTransactionByHash")
        var answers = try await node.transactions(hashes)
        if draw(call, .oldView, \.lags) {
            let head = try await viewHead()
            // An old view has not seen the newer blocks, and may never have seen the transaction.
            answers = answers.map { known in known.flatMap { ($0.blockNumber ?? 0) <= head ? $0 : nil } }
        }
        for index in answers.indices where answers[index] != nil {
            if draw(call, .hiddenTransaction, \.hidesTransaction) { answers[index] = nil }
        }
        return answers
    }

    public func broadcast(_ raws: [[UInt8]]) async -> [BroadcastOutcome] {
        let method = "eth_sendRawTransaction"
        var outcomes: [BroadcastOutcome] = []
        for raw in raws {
            let call: Call
            do { call = try begin(method) } catch {
                outcomes.append(
                    error.code == .rateLimited
                        ? .rejected(.busy, message: error.message) : .unknown(message: error.message))
                continue
            }
            let outcome = await node.broadcast(raw)
            if draw(call, .lostAnswer, \.losesAnswer) {
                outcomes.append(.unknown(message: "no answer within the deadline"))
            } else if case .accepted = outcome, draw(call, .wrongHash, \.wrongHash) {
                outcomes.append(.unknown(message: "the node answered with another transaction's hash"))
            } else {
                outcomes.append(outcome)
            }
        }
        return outcomes
    }

    // MARK: Faults

    private struct Call {
        let number: Int
        let method: String
    }

    /// Counts the call and makes the faults that stop it before it reaches the node.
    private func begin(_ method: String) throws(NodeError) -> Call {
        let call = state.withLock { state in
            defer { state.calls += 1 }
            return Call(number: state.calls, method: method)
        }
        if draw(call, .droppedRequest, \.dropsRequest) { throw NodeError(.transport, "the connection broke") }
        if draw(call, .rateLimited, \.rateLimits) { throw NodeError(.rateLimited, "too many requests") }
        return call
    }

    private func draw(_ call: Call, _ fault: NodeFault, _ probability: KeyPath<NodeFaults, Double>) -> Bool {
        state.withLock { state in
            let wanted = state.faults[keyPath: probability]
            // The generator moves even at probability zero, so that one fault's setting does not shift the others.
            guard Self.unit(&state.random) < wanted else { return false }
            state.log.append(Injection(call: call.number, method: call.method, fault: fault))
            return true
        }
    }

    /// The tag itself, or the block an old view would take it for.
    private func viewed(_ tag: BlockTag, _ call: Call) async throws(NodeError) -> BlockTag {
        switch tag {
        case .latest, .pending, .safe:
            return draw(call, .oldView, \.lags) ? try await older(tag) : tag
        case .finalized, .earliest, .number, .hash:
            return tag
        }
    }

    private func older(_ tag: BlockTag) async throws(NodeError) -> BlockTag {
        let asked: BlockTag = tag == .pending ? .latest : tag
        guard let header = try await node.header(asked) else { return tag }
        return .number(header.number - min(header.number, faults.lagBlocks))
    }

    private func viewHead() async throws(NodeError) -> UInt64 {
        guard let header = try await node.header(.latest) else { return 0 }
        return header.number - min(header.number, faults.lagBlocks)
    }

    /// SplitMix64, mapped to 0..<1 with 53 bits.
    private static func unit(_ state: inout UInt64) -> Double {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        mixed ^= mixed >> 31
        return Double(mixed >> 11) * 0x1p-53
    }
}
