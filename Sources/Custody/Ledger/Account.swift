public import Primitives
public import Storage

/// One pot of one asset.
public struct Account: Sendable, Hashable {
    /// What the account stands for, and so which side makes it grow.
    public enum Kind: String, Sendable, Hashable, CaseIterable, Storable {
        /// What we owe a user; owner is the user's id. Credits make it grow.
        case user
        /// What lies at an address on the chain; owner is the wallet's id. Debits make it grow.
        case wallet
        /// Network fees paid; owner is the chain. Debits make it grow.
        case fees
        /// What came in without a known owner, for example coins to pay fees with; owner is the chain. Credits make it
        /// grow.
        case suspense

        /// Whether debits make the balance grow.
        public var isDebitNormal: Bool { self == .wallet || self == .fees }
    }

    public let id: SortableID
    public let kind: Kind
    public let owner: String
    /// CAIP-19.
    public let asset: String
    /// In base units, on the account's growing side.
    public let balance: UInt256
    /// The part of `balance` that open holds bind.
    public let held: UInt256
    public let createdAt: Timestamp

    /// What may be spent.
    ///
    /// The schema keeps `held` at or below `balance`.
    public var available: UInt256 { balance.subtractingSaturating(held) }
}

/// One movement between two accounts; it debits and credits the same amount, so the books can't be out of balance.
public struct Transfer: Sendable, Hashable {
    public enum Kind: String, Sendable, Hashable, CaseIterable, Storable {
        /// Coins that came in on the chain.
        case deposit
        /// Binds an amount without moving it.
        case hold
        /// Moves what a hold bound.
        case post
        /// Frees what a hold bound.
        case void
        /// Network fee of a withdrawal.
        case fee
        /// Coins without a known owner that the chain shows or a fee proves.
        case topUp = "top_up"

        /// Whether balances move; a hold and its void only bind and free.
        public var movesBalance: Bool { self != .hold && self != .void }
    }

    public let id: SortableID
    public let kind: Kind
    public let debit: SortableID
    public let credit: SortableID
    public let asset: String
    public let amount: UInt256
    /// What it is about: a withdrawal, or the deposit itself.
    public let subject: SortableID
    /// For `post` and `void`: the hold that ends.
    public let hold: SortableID?
    public let reference: String?
    public let at: Timestamp
}

extension Account {
    init(_ row: Row) throws(StorageError) {
        id = try row.get(AccountTable.id)
        kind = try row.get(AccountTable.kind)
        owner = try row.get(AccountTable.owner)
        asset = try row.get(AccountTable.asset)
        balance = try row.get(AccountTable.balance)
        held = try row.get(AccountTable.held)
        createdAt = try row.get(AccountTable.createdAt)
    }
}

extension Transfer {
    init(_ row: Row) throws(StorageError) {
        id = try row.get(TransferTable.id)
        kind = try row.get(TransferTable.kind)
        debit = try row.get(TransferTable.debit)
        credit = try row.get(TransferTable.credit)
        asset = try row.get(TransferTable.asset)
        amount = try row.get(TransferTable.amount)
        subject = try row.get(TransferTable.subject)
        hold = try row.get(TransferTable.hold)
        reference = try row.get(TransferTable.reference)
        at = try row.get(TransferTable.at)
    }
}
