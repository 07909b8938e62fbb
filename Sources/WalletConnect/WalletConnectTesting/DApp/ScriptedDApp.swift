public import ChainEVM
import CoreMetrics
import NIOPosix
public import Primitives
public import Storage
import Synchronization
public import WalletConnectClient
import WalletConnectNetwork
public import WalletConnectProtocol

/// A dApp for testing wallets: it invites, asks, and checks whose signatures come back.
///
/// ```swift
/// try await withScriptedDApp(relay: relay.url) { dApp in
///     let invitation = try await dApp.invite(chains: ["eip155:1"])
///     try await myWallet.pair(invitation.uri)
///     let session = try await invitation.session()
///     let signer = try await dApp.personalSign("hello", in: session)     // throws unless it is the account
/// }
/// ```
public final class ScriptedDApp: Sendable {
    /// The client it is made of.
    public let client: SignClient
    private let told = Mutex<[SignEvent]>([])
    private let turns = Outcomes<Int, SignEvent>()
    private let events: AsyncStream<SignEvent>

    /// Methods that are asked for unless a test says otherwise.
    public static let usualMethods = [
        "personal_sign", "eth_signTypedData_v4", "eth_sendTransaction", "wallet_switchEthereumChain",
    ]
    /// Events that are asked for unless a test says otherwise.
    public static let usualEvents = ["chainChanged", "accountsChanged"]
    /// Events that are remembered; later ones are not.
    public static let eventsMax = 100_000

    /// A dApp that does not run yet.
    ///
    /// - Throws: what the transport throws.
    public init(
        relay: String, projectID: String? = nil, records: any KeyValueStore = MemoryKeyValueStore(),
        clock: WallClock = .system, pace: Pace = .system, change: (inout SignClientSettings) -> Void = { _ in }
    ) throws {
        let about = Metadata(
            name: "Scripted dApp", description: "A dApp for tests", url: "https://dapp.example", icons: [])
        var settings = SignClientSettings.testing(about, relay: relay, projectID: projectID)
        change(&settings)
        client = SignClient(
            settings: settings, records: records, storeKey: SecretBytes(copying: Self.storeKey),
            transport: try WebSocketTransport(eventLoops: MultiThreadedEventLoopGroup.singleton), clock: clock,
            pace: pace, logger: TestLog.quiet, metrics: NOOPMetricsHandler.instance)
        events = client.events()
    }

    private static let storeKey = [UInt8](repeating: 0xDA, count: SealedRecords.storeKeyBytesMin)

    /// Works until it is cancelled; ``withScriptedDApp(relay:projectID:records:clock:pace:change:_:)`` calls it.
    ///
    /// - Throws: `SignError` when the client ends by itself.
    public func run() async throws {
        try await withSignClient(client) { _ in
            for await event in self.events { self.note(event) }
        }
    }

    private func note(_ event: SignEvent) {
        let number = told.withLock { told in
            if told.count < Self.eventsMax { told.append(event) }
            return told.count
        }
        turns.set(number, event)
    }

    // MARK: Connecting

    /// An invitation on its way.
    public struct Invitation: Sendable {
        /// What a wallet scans.
        public let uri: String
        /// The pairing.
        public let pairingTopic: Topic
        fileprivate let pending: PendingSession

        /// Waits for the wallet.
        ///
        /// - Throws: `SignError`: `peer_rejected` with the wallet's words, `proposal_expired`.
        public func session() async throws -> Session { try await pending.session() }
    }

    /// Invites a wallet to a session with these chains, all of them optional as dApps have it.
    ///
    /// - Throws: `SignError` for chains that are none.
    public func invite(
        chains: [String] = ["eip155:1"], methods: [String] = usualMethods, events: [String] = usualEvents
    ) async throws -> Invitation {
        var wanted: NamespaceMap<ProposalNamespace> = [:]
        for chain in chains {
            let family = String(chain.prefix { $0 != ":" })
            var namespace = wanted[family] ?? ProposalNamespace(chains: [], methods: methods, events: events)
            namespace.chains = (namespace.chains ?? []) + [chain]
            wanted[family] = namespace
        }
        let pending = try await client.connect(ConnectOffer(optionalNamespaces: wanted))
        guard let uri = pending.uri?.text else { throw TestingError(.ended, "the invitation has no URI") }
        return Invitation(uri: uri, pairingTopic: pending.pairingTopic, pending: pending)
    }

