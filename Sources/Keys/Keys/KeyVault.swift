public import Cryptography
public import Primitives

/// Holds keys and signs with them; no method gives a secret away.
///
/// ```swift
/// let key = try await vault.create(.secp256k1, label: "hot wallet")
/// let signatures = try await vault.sign([transaction.signingHash], with: key.id)
/// ```
/// A vault signs whatever it is given. What keeps two payments from sharing one nonce is ``SigningGuard``, and nothing
/// that moves money calls a vault past it.
public protocol KeyVault: Sendable {
    /// The kind of vault, as ``KeyDescription/backend`` shows it.
    var backend: String { get }

    /// Makes a key from fresh randomness.
    ///
    /// - Throws: ``KeyError``: `sealed`, `invalidInput` (the label), `storage`, `unavailable`.
    func create(_ curve: Curve, label: String) async throws -> KeyDescription

    /// What is known of a key; works while the vault is sealed.
    ///
    /// - Throws: ``KeyError``: `unknownKey`, `storage`, `unavailable`.
    func describe(_ id: SortableID) async throws -> KeyDescription

    /// All keys, oldest first.
    ///
    /// - Throws: ``KeyError``: `storage`, `unavailable`.
    func list() async throws -> [KeyDescription]

    /// Signs 32-byte digests with a secp256k1 key: recoverable ECDSA with low S, one signature for each digest, in
    /// order.
    ///
    /// - Throws: ``KeyError``: `sealed`, `unknownKey`, `disabled`, `wrongCurve`, `storage`, `unavailable`.
    func sign(_ digests: [Hash32], with key: SortableID) async throws -> [Secp256k1.Signature]

    /// Signs a whole message with an ed25519 key ([RFC 8032](https://www.rfc-editor.org/rfc/rfc8032)) or a p256 key
    /// (ECDSA over SHA-256, as ES256 in [RFC 7518](https://www.rfc-editor.org/rfc/rfc7518#section-3.4)): 64 bytes.
    ///
    /// - Throws: as ``sign(_:with:)``.
    func signMessage(_ message: [UInt8], with key: SortableID) async throws -> [UInt8]
}
