import ChainEVM
import ChainNode
import Cryptography
import Keys
import Primitives
import Synchronization

/// A vault that can be sealed.
final class SealableVault: KeyVault {
    let base: any KeyVault
    private let sealed = Mutex(false)

    init(_ base: any KeyVault) {
        self.base = base
    }

    var isSealed: Bool {
        get { sealed.withLock { $0 } }
        set { sealed.withLock { $0 = newValue } }
    }

    var backend: String { base.backend }
    func create(_ curve: Curve, label: String) async throws -> KeyDescription {
        try await base.create(curve, label: label)
    }
    func describe(_ id: SortableID) async throws -> KeyDescription { try await base.describe(id) }
    func list() async throws -> [KeyDescription] { try await base.list() }
    func sign(_ digests: [Hash32], with key: SortableID) async throws -> [Secp256k1.Signature] {
        guard !isSealed else { throw KeyError(.sealed, "the vault is sealed") }
        return try await base.sign(digests, with: key)
    }
    func signMessage(_ message: [UInt8], with key: SortableID) async throws -> [UInt8] {
        try await base.signMessage(message, with: key)
    }
}

/// A node whose answers a test changes, and that keeps what was sent to it.
final class ScriptedNode: EVMNode {
    struct Script: Sendable {
        /// Every question fails with this.
        var failure: NodeError?
        /// The bytes arrive, the answer does not.
        var losesAnswers = false
        /// The bytes do not arrive.
        var swallowsBytes = false
        /// What broadcasts answer, whatever became of them.
        var answer: BroadcastOutcome?
        var estimate: UInt64?
        var estimateFailure: NodeError?
        var hidesReceipts = false
        var change: (@Sendable (Receipt) -> Receipt)?
        /// Runs once, before the next question about receipts or fees is passed on.
        var before: (@Sendable () async throws -> Void)?
    }

    let base: any EVMNode
    private let script = Mutex(Script())
    private let sentBytes = Mutex<[[UInt8]]>([])

    init(_ base: any EVMNode) {
        self.base = base
    }

    func set(_ change: @Sendable (inout Script) -> Void) { script.withLock { change(&$0) } }
    var sent: [[UInt8]] { sentBytes.withLock { $0 } }

    private func ready() throws(NodeError) {
        if let failure = script.withLock({ $0.failure }) { throw failure }
    }

    var chain: ChainID { base.chain }
    func reportedChainID() async throws(NodeError) -> UInt64 {
        try ready()
        return try await base.reportedChainID()
    }
    func header(_ tag: BlockTag) async throws(NodeError) -> BlockHeader? {
        try ready()
        return try await base.header(tag)
    }
    func balance(of address: Address, at tag: BlockTag) async throws(NodeError) -> UInt256 {
        try ready()
        return try await base.balance(of: address, at: tag)
    }
    func transactionCount(of address: Address, at tag: BlockTag) async throws(NodeError) -> UInt64 {
        try ready()
        return try await base.transactionCount(of: address, at: tag)
    }
    func code(at address: Address, tag: BlockTag) async throws(NodeError) -> [UInt8] {
        try ready()
        return try await base.code(at: address, tag: tag)
    }
    func call(_ request: CallRequest, at tag: BlockTag) async throws(NodeError) -> [UInt8] {
        try ready()
        return try await base.call(request, at: tag)
    }
    func estimateGas(_ request: CallRequest) async throws(NodeError) -> UInt64 {
        try ready()
        let before = script.withLock { script in
            defer { script.before = nil }
            return script.before
        }
        do { try await before?() } catch { throw NodeError(.badAnswer, "the script failed", cause: error) }
        let (estimate, failure) = script.withLock { ($0.estimate, $0.estimateFailure) }
        if let failure { throw failure }
        if let estimate { return estimate }
        return try await base.estimateGas(request)
    }
    func feeHistory(
        blockCount: Int, newest: BlockTag, percentiles: [Double]
    ) async throws(NodeError) -> FeeHistory {
        try ready()
        return try await base.feeHistory(blockCount: blockCount, newest: newest, percentiles: percentiles)
    }
    func receipts(_ hashes: [Hash32]) async throws(NodeError) -> [Receipt?] {
        try ready()
        let (hides, change) = script.withLock { ($0.hidesReceipts, $0.change) }
        if hides { return hashes.map { _ in nil } }
        let answers = try await base.receipts(hashes)
        guard let change else { return answers }
        return answers.map { $0.map(change) }
    }
    func transactions(_ hashes: [Hash32]) async throws(NodeError) -> [KnownTransaction?] {
        try ready()
        return try await base.transactions(hashes)
    }
    func broadcast(_ raws: [[UInt8]]) async -> [BroadcastOutcome] {
        let now = script.withLock { $0 }
        if now.failure != nil { return raws.map { _ in .unknown(message: "the node is down") } }
        sentBytes.withLock { $0 += raws }
        if now.swallowsBytes { return raws.map { _ in now.answer ?? .unknown(message: "no answer") } }
        let outcomes = await base.broadcast(raws)
        if let answer = now.answer { return raws.map { _ in answer } }
        return now.losesAnswers ? raws.map { _ in .unknown(message: "no answer within the deadline") } : outcomes
    }
}
