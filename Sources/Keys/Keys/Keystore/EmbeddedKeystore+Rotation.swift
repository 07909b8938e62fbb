import Primitives
import Storage
import Synchronization

/// How far a rotation has come.
public struct RotationReport: Sendable, Hashable {
    /// The KEK that new records use.
    public let current: UInt32
    /// How many records this call has put under it.
    public let rewrapped: Int
    /// For each older KEK that is left, how many records still need it.
    public let pending: [UInt32: Int]
    /// The KEKs that this call has destroyed.
    public let destroyed: [UInt32]

    /// How many records are under older KEKs.
    public var pendingCount: Int { pending.values.reduce(0, +) }
}

extension EmbeddedKeystore {
    /// Adds a KEK, which new records use from now on, and answers with its number.
    ///
    /// - Throws: ``KeyError``: `sealed`, `exists` when another process rotates at the same moment, `storage`,
    ///   `unavailable`.
    @discardableResult
    public func rotate() async throws -> UInt32 {
        let (unsealed, generation) = try requireUnsealed()
        let root = unsealed.root
        let now = clock.now
        let made = try await write { tx in
            let newest = try tx.first(Query(KEKTable.table, order: [.descending(KEKTable.id)]))?.get(KEKTable.id) ?? 0
            guard let id = UInt32(exactly: newest + 1) else { throw KeyError(.invalidInput, "no numbers are left") }
            let kek = SecretBox(.random(count: KeyEncryptionKey.bytes))
            try tx.update(KEKTable.table, set: [KEKTable.retiredAt.set(now)], where: [KEKTable.retiredAt.isNull])
            try tx.insert(
                into: KEKTable.table,
                [
                    KEKTable.id.set(Int64(id)),
                    KEKTable.wrapped.set(try KeyEncryptionKey.wrap(kek, id: id, root: root)),
                    KEKTable.createdAt.set(now), KEKTable.retiredAt.set(nil), KEKTable.destroyedAt.set(nil),
                ])
            return (id, kek)
        }
        try? remember(generation) { $0.keks[made.0] = made.1 }
        return made.0
    }

    /// Puts up to `limit` records under the newest KEK, then destroys the KEKs that nothing needs any more.
    ///
    /// Call it until ``RotationReport/pendingCount`` is 0; it may be stopped and begun again at any time.
    ///
    /// - Throws: ``KeyError``: `sealed`, `badRecord` when a record does not open, `storage`, `unavailable`.
    public func rewrapPending(limit: Int) async throws -> RotationReport {
        precondition(limit > 0, "a rotation moves at least one record at a time")
        let (current, kek, _) = try await newestKEK()
        var rewrapped = try await rewrapKeys(limit: limit, current, kek)
        for column in columns where rewrapped < limit {
            rewrapped += try await rewrap(column, limit: limit - rewrapped, current, kek)
        }
        let (pending, destroyed) = try await destroyUnneeded(current)
        state.withLock { state in
            for id in destroyed { state.unsealed?.keks[id] = nil }
        }
        return RotationReport(current: current, rewrapped: rewrapped, pending: pending, destroyed: destroyed)
    }

    private func rewrapKeys(limit: Int, _ current: UInt32, _ kek: SecretBox) async throws -> Int {
        let rows = try await read { tx in
            try tx.select(
                Query(
                    KeyTable.table, where: [KeyTable.kek < Int64(current)], order: [.ascending(KeyTable.id)],
                    limit: limit)
            ).map { (try $0.get(KeyTable.id), try $0.get(KeyTable.secret)) }
        }
        var changes: [(SortableID, old: [UInt8], new: [UInt8])] = []
        for (id, old) in rows {
            let place = RecordEnvelope.Place(table: KeyTable.table.name, row: id, column: KeyTable.secret.name)
            changes.append((id, old, try await rewrapped(old, at: place, current, kek)))
        }
        let ready = changes
        guard !ready.isEmpty else { return 0 }
        return try await write { tx in
            var count = 0
            for (id, old, new) in ready {
                count += try tx.update(
                    KeyTable.table, set: [KeyTable.kek.set(Int64(current)), KeyTable.secret.set(new)],
                    where: [KeyTable.id == id, KeyTable.secret == old])
            }
            return count
        }
    }

