import ChainEVM
public import Primitives
import Synchronization

/// Several nodes of one chain, asked as one.
///
/// Reads fail over to the healthiest node; what decides money (receipts, the nonce and the header at `finalized`) needs the
/// agreement of `readQuorum` nodes; bytes are sent to every node. A node is not believed before it has named the right chain id,
/// and again after its connection broke.
///
/// ```swift
/// let pool = NodePool(chain: chain, nodes: [first, second], policy: .init(readQuorum: 2))
/// ```
///
/// A class, because health is remembered between calls; the state is a few numbers behind a lock.
public final class NodePool: EVMNode {
    /// How a pool asks.
    public struct Policy: Sendable, Hashable {
        /// How many nodes must say the same where money depends on it.
        ///
        /// At most the number of nodes.
        public var readQuorum: Int
        /// How often the whole pool is tried before a read fails.
        public var readAttemptsMax: Int
        /// A node whose head is further behind the highest one is asked last.
        public var lagBlocksMax: UInt64
        /// How long one node may take for one question.
        public var readDeadline: Duration
        /// How long one node may take for a broadcast; after it the outcome is `.unknown`.
        public var broadcastDeadline: Duration
        /// How long the other nodes may still take once every transaction was accepted by one.
        public var broadcastGrace: Duration
        /// The longest first pause between attempts; it doubles up to `backoffMax`.
        ///
        /// The pause is random below that (full jitter).
        public var backoffBase: Duration
        /// The longest pause.
        public var backoffMax: Duration

        /// Two nodes must agree where there are two; three attempts of ten seconds; broadcast twenty seconds.
        public init(
            readQuorum: Int = 2, readAttemptsMax: Int = 3, lagBlocksMax: UInt64 = 5,
            readDeadline: Duration = .seconds(10),
            broadcastDeadline: Duration = .seconds(20), broadcastGrace: Duration = .seconds(1),
            backoffBase: Duration = .milliseconds(200), backoffMax: Duration = .seconds(5)
        ) {
            precondition(readQuorum >= 1, "at least one node answers")
            precondition(readAttemptsMax >= 1, "a read is tried at least once")
            self.readQuorum = readQuorum
            self.readAttemptsMax = readAttemptsMax
            self.lagBlocksMax = lagBlocksMax
            self.readDeadline = readDeadline
            self.broadcastDeadline = broadcastDeadline
            self.broadcastGrace = broadcastGrace
            self.backoffBase = backoffBase
            self.backoffMax = backoffMax
        }
    }

    /// Time and chance as the pool needs them, so that tests wait for nothing.
    public struct Timing: Sendable {
        /// Waits between attempts; throws when cancelled.
        public var pause: @Sendable (Duration) async throws -> Void
        /// Returns when a deadline is over; throws when cancelled, which is how a question in time ends it.
        public var deadline: @Sendable (Duration) async throws -> Void
        /// Where jitter comes from.
        public var random: RandomSource

        /// Makes a timing.
        public init(
            pause: @escaping @Sendable (Duration) async throws -> Void,
            deadline: @escaping @Sendable (Duration) async throws -> Void, random: RandomSource
        ) {
            self.pause = pause
            self.deadline = deadline
            self.random = random
        }

        /// Real time.
        public static let system = Timing(
            pause: { try await Task.sleep(for: $0) }, deadline: { try await Task.sleep(for: $0) }, random: .system)
    }

    /// How a node has done lately.
    public struct Health: Sendable, Hashable {
        /// The node's place in the list the pool was made of.
        public let index: Int
        /// 1 is perfect, 0 is dead: an average in which each new answer counts one fifth.
        public let score: Double
        /// Failures since the last good answer.
        public let failuresInARow: Int
        /// Whether the node has named the right chain id since its connection last broke.
        public let isChainVerified: Bool
        /// The chain id it named when it was the wrong one.
        public let wrongChainID: UInt64?
        /// The last failure.
        public let lastError: String?
        /// The height of its head when `probe` last asked.
        public let headNumber: UInt64?
        /// Whether that was too far behind the highest head.
        public let isLagging: Bool
    }

    private struct Record {
        var score = 1.0
        var failuresInARow = 0
        var isChainVerified = false
        var wrongChainID: UInt64?
        var lastError: String?
        var headNumber: UInt64?
        var isLagging = false
    }

