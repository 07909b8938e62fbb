public import ChainNode
public import Logging
public import Metrics
public import Primitives
public import Storage
import Synchronization
public import WalletConnectClient
import WalletConnectProtocol

/// The wallets of thousands of users behind one server: one client, one socket to the relay, everything on the disk.
///
/// ```swift
/// try await withBackend(backend) { backend in
///     let pending = try await backend.connect(ConnectionRequest(userID: "alice", chains: [mainnet]))
///     show(try pending.qrSVG(), pending.uri)
///     let connection = try await pending.connection()
///     let sent = try await backend.sendTransaction(
///         TransactionCall(to: shop, value: price), on: mainnet, for: .user("alice"))
/// }
/// ```
///
/// A backend that is started again with the same records goes on where the last one was: users keep their sessions, a
/// wallet that answered meanwhile is attributed to who asked, and answers can be read by the id of their request. It is
/// a class because its state is shared by its callers and its own loops.
public final class WalletConnectBackend: Sendable {
    /// How it behaves.
    public let settings: BackendSettings
    /// The client underneath, for what is not offered here; sessions made with it are nobody's.
    public let client: SignClient
    let nodes: [ChainID: any EVMNode]
    let contracts: any ContractCaller
    /// Whether somebody else than the nodes is asked.
    let contractsAreGiven: Bool
    let clock: WallClock
    let pace: Pace
    let logger: Logger
    let metrics: BackendMetrics
    let events: EventHub
    let plugins: [PluginRunner]
    let directory = Mutex(Directory())
    let writer = RecordWriter()
    let connecting = Waiters<Int64, Connection>()
    let answering = Waiters<Int64, CallOutcome>()
    let phase = Mutex(Phase.created)
    private let readiness = Waiters<Int, Result<Void, BackendError>>()
    private let base: any KeyValueStore
    private let storeKey: SecretBytes
    private let random: RandomSource
    let patience: StorePatience
    let clientEvents: AsyncStream<SignEvent>
    let jobs: AsyncStream<@Sendable () async -> Void>
    private let newJobs: AsyncStream<@Sendable () async -> Void>.Continuation

    /// How far a backend has come.
    public enum State: Sendable, Hashable {
        /// Not started, or still reading what was kept; calls throw `closed`.
        case restoring
        /// Takes calls.
        case running
        /// Stopped, or its records failed; calls throw `closed` from now on.
        case ended
    }

    enum Phase {
        case created
        case starting
        case running(any KeyValueStore)
        case ended(BackendError)
    }

    /// A backend that is not running yet.
    ///
    /// - Parameters:
    ///   - records: where everything is kept; no other backend may use it at the same time.
    ///   - storeKey: seals the records; at least `SealedRecords.storeKeyBytesMin` bytes.
    ///   - transport: opens connections to the relay.
    ///   - nodes: for balances, estimates, contracts and signatures of contract accounts, by chain.
    ///   - contracts: who asks contracts about signatures; nil asks `nodes`.
    ///   - http: handed to the client.
    ///   - plugins: take part, in this order.
    ///   - metrics: counts; nil is the program's.
    public init(
        settings: BackendSettings, records: any KeyValueStore, storeKey: consuming SecretBytes,
        transport: any RelayTransport, nodes: [ChainID: any EVMNode] = [:],
        contracts: (any ContractCaller)? = nil, http: (any HTTPExchange)? = nil, plugins: [any BackendPlugin] = [],
        clock: WallClock = .system, pace: Pace = .system, random: RandomSource = .system,
        logger: Logger = Logger(label: "coffer.walletconnect.backend"), metrics: (any MetricsFactory)? = nil
    ) {
        let factory = metrics ?? MetricsSystem.factory
        let counters = BackendMetrics(factory: factory)
        let caller = contracts ?? NodeContractCaller(nodes: Array(nodes.values))
        self.settings = settings
        self.nodes = nodes
        self.contracts = caller
        contractsAreGiven = contracts != nil
        self.clock = clock
        self.pace = pace
        self.random = random
        patience = StorePatience(settings.client, pace: pace, random: random)
        self.logger = logger
        self.metrics = counters
        base = records
        let key = storeKey.withBytes { SecretBytes(copying: $0) }
        self.storeKey = storeKey
        client = SignClient(
            settings: settings.client, records: records, storeKey: key, transport: transport, contracts: caller,
            http: http, clock: clock, pace: pace, random: random, logger: logger, metrics: factory)
        clientEvents = client.events()
        (jobs, newJobs) = AsyncStream.makeStream()
        let hub = EventHub(waitingMax: settings.eventsWaitingMax) { counters.eventDropped() }
        events = hub
        self.plugins = plugins.map { plugin in
            PluginRunner(plugin, settings: settings, pace: pace) { failure in
                counters.pluginFailed()
                logger.warning(
                    "a plugin failed", metadata: ["plugin": "\(failure.plugin)", "why": "\(failure.why)"])
                let error = BackendError(.pluginFailed, "the plugin \(failure.plugin) failed", cause: failure.why)
                // Listeners are told, plugins are not: one that fails at events would be told of that for ever.
                hub.send([
                    BackendEvent(
                        .error, userID: failure.userID, topic: failure.topic, at: clock.now, detail: .failure(error))
                ])
            }
        }
    }