    private func rewrap(
        _ column: SealedColumn, limit: Int, _ current: UInt32, _ kek: SecretBox
    ) async throws -> Int {
        let rows = try await read { tx in
            var found: [(SortableID, [UInt8])] = []
            try Self.visit(column, in: tx) { id, record, kekID in
                if kekID < current { found.append((id, record)) }
                return found.count < limit
            }
            return found
        }
        var changes: [(SortableID, old: [UInt8], new: [UInt8])] = []
        for (id, old) in rows {
            let place = RecordEnvelope.Place(table: column.table.name, row: id, column: column.columnName)
            changes.append((id, old, try await rewrapped(old, at: place, current, kek)))
        }
        let ready = changes
        guard !ready.isEmpty else { return 0 }
        return try await write { tx in
            var count = 0
            for (id, old, new) in ready {
                count += try tx.update(
                    column.table, set: [column.column.set(new)],
                    where: [column.id == id, column.column == old])
            }
            return count
        }
    }

    private func rewrapped(
        _ record: [UInt8], at place: RecordEnvelope.Place, _ current: UInt32, _ kek: SecretBox
    ) async throws -> [UInt8] {
        let envelope = try RecordEnvelope(record)
        let old = try await self.kek(envelope.kekID)
        return try envelope.rewrapped(at: place, from: old.bytes, to: current, kek.bytes).bytes
    }

    private func destroyUnneeded(_ current: UInt32) async throws -> (pending: [UInt32: Int], destroyed: [UInt32]) {
        let now = clock.now
        let (columns, retirementSeconds) = (columns, retirementSeconds)
        return try await write { tx in
            // Counted in the unit of work that destroys, so that nothing comes in between.
            var pending: [UInt32: Int] = [:]
            let older = try tx.select(
                Query(KEKTable.table, where: [KEKTable.id < Int64(current), KEKTable.wrapped.isNotNull]))
            for row in older {
                let id = try row.get(KEKTable.id)
                pending[UInt32(truncatingIfNeeded: id)] = try tx.count(KeyTable.table, where: [KeyTable.kek == id])
            }
            guard !pending.isEmpty else { return ([:], []) }
            for column in columns {
                try Self.visit(column, in: tx) { _, _, kekID in
                    if pending[kekID] != nil { pending[kekID, default: 0] += 1 }
                    return true
                }
            }
            var destroyed: [UInt32] = []
            for row in older {
                let id = try row.get(KEKTable.id)
                let number = UInt32(truncatingIfNeeded: id)
                guard pending[number] == 0, let retiredAt = try row.get(KEKTable.retiredAt),
                    retiredAt.adding(seconds: retirementSeconds) <= now
                else { continue }
                try tx.update(
                    KEKTable.table, set: [KEKTable.wrapped.set(nil), KEKTable.destroyedAt.set(now)],
                    where: [KEKTable.id == id])
                destroyed.append(number)
                pending[number] = nil
            }
            return (pending, destroyed.sorted())
        }
    }

    /// Shows every record of a column, in the order of ids, until `body` answers `false`.
    private static func visit(
        _ column: SealedColumn, in tx: any ReadTransaction,
        _ body: (SortableID, [UInt8], UInt32) throws -> Bool
    ) throws {
        let page = 500
        var last: SortableID?
        while true {
            let terms = last.map { [column.id > $0] } ?? []
            let rows = try tx.select(
                Query(column.table, where: terms, order: [.ascending(column.id)], limit: page))
            for row in rows {
                let id = try row.get(column.id)
                last = id
                guard let record = try row.get(column.column) else { continue }
                guard try body(id, record, RecordEnvelope(record).kekID) else { return }
            }
            if rows.count < page { return }
        }
    }
}
