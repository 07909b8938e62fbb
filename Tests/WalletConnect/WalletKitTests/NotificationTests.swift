import Foundation
import Primitives
import Storage
import Synchronization
import Testing
import WalletConnectClient
import WalletConnectProtocol
import WalletKit

#if SQLite
    import StorageSQLite
#endif

/// What a program without a client reads of a wallet's records.
struct NotificationTests {
    /// A session of a wallet with these records, and what the dApp sent on both topics.
    private struct Sent: Sendable {
        var session: Topic
        var pairing: Topic
        var proposal: String
        var request: String
    }

    /// Runs a wallet; `during` is called while it runs, with the messages that the dApp sealed.
    private static func wallet(
        _ records: any KeyValueStore, during: @escaping @Sendable (Sent) async throws -> Void = { _ in }
    ) async throws -> Sent {
        let tap = Tap()
        let kept = Mutex<Sent?>(nil)
        try await Stage.running(Stage.Wallet(records: records), tap: tap) { stage in
            let session = try await stage.settle()
            _ = try await stage.ask(session.topic, ["0x68656c6c6f"])
            _ = try await stage.told.request()
            let sent = Sent(
                session: session.topic, pairing: session.pairingTopic,
                proposal: try #require(tap.messages(on: session.pairingTopic).first),
                request: try #require(tap.messages(on: session.topic).last))
            kept.withLock { $0 = sent }
            try await during(sent)
        }
        return try #require(kept.withLock { $0 })
    }

    private static func open(
        _ records: any KeyValueStore, storeKey: [UInt8] = Stage.storeKeyBytes
    ) async throws -> Notifications {
        try await Notifications.open(records, storeKey: SecretBytes(copying: storeKey))
    }

    /// Reads the request, the proposal and the dApp's description.
    private static func read(_ notifications: Notifications, _ sent: Sent) async throws {
        let request = try await notifications.decryptMessage(sent.request, topic: sent.session)
        guard case .request(_, "wc_sessionRequest", let params) = request else {
            Issue.record("a request, not \(request)")
            return
        }
        #expect(params["request"]?["method"] == "personal_sign")
        #expect(params["request"]?["params"] == ["0x68656c6c6f"])
        #expect(try await notifications.metadata(topic: sent.session) == Stage.metadata("DApp"))
        let proposal = try await notifications.decryptMessage(sent.proposal, topic: sent.pairing)
        guard case .request(_, "wc_sessionPropose", let offer) = proposal else {
            Issue.record("a proposal, not \(proposal)")
            return
        }
        #expect(offer["proposer"]?["metadata"]?["name"] == "DApp")
        #expect(try await notifications.metadata(topic: sent.pairing) == Stage.metadata("DApp"))
    }

    @Test func `messages of a session and of a pairing are opened while the wallet runs and after it`() async throws {
        let records = MemoryKeyValueStore()
        let sent = try await Self.wallet(records) { sent in
            try await Self.read(try await Self.open(records), sent)
        }
        try await Self.read(try await Self.open(records), sent)
    }

    @Test func `nothing is ever written`() async throws {
        let records = WatchedRecords()
        let sent = try await Self.wallet(records)
        let before = records.changes
        #expect(before > 0)
        let notifications = try await Self.open(records)
        try await Self.read(notifications, sent)
        #expect(records.changes == before)
        let empty = WatchedRecords()
        await #expect(throws: WalletKitError.self) { try await Self.open(empty) }
        #expect(empty.changes == 0)
    }

    @Test func `another topic's message is not opened, and a topic nobody knows is named`() async throws {
        let records = MemoryKeyValueStore()
        let sent = try await Self.wallet(records)
        let notifications = try await Self.open(records)
        #expect(
            try await Self.code { try await notifications.decryptMessage(sent.request, topic: sent.pairing) }
                == .notAuthentic)
        #expect(
            try await Self.code { try await notifications.decryptMessage(sent.proposal, topic: sent.session) }
                == .notAuthentic)
        let nowhere = Topic(Hash32(repeating: 9))
        #expect(
            try await Self.code { try await notifications.decryptMessage(sent.request, topic: nowhere) }
                == .unknownTopic)
        #expect(try await Self.code { try await notifications.metadata(topic: nowhere) } == .unknownTopic)
    }

    @Test func `a message that is truncated, changed or none is refused, each by its name`() async throws {
        let records = MemoryKeyValueStore()
        let sent = try await Self.wallet(records)
        let notifications = try await Self.open(records)
        func code(_ text: String) async throws -> WalletKitError.Code? {
            try await Self.code { try await notifications.decryptMessage(text, topic: sent.session) }
        }
        let bytes = try Base64.decode(sent.request)
        // Every length, in steps: too short to be sealed, then sealed and cut.
        for count in stride(from: 0, to: bytes.count, by: 7) {
            let expected: WalletKitError.Code = count < 29 ? .malformedMessage : .notAuthentic
            #expect(try await code(Base64.encode(Array(bytes[..<count]))) == expected, "\(count) bytes")
        }
        for index in stride(from: 1, to: bytes.count, by: 11) {
            var changed = bytes
            changed[index] ^= 1
            #expect(try await code(Base64.encode(changed)) == .notAuthentic, "byte \(index)")
        }
        for text in ["", "*", "not Base64 at all", "{\"id\":1}", String(repeating: "A", count: 2 << 20)] {
            #expect(try await code(text) == .malformedMessage)
        }
        // Not sealed at all (type 2), and a type nobody knows.
        #expect(try await code(Base64.encode([2] + Array("{}".utf8))) == .malformedMessage)
        #expect(try await code(Base64.encode([7] + bytes.dropFirst())) == .malformedMessage)
        _ = try await notifications.decryptMessage(sent.request, topic: sent.session)
    }

    @Test func `records of nobody, of another key and damaged ones are told apart`() async throws {
        let records = MemoryKeyValueStore()
        #expect(try await Self.code { try await Self.open(records) } == .noRecords)
        let sent = try await Self.wallet(records)
        let wrong = [UInt8](repeating: 8, count: 32)
        #expect(try await Self.code { try await Self.open(records, storeKey: wrong) } == .wrongStoreKey)
        #expect(try await Self.code { try await Self.open(records, storeKey: [1]) } == .wrongStoreKey)

        let notifications = try await Self.open(records)
        let key = KeyValueKey(collection: "sessions", key: sent.session.hex)
        try await records.apply([.put(key, [UInt8](repeating: 1, count: 100))])
        let code = try await Self.code { try await notifications.metadata(topic: sent.session) }
        #expect(code == .recordCorrupt)
        #expect(code?.isRetryable == false)
    }

    @Test func `an ended session's messages are no longer opened`() async throws {
        let records = MemoryKeyValueStore()
        try await Stage.running(Stage.Wallet(records: records)) { stage in
            let session = try await stage.settle()
            let notifications = try await Self.open(records)
            #expect(try await notifications.metadata(topic: session.topic).name == "DApp")
            try await stage.kit.disconnectSession(session.topic)
            #expect(try await Self.code { try await notifications.metadata(topic: session.topic) } == .unknownTopic)
        }
    }

    #if SQLite
        @Test func `a second program reads the wallet's database while the wallet writes to it`() async throws {
            let path = "\(NSTemporaryDirectory())coffer-walletkit-\(UUID().uuidString.prefix(13).lowercased())"
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            defer { try? FileManager.default.removeItem(atPath: path) }
            let file = "\(path)/wallet.db"
            let store: any Store = try await SQLite.open(path: file)
            try await store.migrate(TableKeyValueStore.migrations)
            let sent = try await Self.wallet(TableKeyValueStore(store: store)) { sent in
                let other: any Store = try await SQLite.open(path: file)
                try await Self.read(try await Self.open(TableKeyValueStore(store: other)), sent)
                await other.close()
            }
            await store.close()
            let later: any Store = try await SQLite.open(path: file)
            try await Self.read(try await Self.open(TableKeyValueStore(store: later)), sent)
            await later.close()
        }
    #endif

    /// The code of what `body` throws; nil when it does not.
    private static func code<Value>(_ body: () async throws -> Value) async throws -> WalletKitError.Code? {
        do {
            _ = try await body()
            return nil
        } catch let error as WalletKitError {
            return error.code
        }
    }
}

/// Records that count how often they are changed.
private final class WatchedRecords: KeyValueStore {
    private let base = MemoryKeyValueStore()
    private let count = Counter()

    var changes: Int { count.value }

    func read(_ keys: [KeyValueKey]) async throws(KeyValueError) -> [KeyValueRecord?] { try await base.read(keys) }

    func list(_ collection: String, after: String?, limit: Int) async throws(KeyValueError) -> [KeyValueRecord] {
        try await base.list(collection, after: after, limit: limit)
    }

    func apply(_ changes: [KeyValueChange]) async throws(KeyValueError) {
        count.add()
        try await base.apply(changes)
    }

    func removeExpired(before moment: Timestamp, limit: Int) async throws(KeyValueError) -> Int {
        count.add()
        return try await base.removeExpired(before: moment, limit: limit)
    }

    func health() async throws(KeyValueError) -> Duration { try await base.health() }
}
