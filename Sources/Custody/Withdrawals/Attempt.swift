import ChainEVM
public import Primitives
public import Storage

/// One signed transaction of a slot.
public struct Attempt: Sendable, Hashable {
    public enum Purpose: String, Sendable, Hashable, CaseIterable, Storable {
        /// Pays the withdrawal.
        case payout
        /// Pays nobody: zero coins to the sender itself, to use up the slot.
        case cancel
    }

    public let hash: Hash32
    public let nonce: UInt64
    public let purpose: Purpose
    public let raw: [UInt8]
    public let maxFeePerGas: UInt256
    public let maxPriorityFeePerGas: UInt256
    public let createdAt: Timestamp
    public let sentAt: Timestamp?
    public let lastSentAt: Timestamp?
}

/// A decision to sign, stored before the signature exists.
struct Draft: Sendable, Hashable {
    let purpose: Attempt.Purpose
    let fees: FeeRules.Quote
}

/// One nonce of a lane with everything that was signed for it.
struct Slot: Sendable, Hashable {
    let nonce: UInt64
    let gasLimit: UInt64
    let boundAt: Timestamp
    let unexplainedSince: Timestamp?
    /// What is to be signed next; stays until its signed bytes are stored.
    let draft: Draft?
    let withdrawal: Withdrawal
    /// Oldest first.
    let attempts: [Attempt]

    /// The attempt with the highest fees: the one that a node would keep.
    var strongest: Attempt? { attempts.max { $0.maxFeePerGas < $1.maxFeePerGas } }
}

extension Attempt {
    init(_ row: Row) throws(StorageError) {
        hash = try row.get(AttemptTable.hash)
        nonce = UInt64(clamping: try row.get(AttemptTable.nonce))
        purpose = try row.get(AttemptTable.purpose)
        raw = try row.get(AttemptTable.raw)
        maxFeePerGas = try row.get(AttemptTable.maxFee)
        maxPriorityFeePerGas = try row.get(AttemptTable.maxTip)
        createdAt = try row.get(AttemptTable.createdAt)
        sentAt = try row.get(AttemptTable.sentAt)
        lastSentAt = try row.get(AttemptTable.lastSentAt)
    }
}
