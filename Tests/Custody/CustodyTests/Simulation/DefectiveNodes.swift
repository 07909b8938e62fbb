import ChainEVM
import ChainNode
import Primitives

/// Passes everything on; the defects below change one answer each.
class PassingNode: EVMNode, @unchecked Sendable {
    let base: any EVMNode

    init(_ base: any EVMNode) {
        self.base = base
    }

    var chain: ChainID { base.chain }
    func reportedChainID() async throws(NodeError) -> UInt64 { try await base.reportedChainID() }
    func header(_ tag: BlockTag) async throws(NodeError) -> BlockHeader? { try await base.header(tag) }
    func balance(of address: Address, at tag: BlockTag) async throws(NodeError) -> UInt256 {
        try await base.balance(of: address, at: tag)
    }
    func transactionCount(of address: Address, at tag: BlockTag) async throws(NodeError) -> UInt64 {
        try await base.transactionCount(of: address, at: tag)
    }
    func code(at address: Address, tag: BlockTag) async throws(NodeError) -> [UInt8] {
        try await base.code(at: address, tag: tag)
    }
    func call(_ request: CallRequest, at tag: BlockTag) async throws(NodeError) -> [UInt8] {
        try await base.call(request, at: tag)
    }
    func estimateGas(_ request: CallRequest) async throws(NodeError) -> UInt64 { try await base.estimateGas(request) }
    func feeHistory(
        blockCount: Int, newest: BlockTag, percentiles: [Double]
    ) async throws(NodeError) -> FeeHistory {
        try await base.feeHistory(blockCount: blockCount, newest: newest, percentiles: percentiles)
    }
    func receipts(_ hashes: [Hash32]) async throws(NodeError) -> [Receipt?] { try await base.receipts(hashes) }
    func transactions(_ hashes: [Hash32]) async throws(NodeError) -> [KnownTransaction?] {
        try await base.transactions(hashes)
    }
    func broadcast(_ raws: [[UInt8]]) async -> [BroadcastOutcome] { await base.broadcast(raws) }
}

/// Says "rejected" where nobody knows.
final class RejectingNode: PassingNode, @unchecked Sendable {
    override func broadcast(_ raws: [[UInt8]]) async -> [BroadcastOutcome] {
        await base.broadcast(raws).map { outcome in
            if case .unknown(let message) = outcome { .rejected(.invalid, message: message) } else { outcome }
        }
    }
}

/// Counts blocks that are not there yet.
final class BoastfulNode: PassingNode, @unchecked Sendable {
    private let extraBlocks: UInt64

    init(_ base: any EVMNode, extraBlocks: UInt64) {
        self.extraBlocks = extraBlocks
        super.init(base)
    }

    override func header(_ tag: BlockTag) async throws(NodeError) -> BlockHeader? {
        guard tag == .latest, let header = try await base.header(tag) else { return try await base.header(tag) }
        return BlockHeader(
            number: header.number + extraBlocks, hash: header.hash, parentHash: header.parentHash,
            timestamp: header.timestamp, gasLimit: header.gasLimit, gasUsed: header.gasUsed,
            baseFeePerGas: header.baseFeePerGas)
    }
}

/// Passes one transaction on for each nonce; what comes later for it, it says it has.
final class ForgetfulNode: PassingNode, @unchecked Sendable {
    private let memory: SlotMemory

    init(_ base: any EVMNode, memory: SlotMemory) {
        self.memory = memory
        super.init(base)
    }

    override func broadcast(_ raws: [[UInt8]]) async -> [BroadcastOutcome] {
        var outcomes: [BroadcastOutcome] = []
        for raw in raws { outcomes.append(await memory.isNew(raw) ? await base.broadcast(raw) : .known) }
        return outcomes
    }
}

actor SlotMemory {
    private var slots: Set<String> = []

    func isNew(_ raw: [UInt8]) -> Bool {
        guard let signed = try? SignedTransaction.decode(raw), let sender = try? signed.recoverSender() else {
            return true
        }
        return slots.insert("\(sender)#\(signed.transaction.nonce)").inserted
    }
}
