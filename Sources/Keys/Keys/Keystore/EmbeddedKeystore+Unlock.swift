public import Cryptography
public import Primitives
import Storage
import Synchronization

extension EmbeddedKeystore {
    /// The slot that ``initialise(passphrase:cost:)`` makes.
    public static let firstSlot = "main"
    /// How many unlock slots there may be; each costs a derivation at every wrong passphrase.
    public static let slotsMax = 8
    /// The least and the most bytes of a passphrase.
    ///
    /// Eight is the least that [ASVS 5.0](https://owasp.org/www-project-application-security-verification-standard/)
    /// lets pass.
    public static let passphraseBytes = 8...1_024

    /// Whether there is a root key yet.
    public func isInitialised() async throws -> Bool {
        try await read { try $0.count(UnlockTable.table, where: []) > 0 }
    }

    /// Makes the root key and the first KEK, and opens them with `passphrase` from now on.
    ///
    /// The keystore is unsealed after it.
    ///
    /// - Parameter cost: what a try at the passphrase costs; at least `Argon2id.Cost.interactive`.
    /// - Throws: ``KeyError``: `exists` when there is a root key already, `invalidInput` (passphrase, cost),
    ///   `overloaded`, `storage`, `unavailable`.
    public func initialise(passphrase: borrowing SecretBytes, cost: Argon2id.Cost = .unlockSlot) async throws {
        guard try await !isInitialised() else { throw KeyError(.exists, "the keystore has a root key already") }
        let root = SecretBox(.random(count: UnlockSlot.rootBytes))
        let kek = SecretBox(.random(count: KeyEncryptionKey.bytes))
        let wrapped = try KeyEncryptionKey.wrap(kek, id: 1, root: root)
        let slot = try await makeSlot(Self.firstSlot, root: root, passphrase: passphrase, cost: cost)
        try await write { tx in
            // The key of version 1 lets one of two processes win.
            try tx.insert(
                into: KEKTable.table,
                [
                    KEKTable.id.set(1), KEKTable.wrapped.set(wrapped), KEKTable.createdAt.set(slot.createdAt),
                    KEKTable.retiredAt.set(nil), KEKTable.destroyedAt.set(nil),
                ])
            try slot.insert(in: tx)
        }
        state.withLock { $0.unsealed = Unsealed(root: root, keks: [1: kek]) }
    }

    /// Opens the root key with the passphrase of any slot, and all KEKs with it.
    ///
    /// - Throws: ``KeyError``: `badPassphrase`, `badRecord` (a damaged slot or KEK), `unavailable` (not initialised),
    ///   `overloaded`, `storage`.
    public func unseal(passphrase: borrowing SecretBytes) async throws {
        let generation = state.withLock { $0.generation }
        let secret = SecretBox(copying: passphrase)
        let rows = try await read { tx in
            try tx.select(Query(UnlockTable.table, order: [.ascending(UnlockTable.createdAt)], limit: Self.slotsMax))
        }
        guard !rows.isEmpty else { throw KeyError(.unavailable, "the keystore has no root key yet") }
        guard Self.passphraseBytes.contains(secret.bytes.count) else {
            throw KeyError(.badPassphrase, "no unlock slot opens with this passphrase")
        }
        var damage: KeyError?
        for row in rows {
            let slot: UnlockSlot
            do {
                slot = try UnlockSlot(row)
            } catch {
                // One damaged slot must not lock out the others.
                damage = KeyError(storage: error)
                continue
            }
            guard let root = try await threads.run({ try slot.open(passphrase: secret) }) else { continue }
            let keks = try await loadKEKs(under: root)
            let isKept = state.withLock { state in
                guard state.generation == generation else { return false }
                state.unsealed = Unsealed(root: root, keks: keks, keys: state.unsealed?.keys ?? [:])
                return true
            }
            guard isKept else { throw KeyError(.sealed, "the keystore was sealed in between") }
            return
        }
        throw damage ?? KeyError(.badPassphrase, "no unlock slot opens with this passphrase")
    }

    /// The unlock slots, oldest first.
    public func slots() async throws -> [UnlockSlotDescription] {
        try await read { tx in
            try tx.select(Query(UnlockTable.table, order: [.ascending(UnlockTable.createdAt)]))
                .map { try UnlockSlot($0).description }
        }
    }

