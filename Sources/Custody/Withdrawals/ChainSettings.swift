public import Primitives
public import Wallets

/// How withdrawals behave on one EVM chain.
public struct ChainSettings: Sendable {
    /// When a block counts as final.
    public enum Finality: Sendable, Hashable {
        /// With so many blocks on it, itself included.
        case depth(UInt64)
        /// At or below the nodes' `finalized` block.
        case finalizedTag
    }

    public let chain: ChainID
    /// The EIP-155 chain id, as transactions carry it.
    public let chainNumber: UInt64
    public let native: Asset
    public var finality: Finality
    /// Transactions of one sender that wait for a block at once; geth guarantees 16 to an account.
    public var inFlightMax = 16
    /// Never offer more than this for a unit of gas.
    public var maxFeePerGasWeiCap: UInt256 = 1_000_000_000_000
    /// Never offer more than this for a whole transaction.
    public var transactionFeeWeiCap: UInt256 = 500_000_000_000_000_000
    /// Never offer less than this to the block's producer.
    public var priorityFeeWeiMin: UInt256 = 1_000_000_000
    /// Blocks of rising base fee that a first offer survives.
    public var feeForecastBlocks = 6
    /// Send the same bytes again after this long without a block.
    public var resendAfterMilliseconds: Int64 = 15_000
    /// Send the same bytes again after this long without a clear answer.
    public var retryAfterMilliseconds: Int64 = 2_000
    /// Offer more after this long without a block.
    public var bumpAfterMilliseconds: Int64 = 45_000
    /// Look at a withdrawal again after this long when it can't go on for now.
    public var waitMilliseconds: Int64 = 3_000
    /// Freeze the lane when a used nonce stays without a transaction of ours for this long.
    public var unexplainedAfterMilliseconds: Int64 = 600_000
    /// More gas than this is not spent on one payment.
    public var gasLimitMax: UInt64 = 500_000

    public init(chain: ChainID, chainNumber: UInt64, native: Asset, finality: Finality) {
        self.chain = chain
        self.chainNumber = chainNumber
        self.native = native
        self.finality = finality
    }

    /// The part of an account's first positions in line that get higher offers: those behind them can't be mined before.
    static let bumpPositions: UInt64 = 4
}
