public import Logging
public import Metrics
public import Primitives
public import Storage
public import WalletConnectClient
public import WalletConnectProtocol

/// A wallet: it pairs with dApps, approves sessions, and answers what they ask.
///
/// ```swift
/// let kit = WalletKit(settings: settings, records: records, storeKey: key, transport: transport)
/// try await withWalletKit(kit) { kit in
///     try await kit.pair(uri)
///     for await event in kit.events() {          // and sign-ins: kit.events(.all)
///         switch event {
///         case .sessionProposal(let received): …
///         case .sessionRequest(let request): …
///         default: break
///         }
///     }
/// }
/// ```
///
/// It is the face of a ``client`` in the wallet's role. Nothing is global: several kits live in one process, each with
/// records of its own. What a kit promises is what its client does: the application is told of each request once, an
/// answer that was given is sent however often the process dies, and what was not answered is told again after a restart.
public final class WalletKit: Sendable {
    /// How it behaves.
    public let settings: WalletKitSettings
    /// The client beneath, with everything that has no name here.
    public let client: SignClient
    /// Where it logs; its level is the caller's choice.
    public let logger: Logger
    let http: (any HTTPExchange)?
    let hub: EventHub

    /// A wallet that is not running yet.
    ///
    /// - Parameters:
    ///   - records: where everything is kept; no other kit may use it at the same time.
    ///   - storeKey: seals the records; at least ``SealedRecords/storeKeyBytesMin`` bytes.
    ///   - transport: opens connections to the relay.
    ///   - contracts: asks chains whether a contract accepts a signature; nil checks signatures of keys only.
    ///   - http: looks up where requests come from, and registers devices; nil does neither.
    ///   - metrics: counts; nil is the program's.
    public init(
        settings: WalletKitSettings, records: any KeyValueStore, storeKey: consuming SecretBytes,
        transport: any RelayTransport, contracts: (any ContractCaller)? = nil, http: (any HTTPExchange)? = nil,
        clock: WallClock = .system, pace: Pace = .system, random: RandomSource = .system,
        logger: Logger = Logger(label: "coffer.walletkit"), metrics: (any MetricsFactory)? = nil
    ) {
        var logger = logger
        logger[metadataKey: "kit"] = "\(settings.name)"
        var clientSettings = settings.client
        clientSettings.sign.handlesAuthentication = settings.signIns == .always
        client = SignClient(
            settings: clientSettings, records: records, storeKey: storeKey, transport: transport, contracts: contracts,
            http: http, clock: clock, pace: pace, random: random, logger: logger, metrics: metrics)
        self.settings = settings
        self.logger = logger
        self.http = http
        hub = EventHub(client: client, settings: settings, logger: logger)
        told = client.events()
    }

    // From the beginning, so that what is told at the start is not lost.
    private let told: AsyncStream<SignEvent>

    // MARK: Life

    /// Works until it is cancelled; once in a kit's life.
    ///
    /// Listeners are called inside it, so that they end with it. At its end every stream of events ends, and nothing is
    /// left running.
    ///
    /// - Throws: `SignError` with code `storage_failed` when records could not be stored for long, or another client took
    ///   them over; `record_corrupt` when they cannot be read.
    public func run() async throws(SignError) {
        let failure = await withTaskGroup(of: SignError?.self) { group in
            group.addTask {
                do throws(SignError) {
                    try await self.client.run()
                    return nil
                } catch {
                    return error
                }
            }
            group.addTask {
                for await event in self.told {
                    if let event = WalletKitEvent(event) { self.hub.publish(event) }
                }
                return nil
            }
            group.addTask {
                await self.hub.serve()
                return nil
            }
            // The first that ends, ends the others: all three live as long as the client.
            var failure: SignError?
            while let ended = await group.next() {
                failure = failure ?? ended
                group.cancelAll()
            }
            return failure
        }
        hub.finish()
        if let failure { throw failure }
    }

    /// Waits until the records are read; calls before that throw `not_initialized`.
    ///
    /// - Throws: `SignError`: why the kit ended, when it did.
    public func ready() async throws(SignError) {
        try await client.ready()
    }

    // MARK: What is known

    /// The name for logs.
    public var name: String { settings.name }

    /// What dApps are told of this wallet.
    public var metadata: Metadata { settings.client.sign.metadata }

    /// The relay's addresses, the preferred one first.
    public var relayURLs: [String] { settings.client.relay.urls }

    /// The project under which the relay counts this wallet.
    public var projectID: String? { settings.client.relay.projectID }

    /// The wallet's address at its relay, `did:key:…`; nil until the records are read.
    public var clientID: String? { client.clientID }

    /// Whether the relay can be reached.
    public var relayStatus: RelayStatus { client.relayStatus }

    /// The pairings, in no order.
    public var pairings: [Pairing] { client.pairings }

    /// Every session, by topic.
    public var activeSessions: [Topic: Session] {
        Dictionary(client.sessions.map { ($0.topic, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// Proposals that wait for an answer, the oldest first.
    public var pendingSessionProposals: [ReceivedProposal] { client.pendingProposals }

    /// Requests that wait for an answer, the oldest first.
    public var pendingSessionRequests: [PendingRequest] { client.pendingRequests() }

    /// One-click sign-ins that wait for an answer, the oldest first.
    public var pendingAuthentications: [ReceivedAuthentication] { client.pendingAuthentications }

    /// Events that were dropped because a listener was slow; what waits for an answer can be read all the same.
    public var droppedEventCount: Int { hub.droppedCount }
}

/// Runs a wallet for the time of `body`, which begins when its records are read.
///
/// - Throws: what `body` throws, and `SignError` when the wallet ends by itself.
public func withWalletKit<Result: Sendable>(
    _ kit: WalletKit, _ body: @escaping @Sendable (WalletKit) async throws -> Result
) async throws -> Result {
    try await whileRunning(kit.run, ended: SignError(.cancelled, "the wallet has ended")) {
        try await kit.ready()
        return try await body(kit)
    }
}
