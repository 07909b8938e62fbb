public import Cryptography
public import Primitives
import Storage

/// What may be known of an unlock slot.
public struct UnlockSlotDescription: Sendable, Hashable {
    /// The name that it was added under.
    public let name: String
    /// How the root key is wrapped; `passphrase` today.
    public let kind: String
    /// What a try at the passphrase costs.
    public let cost: Argon2id.Cost
    /// When it was added, or given its present passphrase.
    public let createdAt: Timestamp
}

/// The root key under one passphrase.
///
/// Argon2id makes the wrapping key; AES-256-GCM, bound to the slot's name and cost, wraps the root. AES-GCM does not
/// commit to its key, so a forged slot could open under two passphrases: an HMAC over the whole slot, keyed by the root
/// that came out, must fit too.
struct UnlockSlot: Sendable {
    static let passphraseKind = "passphrase"
    static let rootBytes = 32

    let name: String
    let cost: Argon2id.Cost
    let salt: [UInt8]
    let wrappedRoot: [UInt8]
    let commitment: [UInt8]
    let createdAt: Timestamp

    /// Wraps `root` under what the passphrase gives; blocks for as long as the cost says.
    init(
        name: String, root: SecretBox, passphrase: SecretBox, cost: Argon2id.Cost, createdAt: Timestamp
    ) throws(KeyError) {
        self.name = name
        self.cost = cost
        self.createdAt = createdAt
        salt = RandomSource.system.bytes(Argon2id.saltBytes)
        let header = Self.header(name, cost, salt)
        let key = try Self.derive(passphrase, salt, cost)
        wrappedRoot = try SealedBox.seal(root.bytes, under: key, AdditionalData.list("unlock slot", header))
        commitment =
            HMAC2.sha256(
                key: Self.commitmentKey(root.bytes),
                message: AdditionalData.list("unlock slot", header + [wrappedRoot])
            ).bytes
    }

    /// - Throws: code `badRecord` when the stored cost is above the caps or the row is no slot.
    init(_ row: Row) throws {
        name = try row.get(UnlockTable.name)
        salt = try row.get(UnlockTable.salt)
        wrappedRoot = try row.get(UnlockTable.wrappedRoot)
        commitment = try row.get(UnlockTable.commitment)
        createdAt = try row.get(UnlockTable.createdAt)
        let opsLimit = try row.get(UnlockTable.opsLimit)
        let memoryBytes = try row.get(UnlockTable.memoryBytes)
        guard let passes = Int(exactly: opsLimit), let memory = Int(exactly: memoryBytes),
            let cost = try? Argon2id.Cost(opsLimit: passes, memoryBytes: memory),
            salt.count == Argon2id.saltBytes, wrappedRoot.count == Self.rootBytes + SealedBox.overheadBytes
        else {
            throw KeyError(.badRecord, "unlock slot \(name) is damaged, or asks for more than the caps allow")
        }
        self.cost = cost
    }

    /// The root key, or `nil` when the passphrase is not this slot's; blocks for as long as the cost says.
    func open(passphrase: SecretBox) throws(KeyError) -> SecretBox? {
        let header = Self.header(name, cost, salt)
        let key = try Self.derive(passphrase, salt, cost)
        let opened: SecretBox
        do {
            opened = SecretBox(
                try SealedBox.open(wrappedRoot, under: key, AdditionalData.list("unlock slot", header)))
        } catch {
            return nil
        }
        let isCommitted = HMAC2.isValidSHA256(
            commitment, key: Self.commitmentKey(opened.bytes),
            message: AdditionalData.list("unlock slot", header + [wrappedRoot]))
        return isCommitted ? opened : nil
    }

    var description: UnlockSlotDescription {
        UnlockSlotDescription(name: name, kind: Self.passphraseKind, cost: cost, createdAt: createdAt)
    }

    func insert(in tx: any WriteTransaction) throws(StorageError) {
        try tx.insert(
            into: UnlockTable.table,
            [
                UnlockTable.name.set(name), UnlockTable.kind.set(Self.passphraseKind),
                UnlockTable.opsLimit.set(Int64(cost.opsLimit)), UnlockTable.memoryBytes.set(Int64(cost.memoryBytes)),
                UnlockTable.salt.set(salt), UnlockTable.wrappedRoot.set(wrappedRoot),
                UnlockTable.commitment.set(commitment), UnlockTable.createdAt.set(createdAt),
            ])
    }

    private static func derive(
        _ passphrase: SecretBox, _ salt: [UInt8], _ cost: Argon2id.Cost
    ) throws(KeyError) -> SecretBytes {
        do {
            return try Argon2id.derive(passphrase: passphrase.bytes, salt: salt, cost: cost, count: 32)
        } catch {
            throw KeyError(.unavailable, "the passphrase could not be tried", cause: error)
        }
    }

    private static func header(_ name: String, _ cost: Argon2id.Cost, _ salt: [UInt8]) -> [[UInt8]] {
        var numbers = ByteWriter(reserving: 16)
        numbers.uint64(UInt64(cost.opsLimit))
        numbers.uint64(UInt64(cost.memoryBytes))
        return [Array(name.utf8), Array(passphraseKind.utf8), numbers.bytes, salt]
    }

    private static func commitmentKey(_ root: borrowing SecretBytes) -> SecretBytes {
        HKDF.sha256(ikm: root, info: AdditionalData.list("unlock slot commitment", []), count: 32)
    }
}
