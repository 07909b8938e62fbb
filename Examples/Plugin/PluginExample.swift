import ChainEVM
import CoreMetrics
import NIOPosix
import Primitives
import Storage
import WalletConnectBackend
import WalletConnectClient
import WalletConnectNetwork
import WalletConnectProtocol

/// A backend with a plugin of its own: `SpendingLimit` counts, and lets no large payment through.
///
///     swift run Plugin ws://127.0.0.1:5555
@main
struct PluginExample {
    static func main() async throws {
        let relay = CommandLine.arguments.dropFirst().first ?? "ws://127.0.0.1:5555"
        let about = Metadata(name: "Plugin", description: "An example", url: "https://example.com", icons: [])
        let tenthOfAnEther: UInt256 = 100_000_000_000_000_000
        let oneWeiMore: UInt256 = 100_000_000_000_000_001
        let limit = SpendingLimit(valueMax: tenthOfAnEther)
        let backend = WalletConnectBackend(
            settings: BackendSettings(metadata: about, relayURLs: [relay]), records: MemoryKeyValueStore(),
            storeKey: SecretBytes.random(count: SealedRecords.storeKeyBytesMin),
            transport: try WebSocketTransport(eventLoops: MultiThreadedEventLoopGroup.singleton),
            plugins: [limit], metrics: NOOPMetricsHandler.instance)
        let ethereum = try ChainID("eip155:1")
        let shop = try Address(checksummed: "0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045")

        try await withBackend(backend) { backend in
            let pending = try await backend.connect(ConnectionRequest(userID: "bob", chains: [ethereum]))
            print(pending.uri)
            _ = try await pending.connection()

            for value in [tenthOfAnEther, oneWeiMore] {
                do {
                    let sent = try await backend.sendTransaction(
                        TransactionCall(to: shop, value: value), on: ethereum, for: .user("bob"))
                    print("sent \(value) wei: \(sent.hash)")
                } catch let error as BackendError where error.code == .refusedByPlugin {
                    print("refused \(value) wei: \(error.message)")
                }
            }
            for plugin in await backend.health().plugins { print("\(plugin.name): \(plugin.detail)") }
            try await backend.disconnect(user: "bob")
            _ = await backend.client.drain(milliseconds: 5_000)
        }
    }
}
