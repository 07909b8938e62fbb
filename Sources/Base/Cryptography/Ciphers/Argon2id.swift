import CSodium
public import Primitives

/// Argon2id, which makes guessing a passphrase expensive in time and memory; always one lane.
///
///     let key = try Argon2id.derive(passphrase: passphrase, salt: salt, cost: .unlockSlot, count: 32)
///
/// It blocks its thread for as long as it takes, so call it away from the cooperative pool.
/// Standard: [RFC 9106](https://www.rfc-editor.org/rfc/rfc9106).
public enum Argon2id {
    /// Bytes of a salt: no other length is taken.
    public static let saltBytes = 16
    /// The most passes over the memory that anybody may ask for.
    public static let opsLimitMax = 16
    /// The most memory that anybody may ask for: 1 GiB.
    ///
    /// Files to be imported name their own cost; without a cap, opening one would be a denial of service.
    public static let memoryBytesMax = 1 << 30

    /// How much a derivation costs.
    public struct Cost: Sendable, Hashable {
        /// Passes over the memory.
        public let opsLimit: Int
        /// Memory in bytes; whole KiB count.
        public let memoryBytes: Int

        /// A cost within the caps.
        ///
        /// - Throws: `Argon2Error.costTooLow` below one pass or 8 KiB, `Argon2Error.costTooHigh` above the caps.
        public init(opsLimit: Int, memoryBytes: Int) throws(Argon2Error) {
            guard opsLimit >= 1, memoryBytes >= 8192 else { throw .costTooLow }
            guard opsLimit <= opsLimitMax, memoryBytes <= memoryBytesMax else { throw .costTooHigh }
            self.init(passes: opsLimit, memoryBytes: memoryBytes)
        }

        private init(passes: Int, memoryBytes: Int) {
            self.opsLimit = passes
            self.memoryBytes = memoryBytes
        }

        /// Two passes over 19 MiB: OWASP's floor for login passwords, some 60 ms.
        public static let interactive = Cost(passes: 2, memoryBytes: 19 << 20)
        /// Three passes over 64 MiB: what opens a key store, some half a second.
        public static let unlockSlot = Cost(passes: 3, memoryBytes: 64 << 20)
        /// Four passes over 256 MiB: for who can wait, some three seconds.
        public static let hardened = Cost(passes: 4, memoryBytes: 256 << 20)
    }

    /// `count` bytes derived from a passphrase; the same inputs give the same bytes.
    ///
    /// - Parameters:
    ///   - salt: 16 bytes, random and stored next to the result's use.
    ///   - count: 16...1024.
    /// - Throws: `Argon2Error`.
    public static func derive(
        passphrase: borrowing SecretBytes, salt: [UInt8], cost: Cost, count: Int
    ) throws(Argon2Error) -> SecretBytes {
        guard salt.count == saltBytes else { throw .wrongSaltLength(actual: salt.count) }
        guard 16...1024 ~= count else { throw .wrongOutputLength(actual: count) }
        Sodium.prepare()
        return try unsafe SecretBytes(
            count: count,
            unsafeFill: { (out) throws(Argon2Error) in
                let result = unsafe passphrase.withUnsafeBytes { passphrase in
                    unsafe crypto_pwhash(
                        out.octets, UInt64(count),
                        UnsafeRawPointer(passphrase.octets).assumingMemoryBound(to: CChar.self),
                        UInt64(passphrase.count), salt, UInt64(cost.opsLimit), cost.memoryBytes,
                        crypto_pwhash_ALG_ARGON2ID13)
                }
                guard result == 0 else { throw .outOfMemory }
            })
    }

    /// The same with the cost spelled out.
    ///
    /// - Throws: `Argon2Error`.
    public static func derive(
        passphrase: borrowing SecretBytes, salt: [UInt8], opsLimit: Int, memLimitBytes: Int, count: Int
    ) throws(Argon2Error) -> SecretBytes {
        try derive(
            passphrase: passphrase, salt: salt, cost: Cost(opsLimit: opsLimit, memoryBytes: memLimitBytes), count: count
        )
    }
}

/// Why nothing was derived.
public enum Argon2Error: Error, Equatable, Sendable {
    /// The salt does not have 16 bytes.
    case wrongSaltLength(actual: Int)
    /// The result would not have 16 to 1024 bytes.
    case wrongOutputLength(actual: Int)
    /// Fewer than one pass, or less than 8 KiB.
    case costTooLow
    /// Above `Argon2id.opsLimitMax` or `Argon2id.memoryBytesMax`.
    case costTooHigh
    /// The machine did not give the memory.
    case outOfMemory
}
