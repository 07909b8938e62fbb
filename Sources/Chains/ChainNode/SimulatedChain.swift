public import ChainEVM
import Cryptography
public import Primitives
import Synchronization

/// An EVM-like chain inside the process: deterministic, strict about signatures, nonces, fees and balances, and without any
/// clock of its own.
///
/// Blocks appear only when `mine(at:)` is called, with the time handed in. The same calls in the same order give the same hashes.
/// It runs native transfers, built-in ERC-20 tokens and contracts that burn gas or revert; it does not run bytecode.
///
/// ```swift
/// let chain = SimulatedChain(.init(chainID: 31337))
/// chain.fund(treasury, wei: 1_000_000_000_000_000_000)
/// _ = await chain.broadcast([signed.raw])
/// chain.mine(at: clock.now)
/// ```
///
/// A class, because it is one chain that many parts of the process talk to; everything it holds is behind one lock.
public final class SimulatedChain: EVMNode {
    /// What the pool keeps; geth's numbers.
    public struct PoolLimits: Sendable, Hashable {
        /// Executable transactions every account keeps whatever the pool's size.
        public var executablePerAccountGuaranteed = 16
        /// Transactions behind a nonce gap, per account.
        public var queuedPerAccount = 64
        /// Executable transactions of all accounts.
        public var executableTotal = 5_120
        /// Transactions behind a gap of all accounts.
        public var queuedTotal = 1_024
        /// Bytes of one transaction.
        public var transactionBytesMax = 131_072
        /// Smallest tip the pool takes, wei per gas.
        public var tipMin = UInt256.one
        /// Highest fee the RPC passes on, wei; zero is no cap.
        public var feeCapWei = UInt256(UInt64(1_000_000_000_000_000_000))
        /// How much both fees of a replacement must rise, percent.
        public var priceBumpPercent: UInt64 = 10

        /// geth's defaults.
        public init() {}
    }

    /// How a simulated chain starts.
    public struct Configuration: Sendable, Hashable {
        /// EIP-155 chain id.
        public var chainID: UInt64
        /// Time of block 0.
        public var genesisTime: Timestamp
        /// Base fee of block 0, wei per gas.
        public var baseFeePerGas: UInt256
        /// Gas of a block; the fee target is half of it.
        public var blockGasLimit: UInt64
        /// How far `safe` is behind the head, blocks.
        public var safeLagBlocks: UInt64
        /// How far `finalized` is behind the head, blocks.
        public var finalizedLagBlocks: UInt64
        /// Who receives tips.
        public var coinbase: Address
        /// What the pool keeps.
        public var pool: PoolLimits

        /// A local chain with id 31337, base fee 1 gwei, blocks of 30,000,000 gas, safe 8 and finalized 16 blocks behind.
        public init(
            chainID: UInt64 = 31337, genesisTime: Timestamp = Timestamp(milliseconds: 1_700_000_000_000),
            baseFeePerGas: UInt256 = UInt256(UInt64(1_000_000_000)), blockGasLimit: UInt64 = 30_000_000,
            safeLagBlocks: UInt64 = 8, finalizedLagBlocks: UInt64 = 16, coinbase: Address = .simulatedCoinbase,
            pool: PoolLimits = PoolLimits()
        ) {
            precondition(safeLagBlocks <= finalizedLagBlocks, "a finalized block is also safe")
            precondition(blockGasLimit >= 42_000, "a block has room for a transfer within its target")
            self.chainID = chainID
            self.genesisTime = genesisTime
            self.baseFeePerGas = baseFeePerGas
            self.blockGasLimit = blockGasLimit
            self.safeLagBlocks = safeLagBlocks
            self.finalizedLagBlocks = finalizedLagBlocks
            self.coinbase = coinbase
            self.pool = pool
        }
    }

    /// A state to come back to.
    public struct Snapshot: Sendable {
        let state: SimulatedState
    }

    /// The chain, `eip155:` and the configured id.
    public let chain: ChainID
    let configuration: Configuration
    private let state: Mutex<SimulatedState>

    /// A chain with only its first block.
    public init(_ configuration: Configuration = Configuration()) {
        guard let chain = try? ChainID("eip155:\(configuration.chainID)") else {
            preconditionFailure("every 64-bit chain id has a CAIP-2 name")
        }
        self.chain = chain
        self.configuration = configuration
        self.state = Mutex(SimulatedState(configuration))
    }

    // MARK: Set-up

    /// Gives wei as if the account had always had it: history changes too, so no reorganisation takes it away.
    public func fund(_ address: Address, wei: UInt256) {
        withState { state in
            state.world.accounts.rewrite(address, initial: SimulatedAccount()) { account in
                SimulatedAccount(nonce: account.nonce, balance: account.balance.addingSaturating(wei))
            }
            state.funded = state.funded.addingSaturating(wei)
        }
    }

    /// Places a token, at a derived address unless one is given, and answers where it stands.
    @discardableResult
    public func deploy(_ token: SimulatedToken, at address: Address? = nil) -> Address {
        withState { state in
            let place = address ?? Address.simulated(0x70_0000 + UInt64(state.world.tokens.count))
            state.world.tokens[place] = token
            return place
        }
    }

