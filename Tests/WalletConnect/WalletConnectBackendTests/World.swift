import ChainNode
import CoreMetrics
import NIOPosix
import Primitives
import Storage
import Synchronization
import Testing
import WalletConnectBackend
import WalletConnectClient
import WalletConnectNetwork
import WalletConnectProtocol
import WalletConnectRelay
import WalletConnectTesting

/// A relay on loopback, a wallet that follows a script, and a backend between them and the test.
struct World: Sendable {
    let relay: TestRelay
    let wallet: ScriptedWallet
    let backend: WalletConnectBackend

    static let mainnet = try! ChainID("eip155:1")
    static let polygon = try! ChainID("eip155:137")
    static let solana = try! ChainID("solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp")
    static let bitcoin = try! ChainID("bip122:000000000019d6689c085ae165831e93")

    /// What a test may change of its backend.
    struct Options: Sendable {
        var records: any KeyValueStore = MemoryKeyValueStore()
        var nodes: [ChainID: any EVMNode] = [:]
        var contracts: (any ContractCaller)?
        var plugins: [any BackendPlugin] = []
        var clock: WallClock = .system
        var pace: Pace = .system
        var metrics: any MetricsFactory = NOOPMetricsHandler.instance
        var settings: @Sendable (inout BackendSettings) -> Void = { _ in }
        var wallet: @Sendable (inout ScriptedWalletSettings) -> Void = { _ in }

        init(_ change: (inout Options) -> Void = { _ in }) { change(&self) }
    }

    static func backend(_ relay: String, _ options: Options) throws -> WalletConnectBackend {
        var settings = BackendSettings(
            metadata: Metadata(name: "Shop", description: "", url: "https://shop.example", icons: []),
            relayURLs: [relay])
        settings.client.relay.pace.firstDelayMilliseconds = 20
        settings.client.relay.pace.lastDelayMilliseconds = 300
        settings.client.storageDelayMilliseconds = 5
        settings.client.lazyMilliseconds = 20
        options.settings(&settings)
        return WalletConnectBackend(
            settings: settings, records: options.records,
            storeKey: SecretBytes(copying: [UInt8](repeating: 5, count: SealedRecords.storeKeyBytesMin)),
            transport: try WebSocketTransport(eventLoops: MultiThreadedEventLoopGroup.singleton), nodes: options.nodes,
            contracts: options.contracts, plugins: options.plugins, clock: options.clock, pace: options.pace,
            logger: TestLog.quiet, metrics: options.metrics)
    }

    /// Runs all three for the time of `body`.
    static func with(
        _ options: Options = Options(), _ body: @escaping @Sendable (World) async throws -> Void
    ) async throws {
        try await withRelayAndWallet(options) { relay, wallet in
            try await withBackend(try backend(relay.url, options)) { backend in
                try await body(World(relay: relay, wallet: wallet, backend: backend))
            }
        }
    }

    /// Runs a relay and a wallet, for tests that start backends themselves.
    static func withRelayAndWallet(
        _ options: Options = Options(), _ body: @escaping @Sendable (TestRelay, ScriptedWallet) async throws -> Void
    ) async throws {
        var settings = ScriptedWalletSettings()
        options.wallet(&settings)
        let walletSettings = settings
        try await withTestRelay { relay in
            try await withScriptedWallet(relay: relay.url, settings: walletSettings) { wallet in
                try await body(relay, wallet)
            }
        }
    }

    /// A connection of a user.
    @discardableResult
    func connect(
        _ userID: String = "alice", _ chains: [ChainID] = [mainnet], methods: [String] = []
    ) async throws -> Connection {
        let pending = try await backend.connect(ConnectionRequest(userID: userID, chains: chains, methods: methods))
        try await wallet.connect(pending.uri)
        return try await pending.connection()
    }

    /// The backend's error of something that must fail.
    static func failure<Value>(
        of body: () async throws -> Value, sourceLocation: SourceLocation = #_sourceLocation
    ) async -> BackendError? {
        do {
            _ = try await body()
            Issue.record("it did not fail", sourceLocation: sourceLocation)
            return nil
        } catch {
            return error as? BackendError
        }
    }
}

/// Lets other tasks and processes run until `condition` holds; a test that hangs here fails by its time limit.
func until(_ condition: () async throws -> Bool) async rethrows {
    while try await !condition(), !Task.isCancelled { try? await Task.sleep(for: .milliseconds(2)) }
}

/// Moves the time on by steps until `body` has ended: whenever it begins to sleep, it is woken up.
func advancing<Value: Sendable>(
    _ time: TestTime, _ body: @escaping @Sendable () async throws -> Value
) async rethrows -> Value {
    try await withThrowingTaskGroup(of: Value?.self) { group in
        group.addTask {
            while !Task.isCancelled {
                try? await Task.sleep(for: .milliseconds(2))
                time.advance(seconds: 5)
            }
            return nil
        }
        group.addTask { try await body() }
        defer { group.cancelAll() }
        while let ended = try await group.next() {
            if let value = ended { return value }
        }
        throw CancellationError()
    }
}

/// Everything a backend told.
final class Told: Sendable {
    private let state = Mutex<[BackendEvent]>([])

    func add(_ event: BackendEvent) { state.withLock { $0.append(event) } }

    var events: [BackendEvent] { state.withLock { $0 } }
    var kinds: [BackendEvent.Kind] { events.map(\.kind) }
}

extension TestRelay {
    /// Open connections.
    var connections: Int { figures?.connections ?? 0 }
}

/// Holds up whoever comes until it is opened, whatever cancels them.
final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var waiting: [CheckedContinuation<Void, Never>] = []
        var count = 0
    }

    private let state = Mutex(State())

    /// How many have come so far.
    var count: Int { state.withLock(\.count) }

    func pass() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                state.count += 1
                if !state.isOpen { state.waiting.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }

    func open() {
        let waiting = state.withLock { state in
            defer { state.waiting = [] }
            state.isOpen = true
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}
