public import Primitives

/// The arithmetic of fees: what the next blocks charge, and what replaces a waiting transaction.
///
/// All in wei per gas. Everything saturates at 2^256 − 1 instead of failing: a price that large is refused by every cap
/// above it.
public enum FeeRules {
    /// A tip and a cap that a type 2 transaction can carry.
    public struct Quote: Sendable, Hashable {
        /// What the block's proposer gets; never above the cap.
        public let maxPriorityFeePerGas: UInt256
        /// The most that tip and base fee may come to.
        public let maxFeePerGas: UInt256

        /// A quote; a tip above the cap is cut to it, because a transaction with such a tip is invalid.
        public init(maxPriorityFeePerGas: UInt256, maxFeePerGas: UInt256) {
            self.maxPriorityFeePerGas = min(maxPriorityFeePerGas, maxFeePerGas)
            self.maxFeePerGas = maxFeePerGas
        }

        /// The fees of a type 2 transaction.
        public func fees(accessList: [AccessListEntry] = []) -> Transaction.Fees {
            .eip1559(
                maxPriorityFeePerGas: maxPriorityFeePerGas, maxFeePerGas: maxFeePerGas, accessList: accessList)
        }
    }

    /// The base fee of the block after one with these numbers: [EIP-1559](https://eips.ethereum.org/EIPS/eip-1559).
    ///
    /// A block's target is half of its limit; a full block raises the fee by an eighth, an empty one lowers it by one.
    /// Chains with other parameters (the OP stack) say their next base fee in `eth_feeHistory`; believe that there.
    public static func nextBaseFee(baseFee: UInt256, gasUsed: UInt64, gasLimit: UInt64) -> UInt256 {
        let target = gasLimit / 2
        // A limit of 0 or 1 is no block of a real chain; without a target there is nothing to compare with.
        guard target > 0, gasUsed != target else { return baseFee }
        let distance = gasUsed > target ? gasUsed - target : target - gasUsed
        // The standard divides by the target, then by eight, rounding down both times.
        let change = scaled(baseFee, by: distance, over: target).shiftedRight(by: 3)
        return gasUsed > target
            ? baseFee.addingSaturating(max(change, .one)) : baseFee.subtractingSaturating(change)
    }

    /// The base fee after `blocks` full blocks, which is the highest it can be: each adds an eighth.
    ///
    /// `baseFee` is that of the next block; 0 blocks give it back. Rounded up in each step, and at least one more.
    public static func baseFeeForecast(_ baseFee: UInt256, blocks: Int) -> UInt256 {
        precondition((0...1_000).contains(blocks), "a forecast is for 0 to 1,000 blocks")
        var fee = baseFee
        for _ in 0..<blocks {
            fee = fee.addingSaturating(max(ceilingOfEighth(fee), .one))
        }
        return fee
    }

    /// The cap and tip for a transaction that should be mined within `blocks` blocks.
    public static func quote(nextBaseFee: UInt256, tip: UInt256, blocks: Int) -> Quote {
        Quote(
            maxPriorityFeePerGas: tip,
            maxFeePerGas: baseFeeForecast(nextBaseFee, blocks: blocks).addingSaturating(tip))
    }

    /// The least that every node takes in place of `old`, and no less than what is right now:
    /// `max(⌈old × 9 / 8⌉ + 1, fresh)`.
    ///
    /// Nodes ask for 10 % more (geth, Erigon, reth, Besu), old ones for 12.5 %; one wei more covers "strictly greater".
    public static func replacement(old: UInt256, fresh: UInt256) -> UInt256 {
        max(old.addingSaturating(ceilingOfEighth(old)).addingSaturating(.one), fresh)
    }

    /// The quote that replaces `old`: both fields are raised, because nodes ask for both.
    ///
    /// `old` is the highest that was ever sent for the nonce, not the last.
    public static func replacement(old: Quote, fresh: Quote) -> Quote {
        Quote(
            maxPriorityFeePerGas: replacement(old: old.maxPriorityFeePerGas, fresh: fresh.maxPriorityFeePerGas),
            maxFeePerGas: replacement(old: old.maxFeePerGas, fresh: fresh.maxFeePerGas))
    }

    /// What the sender pays in a block of this base fee: `min(cap, base + tip)`; nil if the cap is below the base fee
    /// and the transaction waits.
    public static func effectivePrice(_ quote: Quote, baseFee: UInt256) -> UInt256? {
        guard quote.maxFeePerGas >= baseFee else { return nil }
        return min(quote.maxFeePerGas, baseFee.addingSaturating(quote.maxPriorityFeePerGas))
    }

    /// ⌈value / 8⌉.
    private static func ceilingOfEighth(_ value: UInt256) -> UInt256 {
        let eighth = value.shiftedRight(by: 3)
        return (value & 7).isZero ? eighth : eighth.addingSaturating(.one)
    }

    /// ⌊value × factor / divisor⌋ through 512 bits.
    private static func scaled(_ value: UInt256, by factor: UInt64, over divisor: UInt64) -> UInt256 {
        do {
            return try value.multipliedFull(by: UInt256(factor), dividedBy: UInt256(divisor))
        } catch {
            return .max
        }
    }
}
