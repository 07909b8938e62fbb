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

    private struct State {
        var entries: [KeyValueKey: Entry] = [:]
        /// The keys of a collection in their order, made when they are listed and forgotten when one is added or removed.
        var sorted: [String: [String]] = [:]

        mutating func set(_ key: KeyValueKey, _ entry: Entry?) {
            let previous = entries[key]
            entries[key] = entry
            if (previous == nil) != (entry == nil) { sorted[key.collection] = nil }
        }

        mutating func keys(of collection: String) -> [String] {
            if let known = sorted[collection] { return known }
            let keys = entries.keys
                .filter { $0.collection.utf8.elementsEqual(collection.utf8) }
                .map(\.key)
                .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            sorted[collection] = keys
            return keys
        }
    }

    private let state = Mutex(State())

    /// An empty store.
    public init() {}

    /// How many records there are.
    public var count: Int { state.withLock(\.entries.count) }

    public func read(_ keys: [KeyValueKey]) async throws(KeyValueError) -> [KeyValueRecord?] {
        for key in keys { try KeyValueLimits.check(key) }
        return state.withLock { state in keys.map { key in state.entries[key].map { Self.record(key, $0) } } }
    }

    public func list(
        _ collection: String, after: String?, limit: Int
    ) async throws(KeyValueError) -> [KeyValueRecord] {
        state.withLock { state in
            let keys = state.keys(of: collection)
            var start = 0
            if let after {
                // The first key behind `after`, by halving.
                var end = keys.count
                while start < end {
                    let middle = (start + end) / 2
                    if after.utf8.lexicographicallyPrecedes(keys[middle].utf8) {
                        end = middle
                    } else {
                        start = middle + 1
                    }
                }
            }
            return keys[start...].prefix(max(0, limit)).compactMap { name in
                let key = KeyValueKey(collection: collection, key: name)
                return state.entries[key].map { Self.record(key, $0) }
            }
        }
    }

    public func apply(_ changes: [KeyValueChange]) async throws(KeyValueError) {
        try KeyValueLimits.check(changes)
        let refused = state.withLock { state -> KeyValueError? in
            var undo: [(key: KeyValueKey, entry: Entry?)] = []
            undo.reserveCapacity(changes.count)
            for change in changes {
                let current = state.entries[change.key]
                if let refusal = Self.refusal(change, current) {
                    for step in undo.reversed() { state.set(step.key, step.entry) }
                    return refusal
                }
                undo.append((change.key, current))
                switch change.operation {
                case .delete: state.set(change.key, nil)
                case .put(let value, let expiresAt):
                    state.set(
                        change.key,
                        Entry(value: value, revision: (current?.revision ?? 0) + 1, expiresAt: expiresAt))
                }
            }
            return nil
        }
        if let refused { throw refused }
    }

    public func removeExpired(before moment: Timestamp, limit: Int) async throws(KeyValueError) -> Int {
        state.withLock { state in
            let expired = state.entries.filter { $0.value.expiresAt.map { $0 <= moment } ?? false }
                .sorted { ($0.value.expiresAt ?? moment) < ($1.value.expiresAt ?? moment) }
                .prefix(max(0, limit))
            for (key, _) in expired { state.set(key, nil) }
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
