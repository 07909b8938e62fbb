import CoreMetrics
import Cryptography
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import NIOPosix
import Primitives
import Storage
import WalletConnectBackend
import WalletConnectClient
import WalletConnectHTTP
import WalletConnectNetwork
import WalletConnectProtocol

/// A server whose users connect wallets: POST /connect, GET /sessions, POST /sign, POST /send, DELETE /sessions/{topic}.
///
///     API_TOKENS=alice:TOKEN,bob:TOKEN swift run RESTServer ws://127.0.0.1:5555 8080
///
/// Who asks is known by the token, never by the body: whoever could name another user could sign in their name.
@main
struct RESTServer {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 3, let port = Int(arguments[2]) else {
            print("usage: API_TOKENS=USER:TOKEN,… RESTServer RELAY_URL PORT")
            exit(64)
        }
        let users = Users(ProcessInfo.processInfo.environment["API_TOKENS"] ?? "")
        let about = Metadata(name: "REST server", description: "An example", url: "https://example.com", icons: [])
        let backend = WalletConnectBackend(
            settings: BackendSettings(metadata: about, relayURLs: [arguments[1]]), records: MemoryKeyValueStore(),
            storeKey: SecretBytes.random(count: SealedRecords.storeKeyBytesMin),
            transport: try WebSocketTransport(eventLoops: MultiThreadedEventLoopGroup.singleton),
            metrics: NOOPMetricsHandler.instance)
        let routes = Routes(backend: backend, chain: try ChainID("eip155:1"))
        let application = Application(
            router: routes.router(users), configuration: .init(address: .hostname("127.0.0.1", port: port)),
            onServerRunning: { channel in
                let line = "listening on http://127.0.0.1:\(channel.localAddress?.port ?? port)\n"
                FileHandle.standardOutput.write(Data(line.utf8))
            })
        // The server stops first, on SIGTERM or SIGINT, and the backend after it.
        try await withBackend(backend) { _ in try await application.runService() }
    }
}

/// Who has which token.
///
/// Tokens are kept and looked up as hashes, so that no comparison tells how much of one was right.
struct Users: Sendable {
    private var names: [Hash32: String] = [:]

    /// `USER:TOKEN` with commas between.
    init(_ list: String) {
        for entry in list.split(separator: ",") {
            let words = entry.split(separator: ":", maxSplits: 1).map(String.init)
            if words.count == 2 { names[SHA2.sha256(Array(words[1].utf8))] = words[0] }
        }
    }

    func name(_ request: Request) -> String? {
        guard let header = request.headers[.authorization], header.hasPrefix("Bearer ") else { return nil }
        return names[SHA2.sha256(Array(header.dropFirst("Bearer ".count).utf8))]
    }
}

/// What Hummingbird carries along with a request, and what the middleware adds to it.
struct Context: WalletConnectRequestContext {
    var coreContext: CoreRequestContextStorage
    var walletConnect = WalletConnectRequest()
    let remoteAddress: SocketAddress?

    init(source: Source) {
        coreContext = .init(source: source)
        remoteAddress = source.channel.remoteAddress
    }
}
