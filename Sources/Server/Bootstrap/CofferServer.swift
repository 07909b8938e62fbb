public import API
import Audit
import ChainNode
import CoreMetrics
import Foundation
import Hummingbird
import HummingbirdCore
import Keys
import Ledger
public import Logging
import Metrics
import NIOCore
import NIOPosix
public import Observability
import Primitives
public import ServiceLifecycle
import Storage
import Synchronization
import UnixSignals
import WalletConnectRelay
import Wallets
import Withdrawals

#if SQLite
    import StorageSQL
    import StorageSQLite
#endif

/// A whole server, put together from a plan: the only place that names adapters.
public struct CofferServer: Sendable {
    public let plan: ServerPlan
    public let services: APIServices
    public let logger: Logger
    let deposits: DepositWatcher
    let engine: WithdrawalEngine
    let wakes: AsyncStream<Void>
    let wake: AsyncStream<Void>.Continuation
    private let relay: RelayHost?
    private let connections: ConnectionHost?
    private let draining: Flag
    private let registry: PrometheusRegistry
    private let databases: [(name: String, store: any Store)]
    private let directoryLock: FileHandle

    /// A connection on which nothing is asked and nothing answered for so long is closed.
    private static let idleTimeout = TimeAmount.seconds(60)
    // What the decoder reads before it gives up with a bare 400. Above the responder's own limits, so that a head that
    // is merely too large gets its problem document.
    private static let decodedFieldBytesMax = 32 << 10
    private static let decodedHeadBytesMax = 64 << 10
    private static let decodedFieldsMax = 256

    /// Opens the databases, applies migrations and connects the parts.
    ///
    /// Nothing runs yet.
    ///
    /// - Throws: ``BootstrapError``, `StorageError`.
    public static func make(_ plan: ServerPlan, registry: PrometheusRegistry, logger: Logger) async throws
        -> CofferServer
    {
        let lock = try plan.directory.lock()
        let (store, queuedUnits) = try await open(plan.databasePath)
        let (guardStore, _) = try await open(plan.guardPath)
        try await store.migrate(
            StorageSchema.migrations + AuditSchema.migrations + LedgerSchema.migrations + WalletSchema.migrations
                + WithdrawalSchema.migrations + KeysSchema.migrations + APISchema.migrations)
        try await guardStore.migrate(GuardSchema.migrations)
        let relay = try await RelayHost.make(plan, logger: logger)
        let connections = try await ConnectionHost.make(plan, logger: logger)
        return CofferServer(
            plan, registry: registry, logger: logger, store: store, guardStore: guardStore, queuedUnits: queuedUnits,
            lock: lock, holder: try await holder(plan.directory, store), relay: relay, connections: connections)
    }

    /// A new name for this process as a holder of leases, after the leases of the last one were given back.
    ///
    /// We have the directory's lock, so the last one is gone; whoever was killed has given nothing back, and without
    /// this his lanes would stand still until his leases end. Their numbers grow all the same, so that he could change
    /// nothing even if he lived.
    private static func holder(_ directory: DataDirectory, _ store: any Store) async throws -> String {
        if let last = try DataDirectory.read(directory.holderFile) {
            try await Leases(store: store, clock: .system, holder: String(decoding: last, as: UTF8.self)).releaseAll()
        }
        let name = "\(IDGenerator(clock: .system, random: .system).next())"
        try DataDirectory.write(Array(name.utf8), to: directory.holderFile)
        return name
    }

