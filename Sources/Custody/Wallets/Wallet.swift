public import ChainEVM
public import Primitives
public import Storage

/// One address of one user on one chain, with the key that signs for it.
public struct Wallet: Sendable, Hashable {
    public let id: SortableID
    public let userID: String
    public let chain: ChainID
    public let address: Address
    public let keyID: SortableID
    public let label: String?
    /// Whether this is the wallet that the user works with on this chain.
    public let isActive: Bool
    /// Whether withdrawals of every user may be paid from it; only administrators make such a wallet.
    public let isShared: Bool
    public let createdAt: Timestamp

    /// What a wallet's id starts with in text: `wa_01J…`.
    public static let idPrefix = "wa"

    /// The owner of the wallet's accounts in the books.
    public var ledgerOwner: String { id.text(prefix: Self.idPrefix) }

    /// What separates one sender's nonces from another's: chain and address.
    public var lane: String { "\(chain)/\(address)" }

    /// Whether a user may pay from it.
    public func mayBeUsed(by user: String) -> Bool { isShared || userID == user }
}

/// The wallets' table.
public enum WalletSchema {
    public static let migrations = [Migration("0001 wallets", [.createTable(WalletTable.table)])]
}

enum WalletTable {
    static let id = Column<SortableID>("id")
    static let userID = Column<String>("user_id")
    static let chain = Column<String>("chain")
    static let address = Column<String>("address")
    static let keyID = Column<SortableID>("key_id")
    static let label = Column<String?>("label")
    static let isActive = Column<Bool>("is_active")
    static let isShared = Column<Bool>("is_shared")
    static let createdAt = Column<Timestamp>("created_at")
    static let table = Table(
        "wallets", [id, userID, chain, address, keyID, label, isActive, isShared, createdAt], primaryKey: [id],
        uniques: [Index("wallet_of_address", [chain, address])],
        indexes: [Index("wallets_by_user", [userID, id])],
        checks: [.range(column: "is_active", 0...1), .range(column: "is_shared", 0...1)])
}

extension Wallet {
    init(_ row: Row) throws(StorageError) {
        id = try row.get(WalletTable.id)
        userID = try row.get(WalletTable.userID)
        keyID = try row.get(WalletTable.keyID)
        label = try row.get(WalletTable.label)
        isActive = try row.get(WalletTable.isActive)
        isShared = try row.get(WalletTable.isShared)
        createdAt = try row.get(WalletTable.createdAt)
        do {
            chain = try ChainID(row.get(WalletTable.chain))
            address = try Address(checksummed: row.get(WalletTable.address))
        } catch {
            throw StorageError(.corrupt, "wallet \(id) has a damaged chain or address", cause: error)
        }
    }
}
