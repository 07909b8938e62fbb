import ChainEVM
public import ChainNode
public import Keys
public import Ledger
public import Primitives
public import Storage
public import WalletConnectBackend
public import Wallets
public import Withdrawals

/// What the routes work with; Bootstrap makes it.
public struct APIServices: Sendable {
    /// How the server was started.
    public enum Mode: String, Sendable {
        case dev, serve
    }

    public var mode: Mode
    public var version: String
    public var store: any Store
    public var wallets: Wallets
    public var withdrawals: Withdrawals
    public var ledger: Ledger
    public var policies: PolicyBook
    public var lanes: LaneBook
    public var reconciler: Reconciler
    public var signer: SigningGuard
    public var keystore: EmbeddedKeystore
    public var keys: APIKeys
    public var feed: EventFeed
    public var chains: [ChainStatusSource]
    /// Wallets that users connect; nil on a server without a relay to meet them at.
    public var connections: WalletConnectBackend?
    /// Forgets what was kept about connections long enough.
    public let connectionCleanup: ConnectionCleanup
    let walletRequestKeys: WalletRequestKeys
    /// Copies all databases into a folder; answers the files, and what else is needed to restore them.
    public var backup: @Sendable (_ folder: String) async throws -> (files: [String], notes: [String])
    /// Units of work that wait for the disk.
    public var queuedUnits: @Sendable () -> Int
    public var metricsText: @Sendable (_ accept: String?) -> (text: String, contentType: String)
    /// Whether the server is stopping and wants no new work.
    public var isDraining: @Sendable () -> Bool
    public var ids: IDGenerator
    public var clock: WallClock
    public var startedAt: Timestamp

    public init(
        mode: Mode, version: String, store: any Store, wallets: Wallets, withdrawals: Withdrawals, ledger: Ledger,
        policies: PolicyBook, lanes: LaneBook, reconciler: Reconciler, signer: SigningGuard,
        keystore: EmbeddedKeystore, keys: APIKeys, feed: EventFeed, chains: [ChainStatusSource],
        connections: WalletConnectBackend? = nil,
        connectionEventSeconds: Int64 = ConnectionCleanup.eventSecondsStandard,
        backup: @escaping @Sendable (String) async throws -> (files: [String], notes: [String]),
        queuedUnits: @escaping @Sendable () -> Int,
        metricsText: @escaping @Sendable (String?) -> (text: String, contentType: String),
        isDraining: @escaping @Sendable () -> Bool, ids: IDGenerator, clock: WallClock
    ) {
        self.mode = mode
        self.version = version
        self.store = store
        self.wallets = wallets
        self.withdrawals = withdrawals
        self.ledger = ledger
        self.policies = policies
        self.lanes = lanes
        self.reconciler = reconciler
        self.signer = signer
        self.keystore = keystore
        self.keys = keys
        self.feed = feed
        self.chains = chains
        self.connections = connections
        walletRequestKeys = WalletRequestKeys(store: store, clock: clock)
        connectionCleanup = ConnectionCleanup(
            store: store, keys: walletRequestKeys, eventSeconds: connectionEventSeconds, clock: clock)
        self.backup = backup
        self.queuedUnits = queuedUnits
        self.metricsText = metricsText
        self.isDraining = isDraining
        self.ids = ids
        self.clock = clock
        startedAt = clock.now
    }
}

/// A chain as `/health` and `/v1/status` look at it.
public struct ChainStatusSource: Sendable {
    /// How long a look may take before the chain counts as not answering.
    public static let lookMillisecondsMax: Int64 = 2_000

    public let chain: ChainID
    public let nodeCount: Int
    let node: any EVMNode

    public init(chain: ChainID, nodeCount: Int, node: any EVMNode) {
        self.chain = chain
        self.nodeCount = nodeCount
        self.node = node
    }

    /// The newest block's number and age; `nil` when no node answers in time.
    func look(at now: Timestamp) async -> (number: UInt64, ageSeconds: Int64)? {
        await withTaskGroup(of: (UInt64, Int64)?.self) { group in
            group.addTask {
                guard let head = try? await node.header(.latest) else { return nil }
                return (head.number, max(0, now.milliseconds / 1_000 - Int64(clamping: head.timestamp)))
            }
            group.addTask {
                try? await Task.sleep(for: .milliseconds(Self.lookMillisecondsMax))
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
    }

    /// How old the newest block is; `nil` when no node answers in time.
    public func headAgeSeconds(at now: Timestamp) async -> Int64? { await look(at: now)?.ageSeconds }

    func json(at now: Timestamp) async -> JSON {
        let look = await look(at: now)
        return [
            "id": .string("\(chain)"), "head": look.map { JSON($0.number) } ?? .null,
            "head_age_seconds": look.map { JSON($0.ageSeconds) } ?? .null, "healthy": .bool(look != nil),
            "nodes": JSON(nodeCount),
        ]
    }
}
