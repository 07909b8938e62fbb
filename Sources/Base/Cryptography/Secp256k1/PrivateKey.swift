public import Primitives

extension Secp256k1 {
    /// A secret number below the group order, with its public key.
    ///
    /// A class so that it can be shared by concurrent code while its bytes stay at one address; they are wiped when the last
    /// reference goes. It has no textual form and is not `Codable`.
    public final class PrivateKey: Sendable {
        private let secret: SecretBytes

        /// The public key of this secret.
        public let publicKey: PublicKey

        /// A key from 32 bytes, which are copied into memory of its own.
        ///
        /// - Throws: `KeyError.wrongLength`, or `KeyError.invalidSecret` for zero and for numbers not below the group order.
        public init(secret: borrowing SecretBytes) throws(KeyError) {
            guard secret.count == 32 else { throw .wrongLength(expected: 32, actual: secret.count) }
            let point = secret.withBytes { bytes in
                Secp256k1Library.isValid(secret: bytes) ? Secp256k1Library.publicKey(secret: bytes) : nil
            }
            guard let point, let publicKey = PublicKey(trusted: point) else { throw .invalidSecret }
            self.secret = secret.copy()
            self.publicKey = publicKey
        }

        /// A new key from the system's randomness.
        public convenience init() {
            // One try in 2^128 is not a valid key, so a second round has never been seen.
            while true {
                let secret = SecretBytes.random(count: 32)
                guard secret.withBytes({ Secp256k1Library.isValid(secret: $0) }) else { continue }
                do {
                    try self.init(secret: secret)
                    return
                } catch {
                    preconditionFailure("a secret that was found valid makes a key")
                }
            }
        }

        /// Lends the 32 bytes for the time of the call; copies of them are the caller's to wipe.
        public func withSecret<Result: ~Copyable, Failure: Error>(
            _ body: (RawSpan) throws(Failure) -> Result
        ) throws(Failure) -> Result {
            try secret.withBytes(body)
        }

        /// Signs a digest with the deterministic nonce of [RFC 6979](https://www.rfc-editor.org/rfc/rfc6979); S is low.
        public func sign(digest: Hash32) -> Signature {
            let message = digest.bytes
            let made = secret.withBytes { unsafe Secp256k1Library.sign(digest: message.span.bytes, secret: $0) }
            guard let made, let signature = Signature(trusted: made.compact, recoveryID: made.recoveryID) else {
                preconditionFailure("a valid secret signs every digest")
            }
            return signature
        }

        /// Signs a 32-byte message after BIP-340; the signature has 64 bytes.
        ///
        /// - Parameter auxiliary: 32 bytes of fresh randomness; zeros are permitted and make the signature deterministic.
        /// - Throws: `KeyError.wrongLength` unless `auxiliary` has 32 bytes.
        public func signSchnorr(message: Hash32, auxiliary: [UInt8]) throws(KeyError) -> [UInt8] {
            guard auxiliary.count == 32 else { throw .wrongLength(expected: 32, actual: auxiliary.count) }
            let bytes = message.bytes
            let made = secret.withBytes {
                unsafe Secp256k1Library.signSchnorr(
                    message: bytes.span.bytes, secret: $0, auxiliary: auxiliary.span.bytes)
            }
            guard let signature = made else {
                preconditionFailure("a valid secret signs every message")
            }
            return signature
        }

        /// SHA-256 of the compressed point that both parties reach (ECDH as libsecp256k1 defines it): 32 bytes.
        public func sharedSecret(with other: PublicKey) -> SecretBytes {
            let point = other.uncompressed
            return unsafe SecretBytes(
                count: 32,
                unsafeFill: { out in
                    let done = secret.withBytes { bytes in
                        unsafe Secp256k1Library.sharedSecret(secret: bytes, point: point.span.bytes, into: out)
                    }
                    precondition(done, "a valid secret and a valid point have a shared secret")
                })
        }

        /// This secret plus `tweak`, modulo the group order: the private half of `PublicKey.tweakAdd`.
        ///
        /// - Throws: `KeyError.wrongLength` unless the tweak has 32 bytes, `KeyError.invalidTweak` when it is not below the group
        ///   order or the sum is zero.
        public func tweakAdd(_ tweak: borrowing SecretBytes) throws(KeyError) -> PrivateKey {
            guard tweak.count == 32 else { throw .wrongLength(expected: 32, actual: tweak.count) }
            var done = false
            let sum = unsafe SecretBytes(
                count: 32,
                unsafeFill: { out in
                    secret.withBytes { unsafe out.copyBytes(from: $0) }
                    done = tweak.withBytes { unsafe Secp256k1Library.add(tweak: $0, toSecret: out) }
                })
            guard done else { throw .invalidTweak }
            return try PrivateKey(secret: sum)
        }
    }
}
