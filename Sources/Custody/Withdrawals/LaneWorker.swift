import Audit
import ChainEVM
import ChainNode
import Keys
import Ledger
import Primitives
import Storage
import Wallets

/// Takes one lane a step further: what is stored and what the chain shows come in, decisions are carried out in the
/// order that makes a crash harmless.
///
/// The order of every payment, each line durable before the next begins:
/// 1. slot and draft (this nonce is this withdrawal's, these fees are to be signed)
/// 2. the guard's record, then the signature
/// 3. the signed bytes and their hash
/// 4. only now the bytes go to the nodes, as often as wanted
/// 5. what the nodes answered; what the chain shows; the posting
///
/// Each write carries the lane's lease, so a worker that was overtaken changes nothing more.
struct LaneWorker: Sendable {
    let lane: String
    let lease: Lease
    let store: any Store
    let book: WithdrawalBook
    let signer: SigningGuard
    let vault: any KeyVault
    let node: any EVMNode
    let settings: ChainSettings
    let assets: AssetList
    let clock: WallClock

    /// One step.
    ///
    /// - Returns: whether anything was done; a caller in a hurry then steps again.
    func step() async throws -> Bool {
        let lane = lane
        guard let state = try await store.read({ tx in try LaneState.load(lane, in: tx) }) else { return false }
        let view = try await look(for: state)
        if let nextNonce = state.nextNonce, view.nextNonce > nextNonce, state.frozenReason == nil {
            try await freeze(
                "the chain shows nonce \(view.nextNonce), this server has used only \(nextNonce): the key was used elsewhere"
            )
            return true
        }
        var isBusy = false
        var consumed: [Slot] = []
        var sends: [(Slot, Attempt)] = []
        var drafts: [(Slot, Draft)] = []
        var signs: [(Slot, Draft)] = []
        for slot in state.slots {
            switch SlotRules.decide(slot, view, settings) {
            case .wait: break
            case .look: consumed.append(slot)
            case .send(let attempt): sends.append((slot, attempt))
            case .draft(let draft): drafts.append((slot, draft))
            case .sign(let draft): signs.append((slot, draft))
            }
        }
        for (slot, _) in drafts + signs {
            guard let attempt = SlotRules.resend(slot, view, settings) else { continue }
            sends.append((slot, attempt))
        }
        // What needs no signature comes first: neither a sealed vault nor a payment that can't be estimated may keep a
        // lane from being settled and its signed bytes from being sent.
        if !consumed.isEmpty { isBusy = try await settle(consumed, state, view) }
        isBusy = try await send(sends) || isBusy
        guard state.frozenReason == nil else { return isBusy }
        if !drafts.isEmpty { try await store(drafts) }
        isBusy = try await send(sign(signs + drafts, state)) || isBusy
        let waiting = state.slots.count { $0.nonce >= view.nextNonce }
        let (bound, hasMoved) = try await bind(state, view, free: settings.inFlightMax - waiting)
        return try await send(sign(bound, state)) || hasMoved || isBusy
    }

    private func send(_ sends: [(Slot, Attempt)]) async throws -> Bool {
        guard !sends.isEmpty else { return false }
        try await broadcast(sends)
        return true
    }

    // MARK: Looking

    private func look(for state: LaneState) async throws -> ChainView {
        guard let head = try await node.header(.latest) else {
            throw NodeError(.badAnswer, "\(settings.chain) has no newest block")
        }
        let nextNonce = try await node.transactionCount(of: state.wallet.address, at: .latest)
        // Beyond this no chain ever comes, and sums of these numbers could overflow.
        guard head.number <= UInt64(Int64.max / 2), nextNonce <= UInt64(Int64.max / 2) else {
            throw NodeError(.badAnswer, "\(settings.chain) answers block \(head.number), nonce \(nextNonce)")
        }
        let history = try await node.feeHistory(blockCount: 20, newest: .latest, percentiles: [50])
        let tip = max(history.medianTip(column: 0) ?? .zero, settings.priorityFeeWeiMin)
        return ChainView(
            headNumber: head.number, nextNonce: nextNonce,
            fresh: FeeRules.quote(nextBaseFee: history.nextBaseFee, tip: tip, blocks: settings.feeForecastBlocks),
            now: clock.now)
    }

    // MARK: Binding slots

