import Cryptography
public import Primitives
public import Storage
import Synchronization

/// Seals every value of another store, so that a copy of the database gives no key and no message away.
///
/// A value is sealed with ChaCha20-Poly1305; collection and key are bound to it, so that rows cannot be swapped. Names,
/// expiries and sizes stay readable, and an old value can be put back in place of a newer one by whoever writes to the
/// database: sealing keeps secrets, it is no proof of freshness.
///
/// Each process seals under a key of its own, derived from the store key and 16 random bytes that travel with the
/// value; its nonces count up. So nonces never repeat, however many records are written.
///
/// ```swift
/// let records = try await SealedRecords.open(store, storeKey: key, random: .system)
/// ```
public final class SealedRecords: KeyValueStore {
    /// Bytes that sealing adds to a value: layout, salt, nonce and tag.
    public static let overheadBytes = 1 + saltBytes + counterBytes + tagBytes
    /// The fewest bytes of a store key.
    public static let storeKeyBytesMin = 32

    private static let layout: UInt8 = 1
    private static let saltBytes = 16
    private static let counterBytes = 8
    private static let tagBytes = 16
    /// Keys of earlier processes that are kept derived; beyond it they are derived anew.
    private static let keysMax = 256
    private static let info = Array("coffer walletconnect records 1".utf8)
    private static let checkKey = KeyValueKey(collection: "sealing", key: "check")
    private static let checkValue = Array("sealed under this store key".utf8)

    // A class, because a noncopyable secret can't be in a dictionary.
    private final class Key: Sendable {
        let bytes: SecretBytes

        init(_ bytes: consuming SecretBytes) {
            self.bytes = bytes
        }
    }

    private struct State {
        var counter: UInt64 = 0
        var keys: [[UInt8]: Key] = [:]
    }

    private let base: any KeyValueStore
    private let master: Key
    private let salt: [UInt8]
    private let own: Key
    private let state = Mutex(State())

    private init(_ base: any KeyValueStore, storeKey: borrowing SecretBytes, random: RandomSource) {
        self.base = base
        master = Key(HKDF.sha256(ikm: storeKey, info: Self.info, count: 32))
        salt = random.bytes(Self.saltBytes)
        own = Key(HKDF.sha256(ikm: master.bytes, salt: salt, info: Self.info, count: 32))
    }

    /// Opens the records of a store, and makes sure that they were sealed under this key.
    ///
    /// An empty store takes the key it is opened with first.
    ///
    /// - Parameter storeKey: at least ``storeKeyBytesMin`` bytes of real randomness, kept outside the database.
    /// - Throws: `KeyValueError` with code `wrong_store_key`, and as the store below.
    public static func open(
        _ base: any KeyValueStore, storeKey: borrowing SecretBytes, random: RandomSource
    ) async throws(KeyValueError) -> SealedRecords {
        guard storeKey.count >= storeKeyBytesMin else {
            throw KeyValueError(.wrongStoreKey, "a store key has at least \(storeKeyBytesMin) bytes")
        }
        let records = SealedRecords(base, storeKey: storeKey, random: random)
        try await records.checkStoreKey()
        return records
    }

    private func checkStoreKey() async throws(KeyValueError) {
        if try await base.read([Self.checkKey]).first ?? nil == nil {
            let sealed = try seal(Self.checkValue, as: Self.checkKey)
            do {
                try await base.apply([.put(Self.checkKey, sealed, if: .absent)])
            } catch {
                // Another process may have been first; its key counts.
                guard error.code == .conflict else { throw error }
            }
        }
        guard let record = try await base.read([Self.checkKey]).first ?? nil,
            (try? unseal(record.value, as: Self.checkKey)) == Self.checkValue
        else {
            throw KeyValueError(
                .wrongStoreKey, "these records were sealed under another store key", key: Self.checkKey)
        }
    }

    public func read(_ keys: [KeyValueKey]) async throws(KeyValueError) -> [KeyValueRecord?] {
        var found = try await base.read(keys)
        for index in found.indices {
            if let record = found[index] { found[index] = try opened(record) }
        }
        return found
    }

