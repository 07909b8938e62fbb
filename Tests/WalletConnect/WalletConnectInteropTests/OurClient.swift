import CoreMetrics
import Logging
import NIOPosix
import Primitives
import Storage
import Synchronization
import WalletConnectClient
import WalletConnectNetwork
import WalletConnectProtocol

/// One of our clients over real sockets, with everything it has told its app.
final class OurClient: Sendable {
    let client: SignClient
    private let told = Mutex<[SignEvent]>([])
    private let requests = Atomic<Int>(0)

    private init(_ client: SignClient) { self.client = client }

    /// Requests that the app was shown.
    var shownRequests: Int { requests.load(ordering: .sequentiallyConsistent) }

    static let logger: Logger = {
        var logger = Logger(label: "client")
        logger.logLevel = .critical
        return logger
    }()

    /// A client on this store, not running yet.
    static func make(
        _ name: String, _ url: String, store: any Store, change: (inout SignClientSettings) -> Void = { _ in }
    ) async throws -> SignClient {
        try await store.migrate(TableKeyValueStore.migrations)
        var relay = WalletConnectClient.RelaySettings(urls: [url])
        relay.pace.firstDelayMilliseconds = 20
        relay.pace.lastDelayMilliseconds = 400
        relay.pace.callMilliseconds = 2_000
        var settings = SignClientSettings(sign: SignSettings(metadata: Fixture.metadata(name)), relay: relay)
        settings.sign.handlesAuthentication = true
        change(&settings)
        return SignClient(
            settings: settings, records: TableKeyValueStore(store: store),
            storeKey: SecretBytes(copying: Array(repeating: 7, count: 32)),
            transport: try WebSocketTransport(eventLoops: MultiThreadedEventLoopGroup.singleton), logger: logger,
            metrics: NOOPMetricsHandler.instance)
    }

    /// Runs a client; it is cancelled when `body` has ended.
    static func running<Result: Sendable>(
        _ name: String, _ url: String, store: any Store = MemoryStore(),
        change: (inout SignClientSettings) -> Void = { _ in },
        _ body: @escaping @Sendable (OurClient) async throws -> Result
    ) async throws -> Result {
        let client = try await make(name, url, store: store, change: change)
        let ours = OurClient(client)
        let events = client.events()
        return try await withSignClient(client) { _ in
            try await withThrowingTaskGroup(of: Result?.self) { group in
                group.addTask {
                    for await event in events { ours.take(event) }
                    return nil
                }
                group.addTask { try await body(ours) }
                defer { group.cancelAll() }
                while let ended = try await group.next() {
                    if let result = ended { return result }
                }
                throw Ended()
            }
        }
    }

    private func take(_ event: SignEvent) {
        if case .sessionRequest = event { requests.add(1, ordering: .sequentiallyConsistent) }
        told.withLock { $0.append(event) }
    }

    /// Takes the first event that `pick` wants, waiting for it.
    func event<Value>(
        _ what: String, within seconds: Double = 30, _ pick: (SignEvent) -> Value?
    ) async throws -> Value {
        try await eventually(within: seconds, "\(what); the app was told \(told.withLock { $0.suffix(8) })") {
            told.withLock { events -> Value? in
                for (index, event) in events.enumerated() {
                    if let value = pick(event) {
                        events.remove(at: index)
                        return value
                    }
                }
                return nil
            }
        }
    }

    // MARK: The dApp's side

    /// Asks a wallet for a session.
    func connect(_ wanted: NamespaceMap<ProposalNamespace>) async throws -> Connecting {
        let pending = try await client.connect(ConnectOffer(optionalNamespaces: wanted))
        guard let uri = pending.uri else { throw Ended() }
        return Connecting(pending: pending, uri: uri.text)
    }

    /// A session that was asked for.
    struct Connecting: Sendable {
        let pending: PendingSession
        let uri: String

        func session() async throws -> Session { try await pending.session() }

        /// How it ended.
        func outcome() async throws -> SignOutcome {
            try await OurClient.outcome { .session(try await pending.session()) }
        }
    }

    /// Asks the wallet, and says how that ended.
    func request(_ topic: Topic, _ method: String, _ params: JSON) async throws -> SignOutcome {
        try await Self.outcome {
            .result(
                try await client.request(
                    SessionRequest(topic: topic, chainID: Fixture.chain, method: method, params: params)))
        }
    }

    /// The wallet's result.
    func result(_ topic: Topic, _ method: String, _ params: JSON) async throws -> JSON {
        try await client.request(
            SessionRequest(topic: topic, chainID: Fixture.chain, method: method, params: params))
    }

    private static func outcome(_ body: () async throws -> SignOutcome) async throws -> SignOutcome {
        do {
            return try await body()
        } catch let error as SignError {
            return error.peer.map { .refused($0) } ?? .failed(error)
        }
    }

    // MARK: The wallet's side

    func pair(_ uri: String) async throws { _ = try await client.pair(uri) }

    func proposal() async throws -> SessionProposal {
        try await event("a proposal") { event -> SessionProposal? in
            guard case .sessionProposal(let received) = event else { return nil }
            return received.proposal
        }
    }

    func approve(_ proposal: SessionProposal) async throws -> Session {
        try await client.approve(
            Approval(id: proposal.id, pairingTopic: proposal.pairingTopic, namespaces: Fixture.granted)
        ).session
    }

    func pendingRequest() async throws -> PendingRequest {
        try await event("a request") { event -> PendingRequest? in
            guard case .sessionRequest(let request) = event else { return nil }
            return request
        }
    }

    func respond(_ request: PendingRequest, _ answer: Answer) async throws {
        try await client.respond(to: request.id, on: request.topic, with: answer)
    }

    func emit(_ topic: Topic, _ name: String, _ data: JSON) async throws {
        try await client.emit(SessionEvent(name: name, data: data), chainID: Fixture.chain, on: topic)
    }

    func authentication() async throws -> ReceivedAuthentication {
        try await event("a sign-in") { event -> ReceivedAuthentication? in
            guard case .sessionAuthenticate(let received) = event else { return nil }
            return received
        }
    }

    func extend(_ topic: Topic) async throws { try await client.extend(topic) }

    func rejectAuthentication(_ offered: ReceivedAuthentication) async throws {
        try await client.rejectAuthentication(
            offered.id, on: offered.pairingTopic, reason: Reason(code: 12_001, message: "User rejected."))
    }

    // MARK: Both

    func ping(_ topic: Topic) async throws { try await client.ping(topic) }

    func disconnect(_ topic: Topic) async throws { try await client.disconnect(topic) }

    func session(_ topic: Topic) -> Session? { client.session(topic) }

    /// Why a session ended, waiting for its end.
    func deletion(of topic: Topic) async throws -> SessionEnd {
        try await event("the end of a session") { event -> SessionEnd? in
            guard case .sessionDelete(topic, _, let reason) = event else { return nil }
            return reason
        }
    }

    /// The client ended before the test.
    struct Ended: Error {}
}
