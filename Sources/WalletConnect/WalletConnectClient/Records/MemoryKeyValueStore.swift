public import Primitives
import Synchronization

/// Records in memory: the twin of the databases, gone with the process.
///
/// It keeps every promise of ``KeyValueStore`` but durability. Tests hand one store to a second client to see what a
/// restart leaves.
public final class MemoryKeyValueStore: KeyValueStore {
    private struct Entry {
        var value: [UInt8]
        var revision: Int64
        var expiresAt: Timestamp?
    }

    private let entries = Mutex<[KeyValueKey: Entry]>([:])

    /// An empty store.
    public init() {}

    /// How many records there are.
    public var count: Int { entries.withLock(\.count) }

    public func read(_ keys: [KeyValueKey]) async throws(KeyValueError) -> [KeyValueRecord?] {
        for key in keys { try KeyValueLimits.check(key) }
        return entries.withLock { entries in keys.map { key in entries[key].map { Self.record(key, $0) } } }
    }

    public func list(
        _ collection: String, after: String?, limit: Int
    ) async throws(KeyValueError) -> [KeyValueRecord] {
        entries.withLock { entries in
            let keys = entries.keys
                .filter { key in
                    key.collection.utf8.elementsEqual(collection.utf8)
                        && (after.map { $0.utf8.lexicographicallyPrecedes(key.key.utf8) } ?? true)
                }
                .sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            return keys.prefix(max(0, limit)).compactMap { key in entries[key].map { Self.record(key, $0) } }
        }
    }

    public func apply(_ changes: [KeyValueChange]) async throws(KeyValueError) {
        try KeyValueLimits.check(changes)
        let refused = entries.withLock { entries -> KeyValueError? in
            var undo: [(key: KeyValueKey, entry: Entry?)] = []
            undo.reserveCapacity(changes.count)
            for change in changes {
                let current = entries[change.key]
                if let refusal = Self.refusal(change, current) {
                    for step in undo.reversed() { entries[step.key] = step.entry }
                    return refusal
                }
                undo.append((change.key, current))
                switch change.operation {
                case .delete: entries[change.key] = nil
                case .put(let value, let expiresAt):
                    entries[change.key] = Entry(
                        value: value, revision: (current?.revision ?? 0) + 1, expiresAt: expiresAt)
                }
            }
            return nil
        }
        if let refused { throw refused }
    }

    public func removeExpired(before moment: Timestamp, limit: Int) async throws(KeyValueError) -> Int {
        entries.withLock { entries in
            let expired = entries.filter { $0.value.expiresAt.map { $0 <= moment } ?? false }
                .sorted { ($0.value.expiresAt ?? moment) < ($1.value.expiresAt ?? moment) }
                .prefix(max(0, limit))
            for (key, _) in expired { entries[key] = nil }
            return expired.count
        }
    }

    public func health() async throws(KeyValueError) -> Duration { .zero }

    private static func record(_ key: KeyValueKey, _ entry: Entry) -> KeyValueRecord {
        KeyValueRecord(key: key, value: entry.value, revision: entry.revision, expiresAt: entry.expiresAt)
    }

    private static func refusal(_ change: KeyValueChange, _ current: Entry?) -> KeyValueError? {
        switch change.precondition {
        case nil: nil
        case .absent:
            current == nil ? nil : KeyValueError(.conflict, "\(change.key) is there", key: change.key)
        case .revision(let wanted):
            current?.revision == wanted
                ? nil
                : KeyValueError(
                    .conflict,
                    "\(change.key) is \(current.map { "at revision \($0.revision)" } ?? "not there"), not at \(wanted)",
                    key: change.key)
        }
    }
}
