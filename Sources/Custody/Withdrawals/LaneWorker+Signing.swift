import ChainEVM
import ChainNode
import Keys
import Primitives
import Storage
import Wallets

extension LaneWorker {
    /// Stores what is to be signed, so that after a crash the same is signed again.
    func store(_ drafts: [(Slot, Draft)]) async throws {
        let (lane, lease) = (lane, lease)
        try await store.write { tx in
            try tx.requireLease(lease)
            for (slot, draft) in drafts {
                try tx.update(
                    SlotTable.table,
                    set: [
                        SlotTable.draftPurpose.set(draft.purpose), SlotTable.draftMaxFee.set(draft.fees.maxFeePerGas),
                        SlotTable.draftMaxTip.set(draft.fees.maxPriorityFeePerGas),
                    ], where: [SlotTable.lane == lane, SlotTable.nonce == Int64(clamping: slot.nonce)])
            }
        }
    }

    /// Signs drafts through the guard and stores the signed bytes.
    ///
    /// - Returns: what may be sent now.
    func sign(_ drafts: [(Slot, Draft)], _ state: LaneState) async throws -> [(Slot, Attempt)] {
        guard !drafts.isEmpty else { return [] }
        let key = try await vault.describe(state.wallet.keyID)
        let unsigned = try drafts.map { slot, draft in
            (slot, draft, try transaction(slot, draft, sender: state.wallet.address))
        }
        let started = ContinuousClock.now
        let outcomes = try await signer.sign(
            unsigned.map { slot, draft, transaction in
                SigningRequest(
                    keyID: key.id, lane: lane, position: Int64(clamping: slot.nonce),
                    purpose: draft.purpose == .cancel ? .cancel : .payout,
                    intent: try payout(slot, draft, sender: state.wallet.address).intent(settings),
                    digest: transaction.signingHash, maxFeePerGas: draft.fees.maxFeePerGas,
                    maxPriorityFeePerGas: draft.fees.maxPriorityFeePerGas, expectedSigner: key.publicKey)
            })
        WithdrawalMetrics.signed(outcomes, backend: vault.backend, took: .now - started)
        var signed: [(Slot, Attempt)] = []
        for ((slot, draft, transaction), outcome) in zip(unsigned, outcomes) {
            switch outcome {
            case .success(let digest):
                let bytes = transaction.signed(digest.signature)
                // A second opinion on the way out: the bytes as a node reads them are from our wallet.
                guard try SignedTransaction.decode(bytes.raw).recoverSender() == state.wallet.address else {
                    throw KeyError(.badSignature, "the signed bytes of \(lane)#\(slot.nonce) are not from its wallet")
                }
                signed.append((slot, attempt(bytes, slot, draft)))
            case .failure(let error) where error.code.isRetryable: throw error
            case .failure(let error):
                // The guard refuses for ever. Nothing else may use the slot, so a person has to look.
                try await freeze("the guard refused nonce \(slot.nonce): \(error.message)")
            }
        }
        try await keep(signed)
        for (slot, attempt) in signed where slot.attempts.isEmpty && attempt.purpose == .payout {
            WithdrawalMetrics.reached(.signed, slot.withdrawal, at: clock.now)
        }
        return signed
    }

    private func keep(_ signed: [(Slot, Attempt)]) async throws {
        let (lane, lease, book, now) = (lane, lease, book, clock.now)
        guard !signed.isEmpty else { return }
        try await store.write { tx in
            try tx.requireLease(lease)
            for (slot, attempt) in signed {
                try tx.insert(
                    into: AttemptTable.table,
                    [
                        AttemptTable.hash.set(attempt.hash), AttemptTable.lane.set(lane),
                        AttemptTable.nonce.set(Int64(clamping: attempt.nonce)),
                        AttemptTable.purpose.set(attempt.purpose), AttemptTable.raw.set(attempt.raw),
                        AttemptTable.maxFee.set(attempt.maxFeePerGas),
                        AttemptTable.maxTip.set(attempt.maxPriorityFeePerGas),
                        AttemptTable.createdAt.set(now), AttemptTable.sentAt.set(nil),
                        AttemptTable.lastSentAt.set(nil),
                    ])
                try tx.update(
                    SlotTable.table,
                    set: [
                        SlotTable.draftPurpose.set(nil), SlotTable.draftMaxFee.set(nil),
                        SlotTable.draftMaxTip.set(nil),
                    ], where: [SlotTable.lane == lane, SlotTable.nonce == Int64(clamping: slot.nonce)])
                let withdrawal = try WithdrawalBook.find(slot.withdrawal.id, in: tx)
                let details: KeyValuePairs<String, JSON> = [
                    "transaction_hash": .string("\(attempt.hash)"), "nonce": JSON(attempt.nonce),
                    "purpose": .string(attempt.purpose.rawValue),
                    "max_fee_per_gas": .string("\(attempt.maxFeePerGas)"),
                ]
                if withdrawal.state == .signing {
                    try book.move(
                        withdrawal, to: .signed, set: [WithdrawalTable.hash.set(attempt.hash)], details: details,
                        in: tx)
                } else {
                    try tx.update(
                        WithdrawalTable.table,
                        set: [WithdrawalTable.hash.set(attempt.hash), WithdrawalTable.updatedAt.set(now)],
                        where: [WithdrawalTable.id == withdrawal.id])
                    try book.record(withdrawal, state: withdrawal.state, details: details, at: now, in: tx)
                }
            }
        }
    }

