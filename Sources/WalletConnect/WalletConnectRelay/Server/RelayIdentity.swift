public import Cryptography
public import Primitives
import WalletConnectProtocol

/// The relay's own key: webhooks are signed with it, and `GET /public-key` shows its public half.
public final class RelayIdentity: Sendable {
    let key: Ed25519.PrivateKey
    let did: DIDKey

    /// An identity from its 32-byte seed; the same seed for the life of a relay.
    ///
    /// - Throws: `KeyError` when the seed has another length.
    public init(seed: borrowing SecretBytes) throws(KeyError) {
        key = try Ed25519.PrivateKey(seed: seed)
        did = DIDKey(key.publicKey)
    }

    /// A new identity, for a relay that keeps nothing.
    public static func random() throws(KeyError) -> RelayIdentity {
        try RelayIdentity(seed: .random(count: 32))
    }

    /// The public key in hex.
    public var publicKeyHex: String { key.publicKey.description }
}
