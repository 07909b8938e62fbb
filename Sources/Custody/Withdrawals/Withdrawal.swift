public import ChainEVM
public import Primitives
public import Storage

/// A promise to pay an amount to an address, once.
public struct Withdrawal: Sendable, Hashable {
    /// What a withdrawal's id starts with in text: `wd_01J…`.
    public static let idPrefix = "wd"

    public let id: SortableID
    /// Whose it is: the tenant that the idempotency key belongs to.
    public let client: String
    public let userID: String
    public let walletID: SortableID
    /// CAIP-19, in the books' spelling.
    public let asset: String
    public let to: Address
    /// In base units.
    public let amount: UInt256
    /// The caller's own words for it.
    public let reference: String?
    public let state: State
    /// Why it waits, was refused or failed.
    public let reason: String?
    /// Whether its owner wants it back; with a nonce bound, the chain decides who wins.
    public let isCancelRequested: Bool
    /// The slot that was bound to it.
    public let nonce: UInt64?
    /// The transaction that was mined, or else the newest that was sent.
    public let transactionHash: Hash32?
    /// The block that it was mined in, as far as we know now.
    public let blockNumber: UInt64?
    public let createdAt: Timestamp
    public let updatedAt: Timestamp

    public var idText: String { id.text(prefix: Self.idPrefix) }
}

extension Withdrawal {
    /// Where a withdrawal stands.
    public enum State: String, Sendable, Hashable, CaseIterable, Storable {
        /// Durable, its amount bound.
        case accepted
        /// Policy and the chain are being asked.
        case validating
        /// Waits for people.
        case awaitingApproval = "awaiting_approval"
        /// Allowed; waits for a slot.
        case queued
        /// A slot is its own; a signature may exist.
        case signing
        /// Signed bytes are stored.
        case signed
        /// A node has taken the bytes.
        case broadcast
        /// Sent, and nobody knows whether it arrived. The same bytes are sent again; never others.
        case unknown
        /// In a block that may still be replaced.
        case mined
        /// In a block that counts as final. Ends.
        case confirmed
        /// Refused before anything was signed. Ends.
        case rejected
        /// Taken back, with a proof that it can't pay. Ends.
        case cancelled
        /// Can't pay any more, with a proof. Ends.
        case failed

        /// Whether it is over.
        public var isFinal: Bool {
            switch self {
            case .confirmed, .rejected, .cancelled, .failed: true
            default: false
            }
        }

        /// The states that may follow.
        ///
        /// There is no way from `signed`, `broadcast`, `unknown` or `mined` back to a state before a signature: what
        /// was signed may be on the chain, whatever we believe.
        public var next: Set<State> {
            switch self {
            case .accepted: [.validating, .queued, .awaitingApproval, .rejected, .cancelled, .signing]
            case .validating: [.queued, .awaitingApproval, .rejected, .cancelled, .signing]
            case .awaitingApproval: [.queued, .rejected, .cancelled]
            case .queued: [.validating, .signing, .rejected, .cancelled]
            case .signing: [.signed]
            case .signed: [.broadcast, .unknown, .mined, .confirmed, .failed, .cancelled]
            case .broadcast: [.unknown, .mined, .confirmed, .failed, .cancelled]
            case .unknown: [.broadcast, .mined, .confirmed, .failed, .cancelled]
            case .mined: [.broadcast, .unknown, .confirmed, .failed, .cancelled]
            case .confirmed, .rejected, .cancelled, .failed: []
            }
        }

        /// Whether a slot is bound to it.
        public var hasSlot: Bool {
            switch self {
            case .signing, .signed, .broadcast, .unknown, .mined: true
            default: false
            }
        }
    }
}

/// Why a withdrawal can't pay any more.
///
/// Without one, nothing that was held goes back.
public enum VoidProof: String, Sendable, Hashable, CaseIterable, Storable {
    /// No slot was ever bound to it, so nothing was signed.
    case neverSigned = "never_signed"
    /// Its slot was used, at final depth, by our own transaction that pays nobody.
    case slotCancelled = "slot_cancelled"
    /// Its transaction reverted, or moved nothing, at final depth.
    case reverted
}
