import ChainEVM
import CoreMetrics
import NIOPosix
import Primitives
import Storage
import WalletConnectBackend
import WalletConnectClient
import WalletConnectNetwork
import WalletConnectProtocol

/// A backend with one user: it connects her wallet, has it sign and pay, and says goodbye.
///
///     swift run BasicUsage ws://127.0.0.1:5555
@main
struct BasicUsage {
    static func main() async throws {
        let relay = CommandLine.arguments.dropFirst().first ?? "ws://127.0.0.1:5555"
        let about = Metadata(name: "Basic usage", description: "An example", url: "https://example.com", icons: [])
        let backend = WalletConnectBackend(
            settings: BackendSettings(metadata: about, relayURLs: [relay]),
            // Forgotten at the end; TelegramBot shows records that survive.
            records: MemoryKeyValueStore(), storeKey: SecretBytes.random(count: SealedRecords.storeKeyBytesMin),
            transport: try WebSocketTransport(eventLoops: MultiThreadedEventLoopGroup.singleton),
            metrics: NOOPMetricsHandler.instance)
        let ethereum = try ChainID("eip155:1")

        // The backend works for as long as the closure does, and leaves nothing running behind.
        try await withBackend(backend) { backend in
            let pending = try await backend.connect(ConnectionRequest(userID: "alice", chains: [ethereum]))
            print(try pending.qrText())
            print(pending.uri)
            let connection = try await pending.connection()
            print(
                "connected \(connection.accounts.first?.description ?? "") with \(connection.peer?.name ?? "a wallet")")

            // The signature has been compared with the account before it is returned.
            let signed = try await backend.signMessage(
                "I have read the terms.", on: ethereum, for: .user("alice"))
            print("signed by \(signed.account.address)")

            let shop = try Address(checksummed: "0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045")
            do {
                let sent = try await backend.sendTransaction(
                    TransactionCall(to: shop, value: 1_000_000_000_000_000), on: ethereum, for: .user("alice"))
                // The wallet says so; whether it is on the chain is a node's to say.
                print("sent \(sent.hash)")
            } catch let error as BackendError where error.code == .rejectedByUser {
                print("she said no: \(error.message)")
            }

            try await backend.disconnect(user: "alice")
            // The goodbye is stored; a program that ends gives the relay a moment to take it.
            _ = await backend.client.drain(milliseconds: 5_000)
            print("disconnected")
        }
    }
}