    private init(
        _ plan: ServerPlan, registry: PrometheusRegistry, logger: Logger, store: any Store, guardStore: any Store,
        queuedUnits: @escaping @Sendable () -> Int, lock: FileHandle, holder: String, relay: RelayHost?,
        connections: ConnectionHost?
    ) {
        let (clock, random) = (WallClock.system, RandomSource.system)
        let ids = IDGenerator(clock: clock, random: random)
        let ledger = Ledger(ids: ids, clock: clock)
        let nodes = Dictionary(uniqueKeysWithValues: plan.chains.map { ($0.settings.chain, $0.node) })
        let assets = AssetList(
            plan.chains.flatMap(\.assets), acceptsUnlistedTokens: plan.acceptsUnlistedTokens)
        let keystore = EmbeddedKeystore(store: store, clock: clock, random: random)
        let signer = SigningGuard(store: guardStore, vault: keystore, clock: clock)
        let wallets = Wallets(
            store: store, vault: keystore, ledger: ledger, nodes: nodes, assets: assets, ids: ids, clock: clock)
        let (wakes, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let withdrawals = Withdrawals(
            store: store, ledger: ledger, assets: assets, ids: ids, clock: clock, onAccept: { wake.yield() })
        let draining = Flag()
        let databases = [(name: "coffer.db", store: store), (name: "guard.db", store: guardStore)]
        let copied = (connections?.database.map { [$0] } ?? []) + databases
        self.plan = plan
        self.logger = logger
        self.registry = registry
        self.wakes = wakes
        self.wake = wake
        self.relay = relay
        self.connections = connections
        self.draining = draining
        self.databases = databases
        directoryLock = lock
        engine = WithdrawalEngine(
            store: store, ledger: ledger, wallets: wallets, signer: signer, vault: keystore, nodes: nodes,
            settings: Dictionary(uniqueKeysWithValues: plan.chains.map { ($0.settings.chain, $0.settings) }),
            assets: assets, ids: ids, clock: clock, holder: holder, logger: logger)
        let depths = plan.chains.compactMap { chain in chain.depositDepth.map { (chain.settings.chain, $0) } }
        deposits = DepositWatcher(
            store: store, ledger: ledger, wallets: wallets, nodes: nodes,
            depths: Dictionary(uniqueKeysWithValues: depths),
            ids: ids, clock: clock)
        services = APIServices(
            mode: plan.mode, version: plan.version, store: store, wallets: wallets, withdrawals: withdrawals,
            ledger: ledger, policies: PolicyBook(store: store, clock: clock),
            lanes: LaneBook(store: store, clock: clock),
            reconciler: Reconciler(store: store, ledger: ledger, wallets: wallets), signer: signer, keystore: keystore,
            keys: APIKeys(store: store, ids: ids, clock: clock, unlimitedRate: plan.keysAreUnlimited),
            feed: EventFeed(store: store),
            chains: plan.chains.map {
                ChainStatusSource(chain: $0.settings.chain, nodeCount: $0.nodeCount, node: $0.node)
            }, connections: connections?.backend,
            connectionEventSeconds: plan.connections?.eventSeconds ?? ConnectionCleanup.eventSecondsStandard,
            backup: { folder in
                let files = try await Backup.create(in: folder, databases: copied, version: plan.version)
                return (files, Backup.notes(plan))
            },
            queuedUnits: queuedUnits,
            metricsText: { accept in
                let format = PrometheusText.Format(accept: accept)
                return (registry.text(format), format.contentType)
            }, isDraining: { draining.isSet }, ids: ids, clock: clock)
    }

    #if SQLite
        static func open(_ path: String) async throws -> (any Store, @Sendable () -> Int) {
            let commits = Metrics.Timer(label: "coffer_db_commit_duration_seconds")
            let batches = Metrics.Recorder(label: "coffer_db_commit_batch_size")
            let store = try await SQLite.open(path: path) { units, nanoseconds in
                commits.recordNanoseconds(Int64(clamping: nanoseconds))
                batches.record(units)
            }
            return (store, { store.queuedUnits })
        }
    #else
        static func open(_ path: String) async throws -> (any Store, @Sendable () -> Int) {
            throw BootstrapError(
                .configuration, "this program was built without SQLite, and no other database is compiled in")
        }
    #endif

    // MARK: Running

    /// Serves until the process is told to stop: SIGTERM or SIGINT ends it in order, whatever else ends it loses
    /// nothing that was answered.
    ///
    /// - Parameter onReady: called once the port is open, with its number.
    public func run(
        other: [any Service] = [], onReady: @escaping @Sendable (_ port: Int) async throws -> Void
    ) async throws {
        let configuration = APIConfiguration(rateLimits: plan.rateLimits)
        let responder = APIResponder(
            routes: APIRoutes.all(services) + plan.extraRoutes,
            authenticator: ChainedAuthenticator([services.keys] + plan.jwt), configuration: configuration,
            logger: logger)
        var quiet = logger
        quiet.logLevel = .warning
        let failure = FailureBox()
        let sockets = HTTP1Channel.Configuration(
            idleTimeout: Self.idleTimeout,
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: Self.decodedFieldBytesMax, maxHeaderListSize: Self.decodedHeadBytesMax,
                maxHeaderFieldCount: Self.decodedFieldsMax))
        let application = Application(
            responder: responder,
            server: relay?.server.builder(configuration: sockets) ?? .http1(configuration: sockets),
            configuration: .init(address: .hostname(plan.host, port: plan.port), serverName: nil),
            onServerRunning: { channel in
                let port = channel.localAddress?.port ?? plan.port
                connections?.place.set(host: plan.host, port: port)
                do {
                    // Whoever is told that it runs may ask for a connection at once.
                    await connections?.ready()
                    try await onReady(port)
                } catch {
                    failure.set(error)
                    kill(getpid(), SIGTERM)
                }
            }, logger: quiet)
        var list: [ServiceGroupConfiguration.ServiceConfiguration] = other.map { .init(service: $0) }
        list.append(.init(service: Loop("events") { [feed = services.feed] in await feed.run() }))
        if plan.runsWorkers { list += workers() }
        list.append(.init(service: Loop("metrics") { await collect() }))
        // Before the server in the list, so that it ends after it: what sockets were promised is stored last.
        if let relay { list.append(.init(service: relay.server)) }
        // Ends after the server too: what requests began is stored, and sent at the next start if not now.
        if let connections { list += connections.services(services) }
        list.append(.init(service: application))
        list.append(.init(service: DrainMark(flag: draining)))
        var group = ServiceGroupConfiguration(
            services: list, gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet)
        group.maximumGracefulShutdownDuration = .seconds(25)
        do {
            try await ServiceGroup(configuration: group).run()
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            throw BootstrapError(.unavailable, "port \(plan.port) on \(plan.host) is taken; choose another with --port")
        }
        for database in databases { await database.store.close() }
        await relay?.store.close()
        await connections?.close()
        if let error = failure.error { throw error }
    }