    // MARK: Life

    /// Works until it is cancelled; once in a backend's life.
    ///
    /// At its end the connection to the relay is closed, and everybody who waits is told.
    ///
    /// A store that fails in a way that passes is tried again for `storeSecondsMax` of the client's settings; calls that
    /// have something stored wait meanwhile, and ``health()`` says why.
    ///
    /// - Throws: ``BackendError`` `store_unavailable` when records could not be read or written for that long, or another
    ///   process took them over.
    public func run() async throws(BackendError) {
        let isFirst = phase.withLock { phase in
            guard case .created = phase else { return false }
            phase = .starting
            return true
        }
        precondition(isFirst, "a backend runs once")
        let failure = await withTaskGroup(of: BackendError?.self) { group in
            group.addTask {
                do throws(SignError) {
                    try await self.client.run()
                    return nil
                } catch {
                    return BackendError(error)
                }
            }
            group.addTask {
                do throws(BackendError) {
                    try await self.work()
                    return nil
                } catch {
                    return error.code == .cancelled ? nil : error
                }
            }
            var first = await group.next() ?? nil
            group.cancelAll()
            // The client's own words say more than those who wait for it.
            while let next = await group.next() { first = first ?? next }
            return first
        }
        end(failure ?? BackendError(.closed, "the backend has ended"))
        if let failure {
            logger.error("walletconnect backend ends", metadata: ["error": "\(failure)"])
            throw failure
        }
    }

    /// Waits until everything is restored; calls before that throw `closed`.
    ///
    /// - Throws: why the backend ended, when it did; `cancelled`.
    public func ready() async throws(BackendError) {
        let result = await readiness.wait(for: 0) {
            phase.withLock { phase in
                switch phase {
                case .created, .starting: nil
                case .running: .success(())
                case .ended(let error): .failure(error)
                }
            }
        }
        guard let result else {
            try requireRunning()
            throw BackendError(.cancelled, "the wait was cancelled")
        }
        try result.get()
    }

    /// How far it is now; ``ready()`` waits for it to run.
    public var state: State {
        phase.withLock { phase in
            switch phase {
            case .created, .starting: .restoring
            case .running: .running
            case .ended: .ended
            }
        }
    }

