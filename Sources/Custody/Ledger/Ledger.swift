public import Primitives
public import Storage

/// Double entry in integer base units, inside the caller's unit of work.
///
/// A withdrawal binds money with ``hold(user:wallet:asset:amount:subject:in:)`` and ends with exactly one of
/// ``post(subject:in:)`` and ``void(subject:in:)``; both change balances in the same commit as the state that they
/// belong to.
public struct Ledger: Sendable {
    private let ids: IDGenerator
    private let clock: WallClock

    public init(ids: IDGenerator, clock: WallClock) {
        self.ids = ids
        self.clock = clock
    }

    // MARK: Moving

    /// Books coins that came in on the chain for a user.
    ///
    /// - Parameter subject: the deposit's own id; a second deposit with it is refused with `duplicate`.
    @discardableResult
    public func deposit(
        user: String, wallet: String, asset: String, amount: UInt256, subject: SortableID, reference: String? = nil,
        in tx: any WriteTransaction
    ) throws -> Account {
        let to = try account(.user, owner: user, asset: asset, in: tx)
        let from = try account(.wallet, owner: wallet, asset: asset, in: tx)
        try record(
            .deposit, debit: from, credit: to.id, amount: amount, subject: subject, reference: reference, in: tx)
        try grow(from, by: amount, in: tx)
        return try grow(to, by: amount, in: tx)
    }

    /// Binds an amount of a user's balance for a withdrawal.
    ///
    /// - Parameter walletAccount: the wallet's account, as an earlier hold returned it and committed: accounts are never
    ///   removed, and looking for it is a good part of a hold's time. Without it, it is looked for, and opened.
    /// - Returns: the wallet's account.
    /// - Throws: `LedgerError` with `insufficientFunds`, `duplicate`.
    @discardableResult
    public func hold(
        user: String, wallet: String, walletAccount: SortableID? = nil, asset: String, amount: UInt256,
        subject: SortableID, in tx: any WriteTransaction
    ) throws -> SortableID {
        guard let from = try find(.user, owner: user, asset: asset, in: tx), amount <= from.available else {
            throw LedgerError(.insufficientFunds, "the user has less than \(amount) available of \(asset)")
        }
        let to = try walletAccount ?? account(.wallet, owner: wallet, asset: asset, in: tx).id
        try record(.hold, debit: from, credit: to, amount: amount, subject: subject, in: tx)
        let held = try sum(from.held, amount)
        try tx.update(AccountTable.table, set: [AccountTable.held.set(held)], where: [AccountTable.id == from.id])
        return to
    }

    /// Moves what the subject's hold bound: the coins have left for good.
    ///
    /// - Throws: `LedgerError` with `noHold`, `holdEnded`.
    public func post(subject: SortableID, in tx: any WriteTransaction) throws {
        let hold = try openHold(of: subject, in: tx)
        let from = try account(hold.debit, in: tx)
        let wallet = try covered(try account(hold.credit, in: tx), amount: hold.amount, subject: subject, in: tx)
        try record(
            .post, debit: from, credit: wallet.id, amount: hold.amount, subject: subject, hold: hold.id, in: tx)
        try tx.update(
            AccountTable.table,
            set: [
                AccountTable.balance.set(try difference(from.balance, hold.amount)),
                AccountTable.held.set(try difference(from.held, hold.amount)),
            ], where: [AccountTable.id == from.id])
        try shrink(wallet, by: hold.amount, in: tx)
    }

    /// Frees what the subject's hold bound.
    ///
    /// The caller has a proof that the coins can't leave any more.
    ///
    /// - Throws: `LedgerError` with `noHold`, `holdEnded`.
    public func void(subject: SortableID, in tx: any WriteTransaction) throws {
        let hold = try openHold(of: subject, in: tx)
        let from = try account(hold.debit, in: tx)
        let to = try account(hold.credit, in: tx)
        try record(.void, debit: from, credit: to.id, amount: hold.amount, subject: subject, hold: hold.id, in: tx)
        try tx.update(
            AccountTable.table, set: [AccountTable.held.set(try difference(from.held, hold.amount))],
            where: [AccountTable.id == from.id])
    }

