import ChainEVM
import Primitives
public import Storage

/// The tables of withdrawals, slots and signed transactions.
public enum WithdrawalSchema {
    public static let migrations = [
        Migration(
            "0001 withdrawals",
            [
                .createTable(WithdrawalTable.table), .createTable(IdempotencyTable.table),
                .createTable(QueueTable.table), .createTable(LaneTable.table), .createTable(SlotTable.table),
                .createTable(AttemptTable.table), .createTable(VoidTable.table), .createTable(RuleTable.table),
            ])
    ]
}

enum WithdrawalTable {
    static let id = Column<SortableID>("id")
    static let client = Column<String>("client")
    static let userID = Column<String>("user_id")
    static let walletID = Column<SortableID>("wallet_id")
    static let asset = Column<String>("asset")
    static let to = Column<String>("recipient")
    static let amount = Column<UInt256>("amount")
    static let reference = Column<String?>("reference")
    static let state = Column<Withdrawal.State>("state")
    static let reason = Column<String?>("reason")
    static let isCancelRequested = Column<Bool>("is_cancel_requested")
    static let nonce = Column<Int64?>("nonce")
    static let hash = Column<Hash32?>("transaction_hash")
    static let block = Column<Int64?>("block_number")
    /// When it got its slot; what windows of policy rules count by.
    static let boundAt = Column<Timestamp?>("bound_at")
    static let createdAt = Column<Timestamp>("created_at")
    static let updatedAt = Column<Timestamp>("updated_at")
    static let table = Table(
        "withdrawals",
        [
            id, client, userID, walletID, asset, to, amount, reference, state, reason, isCancelRequested, nonce, hash,
            block, boundAt, createdAt, updatedAt,
        ],
        primaryKey: [id],
        indexes: [
            Index("withdrawals_by_state", [state, id]), Index("withdrawals_by_user", [userID, id]),
            // Without the many that have no slot yet: they would be spread over the whole index as they come in.
            Index("withdrawals_by_spending", [userID, asset, boundAt], wherePresent: boundAt),
        ],
        checks: [
            .oneOf(column: state.name, values: Withdrawal.State.allCases.map(\.rawValue)),
            .notZero(column: amount.name),
        ])
}

/// One row for each key that a client ever used, kept as long as the withdrawal: for ever.
enum IdempotencyTable {
    static let client = Column<String>("client")
    static let key = Column<String>("idempotency_key")
    static let fingerprint = Column<Hash32>("fingerprint")
    static let withdrawalID = Column<SortableID>("withdrawal_id")
    static let table = Table(
        "idempotency", [client, key, fingerprint, withdrawalID], primaryKey: [client, key])
}

/// What waits for a slot, by lane.
///
/// A row disappears in the commit that binds a slot or ends the withdrawal.
enum QueueTable {
    static let lane = Column<String>("lane")
    static let withdrawalID = Column<SortableID>("withdrawal_id")
    /// Not looked at again before this time; whose time came first is looked at first.
    static let notBefore = Column<Timestamp>("not_before")
    static let table = Table(
        "withdrawal_queue", [lane, withdrawalID, notBefore], primaryKey: [lane, withdrawalID],
        indexes: [Index("withdrawal_queue_by_turn", [lane, notBefore, withdrawalID])])
}

/// One sender on one chain.
enum LaneTable {
    static let lane = Column<String>("lane")
    static let walletID = Column<SortableID>("wallet_id")
    /// Why nothing new is signed here; null while it works.
    static let frozenReason = Column<String?>("frozen_reason")
    /// The nonce that the next slot gets.
    static let nextNonce = Column<Int64>("next_nonce")
    static let table = Table("lanes", [lane, walletID, frozenReason, nextNonce], primaryKey: [lane])
}

