public import Primitives
public import Storage
import WalletConnectClient
public import WalletConnectProtocol

/// Reads notifications with the records of a wallet that is elsewhere, or not running: no relay, no client, no change.
///
/// ```swift
/// let notifications = try await Notifications.open(records, storeKey: key)
/// let message = try await notifications.decryptMessage(text, topic: topic)
/// if case .request(_, "wc_sessionRequest", let params) = message { … }
/// ```
///
/// A push service hands a device the topic and the sealed message. A program that is started for that alone, such as an
/// extension of an app, opens the message here. The keys of the topics stay inside; nothing is ever written.
public struct Notifications: Sendable {
    private let records: SealedRecords

    private init(_ records: SealedRecords) {
        self.records = records
    }

    /// Opens the records of a wallet for reading.
    ///
    /// - Parameters:
    ///   - records: the wallet's; it may run at the same time.
    ///   - storeKey: the wallet's.
    /// - Throws: `WalletKitError`: `no_records` when no wallet has been here, `wrong_store_key`, `store_unavailable`.
    public static func open(
        _ records: any KeyValueStore, storeKey: borrowing SecretBytes
    ) async throws(WalletKitError) -> Notifications {
        do throws(KeyValueError) {
            return Notifications(
                try await SealedRecords.open(ReadOnlyRecords(base: records), storeKey: storeKey, random: .system))
        } catch {
            throw Self.error(error)
        }
    }

    /// Opens a sealed message of a session or a pairing.
    ///
    /// - Parameters:
    ///   - text: the message as the relay carries it, in Base64.
    ///   - topic: where it was sent.
    /// - Returns: what the dApp said.
    /// - Throws: `WalletKitError`: `unknown_topic`, `malformed_message`, `not_authentic`, `malformed_payload`,
    ///   `record_corrupt`, `store_unavailable`.
    public func decryptMessage(_ text: String, topic: Topic) async throws(WalletKitError) -> PeerMessage {
        let record = try await record(of: topic)
        guard let opening = TopicRecord(record) else { throw Self.corrupt(record) }
        let plaintext: [UInt8]
        do throws(EnvelopeError) {
            plaintext = try opening.open(text)
        } catch {
            throw Self.error(error)
        }
        do throws(FrameError) {
            return try PeerMessage(plaintext: plaintext)
        } catch {
            throw WalletKitError(.malformedPayload, "the message is none of the protocol", cause: error)
        }
    }

    /// How the dApp of a session or a pairing presents itself.
    ///
    /// - Throws: `WalletKitError`: `unknown_topic`, also for a pairing whose dApp has said nothing yet; `record_corrupt`,
    ///   `store_unavailable`.
    public func metadata(topic: Topic) async throws(WalletKitError) -> Metadata {
        let record = try await record(of: topic)
        guard let opened = TopicRecord(record) else { throw Self.corrupt(record) }
        guard let metadata = opened.peerMetadata else {
            throw WalletKitError(.unknownTopic, "the dApp of \(topic) is not known yet")
        }
        return metadata
    }

    private func record(of topic: Topic) async throws(WalletKitError) -> StoredRecord {
        let collections: [RecordCollection] = [.sessions, .pairings]
        do throws(KeyValueError) {
            let found = try await records.read(
                collections.map { KeyValueKey(collection: $0.rawValue, key: topic.hex) })
            for (collection, record) in zip(collections, found) {
                guard let record else { continue }
                return StoredRecord(
                    key: RecordKey(collection, topic.hex), value: record.value, expiresAt: record.expiresAt)
            }
        } catch {
            throw Self.error(error)
        }
        throw WalletKitError(.unknownTopic, "no session and no pairing lives on \(topic)")
    }

    private static func corrupt(_ record: StoredRecord) -> WalletKitError {
        WalletKitError(.recordCorrupt, "the record of \(record.key.key) cannot be read")
    }

    private static func error(_ error: EnvelopeError) -> WalletKitError {
        switch error {
        case .notAuthentic: WalletKitError(.notAuthentic, "the message is not sealed for this topic", cause: error)
        default: WalletKitError(.malformedMessage, "the text is no sealed message", cause: error)
        }
    }

    private static func error(_ error: KeyValueError) -> WalletKitError {
        switch error.code {
        case .readOnly: WalletKitError(.noRecords, "no wallet has kept records here", cause: error)
        case .wrongStoreKey: WalletKitError(.wrongStoreKey, error.message, cause: error)
        case .corrupt: WalletKitError(.recordCorrupt, error.message, cause: error)
        default: WalletKitError(.storeUnavailable, error.message, cause: error)
        }
    }
}

/// Records that take no change: a reader of notifications leaves no trace.
private struct ReadOnlyRecords: KeyValueStore {
    let base: any KeyValueStore

    func read(_ keys: [KeyValueKey]) async throws(KeyValueError) -> [KeyValueRecord?] {
        try await base.read(keys)
    }

    func list(_ collection: String, after: String?, limit: Int) async throws(KeyValueError) -> [KeyValueRecord] {
        try await base.list(collection, after: after, limit: limit)
    }

    func apply(_ changes: [KeyValueChange]) async throws(KeyValueError) {
        throw KeyValueError(.readOnly, "these records are only read")
    }

    func removeExpired(before moment: Timestamp, limit: Int) async throws(KeyValueError) -> Int {
        throw KeyValueError(.readOnly, "these records are only read")
    }

    func health() async throws(KeyValueError) -> Duration {
        try await base.health()
    }
}
