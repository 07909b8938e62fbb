package import Primitives
package import Storage

/// The record that says who writes a set of records.
///
/// One process writes at a time. Each of its units moves this record on by one revision, so that whoever was replaced, by
/// a second process or after a pause, stores nothing more.
package struct OwnerFence: Sendable {
    private let key: KeyValueKey
    /// Of this run alone.
    private let owner: [UInt8]
    private var revision: Int64 = 0

    package init(_ key: KeyValueKey, random: RandomSource) {
        self.key = key
        owner = random.bytes(16)
    }

    /// Takes the records over from whoever had them.
    ///
    /// - Throws: `conflict` when somebody else took them at the same moment.
    package mutating func take(
        _ records: any KeyValueStore, _ patience: StorePatience
    ) async throws(KeyValueError) {
        let change = KeyValueChange.put(key, owner)
        try await patience.trying { () throws(KeyValueError) in try await records.apply([change]) }
        guard let record = try await own(records, patience) else {
            throw KeyValueError(.conflict, "somebody else has taken these records over", key: key)
        }
        revision = record.revision
    }

    /// Stores a unit of changes, trying again for as long as `patience` lasts.
    ///
    /// - Parameter onFailure: told of each attempt that failed, counted from 1; `isStored` when the unit turned out to be
    ///   stored all the same, as after a connection that broke.
    /// - Throws: `conflict` once somebody else writes these records.
    package mutating func store(
        _ changes: [KeyValueChange], in records: any KeyValueStore, _ patience: StorePatience,
        onFailure: (_ error: KeyValueError, _ attempt: Int, _ isStored: Bool) -> Void
    ) async throws(KeyValueError) {
        let unit = [KeyValueChange.put(key, owner, if: .revision(revision))] + changes
        var attempts = patience.begin()
        while true {
            do throws(KeyValueError) {
                try await records.apply(unit)
                break
            } catch {
                let attempt = attempts.failures + 1
                if error.code == .conflict, attempt > 1,
                    try await own(records, patience)?.revision == revision + 1
                {
                    onFailure(error, attempt, true)
                    break
                }
                onFailure(error, attempt, false)
                guard await attempts.wait(after: error) else { throw error }
            }
        }
        revision += 1
    }

    private func own(
        _ records: any KeyValueStore, _ patience: StorePatience
    ) async throws(KeyValueError) -> KeyValueRecord? {
        let found = try await patience.trying { () throws(KeyValueError) in try await records.read([key]) }
        guard let record = found.first ?? nil, record.value == owner else { return nil }
        return record
    }
}
