import Logging
import Primitives
import Storage
import Synchronization
import Testing
import WalletConnectClient
import WalletConnectProtocol

/// Two apps and a relay between them.
enum Bench {
    static let storeKeyByte: UInt8 = 9
    static let account = "eip155:1:0xab16a96D359eC26a11e2C2b3d8f8B8942d5Bfcdb"

    static func settings(_ name: String, _ change: (inout SignClientSettings) -> Void = { _ in }) -> SignClientSettings
    {
        var settings = SignClientSettings(
            sign: SignSettings(metadata: Metadata(name: name, url: "https://\(name).example")),
            relay: RelaySettings(urls: ["wss://relay.example"], projectID: "0123456789abcdef0123456789abcdef"))
        settings.sign.handlesAuthentication = true
        settings.relay.pace.firstDelayMilliseconds = 1
        settings.lazyMilliseconds = 1
        settings.storageDelayMilliseconds = 1
        change(&settings)
        return settings
    }

    static func client(
        _ name: String, _ relay: any RelayTransport, _ records: any KeyValueStore = MemoryKeyValueStore(),
        storeKey: UInt8 = storeKeyByte, clock: WallClock = .system, pace: Pace = .system,
        http: (any HTTPExchange)? = nil, _ change: (inout SignClientSettings) -> Void = { _ in }
    ) -> SignClient {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return SignClient(
            settings: settings(name, change), records: records,
            storeKey: SecretBytes(copying: [UInt8](repeating: storeKey, count: 32)), transport: relay, http: http,
            clock: clock,
            pace: pace, logger: logger)
    }

    static var offer: ConnectOffer {
        ConnectOffer(optionalNamespaces: [
            "eip155": ProposalNamespace(
                chains: ["eip155:1"], methods: ["personal_sign", "eth_sendTransaction"],
                events: ["accountsChanged", "chainChanged"])
        ])
    }

    static var namespaces: NamespaceMap<SessionNamespace> {
        [
            "eip155": SessionNamespace(
                chains: ["eip155:1"], accounts: [account], methods: ["personal_sign", "eth_sendTransaction"],
                events: ["accountsChanged", "chainChanged"])
        ]
    }

    /// Answers everything as a wallet that always says yes.
    static func serve(_ wallet: SignClient, _ events: AsyncStream<SignEvent>) async {
        for await event in events {
            switch event {
            case .sessionProposal(let received):
                do throws(SignError) {
                    _ = try await wallet.approve(
                        Approval(
                            id: received.proposal.id, pairingTopic: received.proposal.pairingTopic,
                            namespaces: namespaces))
                } catch {
                    // Killed in the middle of it, or told twice of a proposal that is answered.
                    guard [.storageFailed, .cancelled, .proposalNotFound, .recentlyDeleted].contains(error.code) else {
                        Issue.record("not approved: \(error)")
                        continue
                    }
                }
            case .sessionRequest(let request):
                try? await wallet.respond(
                    to: request.id, on: request.topic, with: .result(["signed", request.params ?? .null]))
            default: break
            }
        }
    }

    /// Runs both apps, the wallet saying yes to everything, for the time of `body`.
    static func both<Result: Sendable>(
        _ dApp: SignClient, _ wallet: SignClient, _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        let events = wallet.events()
        return try await withSignClient(dApp) { _ in
            try await withSignClient(wallet) { wallet in
                try await withThrowingTaskGroup(of: Result?.self) { group in
                    group.addTask {
                        await serve(wallet, events)
                        return nil
                    }
                    group.addTask { try await body() }
                    defer { group.cancelAll() }
                    while let result = try await group.next() {
                        if let result { return result }
                    }
                    throw CancellationError()
                }
            }
        }
    }

    /// A session between both.
    static func session(_ dApp: SignClient, _ wallet: SignClient) async throws -> Session {
        let pending = try await dApp.connect(offer)
        try await wallet.pair(pending.uri!.text)
        return try await pending.session()
    }

    static func sign(_ topic: Topic, _ text: String = "0x68656c6c6f") -> SessionRequest {
        SessionRequest(
            topic: topic, chainID: "eip155:1", method: "personal_sign",
            params: [.string(text), "0xab16a96D359eC26a11e2C2b3d8f8B8942d5Bfcdb"])
    }

    /// Lets other tasks run until `condition` holds; a test that hangs here has failed.
    static func until(_ condition: () -> Bool) async {
        while !condition(), !Task.isCancelled { await Task.yield() }
    }
}
