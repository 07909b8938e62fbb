import Audit
import ChainEVM
public import Ledger
public import Primitives
public import Storage
public import Wallets

/// What clients may do with withdrawals: ask, look, list, take back.
///
/// ```swift
/// let acceptance = try await withdrawals.accept(request)   // durable when this returns
/// ```
/// The work itself is ``WithdrawalEngine``'s.
public struct Withdrawals: Sendable {
    private let store: any Store
    private let ledger: Ledger
    private let book: WithdrawalBook
    private let assets: AssetList
    private let ids: IDGenerator
    private let clock: WallClock
    private let onAccept: @Sendable () -> Void
    private let wallets = KnownWallets()

    /// - Parameter onAccept: called after each commit with something new to do; wakes the workers.
    public init(
        store: any Store, ledger: Ledger, assets: AssetList, ids: IDGenerator, clock: WallClock,
        onAccept: @escaping @Sendable () -> Void = {}
    ) {
        self.store = store
        self.ledger = ledger
        self.book = WithdrawalBook(ledger: ledger, ids: ids, clock: clock)
        self.assets = assets
        self.ids = ids
        self.clock = clock
        self.onAccept = onAccept
    }

    /// Takes a request: idempotency row, withdrawal, hold, event and audit entry in one commit, or nothing.
    ///
    /// - Throws: `WithdrawalError` with `walletNotFound`, `unsupportedAsset`, `invalidRecipient`, `insufficientFunds`,
    ///   `idempotencyKeyReused`; `StorageError`. A refused request leaves its key unused.
    ///
    /// - Parameter actor: who asks, for the audit log; the client itself unless given.
    public func accept(_ request: WithdrawalRequest, actor: String? = nil) async throws -> Acceptance {
        // All that can be known before is: the store has one writer, and the unit of work is its time.
        let to = "\(request.to)"
        let draft = Draft(
            request: request, fingerprint: request.fingerprint(to: to), id: ids.next(), to: to,
            actor: actor ?? request.client, asset: Result { () throws(WithdrawalError) in try screened(request) },
            payer: wallets[request.walletID])
        let (acceptance, learnt) = try await store.write { tx in try take(draft, in: tx) }
        if let learnt { wallets.remember(learnt) }
        if !acceptance.isReplay { onAccept() }
        return acceptance
    }

    /// A request with what was made of it before its unit of work.
    private struct Draft {
        let request: WithdrawalRequest
        let fingerprint: Hash32
        let id: SortableID
        /// The recipient as text; a hash goes into its upper and lower case.
        let to: String
        let actor: String
        let asset: Result<Asset, WithdrawalError>
        let payer: Payer?
    }

    /// - Returns: also the wallet, when more is known of it now than before.
    private func take(_ draft: Draft, in tx: any WriteTransaction) throws -> (Acceptance, learnt: Payer?) {
        let (request, id) = (draft.request, draft.id)
        // First of all: what was accepted once is answered the same, whatever the lists say now.
        if let earlier = try replay(of: request, fingerprint: draft.fingerprint, in: tx) {
            return (.replayed(earlier), nil)
        }
        let asset = try draft.asset.get()
        var payer = try payer(of: draft, asset: asset, in: tx)
        let account = payer.accounts[asset.key]
        let now = clock.now
        let withdrawal = Withdrawal(
            id: id, client: request.client, userID: request.userID, walletID: request.walletID, asset: asset.key,
            to: request.to, amount: request.amount, reference: request.reference, state: .accepted, reason: nil,
            isCancelRequested: false, nonce: nil, transactionHash: nil, blockNumber: nil, createdAt: now,
            updatedAt: now)
        do {
            payer.accounts[asset.key] = try ledger.hold(
                user: request.userID, wallet: payer.ledgerOwner, walletAccount: account, asset: asset.key,
                amount: request.amount, subject: id, in: tx)
        } catch let error as LedgerError where error.code == .insufficientFunds {
            throw WithdrawalError(.insufficientFunds, error.message, cause: error)
        }
        try tx.insert(
            into: IdempotencyTable.table,
            [
                IdempotencyTable.client.set(request.client), IdempotencyTable.key.set(request.idempotencyKey),
                IdempotencyTable.fingerprint.set(draft.fingerprint), IdempotencyTable.withdrawalID.set(id),
            ])
        try insert(withdrawal, to: draft.to, in: tx)
        try tx.insert(
            into: QueueTable.table,
            [QueueTable.lane.set(payer.lane), QueueTable.withdrawalID.set(id), QueueTable.notBefore.set(now)])
        try book.record(
            withdrawal, state: .accepted,
            details: ["amount": .string("\(request.amount)"), "asset": .string(asset.key)],
            actor: draft.actor, at: now, in: tx)
        return (.accepted(withdrawal), account == nil ? payer : nil)
    }

