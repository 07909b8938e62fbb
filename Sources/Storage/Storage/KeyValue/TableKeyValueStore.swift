public import Primitives

/// Records in a table of any ``Store``: SQLite, PostgreSQL, MySQL, or memory.
///
/// ```swift
/// try await store.migrate(StorageSchema.migrations + TableKeyValueStore.migrations)
/// let records = TableKeyValueStore(store: store)
/// ```
public struct TableKeyValueStore: KeyValueStore {
    /// The steps of the schema; append them to the program's own.
    public static let migrations = [Migration("records 1 key values", [.createTable(RecordTable.table)])]

    /// Milliseconds until ``health()`` must be answered.
    public static let healthDeadlineMillisecondsDefault: Int64 = 2_000

    private let store: any Store
    private let probe: HealthProbe

    /// Records in `store`, whose migrations have been applied.
    ///
    /// - Parameter healthDeadlineMilliseconds: until ``health()`` must be answered.
    public init(store: any Store, healthDeadlineMilliseconds: Int64 = healthDeadlineMillisecondsDefault) {
        self.store = store
        probe = HealthProbe(deadlineMilliseconds: healthDeadlineMilliseconds)
    }

    public func read(_ keys: [KeyValueKey]) async throws(KeyValueError) -> [KeyValueRecord?] {
        for key in keys { try KeyValueLimits.check(key) }
        return try await ask { store in
            try await store.read { tx in
                var found: [KeyValueRecord?] = []
                found.reserveCapacity(keys.count)
                for key in keys { found.append(try RecordTable.record(key, in: tx)) }
                return found
            }
        }
    }

    public func list(
        _ collection: String, after: String?, limit: Int
    ) async throws(KeyValueError) -> [KeyValueRecord] {
        // The empty name is the probe's.
        guard !collection.isEmpty else { return [] }
        return try await ask { store in
            try await store.read { tx in
                var terms = [RecordTable.collection == collection]
                if let after { terms.append(RecordTable.key > after) }
                let rows = try tx.select(
                    Query(RecordTable.table, where: terms, order: [.ascending(RecordTable.key)], limit: limit))
                var records: [KeyValueRecord] = []
                records.reserveCapacity(rows.count)
                for row in rows { records.append(try RecordTable.record(row)) }
                return records
            }
        }
    }

    public func apply(_ changes: [KeyValueChange]) async throws(KeyValueError) {
        try KeyValueLimits.check(changes)
        guard !changes.isEmpty else { return }
        try await ask { store in
            try await store.write { tx in
                for change in changes { try RecordTable.apply(change, in: tx) }
            }
        }
    }

    public func removeExpired(before moment: Timestamp, limit: Int) async throws(KeyValueError) -> Int {
        try await ask { store in
            try await store.write { tx in
                let rows = try tx.select(
                    Query(
                        RecordTable.table, where: [RecordTable.expiresAt <= moment],
                        order: [.ascending(RecordTable.expiresAt)], limit: limit))
                for row in rows {
                    try tx.delete(
                        from: RecordTable.table,
                        where: [
                            RecordTable.collection == row.get(RecordTable.collection),
                            RecordTable.key == row.get(RecordTable.key),
                        ])
                }
                return rows.count
            }
        }
    }

    /// Writes a small record of its own, so that a full disk or a failed one shows.
    ///
    /// At most once a second; in between it begins a transaction that would write, and changes nothing. Callers at the
    /// same time share an answer.
    public func health() async throws(KeyValueError) -> Duration {
        let start = ContinuousClock.now
        try await probe.ask { writes in
            do throws(KeyValueError) {
                return .success(try await self.write(aRecord: writes))
            } catch {
                return .failure(error)
            }
        }
        return start.duration(to: .now)
    }

    private func write(aRecord: Bool) async throws(KeyValueError) {
        try await ask { store in
            try await store.write { tx in
                // No caller's records have such names: the limits refuse them.
                let change: KeyValueChange =
                    aRecord
                    ? .put(KeyValueKey(collection: "", key: "health"), [])
                    : .delete(KeyValueKey(collection: "", key: ""))
                try RecordTable.apply(change, in: tx)
            }
        }
    }

    private func ask<Result: Sendable>(
        _ body: (any Store) async throws -> Result
    ) async throws(KeyValueError) -> Result {
        do {
            return try await body(store)
        } catch let error as KeyValueError {
            throw error
        } catch let error as StorageError {
            throw KeyValueError(KeyValueError.Code(error.code), error.message, cause: error)
        } catch {
            throw KeyValueError(.unavailable, "the store failed", cause: error)
        }
    }
}

extension KeyValueError.Code {
    /// What a storage error means for records.
    fileprivate init(_ code: StorageError.Code) {
        self =
            switch code {
            case .busy, .overloaded: .overloaded
            case .full: .full
            case .readOnly, .inputOutput: .readOnly
            case .corrupt: .corrupt
            case .closed: .closed
            case .schema, .checkViolation, .uniqueViolation: .schema
            // The port's word for both: what was asked may have happened or not.
            case .unavailable, .outcomeUnknown: .unavailable
            default: .unavailable
            }
    }
}

/// The table behind the port.
private enum RecordTable {
    static let collection = Column<String>("collection")
    static let key = Column<String>("record_key")
    static let value = Column<[UInt8]>("value")
    static let revision = Column<Int64>("revision")
    static let expiresAt = Column<Timestamp?>("expires_at")
    static let table = Table(
        "key_value_records", [collection, key, value, revision, expiresAt], primaryKey: [collection, key],
        indexes: [Index("key_value_records_by_expiry", [expiresAt], wherePresent: expiresAt)])

    static func terms(_ name: KeyValueKey) -> [Term] {
        [collection == name.collection, key == name.key]
    }

    static func record(_ name: KeyValueKey, in tx: any ReadTransaction) throws(StorageError) -> KeyValueRecord? {
        guard let row = try tx.first(Query(table, where: terms(name))) else { return nil }
        return try record(row)
    }

    static func record(_ row: Row) throws(StorageError) -> KeyValueRecord {
        KeyValueRecord(
            key: KeyValueKey(collection: try row.get(collection), key: try row.get(key)), value: try row.get(value),
            revision: try row.get(revision), expiresAt: try row.get(expiresAt))
    }

    static func apply(_ change: KeyValueChange, in tx: any WriteTransaction) throws {
        let name = change.key
        if case .delete = change.operation, change.precondition == nil {
            try tx.delete(from: table, where: terms(name))
            return
        }
        let current = try tx.first(Query(table, where: terms(name)))?.get(revision)
        switch change.precondition {
        case .absent where current != nil:
            throw KeyValueError(.conflict, "\(name) is there", key: name)
        case .revision(let wanted) where current != wanted:
            let found = current.map { "at revision \($0)" } ?? "not there"
            throw KeyValueError(.conflict, "\(name) is \(found), not at \(wanted)", key: name)
        default: break
        }
        switch change.operation {
        case .delete:
            try tx.delete(from: table, where: terms(name))
        case .put(let bytes, let expiry):
            if let current {
                try tx.update(
                    table, set: [value.set(bytes), revision.set(current + 1), expiresAt.set(expiry)],
                    where: terms(name))
            } else {
                try tx.insert(
                    into: table,
                    [
                        collection.set(name.collection), key.set(name.key), value.set(bytes), revision.set(1),
                        expiresAt.set(expiry),
                    ])
            }
        }
    }
}
