import AsyncHTTPClient
import CoreMetrics
import Foundation
import NIOPosix
import Primitives
import Storage
import WalletConnectBackend
import WalletConnectClient
import WalletConnectNetwork
import WalletConnectProtocol

#if SQLite
    import StorageSQL
    import StorageSQLite
#endif

/// A Telegram bot that connects wallets: /connect, /sign, /status, /disconnect.
///
///     TELEGRAM_BOT_TOKEN=… swift run TelegramBot ws://127.0.0.1:5555 FOLDER
///
/// `FOLDER` keeps the users' sessions and how far the messages were read, so that the bot goes on after a crash.
/// `TELEGRAM_API_URL` names another server than Telegram's own.
@main
struct TelegramBot {
    /// Conversations at once; a wallet may take minutes to answer.
    private static let conversationsMax = 1_000

    static func main() async throws {
        let (arguments, environment) = (CommandLine.arguments, ProcessInfo.processInfo.environment)
        guard arguments.count == 3, let token = environment["TELEGRAM_BOT_TOKEN"], !token.isEmpty else {
            print("usage: TELEGRAM_BOT_TOKEN=… TelegramBot RELAY_URL FOLDER")
            exit(64)
        }
        let api = BotAPI(
            http: HTTPClient.shared, url: environment["TELEGRAM_API_URL"] ?? "https://api.telegram.org", token: token)
        let records = try await records(in: arguments[2])
        let about = Metadata(name: "Bot", description: "A Telegram bot", url: "https://example.com", icons: [])
        let backend = WalletConnectBackend(
            settings: BackendSettings(metadata: about, relayURLs: [arguments[1]]), records: records,
            storeKey: try storeKey(in: arguments[2]),
            transport: try WebSocketTransport(eventLoops: MultiThreadedEventLoopGroup.singleton),
            metrics: NOOPMetricsHandler.instance)
        let conversation = Conversation(backend: backend, api: api, chain: try ChainID("eip155:1"))

        // Listened to from before the start, when what happened meanwhile is told.
        let events = backend.events([.connect, .disconnect, .expire])
        try await withBackend(backend) { backend in
            print("the bot listens; \(backend.figures.active) users are connected")
            var offset = try await Offset.read(records)
            // Until it is stopped: each answer goes its own way, so that nobody waits for somebody else's wallet.
            try await withThrowingDiscardingTaskGroup { group in
                group.addTask {
                    for await event in events {
                        do { try await conversation.tell(of: event) } catch { print("an event is lost: \(error)") }
                    }
                }
                let places = Places(conversationsMax)
                while !Task.isCancelled {
                    for update in try await patiently({ try await api.updates(from: offset) })
                    where update.id >= offset {
                        // Before it is handled: what a crash interrupts is asked for again by the person, and
                        // nothing is signed twice.
                        offset = update.id + 1
                        try await Offset.store(offset, records)
                        await places.take()
                        group.addTask {
                            do { try await conversation.answer(update) } catch { print("a message is lost: \(error)") }
                            places.giveBack()
                        }
                    }
                }
            }
        }
    }

    /// A bot outlives an API that is away for long; each round of attempts has its own pauses.
    private static func patiently(_ body: () async throws -> [Update]) async throws -> [Update] {
        do {
            return try await body()
        } catch let failure as BotAPI.Failure {
            print("no messages: \(failure)")
            return []
        }
    }

    private static func records(in folder: String) async throws -> any KeyValueStore {
        #if SQLite
            let store: any Store = try await SQLite.open(path: "\(folder)/bot.db")
            try await store.migrate(TableKeyValueStore.migrations)
            return TableKeyValueStore(store: store)
        #else
            return MemoryKeyValueStore()
        #endif
    }

    /// The key that seals the records, made at the first start.
    ///
    /// A real bot has it from a vault, apart from the records.
    private static func storeKey(in folder: String) throws -> SecretBytes {
        let file = URL(filePath: folder).appending(path: "store-key")
        if let bytes = try? Data(contentsOf: file) { return SecretBytes(copying: Array(bytes)) }
        let key = RandomSource.system.bytes(SealedRecords.storeKeyBytesMin)
        let isMade = FileManager.default.createFile(
            atPath: file.path(percentEncoded: false), contents: Data(key), attributes: [.posixPermissions: 0o600])
        guard isMade else { throw CocoaError(.fileWriteUnknown) }
        return SecretBytes(copying: key)
    }
}

/// How far the messages were read.
private enum Offset {
    private static let key = KeyValueKey(collection: "bot", key: "offset")

    static func read(_ records: any KeyValueStore) async throws -> Int64 {
        guard let record = try await records.read([key]).first ?? nil else { return 0 }
        return Int64(String(decoding: record.value, as: UTF8.self)) ?? 0
    }

    static func store(_ offset: Int64, _ records: any KeyValueStore) async throws {
        try await records.apply([.put(key, Array("\(offset)".utf8))])
    }
}
