import Cryptography
import Primitives
import Storage

/// Reads what the guard shows and exports.
extension GuardRows {
    static func lanes(in tx: any ReadTransaction) throws(StorageError) -> [GuardLane] {
        var lanes: [GuardLane] = []
        for row in try tx.select(Query(LaneTable.table, order: [.ascending(LaneTable.lane)])) {
            lanes.append(
                GuardLane(
                    lane: try row.get(LaneTable.lane), low: try row.get(LaneTable.low),
                    high: try row.get(LaneTable.high), isEnabled: try row.get(LaneTable.isEnabled)))
        }
        return lanes
    }

    /// All slots of a lane with their payloads, by position.
    static func slots(_ lane: String, in tx: any ReadTransaction) throws(StorageError) -> [GuardSlot] {
        try slots(
            lane, heads: [SlotTable.lane == lane], payloads: [PayloadTable.lane == lane], in: tx)
    }

    /// One slot with its payloads.
    static func slot(
        in lane: String, at position: Int64, _ tx: any ReadTransaction
    ) throws(StorageError) -> GuardSlot? {
        try slots(
            lane, heads: [SlotTable.lane == lane, SlotTable.position == position],
            payloads: [PayloadTable.lane == lane, PayloadTable.position == position], in: tx
        ).first
    }

    private static func slots(
        _ lane: String, heads: [Term], payloads: [Term], in tx: any ReadTransaction
    ) throws(StorageError) -> [GuardSlot] {
        var byPosition: [Int64: [GuardPayload]] = [:]
        let rows = try tx.select(
            Query(
                PayloadTable.table, where: payloads,
                order: [.ascending(PayloadTable.position), .ascending(PayloadTable.ordinal)]))
        for row in rows {
            byPosition[try row.get(PayloadTable.position), default: []].append(try payload(row))
        }
        var slots: [GuardSlot] = []
        for row in try tx.select(Query(SlotTable.table, where: heads, order: [.ascending(SlotTable.position)])) {
            let slot = try slot(row)
            let position = try row.get(SlotTable.position)
            slots.append(
                GuardSlot(
                    lane: lane, position: position, signer: slot.signer, intent: slot.intent,
                    cancelIntent: slot.cancelIntent, isFrozen: slot.isFrozen, payloads: byPosition[position] ?? []))
        }
        return slots
    }

    static func payload(_ row: Row) throws(StorageError) -> GuardPayload {
        GuardPayload(
            digest: try row.get(PayloadTable.digest), intent: try row.get(PayloadTable.intent),
            purpose: try row.get(PayloadTable.purpose), signer: try row.get(PayloadTable.signer),
            maxFeePerGas: try row.get(PayloadTable.maxFee),
            maxPriorityFeePerGas: try row.get(PayloadTable.maxPriorityFee),
            recordedAt: try row.get(PayloadTable.recordedAt),
            signature: try row.get(PayloadTable.signature).flatMap { Secp256k1.Signature($0) })
    }

    static func refusal(_ row: Row) throws -> GuardRefusal {
        guard let code = KeyError.Code(stored: try row.get(RefusalTable.code)) else {
            throw StorageError(.corrupt, "a refusal has an unknown code")
        }
        return GuardRefusal(
            sequence: try row.get(RefusalTable.sequence), lane: try row.get(RefusalTable.lane),
            position: try row.get(RefusalTable.position), digest: try row.get(RefusalTable.digest),
            intent: try row.get(RefusalTable.intent), purpose: try row.get(RefusalTable.purpose), code: code,
            message: try row.get(RefusalTable.message), at: try row.get(RefusalTable.at))
    }
}
