import Cryptography
import Keys
import Primitives
import Storage
import Synchronization

/// A vault that errs on command.
final class FaultyVault: KeyVault {
    enum Fault: Sendable {
        case none, unreachable, otherKey, otherDigest, flippedRecovery, highS, tooFew
    }

    let backend = "faulty"
    private let real: MemoryVault
    private let stranger: Secp256k1.PrivateKey
    private let current = Mutex(Fault.none)
    private let count = Atomic<Int>(0)

    init(seed: UInt64 = 1) {
        real = MemoryVault(clock: .system, random: .seeded(seed))
        stranger = Secp256k1.PrivateKey()
    }

    var fault: Fault {
        get { current.withLock { $0 } }
        set { current.withLock { $0 = newValue } }
    }

    /// How many digests were to be signed.
    var asked: Int { count.load(ordering: .relaxed) }

    func create(_ curve: Curve, label: String) async throws -> KeyDescription {
        try await real.create(curve, label: label)
    }
    func describe(_ id: SortableID) async throws -> KeyDescription { try await real.describe(id) }
    func list() async throws -> [KeyDescription] { try await real.list() }

    func sign(_ digests: [Hash32], with key: SortableID) async throws -> [Secp256k1.Signature] {
        count.add(digests.count, ordering: .relaxed)
        let good = try await real.sign(digests, with: key)
        switch fault {
        case .none: return good
        case .unreachable: throw KeyError(.unavailable, "the vault is gone")
        case .otherKey: return digests.map { stranger.sign(digest: $0) }
        case .otherDigest: return try await real.sign(digests.map { SHA2.sha256($0.bytes) }, with: key)
        case .flippedRecovery:
            return try good.map { try Secp256k1.Signature(compact: $0.compact, recoveryID: $0.recoveryID ^ 1) }
        case .highS:
            // The twin with n − s, which many devices answer with.
            let order = try UInt256(hexQuantity: "0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141")
            return try good.map {
                let s = try order.subtracting(UInt256(bigEndian: $0.s))
                return try Secp256k1.Signature(r: $0.r, s: s.bigEndianBytes, recoveryID: $0.recoveryID ^ 1)
            }
        case .tooFew: return Array(good.dropLast())
        }
    }

    func signMessage(_ message: [UInt8], with key: SortableID) async throws -> [UInt8] {
        try await real.signMessage(message, with: key)
    }
}

/// A store whose n-th unit of work fails, as at a power cut before its commit.
final class FailingStore: Store {
    private let real: any Store
    private let left: Mutex<Int>

    init(_ real: any Store, failingWrite number: Int) {
        self.real = real
        left = Mutex(number)
    }

    func write<Result: Sendable>(_ body: @escaping @Sendable (any WriteTransaction) throws -> Result) async throws
        -> Result
    {
        let fails = left.withLock { left in
            left -= 1
            return left == 0
        }
        if fails { throw StorageError(.inputOutput, "the disk is gone") }
        return try await real.write(body)
    }

    func read<Result: Sendable>(_ body: @escaping @Sendable (any ReadTransaction) throws -> Result) async throws
        -> Result
    {
        try await real.read(body)
    }

    func migrate(_ migrations: [Migration]) async throws { try await real.migrate(migrations) }
    func backup(to path: String) async throws { try await real.backup(to: path) }
    func close() async { await real.close() }
}