    private func work() async throws(BackendError) {
        do throws(SignError) { try await client.ready() } catch { throw BackendError(error) }
        let records: any KeyValueStore
        let fence: OwnerFence
        do throws(KeyValueError) {
            records = try await patience.trying { () throws(KeyValueError) in
                try await SealedRecords.open(base, storeKey: storeKey, random: random)
            }
            var own = OwnerFence(Records.owner, random: random)
            try await own.take(records, patience)
            fence = own
        } catch {
            throw BackendError(.storeUnavailable, "the records cannot be opened", cause: "\(error)")
        }
        let failure = await withTaskGroup(of: BackendError?.self) { group in
            group.addTask {
                do throws(BackendError) {
                    try await self.writer.run(
                        records, fence, patience: self.patience, metrics: self.metrics, logger: self.logger)
                    return nil
                } catch {
                    return error
                }
            }
            group.addTask {
                do throws(BackendError) {
                    try await self.restore(records)
                } catch {
                    return error
                }
                await self.loops()
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
        if let failure { throw failure }
    }

    private func loops() async {
        await withTaskGroup { group in
            group.addTask { for await event in self.clientEvents { self.take(event) } }
            group.addTask { await self.cleanupLoop() }
            group.addTask {
                await withDiscardingTaskGroup { group in
                    for await job in self.jobs { group.addTask { await job() } }
                    group.cancelAll()
                }
            }
        }
    }

    /// Everything is there: calls are taken from now on.
    func open(_ records: any KeyValueStore) {
        phase.withLock { $0 = .running(records) }
        readiness.resume(0, with: .success(()))
    }

    private func end(_ error: BackendError) {
        phase.withLock { $0 = .ended(error) }
        writer.fail(error)
        newJobs.finish()
        connecting.finish()
        answering.finish()
        readiness.resume(0, with: .failure(error))
        readiness.finish()
        events.finish()
        for plugin in plugins { plugin.finish() }
    }

    /// Has something done as long as the backend runs.
    func spawn(_ job: @escaping @Sendable () async -> Void) {
        newJobs.yield(job)
    }

    /// The records, when the backend is at work.
    @discardableResult
    func requireRunning() throws(BackendError) -> any KeyValueStore {
        try phase.withLock { (phase) throws(BackendError) in
            switch phase {
            case .running(let records): return records
            case .ended(let error): throw BackendError(.closed, "the backend has ended", cause: "\(error)")
            case .created, .starting: throw BackendError(.closed, "the backend is not running")
            }
        }
    }

    // MARK: Telling

    /// Tells listeners and plugins.
    func tell(_ told: [BackendEvent]) {
        events.send(told)
        for plugin in plugins { plugin.tell(told) }
        metrics.holds(directory.withLock(\.figures))
    }

    /// Counts a failure, and tells of it.
    func report(_ error: BackendError, userID: String?, topic: Topic?) {
        metrics.failed(error.code)
        logger.warning(
            "walletconnect backend error",
            metadata: ["error": "\(error)", "topic": "\(topic.map(\.hex) ?? "-")"])
        tell([BackendEvent(.error, userID: userID, topic: topic, at: clock.now, detail: .failure(error))])
    }

    /// What happens from now on, for one listener; of these kinds, or of all when none are named.
    ///
    /// A listener that is slow loses the newest events beyond ``BackendSettings/eventsWaitingMax``. The stream ends with the
    /// backend, or with the listener.
    public func events(_ kinds: Set<BackendEvent.Kind> = []) -> AsyncStream<BackendEvent> {
        events.stream(kinds)
    }

    /// Calls `body` for every event of these kinds, or of all when none are named; one after the other.
    public func on(
        _ kinds: Set<BackendEvent.Kind> = [], _ body: @escaping @Sendable (BackendEvent) async -> Void
    ) -> EventToken {
        events.call(kinds, body)
    }

    /// Ends a callback; one that is being called is cancelled.
    public func off(_ token: EventToken) {
        events.remove(token)
    }
}

/// Runs a backend for the time of `body`.
///
/// - Throws: what `body` throws, and ``BackendError`` when the backend ends by itself.
public func withBackend<Result: Sendable>(
    _ backend: WalletConnectBackend, _ body: @escaping @Sendable (WalletConnectBackend) async throws -> Result
) async throws -> Result {
    try await whileRunning(backend.run, ended: BackendError(.closed, "the backend has ended")) {
        try await backend.ready()
        return try await body(backend)
    }
}
