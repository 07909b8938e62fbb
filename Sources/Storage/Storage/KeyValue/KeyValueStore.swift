public import Primitives

/// The name of a record: a collection and a key in it, both compared byte by byte.
public struct KeyValueKey: Sendable, Hashable, CustomStringConvertible {
    /// Bytes of UTF-8 that a collection's name may have; at least one.
    public static let collectionBytesMax = 64
    /// Bytes of UTF-8 that a key may have; at least one.
    public static let keyBytesMax = 512

    /// Records of one kind.
    public let collection: String
    /// The record's name among them.
    public let key: String

    /// A name; whether its lengths are in range is checked by the store.
    public init(collection: String, key: String) {
        self.collection = collection
        self.key = key
    }

    public static func == (left: Self, right: Self) -> Bool {
        // The counts first: they are known, and most keys that differ, differ there or in the first bytes.
        left.key.utf8.count == right.key.utf8.count && left.key.utf8.elementsEqual(right.key.utf8)
            && left.collection.utf8.elementsEqual(right.collection.utf8)
    }

    public func hash(into hasher: inout Hasher) {
        var (collection, key) = (collection, key)
        collection.withUTF8 { utf8 in unsafe hasher.combine(bytes: UnsafeRawBufferPointer(utf8)) }
        hasher.combine(0xFF as UInt8)
        key.withUTF8 { utf8 in unsafe hasher.combine(bytes: UnsafeRawBufferPointer(utf8)) }
    }

    /// Collection and key with a slash between them.
    public var description: String { "\(collection)/\(key)" }
}

/// A stored value with what the store knows of it.
public struct KeyValueRecord: Sendable, Hashable {
    /// The record's name.
    public let key: KeyValueKey
    /// The value, as it was put.
    public let value: [UInt8]
    /// 1 when the record is made, one more with every change; a record made again after a deletion begins at 1.
    public let revision: Int64
    /// When the record may be removed; nil for never.
    public let expiresAt: Timestamp?

    /// A record.
    public init(key: KeyValueKey, value: [UInt8], revision: Int64, expiresAt: Timestamp?) {
        self.key = key
        self.value = value
        self.revision = revision
        self.expiresAt = expiresAt
    }
}

/// What must be true of a record for a change to happen.
public enum KeyValuePrecondition: Sendable, Hashable {
    /// There is no such record.
    case absent
    /// The record is there at this revision.
    case revision(Int64)
}

/// One change of one record.
public struct KeyValueChange: Sendable, Hashable {
    /// What happens to the record.
    public enum Operation: Sendable, Hashable {
        /// Makes the record or replaces its value and expiry.
        case put(value: [UInt8], expiresAt: Timestamp?)
        /// Removes the record; one that is not there stays so, without an error.
        case delete
    }

    /// The record's name.
    public let key: KeyValueKey
    /// What happens to it.
    public let operation: Operation
    /// What must be true before; nil for nothing.
    public let precondition: KeyValuePrecondition?

    /// A change.
    public init(_ key: KeyValueKey, _ operation: Operation, if precondition: KeyValuePrecondition? = nil) {
        self.key = key
        self.operation = operation
        self.precondition = precondition
    }

    /// Makes or replaces a record.
    public static func put(
        _ key: KeyValueKey, _ value: [UInt8], expiresAt: Timestamp? = nil, if precondition: KeyValuePrecondition? = nil
    ) -> KeyValueChange {
        KeyValueChange(key, .put(value: value, expiresAt: expiresAt), if: precondition)
    }

    /// Removes a record.
    public static func delete(_ key: KeyValueKey, if precondition: KeyValuePrecondition? = nil) -> KeyValueChange {
        KeyValueChange(key, .delete, if: precondition)
    }
}

/// Keeps a client's records: small values by name, changed together or not at all.
///
/// The port is small so that every database can keep it exactly. All that an adapter promises:
///
/// - `apply` is atomic and durable: when it returns, all changes are on the disk; when it throws, none is, now or later,
///   unless the code is `unavailable`, after which nobody knows.
/// - Reads see everything that `apply` has stored before they began.
/// - Names are compared and ordered by their UTF-8 bytes.
/// - A record whose expiry is past may disappear at any time, and is otherwise returned as it is; before, it never
///   disappears. ``removeExpired(before:limit:)`` removes them for stores that do not by themselves.
///
/// ```swift
/// try await store.apply([.put(key, bytes, if: .absent), .delete(other)])
/// let record = try await store.read([key])[0]
/// ```
public protocol KeyValueStore: Sendable {
    /// The records of these names, in the order asked, nil where there is none.
    func read(_ keys: [KeyValueKey]) async throws(KeyValueError) -> [KeyValueRecord?]

    /// The records of a collection in the order of their keys, at most `limit`, beginning behind `after`.
    ///
    /// Fewer than `limit` are the last ones.
    func list(_ collection: String, after: String?, limit: Int) async throws(KeyValueError) -> [KeyValueRecord]

    /// Makes all changes, in their order, or none.
    ///
    /// A later change of the same record sees the earlier one.
    ///
    /// - Throws: `KeyValueError`: `value_too_large` and `invalid_key` naming the record, before anything is asked of the
    ///   database; `conflict` naming the record whose precondition does not hold.
    func apply(_ changes: [KeyValueChange]) async throws(KeyValueError)

    /// Removes up to `limit` records that expired at or before `moment`, and returns how many.
    func removeExpired(before moment: Timestamp, limit: Int) async throws(KeyValueError) -> Int

    /// Asks the database something small, and returns how long the answer took.
    ///
    /// - Throws: `KeyValueError` when the database cannot do its work now.
    func health() async throws(KeyValueError) -> Duration
}

/// The limits that every store keeps alike.
public enum KeyValueLimits {
    /// Bytes in a value: 1 MiB, which every database takes in one row, document or string.
    public static let valueBytesMax = 1 << 20

    /// Refuses what some database could not keep; every adapter calls it first.
    ///
    /// - Throws: `KeyValueError`: `value_too_large`, `invalid_key`.
    public static func check(_ changes: [KeyValueChange]) throws(KeyValueError) {
        for change in changes {
            try check(change.key)
            guard case .put(let value, _) = change.operation, value.count > valueBytesMax else { continue }
            throw KeyValueError(
                .valueTooLarge, "\(change.key) has \(value.count) bytes; \(valueBytesMax) is most", key: change.key)
        }
    }

    /// Refuses a name that is empty or too long.
    ///
    /// - Throws: `KeyValueError`: `invalid_key`.
    public static func check(_ key: KeyValueKey) throws(KeyValueError) {
        guard 1...KeyValueKey.collectionBytesMax ~= key.collection.utf8.count,
            1...KeyValueKey.keyBytesMax ~= key.key.utf8.count
        else {
            throw KeyValueError(
                .invalidKey,
                "a collection has 1 to \(KeyValueKey.collectionBytesMax) bytes, a key 1 to \(KeyValueKey.keyBytesMax)",
                key: key)
        }
    }
}
