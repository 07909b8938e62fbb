import ChainEVM
import CoreMetrics
import Cryptography
import NIOPosix
import Primitives
import Storage
import WalletConnectClient
import WalletConnectNetwork
import WalletConnectProtocol
import WalletConnectTesting
import WalletKit

/// A wallet with listeners: sessions, requests and sign-ins, changes of a session, and what a notification is about.
///
///     swift run KitWallet
///
/// Nobody else is needed: a relay and a dApp that asks for all of it run in the same program.
@main
struct KitWallet {
    static func main() async throws {
        let records = MemoryKeyValueStore()
        // A real one comes from a vault; whoever reads notifications needs it, too.
        let storeKey = [UInt8](repeating: 7, count: SealedRecords.storeKeyBytesMin)
        let signer = Signer(key: Secp256k1.PrivateKey())

        try await withTestRelay { relay in
            let about = Metadata(name: "Kit wallet", description: "An example", url: "https://example.com", icons: [])
            let kit = WalletKit(
                settings: WalletKitSettings(metadata: about, relay: RelaySettings(urls: [relay.url])),
                records: records, storeKey: SecretBytes(copying: storeKey),
                transport: try WebSocketTransport(eventLoops: MultiThreadedEventLoopGroup.singleton),
                metrics: NOOPMetricsHandler.instance)
            listen(kit, signer)
            try await withScriptedDApp(relay: relay.url) { dApp in
                try await withWalletKit(kit) { kit in
                    let topic = try await useSession(kit, dApp, signer)
                    try await signIn(kit, dApp)

                    let notifications = try await Notifications.open(records, storeKey: SecretBytes(copying: storeKey))
                    // Its decryptMessage(_:topic:) opens what a push service brought to the device.
                    print("a notification for it is from \(try await notifications.metadata(topic: topic).name)")

                    try await kit.disconnectSession(topic)
                    _ = try await dApp.event { if case .sessionDelete(topic, _, _) = $0 { true } else { nil } }
                    print("ended")
                }
            }
        }
    }

    // MARK: Answering

    /// Listeners do not throw: what one dApp sends, or sends too late, ends nothing else.
    private static func listen(_ kit: WalletKit, _ signer: Signer) {
        kit.on(.sessionProposal) { received in
            await answering {
                // A person would be shown received.proposal.proposer here, and asked.
                let namespaces = try? WalletKit.buildApprovedNamespaces(
                    for: received.proposal, supported: signer.supported)
                guard let namespaces, !namespaces.isEmpty else {
                    return try await kit.rejectSession(received, reason: WalletKit.reason(.unsupportedChains))
                }
                try await kit.approveSession(received, namespaces: namespaces)
            }
        }
        kit.on(.sessionRequest) { request in
            await answering {
                // A person would be shown the text here, and asked.
                guard let text = request.params?[0]?.string, let message = try? Hex.decodePrefixed(text) else {
                    let no = SDKError.userRejectedRequest.peerError()
                    return try await kit.respondSessionRequest(request, with: .failure(no))
                }
                try await kit.respondSessionRequest(request, with: .result(.string(signer.sign(message))))
            }
        }
        // While somebody listens to sign-ins, dApps get them answered; otherwise they fall back to a proposal.
        kit.on(.sessionAuthenticate) { received in
            await answering {
                let payload = try WalletKit.populateAuthPayload(
                    received.payload, chains: [Signer.chain], methods: Signer.methods)
                let text = try kit.formatAuthMessage(payload, issuer: signer.account)
                let signature = Cacao.Signature(type: "eip191", value: signer.sign(Array(text.utf8)))
                let cacao = WalletKit.buildAuthObject(payload, issuer: signer.account, signature: signature)
                try await kit.approveSessionAuthenticate(received.id, on: received.pairingTopic, cacaos: [cacao])
            }
        }
        kit.on(.sessionDelete) { deletion in print("a session is over: \(deletion.reason)") }
    }

    private static func answering(_ body: () async throws -> Void) async {
        do { try await body() } catch { print("not answered: \(error)") }
    }

    // MARK: What is asked

    private static func useSession(
        _ kit: WalletKit, _ dApp: ScriptedDApp, _ signer: Signer
    ) async throws -> Topic {
        let invitation = try await dApp.invite(methods: Signer.methods)
        try await kit.pair(invitation.uri)
        let session = try await invitation.session()
        print("connected to \(session.peer.metadata.name)")
        print("signed by \(try await dApp.personalSign("I have read the terms.", in: session))")

        // The person adds a chain, and switches to it.
        var namespaces = session.namespaces
        namespaces["eip155"]?.chains?.append("eip155:137")
        namespaces["eip155"]?.accounts.append("eip155:137:\(signer.address)")
        try await kit.updateSession(session.topic, namespaces: namespaces).acknowledged()
        try await kit.emitSessionEvent(
            SessionEvent(name: "chainChanged", data: 137), chainID: "eip155:137", on: session.topic)
        let chain = try await dApp.event { event -> String? in
            if case .sessionEvent(_, _, _, let chainID) = event { chainID } else { nil }
        }
        print("the dApp is on \(chain)")

        try await kit.extendSession(session.topic).acknowledged()
        print("extended")
        return session.topic
    }

    private static func signIn(_ kit: WalletKit, _ dApp: ScriptedDApp) async throws {
        let pending = try await dApp.client.authenticate(
            AuthRequest(
                domain: "dapp.example", uri: "https://dapp.example/login", chains: [Signer.chain], nonce: "32891756",
                statement: "Sign in to the example.", methods: Signer.methods))
        try await kit.pair(pending.uri?.text ?? "")
        // The dApp has checked the signature, and compared what was signed with what it asked for.
        let answer = try await pending.response()
        print("signed in as \(answer.session?.namespaces["eip155"]?.accounts.first ?? "nobody")")
    }
}

/// One account and its key.
struct Signer: Sendable {
    static let chain = "eip155:1"
    static let methods = ["personal_sign"]

    let address: String
    private let key: Secp256k1.PrivateKey

    init(key: Secp256k1.PrivateKey) {
        self.key = key
        address = Address(publicKey: key.publicKey).description
    }

    var account: String { "\(Self.chain):\(address)" }

    var supported: NamespaceMap<SessionNamespace> {
        [
            "eip155": SessionNamespace(
                chains: [Self.chain], accounts: [account], methods: Self.methods, events: ["chainChanged"])
        ]
    }

    func sign(_ message: [UInt8]) -> String {
        Hex.encodePrefixed(TransactionSignature(key.sign(digest: EIP191.hash(message: message))).bytes65)
    }
}
