import Primitives
import Storage
import Synchronization
import WalletConnectClient

/// Records that fail when told to.
final class MortalRecords: KeyValueStore {
    enum Fault: Sendable {
        /// Everything after so many units fails for good: the process is as good as dead.
        case diesAfter(Int)
        /// So many units fail in a way that passes, after the first ones.
        case fails(times: Int, after: Int)
        /// So many units are stored, and yet reported as lost, after the first ones.
        case losesAnswers(times: Int, after: Int)
    }

    private let base: any KeyValueStore
    private let fault: Fault
    private let units = Mutex(0)

    init(_ base: any KeyValueStore, _ fault: Fault) {
        self.base = base
        self.fault = fault
    }

    /// How many units were asked for.
    var count: Int { units.withLock { $0 } }

    func apply(_ changes: [KeyValueChange]) async throws(KeyValueError) {
        let number = units.withLock { units in
            units += 1
            return units
        }
        switch fault {
        case .diesAfter(let last):
            guard number <= last else { throw KeyValueError(.closed, "gone") }
            try await base.apply(changes)
        case .fails(let times, let first):
            guard !(first + 1...first + times).contains(number) else { throw KeyValueError(.overloaded, "not now") }
            try await base.apply(changes)
        case .losesAnswers(let times, let first):
            try await base.apply(changes)
            guard !(first + 1...first + times).contains(number) else {
                throw KeyValueError(.unavailable, "the connection broke")
            }
        }
    }

    func read(_ keys: [KeyValueKey]) async throws(KeyValueError) -> [KeyValueRecord?] {
        try await base.read(keys)
    }

    func list(
        _ collection: String, after: String?, limit: Int
    ) async throws(KeyValueError) -> [KeyValueRecord] {
        try await base.list(collection, after: after, limit: limit)
    }

    func removeExpired(before moment: Timestamp, limit: Int) async throws(KeyValueError) -> Int {
        try await base.removeExpired(before: moment, limit: limit)
    }

    func health() async throws(KeyValueError) -> Duration { try await base.health() }
}