/// One nonce of one lane, bound for ever to one withdrawal.
enum SlotTable {
    static let lane = Column<String>("lane")
    static let nonce = Column<Int64>("nonce")
    static let withdrawalID = Column<SortableID>("withdrawal_id")
    static let gasLimit = Column<Int64>("gas_limit")
    static let isOpen = Column<Bool>("is_open")
    /// What is to be signed next, written before it is signed: after a crash the same is signed again.
    static let draftPurpose = Column<Attempt.Purpose?>("draft_purpose")
    static let draftMaxFee = Column<UInt256?>("draft_max_fee_per_gas")
    static let draftMaxTip = Column<UInt256?>("draft_max_priority_fee_per_gas")
    static let boundAt = Column<Timestamp>("bound_at")
    /// Since when the chain counts the nonce as used while no node shows a transaction of ours for it.
    static let unexplainedSince = Column<Timestamp?>("unexplained_since")
    static let table = Table(
        "slots",
        [
            lane, nonce, withdrawalID, gasLimit, isOpen, draftPurpose, draftMaxFee, draftMaxTip, boundAt,
            unexplainedSince,
        ],
        primaryKey: [lane, nonce],
        uniques: [Index("slot_of_withdrawal", [withdrawalID])],
        indexes: [Index("slots_open", [isOpen, lane, nonce])],
        checks: [.range(column: "nonce", 0...Int64.max), .range(column: "is_open", 0...1)])
}

/// One signed transaction of a slot.
///
/// Rows are added and observed, never removed: what was signed may be mined.
enum AttemptTable {
    static let hash = Column<Hash32>("hash")
    static let lane = Column<String>("lane")
    static let nonce = Column<Int64>("nonce")
    static let purpose = Column<Attempt.Purpose>("purpose")
    static let raw = Column<[UInt8]>("raw")
    static let maxFee = Column<UInt256>("max_fee_per_gas")
    static let maxTip = Column<UInt256>("max_priority_fee_per_gas")
    static let createdAt = Column<Timestamp>("created_at")
    /// Null until the bytes were sent for the first time.
    static let sentAt = Column<Timestamp?>("sent_at")
    static let lastSentAt = Column<Timestamp?>("last_sent_at")
    static let table = Table(
        "attempts", [hash, lane, nonce, purpose, raw, maxFee, maxTip, createdAt, sentAt, lastSentAt],
        primaryKey: [hash], indexes: [Index("attempts_of_slot", [lane, nonce])],
        checks: [.oneOf(column: "purpose", values: Attempt.Purpose.allCases.map(\.rawValue))])
}

/// Why a hold was voided; one row for each withdrawal that ended without paying.
enum VoidTable {
    static let withdrawalID = Column<SortableID>("withdrawal_id")
    static let proof = Column<VoidProof>("proof")
    static let evidence = Column<String>("evidence")
    static let at = Column<Timestamp>("at")
    static let table = Table("void_proofs", [withdrawalID, proof, evidence, at], primaryKey: [withdrawalID])
}

extension Withdrawal {
    init(_ row: Row) throws(StorageError) {
        id = try row.get(WithdrawalTable.id)
        client = try row.get(WithdrawalTable.client)
        userID = try row.get(WithdrawalTable.userID)
        walletID = try row.get(WithdrawalTable.walletID)
        asset = try row.get(WithdrawalTable.asset)
        amount = try row.get(WithdrawalTable.amount)
        reference = try row.get(WithdrawalTable.reference)
        state = try row.get(WithdrawalTable.state)
        reason = try row.get(WithdrawalTable.reason)
        isCancelRequested = try row.get(WithdrawalTable.isCancelRequested)
        nonce = try row.get(WithdrawalTable.nonce).map { UInt64($0) }
        transactionHash = try row.get(WithdrawalTable.hash)
        blockNumber = try row.get(WithdrawalTable.block).map { UInt64($0) }
        createdAt = try row.get(WithdrawalTable.createdAt)
        updatedAt = try row.get(WithdrawalTable.updatedAt)
        do {
            to = try Address(checksummed: row.get(WithdrawalTable.to))
        } catch {
            throw StorageError(.corrupt, "withdrawal \(id) has a damaged recipient", cause: error)
        }
    }
}
