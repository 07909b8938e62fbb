import Primitives
import WalletConnectProtocol

/// A pairing, a proposal and a session, as clients in use make them.
enum SignFixtures {
    static let pairingTopic = try! Topic(hex: String(repeating: "1a", count: 32))
    static let sessionTopic = try! Topic(hex: String(repeating: "2b", count: 32))
    static let account = "0x3c582121909DE92Dc89A36898633C1aE4790382b"
    static let methods = ["eth_sendTransaction", "eth_signTransaction", "personal_sign", "eth_signTypedData"]
    static let events = ["chainChanged", "accountsChanged"]
    static let required: NamespaceMap<ProposalNamespace> = [
        "eip155": ProposalNamespace(chains: ["eip155:1", "eip155:42161"], methods: methods, events: events)
    ]
    static let approved: NamespaceMap<SessionNamespace> = [
        "eip155": SessionNamespace(
            chains: ["eip155:1", "eip155:42161"], accounts: ["eip155:1:\(account)", "eip155:42161:\(account)"],
            methods: methods, events: events)
    ]
    static let app = Participant(
        publicKey: String(repeating: "0f", count: 32),
        metadata: Metadata(
            name: "Test dApp", description: "dApp for vectors", url: "https://dapp.example",
            icons: ["https://dapp.example/icon.png"]))
    static let wallet = Participant(
        publicKey: String(repeating: "7b", count: 32),
        metadata: Metadata(
            name: "Test Wallet", description: "Wallet for vectors", url: "https://wallet.example",
            icons: ["https://wallet.example/icon.png"],
            redirect: Metadata.Redirect(native: "wallet://", universal: "https://wallet.example/open", linkMode: true)))

    static var proposal: SessionProposal {
        SessionProposal(
            id: 1_760_000_000_000_001, pairingTopic: pairingTopic, expiry: 1_760_000_300, requiredNamespaces: required,
            proposer: app)
    }

    static var session: Session {
        Session(
            topic: sessionTopic, pairingTopic: pairingTopic, expiry: 1_760_604_805, acknowledged: true,
            controller: wallet.publicKey, namespaces: approved, requiredNamespaces: required, own: app, peer: wallet)
    }

    static var pairing: Pairing { Pairing(topic: pairingTopic, expiry: 1_760_000_300) }

    /// One of each, under these names; everything else is unknown.
    struct Lookup: SignLookup {
        var sessions: [String: SignRecord<Session>] = [sessionTopic.hex: .live(SignFixtures.session)]
        var pairings: [String: SignRecord<Pairing>] = [pairingTopic.hex: .live(SignFixtures.pairing)]
        var proposals: [Int64: SignRecord<SessionProposal>] = [1_760_000_000_000_001: .live(SignFixtures.proposal)]

        func session(on topic: String) -> SignRecord<Session> { sessions[topic] ?? .unknown }
        func pairing(on topic: String) -> SignRecord<Pairing> { pairings[topic] ?? .unknown }
        func proposal(of id: Int64) -> SignRecord<SessionProposal> { proposals[id] ?? .unknown }
    }
}

/// The error that `body` ends with; nil when it ends well.
func refusal(_ body: () throws -> Void) throws -> SignError? {
    do {
        try body()
        return nil
    } catch let error as SignError {
        return error
    }
}
