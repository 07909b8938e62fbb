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
                switch event {
                case .sessionProposal(let received):
                    // A person would be shown received.proposal.proposer here, and asked.
                    let proposal = received.proposal
                    let approved = try NamespaceRules.buildApproved(
                        required: proposal.requiredNamespaces, optional: proposal.optionalNamespaces,
                        supported: [
                            "eip155": SessionNamespace(
                                chains: ["eip155:1"], accounts: [account], methods: ["personal_sign"], events: [])
                        ])
                    try await client.approve(Approval(id: proposal.id, namespaces: approved)).acknowledged()
                case .sessionRequest(let request):
                    // The engine lets through only methods and chains that were approved.
                    let message = (try? Hex.decodePrefixed(request.params?[0]?.string ?? "")) ?? []
                    let signature = TransactionSignature(key.sign(digest: EIP191.hash(message: message)))
                    try await client.respond(
                        to: request.id, on: request.topic,
                        with: .result(.string(Hex.encodePrefixed(signature.bytes65))))
                case .sessionDelete: return
                default: break
                }
            }
        }
    }
}
