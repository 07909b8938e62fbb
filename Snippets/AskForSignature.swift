// A dApp's backend asks a connected wallet for a signature.

import Metrics
import NIOPosix
import Primitives
import Storage
import WalletConnectClient
import WalletConnectNetwork
import WalletConnectProtocol

// snippet.hide
let relay = CommandLine.arguments.dropFirst().first ?? "ws://127.0.0.1:5555"
// snippet.show
// Records go into any Store; what is in them is sealed under a key that is kept elsewhere.
let store = MemoryStore()
try await store.migrate(TableKeyValueStore.migrations)
let about = Metadata(name: "Shop", description: "Sells things", url: "https://shop.example", icons: [])
let client = SignClient(
    settings: SignClientSettings(sign: SignSettings(metadata: about), relay: RelaySettings(urls: [relay])),
    records: TableKeyValueStore(store: store), storeKey: SecretBytes.random(count: SealedRecords.storeKeyBytesMin),
    transport: try WebSocketTransport(eventLoops: MultiThreadedEventLoopGroup.singleton),
    metrics: NOOPMetricsHandler.instance)

try await withSignClient(client) { client in
    let wish = ProposalNamespace(chains: ["eip155:1"], methods: ["personal_sign"], events: [])
    let pending = try await client.connect(ConnectOffer(optionalNamespaces: ["eip155": wish]))
    print(pending.uri?.text ?? "")
    let session = try await pending.session()

    // The id outlives this process: with the same records, whoever asks for it later gets the answer.
    let calling = try await client.requestWithoutWaiting(
        SessionRequest(
            topic: session.topic, chainID: "eip155:1", method: "personal_sign", params: ["0x68656c6c6f"]))
    do {
        print(try await client.awaitResponse(calling.id).text)
    } catch let error as SignError where error.code == .peerRejected {
        print("the person said no: \(error.message)")
    }
}
