import CoreMetrics
import Logging
import NIOPosix
import Primitives
import Storage
import Testing
import WalletConnectClient
import WalletConnectNetwork
import WalletConnectProtocol
import WalletKit

/// A relay of ours, a dApp and a wallet over real sockets, for as long as a test takes.
struct Stage: Sendable {
    let url: String
    let dapp: SignClient
    let kit: WalletKit
    /// What the wallet's app was told.
    let told: Told<WalletKitEvent>
    /// What the dApp was told.
    let heard: Told<SignEvent>

    static let chain = "eip155:1"
    static let account = "eip155:1:\(Signer.address)"
    static let methods = ["personal_sign", "eth_sendTransaction"]
    static let events = ["chainChanged", "accountsChanged"]
    static let storeKeyBytes = [UInt8](repeating: 7, count: 32)
    static let project = "0123456789abcdef0123456789abcdef"

    static let wanted: NamespaceMap<ProposalNamespace> = [
        "eip155": ProposalNamespace(chains: [chain], methods: methods, events: events)
    ]
    static let supported: NamespaceMap<SessionNamespace> = [
        "eip155": SessionNamespace(chains: [chain], accounts: [account], methods: methods, events: events)
    ]

    static let logger: Logger = {
        var logger = Logger(label: "stage")
        logger.logLevel = .critical
        return logger
    }()

    /// What the kit of a test is made of, where it differs.
    struct Wallet: Sendable {
        var records: any KeyValueStore = MemoryKeyValueStore()
        var http: (any HTTPExchange)?
        var clock = WallClock.system
        /// What the stage listens to by itself; nil for nothing.
        var listens: Set<WalletKitEvent.Name>? = .all
        var change: @Sendable (inout WalletKitSettings) -> Void = { _ in }
    }

    static func metadata(_ name: String) -> Metadata {
        Metadata(
            name: name, description: "A client under test", url: "https://\(name.lowercased()).example",
            icons: ["https://\(name.lowercased()).example/icon.png"])
    }

    static func relaySettings(_ url: String) -> WalletConnectClient.RelaySettings {
        var relay = WalletConnectClient.RelaySettings(urls: [url], projectID: project)
        relay.pace.firstDelayMilliseconds = 20
        relay.pace.lastDelayMilliseconds = 400
        return relay
    }

    /// A kit that is not running.
    static func kit(_ name: String, _ url: String, _ wallet: Wallet = Wallet()) throws -> WalletKit {
        var settings = WalletKitSettings(metadata: metadata(name), relay: relaySettings(url))
        settings.name = name
        wallet.change(&settings)
        return WalletKit(
            settings: settings, records: wallet.records, storeKey: SecretBytes(copying: storeKeyBytes),
            transport: try WebSocketTransport(eventLoops: MultiThreadedEventLoopGroup.singleton), http: wallet.http,
            clock: wallet.clock, logger: logger, metrics: NOOPMetricsHandler.instance)
    }

    /// A dApp that is not running.
    static func dapp(
        _ url: String, tap: Tap? = nil, change: (inout SignClientSettings) -> Void = { _ in }
    ) throws -> SignClient {
        var settings = SignClientSettings(sign: SignSettings(metadata: metadata("DApp")), relay: relaySettings(url))
        change(&settings)
        let transport = try WebSocketTransport(eventLoops: MultiThreadedEventLoopGroup.singleton)
        return SignClient(
            settings: settings, records: MemoryKeyValueStore(), storeKey: SecretBytes(copying: storeKeyBytes),
            transport: tap.map { TappedTransport(base: transport, tap: $0) } ?? transport, logger: logger,
            metrics: NOOPMetricsHandler.instance)
    }

    /// Runs a relay, a dApp and a wallet; they end when `body` has.
    static func running(
        _ wallet: Wallet = Wallet(), tap: Tap? = nil,
        dapp change: @escaping @Sendable (inout SignClientSettings) -> Void = { _ in },
        _ body: @escaping @Sendable (Stage) async throws -> Void
    ) async throws {
        try await RelayForTests.running { url in
            let kit = try kit("Wallet", url, wallet)
            let dapp = try dapp(url, tap: tap, change: change)
            let (told, heard) = (Told<WalletKitEvent>(), Told<SignEvent>())
            let (events, dappEvents) = (wallet.listens.map { kit.events($0) }, dapp.events())
            try await withSignClient(dapp) { dapp in
                try await withWalletKit(kit) { kit in
                    try await told.listening(to: events) {
                        try await heard.listening(to: dappEvents) {
                            try await body(Stage(url: url, dapp: dapp, kit: kit, told: told, heard: heard))
                        }
                    }
                }
            }
        }
    }

    // MARK: What both sides do

    /// The dApp asks for a session and the wallet pairs with it.
    func propose(
        required: NamespaceMap<ProposalNamespace> = [:], optional: NamespaceMap<ProposalNamespace> = wanted
    ) async throws -> PendingSession {
        let pending = try await dapp.connect(
            ConnectOffer(requiredNamespaces: required, optionalNamespaces: optional))
        try await kit.pair(try #require(pending.uri).text)
        return pending
    }

    /// A session between both.
    func settle() async throws -> Session {
        let pending = try await propose()
        let received = try await told.proposal()
        let namespaces = try WalletKit.buildApprovedNamespaces(for: received.proposal, supported: Self.supported)
        let session = try await kit.approveSession(received, namespaces: namespaces)
        #expect(try await pending.session().topic == session.topic)
        return session
    }

    /// The dApp asks for something; the answer is fetched later.
    func ask(_ topic: Topic, _ params: JSON = ["0x68656c6c6f"]) async throws -> Calling {
        try await dapp.requestWithoutWaiting(
            SessionRequest(topic: topic, chainID: Self.chain, method: "personal_sign", params: params))
    }
}
