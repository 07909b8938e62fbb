import Audit
import ChainEVM
import ChainNode
import Foundation
import Keys
import Ledger
import Logging
import Primitives
import Storage
import Wallets
import Withdrawals

/// What outlives a process: the chain, the two databases, the vault's keys, and time.
struct Ground: Sendable {
    static let start = Timestamp(milliseconds: 1_800_000_000_000)
    static let chainNumber: UInt64 = 31_337
    static let ether: UInt256 = 1_000_000_000_000_000_000
    static let gwei: UInt256 = 1_000_000_000
    static let user = "alice"

    let clock: ManualClock
    let chain: SimulatedChain
    let store: any Store
    let guardStore: any Store
    let vault: MemoryVault
    let random: RandomSource
    /// The token's contract.
    let token: Address

    var native: Asset { Ground.native }
    var coin: Asset {
        Asset(
            id: try! AssetID("eip155:31337/erc20:\(token)"), kind: .erc20(token), symbol: "USDX", decimals: 6)
    }
    static let chainID = try! ChainID("eip155:31337")
    static let native = Asset(
        id: try! AssetID("eip155:31337/slip44:60"), kind: .native, symbol: "ETH", decimals: 18)

    static func make(
        seed: UInt64 = 1, store: any Store = MemoryStore(), guardStore: any Store = MemoryStore(),
        token: SimulatedToken = SimulatedToken(symbol: "USDX", decimals: 6)
    ) async throws -> Ground {
        let clock = ManualClock(start)
        let random = RandomSource.seeded(seed)
        let chain = SimulatedChain(.init(chainID: chainNumber, genesisTime: start))
        try await store.migrate(Ground.migrations)
        try await guardStore.migrate(StorageSchema.migrations + GuardSchema.migrations)
        return Ground(
            clock: clock, chain: chain, store: store, guardStore: guardStore,
            vault: MemoryVault(clock: clock.clock, random: random), random: random, token: chain.deploy(token))
    }

    /// The same world over another main database, and perhaps another guard.
    func with(store: any Store, guardStore other: (any Store)? = nil) -> Ground {
        Ground(
            clock: clock, chain: chain, store: store, guardStore: other ?? guardStore, vault: vault, random: random,
            token: token)
    }

    static let migrations =
        StorageSchema.migrations + AuditSchema.migrations + LedgerSchema.migrations + WalletSchema.migrations
        + WithdrawalSchema.migrations
}

/// The services of one process over a ``Ground``; dropped in a crash and built anew.
struct Bank: Sendable {
    let ground: Ground
    let store: any Store
    let node: any EVMNode
    let ledger: Ledger
    let wallets: Wallets
    let withdrawals: Withdrawals
    let engine: WithdrawalEngine
    let signer: SigningGuard
    let policies: PolicyBook
    let lanes: LaneBook
    let watcher: DepositWatcher
    let reconciler: Reconciler
    let ids: IDGenerator
    let settings: ChainSettings

    static func settings(_ change: (inout ChainSettings) -> Void = { _ in }) -> ChainSettings {
        var settings = ChainSettings(
            chain: Ground.chainID, chainNumber: Ground.chainNumber, native: Ground.native, finality: .depth(13))
        change(&settings)
        return settings
    }

    init(
        _ ground: Ground, holder: String = "one", store: (any Store)? = nil, guardStore: (any Store)? = nil,
        vault: (any KeyVault)? = nil, node: (any EVMNode)? = nil, settings: ChainSettings = Bank.settings(),
        depositDepth: UInt64 = 6, assets: AssetList? = nil, clock: WallClock? = nil
    ) {
        let clock = clock ?? ground.clock.clock
        let store = store ?? ground.store
        let vault = vault ?? ground.vault
        let node = node ?? ground.chain
        let assets = assets ?? AssetList([ground.native, ground.coin])
        let ids = IDGenerator(clock: clock, random: ground.random)
        self.ground = ground
        self.store = store
        self.node = node
        self.ids = ids
        self.settings = settings
        ledger = Ledger(ids: ids, clock: clock)
        wallets = Wallets(
            store: store, vault: vault, ledger: ledger, nodes: [Ground.chainID: node], assets: assets, ids: ids,
            clock: clock)
        withdrawals = Withdrawals(store: store, ledger: ledger, assets: assets, ids: ids, clock: clock)
        signer = SigningGuard(store: guardStore ?? ground.guardStore, vault: vault, clock: clock)
        engine = WithdrawalEngine(
            store: store, ledger: ledger, wallets: wallets, signer: signer, vault: vault,
            nodes: [Ground.chainID: node], settings: [Ground.chainID: settings], assets: assets, ids: ids,
            clock: clock, holder: holder, logger: Logger(label: "custody") { _ in SwiftLogNoOpLogHandler() })
        policies = PolicyBook(store: store, clock: clock)
        lanes = LaneBook(store: store, clock: clock)
        reconciler = Reconciler(store: store, ledger: ledger, wallets: wallets)
        watcher = DepositWatcher(
            store: store, ledger: ledger, wallets: wallets, nodes: [Ground.chainID: node],
            depths: [Ground.chainID: depositDepth], ids: ids, clock: clock)
    }

