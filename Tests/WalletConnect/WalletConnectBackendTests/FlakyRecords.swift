import Primitives
import Storage
import Synchronization

/// Records that fail now and then in ways that pass: not at all, or after the change was stored.
final class FlakyRecords: KeyValueStore {
    private let base: any KeyValueStore
    private let units = Mutex(0)

    init(_ base: any KeyValueStore) { self.base = base }

    func apply(_ changes: [KeyValueChange]) async throws(KeyValueError) {
        let number = units.withLock { units in
            units += 1
            return units
        }
        if number % 5 == 0 { throw KeyValueError(.overloaded, "not now") }
        try await base.apply(changes)
        if number % 7 == 0 { throw KeyValueError(.unavailable, "the connection broke") }
    }

    func read(_ keys: [KeyValueKey]) async throws(KeyValueError) -> [KeyValueRecord?] { try await base.read(keys) }

    func list(_ collection: String, after: String?, limit: Int) async throws(KeyValueError) -> [KeyValueRecord] {
        try await base.list(collection, after: after, limit: limit)
    }

    func removeExpired(before moment: Timestamp, limit: Int) async throws(KeyValueError) -> Int {
        try await base.removeExpired(before: moment, limit: limit)
    }

    func health() async throws(KeyValueError) -> Duration { try await base.health() }
}