    public func list(
        _ collection: String, after: String?, limit: Int
    ) async throws(KeyValueError) -> [KeyValueRecord] {
        var records = try await base.list(collection, after: after, limit: limit)
        for index in records.indices { records[index] = try opened(records[index]) }
        return records
    }

    public func apply(_ changes: [KeyValueChange]) async throws(KeyValueError) {
        var sealed: [KeyValueChange] = []
        sealed.reserveCapacity(changes.count)
        for change in changes {
            guard case .put(let value, let expiresAt) = change.operation else {
                sealed.append(change)
                continue
            }
            sealed.append(
                .put(
                    change.key, try seal(value, as: change.key), expiresAt: expiresAt, if: change.precondition))
        }
        try await base.apply(sealed)
    }

    public func removeExpired(before moment: Timestamp, limit: Int) async throws(KeyValueError) -> Int {
        try await base.removeExpired(before: moment, limit: limit)
    }

    public func health() async throws(KeyValueError) -> Duration {
        try await base.health()
    }

    // MARK: Sealing

    private func opened(_ record: KeyValueRecord) throws(KeyValueError) -> KeyValueRecord {
        KeyValueRecord(
            key: record.key, value: try unseal(record.value, as: record.key), revision: record.revision,
            expiresAt: record.expiresAt)
    }

    private func seal(_ value: [UInt8], as key: KeyValueKey) throws(KeyValueError) -> [UInt8] {
        let count = state.withLock { state in
            state.counter += 1
            return state.counter
        }
        var sealed: [UInt8] = []
        sealed.reserveCapacity(value.count + Self.overheadBytes)
        sealed.append(Self.layout)
        sealed.append(contentsOf: salt)
        let nonce = Self.nonce(count)
        sealed.append(contentsOf: nonce.suffix(Self.counterBytes))
        do {
            sealed.append(
                contentsOf: try ChaChaPoly.seal(
                    value, key: own.bytes, nonce: nonce, authenticating: Self.binding(key)))
        } catch {
            throw KeyValueError(.unavailable, "\(key) was not sealed", key: key, cause: error)
        }
        return sealed
    }

    private func unseal(_ sealed: [UInt8], as key: KeyValueKey) throws(KeyValueError) -> [UInt8] {
        guard sealed.count >= Self.overheadBytes, sealed[0] == Self.layout else {
            throw KeyValueError(.corrupt, "\(key) is not a sealed value", key: key)
        }
        let body = 1 + Self.saltBytes + Self.counterBytes
        let nonce = [0, 0, 0, 0] + sealed[(1 + Self.saltBytes)..<body]
        do {
            return try ChaChaPoly.open(
                Array(sealed[body...]), key: self.key(for: Array(sealed[1...Self.saltBytes])).bytes, nonce: nonce,
                authenticating: Self.binding(key))
        } catch {
            throw KeyValueError(.corrupt, "\(key) was changed, or sealed under another key", key: key, cause: error)
        }
    }

    private func key(for salt: [UInt8]) -> Key {
        if salt == self.salt { return own }
        return state.withLock { state in
            if let known = state.keys[salt] { return known }
            // Salts come from the database: whoever writes there must not make us keep a key for each of them.
            if state.keys.count >= Self.keysMax { state.keys.removeAll() }
            let key = Key(HKDF.sha256(ikm: master.bytes, salt: salt, info: Self.info, count: 32))
            state.keys[salt] = key
            return key
        }
    }

    private static func nonce(_ count: UInt64) -> [UInt8] {
        var nonce: [UInt8] = [0, 0, 0, 0]
        nonce.reserveCapacity(12)
        for shift in stride(from: 56, through: 0, by: -8) {
            nonce.append(UInt8(truncatingIfNeeded: count >> UInt64(shift)))
        }
        return nonce
    }

    /// What a sealed value is bound to; the collection's length keeps `a/bc` from being `ab/c`.
    private static func binding(_ key: KeyValueKey) -> [UInt8] {
        var bytes: [UInt8] = [layout, UInt8(truncatingIfNeeded: key.collection.utf8.count)]
        bytes.reserveCapacity(2 + key.collection.utf8.count + key.key.utf8.count)
        bytes.append(contentsOf: key.collection.utf8)
        bytes.append(contentsOf: key.key.utf8)
        return bytes
    }
}