    /// Changes a token's rules from now on, for example to block a recipient.
    ///
    /// Nothing happens when there is no such token.
    public func updateToken(at address: Address, _ change: (inout SimulatedToken) -> Void) {
        guard var token = withState({ $0.world.tokens[address] }) else { return }
        change(&token)
        let changed = token
        withState { $0.world.tokens[address] = changed }
    }

    /// Gives base units of a token as if the holder had always had them.
    public func mint(token: Address, to holder: Address, amount: UInt256) {
        withState { state in
            let key = SimulatedHolding(token: token, holder: holder)
            state.world.holdings.rewrite(key, initial: .zero) { $0.addingSaturating(amount) }
        }
    }

    /// Places a contract that burns gas, reverts or returns fixed bytes; nil makes the address an account again.
    public func setCode(_ code: SimulatedCode?, at address: Address) {
        withState { $0.world.code[address] = code }
    }

    // MARK: Blocks

    /// Adds a block with the transactions that pay best; `including` limits it to those hashes (an empty set withholds all).
    ///
    /// Block time is the given time in whole seconds, at least one after the parent's.
    @discardableResult
    public func mine(at time: Timestamp, including: Set<Hash32>? = nil) -> BlockHeader {
        withState { state in
            state.mine(seconds: time.milliseconds / 1000, including: including)
            return state.header(state.head)
        }
    }

    /// Takes the newest `depth` blocks away.
    ///
    /// Their transactions return to the pool, except those in `drop`, or all of them when `requeue` is false.
    /// Answers the hashes that are no longer in a block, oldest first. The next block at the same height has another hash.
    @discardableResult
    public func reorg(
        depth: Int, drop: Set<Hash32> = [], requeue: Bool = true
    ) throws(SimulatedChainError) -> [Hash32] {
        try withState { state throws(SimulatedChainError) in
            try state.reorg(depth: depth, drop: drop, requeue: requeue)
        }
    }

    /// The whole state, to come back to.
    public func snapshot() -> Snapshot {
        withState { Snapshot(state: $0) }
    }

    /// Puts the chain back, its pool included.
    public func restore(_ snapshot: Snapshot) {
        withState { $0 = snapshot.state }
    }

    /// Moves the distance of `safe` and `finalized` to the head.
    ///
    /// Neither anchor ever moves back.
    public func setFinality(safeLagBlocks: UInt64, finalizedLagBlocks: UInt64) {
        precondition(safeLagBlocks <= finalizedLagBlocks, "a finalized block is also safe")
        withState { $0.setFinality(safeLag: safeLagBlocks, finalizedLag: finalizedLagBlocks) }
    }

    /// While true, `safe` and `finalized` stay where they are however many blocks come.
    public func stallFinality(_ isStalled: Bool) {
        withState { $0.finalityIsStalled = isStalled }
    }

    /// Sets the base fee of the next block, wei per gas.
    public func setNextBaseFee(_ wei: UInt256) {
        withState { $0.nextBaseFee = wei }
    }

    /// Forgets waiting transactions without telling anybody; nil forgets all.
    public func dropFromPool(_ hashes: Set<Hash32>? = nil) {
        withState { state in
            guard let hashes else { return state.pool.removeAll() }
            for hash in hashes { state.pool.remove(hash) }
        }
    }

    // MARK: Inspection

    /// The height of the head.
    public var headNumber: UInt64 { withState { $0.headNumber } }
    /// The hashes that wait, sorted.
    public var poolHashes: [Hash32] { withState { $0.pool.hashes } }
    /// All wei ever burned by base fees on this chain's present history.
    public var burnedWei: UInt256 {
        withState { state in state.blocks.reduce(UInt256.zero) { $0.addingSaturating($1.burned) } }
    }
    /// All wei ever given by `fund`.
    public var fundedWei: UInt256 { withState { $0.funded } }
    /// The wei all accounts own together at the head.
    public var totalWei: UInt256 {
        withState { state in
            state.world.accounts.keys.reduce(UInt256.zero) {
                $0.addingSaturating(state.world.account($1, at: state.headNumber).balance)
            }
        }
    }

    /// The hashes in the block at a height, in order; nil when there is no such block.
    public func transactionHashes(inBlock number: UInt64) -> [Hash32]? {
        withState { $0.block(number)?.transactions.map(\.transaction.hash) }
    }

    /// A token balance at the head.
    public func tokenBalance(_ token: Address, of holder: Address) -> UInt256 {
        withState { $0.world.holding(token: token, of: holder, at: $0.headNumber) }
    }

    /// Checks bytes and puts them into the pool; the refusal speaks a node's words.
    ///
    /// `broadcast` is this with the words read.
    public func submit(_ raw: [UInt8]) throws(SimulatedRefusal) -> Hash32 {
        try withState { state throws(SimulatedRefusal) in try state.submit(raw) }
    }

    func withState<R: Sendable, E: Error>(_ body: (inout SimulatedState) throws(E) -> R) throws(E) -> R {
        try state.withLock { (state) throws(E) -> R in try body(&state) }
    }
}

/// Why a simulated chain did not do what it was told.
public enum SimulatedChainError: Error, Sendable, Hashable {
    /// There are fewer blocks than that; the first block stays.
    case deeperThanChain(blocks: UInt64)
    /// The reorganisation would replace a finalized block.
    case belowFinalized(UInt64)
    /// A depth is at least one.
    case depthNotPositive
}
