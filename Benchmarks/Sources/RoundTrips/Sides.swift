import Logging
import Metrics
import NIOPosix
import Primitives
import Storage
import StorageSQLite
import WalletConnectClient
import WalletConnectNetwork
import WalletConnectProtocol

/// What both sides are made of.
struct Sides: Sendable {
    let relayURL: String
    let directory: String
    let isDurable: Bool

    static let account = "eip155:1:0xab16a96D359eC26a11e2C2b3d8f8B8942d5Bfcdb"
    static let methods = ["personal_sign", "eth_sendTransaction", "eth_signTypedData_v4"]
    static let events = ["accountsChanged", "chainChanged"]

    var offer: ConnectOffer {
        ConnectOffer(optionalNamespaces: [
            "eip155": ProposalNamespace(chains: ["eip155:1"], methods: Self.methods, events: Self.events)
        ])
    }

    var namespaces: NamespaceMap<SessionNamespace> {
        [
            "eip155": SessionNamespace(
                chains: ["eip155:1"], accounts: [Self.account], methods: Self.methods, events: Self.events)
        ]
    }

    func records(_ name: String) async throws -> any KeyValueStore {
        guard isDurable else { return MemoryKeyValueStore() }
        let store = try await SQLite.open(path: "\(directory)-\(name).db")
        try await store.migrate(TableKeyValueStore.migrations)
        return TableKeyValueStore(store: store)
    }

    func client(_ name: String, records: any KeyValueStore) throws -> SignClient {
        var settings = SignClientSettings(
            sign: SignSettings(metadata: Metadata(name: name, url: "https://\(name).example")),
            relay: RelaySettings(urls: [relayURL], projectID: "0123456789abcdef0123456789abcdef"))
        // Ten thousand handshakes within the life of a pairing.
        settings.sign.limits.pairingsMax = 100_000
        settings.sign.limits.proposalsMax = 100_000
        var logger = Logger(label: name)
        logger.logLevel = .error
        return SignClient(
            settings: settings, records: records, storeKey: SecretBytes(copying: [UInt8](repeating: 7, count: 32)),
            transport: try WebSocketTransport(eventLoops: MultiThreadedEventLoopGroup.singleton), logger: logger)
    }

    /// Answers everything with yes until it is cancelled.
    func serve(_ wallet: SignClient) async throws {
        for await event in wallet.events() {
            switch event {
            case .sessionProposal(let received):
                _ = try await wallet.approve(
                    Approval(
                        id: received.proposal.id, pairingTopic: received.proposal.pairingTopic, namespaces: namespaces))
            case .sessionRequest(let request):
                try await wallet.respond(to: request.id, on: request.topic, with: .result(.string(Self.signature)))
            default: break
            }
        }
    }

    /// As long as one.
    static let signature = "0x" + String(repeating: "ab", count: 65)

    func request(_ topic: Topic) -> SessionRequest {
        SessionRequest(
            topic: topic, chainID: "eip155:1", method: "personal_sign",
            params: [.string("0x48656c6c6f2c20776f726c642e"), .string("0xab16a96D359eC26a11e2C2b3d8f8B8942d5Bfcdb")])
    }
}
