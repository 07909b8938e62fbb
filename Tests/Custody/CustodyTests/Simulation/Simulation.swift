import ChainEVM
import ChainNode
import Keys
import Primitives
import Storage
import Wallets

@testable import Withdrawals

/// What a mutation changes about the world: defects that others have shipped, planted around the real code.
struct Mutation: Sendable {
    var store: @Sendable (any Store) -> any Store = { $0 }
    var node: @Sendable (any EVMNode) -> any EVMNode = { $0 }
    var settings: @Sendable (inout ChainSettings) -> Void = { _ in }
    /// Runs after each tick of the storm: a worker that does it wrong.
    var rogue: @Sendable (Simulation, _ tick: Int) async throws -> Void = { _, _ in }
}

/// A world with clients, two servers, nodes with faults and a chain that reorganises, run by one seed.
///
/// Unchecked, because everything in it runs in one task, one step after another: that is what makes a seed tell the
/// whole story. The interludes run inside the calls that wait for them.
final class Simulation: @unchecked Sendable {
    static let ticks = 70
    static let healthyBlocksMax = 90
    static let wei = Ground.ether * 10
    static let tokens: UInt256 = 1_000_000

    let seed: UInt64
    let random: RandomSource
    var ground: Ground
    let mutation: Mutation
    let settings: ChainSettings
    let promised: ChainSettings
    /// One node, or three behind a pool.
    let nodes: [FaultyNode]
    let node: any EVMNode
    var witness: BroadcastWitness
    /// What came in from outside, by wallet and asset.
    var deposits: [String: UInt256] = [:]
    var hasForgotten = false
    let vault: SealableVault
    /// What a user may take out of an asset in so long; `nil` for as much as he has.
    var window: (seconds: Int64, max: UInt256)?
    var wallets: [Wallet] = []
    var promises: [Promise] = []
    var processes: [Process] = []
    var trace: [String] = []
    var breaches: [String] = []
    var highest: UInt64 = 0
    var starts = 0
    var isInInterlude = false
    var hasInterludes = true

    init(
        seed: UInt64, mutation: Mutation = Mutation(), store: any Store = MemoryStore(),
        guardStore: any Store = MemoryStore()
    ) async throws {
        self.seed = seed
        self.mutation = mutation
        let random = RandomSource.seeded(seed)
        self.random = random
        ground = try await Ground.make(seed: seed ^ 0x5EED, store: store, guardStore: guardStore)
        vault = SealableVault(ground.vault)
        var settings = Bank.settings {
            $0.maxFeePerGasWeiCap = Ground.gwei * 200
            $0.transactionFeeWeiCap = Ground.gwei * 200 * 60_000
        }
        if random.uint64() % 4 == 0 { settings.finality = .finalizedTag }
        promised = settings
        mutation.settings(&settings)
        self.settings = settings
        // Each fault has its own strength, from nothing to what the stormy set has twice.
        func strength(_ most: Double) -> Double { Double(random.uint64() % 1_001) / 1_000 * most }
        let faults = NodeFaults(
            dropsRequest: strength(0.05), losesAnswer: strength(0.4), hidesReceipt: strength(0.3),
            hidesTransaction: strength(0.3), lags: strength(0.2), lagBlocks: 1 + random.uint64() % 12,
            staleNonce: strength(0.2), wrongChain: strength(0.1), wrongHash: strength(0.2),
            swapsReceipt: strength(0.3), rateLimits: strength(0.05))
        let chain = ground.chain
        let nodes = (0..<(random.uint64() % 5 == 0 ? 3 : 1)).map {
            FaultyNode(chain, faults: faults, seed: seed &+ UInt64($0))
        }
        self.nodes = nodes
        // Behind a pool nobody waits: pauses are over at once, deadlines never are.
        node =
            nodes.count == 1
            ? nodes[0]
            : NodePool(
                chain: chain.chain, nodes: nodes,
                timing: .init(
                    pause: { _ in }, deadline: { _ in try await Task.sleep(for: .seconds(86_400)) },
                    random: .seeded(seed)))
        witness = BroadcastWitness(store: ground.store, settings: promised)
    }

    func below(_ bound: Int) -> Int { Int(random.uint64(below: UInt64(bound))) }
    func chance(_ percent: Int) -> Bool { below(100) < percent }
    func say(_ text: @autoclosure () -> String) {
        trace.append("\(ground.clock.now) #\(ground.chain.headNumber) \(text())")
    }

    /// The storm, then a healthy network, then the reckoning.
    ///
    /// - Returns: every breach; none is what is wanted.
    func run() async -> [String] {
        do {
            try await prepare()
            for tick in 0..<Self.ticks {
                try await storm(tick)
                try await mutation.rogue(self, tick)
                try await check(everything: tick % 10 == 9)
                if !breaches.isEmpty { return breaches }
            }
            try await recover()
        } catch {
            breaches.append("the simulation itself failed: \(error)")
        }
        return breaches
    }

    func prepare() async throws {
        let bank = Bank(ground)
        for number in 0..<1 + below(2) {
            wallets.append(
                try await bank.openWallet(user: "user\(number)", wei: Self.wei, tokens: Self.tokens))
        }
        if chance(40) { window = (60 + Int64(below(600)), UInt256(500 + below(1_500))) }
        try await bank.policies.add(
            PolicyRule(
                id: bank.ids.next(), action: .allow, windowSeconds: window?.seconds, windowAmountMax: window?.max),
            actor: "test")
        try await bank.policies.add(
            PolicyRule(id: bank.ids.next(), action: .deny, to: "\(Address.payee(3))"), actor: "test")
        for number in 0..<4 + below(6) {
            promises.append(
                Promise(
                    key: "p\(number)", wallet: wallets[below(wallets.count)],
                    asset: chance(50) ? Ground.native : ground.coin, to: .payee(number),
                    amount: UInt256(1 + below(1_000)), answer: nil))
        }
        for name in ["A", "B"] { processes.append(start(name)) }
        for _ in 0..<20 { ground.chain.mine(at: ground.clock.now) }
        highest = ground.chain.headNumber
    }

    func start(_ name: String) -> Process {
        starts += 1
        return Process(
            "\(name)\(starts)", ground: ground, vault: vault, node: mutation.node(node), witness: witness,
            settings: settings,
            wrap: mutation.store, interlude: { [unowned self] in await self.interlude() })
    }
}
