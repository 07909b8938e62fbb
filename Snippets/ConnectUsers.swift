// A server connects a user's wallet and asks it for a signature; docs/guides/getting-started.md explains each step.

import Metrics
import NIOPosix
import Primitives
import Storage
import WalletConnectBackend
import WalletConnectClient
import WalletConnectNetwork
import WalletConnectProtocol

// snippet.hide
let relay = CommandLine.arguments.dropFirst().first ?? "ws://127.0.0.1:5555"
// snippet.show
let store = MemoryStore()
try await store.migrate(TableKeyValueStore.migrations)
let backend = WalletConnectBackend(
    settings: BackendSettings(
        metadata: Metadata(name: "Shop", description: "Sells things", url: "https://shop.example", icons: []),
        relayURLs: [relay]),
    records: TableKeyValueStore(store: store),
    storeKey: SecretBytes.random(count: SealedRecords.storeKeyBytesMin),
    transport: try WebSocketTransport(eventLoops: MultiThreadedEventLoopGroup.singleton),
    metrics: NOOPMetricsHandler.instance)

try await withBackend(backend) { backend in
    let mainnet = try ChainID("eip155:1")
    let pending = try await backend.connect(ConnectionRequest(userID: "alice", chains: [mainnet]))
    print(pending.uri)
    print(try pending.qrText())

    let connection = try await pending.connection()
    print("connected to \(connection.peer?.name ?? "a wallet"):", connection.accounts)

    do throws(BackendError) {
        let signed = try await backend.signMessage("Hello, Shop", on: mainnet, for: .user("alice"))
        print("signed by \(signed.account): \(Hex.encodePrefixed(signed.signature))")
    } catch {
        switch error.code {
        case .rejectedByUser: print("the person said no")
        case .requestTimeout, .requestInDoubt: print("nobody knows; ask the person before you ask the wallet again")
        default: throw error
        }
    }
    try await backend.disconnect(user: "alice")
}