    /// Books the network fee that a wallet paid for the subject; a fee of zero books nothing.
    public func fee(
        wallet: String, chain: String, asset: String, amount: UInt256, subject: SortableID, in tx: any WriteTransaction
    ) throws {
        guard !amount.isZero else { return }
        let fees = try account(.fees, owner: chain, asset: asset, in: tx)
        let paying = try covered(
            try account(.wallet, owner: wallet, asset: asset, in: tx), amount: amount, subject: subject, in: tx)
        try record(.fee, debit: fees, credit: paying.id, amount: amount, subject: subject, in: tx)
        try grow(fees, by: amount, in: tx)
        try shrink(paying, by: amount, in: tx)
    }

    /// Books coins that lie in a wallet without a known owner, such as coins to pay fees with.
    public func topUp(
        wallet: String, asset: String, amount: UInt256, subject: SortableID, in tx: any WriteTransaction
    ) throws {
        let chain = asset.split(separator: "/").first.map(String.init) ?? asset
        let to = try account(.suspense, owner: chain, asset: asset, in: tx)
        let from = try account(.wallet, owner: wallet, asset: asset, in: tx)
        try record(.topUp, debit: from, credit: to.id, amount: amount, subject: subject, in: tx)
        try grow(from, by: amount, in: tx)
        try grow(to, by: amount, in: tx)
    }

    // MARK: Reading

    /// The account of an owner; `nil` when nothing was ever booked on it.
    public func find(
        _ kind: Account.Kind, owner: String, asset: String, in tx: any ReadTransaction
    ) throws(StorageError) -> Account? {
        let row = try tx.first(
            Query(
                AccountTable.table,
                where: [AccountTable.kind == kind, AccountTable.owner == owner, AccountTable.asset == asset]))
        guard let row else { return nil }
        return try Account(row)
    }

    /// Accounts after `id`, in the order they were opened.
    public func accounts(
        kind: Account.Kind? = nil, owner: String? = nil, asset: String? = nil, after id: SortableID? = nil, limit: Int,
        in tx: any ReadTransaction
    ) throws(StorageError) -> [Account] {
        var terms: [Term] = []
        if let kind { terms.append(AccountTable.kind == kind) }
        if let owner { terms.append(AccountTable.owner == owner) }
        if let asset { terms.append(AccountTable.asset == asset) }
        if let id { terms.append(AccountTable.id > id) }
        let query = Query(AccountTable.table, where: terms, order: [.ascending(AccountTable.id)], limit: limit)
        var accounts: [Account] = []
        for row in try tx.select(query) { accounts.append(try Account(row)) }
        return accounts
    }

    /// Transfers after `id`, in the order they were booked.
    public func transfers(
        subject: SortableID? = nil, after id: SortableID? = nil, limit: Int, in tx: any ReadTransaction
    ) throws(StorageError) -> [Transfer] {
        var terms: [Term] = []
        if let subject { terms.append(TransferTable.subject == subject) }
        if let id { terms.append(TransferTable.id > id) }
        let query = Query(TransferTable.table, where: terms, order: [.ascending(TransferTable.id)], limit: limit)
        var transfers: [Transfer] = []
        for row in try tx.select(query) { transfers.append(try Transfer(row)) }
        return transfers
    }

    // MARK: Inside

    private func openHold(of subject: SortableID, in tx: any WriteTransaction) throws -> Transfer {
        let row = try tx.first(
            Query(
                TransferTable.table,
                where: [TransferTable.subject == subject, TransferTable.kind == Transfer.Kind.hold]))
        guard let row else { throw LedgerError(.noHold, "nothing is held for \(subject)") }
        let hold = try Transfer(row)
        let end = try tx.first(Query(TransferTable.table, where: [TransferTable.hold == hold.id]))
        guard end == nil else { throw LedgerError(.holdEnded, "the hold for \(subject) has ended before") }
        return hold
    }

