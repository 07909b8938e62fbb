import Primitives
import Storage
import Synchronization

/// Records whose database is away while a test says so; of some collections, or of all.
final class OutageRecords: KeyValueStore {
    private struct State {
        var error: KeyValueError.Code?
        var failures = 0
    }

    private let base: any KeyValueStore
    private let prefix: String
    private let state = Mutex(State())

    /// - Parameter prefix: of the collections that it is about.
    init(_ base: any KeyValueStore = MemoryKeyValueStore(), of prefix: String = "") {
        self.base = base
        self.prefix = prefix
    }

    /// How often it has failed.
    var failures: Int { state.withLock(\.failures) }

    /// Fails from now on; nil ends that.
    func fail(_ code: KeyValueError.Code?) { state.withLock { $0.error = code } }

    private func check(_ collections: [String]) throws(KeyValueError) {
        guard collections.contains(where: { $0.hasPrefix(prefix) }) else { return }
        let code = state.withLock { state in
            if state.error != nil { state.failures += 1 }
            return state.error
        }
        if let code { throw KeyValueError(code, "the database is away") }
    }

    func apply(_ changes: [KeyValueChange]) async throws(KeyValueError) {
        try check(changes.map(\.key.collection))
        try await base.apply(changes)
    }

    func read(_ keys: [KeyValueKey]) async throws(KeyValueError) -> [KeyValueRecord?] {
        try check(keys.map(\.collection))
        return try await base.read(keys)
    }

    func list(_ collection: String, after: String?, limit: Int) async throws(KeyValueError) -> [KeyValueRecord] {
        try check([collection])
        return try await base.list(collection, after: after, limit: limit)
    }

    func removeExpired(before moment: Timestamp, limit: Int) async throws(KeyValueError) -> Int {
        try await base.removeExpired(before: moment, limit: limit)
    }

    func health() async throws(KeyValueError) -> Duration { try await base.health() }
}