    /// The withdrawal that this key made before, as it was accepted.
    private func replay(
        of request: WithdrawalRequest, fingerprint: Hash32, in tx: any ReadTransaction
    ) throws -> Withdrawal? {
        let row = try tx.first(
            Query(
                IdempotencyTable.table,
                where: [
                    IdempotencyTable.client == request.client, IdempotencyTable.key == request.idempotencyKey,
                ]))
        guard let row else { return nil }
        guard try row.get(IdempotencyTable.fingerprint) == fingerprint else {
            throw WithdrawalError(
                .idempotencyKeyReused, "the idempotency key \(request.idempotencyKey) stands for another request")
        }
        return try WithdrawalBook.find(row.get(IdempotencyTable.withdrawalID), in: tx).asAccepted
    }

    private func payer(of draft: Draft, asset: Asset, in tx: any ReadTransaction) throws -> Payer {
        let request = draft.request
        let payer: Payer
        if let known = draft.payer, known.wallet.mayBeUsed(by: request.userID) {
            payer = known
        } else {
            do {
                payer = Payer(try Wallets.find(request.walletID, seenBy: request.userID, in: tx))
            } catch let error as WalletError where error.code == .notFound {
                throw WithdrawalError(.walletNotFound, error.message, cause: error)
            }
        }
        let wallet = payer.wallet
        guard wallet.chain == asset.chain else {
            throw WithdrawalError(.unsupportedAsset, "\(asset.id) is not on the wallet's chain \(wallet.chain)")
        }
        guard wallet.address != request.to else {
            throw WithdrawalError(.invalidRecipient, "the recipient is the paying wallet itself")
        }
        return payer
    }

    private func insert(_ withdrawal: Withdrawal, to: String, in tx: any WriteTransaction) throws {
        try tx.insert(
            into: WithdrawalTable.table,
            [
                WithdrawalTable.id.set(withdrawal.id), WithdrawalTable.client.set(withdrawal.client),
                WithdrawalTable.userID.set(withdrawal.userID), WithdrawalTable.walletID.set(withdrawal.walletID),
                WithdrawalTable.asset.set(withdrawal.asset), WithdrawalTable.to.set(to),
                WithdrawalTable.amount.set(withdrawal.amount), WithdrawalTable.reference.set(withdrawal.reference),
                WithdrawalTable.state.set(withdrawal.state), WithdrawalTable.reason.set(nil),
                WithdrawalTable.isCancelRequested.set(false), WithdrawalTable.nonce.set(nil),
                WithdrawalTable.hash.set(nil), WithdrawalTable.block.set(nil), WithdrawalTable.boundAt.set(nil),
                WithdrawalTable.createdAt.set(withdrawal.createdAt),
                WithdrawalTable.updatedAt.set(withdrawal.updatedAt),
            ])
    }

    private func screened(_ request: WithdrawalRequest) throws(WithdrawalError) -> Asset {
        let asset = try listed(request.asset)
        try screen(request, asset)
        return asset
    }

    private func listed(_ id: AssetID) throws(WithdrawalError) -> Asset {
        do {
            return try assets.asset(id)
        } catch {
            throw WithdrawalError(.unsupportedAsset, error.message, cause: error)
        }
    }

    /// Refuses addresses that no payment is meant for.
    private func screen(_ request: WithdrawalRequest, _ asset: Asset) throws(WithdrawalError) {
        // Precompiled contracts sit at 0x01 to 0xff; what is sent to them, or to zero, is lost.
        guard request.to.bytes.prefix(19).contains(where: { $0 != 0 }) else {
            throw WithdrawalError(.invalidRecipient, "\(request.to) is the zero address or a precompiled contract")
        }
        if case .erc20(let token) = asset.kind, token == request.to {
            throw WithdrawalError(.invalidRecipient, "the recipient is the token's own contract")
        }
    }

    // MARK: Looking

    /// One withdrawal.
    ///
    /// - Throws: `WithdrawalError` with `notFound`, also when `client` is given and it is another client's.
    public func get(_ id: SortableID, client: String? = nil) async throws -> Withdrawal {
        let withdrawal = try await store.read { tx in try WithdrawalBook.find(id, in: tx) }
        guard client == nil || withdrawal.client == client else {
            throw WithdrawalError(.notFound, "no withdrawal \(withdrawal.idText)")
        }
        return withdrawal
    }

