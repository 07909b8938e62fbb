import CSodium
public import Primitives

/// Key agreement on Curve25519.
///
/// Standard: [RFC 7748](https://www.rfc-editor.org/rfc/rfc7748).
public enum X25519 {
    /// A u coordinate: 32 bytes, little-endian.
    public struct PublicKey: Sendable, Hashable, CustomStringConvertible {
        /// The 32 bytes as they travel.
        public let bytes: [UInt8]

        /// A key from its 32 bytes; the ones in a small subgroup are refused when a secret is agreed.
        ///
        /// - Throws: `KeyError.wrongLength`.
        public init(bytes: some Collection<UInt8>) throws(KeyError) {
            guard bytes.count == 32 else { throw .wrongLength(expected: 32, actual: bytes.count) }
            self.bytes = Array(bytes)
        }

        /// The 32 bytes in hexadecimal.
        public var description: String { Hex.encode(bytes) }
    }

    /// A scalar with its public key; a class for the reasons given at `Ed25519.PrivateKey`.
    public final class PrivateKey: Sendable {
        private let secret: SecretBytes

        /// What the other party needs.
        public let publicKey: PublicKey

        /// A key from 32 bytes, each of which is valid; the function fixes the bits that have to be fixed.
        ///
        /// - Throws: `KeyError.wrongLength`.
        public init(secret: borrowing SecretBytes) throws(KeyError) {
            guard secret.count == 32 else { throw .wrongLength(expected: 32, actual: secret.count) }
            Sodium.prepare()
            var point = [UInt8](repeating: 0, count: 32)
            let result = unsafe secret.withUnsafeBytes { secret in
                unsafe crypto_scalarmult_base(&point, secret.octets)
            }
            precondition(result == 0, "every scalar has a public key")
            publicKey = try PublicKey(bytes: point)
            self.secret = secret.copy()
        }

        /// Lends the 32 bytes for the time of the call; copies of them are the caller's to wipe.
        public func withSecret<Result: ~Copyable, Failure: Error>(
            _ body: (RawSpan) throws(Failure) -> Result
        ) throws(Failure) -> Result {
            try secret.withBytes(body)
        }

        /// The shared u coordinate: 32 bytes, to be put through `HKDF` before use.
        ///
        /// - Throws: `KeyError.weakSharedSecret` when the other key leads to zero, as RFC 7748 section 6.1 advises.
        public func sharedSecret(with other: PublicKey) throws(KeyError) -> SecretBytes {
            var result: Int32 = 0
            let shared = unsafe SecretBytes(
                count: 32,
                unsafeFill: { out in
                    result = unsafe secret.withUnsafeBytes { secret in
                        unsafe crypto_scalarmult(out.octets, secret.octets, other.bytes)
                    }
                })
            guard result == 0 else { throw .weakSharedSecret }
            return shared
        }
    }
}
