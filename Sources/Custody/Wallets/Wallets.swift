import Audit
public import ChainEVM
public import ChainNode
import Cryptography
public import Keys
public import Ledger
public import Primitives
public import Storage

/// Wallets of users: create, find, list, choose, read balances.
///
/// Every call says who asks, and somebody else's wallet is not found.
public struct Wallets: Sendable {
    /// A user id is 1 to 128 visible ASCII characters.
    public static let userIDBytesMax = 128
    /// A label is at most 128 bytes.
    public static let labelBytesMax = 128

    private let store: any Store
    private let vault: any KeyVault
    private let ledger: Ledger
    private let nodes: [ChainID: any EVMNode]
    public let assets: AssetList
    private let ids: IDGenerator
    private let clock: WallClock

    public init(
        store: any Store, vault: any KeyVault, ledger: Ledger, nodes: [ChainID: any EVMNode], assets: AssetList,
        ids: IDGenerator, clock: WallClock
    ) {
        self.store = store
        self.vault = vault
        self.ledger = ledger
        self.nodes = nodes
        self.assets = assets
        self.ids = ids
        self.clock = clock
    }

    /// The chains that wallets can be made on.
    public var chains: [ChainID] { nodes.keys.sorted { $0.description < $1.description } }

    /// Makes a key in the vault and a wallet for it.
    ///
    /// The user's first wallet on a chain is the active one.
    ///
    /// - Throws: `WalletError` with `unsupportedChain`, `invalidInput`; `KeyError`.
    public func create(
        userID: String, chain: ChainID, label: String? = nil, isShared: Bool = false, actor: String
    ) async throws -> Wallet {
        try check(userID: userID, label: label)
        guard nodes[chain] != nil else { throw WalletError(.unsupportedChain, "\(chain) is not configured") }
        let key = try await vault.create(.secp256k1, label: "wallet of \(userID)")
        return try await adopt(
            key: key, userID: userID, chain: chain, label: label, isShared: isShared, actor: actor)
    }

    /// Makes a wallet for a key that the vault has already; answers the known one if there is one.
    public func adopt(
        key: KeyDescription, userID: String, chain: ChainID, label: String?, isShared: Bool, actor: String
    ) async throws -> Wallet {
        try check(userID: userID, label: label)
        let address: Address
        do {
            address = Address(publicKey: try Secp256k1.PublicKey(bytes: key.publicKey))
        } catch {
            throw WalletError(.invalidInput, "key \(key.id) is no secp256k1 key", cause: error)
        }
        let (id, now) = (ids.next(), clock.now)
        return try await store.write { tx in
            let known = Query(
                WalletTable.table,
                where: [WalletTable.chain == chain.description, WalletTable.address == address.description])
            if let row = try tx.first(known) { return try Wallet(row) }
            let others = try tx.count(
                WalletTable.table,
                where: [
                    WalletTable.userID == userID, WalletTable.chain == chain.description, WalletTable.isActive == true,
                ])
            let wallet = Wallet(
                id: id, userID: userID, chain: chain, address: address, keyID: key.id, label: label,
                isActive: others == 0, isShared: isShared, createdAt: now)
            try tx.insert(
                into: WalletTable.table,
                [
                    WalletTable.id.set(wallet.id), WalletTable.userID.set(userID),
                    WalletTable.chain.set(chain.description), WalletTable.address.set(address.description),
                    WalletTable.keyID.set(key.id), WalletTable.label.set(label),
                    WalletTable.isActive.set(wallet.isActive), WalletTable.isShared.set(isShared),
                    WalletTable.createdAt.set(now),
                ])
            try AuditLog.append(
                actor: actor, action: "wallet.create", object: id.text(prefix: Wallet.idPrefix),
                details: [
                    "user_id": .string(userID), "chain": .string(chain.description), "address": .string("\(address)"),
                ],
                at: now, in: tx)
            return wallet
        }
    }

    /// The wallet, if `user` may see it; `nil` as user is an administrator, who sees all.
    ///
    /// - Throws: `WalletError` with `notFound`.
    public func wallet(_ id: SortableID, seenBy user: String?) async throws -> Wallet {
        try await store.read { tx in try Wallets.find(id, seenBy: user, in: tx) }
    }