    /// Withdrawals from the newest to the oldest; `before` continues a listing.
    public func list(
        client: String? = nil, userID: String? = nil, state: Withdrawal.State? = nil, before id: SortableID? = nil,
        limit: Int
    ) async throws -> [Withdrawal] {
        var terms: [Term] = []
        if let client { terms.append(WithdrawalTable.client == client) }
        if let userID { terms.append(WithdrawalTable.userID == userID) }
        if let state { terms.append(WithdrawalTable.state == state) }
        if let id { terms.append(WithdrawalTable.id < id) }
        let query = Query(WithdrawalTable.table, where: terms, order: [.descending(WithdrawalTable.id)], limit: limit)
        return try await store.read { tx in try tx.select(query).map { try Withdrawal($0) } }
    }

    /// How many withdrawals stand in each state.
    public func counts() async throws -> [Withdrawal.State: Int] {
        try await store.read { tx in
            var counts: [Withdrawal.State: Int] = [:]
            for (value, count) in try tx.counts(WithdrawalTable.table, by: WithdrawalTable.state.name, where: []) {
                if let state = Withdrawal.State(stored: value) { counts[state] = count }
            }
            return counts
        }
    }

    /// What happened to a withdrawal after the event `sequence`, oldest first.
    public func events(of id: SortableID, after sequence: Int64 = 0, limit: Int) async throws -> [Event] {
        try await store.read { tx in try EventLog.of(id, after: sequence, limit: limit, in: tx) }
    }

    /// What was signed for a withdrawal, oldest first.
    public func attempts(of id: SortableID) async throws -> [Attempt] {
        try await store.read { tx in
            guard let slot = try tx.first(Query(SlotTable.table, where: [SlotTable.withdrawalID == id])) else {
                return []
            }
            let (lane, nonce) = (try slot.get(SlotTable.lane), try slot.get(SlotTable.nonce))
            return try tx.select(
                Query(
                    AttemptTable.table, where: [AttemptTable.lane == lane, AttemptTable.nonce == nonce],
                    order: [.ascending(AttemptTable.createdAt)])
            ).map { try Attempt($0) }
        }
    }

    // MARK: Taking back

    /// Takes a withdrawal back: at once while no slot is bound to it; else by a transaction in the same slot that pays
    /// nobody, and then the chain decides which of the two wins.
    ///
    /// - Throws: `WithdrawalError` with `notFound`, `notCancellable`.
    public func cancel(_ id: SortableID, client: String? = nil, actor: String) async throws -> Withdrawal {
        let (book, now) = (book, clock.now)
        let changed = try await store.write { tx in
            let withdrawal = try WithdrawalBook.find(id, in: tx)
            guard client == nil || withdrawal.client == client else {
                throw WithdrawalError(.notFound, "no withdrawal \(withdrawal.idText)")
            }
            guard !withdrawal.state.isFinal || withdrawal.state == .cancelled else {
                throw WithdrawalError(.notCancellable, "\(withdrawal.idText) is \(withdrawal.state.rawValue)")
            }
            if withdrawal.state == .cancelled || withdrawal.isCancelRequested { return withdrawal }
            if withdrawal.state.hasSlot {
                try tx.update(
                    WithdrawalTable.table,
                    set: [WithdrawalTable.isCancelRequested.set(true), WithdrawalTable.updatedAt.set(now)],
                    where: [WithdrawalTable.id == id])
                try AuditLog.append(
                    actor: actor, action: "withdrawal.cancel_request", object: withdrawal.idText, at: now, in: tx)
                try EventLog.append(
                    type: "withdrawal.cancel_requested", subject: id,
                    payload: JSON.object([
                        "id": .string(withdrawal.idText), "state": .string(withdrawal.state.rawValue),
                    ])
                    .text, at: now, in: tx)
            } else {
                let wallet = try Wallets.find(withdrawal.walletID, seenBy: nil, in: tx)
                try book.endUnsigned(
                    withdrawal, as: .cancelled, lane: wallet.lane, reason: "cancelled by its owner", actor: actor,
                    in: tx)
            }
            return try WithdrawalBook.find(id, in: tx)
        }
        onAccept()
        return changed
    }
}

extension Withdrawal {
    /// The withdrawal as its first answer showed it.
    var asAccepted: Withdrawal {
        Withdrawal(
            id: id, client: client, userID: userID, walletID: walletID, asset: asset, to: to, amount: amount,
            reference: reference, state: .accepted, reason: nil, isCancelRequested: false, nonce: nil,
            transactionHash: nil, blockNumber: nil, createdAt: createdAt, updatedAt: createdAt)
    }
}