    /// Sends stored bytes and keeps what the nodes answered.
    func broadcast(_ sends: [(Slot, Attempt)]) async throws {
        let sends = sends.sorted { $0.1.nonce < $1.1.nonce }
        let outcomes = await node.broadcast(sends.map(\.1.raw))
        precondition(outcomes.count == sends.count, "a node answers once for each transaction")
        let (lease, book, now) = (lease, book, clock.now)
        let answers = Array(zip(sends, outcomes))
        try await store.write { tx in
            try tx.requireLease(lease)
            for ((_, attempt), outcome) in answers {
                try tx.update(
                    AttemptTable.table,
                    set: attempt.sentAt == nil
                        ? [AttemptTable.sentAt.set(now), AttemptTable.lastSentAt.set(now)]
                        : [AttemptTable.lastSentAt.set(now)],
                    where: [AttemptTable.hash == attempt.hash])
                let (state, reason) = Self.standing(after: outcome, of: attempt)
                var isConsumed = false
                if case .rejected(.nonceTooLow, _) = outcome { isConsumed = true }
                try Self.note(state, reason, isConsumed: isConsumed, attempt, book, at: now, in: tx)
            }
        }
    }

    private static func note(
        _ state: Withdrawal.State, _ reason: String?, isConsumed: Bool, _ attempt: Attempt, _ book: WithdrawalBook,
        at now: Timestamp, in tx: any WriteTransaction
    ) throws {
        guard
            let row = try tx.first(Query(AttemptTable.table, where: [AttemptTable.hash == attempt.hash])),
            let slot = try tx.first(
                Query(
                    SlotTable.table,
                    where: [
                        SlotTable.lane == row.get(AttemptTable.lane), SlotTable.nonce == row.get(AttemptTable.nonce),
                    ]))
        else { throw StorageError(.corrupt, "attempt \(attempt.hash) has no slot") }
        let withdrawal = try WithdrawalBook.find(slot.get(SlotTable.withdrawalID), in: tx)
        // "Nonce too low" is what a node says of bytes that are mined. It is no reason to doubt what was seen.
        if withdrawal.state == .mined, isConsumed { return }
        if withdrawal.state != state, withdrawal.state.next.contains(state) {
            try book.move(
                withdrawal, to: state, set: [WithdrawalTable.block.set(nil)], reason: reason,
                details: ["transaction_hash": .string("\(attempt.hash)")], isAudited: false, in: tx)
        } else if withdrawal.reason != reason {
            try tx.update(
                WithdrawalTable.table, set: [WithdrawalTable.reason.set(reason), WithdrawalTable.updatedAt.set(now)],
                where: [WithdrawalTable.id == withdrawal.id])
        }
    }

    /// What an answer to a broadcast says of a withdrawal.
    ///
    /// No answer makes it fail: only the chain can.
    private static func standing(
        after outcome: BroadcastOutcome, of attempt: Attempt
    ) -> (Withdrawal.State, reason: String?) {
        switch outcome {
        case .accepted(let hash) where hash == attempt.hash: (.broadcast, nil)
        case .accepted(let hash): (.unknown, "the node answered for another transaction: \(hash)")
        case .known: (.broadcast, nil)
        case .rejected(let rejection, let message): (.unknown, "\(rejection.rawValue): \(message)")
        case .unknown(let message): (.unknown, message)
        }
    }

    // MARK: Building

    private func payout(_ slot: Slot, _ draft: Draft, sender: Address) throws -> Payout {
        switch draft.purpose {
        case .cancel: Payout(cancelFrom: sender)
        case .payout: Payout(slot.withdrawal, asset: try asset(of: slot.withdrawal))
        }
    }

    /// What a withdrawal that has a slot moves.
    ///
    /// Its own text tells, so that an asset which was struck off the list is still followed to the end.
    func asset(of withdrawal: Withdrawal) throws -> Asset {
        let id = try AssetID(withdrawal.asset)
        if let asset = try? assets.asset(id) { return asset }
        if id == settings.native.id { return settings.native }
        guard id.assetNamespace == "erc20", let token = try? Address(checksummed: id.assetReference) else {
            throw WithdrawalError(.unsupportedAsset, "\(withdrawal.asset) is not in the asset list any more")
        }
        return Asset(id: id, kind: .erc20(token), symbol: nil, decimals: nil)
    }

    private func transaction(_ slot: Slot, _ draft: Draft, sender: Address) throws -> Transaction {
        try payout(slot, draft, sender: sender).transaction(
            settings, nonce: slot.nonce, gasLimit: draft.purpose == .cancel ? Payout.plainGas : slot.gasLimit,
            fees: draft.fees)
    }

    private func attempt(_ bytes: SignedTransaction, _ slot: Slot, _ draft: Draft) -> Attempt {
        Attempt(
            hash: bytes.hash, nonce: slot.nonce, purpose: draft.purpose, raw: bytes.raw,
            maxFeePerGas: draft.fees.maxFeePerGas, maxPriorityFeePerGas: draft.fees.maxPriorityFeePerGas,
            createdAt: clock.now, sentAt: nil, lastSentAt: nil)
    }
}
