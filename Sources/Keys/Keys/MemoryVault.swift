public import Cryptography
public import Primitives
import Synchronization

/// A vault in memory: the twin of the real ones, for tests and simulation; its keys are gone with the process.
///
/// With a seeded random source the same calls give the same keys.
public final class MemoryVault: KeyVault {
    private struct Entry {
        var description: KeyDescription
        let key: UnsealedKey
    }

    /// `memory`.
    public let backend = "memory"
    private let clock: WallClock
    private let random: RandomSource
    private let ids: IDGenerator
    private let entries = Mutex<[SortableID: Entry]>([:])

    /// An empty vault; secrets and identifiers come from `random`.
    public init(clock: WallClock, random: RandomSource) {
        self.clock = clock
        self.random = random
        self.ids = IDGenerator(clock: clock, random: random)
    }

    public func create(_ curve: Curve, label: String) async throws -> KeyDescription {
        // Almost every 32 bytes are a secret; a source that never gives one is a programmer's mistake.
        for _ in 0..<128 {
            let secret = SecretBytes(copying: random.bytes(32))
            if let key = try? UnsealedKey(secret: secret, curve: curve) { return try add(key, label: label) }
        }
        throw KeyError(.unavailable, "the random source gives no valid secret")
    }

    /// Adds a key whose secret the caller knows, for example an account of a development chain.
    ///
    /// - Throws: ``KeyError``: `invalidInput` when the 32 bytes are no secret on the curve, `exists`.
    public func importKey(
        secret: borrowing SecretBytes, curve: Curve, label: String
    ) async throws -> KeyDescription {
        try add(UnsealedKey(secret: secret, curve: curve), label: label)
    }

    private func add(_ key: UnsealedKey, label: String) throws -> KeyDescription {
        guard label.utf8.count <= KeyDescription.labelBytesMax else {
            throw KeyError(.invalidInput, "a label has at most \(KeyDescription.labelBytesMax) bytes")
        }
        let description = KeyDescription(
            id: ids.next(), curve: key.curve, publicKey: key.publicKey, label: label, backend: backend,
            isEnabled: true, createdAt: clock.now)
        try entries.withLock { entries in
            let isKnown = entries.values.contains {
                $0.key.curve == key.curve && $0.key.publicKey == key.publicKey
            }
            guard !isKnown else { throw KeyError(.exists, "this key is in the vault already") }
            entries[description.id] = Entry(description: description, key: key)
        }
        return description
    }

    public func describe(_ id: SortableID) async throws -> KeyDescription {
        try entry(id).description
    }

    public func list() async throws -> [KeyDescription] {
        entries.withLock { $0.values.map(\.description) }.sorted { $0.id < $1.id }
    }

    /// Lets a key sign, or not.
    ///
    /// - Throws: ``KeyError``, code `unknownKey`.
    public func setEnabled(_ id: SortableID, _ isEnabled: Bool) async throws {
        try entries.withLock { entries in
            guard let entry = entries[id] else { throw KeyError(.unknownKey, "no key \(id)") }
            let old = entry.description
            entries[id]?.description = KeyDescription(
                id: id, curve: old.curve, publicKey: old.publicKey, label: old.label, backend: old.backend,
                isEnabled: isEnabled, createdAt: old.createdAt)
        }
    }

    public func sign(_ digests: [Hash32], with key: SortableID) async throws -> [Secp256k1.Signature] {
        try enabled(key).sign(digests)
    }

    public func signMessage(_ message: [UInt8], with key: SortableID) async throws -> [UInt8] {
        try enabled(key).signMessage(message)
    }

    private func entry(_ id: SortableID) throws -> Entry {
        guard let entry = entries.withLock({ $0[id] }) else { throw KeyError(.unknownKey, "no key \(id)") }
        return entry
    }

    private func enabled(_ id: SortableID) throws -> UnsealedKey {
        let entry = try entry(id)
        guard entry.description.isEnabled else { throw KeyError(.disabled, "key \(id) is disabled") }
        return entry.key
    }
}
