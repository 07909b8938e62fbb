import Primitives

/// One sealed record as it stands in a column.
///
/// `magic 4 | version 1 | suite 1 | kek id 4 | wrapped DEK 60 | nonce 12 | ciphertext | tag 16`, numbers big-endian.
/// The data encryption key (DEK) seals this one plaintext; the key encryption key (KEK) of that id wraps the DEK, with
/// AES-256-GCM both times. The wrap is bound to table, row, column, KEK id, suite and version; the data to all of these
/// but the KEK id, so that a rotation wraps 32 bytes anew and leaves the data as it is. A changed KEK id still opens
/// nothing, because the DEK does not unwrap.
struct RecordEnvelope: Sendable, Equatable {
    /// Where a record belongs; elsewhere it does not open.
    struct Place: Sendable, Hashable {
        let table: String
        let row: SortableID
        let column: String
    }

    static let magic: [UInt8] = Array("CFRC".utf8)
    static let version: UInt8 = 1
    /// AES-256-GCM for the wrap and for the data, with random nonces.
    static let suite: UInt8 = 1
    static let dekBytes = 32
    static let wrappedBytes = dekBytes + SealedBox.overheadBytes
    /// Everything around the plaintext.
    static let overheadBytes = 10 + wrappedBytes + SealedBox.overheadBytes

    let kekID: UInt32
    let wrappedDEK: [UInt8]
    /// Nonce, ciphertext and tag.
    let box: [UInt8]

    init(kekID: UInt32, wrappedDEK: [UInt8], box: [UInt8]) {
        self.kekID = kekID
        self.wrappedDEK = wrappedDEK
        self.box = box
    }

    init(_ record: [UInt8]) throws(KeyError) {
        guard record.count >= Self.overheadBytes, Array(record[..<4]) == Self.magic else {
            throw KeyError(.badRecord, "these bytes are no sealed record")
        }
        guard record[4] == Self.version, record[5] == Self.suite else {
            throw KeyError(.badRecord, "a sealed record of version \(record[4]), suite \(record[5]) is unknown")
        }
        kekID = record[6..<10].reduce(0) { $0 << 8 | UInt32($1) }
        wrappedDEK = Array(record[10..<10 + Self.wrappedBytes])
        box = Array(record[(10 + Self.wrappedBytes)...])
    }

    var bytes: [UInt8] {
        Self.magic + [Self.version, Self.suite] + AdditionalData.bytes(kekID) + wrappedDEK + box
    }

    static func seal(
        _ secret: borrowing SecretBytes, at place: Place, kekID: UInt32, kek: borrowing SecretBytes
    ) throws(KeyError) -> RecordEnvelope {
        let dek = SecretBytes.random(count: dekBytes)
        return RecordEnvelope(
            kekID: kekID, wrappedDEK: try SealedBox.seal(dek, under: kek, wrapData(place, kekID)),
            box: try SealedBox.seal(secret, under: dek, boxData(place)))
    }

    func open(at place: Place, kek: borrowing SecretBytes) throws(KeyError) -> SecretBytes {
        let dek = try SealedBox.open(wrappedDEK, under: kek, Self.wrapData(place, kekID))
        return try SealedBox.open(box, under: dek, Self.boxData(place))
    }

    /// The same record with its DEK under another KEK.
    func rewrapped(
        at place: Place, from old: borrowing SecretBytes, to newID: UInt32, _ new: borrowing SecretBytes
    ) throws(KeyError) -> RecordEnvelope {
        let dek = try SealedBox.open(wrappedDEK, under: old, Self.wrapData(place, kekID))
        return RecordEnvelope(
            kekID: newID, wrappedDEK: try SealedBox.seal(dek, under: new, Self.wrapData(place, newID)), box: box)
    }

    private static func wrapData(_ place: Place, _ kekID: UInt32) -> [UInt8] {
        AdditionalData.list("record key", fields(place) + [AdditionalData.bytes(kekID)])
    }

    private static func boxData(_ place: Place) -> [UInt8] {
        AdditionalData.list("record data", fields(place))
    }

    private static func fields(_ place: Place) -> [[UInt8]] {
        [Array(place.table.utf8), place.row.bytes, Array(place.column.utf8), [version], [suite]]
    }
}
