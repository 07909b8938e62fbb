import Primitives
import Storage
import Synchronization

/// Records that die after so many units: everything after that fails for good, as in a killed process.
final class MortalRecords: KeyValueStore {
    private let base: any KeyValueStore
    private let last: Int
    private let units = Mutex(0)

    init(_ base: any KeyValueStore, diesAfter last: Int) {
        self.base = base
        self.last = last
    }

    /// How many units were asked for.
    var count: Int { units.withLock { $0 } }

    func apply(_ changes: [KeyValueChange]) async throws(KeyValueError) {
        let number = units.withLock { units in
            units += 1
            return units
        }
        guard number <= last else { throw KeyValueError(.closed, "gone") }
        try await base.apply(changes)
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