    /// Lets a payment that the chain has made be booked even when the books never saw the coins come in: what is
    /// missing is booked as a top-up from an unknown owner first, where the reconciler shows it.
    private func covered(
        _ wallet: Account, amount: UInt256, subject: SortableID, in tx: any WriteTransaction
    ) throws -> Account {
        guard wallet.balance < amount else { return wallet }
        try topUp(
            wallet: wallet.owner, asset: wallet.asset, amount: try difference(amount, wallet.balance),
            subject: ids.next(), in: tx)
        return try account(wallet.id, in: tx)
    }

    private func account(_ id: SortableID, in tx: any ReadTransaction) throws(StorageError) -> Account {
        guard let row = try tx.first(Query(AccountTable.table, where: [AccountTable.id == id])) else {
            throw StorageError(.corrupt, "account \(id) is missing")
        }
        return try Account(row)
    }

    /// Finds the account or opens it with a zero balance.
    private func account(
        _ kind: Account.Kind, owner: String, asset: String, in tx: any WriteTransaction
    ) throws(StorageError) -> Account {
        if let known = try find(kind, owner: owner, asset: asset, in: tx) { return known }
        let opened = Account(
            id: ids.next(), kind: kind, owner: owner, asset: asset, balance: .zero, held: .zero, createdAt: clock.now)
        try tx.insert(
            into: AccountTable.table,
            [
                AccountTable.id.set(opened.id), AccountTable.kind.set(kind), AccountTable.owner.set(owner),
                AccountTable.asset.set(asset), AccountTable.balance.set(.zero), AccountTable.held.set(.zero),
                AccountTable.createdAt.set(opened.createdAt),
            ])
        return opened
    }

    @discardableResult
    private func grow(_ account: Account, by amount: UInt256, in tx: any WriteTransaction) throws -> Account {
        try setBalance(of: account, to: try sum(account.balance, amount), in: tx)
    }

    private func shrink(_ account: Account, by amount: UInt256, in tx: any WriteTransaction) throws {
        try setBalance(of: account, to: try difference(account.balance, amount), in: tx)
    }

    @discardableResult
    private func setBalance(of account: Account, to balance: UInt256, in tx: any WriteTransaction) throws -> Account {
        try tx.update(
            AccountTable.table, set: [AccountTable.balance.set(balance)], where: [AccountTable.id == account.id])
        return Account(
            id: account.id, kind: account.kind, owner: account.owner, asset: account.asset, balance: balance,
            held: account.held, createdAt: account.createdAt)
    }

    private func record(
        _ kind: Transfer.Kind, debit: Account, credit: SortableID, amount: UInt256, subject: SortableID,
        hold: SortableID? = nil, reference: String? = nil, in tx: any WriteTransaction
    ) throws {
        guard !amount.isZero else { throw LedgerError(.amount, "an entry of zero") }
        do {
            try tx.insert(
                into: TransferTable.table,
                [
                    TransferTable.id.set(ids.next()), TransferTable.kind.set(kind), TransferTable.debit.set(debit.id),
                    TransferTable.credit.set(credit), TransferTable.asset.set(debit.asset),
                    TransferTable.amount.set(amount), TransferTable.subject.set(subject), TransferTable.hold.set(hold),
                    TransferTable.reference.set(reference), TransferTable.at.set(clock.now),
                ])
        } catch {
            guard error.code == .uniqueViolation else { throw error }
            throw LedgerError(.duplicate, "\(kind.rawValue) for \(subject) is booked already", cause: error)
        }
    }

    private func sum(_ left: UInt256, _ right: UInt256) throws(LedgerError) -> UInt256 {
        do { return try left.adding(right) } catch {
            throw LedgerError(.amount, "a balance passes 2^256", cause: error)
        }
    }

    private func difference(_ left: UInt256, _ right: UInt256) throws(LedgerError) -> UInt256 {
        do {
            return try left.subtracting(right)
        } catch {
            throw LedgerError(.insufficientFunds, "\(right) is more than \(left)", cause: error)
        }
    }
}