    /// Adds a slot that opens the same root key.
    ///
    /// - Throws: ``KeyError``: `sealed`, `exists`, `invalidInput` (name, passphrase, cost, too many), `overloaded`,
    ///   `storage`, `unavailable`.
    public func addSlot(
        _ name: String, passphrase: borrowing SecretBytes, cost: Argon2id.Cost = .unlockSlot
    ) async throws {
        let root = try requireUnsealed().unsealed.root
        let slot = try await makeSlot(name, root: root, passphrase: passphrase, cost: cost)
        try await write { tx in
            guard try tx.count(UnlockTable.table, where: []) < Self.slotsMax else {
                throw KeyError(.invalidInput, "there are \(Self.slotsMax) slots already")
            }
            try slot.insert(in: tx)
        }
    }

    /// Gives a slot another passphrase; nothing but the slot is rewritten.
    ///
    /// - Throws: as ``addSlot(_:passphrase:cost:)``; `invalidInput` also when there is no such slot.
    public func changeSlot(
        _ name: String, passphrase: borrowing SecretBytes, cost: Argon2id.Cost = .unlockSlot
    ) async throws {
        let root = try requireUnsealed().unsealed.root
        let slot = try await makeSlot(name, root: root, passphrase: passphrase, cost: cost)
        try await write { tx in
            guard try tx.delete(from: UnlockTable.table, where: [UnlockTable.name == name]) == 1 else {
                throw KeyError(.invalidInput, "there is no slot \(name)")
            }
            try slot.insert(in: tx)
        }
    }

    /// Removes a slot; its passphrase opens nothing from now on.
    ///
    /// The last slot stays.
    ///
    /// - Throws: ``KeyError``: `sealed`, `invalidInput` (no such slot, or the last), `storage`, `unavailable`.
    public func removeSlot(_ name: String) async throws {
        _ = try requireUnsealed()
        try await write { tx in
            guard try tx.count(UnlockTable.table, where: [UnlockTable.name == name]) == 1 else {
                throw KeyError(.invalidInput, "there is no slot \(name)")
            }
            guard try tx.count(UnlockTable.table, where: []) > 1 else {
                throw KeyError(.invalidInput, "the last slot can't be removed: nothing would open the keys")
            }
            try tx.delete(from: UnlockTable.table, where: [UnlockTable.name == name])
        }
    }

    private func makeSlot(
        _ name: String, root: SecretBox, passphrase: borrowing SecretBytes, cost: Argon2id.Cost
    ) async throws -> UnlockSlot {
        guard 1...64 ~= name.utf8.count else { throw KeyError(.invalidInput, "a slot's name has 1 to 64 bytes") }
        guard Self.passphraseBytes.contains(passphrase.count) else {
            let bounds = Self.passphraseBytes
            throw KeyError(.invalidInput, "a passphrase has \(bounds.lowerBound) to \(bounds.upperBound) bytes")
        }
        let floor = Argon2id.Cost.interactive
        guard cost.opsLimit >= floor.opsLimit, cost.memoryBytes >= floor.memoryBytes else {
            throw KeyError(.invalidInput, "an unlock slot costs at least \(floor.opsLimit) passes over 19 MiB")
        }
        let secret = SecretBox(copying: passphrase)
        let now = clock.now
        return try await threads.run {
            try UnlockSlot(name: name, root: root, passphrase: secret, cost: cost, createdAt: now)
        }
    }

    func loadKEKs(under root: SecretBox) async throws -> [UInt32: SecretBox] {
        let rows = try await read { tx in
            try tx.select(Query(KEKTable.table, where: [KEKTable.wrapped.isNotNull])).map {
                (try $0.get(KEKTable.id), try $0.get(KEKTable.wrapped))
            }
        }
        var keks: [UInt32: SecretBox] = [:]
        for case (let number, let wrapped?) in rows {
            guard let id = UInt32(exactly: number) else { throw KeyError(.badRecord, "key version \(number) is none") }
            keks[id] = try KeyEncryptionKey.unwrap(wrapped, id: id, root: root)
        }
        return keks
    }
}