    // MARK: Asking

    /// The first account of a session on a chain.
    ///
    /// - Throws: ``TestingError`` with `no_account`.
    public func account(of session: Session, on chain: String) throws(TestingError) -> AccountID {
        let current = client.session(session.topic) ?? session
        let found = current.namespaces.values.flatMap(\.accounts).lazy.compactMap { try? AccountID($0) }
            .first { $0.chain.description == chain }
        guard let found else { throw TestingError(.noAccount, "the session has no account on \(chain)") }
        return found
    }

    /// Asks, and waits for the answer as it came.
    ///
    /// - Throws: `SignError`: `peer_rejected` with the wallet's words, `request_expired`.
    public func request(
        _ method: String, _ params: JSON, in session: Session, on chain: String = "eip155:1",
        expirySeconds: Int64? = nil
    ) async throws -> JSON {
        try await client.request(
            SessionRequest(
                topic: session.topic, chainID: chain, method: method, params: params, expirySeconds: expirySeconds))
    }

    /// Has a text signed, and checks the signature.
    ///
    /// - Returns: who signed, which is the session's account.
    /// - Throws: as ``request(_:_:in:on:expirySeconds:)``; ``TestingError`` with `wrong_signature`.
    @discardableResult
    public func personalSign(_ text: String, in session: Session, on chain: String = "eip155:1") async throws -> Address
    {
        let account = try account(of: session, on: chain)
        let params: JSON = [.string(Hex.encodePrefixed(text.utf8)), .string(account.address)]
        let answer = try await request("personal_sign", params, in: session, on: chain)
        return try Self.check(try SignerRecovery.signer(ofText: text, answer), account)
    }

    /// Has typed data signed, and checks the signature.
    ///
    /// - Returns: who signed, which is the session's account.
    /// - Throws: as ``request(_:_:in:on:expirySeconds:)``; ``TestingError`` with `wrong_signature`.
    @discardableResult
    public func signTypedData(_ data: JSON, in session: Session, on chain: String = "eip155:1") async throws -> Address
    {
        let account = try account(of: session, on: chain)
        let answer = try await request(
            "eth_signTypedData_v4", [.string(account.address), .string(data.text)], in: session, on: chain)
        return try Self.check(try SignerRecovery.signer(ofTypedData: data, answer), account)
    }

    private static func check(_ signer: Address, _ account: AccountID) throws(TestingError) -> Address {
        guard (try? Address(ignoringChecksum: account.address)) == signer else {
            throw TestingError(.wrongSignature, "\(signer) signed, and not \(account.address)")
        }
        return signer
    }

    // MARK: Listening

    /// What it was told so far.
    public var toldEvents: [SignEvent] { told.withLock { $0 } }

    /// Waits for the first event that `pick` wants, from the beginning on.
    ///
    /// - Parameter seconds: for how long in all, however many other events come meanwhile.
    /// - Throws: ``TestingError`` with `timed_out`.
    public func event<Value: Sendable>(
        within seconds: Double = ScriptedWallet.patienceSeconds, _ pick: (SignEvent) -> Value?
    ) async throws -> Value {
        let deadline = ContinuousClock.now + .seconds(seconds)
        var number = 1
        while true {
            let left = max(0, (deadline - .now) / .seconds(1))
            let event = try await turns.value(of: number, within: left, "the event")
            if let value = pick(event) { return value }
            number += 1
        }
    }
}

/// Runs a dApp for the time of `body`.
///
/// - Throws: what `body` throws; `SignError` when its client ends by itself.
@discardableResult
public func withScriptedDApp<Result: Sendable>(
    relay: String, projectID: String? = nil, records: any KeyValueStore = MemoryKeyValueStore(),
    clock: WallClock = .system, pace: Pace = .system, change: (inout SignClientSettings) -> Void = { _ in },
    _ body: @escaping @Sendable (ScriptedDApp) async throws -> Result
) async throws -> Result {
    let dApp = try ScriptedDApp(
        relay: relay, projectID: projectID, records: records, clock: clock, pace: pace, change: change)
    return try await running({ try await dApp.run() }, dApp.client) { try await body(dApp) }
}
