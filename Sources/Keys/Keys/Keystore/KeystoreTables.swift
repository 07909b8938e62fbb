import Primitives
public import Storage

/// The tables of ``EmbeddedKeystore``.
public enum KeysSchema {
    /// To be applied to the store before a keystore uses it.
    public static let migrations = [
        Migration(
            "0001 keys",
            [.createTable(UnlockTable.table), .createTable(KEKTable.table), .createTable(KeyTable.table)])
    ]
}

/// The unlock slots: each holds the root key under one passphrase.
enum UnlockTable {
    static let name = Column<String>("name")
    static let kind = Column<String>("kind")
    static let opsLimit = Column<Int64>("ops_limit")
    static let memoryBytes = Column<Int64>("memory_bytes")
    static let salt = Column<[UInt8]>("salt")
    static let wrappedRoot = Column<[UInt8]>("wrapped_root")
    static let commitment = Column<[UInt8]>("commitment")
    static let createdAt = Column<Timestamp>("created_at")
    static let table = Table(
        "vault_slots", [name, kind, opsLimit, memoryBytes, salt, wrappedRoot, commitment, createdAt],
        primaryKey: [name],
        checks: [.oneOf(column: "kind", values: [UnlockSlot.passphraseKind])])
}

/// The key encryption keys: 1, 2, 3 … A destroyed one keeps its row, so that its number never comes again.
enum KEKTable {
    static let id = Column<Int64>("id")
    static let wrapped = Column<[UInt8]?>("wrapped")
    static let createdAt = Column<Timestamp>("created_at")
    static let retiredAt = Column<Timestamp?>("retired_at")
    static let destroyedAt = Column<Timestamp?>("destroyed_at")
    static let table = Table(
        "vault_versions", [id, wrapped, createdAt, retiredAt, destroyedAt], primaryKey: [id],
        checks: [.range(column: "id", 1...Int64(UInt32.max))])
}

enum KeyTable {
    static let id = Column<SortableID>("id")
    static let curve = Column<Curve>("curve")
    static let publicKey = Column<[UInt8]>("public_key")
    static let label = Column<String>("label")
    static let isEnabled = Column<Bool>("is_enabled")
    static let createdAt = Column<Timestamp>("created_at")
    /// The KEK that the record names, for counting.
    static let kek = Column<Int64>("kek")
    /// The secret as a ``RecordEnvelope``.
    static let secret = Column<[UInt8]>("secret")
    static let table = Table(
        "vault_keys", [id, curve, publicKey, label, isEnabled, createdAt, kek, secret], primaryKey: [id],
        uniques: [Index("vault_keys_by_public_key", [curve, publicKey])],
        indexes: [Index("vault_keys_by_kek", [kek])],
        checks: [.oneOf(column: "curve", values: Curve.allCases.map(\.rawValue))])
}
