import Audit
import Ledger
import Primitives
import Storage

/// Changes of withdrawals inside a unit of work, shared by what clients may do and what the workers do.
///
/// Every change of state is one conditional update, its event and its audit entry, or nothing.
struct WithdrawalBook: Sendable {
    let ledger: Ledger
    let ids: IDGenerator
    let clock: WallClock

    /// Moves a withdrawal on, if it still stands where the caller saw it.
    ///
    /// - Throws: `WithdrawalError` with `stateChanged`.
    func move(
        _ withdrawal: Withdrawal, to state: Withdrawal.State, set values: [Assignment] = [], reason: String? = nil,
        details: KeyValuePairs<String, JSON> = [:], actor: String = "system", isAudited: Bool = true,
        in tx: any WriteTransaction
    ) throws {
        precondition(
            withdrawal.state.next.contains(state), "\(withdrawal.state) is never followed by \(state)")
        let now = clock.now
        let changed = try tx.update(
            WithdrawalTable.table,
            set: [
                WithdrawalTable.state.set(state), WithdrawalTable.reason.set(reason),
                WithdrawalTable.updatedAt.set(now),
            ] + values,
            where: [WithdrawalTable.id == withdrawal.id, WithdrawalTable.state == withdrawal.state])
        guard changed == 1 else {
            throw WithdrawalError(.stateChanged, "\(withdrawal.idText) is no longer \(withdrawal.state.rawValue)")
        }
        try record(
            withdrawal, state: state, reason: reason, details: details, actor: actor, isAudited: isAudited, at: now,
            in: tx)
    }

    /// Adds the event, and the audit entry, of a withdrawal's new state.
    func record(
        _ withdrawal: Withdrawal, state: Withdrawal.State, reason: String? = nil,
        details: KeyValuePairs<String, JSON> = [:], actor: String = "system", isAudited: Bool = true, at now: Timestamp,
        in tx: any WriteTransaction
    ) throws {
        var members: [JSONMember] = [
            JSONMember(name: "id", value: .string(withdrawal.idText)),
            JSONMember(name: "state", value: .string(state.rawValue)),
        ]
        if let reason { members.append(JSONMember(name: "reason", value: .string(reason))) }
        members += details.map { JSONMember(name: $0.key, value: $0.value) }
        let (type, payload) = ("withdrawal.\(state.rawValue)", JSON.object(members).text)
        try EventLog.append(type: type, subject: withdrawal.id, payload: payload, at: now, in: tx)
        if isAudited {
            try AuditLog.append(
                actor: actor, action: type, object: withdrawal.idText, detailsText: payload, at: now, in: tx)
        }
    }

    /// Ends a withdrawal that was never signed, and frees its hold.
    func endUnsigned(
        _ withdrawal: Withdrawal, as state: Withdrawal.State, lane: String, reason: String, actor: String,
        in tx: any WriteTransaction
    ) throws {
        precondition(!withdrawal.state.hasSlot, "\(withdrawal.idText) has a slot: only the chain can end it")
        // The proof itself: no slot names it. A slot and this row are never both written, whoever comes first.
        let slots = try tx.count(SlotTable.table, where: [SlotTable.withdrawalID == withdrawal.id])
        guard slots == 0 else {
            throw WithdrawalError(.stateChanged, "\(withdrawal.idText) has a slot by now")
        }
        try tx.delete(
            from: QueueTable.table,
            where: [QueueTable.lane == lane, QueueTable.withdrawalID == withdrawal.id])
        try void(withdrawal, proof: .neverSigned, evidence: ["slots": 0], in: tx)
        try move(withdrawal, to: state, reason: reason, actor: actor, in: tx)
    }

    /// Frees the hold, and keeps why.
    func void(
        _ withdrawal: Withdrawal, proof: VoidProof, evidence: JSON, in tx: any WriteTransaction
    ) throws {
        try tx.insert(
            into: VoidTable.table,
            [
                VoidTable.withdrawalID.set(withdrawal.id), VoidTable.proof.set(proof),
                VoidTable.evidence.set(evidence.text), VoidTable.at.set(clock.now),
            ])
        try ledger.void(subject: withdrawal.id, in: tx)
    }

    static func find(_ id: SortableID, in tx: any ReadTransaction) throws -> Withdrawal {
        guard let row = try tx.first(Query(WithdrawalTable.table, where: [WithdrawalTable.id == id])) else {
            throw WithdrawalError(.notFound, "no withdrawal \(id.text(prefix: Withdrawal.idPrefix))")
        }
        return try Withdrawal(row)
    }
}
