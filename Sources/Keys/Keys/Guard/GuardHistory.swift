public import Cryptography
public import Primitives

/// A digest that the guard has let through, signed or not yet.
public struct GuardPayload: Sendable, Hashable {
    /// What is signed.
    public let digest: Hash32
    /// The digest of what must never change in the slot.
    public let intent: Hash32
    /// What the signature is for.
    public let purpose: SigningRequest.Purpose
    /// The compressed public key that signs it.
    public let signer: [UInt8]
    /// Wei for a unit of gas.
    public let maxFeePerGas: UInt256
    /// Wei for a unit of gas.
    public let maxPriorityFeePerGas: UInt256
    /// When it was let through.
    public let recordedAt: Timestamp
    /// `nil` between the record and the signature, or when signing failed.
    public let signature: Secp256k1.Signature?
}

/// One position of a lane and everything that was let through for it, oldest first.
public struct GuardSlot: Sendable, Hashable {
    /// The lane.
    public let lane: String
    /// The position in the lane.
    public let position: Int64
    /// The compressed public key that the slot belongs to.
    public let signer: [UInt8]
    /// What the slot stands for; `nil` while it holds only a cancel.
    public let intent: Hash32?
    /// What its cancel does; `nil` while there is none.
    public let cancelIntent: Hash32?
    /// Two histories disagree about this slot: it takes no payload any more.
    public let isFrozen: Bool
    /// Everything that was let through, oldest first.
    public let payloads: [GuardPayload]
}

/// What a lane accepts: positions above `low` and up to `high`.
public struct GuardLane: Sendable, Hashable {
    /// The lane.
    public let lane: String
    /// Positions at or below it are refused; `nil` for no bound.
    public let low: Int64?
    /// Positions above it are refused; `nil` for no bound.
    public let high: Int64?
    /// Whether it signs at all.
    public let isEnabled: Bool
}

/// A request that was refused.
public struct GuardRefusal: Sendable, Hashable {
    /// Its number, counted from 1.
    public let sequence: Int64
    /// The lane that was asked for.
    public let lane: String
    /// The position that was asked for.
    public let position: Int64
    /// What was to be signed.
    public let digest: Hash32
    /// What it would have done.
    public let intent: Hash32
    /// What the signature was for.
    public let purpose: SigningRequest.Purpose
    /// Why, for example `guardConflict`.
    public let code: KeyError.Code
    /// Why, for people.
    public let message: String
    /// When it was refused.
    public let at: Timestamp
}

/// What an import has done, or would do.
public struct GuardImportReport: Sendable, Hashable {
    /// Lanes in the imported history.
    public internal(set) var lanes = 0
    /// Lanes whose watermarks or switch became stricter, or that are new.
    public internal(set) var lanesChanged = 0
    /// Slots in the imported history.
    public internal(set) var slots = 0
    /// Slots that were unknown here.
    public internal(set) var slotsAdded = 0
    /// Payloads that were unknown here.
    public internal(set) var payloadsAdded = 0
    /// Signatures for payloads that had none here.
    public internal(set) var signaturesAdded = 0
    /// Slots about which the two histories disagree, as `lane#position`.
    ///
    /// They take no payload any more.
    public internal(set) var frozen: [String] = []
    /// Whether nothing was written.
    public let isDryRun: Bool
}
