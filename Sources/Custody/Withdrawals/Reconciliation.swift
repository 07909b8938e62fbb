import Audit
import ChainEVM
public import ChainNode
public import Ledger
public import Primitives
public import Storage
public import Wallets

/// One asset of one wallet: the books beside the chain.
public struct ReconciliationLine: Sendable, Hashable {
    public let wallet: Wallet
    public let asset: Asset
    /// At the newest block.
    public let onChain: UInt256
    public let booked: UInt256
    /// Payouts of the asset that are signed and not yet posted: they may or may not be in `onChain`.
    public let inFlight: UInt256

    public var matches: Bool { onChain == booked }

    /// The difference in words.
    public var explanation: String {
        if matches { return "equal" }
        if onChain > booked {
            return "\(onChain.subtractingSaturating(booked)) more on the chain: a deposit that is not booked yet"
        }
        let missing = booked.subtractingSaturating(onChain)
        if !inFlight.isZero {
            return "\(missing) less on the chain, with payouts of \(inFlight) and their fees on the way"
        }
        return "\(missing) less on the chain, and nothing is on the way: look at once"
    }
}

/// Compares the books with the chain.
///
/// It only reads: what it finds is for people, and for the deposit watcher.
public struct Reconciler: Sendable {
    private let store: any Store
    private let ledger: Ledger
    private let wallets: Wallets

    public init(store: any Store, ledger: Ledger, wallets: Wallets) {
        self.store = store
        self.ledger = ledger
        self.wallets = wallets
    }

    /// The lines of one wallet.
    ///
    /// The books are read first, so that nothing posted meanwhile looks like a deposit.
    public func lines(of wallet: Wallet) async throws -> [ReconciliationLine] {
        let listed = wallets.assets.assets(on: wallet.chain)
        let ledger = ledger
        let (booked, slots) = try await store.read { tx in
            (
                try listed.map { asset in
                    try ledger.find(.wallet, owner: wallet.ledgerOwner, asset: asset.key, in: tx)?.balance ?? .zero
                },
                try LaneState.load(wallet.lane, in: tx)?.slots ?? []
            )
        }
        var lines: [ReconciliationLine] = []
        for (asset, booked) in zip(listed, booked) {
            let inFlight = slots.filter { $0.withdrawal.asset == asset.key || asset.kind == .native }
                .reduce(UInt256.zero) { sum, slot in
                    slot.withdrawal.asset == asset.key ? sum.addingSaturating(slot.withdrawal.amount) : sum
                }
            lines.append(
                ReconciliationLine(
                    wallet: wallet, asset: asset,
                    onChain: try await wallets.onChain(asset, of: wallet.address, at: .latest), booked: booked,
                    inFlight: inFlight))
        }
        return lines
    }

    /// The lines of all wallets, a page of wallets at a time.
    public func lines(after id: SortableID? = nil, limit: Int) async throws -> [ReconciliationLine] {
        var lines: [ReconciliationLine] = []
        for wallet in try await wallets.list(userID: nil, after: id, limit: limit) {
            lines += try await self.lines(of: wallet)
        }
        return lines
    }
}

/// Credits coins that came in at users' wallets.
///
/// A surplus of the chain over the books is a deposit: payouts on their way only ever make the chain show less. It is
/// booked only if the books have not moved since they were read, and only what the chain showed `depth` blocks ago and
/// still shows.
public struct DepositWatcher: Sendable {
    private let store: any Store
    private let ledger: Ledger
    private let wallets: Wallets
    private let nodes: [ChainID: any EVMNode]
    private let depths: [ChainID: UInt64]
    private let ids: IDGenerator
    private let clock: WallClock

    /// - Parameter depths: for each chain, how many blocks a deposit must have on it, its own included.
    public init(
        store: any Store, ledger: Ledger, wallets: Wallets, nodes: [ChainID: any EVMNode], depths: [ChainID: UInt64],
        ids: IDGenerator, clock: WallClock
    ) {
        self.store = store
        self.ledger = ledger
        self.wallets = wallets
        self.nodes = nodes
        self.depths = depths
        self.ids = ids
        self.clock = clock
    }

    /// Looks at every wallet once.
    ///
    /// - Returns: how many deposits were booked.
    @discardableResult
    public func sweep(pageSize: Int = 100) async throws -> Int {
        var (last, booked): (SortableID?, Int) = (nil, 0)
        while true {
            let page = try await wallets.list(userID: nil, after: last, limit: pageSize)
            for wallet in page { booked += try await credit(wallet) }
            guard page.count == pageSize, let newest = page.last else { return booked }
            last = newest.id
        }
    }

    /// Books what came in at one wallet.
    public func credit(_ wallet: Wallet) async throws -> Int {
        guard let node = nodes[wallet.chain], let depth = depths[wallet.chain] else { return 0 }
        var count = 0
        for asset in wallets.assets.assets(on: wallet.chain) {
            let ledger = ledger
            let (before, lastPayout) = try await store.read { tx in
                (
                    try ledger.find(.wallet, owner: wallet.ledgerOwner, asset: asset.key, in: tx)?.balance ?? .zero,
                    try DepositWatcher.lastPostedBlock(wallet, in: tx)
                )
            }
            let below = max(depth, 1) - 1
            guard let head = try await node.header(.latest), head.number >= below else { return count }
            // What the books have posted, the block must show too: else the coins of a payout that left after it would
            // pass for coins that came in.
            let block = head.number - below
            guard block >= lastPayout else { continue }
            let settled = try await wallets.onChain(asset, of: wallet.address, at: .number(block))
            guard settled > before else { continue }
            let now = try await wallets.onChain(asset, of: wallet.address, at: .latest)
            let surplus = min(settled, now).subtractingSaturating(before)
            guard !surplus.isZero else { continue }
            if try await book(surplus, of: asset, at: wallet, booksBefore: before) { count += 1 }
        }
        return count
    }

    /// The block of the newest transaction of the wallet that the books know as final; 0 when there is none.
    private static func lastPostedBlock(_ wallet: Wallet, in tx: any ReadTransaction) throws -> UInt64 {
        let closed = Query(
            SlotTable.table, where: [SlotTable.isOpen == false, SlotTable.lane == wallet.lane],
            order: [.descending(SlotTable.nonce)])
        guard let slot = try tx.first(closed) else { return 0 }
        return try WithdrawalBook.find(slot.get(SlotTable.withdrawalID), in: tx).blockNumber ?? 0
    }

    private func book(
        _ amount: UInt256, of asset: Asset, at wallet: Wallet, booksBefore: UInt256
    ) async throws -> Bool {
        let (ledger, id, now) = (ledger, ids.next(), clock.now)
        return try await store.write { tx in
            let current =
                try ledger.find(.wallet, owner: wallet.ledgerOwner, asset: asset.key, in: tx)?.balance ?? .zero
            guard current == booksBefore else { return false }
            try ledger.deposit(
                user: wallet.userID, wallet: wallet.ledgerOwner, asset: asset.key, amount: amount, subject: id,
                reference: "seen on the chain", in: tx)
            let payload = JSON.object([
                "wallet_id": .string(wallet.ledgerOwner), "user_id": .string(wallet.userID),
                "asset": .string(asset.key), "amount": .string("\(amount)"),
            ])
            try EventLog.append(type: "deposit.booked", subject: wallet.id, payload: payload.text, at: now, in: tx)
            try AuditLog.append(
                actor: "system", action: "deposit.book", object: wallet.ledgerOwner, details: payload, at: now, in: tx)
            return true
        }
    }
}
