import Cryptography
import Primitives
import Storage

/// Reads and writes the guard's rows inside a unit of work.
enum GuardRows {
    static func lane(_ name: String, in tx: any ReadTransaction) throws(StorageError) -> GuardRules.Lane? {
        guard let row = try tx.first(Query(LaneTable.table, where: [LaneTable.lane == name])) else { return nil }
        return GuardRules.Lane(
            low: try row.get(LaneTable.low), high: try row.get(LaneTable.high),
            isEnabled: try row.get(LaneTable.isEnabled))
    }

    /// The lane's bounds; a lane that is used for the first time gets a row.
    static func openLane(_ name: String, in tx: any WriteTransaction) throws(StorageError) -> GuardRules.Lane {
        if let lane = try lane(name, in: tx) { return lane }
        let lane = GuardRules.Lane()
        try insert(lane, name, in: tx)
        return lane
    }

    static func insert(_ lane: GuardRules.Lane, _ name: String, in tx: any WriteTransaction) throws(StorageError) {
        try tx.insert(
            into: LaneTable.table,
            [
                LaneTable.lane.set(name), LaneTable.low.set(lane.low), LaneTable.high.set(lane.high),
                LaneTable.isEnabled.set(lane.isEnabled),
            ])
    }

    static func change(_ lane: GuardRules.Lane, _ name: String, in tx: any WriteTransaction) throws(StorageError) {
        try tx.update(
            LaneTable.table,
            set: [
                LaneTable.low.set(lane.low), LaneTable.high.set(lane.high), LaneTable.isEnabled.set(lane.isEnabled),
            ],
            where: [LaneTable.lane == name])
    }

    static func slot(
        _ lane: String, _ position: Int64, in tx: any ReadTransaction
    ) throws(StorageError) -> GuardRules.Slot? {
        let query = Query(SlotTable.table, where: [SlotTable.lane == lane, SlotTable.position == position])
        return try tx.first(query).map { row throws(StorageError) in try slot(row) }
    }

    static func slot(_ row: Row) throws(StorageError) -> GuardRules.Slot {
        GuardRules.Slot(
            signer: try row.get(SlotTable.signer), intent: try row.get(SlotTable.intent),
            cancelIntent: try row.get(SlotTable.cancelIntent), isMessage: try row.get(SlotTable.isMessage),
            maxFee: try row.get(SlotTable.maxFee), maxPriorityFee: try row.get(SlotTable.maxPriorityFee),
            payloads: try row.get(SlotTable.payloads), isFrozen: try row.get(SlotTable.isFrozen))
    }

    static func insert(
        _ slot: GuardRules.Slot, _ lane: String, _ position: Int64, at now: Timestamp, in tx: any WriteTransaction
    ) throws(StorageError) {
        try tx.insert(
            into: SlotTable.table,
            [
                SlotTable.lane.set(lane), SlotTable.position.set(position), SlotTable.signer.set(slot.signer),
                SlotTable.intent.set(slot.intent), SlotTable.cancelIntent.set(slot.cancelIntent),
                SlotTable.isMessage.set(slot.isMessage), SlotTable.maxFee.set(slot.maxFee),
                SlotTable.maxPriorityFee.set(slot.maxPriorityFee), SlotTable.payloads.set(slot.payloads),
                SlotTable.isFrozen.set(slot.isFrozen), SlotTable.createdAt.set(now),
            ])
    }

    /// Changes a slot that is still as it was read.
    static func change(
        _ old: GuardRules.Slot, to new: GuardRules.Slot, _ lane: String, _ position: Int64, in tx: any WriteTransaction
    ) throws {
        let changed = try tx.update(
            SlotTable.table,
            set: [
                SlotTable.intent.set(new.intent), SlotTable.cancelIntent.set(new.cancelIntent),
                SlotTable.maxFee.set(new.maxFee), SlotTable.maxPriorityFee.set(new.maxPriorityFee),
                SlotTable.payloads.set(new.payloads), SlotTable.isFrozen.set(new.isFrozen),
            ],
            where: [
                SlotTable.lane == lane, SlotTable.position == position, SlotTable.payloads == old.payloads,
                SlotTable.isFrozen == old.isFrozen,
            ])
        guard changed == 1 else { throw LostRace() }
    }

