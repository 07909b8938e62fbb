import ChainEVM
import ChainNode
import Ledger
import Primitives
import Storage
import Wallets

extension LaneWorker {
    /// One of our transactions in a block of the current chain.
    private struct Sighting {
        let attempt: Attempt
        let receipt: Receipt
        let isFinal: Bool
    }

    /// Finds out what became of slots whose nonce the chain counts as used.
    ///
    /// - Returns: whether something was settled.
    func settle(_ slots: [Slot], _ state: LaneState, _ view: ChainView) async throws -> Bool {
        let attempts = slots.flatMap(\.attempts)
        guard !attempts.isEmpty else {
            try await explain(slots, state, view)
            return false
        }
        let receipts = try await node.receipts(attempts.map(\.hash))
        guard receipts.count == attempts.count else {
            throw NodeError(.badAnswer, "\(attempts.count) receipts asked, \(receipts.count) answered")
        }
        let gasLimits = Dictionary(slots.map { ($0.nonce, $0.gasLimit) }, uniquingKeysWith: max)
        var canonical: [UInt64: Hash32?] = [:]
        var finalNumber: UInt64?
        var sightings: [UInt64: Sighting] = [:]
        for (attempt, receipt) in zip(attempts, receipts) {
            guard let receipt else { continue }
            // A node that answers for something else has not answered.
            guard receipt.transactionHash == attempt.hash, receipt.from == state.wallet.address,
                receipt.blockNumber <= view.headNumber, receipt.effectiveGasPrice <= attempt.maxFeePerGas,
                receipt.gasUsed <= max(gasLimits[attempt.nonce] ?? 0, Payout.plainGas)
            else { continue }
            if canonical[receipt.blockNumber] == nil {
                canonical[receipt.blockNumber] = .some(try await node.header(.number(receipt.blockNumber))?.hash)
            }
            guard canonical[receipt.blockNumber] == .some(receipt.blockHash) else { continue }
            if finalNumber == nil { finalNumber = try await lastFinalBlock(view) }
            sightings[attempt.nonce] = Sighting(
                attempt: attempt, receipt: receipt, isFinal: receipt.blockNumber <= finalNumber ?? 0)
        }
        let missing = slots.filter { sightings[$0.nonce] == nil }
        if !missing.isEmpty { try await explain(missing, state, view) }
        var isBusy = false
        for slot in slots {
            guard let sighting = sightings[slot.nonce] else { continue }
            if sighting.isFinal {
                isBusy = try await finish(slot, sighting, wallet: state.wallet) || isBusy
            } else if slot.unexplainedSince != nil || slot.withdrawal.state != .mined
                || slot.withdrawal.blockNumber != sighting.receipt.blockNumber
                || slot.withdrawal.transactionHash != sighting.attempt.hash
            {
                try await noteMined(slot, sighting)
            }
        }
        return isBusy
    }

    /// The newest block that counts as final.
    private func lastFinalBlock(_ view: ChainView) async throws -> UInt64 {
        switch settings.finality {
        case .depth(let depth): view.headNumber >= depth ? view.headNumber - depth + 1 : 0
        case .finalizedTag: try await node.header(.finalized)?.number ?? 0
        }
    }

    private func noteMined(_ slot: Slot, _ sighting: Sighting) async throws {
        let (lane, lease, book, now) = (lane, lease, book, clock.now)
        let (hash, block) = (sighting.attempt.hash, sighting.receipt.blockNumber)
        let isPayout = sighting.attempt.purpose == .payout
        try await store.write { tx in
            try tx.requireLease(lease)
            let withdrawal = try WithdrawalBook.find(slot.withdrawal.id, in: tx)
            try tx.update(
                SlotTable.table, set: [SlotTable.unexplainedSince.set(nil)],
                where: [SlotTable.lane == lane, SlotTable.nonce == Int64(clamping: slot.nonce)])
            let seen = [WithdrawalTable.hash.set(hash), WithdrawalTable.block.set(Int64(clamping: block))]
            let details: KeyValuePairs<String, JSON> = [
                "transaction_hash": .string("\(hash)"), "block_number": JSON(block), "pays": .bool(isPayout),
            ]
            if withdrawal.state == .mined {
                try tx.update(
                    WithdrawalTable.table, set: seen + [WithdrawalTable.updatedAt.set(now)],
                    where: [WithdrawalTable.id == withdrawal.id])
                try book.record(
                    withdrawal, state: .mined, details: details, isAudited: false, at: now, in: tx)
            } else if withdrawal.state.next.contains(.mined) {
                try book.move(withdrawal, to: .mined, set: seen, details: details, isAudited: false, in: tx)
            }
        }
    }

