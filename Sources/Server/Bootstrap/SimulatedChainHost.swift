import ChainEVM
import ChainNode
import Foundation
import Primitives
import ServiceLifecycle
import Synchronization

/// Keeps a simulated chain going: mines, and writes down what it would take to build the same chain again.
///
/// The log has a line for each block and each gift, in order; a restart replays it, so that the chain goes on where it
/// was, like everything else in the data directory. It is a simulation: nothing in it is worth a sync.
final class SimulatedChainHost: Sendable {
    /// How often a block is made.
    static let blockMilliseconds: Int64 = 500
    /// Once nothing happens, a block is made only this often, so that an idle server does not fill the disk.
    static let idleBlockMilliseconds: Int64 = 5_000
    /// Empty blocks that follow a full one at the usual pace, so that what is in it gets its confirmations.
    static let trailingBlocks = 4

    let chain: SimulatedChain
    let token: Address
    private let log: FileHandle
    private let state = Mutex(State())

    private struct State {
        var lastBlock = Timestamp(milliseconds: 0)
        var emptyBlocks = 0
        /// Raw bytes by hash of what is in the pool, for the log.
        var submitted: [Hash32: [UInt8]] = [:]
        /// How long the log is, up to its last whole line.
        var logBytes: UInt64 = 0
        /// Lines that a full disk has not taken yet.
        var unwritten: [UInt8] = []
    }

    /// Opens the chain that the log describes, or a new one.
    init(logPath: String) throws {
        chain = SimulatedChain(
            SimulatedChain.Configuration(safeLagBlocks: 2, finalizedLagBlocks: 4))
        token = chain.deploy(SimulatedToken(symbol: "DUSD", decimals: 6))
        let known = try DataDirectory.read(logPath) ?? []
        if known.isEmpty { _ = FileManager.default.createFile(atPath: logPath, contents: nil) }
        guard let handle = FileHandle(forWritingAtPath: logPath) else {
            throw BootstrapError(.configuration, "can't write \(logPath)")
        }
        log = handle
        var end = 0
        for line in known.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast() {
            // A line that was cut by a kill is the last one; what follows is written over it.
            guard let entry = try? JSON.parse(Array(line), limits: .rpc), replay(entry) else { break }
            end += line.count + 1
        }
        try log.truncate(atOffset: UInt64(end))
        state.withLock { $0.logBytes = UInt64(end) }
    }

    private func replay(_ entry: JSON) -> Bool {
        if let time = entry["time"]?.int, let raws = entry["transactions"]?.array {
            var hashes: Set<Hash32> = []
            for raw in raws {
                guard let bytes = raw.string.flatMap({ try? Hex.decode($0) }), let hash = try? chain.submit(bytes)
                else {
                    return false
                }
                hashes.insert(hash)
            }
            chain.mine(at: Timestamp(milliseconds: time), including: hashes)
            return true
        }
        guard let text = entry["fund"]?.string, let to = try? Address(checksummed: text),
            let amount = entry["amount"]?.string.flatMap({ try? UInt256(decimal: $0) })
        else { return false }
        give(amount, isToken: entry["token"]?.bool ?? false, to: to)
        return true
    }

    private func give(_ amount: UInt256, isToken: Bool, to address: Address) {
        if isToken {
            chain.mint(token: token, to: address, amount: amount)
        } else {
            chain.fund(address, wei: amount)
        }
    }

    /// Gives coins or tokens out of nothing.
    func fund(_ address: Address, amount: UInt256, isToken: Bool) {
        give(amount, isToken: isToken, to: address)
        append(["fund": .string("\(address)"), "amount": .string("\(amount)"), "token": .bool(isToken)])
    }

    /// Takes signed bytes, and keeps them for the log.
    func submit(_ raw: [UInt8]) throws(SimulatedRefusal) -> Hash32 {
        let hash = try chain.submit(raw)
        state.withLock { $0.submitted[hash] = raw }
        return hash
    }

