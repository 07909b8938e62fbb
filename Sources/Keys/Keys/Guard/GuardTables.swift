import Primitives
public import Storage

/// The tables of the signing guard.
///
/// They may live in a database of their own, so that restoring a backup of the main one does not forget what was
/// signed.
public enum GuardSchema {
    /// To be applied to the store before a guard uses it.
    public static let migrations = [
        Migration(
            "0001 guard",
            [
                .createTable(LaneTable.table), .createTable(SlotTable.table), .createTable(PayloadTable.table),
                .createTable(RefusalTable.table),
            ])
    ]
}

enum LaneTable {
    static let lane = Column<String>("lane")
    static let low = Column<Int64?>("low")
    static let high = Column<Int64?>("high")
    static let isEnabled = Column<Bool>("is_enabled")
    static let table = Table("guard_lanes", [lane, low, high, isEnabled], primaryKey: [lane])
}

/// One row for each slot: what it stands for, and the highest fees so far.
///
/// Rows are never deleted.
enum SlotTable {
    static let lane = Column<String>("lane")
    static let position = Column<Int64>("position")
    static let signer = Column<[UInt8]>("signer")
    /// The intent of the payout or message; null while there is only a cancel.
    static let intent = Column<Hash32?>("intent")
    static let cancelIntent = Column<Hash32?>("cancel_intent")
    static let isMessage = Column<Bool>("is_message")
    static let maxFee = Column<UInt256>("max_fee")
    static let maxPriorityFee = Column<UInt256>("max_priority_fee")
    /// How many payloads there are.
    ///
    /// A change names the number it has seen, so two processes never both append.
    static let payloads = Column<Int64>("payloads")
    /// Two histories disagree about the slot: it takes no payload any more.
    static let isFrozen = Column<Bool>("is_frozen")
    static let createdAt = Column<Timestamp>("created_at")
    static let table = Table(
        "guard_slots",
        [
            lane, position, signer, intent, cancelIntent, isMessage, maxFee, maxPriorityFee, payloads, isFrozen,
            createdAt,
        ],
        primaryKey: [lane, position],
        checks: [.range(column: "position", 0...Int64.max), .range(column: "payloads", 0...Int64.max)])
}

/// One row for each digest that a signer may sign, for ever; the key keeps it from standing in two of his slots.
///
/// A transaction does not name its sender: two wallets that pay the same to the same, at the same nonce and price, sign
/// the same digest.
enum PayloadTable {
    static let digest = Column<Hash32>("digest")
    static let lane = Column<String>("lane")
    static let position = Column<Int64>("position")
    /// 1, 2, 3 … within the slot.
    static let ordinal = Column<Int64>("ordinal")
    static let purpose = Column<SigningRequest.Purpose>("purpose")
    static let intent = Column<Hash32>("intent")
    static let signer = Column<[UInt8]>("signer")
    static let maxFee = Column<UInt256>("max_fee")
    static let maxPriorityFee = Column<UInt256>("max_priority_fee")
    static let recordedAt = Column<Timestamp>("recorded_at")
    /// r, s and the recovery id: 65 bytes; null until it was made and verified.
    static let signature = Column<GuardSignature?>("signature")
    static let table = Table(
        "guard_payloads",
        [
            digest, lane, position, ordinal, purpose, intent, signer, maxFee, maxPriorityFee, recordedAt, signature,
        ],
        primaryKey: [digest, signer],
        uniques: [Index("guard_payloads_by_slot", [lane, position, ordinal])],
        checks: [.oneOf(column: "purpose", values: SigningRequest.Purpose.allCases.map(\.rawValue))])
}

/// What was refused, and why; only ever appended.
enum RefusalTable {
    static let sequence = Column<Int64>("sequence")
    static let lane = Column<String>("lane")
    static let position = Column<Int64>("position")
    static let digest = Column<Hash32>("digest")
    static let intent = Column<Hash32>("intent")
    static let purpose = Column<SigningRequest.Purpose>("purpose")
    static let code = Column<String>("code")
    static let message = Column<String>("message")
    static let at = Column<Timestamp>("at")
    static let table = Table(
        "guard_refusals", sequence: sequence, [lane, position, digest, intent, purpose, code, message, at],
        indexes: [Index("guard_refusals_by_lane", [lane, sequence])])
}

enum GuardSignatureTag {}
/// A secp256k1 signature as the guard stores it: r (32), s (32), recovery id (1).
typealias GuardSignature = FixedBytes<65, GuardSignatureTag>