    /// Gives slots to the withdrawals whose turn it is, as many as may wait for a block at once.
    ///
    /// One that has to wait goes behind all others, so that a hundred that can't be paid don't hold up the one behind
    /// them.
    ///
    /// - Returns: the new slots, and whether any withdrawal has left the head of the queue.
    private func bind(
        _ state: LaneState, _ view: ChainView, free: Int
    ) async throws -> (bound: [(Slot, Draft)], hasMoved: Bool) {
        guard free > 0 else { return ([], false) }
        let (lane, now) = (lane, clock.now)
        let entries = try await store.read { tx in
            try tx.select(
                Query(
                    QueueTable.table, where: [QueueTable.lane == lane, QueueTable.notBefore <= now],
                    order: [.ascending(QueueTable.notBefore), .ascending(QueueTable.withdrawalID)], limit: free)
            ).map { try WithdrawalBook.find($0.get(QueueTable.withdrawalID), in: tx) }
        }
        guard !entries.isEmpty else { return ([], false) }
        let nextNonce = try await firstFreeNonce(state, view)
        guard let nextNonce else { return ([], false) }
        var preflight = Preflight(state: state, view: view, node: node, settings: settings, assets: assets)
        let verdicts = try await policy(entries)
        var ready: [(Withdrawal, UInt64)] = []
        for (withdrawal, verdict) in zip(entries, verdicts) {
            if case .refused(_, let reason) = verdict {
                try await end(withdrawal, as: .rejected, reason: "policy: \(reason)")
                WithdrawalMetrics.decided(isAllowed: false)
                continue
            }
            WithdrawalMetrics.decided(isAllowed: true)
            do {
                switch try await preflight.check(withdrawal) {
                case .pass(let gasLimit): ready.append((withdrawal, gasLimit))
                case .wait(let reason): try await postpone(withdrawal, reason: reason)
                case .refuse(let reason): try await end(withdrawal, as: .rejected, reason: reason)
                }
            } catch let error as NodeError {
                // What was found ready before the node fell silent need not be asked again.
                guard !ready.isEmpty else { throw error }
                break
            }
        }
        guard !ready.isEmpty else { return ([], true) }
        return (try await bind(ready, from: nextNonce, fees: view.fresh, wallet: state.wallet), true)
    }

    private func bind(
        _ ready: [(Withdrawal, UInt64)], from nextNonce: UInt64, fees: FeeRules.Quote, wallet: Wallet
    ) async throws -> [(Slot, Draft)] {
        let (lane, lease, book, now, chain) = (lane, lease, book, clock.now, settings.chain)
        let draft = Draft(purpose: .payout, fees: fees)
        return try await store.write { tx in
            try tx.requireLease(lease)
            let row = try tx.first(Query(LaneTable.table, where: [LaneTable.lane == lane]))
            guard try row?.get(LaneTable.frozenReason) == nil else { return [] }
            let rules = try PolicyBook.rules(in: tx)
            var bound: [(Slot, Draft)] = []
            for (seen, gasLimit) in ready {
                // Cancelled since it was read: its queue row is gone, and the slot goes to the next one.
                let withdrawal = try WithdrawalBook.find(seen.id, in: tx)
                guard withdrawal.state == seen.state else { continue }
                // Here the rules have the last word: in this unit of work a window counts all that was bound before, in
                // this lane and in every other.
                if case .refused(_, let reason) = try PolicyBook.verdict(
                    on: withdrawal, chain: chain, rules: rules, now: now, in: tx)
                {
                    try book.endUnsigned(
                        withdrawal, as: .rejected, lane: lane, reason: "policy: \(reason)", actor: "system", in: tx)
                    continue
                }
                let nonce = nextNonce + UInt64(bound.count)
                try tx.insert(
                    into: SlotTable.table,
                    [
                        SlotTable.lane.set(lane), SlotTable.nonce.set(Int64(clamping: nonce)),
                        SlotTable.withdrawalID.set(withdrawal.id), SlotTable.gasLimit.set(Int64(clamping: gasLimit)),
                        SlotTable.isOpen.set(true), SlotTable.draftPurpose.set(draft.purpose),
                        SlotTable.draftMaxFee.set(fees.maxFeePerGas),
                        SlotTable.draftMaxTip.set(fees.maxPriorityFeePerGas), SlotTable.boundAt.set(now),
                        SlotTable.unexplainedSince.set(nil),
                    ])
                try tx.delete(
                    from: QueueTable.table,
                    where: [QueueTable.lane == lane, QueueTable.withdrawalID == withdrawal.id])
                try book.move(
                    withdrawal, to: .signing,
                    set: [WithdrawalTable.nonce.set(Int64(clamping: nonce)), WithdrawalTable.boundAt.set(now)],
                    details: ["nonce": JSON(nonce)], isAudited: false, in: tx)
                let slot = Slot(
                    nonce: nonce, gasLimit: gasLimit, boundAt: now, unexplainedSince: nil, draft: draft,
                    withdrawal: try WithdrawalBook.find(withdrawal.id, in: tx), attempts: [])
                bound.append((slot, draft))
            }
            guard !bound.isEmpty else { return [] }
            let next = LaneTable.nextNonce.set(Int64(clamping: nextNonce + UInt64(bound.count)))
            if row != nil {
                try tx.update(LaneTable.table, set: [next], where: [LaneTable.lane == lane])
            } else {
                try tx.insert(
                    into: LaneTable.table,
                    [
                        LaneTable.lane.set(lane), LaneTable.walletID.set(wallet.id), LaneTable.frozenReason.set(nil),
                        next,
                    ])
            }
            return bound
        }
    }

