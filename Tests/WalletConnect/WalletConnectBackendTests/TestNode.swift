import ChainEVM
import ChainNode
import Cryptography
import Primitives
import Synchronization
import WalletConnectClient

/// A node that knows one contract account, and answers what a test says.
final class TestNode: EVMNode {
    let chain: ChainID
    private let answer: @Sendable (CallRequest) throws(NodeError) -> [UInt8]
    let balance: Result<UInt256, NodeError>
    let gas: Result<UInt64, NodeError>
    private let gate: Gate?
    private let asked = Mutex<[CallRequest]>([])

    init(
        _ chain: ChainID, balance: Result<UInt256, NodeError> = .success(0),
        gas: Result<UInt64, NodeError> = .success(21_000), gate: Gate? = nil,
        call: @escaping @Sendable (CallRequest) throws(NodeError) -> [UInt8] = { _ throws(NodeError) in [] }
    ) {
        self.chain = chain
        self.balance = balance
        self.gas = gas
        self.gate = gate
        answer = call
    }

    var calls: [CallRequest] { asked.withLock { $0 } }

    func reportedChainID() async throws(NodeError) -> UInt64 { UInt64(chain.reference) ?? 0 }
    func header(_ tag: BlockTag) async throws(NodeError) -> BlockHeader? { nil }
    func balance(of address: Address, at tag: BlockTag) async throws(NodeError) -> UInt256 { try balance.get() }
    func transactionCount(of address: Address, at tag: BlockTag) async throws(NodeError) -> UInt64 { 0 }
    func code(at address: Address, tag: BlockTag) async throws(NodeError) -> [UInt8] { [] }
    func call(_ request: CallRequest, at tag: BlockTag) async throws(NodeError) -> [UInt8] {
        asked.withLock { $0.append(request) }
        await gate?.pass()
        return try answer(request)
    }
    func estimateGas(_ request: CallRequest) async throws(NodeError) -> UInt64 { try gas.get() }
    func feeHistory(
        blockCount: Int, newest: BlockTag, percentiles: [Double]
    ) async throws(NodeError) -> FeeHistory {
        FeeHistory(
            oldestBlock: 1, baseFeePerGas: [8_000_000_000, 8_000_000_000], gasUsedRatio: [0.5],
            reward: [[2_000_000_000]])
    }
    func receipts(_ hashes: [Hash32]) async throws(NodeError) -> [Receipt?] { hashes.map { _ in nil } }
    func transactions(_ hashes: [Hash32]) async throws(NodeError) -> [KnownTransaction?] { hashes.map { _ in nil } }
    func broadcast(_ raws: [[UInt8]]) async -> [BroadcastOutcome] { raws.map { _ in .unknown(message: "test") } }
}
