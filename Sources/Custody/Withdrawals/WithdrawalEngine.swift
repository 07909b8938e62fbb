public import ChainNode
public import Keys
public import Ledger
public import Logging
import Metrics
public import Primitives
public import Storage
import Synchronization
public import Wallets

/// Carries accepted withdrawals to their end: the workers of all lanes in one process.
///
/// Any number of processes may run one on the same store: each lane is worked by whoever holds its lease.
public struct WithdrawalEngine: Sendable {
    /// Lanes that are worked at once.
    public static let lanesAtOnceMax = 16
    /// Steps that a lane takes in a row while it has something to do; then others get their turn.
    static let stepsInARowMax = 8

    let store: any Store
    let ledger: Ledger
    let wallets: Wallets
    private let signer: SigningGuard
    private let vault: any KeyVault
    private let nodes: [ChainID: any EVMNode]
    private let settings: [ChainID: ChainSettings]
    private let assets: AssetList
    private let book: WithdrawalBook
    private let leases: Leases
    let ids: IDGenerator
    let clock: WallClock
    private let logger: Logger
    private let working = WorkingLanes()

    public init(
        store: any Store, ledger: Ledger, wallets: Wallets, signer: SigningGuard, vault: any KeyVault,
        nodes: [ChainID: any EVMNode], settings: [ChainID: ChainSettings], assets: AssetList, ids: IDGenerator,
        clock: WallClock, holder: String, logger: Logger
    ) {
        self.store = store
        self.ledger = ledger
        self.wallets = wallets
        self.signer = signer
        self.vault = vault
        self.nodes = nodes
        self.settings = settings
        self.assets = assets
        self.book = WithdrawalBook(ledger: ledger, ids: ids, clock: clock)
        self.leases = Leases(store: store, clock: clock, holder: holder)
        self.ids = ids
        self.clock = clock
        self.logger = logger
    }

    /// Works until the task is cancelled: at every wake, and at least every so often.
    ///
    /// - Parameters:
    ///   - wakes: yields when there may be something new; several wakes at once count as one.
    public func run(wakes: AsyncStream<Void>) async {
        for await _ in wakes {
            do {
                try await tick()
            } catch is CancellationError {
                return
            } catch {
                logger.error("withdrawals can't be read", metadata: ["error": "\(error)"])
            }
            if Task.isCancelled { return }
        }
    }

    /// Works every lane that has something to do, once.
    ///
    /// - Returns: how many lanes did something.
    @discardableResult
    public func tick() async throws -> Int {
        let now = clock.now
        let lanes = try await store.read { tx in try LaneState.busy(at: now, in: tx) }
        return await withTaskGroup(of: Bool.self) { group in
            var (busy, started) = (0, 0)
            for lane in lanes {
                if started >= Self.lanesAtOnceMax, await group.next() == true { busy += 1 }
                group.addTask { await work(lane) }
                started += 1
            }
            for await worked in group where worked { busy += 1 }
            return busy
        }
    }

    private func work(_ lane: String) async -> Bool {
        do {
            return try await step(lane, max: Self.stepsInARowMax)
        } catch let error as StorageError where error.code == .leaseLost {
            logger.notice("lane was taken over", metadata: ["lane": "\(lane)"])
        } catch {
            // Nothing is lost: what was stored before the failure is taken up again at the next turn.
            Counter(label: "coffer_lane_failures_total").increment()
            logger.warning("lane did not get on", metadata: ["lane": "\(lane)", "error": "\(error)"])
        }
        return false
    }

    /// Takes one lane up to `max` steps on, while there is something to do; nothing while another call works on it.
    ///
    /// - Throws: `NodeError` while the chain's nodes don't answer, `KeyError` while the vault is sealed,
    ///   `StorageError`; the next step takes it up from what is stored.
    public func step(_ lane: String, max: Int = 1) async throws -> Bool {
        guard let chain = try? ChainID(String(lane.prefix { $0 != "/" })), let node = nodes[chain],
            let settings = settings[chain]
        else {
            throw WalletError(.unsupportedChain, "\(lane) is on a chain that is not configured")
        }
        // The lease keeps other processes away; within this one, nothing but this set does.
        guard working.enter(lane) else { return false }
        defer { working.leave(lane) }
        var hasWorked = false
        for _ in 0..<max {
            guard let lease = try await leases.acquire("lane:\(lane)") else { return hasWorked }
            let worker = LaneWorker(
                lane: lane, lease: lease, store: store, book: book, signer: signer, vault: vault, node: node,
                settings: settings, assets: assets, clock: clock)
            guard try await worker.step() else { return hasWorked }
            hasWorked = true
        }
        return hasWorked
    }
}

/// The lanes that this process works on at the moment.
///
/// A class, because all copies of an engine share it.
private final class WorkingLanes: Sendable {
    private let lanes = Mutex<Set<String>>([])

    func enter(_ lane: String) -> Bool { lanes.withLock { $0.insert(lane).inserted } }
    func leave(_ lane: String) { lanes.withLock { _ = $0.remove(lane) } }
}