    /// The lane's own counter; at its beginning the chain's, once the guard agrees that nothing was signed beyond.
    ///
    /// A guard that knows a higher slot than the database means that the database is older than the guard: a restored
    /// backup. Then nothing is signed until somebody has compared them with the chain.
    private func firstFreeNonce(_ state: LaneState, _ view: ChainView) async throws -> UInt64? {
        let highest = try await signer.highest(lane)
        guard let next = state.nextNonce else {
            // A lane has its row before the guard hears of it. However far the chain is: a guard that knows a lane which
            // the database does not means that the database has forgotten what it paid.
            guard let highest else { return view.nextNonce }
            try await freeze(
                "the guard has signed nonce \(highest), the database knows no slot of this lane: an old database was restored"
            )
            return nil
        }
        guard let highest, highest >= Int64(clamping: next) else { return next }
        try await freeze(
            "the guard has signed nonce \(highest), the database would use \(next) next: an old database was restored")
        return nil
    }

    private func policy(_ withdrawals: [Withdrawal]) async throws -> [PolicyVerdict] {
        let (chain, now) = (settings.chain, clock.now)
        return try await store.read { tx in
            let rules = try PolicyBook.rules(in: tx)
            return try withdrawals.map { withdrawal in
                try PolicyBook.verdict(on: withdrawal, chain: chain, rules: rules, now: now, in: tx)
            }
        }
    }

    private func end(_ withdrawal: Withdrawal, as state: Withdrawal.State, reason: String) async throws {
        let (lane, lease, book) = (lane, lease, book)
        try await store.write { tx in
            try tx.requireLease(lease)
            let current = try WithdrawalBook.find(withdrawal.id, in: tx)
            guard current.state == withdrawal.state else { return }
            try book.endUnsigned(current, as: state, lane: lane, reason: reason, actor: "system", in: tx)
        }
    }

    private func postpone(_ withdrawal: Withdrawal, reason: String) async throws {
        let (lane, lease, book, now) = (lane, lease, book, clock.now)
        let later = now.adding(milliseconds: settings.waitMilliseconds)
        try await store.write { tx in
            try tx.requireLease(lease)
            try tx.update(
                QueueTable.table, set: [QueueTable.notBefore.set(later)],
                where: [QueueTable.lane == lane, QueueTable.withdrawalID == withdrawal.id])
            let current = try WithdrawalBook.find(withdrawal.id, in: tx)
            guard current.state == withdrawal.state, current.reason != reason else { return }
            if current.state == .queued {
                try tx.update(
                    WithdrawalTable.table,
                    set: [WithdrawalTable.reason.set(reason), WithdrawalTable.updatedAt.set(now)],
                    where: [WithdrawalTable.id == withdrawal.id])
            } else {
                try book.move(current, to: .queued, reason: reason, isAudited: false, in: tx)
            }
        }
    }

    /// Stops signing on this lane until a person has looked.
    ///
    /// What is signed is still sent and followed.
    func freeze(_ reason: String) async throws {
        let (lane, lease, now) = (lane, lease, clock.now)
        try await store.write { tx in
            try tx.requireLease(lease)
            guard let row = try tx.first(Query(LaneTable.table, where: [LaneTable.lane == lane])) else {
                guard let state = try LaneState.load(lane, in: tx) else { return }
                try tx.insert(
                    into: LaneTable.table,
                    [
                        LaneTable.lane.set(lane), LaneTable.walletID.set(state.wallet.id),
                        LaneTable.frozenReason.set(reason), LaneTable.nextNonce.set(0),
                    ])
                return try LaneWorker.noteFreeze(lane, state.wallet.id, reason, at: now, in: tx)
            }
            guard try row.get(LaneTable.frozenReason) == nil else { return }
            try tx.update(
                LaneTable.table, set: [LaneTable.frozenReason.set(reason)], where: [LaneTable.lane == lane])
            try LaneWorker.noteFreeze(lane, row.get(LaneTable.walletID), reason, at: now, in: tx)
        }
    }

    private static func noteFreeze(
        _ lane: String, _ wallet: SortableID, _ reason: String, at now: Timestamp, in tx: any WriteTransaction
    ) throws {
        let payload = JSON.object(["lane": .string(lane), "reason": .string(reason)])
        try EventLog.append(type: "lane.frozen", subject: wallet, payload: payload.text, at: now, in: tx)
        try AuditLog.append(actor: "system", action: "lane.freeze", object: lane, details: payload, at: now, in: tx)
    }
}
