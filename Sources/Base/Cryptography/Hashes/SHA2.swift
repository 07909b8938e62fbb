import Crypto
public import Primitives

/// The SHA-2 functions that chains and protocols use.
///
/// Standard: [FIPS 180-4](https://csrc.nist.gov/pubs/fips/180-4/upd1/final).
public enum SHA2 {
    /// SHA-256 of a whole message: 32 bytes.
    public static func sha256(_ message: [UInt8]) -> Hash32 {
        unsafe sha256(message.span.bytes)
    }

    /// SHA-256 of a whole message that is borrowed: 32 bytes.
    public static func sha256(_ message: RawSpan) -> Hash32 {
        unsafe message.withUnsafeBytes { buffer in
            var function = SHA256()
            unsafe function.update(bufferPointer: buffer)
            return Hash32(digest: function.finalize())
        }
    }

    /// SHA-256 of the SHA-256, as Bitcoin uses it for transaction ids and checksums.
    public static func sha256d(_ message: [UInt8]) -> Hash32 {
        sha256(sha256(message).bytes)
    }

    /// SHA-512 of a whole message: 64 bytes.
    public static func sha512(_ message: [UInt8]) -> [UInt8] {
        unsafe message.span.bytes.withUnsafeBytes { buffer in
            var function = SHA512()
            unsafe function.update(bufferPointer: buffer)
            return Array(function.finalize())
        }
    }

    /// SHA-256 taken over several pieces; the pieces may be split anywhere.
    public struct Hasher256: Sendable {
        private var function = SHA256()

        /// A hasher that has seen nothing yet.
        public init() {}

        /// Takes the next bytes of the message.
        public mutating func update(_ bytes: [UInt8]) {
            unsafe bytes.span.bytes.withUnsafeBytes { buffer in
                unsafe function.update(bufferPointer: buffer)
            }
        }

        /// The digest of everything taken so far; the hasher can go on afterwards.
        public func finalize() -> Hash32 {
            Hash32(digest: function.finalize())
        }
    }
}

extension Hash32 {
    /// A digest of the library below as our own type.
    init(digest: SHA256.Digest) {
        let hash = unsafe digest.withUnsafeBytes { unsafe Hash32($0) }
        guard let hash else {
            preconditionFailure("a 256-bit digest has 32 bytes")
        }
        self = hash
    }
}
