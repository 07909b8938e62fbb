public import Cryptography
public import Primitives
public import Storage

/// One signature that somebody wants, with everything the guard needs to judge it.
public struct SigningRequest: Sendable, Hashable {
    /// What the signature is for.
    public enum Purpose: String, Sendable, Hashable, CaseIterable, Storable {
        /// Moves money or changes the chain: the first one of a slot decides what the slot stands for.
        case payout
        /// Uses the slot up so that the payout in it can never happen, for example zero to oneself.
        case cancel
        /// A message to somebody off chain; a slot with one never takes another.
        case message
    }

    /// The key that signs.
    public let keyID: SortableID
    /// The row of slots that this key uses up one by one, for example `eip155:31337/0xabc…`.
    public let lane: String
    /// The slot in the lane: a nonce, or the number of a request.
    ///
    /// At least 0.
    public let position: Int64
    /// What the signature is for.
    public let purpose: Purpose
    /// The digest of what must never change in a slot: chain, recipient, value, data.
    ///
    /// The guard can't look into a digest. Whoever makes the request computes both from the same transaction, and never
    /// takes one of them from elsewhere.
    public let intent: Hash32
    /// What is signed.
    public let digest: Hash32
    /// The highest price of a unit of gas, in wei; for a legacy transaction its gas price.
    public let maxFeePerGas: UInt256
    /// The tip for a unit of gas, in wei; for a legacy transaction its gas price again.
    public let maxPriorityFeePerGas: UInt256
    /// The compressed public key (33 bytes) that the signature must lead back to.
    public let expectedSigner: [UInt8]

    /// A request; ``SigningGuard/sign(_:)`` checks it.
    public init(
        keyID: SortableID, lane: String, position: Int64, purpose: Purpose, intent: Hash32, digest: Hash32,
        maxFeePerGas: UInt256, maxPriorityFeePerGas: UInt256, expectedSigner: [UInt8]
    ) {
        self.keyID = keyID
        self.lane = lane
        self.position = position
        self.purpose = purpose
        self.intent = intent
        self.digest = digest
        self.maxFeePerGas = maxFeePerGas
        self.maxPriorityFeePerGas = maxPriorityFeePerGas
        self.expectedSigner = expectedSigner
    }
}

/// A signature that is stored, verified and safe to send.
public struct SignedDigest: Sendable, Hashable {
    /// What was signed.
    public let digest: Hash32
    /// The signature, with a low S and the recovery id.
    public let signature: Secp256k1.Signature
    /// The compressed public key that the signature was checked against.
    public let signer: [UInt8]
}