    /// A wallet with coins and tokens on the chain and in the books, and a rule that allows everything.
    func openWallet(
        user: String = Ground.user, wei: UInt256 = Ground.ether.multipliedSaturating(by: 100),
        tokens: UInt256 = 1_000_000_000, isShared: Bool = false
    ) async throws -> Wallet {
        let wallet = try await wallets.create(userID: user, chain: Ground.chainID, isShared: isShared, actor: "test")
        ground.chain.fund(wallet.address, wei: wei)
        ground.chain.mint(token: ground.token, to: wallet.address, amount: tokens)
        let (ledger, ids, coin) = (ledger, ids, ground.coin.key)
        try await ground.store.write { tx in
            try ledger.deposit(
                user: user, wallet: wallet.ledgerOwner, asset: Ground.native.key, amount: wei, subject: ids.next(),
                in: tx)
            try ledger.deposit(
                user: user, wallet: wallet.ledgerOwner, asset: coin, amount: tokens, subject: ids.next(), in: tx)
        }
        return wallet
    }

    func allowAll() async throws {
        try await policies.add(PolicyRule(id: ids.next(), action: .allow), actor: "test")
    }

    func request(
        _ wallet: Wallet, _ key: String, _ asset: Asset = Ground.native, to: Address, amount: UInt256,
        user: String = Ground.user, client: String = "client"
    ) throws -> WithdrawalRequest {
        try WithdrawalRequest(
            client: client, idempotencyKey: key, userID: user, walletID: wallet.id, asset: asset.id, to: to,
            amount: amount)
    }

    @discardableResult
    func accept(
        _ wallet: Wallet, _ key: String, _ asset: Asset = Ground.native, to: Address, amount: UInt256,
        user: String = Ground.user
    ) async throws -> Withdrawal {
        try await withdrawals.accept(request(wallet, key, asset, to: to, amount: amount, user: user)).withdrawal
    }

    func state(_ withdrawal: Withdrawal) async throws -> Withdrawal.State {
        try await withdrawals.get(withdrawal.id).state
    }

    /// Steps the lane until it has nothing to do.
    func settle(_ wallet: Wallet) async throws {
        _ = try await engine.step(wallet.lane, max: 20)
    }

    /// Blocks of 12 seconds, with a step after each.
    func run(_ wallet: Wallet, blocks: Int) async throws {
        for _ in 0..<blocks {
            ground.clock.advance(seconds: 12)
            ground.chain.mine(at: ground.clock.now)
            try await settle(wallet)
        }
    }

    /// Steps, then blocks until everything that was sent is final.
    func finish(_ wallet: Wallet) async throws {
        try await settle(wallet)
        try await run(wallet, blocks: 15)
    }

    func account(_ kind: Account.Kind, _ owner: String, _ asset: Asset) async throws -> Account? {
        let ledger = ledger
        return try await ground.store.read { tx in try ledger.find(kind, owner: owner, asset: asset.key, in: tx) }
    }

    func report() async throws -> LedgerReport {
        let ledger = ledger
        return try await ground.store.read { tx in try ledger.verify(in: tx) }
    }

    func audit() async throws -> AuditReport {
        try await ground.store.read { tx in try AuditLog.verify(in: tx) }
    }

    /// Whether the books show what the chain shows, to the wei.
    func booksMatch(_ wallet: Wallet) async throws -> Bool {
        try await reconciler.lines(of: wallet).allSatisfy(\.matches)
    }

    func frozenReason(_ wallet: Wallet) async throws -> String? {
        try await lanes.lanes(limit: 100).first { $0.lane == wallet.lane }?.frozenReason
    }
}

extension Bank {
    /// A bank with a filled wallet and a rule that allows everything.
    static func ready(
        node: (SimulatedChain) -> any EVMNode = { $0 }, settings: ChainSettings = Bank.settings()
    ) async throws -> (Bank, Wallet) {
        let ground = try await Ground.make()
        let bank = Bank(ground, node: node(ground.chain), settings: settings)
        let wallet = try await bank.openWallet()
        try await bank.allowAll()
        return (bank, wallet)
    }
}

extension Address {
    /// A recipient that nobody else uses.
    static func payee(_ number: Int) -> Address {
        Address(
            bytes: [0xAA, 0xBB] + [UInt8](repeating: 0x11, count: 10) + UInt256(UInt64(number)).bigEndianBytes.suffix(8)
        )!
    }
}

extension UInt256 {
    static func + (left: UInt256, right: UInt256) -> UInt256 { try! left.adding(right) }
    static func - (left: UInt256, right: UInt256) -> UInt256 { try! left.subtracting(right) }
    static func * (left: UInt256, right: UInt256) -> UInt256 { try! left.multiplied(by: right) }
}

enum Campaign {
    /// How much larger the random tests are made; 1 unless `COFFER_CAMPAIGN` says otherwise.
    static let scale = ProcessInfo.processInfo.environment["COFFER_CAMPAIGN"].flatMap { Int($0) } ?? 1
}