    private func workers() -> [ServiceGroupConfiguration.ServiceConfiguration] {
        let (engine, wakes, wake, poll) = (engine, wakes, wake, plan.pollMilliseconds)
        var list: [ServiceGroupConfiguration.ServiceConfiguration] = [
            .init(service: Loop("withdrawals") { await engine.run(wakes: wakes) }),
            .init(
                service: Loop("poll") {
                    while !Task.isCancelled {
                        wake.yield()
                        try? await Task.sleep(for: .milliseconds(poll))
                    }
                    wake.finish()
                }),
        ]
        if plan.chains.contains(where: { $0.depositDepth != nil }) {
            let (deposits, logger) = (deposits, logger)
            list.append(
                .init(
                    service: Loop("deposits") {
                        while !Task.isCancelled {
                            do {
                                try await deposits.sweep()
                            } catch {
                                logger.debug("deposits were not looked for", metadata: ["error": "\(error)"])
                            }
                            try? await Task.sleep(for: .milliseconds(poll * 2))
                        }
                    }))
        }
        return list
    }

    /// Sets the gauges that are counted rather than incremented, every few seconds.
    private func collect() async {
        let sealed = Gauge(label: "coffer_sealed")
        Gauge(label: "coffer_build_info", dimensions: [("version", plan.version)]).record(1)
        while !Task.isCancelled {
            sealed.record(services.keystore.isSealed ? 1 : 0)
            if let counts = try? await services.withdrawals.counts() {
                for state in Withdrawal.State.allCases {
                    Gauge(label: "coffer_withdrawals", dimensions: [("state", state.rawValue)])
                        .record(counts[state] ?? 0)
                }
            }
            connections?.measure()
            for source in services.chains {
                guard let age = await source.headAgeSeconds(at: services.clock.now) else { continue }
                Gauge(label: "coffer_chain_head_age_seconds", dimensions: [("chain", "\(source.chain)")]).record(age)
            }
            try? await Task.sleep(for: .seconds(5))
        }
    }
}

/// Work that runs until it is cancelled or the server stops.
struct Loop: Service, CustomStringConvertible {
    let name: String
    let body: @Sendable () async -> Void

    init(_ name: String, _ body: @escaping @Sendable () async -> Void) {
        self.name = name
        self.body = body
    }

    var description: String { name }

    func run() async throws {
        await cancelWhenGracefulShutdown { await body() }
        // A service that returns early would stop the others.
        try? await gracefulShutdown()
    }
}

/// Says that the server is stopping before anything else stops: services end in reverse order.
struct DrainMark: Service {
    let flag: Flag

    func run() async throws {
        try? await gracefulShutdown()
        flag.set()
    }
}

final class Flag: Sendable {
    private let value = Atomic<Bool>(false)
    var isSet: Bool { value.load(ordering: .relaxed) }
    func set() { value.store(true, ordering: .relaxed) }
}

private final class FailureBox: Sendable {
    private let stored = Mutex<(any Error)?>(nil)
    var error: (any Error)? { stored.withLock { $0 } }
    func set(_ error: any Error) { stored.withLock { $0 = error } }
}
