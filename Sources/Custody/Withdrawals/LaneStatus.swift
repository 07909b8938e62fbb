import Audit
public import Primitives
public import Storage

/// What operators see of a lane.
public struct LaneStatus: Sendable, Hashable {
    public let lane: String
    public let walletID: SortableID
    /// Why nothing new is signed; `nil` while the lane works.
    public let frozenReason: String?
    public let nextNonce: UInt64
    public let openSlots: Int
    public let queued: Int
}

/// Lanes for operators: how they stand, and letting a frozen one work again.
public struct LaneBook: Sendable {
    private let store: any Store
    private let clock: WallClock

    public init(store: any Store, clock: WallClock) {
        self.store = store
        self.clock = clock
    }

    /// Lanes with a slot so far: those that are frozen first, then the others, by name.
    public func lanes(limit: Int) async throws -> [LaneStatus] {
        try await store.read { tx in
            let order = [Ordering.ascending(LaneTable.lane)]
            let frozen = try tx.select(
                Query(LaneTable.table, where: [LaneTable.frozenReason.isNotNull], order: order, limit: limit))
            let working = try tx.select(
                Query(
                    LaneTable.table, where: [LaneTable.frozenReason.isNull], order: order, limit: limit - frozen.count))
            return try (frozen + working).map { row in
                let name = try row.get(LaneTable.lane)
                return LaneStatus(
                    lane: name, walletID: try row.get(LaneTable.walletID),
                    frozenReason: try row.get(LaneTable.frozenReason),
                    nextNonce: UInt64(clamping: try row.get(LaneTable.nextNonce)),
                    openSlots: try tx.count(
                        SlotTable.table, where: [SlotTable.isOpen == true, SlotTable.lane == name]),
                    queued: try tx.count(QueueTable.table, where: [QueueTable.lane == name]))
            }
        }
    }

    /// Lets a frozen lane sign again, from `nextNonce` on.
    ///
    /// Only a person may decide it, after looking at the chain and at the guard; the number can't go down.
    ///
    /// - Throws: `WithdrawalError` with `notFound`, `invalidInput`.
    public func unfreeze(_ lane: String, nextNonce: UInt64, actor: String) async throws {
        let now = clock.now
        try await store.write { tx in
            guard let row = try tx.first(Query(LaneTable.table, where: [LaneTable.lane == lane])) else {
                throw WithdrawalError(.notFound, "no lane \(lane)")
            }
            guard try Int64(clamping: nextNonce) >= row.get(LaneTable.nextNonce) else {
                throw WithdrawalError(.invalidInput, "next_nonce can't go down")
            }
            try tx.update(
                LaneTable.table,
                set: [LaneTable.frozenReason.set(nil), LaneTable.nextNonce.set(Int64(clamping: nextNonce))],
                where: [LaneTable.lane == lane])
            try AuditLog.append(
                actor: actor, action: "lane.unfreeze", object: lane, details: ["next_nonce": JSON(nextNonce)], at: now,
                in: tx)
        }
    }
}
