public import Cryptography
public import Primitives
import Storage
import Synchronization

extension EmbeddedKeystore {
    private static func place(of id: SortableID) -> RecordEnvelope.Place {
        RecordEnvelope.Place(table: KeyTable.table.name, row: id, column: KeyTable.secret.name)
    }

    public func create(_ curve: Curve, label: String) async throws -> KeyDescription {
        // For two of the curves a few of the 2^256 numbers are no secrets: at most one in 2^32 tries fails.
        for _ in 0..<16 {
            let secret = SecretBytes.random(count: UnsealedKey.secretBytes)
            guard let key = try? UnsealedKey(secret: secret, curve: curve) else { continue }
            return try await keep(key, SecretBox(secret), label: label)
        }
        throw KeyError(.unavailable, "the kernel gives no valid secret")
    }

    /// Adds a key whose secret the caller has; wiping his copy is his duty.
    ///
    /// - Throws: ``KeyError``: `sealed`, `invalidInput` when the 32 bytes are no secret on the curve or the label is
    ///   too long, `exists`, `storage`, `unavailable`.
    public func importKey(
        secret: borrowing SecretBytes, curve: Curve, label: String
    ) async throws -> KeyDescription {
        let key = try UnsealedKey(secret: secret, curve: curve)
        return try await keep(key, SecretBox(copying: secret), label: label)
    }

    private func keep(_ key: UnsealedKey, _ secret: SecretBox, label: String) async throws -> KeyDescription {
        guard label.utf8.count <= KeyDescription.labelBytesMax else {
            throw KeyError(.invalidInput, "a label has at most \(KeyDescription.labelBytesMax) bytes")
        }
        let (kekID, kek, generation) = try await newestKEK()
        let description = KeyDescription(
            id: ids.next(), curve: key.curve, publicKey: key.publicKey, label: label, backend: backend,
            isEnabled: true, createdAt: clock.now)
        let record = try RecordEnvelope.seal(
            secret.bytes, at: Self.place(of: description.id), kekID: kekID, kek: kek.bytes)
        try await write { tx in
            try tx.insert(
                into: KeyTable.table,
                [
                    KeyTable.id.set(description.id), KeyTable.curve.set(description.curve),
                    KeyTable.publicKey.set(description.publicKey), KeyTable.label.set(description.label),
                    KeyTable.isEnabled.set(true), KeyTable.createdAt.set(description.createdAt),
                    KeyTable.kek.set(Int64(kekID)), KeyTable.secret.set(record.bytes),
                ])
        }
        // A seal in between only means that the key is loaded again when it is first used.
        try? remember(generation) { $0.insert(LoadedKey(key: key, isEnabled: true), for: description.id) }
        return description
    }

    public func describe(_ id: SortableID) async throws -> KeyDescription {
        let backend = backend
        let found = try await read { tx in
            try tx.first(Query(KeyTable.table, where: [KeyTable.id == id])).map { try Self.description($0, backend) }
        }
        guard let found else { throw KeyError(.unknownKey, "no key \(id)") }
        return found
    }

    public func list() async throws -> [KeyDescription] {
        let backend = backend
        return try await read { tx in
            try tx.select(Query(KeyTable.table, order: [.ascending(KeyTable.id)])).map {
                try Self.description($0, backend)
            }
        }
    }

    /// Lets a key sign, or not.
    ///
    /// Other processes on the same store learn of it when they next unseal.
    ///
    /// - Throws: ``KeyError``: `unknownKey`, `storage`, `unavailable`.
    public func setEnabled(_ id: SortableID, _ isEnabled: Bool) async throws {
        let changed = try await write { tx in
            try tx.update(KeyTable.table, set: [KeyTable.isEnabled.set(isEnabled)], where: [KeyTable.id == id])
        }
        // Forgotten rather than changed: a load that read the old row may be about to remember it.
        state.withLock { state in
            state.unsealed?.keys[id] = nil
            state.generation += state.unsealed == nil ? 0 : 1
        }
        guard changed == 1 else { throw KeyError(.unknownKey, "no key \(id)") }
    }

    public func sign(_ digests: [Hash32], with key: SortableID) async throws -> [Secp256k1.Signature] {
        try await loaded(key).sign(digests)
    }

    public func signMessage(_ message: [UInt8], with key: SortableID) async throws -> [UInt8] {
        try await loaded(key).signMessage(message)
    }

    /// The key from memory, or from the store when it is used for the first time since the unseal.
    private func loaded(_ id: SortableID) async throws -> UnsealedKey {
        // Once more when another key was switched, or the keystore sealed and unsealed, while this one was read.
        for _ in 0..<4 {
            let cached = try state.withLock { state throws(KeyError) in
                guard let unsealed = state.unsealed else { throw KeyError(.sealed, "the keystore is sealed") }
                return (unsealed.keys[id], state.generation)
            }
            if let found = cached.0 {
                guard found.isEnabled else { throw KeyError(.disabled, "key \(id) is disabled") }
                return found.key
            }
            let found = try await load(id)
            if (try? remember(cached.1, { $0.insert(found, for: id) })) != nil {
                guard found.isEnabled else { throw KeyError(.disabled, "key \(id) is disabled") }
                return found.key
            }
        }
        _ = try requireUnsealed()
        throw KeyError(.unavailable, "the keystore keeps changing")
    }

    private func load(_ id: SortableID) async throws -> LoadedKey {
        let found = try await read { tx in
            try tx.first(Query(KeyTable.table, where: [KeyTable.id == id]))
        }
        guard let row = found else { throw KeyError(.unknownKey, "no key \(id)") }
        let secret = try await open(try RecordEnvelope(row.get(KeyTable.secret)), at: Self.place(of: id))
        let key = try UnsealedKey(secret: secret.bytes, curve: row.get(KeyTable.curve))
        // Whoever can write the row could point a known key at a secret of his own.
        guard key.publicKey == (try row.get(KeyTable.publicKey)) else {
            throw KeyError(.badRecord, "the secret of key \(id) does not belong to its public key")
        }
        return LoadedKey(key: key, isEnabled: try row.get(KeyTable.isEnabled))
    }

    private static func description(_ row: Row, _ backend: String) throws -> KeyDescription {
        let curve = try row.get(KeyTable.curve)
        let publicKey = try row.get(KeyTable.publicKey)
        guard publicKey.count == curve.publicKeyBytes else {
            throw KeyError(.badRecord, "a public key has not the size of its curve")
        }
        return KeyDescription(
            id: try row.get(KeyTable.id), curve: curve, publicKey: publicKey, label: try row.get(KeyTable.label),
            backend: backend, isEnabled: try row.get(KeyTable.isEnabled), createdAt: try row.get(KeyTable.createdAt))
    }
}

extension EmbeddedKeystore.Unsealed {
    mutating func insert(_ key: EmbeddedKeystore.LoadedKey, for id: SortableID) {
        if keys.count >= EmbeddedKeystore.keysCachedMax { keys.removeAll() }
        keys[id] = key
    }
}
