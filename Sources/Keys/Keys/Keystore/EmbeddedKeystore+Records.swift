public import Primitives
import Storage

extension EmbeddedKeystore {
    /// Encrypts a secret for one column of one row; in any other place it does not open.
    ///
    /// Write the result into that place soon: the KEK that it names is destroyed some time after it is retired. The
    /// column was named at `init`, so that a rotation finds the record.
    ///
    /// - Throws: ``KeyError``: `sealed`, `invalidInput` for a column that was not named, `storage`, `unavailable`.
    public func sealRecord(
        table: String, row: SortableID, column: String, _ secret: borrowing SecretBytes
    ) async throws -> [UInt8] {
        try requireNamed(table, column)
        let (kekID, kek, _) = try await newestKEK()
        return try RecordEnvelope.seal(
            secret, at: RecordEnvelope.Place(table: table, row: row, column: column), kekID: kekID, kek: kek.bytes
        ).bytes
    }

    /// Decrypts what ``sealRecord(table:row:column:_:)`` made for this place.
    ///
    /// - Throws: ``KeyError``: `sealed`, `badRecord`, `invalidInput` for a column that was not named, `storage`,
    ///   `unavailable`.
    public func openRecord(
        table: String, row: SortableID, column: String, _ record: [UInt8]
    ) async throws -> SecretBytes {
        try requireNamed(table, column)
        let box = try await open(
            RecordEnvelope(record), at: RecordEnvelope.Place(table: table, row: row, column: column))
        return SecretBytes(copying: box.bytes)
    }

    private func requireNamed(_ table: String, _ column: String) throws(KeyError) {
        guard columns.contains(where: { $0.table.name == table && $0.columnName == column }) else {
            throw KeyError(.invalidInput, "\(table).\(column) is no sealed column: a rotation would lose its records")
        }
    }

    func open(_ record: RecordEnvelope, at place: RecordEnvelope.Place) async throws -> SecretBox {
        SecretBox(try record.open(at: place, kek: try await kek(record.kekID).bytes))
    }

    /// A KEK by its number; one that another process has added is read from the store.
    func kek(_ id: UInt32) async throws -> SecretBox {
        let (unsealed, generation) = try requireUnsealed()
        if let known = unsealed.keks[id] { return known }
        let keks = try await loadKEKs(under: unsealed.root)
        try? remember(generation) { $0.keks = keks }
        guard let found = keks[id] else { throw KeyError(.badRecord, "there is no key version \(id)") }
        return found
    }

    /// The KEK for new records.
    ///
    /// The store is asked each time: another process may have rotated.
    func newestKEK() async throws -> (id: UInt32, kek: SecretBox, generation: UInt64) {
        let generation = try requireUnsealed().generation
        let newest = try await read { tx in
            try tx.first(Query(KEKTable.table, order: [.descending(KEKTable.id)]))?.get(KEKTable.id)
        }
        guard let number = newest, let id = UInt32(exactly: number) else {
            throw KeyError(.badRecord, "there is no key version")
        }
        return (id, try await kek(id), generation)
    }
}

extension SecretBytes {
    init(copying other: borrowing SecretBytes) {
        self = other.withBytes { SecretBytes(copying: $0) }
    }
}
