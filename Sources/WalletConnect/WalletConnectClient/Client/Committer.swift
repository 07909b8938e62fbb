import Logging
import Primitives
import Storage
import WalletConnectProtocol

/// Stores what decisions change: everything that waits in one unit, or nothing and the client ends.
///
/// One client writes to its records at a time: each unit passes its ``OwnerFence``.
struct Committer: Sendable {
    private static let ownerKey = KeyValueKey(collection: RecordCollection.client.rawValue, key: "owner")

    let records: any KeyValueStore
    private var fence: OwnerFence
    let patience: StorePatience
    let metrics: ClientMetrics
    let logger: Logger

    init(
        records: any KeyValueStore, random: RandomSource, patience: StorePatience, metrics: ClientMetrics,
        logger: Logger
    ) {
        self.records = records
        fence = OwnerFence(Self.ownerKey, random: random)
        self.patience = patience
        self.metrics = metrics
        self.logger = logger
    }

    /// Takes the records over from whoever had them.
    mutating func begin() async throws(SignError) {
        do throws(KeyValueError) {
            try await fence.take(records, patience)
        } catch {
            throw Self.failure(error)
        }
    }

    /// Stores the changes of decisions as one unit.
    mutating func commit(_ decisions: [WaitingDecision]) async throws(SignError) {
        let changes = Self.changes(of: decisions)
        guard !changes.isEmpty else { return }
        let start = ContinuousClock.now
        do throws(KeyValueError) {
            try await fence.store(changes, in: records, patience) { [metrics, logger] error, attempt, isStored in
                metrics.commitFailed()
                guard !isStored else { return }
                logger.warning(
                    "walletconnect records not stored", metadata: ["attempt": "\(attempt)", "error": "\(error)"])
            }
        } catch {
            throw Self.failure(error)
        }
        metrics.committed(changes.count, took: start.duration(to: .now))
    }

    func read(_ keys: [KeyValueKey]) async throws(SignError) -> [KeyValueRecord?] {
        try await retrying { () throws(KeyValueError) in try await records.read(keys) }
    }

    /// Runs `body` until it succeeds, fails for good, or has failed for as long as the settings say.
    func retrying<Value: Sendable>(
        _ body: () async throws(KeyValueError) -> Value
    ) async throws(SignError) -> Value {
        try await Self.retrying(patience, body)
    }

    static func retrying<Value: Sendable>(
        _ patience: StorePatience, _ body: () async throws(KeyValueError) -> Value
    ) async throws(SignError) -> Value {
        do throws(KeyValueError) {
            return try await patience.trying(body)
        } catch {
            throw failure(error)
        }
    }

    static func failure(_ error: KeyValueError) -> SignError {
        error.code == .conflict ? replaced() : SignError(.storageFailed, cause: "\(error)")
    }

    private static func replaced() -> SignError {
        SignError(.storageFailed, "another client has taken over these records")
    }

    /// The last change of each record, in the order of the first.
    static func changes(of decisions: [WaitingDecision]) -> [KeyValueChange] {
        var changes: [KeyValueChange] = []
        let count = decisions.reduce(0) { $0 + $1.decision.changes.count }
        changes.reserveCapacity(count)
        var places: [RecordKey: Int] = [:]
        if count > 1 { places.reserveCapacity(count) }
        for entry in decisions {
            for change in entry.decision.changes {
                let (key, next) = Self.change(change)
                if let place = places[key] {
                    changes[place] = next
                } else {
                    places[key] = changes.count
                    changes.append(next)
                }
            }
        }
        return changes
    }

    private static func change(_ change: RecordChange) -> (RecordKey, KeyValueChange) {
        switch change {
        case .put(let record):
            (
                record.key,
                .put(
                    KeyValueKey(collection: record.key.collection.rawValue, key: record.key.key), record.value,
                    expiresAt: record.expiresAt)
            )
        case .delete(let key):
            (key, .delete(KeyValueKey(collection: key.collection.rawValue, key: key.key)))
        }
    }
}