    /// Makes a block if one is due.
    func mineIfDue(at now: Timestamp) {
        // A block that the log can't take would be gone after a restart, and what it paid with it.
        guard flush() else { return }
        let isEmpty = chain.poolHashes.isEmpty
        let isDue = state.withLock { state in
            let wait =
                isEmpty && state.emptyBlocks >= Self.trailingBlocks
                ? Self.idleBlockMilliseconds : Self.blockMilliseconds
            guard now.milliseconds(since: state.lastBlock) >= wait else { return false }
            state.lastBlock = now
            state.emptyBlocks = isEmpty ? state.emptyBlocks + 1 : 0
            return true
        }
        if isDue { mine(at: now) }
    }

    func mine(at now: Timestamp) {
        let header = chain.mine(at: now)
        let hashes = chain.transactionHashes(inBlock: header.number) ?? []
        let raws = state.withLock { state in hashes.compactMap { state.submitted.removeValue(forKey: $0) } }
        append([
            "time": JSON(Int64(header.timestamp) * 1_000),
            "transactions": .array(raws.map { .string(Hex.encodePrefixed($0)) }),
        ])
    }

    private func append(_ entry: JSON) {
        state.withLock { $0.unwritten += entry.serialized() + [UInt8(ascii: "\n")] }
        _ = flush()
    }

    /// Writes what is not written yet, behind the last whole line; `false` while the disk is full.
    private func flush() -> Bool {
        state.withLock { state in
            if state.unwritten.isEmpty { return true }
            do {
                try log.seek(toOffset: state.logBytes)
                try log.write(contentsOf: Data(state.unwritten))
            } catch {
                return false
            }
            state.logBytes += UInt64(state.unwritten.count)
            state.unwritten = []
            return true
        }
    }

    /// Mines until the server stops.
    var miner: any Service {
        Loop("simulated chain") { [self] in
            while !Task.isCancelled {
                mineIfDue(at: WallClock.system.now)
                try? await Task.sleep(for: .milliseconds(50))
            }
        }
    }
}

/// The chain as the rest of the server sees it: what is sent goes through the log's books.
struct SimulatedHostNode: EVMNode {
    let host: SimulatedChainHost

    var chain: ChainID { host.chain.chain }
    func reportedChainID() async throws(NodeError) -> UInt64 { try await host.chain.reportedChainID() }
    func header(_ tag: BlockTag) async throws(NodeError) -> BlockHeader? { try await host.chain.header(tag) }
    func balance(of address: Address, at tag: BlockTag) async throws(NodeError) -> UInt256 {
        try await host.chain.balance(of: address, at: tag)
    }
    func transactionCount(of address: Address, at tag: BlockTag) async throws(NodeError) -> UInt64 {
        try await host.chain.transactionCount(of: address, at: tag)
    }
    func code(at address: Address, tag: BlockTag) async throws(NodeError) -> [UInt8] {
        try await host.chain.code(at: address, tag: tag)
    }
    func call(_ request: CallRequest, at tag: BlockTag) async throws(NodeError) -> [UInt8] {
        try await host.chain.call(request, at: tag)
    }
    func estimateGas(_ request: CallRequest) async throws(NodeError) -> UInt64 {
        try await host.chain.estimateGas(request)
    }
    func feeHistory(
        blockCount: Int, newest: BlockTag, percentiles: [Double]
    ) async throws(NodeError) -> FeeHistory {
        try await host.chain.feeHistory(blockCount: blockCount, newest: newest, percentiles: percentiles)
    }
    func receipts(_ hashes: [Hash32]) async throws(NodeError) -> [Receipt?] { try await host.chain.receipts(hashes) }
    func transactions(_ hashes: [Hash32]) async throws(NodeError) -> [KnownTransaction?] {
        try await host.chain.transactions(hashes)
    }
    func broadcast(_ raws: [[UInt8]]) async -> [BroadcastOutcome] {
        raws.map { raw in
            do throws(SimulatedRefusal) {
                return .answered(try host.submit(raw), for: raw)
            } catch {
                return BroadcastClassifier.classify(code: error.code, message: error.message)
            }
        }
    }
}
