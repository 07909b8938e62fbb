import ChainEVM
import CoreMetrics
import NIOPosix
import Primitives
import Storage
import WalletConnectClient
import WalletConnectNetwork
import WalletConnectProtocol

/// A dApp: invites a wallet, has it sign a message, and checks whose signature came back.
///
///     swift run MinimalDApp ws://127.0.0.1:5555
@main
struct MinimalDApp {
    static func main() async throws {
        let relay = CommandLine.arguments.dropFirst().first ?? "ws://127.0.0.1:5555"
        let about = Metadata(name: "Minimal dApp", description: "An example", url: "https://example.com", icons: [])
        let client = SignClient(
            settings: SignClientSettings(sign: SignSettings(metadata: about), relay: RelaySettings(urls: [relay])),
            // Sessions are forgotten at the end; a TableKeyValueStore over SQLite would keep them.
            records: MemoryKeyValueStore(), storeKey: SecretBytes.random(count: SealedRecords.storeKeyBytesMin),
            transport: try WebSocketTransport(eventLoops: MultiThreadedEventLoopGroup.singleton),
            metrics: NOOPMetricsHandler.instance)

        // The client works for as long as the closure does, and leaves nothing running behind.
        try await withSignClient(client) { client in
            let wishes = ProposalNamespace(chains: ["eip155:1"], methods: ["personal_sign"], events: ["chainChanged"])
            let pending = try await client.connect(ConnectOffer(optionalNamespaces: ["eip155": wishes]))
            // A wallet reads this from a QR code or a link; whoever sees it can answer.
            print(pending.uri?.text ?? "")

            let session = try await pending.session()
            guard let text = session.namespaces["eip155"]?.accounts.first else { return print("no account") }
            let account = try AccountID(text)
            print("connected to \(session.peer.metadata.name) as \(account)")

            let message = "I have read the terms."
            let answer = try await client.request(
                SessionRequest(
                    topic: session.topic, chainID: account.chain.description, method: "personal_sign",
                    params: [.string(Hex.encodePrefixed(message.utf8)), .string(account.address)]))

            // Never take a signature on trust: the key that made it is recovered and compared with the account.
            let signature = TransactionSignature(bytes65: try Hex.decodePrefixed(answer.string ?? ""))
            let signer = try signature?.recoverAddress(digest: EIP191.hash(text: message))
            print(signer?.description == account.address ? "the signature is the account's" : "NOT the account's")

            try await client.disconnect(session.topic)
            // The goodbye is stored; a program that ends gives it the time to be sent.
            while client.counts.outbox > 0 { try await Task.sleep(for: .milliseconds(20)) }
        }
    }
}
