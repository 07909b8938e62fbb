import CoreMetrics
import NIOPosix
import Primitives
public import Storage
import Synchronization
public import WalletConnectClient
import WalletConnectNetwork
public import WalletConnectProtocol

/// A wallet that does what a test says, and otherwise says yes: it signs for real, so that its signatures verify.
///
/// ```swift
/// try await withScriptedWallet(relay: relay.url) { wallet in
///     let session = try await wallet.connect(uri)                       // what your dApp shows
///     wallet.script("personal_sign", .reject, .approve)                 // no the first time, then yes
///     …
///     #expect(wallet.requests.map(\.method) == ["personal_sign", "personal_sign"])
/// }
/// ```
/// It is the product's client in the wallet's role over one socket, and holds thousands of sessions. A class because the
/// test and its own tasks share it.
public final class ScriptedWallet: Sendable {
    struct State {
        var script = WalletScript()
        var requests: [PendingRequest] = []
        var proposals: [SessionProposal] = []
        var signIns: [ReceivedAuthentication] = []
        var counts: [String: Int] = [:]
        var total = 0
        /// Labels of accounts that a session was changed to, beside its first.
        var labels: [Topic: [String]] = [:]
        var faults: [String] = []
    }

    /// Which request a test waits for: the first, the second … of a method, or of all.
    struct Turn: Hashable {
        let method: String?
        let number: Int
    }

    /// The client it is made of: sessions, pings, updates and everything else.
    public let client: SignClient
    /// Its keys.
    public let keys: TestKeys
    let settings: ScriptedWalletSettings
    let state = Mutex(State())
    let settled = Outcomes<Topic, Result<Session, TestingError>>()
    private let turns = Outcomes<Turn, PendingRequest>()
    private let events: AsyncStream<SignEvent>

    /// A wallet that does not run yet.
    ///
    /// - Parameters:
    ///   - relay: the relay's address, `ws://…`.
    ///   - records: its sessions; with the same records and seed another wallet goes on as this one.
    /// - Throws: what the transport throws.
    public init(
        relay: String, settings: ScriptedWalletSettings = ScriptedWalletSettings(),
        records: any KeyValueStore = MemoryKeyValueStore()
    ) throws {
        self.settings = settings
        keys = TestKeys(seed: settings.seed)
        var client = SignClientSettings.testing(settings.metadata, relay: relay, projectID: settings.projectID)
        client.sign.handlesAuthentication = true
        settings.change(&client)
        self.client = SignClient(
            settings: client, records: records, storeKey: SecretBytes(copying: Self.storeKey),
            transport: try WebSocketTransport(eventLoops: MultiThreadedEventLoopGroup.singleton),
            clock: settings.clock, pace: settings.pace, logger: TestLog.quiet, metrics: NOOPMetricsHandler.instance)
        events = self.client.events()
    }

    /// No secret: what a test's wallet keeps is worth nothing.
    private static let storeKey = [UInt8](repeating: 0x7E, count: SealedRecords.storeKeyBytesMin)

    /// How long a test waits for something, in seconds, unless it says otherwise.
    public static let patienceSeconds = 30.0

    /// Answers until it is cancelled; ``withScriptedWallet(relay:settings:records:_:)`` calls it.
    ///
    /// - Throws: `SignError` when the client ends by itself.
    public func run() async throws {
        try await withSignClient(client) { _ in
            await withDiscardingTaskGroup { group in
                for await event in self.events {
                    switch event {
                    // Steps are given out in the order of the events; only carrying them out takes turns.
                    case .sessionProposal(let received):
                        let step = self.step(for: received)
                        group.addTask { await self.take(received, step) }
                    case .sessionAuthenticate(let received):
                        let step = self.step(for: received)
                        group.addTask { await self.take(received, step) }
                    case .sessionRequest(let request):
                        let step = self.step(for: request)
                        group.addTask { await self.take(request, step) }
                    default: break
                    }
                }
                group.cancelAll()
            }
        }
    }

    // MARK: What it does

    /// Takes the URI that a dApp shows, and answers its proposal by the script.
    ///
    /// - Returns: the session, once the dApp has acknowledged it.
    /// - Throws: `SignError` for what is no URI, or expired; ``TestingError``: `proposal_rejected`, `no_session` after a
    ///   sign-in that asked for none, `timed_out`.
    @discardableResult
    public func connect(_ uri: String, within seconds: Double = patienceSeconds) async throws -> Session {
        let pairing = try await client.pair(uri)
        return try await settled.value(of: pairing.topic, within: seconds, "the session").get()
    }