    public let chain: ChainID
    /// How many nodes there are.
    public var count: Int { nodes.count }
    /// How many must agree: the policy's number, at most all of them.
    public let quorum: Int

    let nodes: [any EVMNode]
    let policy: Policy
    let timing: Timing
    private let records: Mutex<[Record]>
    private let rounds = Atomic<UInt64>(0)

    /// From so many failures in a row a node is left out of quorum reads that have enough others.
    static let restsAfterFailures = 3
    /// One quorum read in so many asks a resting node all the same, to see whether it is back.
    static let probeEvery: UInt64 = 8

    /// Makes a pool of nodes that are all configured for `chain`.
    public init(chain: ChainID, nodes: [any EVMNode], policy: Policy = Policy(), timing: Timing = .system) {
        precondition(!nodes.isEmpty, "a pool has at least one node")
        precondition(nodes.allSatisfy { $0.chain == chain }, "every node of a pool is configured for the pool's chain")
        self.chain = chain
        self.nodes = nodes
        self.policy = policy
        self.timing = timing
        self.quorum = min(policy.readQuorum, nodes.count)
        self.records = Mutex(Array(repeating: Record(), count: nodes.count))
    }

    /// Every node's health, in the order of the list.
    public var health: [Health] {
        records.withLock { records in
            records.indices.map { index in
                let record = records[index]
                return Health(
                    index: index, score: record.score, failuresInARow: record.failuresInARow,
                    isChainVerified: record.isChainVerified, wrongChainID: record.wrongChainID,
                    lastError: record.lastError, headNumber: record.headNumber, isLagging: record.isLagging)
            }
        }
    }

    /// Asks every node for its chain id and head: call it now and then, so that a dead, foreign or lagging node is known before a
    /// question depends on it.
    public func probe() async {
        let heads = await askAll(nodes.indices) { (node) async throws(NodeError) -> UInt64? in
            try await node.header(.latest)?.number
        }
        let numbers = heads.map { (index: $0.index, number: (try? $0.result.get()) ?? nil) }
        let highest = numbers.compactMap(\.number).max() ?? 0
        records.withLock { records in
            for (index, number) in numbers {
                records[index].headNumber = number
                records[index].isLagging = number.map { highest - $0 > policy.lagBlocksMax } ?? true
            }
        }
    }

    /// The nodes, healthiest first, lagging ones last; equal ones in the order of the list.
    private var ranking: [Int] {
        records.withLock { records in
            records.indices.sorted { left, right in
                let (one, other) = (records[left], records[right])
                if one.isLagging != other.isLagging { return other.isLagging }
                return one.score == other.score ? left < right : one.score > other.score
            }
        }
    }

    // MARK: One node

    /// Asks one node within the deadline, its chain id first when that is not known.
    func ask<R: Sendable>(
        _ index: Int, _ question: @escaping @Sendable (any EVMNode) async throws(NodeError) -> R
    ) async throws(NodeError) -> R {
        do {
            try await verifyChain(index)
            let node = nodes[index]
            let answer = try await within(policy.readDeadline) { () async throws(NodeError) -> R in
                try await question(node)
            }
            note(index, nil)
            return answer
        } catch {
            note(index, error)
            throw error
        }
    }

    private func verifyChain(_ index: Int) async throws(NodeError) {
        if records.withLock({ $0[index].isChainVerified }) { return }
        let node = nodes[index]
        let reported = try await within(policy.readDeadline) { () async throws(NodeError) -> UInt64 in
            try await node.reportedChainID()
        }
        let isRight = chain.namespace == "eip155" && chain.reference == String(reported)
        records.withLock { records in
            records[index].isChainVerified = isRight
            records[index].wrongChainID = isRight ? nil : reported
        }
        guard isRight else {
            throw NodeError(.wrongChain, "node \(index) serves eip155:\(reported), configured is \(chain)")
        }
    }

    private func note(_ index: Int, _ error: NodeError?) {
        records.withLock { records in
            guard let error, error.code.blamesNode else {
                // The caller giving up says nothing about the node.
                if error?.code == .cancelled { return }
                records[index].score = records[index].score * 0.8 + 0.2
                records[index].failuresInARow = 0
                return
            }
            records[index].score *= 0.8
            records[index].failuresInARow += 1
            records[index].lastError = error.description
            // After a broken connection something else may answer at the same address.
            if error.code == .transport || error.code == .timeout || error.code == .wrongChain {
                records[index].isChainVerified = false
            }
        }
    }

