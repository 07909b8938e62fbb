import ChainEVM
import CoreMetrics
import Cryptography
import NIOPosix
import Primitives
import Storage
import WalletConnectClient
import WalletConnectNetwork
import WalletConnectProtocol

/// A wallet: takes a dApp's invitation, approves it, and signs what it asks.
///
/// It says yes to everything, which a real one never does.
///
///     swift run MinimalWallet 'wc:…' ws://127.0.0.1:5555
@main
struct MinimalWallet {
    static func main() async throws {
        let arguments = CommandLine.arguments + ["", "ws://127.0.0.1:5555"]
        let (uri, relay) = (arguments[1], arguments[2])
        let key = Secp256k1.PrivateKey()
        let account = "eip155:1:\(Address(publicKey: key.publicKey))"
        let about = Metadata(name: "Minimal wallet", description: "An example", url: "https://example.com", icons: [])
        let client = SignClient(
            settings: SignClientSettings(sign: SignSettings(metadata: about), relay: RelaySettings(urls: [relay])),
            records: MemoryKeyValueStore(), storeKey: SecretBytes.random(count: SealedRecords.storeKeyBytesMin),
            transport: try WebSocketTransport(eventLoops: MultiThreadedEventLoopGroup.singleton),
            metrics: NOOPMetricsHandler.instance)
        let events = client.events()

        try await withSignClient(client) { client in
            try await client.pair(uri)
            for await event in events {
                do {
                    switch event {
                    case .sessionProposal(let received): try await answer(received.proposal, account, client)
                    case .sessionRequest(let request): try await answer(request, key, client)
                    case .sessionDelete: return
                    default: break
                    }
                } catch let error as SignError {
                    // Too late, or answered twice: one dApp's question ends nothing else.
                    print("not answered: \(error)")
                }
            }
        }
    }

    private static func answer(_ proposal: SessionProposal, _ account: String, _ client: SignClient) async throws {
        // A person would be shown proposal.proposer here, and asked.
        let approved = try? NamespaceRules.buildApproved(
            required: proposal.requiredNamespaces, optional: proposal.optionalNamespaces,
            supported: [
                "eip155": SessionNamespace(
                    chains: ["eip155:1"], accounts: [account], methods: ["personal_sign"], events: [])
            ])
        guard let approved, !approved.isEmpty else {
            let error = SDKError.unsupportedChains
            return try await client.reject(
                proposal.id, on: proposal.pairingTopic, reason: Reason(code: error.code, message: error.text))
        }
        _ = try await client.approve(
            Approval(id: proposal.id, pairingTopic: proposal.pairingTopic, namespaces: approved))
    }

    private static func answer(
        _ request: PendingRequest, _ key: Secp256k1.PrivateKey, _ client: SignClient
    ) async throws {
        // The engine lets through only methods and chains that were approved.
        var answer = Answer.failure(SDKError.userRejectedRequest.peerError())
        if let text = request.params?[0]?.string, let message = try? Hex.decodePrefixed(text) {
            let signature = TransactionSignature(key.sign(digest: EIP191.hash(message: message)))
            answer = .result(.string(Hex.encodePrefixed(signature.bytes65)))
        }
        try await client.respond(to: request.id, on: request.topic, with: answer)
    }
}