    /// Does these steps when a method is asked for, each once and in turn; the last one stays.
    ///
    /// No steps at all: it says yes again.
    ///
    /// - Parameter topic: only in this session; what is said of one session goes first.
    public func script(_ method: String, in topic: Topic? = nil, _ steps: WalletStep...) {
        let subject: WalletScript.Subject = topic.map { .methodIn(method, $0) } ?? .method(method)
        state.withLock { $0.script.set(subject, steps) }
    }

    /// Does these steps for every request that no other script is about.
    public func scriptEverything(_ steps: WalletStep...) {
        state.withLock { $0.script.set(.anything, steps) }
    }

    /// Does these steps when a session is proposed.
    ///
    /// `approve`, `refuse`, `never`, `after` and `disconnect` are meant for
    /// it; everything else grants it.
    public func scriptProposals(_ steps: WalletStep...) {
        state.withLock { $0.script.set(.proposal, steps) }
    }

    /// Does these steps when a sign-in is asked for.
    ///
    /// `approve`, `refuse`, `never` and `after` are meant for it;
    /// everything else signs.
    public func scriptSignIns(_ steps: WalletStep...) {
        state.withLock { $0.script.set(.signIn, steps) }
    }

    // MARK: What it was asked

    /// The requests so far, in the order they came.
    public var requests: [PendingRequest] { state.withLock { $0.requests } }

    /// How many requests there were, of one method or of all.
    public func requestCount(of method: String? = nil) -> Int {
        state.withLock { state in
            guard let method else { return state.total }
            return state.counts[method] ?? 0
        }
    }

    /// The proposals so far.
    public var proposals: [SessionProposal] { state.withLock { $0.proposals } }

    /// The sign-ins so far.
    public var signIns: [ReceivedAuthentication] { state.withLock { $0.signIns } }

    /// What it could not do, in words: answers that came too late, sessions that were gone.
    public var faults: [String] { state.withLock { $0.faults } }

    /// Waits for a request: with `number` 1 for the first of the method, or of all.
    ///
    /// - Throws: ``TestingError`` with `timed_out`.
    public func request(
        _ number: Int = 1, of method: String? = nil, within seconds: Double = patienceSeconds
    ) async throws -> PendingRequest {
        try await turns.value(
            of: Turn(method: method, number: number), within: seconds, "request \(number) of \(method ?? "any method")")
    }

    func note(_ request: PendingRequest) {
        let (total, count) = state.withLock { state in
            state.total += 1
            let count = (state.counts[request.method] ?? 0) + 1
            state.counts[request.method] = count
            if state.requests.count < settings.requestsRememberedMax { state.requests.append(request) }
            return (state.total, count)
        }
        guard total <= settings.requestsRememberedMax else { return }
        turns.set(Turn(method: nil, number: total), request)
        turns.set(Turn(method: request.method, number: count), request)
    }

    func fault(_ what: String, _ error: any Error) {
        state.withLock { state in
            if state.faults.count < Self.faultsMax { state.faults.append("\(what): \(error)") }
        }
    }

    private static let faultsMax = 1_000
}

/// Runs a wallet for the time of `body`.
///
/// - Throws: what `body` throws; `SignError` when its client ends by itself.
@discardableResult
public func withScriptedWallet<Result: Sendable>(
    relay: String, settings: ScriptedWalletSettings = ScriptedWalletSettings(),
    records: any KeyValueStore = MemoryKeyValueStore(),
    _ body: @escaping @Sendable (ScriptedWallet) async throws -> Result
) async throws -> Result {
    let wallet = try ScriptedWallet(relay: relay, settings: settings, records: records)
    return try await running({ try await wallet.run() }, wallet.client) { try await body(wallet) }
}

/// Runs one of the kit's clients for the time of `body`.
func running<Result: Sendable>(
    _ run: @escaping @Sendable () async throws -> Void, _ client: SignClient,
    _ body: @escaping @Sendable () async throws -> Result
) async throws -> Result {
    try await withThrowingTaskGroup(of: Result?.self) { group in
        group.addTask {
            try await run()
            return nil
        }
        group.addTask {
            try await client.ready()
            return try await body()
        }
        defer { group.cancelAll() }
        while let ended = try await group.next() {
            guard let result = ended else { continue }
            group.cancelAll()
            while let rest = await group.nextResult() { _ = rest }
            return result
        }
        throw TestingError(.ended, "the client has ended")
    }
}
