import ChainEVM
import Primitives
import Storage
import Wallets

/// Everything that is stored about one lane, read in one view.
struct LaneState: Sendable {
    let wallet: Wallet
    /// Why nothing new is signed; `nil` while the lane works.
    let frozenReason: String?
    /// `nil` before the lane's first slot.
    let nextNonce: UInt64?
    /// Open slots, lowest nonce first.
    let slots: [Slot]

    static func load(_ lane: String, in tx: any ReadTransaction) throws -> LaneState? {
        let row = try tx.first(Query(LaneTable.table, where: [LaneTable.lane == lane]))
        let walletID: SortableID
        if let row {
            walletID = try row.get(LaneTable.walletID)
        } else {
            // Before its first slot a lane is known by what waits for it.
            let waiting = Query(QueueTable.table, where: [QueueTable.lane == lane])
            guard let first = try tx.first(waiting) else { return nil }
            walletID = try WithdrawalBook.find(first.get(QueueTable.withdrawalID), in: tx).walletID
        }
        let open = Query(
            SlotTable.table, where: [SlotTable.isOpen == true, SlotTable.lane == lane],
            order: [.ascending(SlotTable.nonce)])
        return LaneState(
            wallet: try Wallets.find(walletID, seenBy: nil, in: tx),
            frozenReason: try row?.get(LaneTable.frozenReason),
            nextNonce: try row.map { UInt64(clamping: try $0.get(LaneTable.nextNonce)) },
            slots: try tx.select(open).map { try slot($0, lane: lane, in: tx) })
    }

    private static func slot(_ row: Row, lane: String, in tx: any ReadTransaction) throws -> Slot {
        let nonce = try row.get(SlotTable.nonce)
        let attempts = try tx.select(
            Query(
                AttemptTable.table, where: [AttemptTable.lane == lane, AttemptTable.nonce == nonce],
                order: [.ascending(AttemptTable.createdAt)])
        ).map { try Attempt($0) }
        var draft: Draft?
        if let purpose = try row.get(SlotTable.draftPurpose), let maxFee = try row.get(SlotTable.draftMaxFee),
            let maxTip = try row.get(SlotTable.draftMaxTip)
        {
            draft = Draft(
                purpose: purpose, fees: FeeRules.Quote(maxPriorityFeePerGas: maxTip, maxFeePerGas: maxFee))
        }
        return Slot(
            nonce: UInt64(clamping: nonce), gasLimit: UInt64(clamping: try row.get(SlotTable.gasLimit)),
            boundAt: try row.get(SlotTable.boundAt), unexplainedSince: try row.get(SlotTable.unexplainedSince),
            draft: draft, withdrawal: try WithdrawalBook.find(row.get(SlotTable.withdrawalID), in: tx),
            attempts: attempts)
    }

    /// Lanes that have something to do: open slots, or withdrawals whose time has come.
    static func busy(at now: Timestamp, in tx: any ReadTransaction) throws -> [String] {
        var lanes: Set<String> = []
        // Each step jumps over all rows of one lane, so that a million waiting withdrawals cost no more than one.
        var last = ""
        while let row = try tx.first(
            Query(QueueTable.table, where: [QueueTable.lane > last], order: [.ascending(QueueTable.lane)]))
        {
            last = try row.get(QueueTable.lane)
            lanes.insert(last)
        }
        last = ""
        while let row = try tx.first(
            Query(
                SlotTable.table, where: [SlotTable.isOpen == true, SlotTable.lane > last],
                order: [.ascending(SlotTable.lane)]))
        {
            last = try row.get(SlotTable.lane)
            lanes.insert(last)
        }
        return lanes.sorted()
    }
}
