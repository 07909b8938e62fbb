import Primitives
public import Storage

/// The ledger's tables.
///
/// The rules about money stand here, in the schema, and hold for whoever writes.
public enum LedgerSchema {
    public static let migrations = [
        Migration("0001 ledger", [.createTable(AccountTable.table), .createTable(TransferTable.table)])
    ]
}

enum AccountTable {
    static let id = Column<SortableID>("id")
    static let kind = Column<Account.Kind>("kind")
    static let owner = Column<String>("owner")
    static let asset = Column<String>("asset")
    static let balance = Column<UInt256>("balance")
    static let held = Column<UInt256>("held")
    static let createdAt = Column<Timestamp>("created_at")
    static let table = Table(
        "ledger_accounts", [id, kind, owner, asset, balance, held, createdAt], primaryKey: [id],
        uniques: [Index("ledger_account_of_owner", [kind, owner, asset])],
        checks: [
            .oneOf(column: kind.name, values: Account.Kind.allCases.map(\.rawValue)),
            // Nobody's holds exceed what he has: a withdrawal that would overdraw can't be stored.
            .lessOrEqual(held.name, balance.name),
        ])
}

enum TransferTable {
    static let id = Column<SortableID>("id")
    static let kind = Column<Transfer.Kind>("kind")
    static let debit = Column<SortableID>("debit_account")
    static let credit = Column<SortableID>("credit_account")
    static let asset = Column<String>("asset")
    static let amount = Column<UInt256>("amount")
    static let subject = Column<SortableID>("subject")
    static let hold = Column<SortableID?>("hold")
    static let reference = Column<String?>("reference")
    static let at = Column<Timestamp>("at")
    static let table = Table(
        "ledger_transfers", [id, kind, debit, credit, asset, amount, subject, hold, reference, at], primaryKey: [id],
        uniques: [
            // One hold, one fee, one deposit for one subject, for ever.
            Index("ledger_transfer_of_subject", [subject, kind]),
            // A hold is posted or voided, once: both name it here.
            Index("ledger_end_of_hold", [hold]),
        ],
        checks: [
            .oneOf(column: kind.name, values: Transfer.Kind.allCases.map(\.rawValue)),
            .different(debit.name, credit.name),
            .notZero(column: amount.name),
        ])
}
