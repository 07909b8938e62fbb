public import Storage

/// The curve that a key lives on, and with it what it can sign.
public enum Curve: String, Sendable, Hashable, CaseIterable, Storable {
    /// Bitcoin and Ethereum: recoverable ECDSA over digests. Public keys are 33 bytes, compressed.
    case secp256k1
    /// Solana and most message protocols: signs whole messages. Public keys are 32 bytes.
    case ed25519
    /// NIST P-256, as passkeys and JSON web tokens use it: signs whole messages. Public keys are 33 bytes, compressed.
    case p256

    /// The size of a public key in ``KeyDescription/publicKey``.
    public var publicKeyBytes: Int { self == .ed25519 ? 32 : 33 }
}
