public import Primitives

/// What everybody may know of a key.
public struct KeyDescription: Sendable, Hashable {
    /// The key's name in every call; it never changes and is never given again.
    public let id: SortableID
    /// The curve, and with it what the key signs.
    public let curve: Curve
    /// The public key: 33 bytes compressed for secp256k1 and p256, 32 for ed25519.
    public let publicKey: [UInt8]
    /// A name for people.
    public let label: String
    /// The kind of vault that holds it, for example `embedded`.
    public let backend: String
    /// Whether the key signs; a disabled one keeps its secret and refuses.
    public let isEnabled: Bool
    /// When it was created or imported.
    public let createdAt: Timestamp

    /// A description; a public key of another size than its curve's is a programmer's mistake.
    public init(
        id: SortableID, curve: Curve, publicKey: [UInt8], label: String, backend: String, isEnabled: Bool,
        createdAt: Timestamp
    ) {
        precondition(publicKey.count == curve.publicKeyBytes, "a public key has the size of its curve")
        self.id = id
        self.curve = curve
        self.publicKey = publicKey
        self.label = label
        self.backend = backend
        self.isEnabled = isEnabled
        self.createdAt = createdAt
    }

    /// How long a label may be, in bytes of UTF-8.
    public static let labelBytesMax = 256
}