    /// What one signer may sign, by its digest.
    static func payload(
        _ digest: Hash32, of signer: [UInt8], in tx: any ReadTransaction
    ) throws(StorageError) -> GuardRules.Payload? {
        let query = Query(PayloadTable.table, where: [PayloadTable.digest == digest, PayloadTable.signer == signer])
        guard let row = try tx.first(query) else { return nil }
        return GuardRules.Payload(
            lane: try row.get(PayloadTable.lane), position: try row.get(PayloadTable.position),
            purpose: try row.get(PayloadTable.purpose), intent: try row.get(PayloadTable.intent),
            signer: try row.get(PayloadTable.signer), maxFee: try row.get(PayloadTable.maxFee),
            maxPriorityFee: try row.get(PayloadTable.maxPriorityFee), signature: try row.get(PayloadTable.signature))
    }

    static func insert(
        _ request: SigningRequest, ordinal: Int64, at now: Timestamp, in tx: any WriteTransaction
    ) throws(StorageError) {
        try insert(
            GuardPayload(
                digest: request.digest, intent: request.intent, purpose: request.purpose,
                signer: request.expectedSigner, maxFeePerGas: request.maxFeePerGas,
                maxPriorityFeePerGas: request.maxPriorityFeePerGas, recordedAt: now, signature: nil),
            request.lane, request.position, ordinal: ordinal, in: tx)
    }

    static func insert(
        _ payload: GuardPayload, _ lane: String, _ position: Int64, ordinal: Int64, in tx: any WriteTransaction
    ) throws(StorageError) {
        try tx.insert(
            into: PayloadTable.table,
            [
                PayloadTable.digest.set(payload.digest), PayloadTable.lane.set(lane),
                PayloadTable.position.set(position), PayloadTable.ordinal.set(ordinal),
                PayloadTable.purpose.set(payload.purpose), PayloadTable.intent.set(payload.intent),
                PayloadTable.signer.set(payload.signer), PayloadTable.maxFee.set(payload.maxFeePerGas),
                PayloadTable.maxPriorityFee.set(payload.maxPriorityFeePerGas),
                PayloadTable.recordedAt.set(payload.recordedAt),
                PayloadTable.signature.set(payload.signature?.guardForm),
            ])
    }

    static func insertRefusal(
        of request: SigningRequest, _ code: KeyError.Code, _ message: String, at now: Timestamp,
        in tx: any WriteTransaction
    ) throws(StorageError) {
        try tx.insert(
            into: RefusalTable.table,
            [
                RefusalTable.lane.set(request.lane), RefusalTable.position.set(request.position),
                RefusalTable.digest.set(request.digest), RefusalTable.intent.set(request.intent),
                RefusalTable.purpose.set(request.purpose), RefusalTable.code.set(code.description),
                RefusalTable.message.set(message), RefusalTable.at.set(now),
            ])
    }

    /// Keeps a signature unless there is one, and answers with the one that stands.
    static func keep(
        _ signature: GuardSignature, for digest: Hash32, of signer: [UInt8], in tx: any WriteTransaction
    ) throws -> GuardSignature {
        let changed = try tx.update(
            PayloadTable.table, set: [PayloadTable.signature.set(signature)],
            where: [
                PayloadTable.digest == digest, PayloadTable.signer == signer, PayloadTable.signature.isNull,
            ])
        if changed == 1 { return signature }
        // The same digest was signed twice at once. RFC 6979 gives the same bytes, a hardware module may not.
        guard let stored = try payload(digest, of: signer, in: tx)?.signature else {
            throw StorageError(.corrupt, "a recorded payload is gone")
        }
        return stored
    }
}

extension Secp256k1.Signature {
    /// r, s and the recovery id.
    var guardForm: GuardSignature {
        guard let form = GuardSignature(compact + [recoveryID]) else {
            preconditionFailure("a signature has 64 bytes and a recovery id")
        }
        return form
    }

    /// A stored signature; `nil` when the bytes are none, or one with a high S.
    init?(_ stored: GuardSignature) {
        let bytes = stored.bytes
        guard let signature = try? Secp256k1.Signature(compact: bytes[..<64], recoveryID: bytes[64]) else { return nil }
        self = signature
    }
}