    /// Runs a question against a deadline; what loses is cancelled.
    private func within<R: Sendable>(
        _ duration: Duration, _ question: @escaping @Sendable () async throws(NodeError) -> R
    ) async throws(NodeError) -> R {
        let deadline = timing.deadline
        let result = await withTaskGroup(of: Result<R, NodeError>?.self, returning: Result<R, NodeError>.self) {
            group in
            group.addTask {
                do throws(NodeError) { return .success(try await question()) } catch { return .failure(error) }
            }
            group.addTask {
                do {
                    try await deadline(duration)
                    return .failure(NodeError(.timeout, "no answer within \(duration)"))
                } catch { return nil }
            }
            defer { group.cancelAll() }
            while let next = await group.next() {
                if let next { return next }
            }
            return .failure(NodeError(.cancelled, "the question was given up"))
        }
        return try result.get()
    }

    // MARK: Failover

    /// Asks the nodes one after another, best first, until one answers; then again after a pause.
    func failover<R: Sendable>(
        _ question: @escaping @Sendable (any EVMNode) async throws(NodeError) -> R
    ) async throws(NodeError) -> R {
        var last = NodeError(.transport, "no node was asked")
        for attempt in 0..<policy.readAttemptsMax {
            if attempt > 0 { try await pause(before: attempt) }
            for index in ranking {
                do { return try await ask(index, question) } catch {
                    // A question that is itself at fault gets the same answer everywhere.
                    guard error.code.blamesNode else { throw error }
                    last = error
                }
            }
            guard last.isRetryable else { break }
        }
        throw last
    }

    func pause(before attempt: Int) async throws(NodeError) {
        let longest = min(policy.backoffBase * (1 << min(attempt - 1, 20)), policy.backoffMax)
        let part = Double(timing.random.uint64() >> 11) * 0x1p-53
        do { try await timing.pause(longest * part) } catch {
            throw NodeError(.cancelled, "the question was given up", cause: error)
        }
    }

    /// All nodes; without those that keep failing while enough others remain, or every quorum read would wait for a dead one.
    private var awake: [Int] {
        let round = rounds.wrappingAdd(1, ordering: .relaxed).newValue
        guard round % Self.probeEvery != 0 else { return Array(nodes.indices) }
        let awake = records.withLock { records in
            records.indices.filter { records[$0].failuresInARow < Self.restsAfterFailures }
        }
        return awake.count >= quorum ? awake : Array(nodes.indices)
    }

    /// Asks all nodes that are awake at once and waits for all answers or their deadlines.
    func askAll<R: Sendable>(
        _ indices: Range<Int>? = nil,
        _ question: @escaping @Sendable (any EVMNode) async throws(NodeError) -> R
    ) async -> [(index: Int, result: Result<R, NodeError>)] {
        await withTaskGroup(of: (Int, Result<R, NodeError>).self) { group in
            for index in indices.map(Array.init) ?? awake {
                group.addTask {
                    do throws(NodeError) { return (index, .success(try await self.ask(index, question))) } catch {
                        return (index, .failure(error))
                    }
                }
            }
            var answers: [(index: Int, result: Result<R, NodeError>)] = []
            for await answer in group { answers.append((answer.0, answer.1)) }
            return answers.sorted { $0.index < $1.index }
        }
    }

    /// Sends to one node within the broadcast deadline.
    func send(_ raws: [[UInt8]], to index: Int) async -> [BroadcastOutcome] {
        do throws(NodeError) {
            try await verifyChain(index)
            let node = nodes[index]
            let outcomes = try await within(policy.broadcastDeadline) {
                () async throws(NodeError) -> [BroadcastOutcome] in
                await node.broadcast(raws)
            }
            guard outcomes.count == raws.count else {
                throw NodeError(.badAnswer, "node \(index) answered \(outcomes.count) outcomes for \(raws.count)")
            }
            let isSilent = outcomes.allSatisfy { outcome in if case .unknown = outcome { true } else { false } }
            // A broadcast hides its broken connection in its outcomes; after one, the chain id is asked again.
            if isSilent { records.withLock { $0[index].isChainVerified = false } }
            return outcomes
        } catch {
            note(index, error)
            return Array(repeating: .unknown(message: "node \(index): \(error.message)"), count: raws.count)
        }
    }
}