    /// The same inside a unit of work.
    public static func find(_ id: SortableID, seenBy user: String?, in tx: any ReadTransaction) throws -> Wallet {
        guard let row = try tx.first(Query(WalletTable.table, where: [WalletTable.id == id])) else {
            throw WalletError(.notFound, "no wallet \(id.text(prefix: Wallet.idPrefix))")
        }
        let wallet = try Wallet(row)
        guard user.map(wallet.mayBeUsed) ?? true else {
            throw WalletError(.notFound, "no wallet \(id.text(prefix: Wallet.idPrefix))")
        }
        return wallet
    }

    /// Wallets in the order they were made.
    public func list(userID: String?, after id: SortableID? = nil, limit: Int) async throws -> [Wallet] {
        var terms: [Term] = []
        if let userID { terms.append(WalletTable.userID == userID) }
        if let id { terms.append(WalletTable.id > id) }
        let query = Query(WalletTable.table, where: terms, order: [.ascending(WalletTable.id)], limit: limit)
        return try await store.read { tx in try tx.select(query).map { try Wallet($0) } }
    }

    /// Makes this the wallet that its user works with on its chain.
    public func setActive(_ id: SortableID, seenBy user: String?, actor: String) async throws -> Wallet {
        let now = clock.now
        return try await store.write { tx in
            let wallet = try Wallets.find(id, seenBy: user, in: tx)
            try tx.update(
                WalletTable.table, set: [WalletTable.isActive.set(false)],
                where: [WalletTable.userID == wallet.userID, WalletTable.chain == wallet.chain.description])
            try tx.update(WalletTable.table, set: [WalletTable.isActive.set(true)], where: [WalletTable.id == id])
            try AuditLog.append(
                actor: actor, action: "wallet.activate", object: id.text(prefix: Wallet.idPrefix), at: now, in: tx)
            return try Wallets.find(id, seenBy: user, in: tx)
        }
    }

    private func check(userID: String, label: String?) throws(WalletError) {
        guard (1...Self.userIDBytesMax).contains(userID.utf8.count),
            userID.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
        else {
            throw WalletError(.invalidInput, "user_id is 1 to \(Self.userIDBytesMax) visible ASCII characters")
        }
        if let label, label.utf8.count > Self.labelBytesMax {
            throw WalletError(.invalidInput, "label has more than \(Self.labelBytesMax) bytes")
        }
    }
}

// MARK: - Balances

/// One asset of one wallet: what the chain shows and what the books say.
public struct WalletBalance: Sendable, Hashable {
    public let asset: Asset
    /// At the newest block; `nil` while no node answers.
    public let onChain: UInt256?
    /// What the books have at this address.
    public let booked: UInt256
    /// What the wallet's user has on the books, in all his wallets.
    public let userBalance: UInt256
    /// What of it open withdrawals bind.
    public let userHeld: UInt256

    public var userAvailable: UInt256 { userBalance.subtractingSaturating(userHeld) }
}

extension Wallets {
    /// Balances of every listed asset of the wallet's chain.
    public func balances(of wallet: Wallet) async throws -> [WalletBalance] {
        let listed = assets.assets(on: wallet.chain)
        let ledger = ledger
        let booked = try await store.read { tx in
            try listed.map { asset in
                (
                    wallet: try ledger.find(.wallet, owner: wallet.ledgerOwner, asset: asset.key, in: tx),
                    user: try ledger.find(.user, owner: wallet.userID, asset: asset.key, in: tx)
                )
            }
        }
        var balances: [WalletBalance] = []
        for (asset, books) in zip(listed, booked) {
            balances.append(
                WalletBalance(
                    asset: asset, onChain: try? await onChain(asset, of: wallet.address, at: .latest),
                    booked: books.wallet?.balance ?? .zero, userBalance: books.user?.balance ?? .zero,
                    userHeld: books.user?.held ?? .zero))
        }
        return balances
    }

    /// What an address holds at a block.
    public func onChain(_ asset: Asset, of address: Address, at tag: BlockTag) async throws -> UInt256 {
        guard let node = nodes[asset.chain] else {
            throw WalletError(.unsupportedChain, "\(asset.chain) is not configured")
        }
        switch asset.kind {
        case .native: return try await node.balance(of: address, at: tag)
        case .erc20(let token):
            let answer = try await node.call(CallRequest(to: token, data: ERC20.balanceOf(address)), at: tag)
            do {
                return try ERC20.decodeBalance(answer)
            } catch {
                throw WalletError(.nodeUnavailable, "\(token) answers no balance", cause: error)
            }
        }
    }
}
