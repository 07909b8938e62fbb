import CSodium
import Crypto
public import Primitives

/// Ed25519 signatures.
///
///     let key = try Ed25519.PrivateKey(seed: seed)
///     let signature = key.sign(message)
///     Ed25519.verify(signature, message: message, publicKey: key.publicKey)      // true
///
/// Signing and verifying are libsodium's, which works in memory of ours. Standard: [RFC 8032](https://www.rfc-editor.org/rfc/rfc8032).
public enum Ed25519 {
    /// Whether `publicKey` signed `message`; a signature that does not have 64 bytes is simply not valid.
    ///
    /// S must be below the group order, and keys and R of small order are refused: one message has one signature.
    public static func verify(_ signature: [UInt8], message: [UInt8], publicKey: PublicKey) -> Bool {
        guard signature.count == 64 else { return false }
        Sodium.prepare()
        let result = unsafe crypto_sign_verify_detached(signature, message, UInt64(message.count), publicKey.bytes)
        return result == 0
    }

    /// Checks a fresh signature before it is stored or sent, with another implementation than the one that signed.
    ///
    /// - Throws: `KeyError.signatureMismatch`.
    public static func confirm(_ signature: [UInt8], message: [UInt8], signer: PublicKey) throws(KeyError) {
        guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: signer.bytes),
            key.isValidSignature(signature, for: message)
        else { throw .signatureMismatch }
    }

    /// A compressed point: 32 bytes.
    public struct PublicKey: Sendable, Hashable, CustomStringConvertible {
        /// The y coordinate, little-endian, with the sign of x in the last bit.
        public let bytes: [UInt8]

        /// A key from its 32 bytes; whether they are a usable point shows when a signature is verified.
        ///
        /// - Throws: `KeyError.wrongLength`.
        public init(bytes: some Collection<UInt8>) throws(KeyError) {
            guard bytes.count == 32 else { throw .wrongLength(expected: 32, actual: bytes.count) }
            self.bytes = Array(bytes)
        }

        init(trusted bytes: [UInt8]) {
            self.bytes = bytes
        }

        /// The 32 bytes in hexadecimal.
        public var description: String { Hex.encode(bytes) }
    }

    /// A seed with the key that follows from it.
    ///
    /// A class so that it can be shared by concurrent code while its bytes stay at one address; they are wiped when the last
    /// reference goes. It has no textual form and is not `Codable`.
    public final class PrivateKey: Sendable {
        // The seed and the public key, which is libsodium's form of a private key.
        private let pair: SecretBytes

        /// The public key of this seed.
        public let publicKey: PublicKey

        /// A key from a seed of 32 bytes, each of which is valid.
        ///
        /// - Throws: `KeyError.wrongLength`.
        public init(seed: borrowing SecretBytes) throws(KeyError) {
            guard seed.count == 32 else { throw .wrongLength(expected: 32, actual: seed.count) }
            Sodium.prepare()
            var publicBytes = [UInt8](repeating: 0, count: 32)
            pair = unsafe SecretBytes(
                count: 64,
                unsafeFill: { out in
                    let result = unsafe seed.withUnsafeBytes { seed in
                        unsafe crypto_sign_seed_keypair(&publicBytes, out.octets, seed.octets)
                    }
                    precondition(result == 0, "every seed makes a key")
                })
            publicKey = PublicKey(trusted: publicBytes)
        }

        /// Lends the 32 bytes of the seed for the time of the call; copies of them are the caller's to wipe.
        public func withSeed<Result: ~Copyable, Failure: Error>(
            _ body: (RawSpan) throws(Failure) -> Result
        ) throws(Failure) -> Result {
            try pair.withBytes { (bytes) throws(Failure) -> Result in try body(bytes.extracting(0..<32)) }
        }

        /// Signs a message of any length: 64 bytes, the same each time.
        public func sign(_ message: [UInt8]) -> [UInt8] {
            var signature = [UInt8](repeating: 0, count: 64)
            let result = unsafe pair.withUnsafeBytes { key in
                unsafe crypto_sign_detached(&signature, nil, message, UInt64(message.count), key.octets)
            }
            precondition(result == 0, "every key signs every message")
            return signature
        }
    }
}
