import ChainEVM
import ChainNode
import Cryptography
import Keys
import Primitives
import Storage
import Synchronization

/// The process is gone.
struct SimulatedCrash: Error {}

/// Counts the places at which a process can die, and kills it at one of them; a dead process does nothing more.
final class CrashSwitch: Sendable {
    private struct State {
        var passed = 0
        var fatal: Int?
        var isDead = false
    }

    private let state = Mutex(State())

    /// - Parameter fatal: the place at which the process dies, counted from 1.
    init(fatal: Int? = nil) {
        state.withLock { $0.fatal = fatal }
    }

    var isDead: Bool { state.withLock { $0.isDead } }
    var passed: Int { state.withLock { $0.passed } }

    /// Lets the process die so many places from here.
    func arm(after places: Int) {
        state.withLock { $0.fatal = $0.passed + places }
    }

    func pass() throws {
        try state.withLock { state in
            guard !state.isDead else { throw SimulatedCrash() }
            state.passed += 1
            guard state.passed == state.fatal else { return }
            state.isDead = true
            throw SimulatedCrash()
        }
    }

    func requireAlive() throws {
        guard !isDead else { throw SimulatedCrash() }
    }
}

/// A store whose process may die before or after a commit.
struct CrashingStore: Store {
    let base: any Store
    let crash: CrashSwitch

    func write<Result: Sendable>(
        _ body: @escaping @Sendable (any WriteTransaction) throws -> Result
    ) async throws -> Result {
        try crash.pass()
        let result = try await base.write(body)
        try crash.pass()
        return result
    }
    func read<Result: Sendable>(
        _ body: @escaping @Sendable (any ReadTransaction) throws -> Result
    ) async throws -> Result {
        try crash.requireAlive()
        return try await base.read(body)
    }
    func migrate(_ migrations: [Migration]) async throws { try await base.migrate(migrations) }
    func backup(to path: String) async throws { try await base.backup(to: path) }
    func close() async {}
}

/// A vault whose process may die before or after a signature.
struct CrashingVault: KeyVault {
    let base: any KeyVault
    let crash: CrashSwitch

    var backend: String { base.backend }
    func create(_ curve: Curve, label: String) async throws -> KeyDescription {
        try await base.create(curve, label: label)
    }
    func describe(_ id: SortableID) async throws -> KeyDescription { try await base.describe(id) }
    func list() async throws -> [KeyDescription] { try await base.list() }
    func sign(_ digests: [Hash32], with key: SortableID) async throws -> [Secp256k1.Signature] {
        try crash.pass()
        let signatures = try await base.sign(digests, with: key)
        try crash.pass()
        return signatures
    }
    func signMessage(_ message: [UInt8], with key: SortableID) async throws -> [UInt8] {
        try await base.signMessage(message, with: key)
    }
}

/// The way from one process to its node.
///
/// The process may die before, between and after the bytes that it sends, and things may happen elsewhere while it waits
/// for an answer. Everything that is sent is compared with what is stored.
final class ProcessNode: EVMNode {
    private let base: any EVMNode
    private let crash: CrashSwitch
    private let witness: BroadcastWitness
    /// Runs before a question is passed on: other processes and the chain go on meanwhile.
    private let interlude: @Sendable () async -> Void

    init(
        _ base: any EVMNode, crash: CrashSwitch, witness: BroadcastWitness,
        interlude: @escaping @Sendable () async -> Void = {}
    ) {
        self.base = base
        self.crash = crash
        self.witness = witness
        self.interlude = interlude
    }

    var chain: ChainID { base.chain }
    func reportedChainID() async throws(NodeError) -> UInt64 { try await base.reportedChainID() }
    func header(_ tag: BlockTag) async throws(NodeError) -> BlockHeader? {
        await interlude()
        return try await base.header(tag)
    }
    func balance(of address: Address, at tag: BlockTag) async throws(NodeError) -> UInt256 {
        await interlude()
        return try await base.balance(of: address, at: tag)
    }
    func transactionCount(of address: Address, at tag: BlockTag) async throws(NodeError) -> UInt64 {
        await interlude()
        return try await base.transactionCount(of: address, at: tag)
    }
    func code(at address: Address, tag: BlockTag) async throws(NodeError) -> [UInt8] {
        try await base.code(at: address, tag: tag)
    }
    func call(_ request: CallRequest, at tag: BlockTag) async throws(NodeError) -> [UInt8] {
        try await base.call(request, at: tag)
    }
    func estimateGas(_ request: CallRequest) async throws(NodeError) -> UInt64 {
        await interlude()
        return try await base.estimateGas(request)
    }
    func feeHistory(
        blockCount: Int, newest: BlockTag, percentiles: [Double]
    ) async throws(NodeError) -> FeeHistory {
        try await base.feeHistory(blockCount: blockCount, newest: newest, percentiles: percentiles)
    }
    func receipts(_ hashes: [Hash32]) async throws(NodeError) -> [Receipt?] {
        await interlude()
        return try await base.receipts(hashes)
    }
    func transactions(_ hashes: [Hash32]) async throws(NodeError) -> [KnownTransaction?] {
        try await base.transactions(hashes)
    }
    func broadcast(_ raws: [[UInt8]]) async -> [BroadcastOutcome] {
        await interlude()
        var outcomes: [BroadcastOutcome] = []
        for raw in raws {
            var outcome = BroadcastOutcome.unknown(message: "the process is gone")
            do {
                try crash.pass()
                await witness.see(raw)
                outcome = await base.broadcast(raw)
                try crash.pass()
            } catch {
                outcome = .unknown(message: "the process is gone")
            }
            outcomes.append(outcome)
        }
        return outcomes
    }
}
