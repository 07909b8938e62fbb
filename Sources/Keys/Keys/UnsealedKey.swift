import Crypto
import Cryptography
import Primitives

/// A secret key ready to sign.
///
/// Its bytes are wiped when the last reference goes.
final class UnsealedKey: Sendable {
    private enum Signer: Sendable {
        case secp256k1(Secp256k1.PrivateKey)
        case ed25519(Ed25519.PrivateKey)
        case p256(P256.Signing.PrivateKey)
    }

    let curve: Curve
    /// In the form of ``KeyDescription/publicKey``.
    let publicKey: [UInt8]
    private let signer: Signer

    /// - Throws: code `invalidInput` when the bytes are no secret on the curve.
    init(secret: borrowing SecretBytes, curve: Curve) throws(KeyError) {
        self.curve = curve
        guard secret.count == Self.secretBytes else {
            throw KeyError(.invalidInput, "a secret key has \(Self.secretBytes) bytes")
        }
        switch curve {
        case .secp256k1:
            guard let key = try? Secp256k1.PrivateKey(secret: secret) else { throw Self.invalid(curve) }
            publicKey = key.publicKey.compressed
            signer = .secp256k1(key)
        case .ed25519:
            guard let key = try? Ed25519.PrivateKey(seed: secret) else { throw Self.invalid(curve) }
            publicKey = key.publicKey.bytes
            signer = .ed25519(key)
        case .p256:
            let made = unsafe secret.withUnsafeBytes { bytes in
                unsafe try? P256.Signing.PrivateKey(rawRepresentation: bytes)
            }
            guard let key = made else { throw Self.invalid(curve) }
            publicKey = Array(key.publicKey.compressedRepresentation)
            signer = .p256(key)
        }
    }

    /// All three curves have secrets of this size.
    static let secretBytes = 32

    func sign(_ digests: [Hash32]) throws(KeyError) -> [Secp256k1.Signature] {
        guard case .secp256k1(let key) = signer else {
            throw KeyError(.wrongCurve, "a \(curve) key does not sign digests")
        }
        return digests.map { key.sign(digest: $0) }
    }

    func signMessage(_ message: [UInt8]) throws(KeyError) -> [UInt8] {
        switch signer {
        case .ed25519(let key): return key.sign(message)
        case .p256(let key):
            guard let signature = try? key.signature(for: message) else {
                throw KeyError(.unavailable, "the message could not be signed")
            }
            return Array(signature.rawRepresentation)
        case .secp256k1:
            // A digest and a message must never be mistaken for each other: whoever hashes says so in his own code.
            throw KeyError(.wrongCurve, "a secp256k1 key signs digests, not messages")
        }
    }

    private static func invalid(_ curve: Curve) -> KeyError {
        KeyError(.invalidInput, "these bytes are no secret key on \(curve)")
    }
}