    /// Ends a withdrawal by what the chain shows at final depth: posts its hold, or voids it with the proof.
    ///
    /// - Returns: whether it ended; it does not where a person has to look first.
    private func finish(_ slot: Slot, _ sighting: Sighting, wallet: Wallet) async throws -> Bool {
        let (lane, lease, book, settings) = (lane, lease, book, settings)
        let (attempt, receipt) = (sighting.attempt, sighting.receipt)
        let asset = try asset(of: slot.withdrawal)
        let fee = try receipt.fee()
        let outcome =
            attempt.purpose == .payout
            ? Payout.outcome(receipt, slot.withdrawal, asset: asset, from: wallet.address) : .nothing
        if case .unclear(let left) = outcome {
            if slot.withdrawal.state != .mined { try await noteMined(slot, sighting) }
            try await freeze(
                "nonce \(slot.nonce) took \(left) of \(asset.key) out of the wallet instead of \(slot.withdrawal.amount)"
            )
            return false
        }
        let hasEnded = try await store.write { tx in
            try tx.requireLease(lease)
            let withdrawal = try WithdrawalBook.find(slot.withdrawal.id, in: tx)
            let closed = try tx.update(
                SlotTable.table, set: [SlotTable.isOpen.set(false), SlotTable.unexplainedSince.set(nil)],
                where: [
                    SlotTable.lane == lane, SlotTable.nonce == Int64(clamping: slot.nonce), SlotTable.isOpen == true,
                ])
            guard closed == 1 else { return false }
            try book.ledger.fee(
                wallet: wallet.ledgerOwner, chain: "\(settings.chain)", asset: settings.native.key, amount: fee,
                subject: withdrawal.id, in: tx)
            let seen = [
                WithdrawalTable.hash.set(attempt.hash), WithdrawalTable.block.set(Int64(clamping: receipt.blockNumber)),
            ]
            let evidence: JSON = [
                "transaction_hash": .string("\(attempt.hash)"), "block_number": JSON(receipt.blockNumber),
                "block_hash": .string("\(receipt.blockHash)"), "fee": .string("\(fee)"),
                "succeeded": .bool(receipt.succeeded),
            ]
            let details: KeyValuePairs<String, JSON> = ["chain": evidence]
            switch outcome {
            case .paid, .paidLess, .unclear:
                var reason: String?
                if case .paidLess(let part) = outcome {
                    reason = "the token paid \(part) of \(withdrawal.amount) to the recipient"
                }
                try book.ledger.post(subject: withdrawal.id, in: tx)
                try book.move(withdrawal, to: .confirmed, set: seen, reason: reason, details: details, in: tx)
            case .nothing where attempt.purpose == .cancel:
                try book.void(withdrawal, proof: .slotCancelled, evidence: evidence, in: tx)
                try book.move(
                    withdrawal, to: .cancelled, set: seen, reason: "cancelled on the chain", details: details, in: tx)
            case .nothing:
                try book.void(withdrawal, proof: .reverted, evidence: evidence, in: tx)
                let reason = receipt.succeeded ? "the token moved nothing" : "the transaction reverted"
                try book.move(withdrawal, to: .failed, set: seen, reason: reason, details: details, in: tx)
            }
            return true
        }
        if hasEnded {
            let hasPaid = if case .nothing = outcome { false } else { true }
            WithdrawalMetrics.reached(hasPaid ? .confirmed : .failed, slot.withdrawal, at: clock.now)
        }
        return hasEnded
    }

    /// Handles used nonces for which no node shows a transaction of ours.
    ///
    /// That proves nothing: nodes lag, prune and index late. Nothing is signed or freed because of it; after a while a
    /// person is called.
    private func explain(_ slots: [Slot], _ state: LaneState, _ view: ChainView) async throws {
        let (lane, lease) = (lane, lease)
        let fresh = slots.filter { $0.unexplainedSince == nil }
        if !fresh.isEmpty {
            try await store.write { tx in
                try tx.requireLease(lease)
                for slot in fresh {
                    try tx.update(
                        SlotTable.table, set: [SlotTable.unexplainedSince.set(view.now)],
                        where: [SlotTable.lane == lane, SlotTable.nonce == Int64(clamping: slot.nonce)])
                }
            }
        }
        let overdue = slots.first { slot in
            guard let since = slot.unexplainedSince else { return false }
            return view.now.milliseconds(since: since) >= settings.unexplainedAfterMilliseconds
        }
        guard let overdue, state.frozenReason == nil else { return }
        let final = try await lastFinalBlock(view)
        guard try await node.transactionCount(of: state.wallet.address, at: .number(final)) > overdue.nonce else {
            return
        }
        try await freeze("nonce \(overdue.nonce) is used for good, by no transaction of this server that a node knows")
    }
}
