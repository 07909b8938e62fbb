import ChainEVM
import Primitives
import Testing

struct FeeRulesTests {
    @Test func `the base fee follows the gas of the block`() {
        // At the target it stays; a full block adds an eighth, an empty one takes it.
        #expect(
            FeeRules.nextBaseFee(baseFee: 1_000_000_000, gasUsed: 15_000_000, gasLimit: 30_000_000) == 1_000_000_000)
        #expect(
            FeeRules.nextBaseFee(baseFee: 1_000_000_000, gasUsed: 30_000_000, gasLimit: 30_000_000) == 1_125_000_000)
        #expect(FeeRules.nextBaseFee(baseFee: 1_000_000_000, gasUsed: 0, gasLimit: 30_000_000) == 875_000_000)
        // The cases of go-ethereum's TestCalcBaseFee: limit 20,000,000.
        #expect(FeeRules.nextBaseFee(baseFee: 1_000_000_000, gasUsed: 9_000_000, gasLimit: 20_000_000) == 987_500_000)
        #expect(
            FeeRules.nextBaseFee(baseFee: 1_000_000_000, gasUsed: 11_000_000, gasLimit: 20_000_000) == 1_012_500_000)
        // It rises by one at the least, and does not fall below zero.
        #expect(FeeRules.nextBaseFee(baseFee: 0, gasUsed: 20, gasLimit: 20) == 1)
        #expect(FeeRules.nextBaseFee(baseFee: 7, gasUsed: 11, gasLimit: 20) == 8)
        #expect(FeeRules.nextBaseFee(baseFee: 7, gasUsed: 0, gasLimit: 20) == 7)
        #expect(FeeRules.nextBaseFee(baseFee: 7, gasUsed: 1, gasLimit: 1) == 7)
        #expect(FeeRules.nextBaseFee(baseFee: .max, gasUsed: .max, gasLimit: .max) == .max)
    }

    @Test func `the standard's formula in plain integers gives the same`() {
        var random = Random(seed: 8)
        for _ in 0..<2_000 {
            let base = random.next() >> 24
            let limit = 2 + random.next() >> 38
            let used = random.next() % (limit + 1)
            let target = limit / 2
            let expected: UInt64 =
                if used == target {
                    base
                } else if used > target {
                    base + max(UInt64(UInt128(base) * UInt128(used - target) / UInt128(target) / 8), 1)
                } else {
                    base - UInt64(UInt128(base) * UInt128(target - used) / UInt128(target) / 8)
                }
            #expect(FeeRules.nextBaseFee(baseFee: UInt256(base), gasUsed: used, gasLimit: limit) == UInt256(expected))
        }
    }

    @Test func `a forecast covers as many full blocks`() {
        var random = Random(seed: 9)
        #expect(FeeRules.baseFeeForecast(800, blocks: 0) == 800)
        #expect(FeeRules.baseFeeForecast(800, blocks: 1) == 900)
        #expect(FeeRules.baseFeeForecast(0, blocks: 3) == 3)
        #expect(FeeRules.baseFeeForecast(.max, blocks: 8) == .max)
        for _ in 0..<200 {
            let base = UInt256(random.next() >> 20)
            var worst = base
            for blocks in 1...8 {
                worst = FeeRules.nextBaseFee(baseFee: worst, gasUsed: 30_000_000, gasLimit: 30_000_000)
                let forecast = FeeRules.baseFeeForecast(base, blocks: blocks)
                #expect(forecast >= worst && forecast <= worst.addingSaturating(UInt256(4 * blocks)))
            }
        }
        // Six full blocks about double the fee.
        #expect(FeeRules.baseFeeForecast(1_000_000_000, blocks: 6) >= 2_027_000_000)
    }

    @Test func `a replacement passes the rule of every node`() {
        #expect(FeeRules.replacement(old: 0, fresh: 0) == 1)
        #expect(FeeRules.replacement(old: 8, fresh: 0) == 10)
        #expect(FeeRules.replacement(old: 9, fresh: 0) == 12)
        #expect(FeeRules.replacement(old: 100, fresh: 500) == 500)
        #expect(FeeRules.replacement(old: .max, fresh: 0) == .max)
        var random = Random(seed: 10)
        for _ in 0..<2_000 {
            let old = UInt256(random.uint64() >> 2)
            let new = FeeRules.replacement(old: old, fresh: .zero)
            let tenPercent = try! old.multipliedFull(by: 110, dividedBy: 100, roundingUp: true)
            let eighth = try! old.multipliedFull(by: 9, dividedBy: 8, roundingUp: true)
            #expect(new > old && new >= tenPercent && new == (try! eighth.adding(.one)))
        }
        let old = FeeRules.Quote(maxPriorityFeePerGas: 16, maxFeePerGas: 80)
        let fresh = FeeRules.Quote(maxPriorityFeePerGas: 1, maxFeePerGas: 1_000)
        let bumped = FeeRules.replacement(old: old, fresh: fresh)
        #expect(bumped.maxPriorityFeePerGas == 19 && bumped.maxFeePerGas == 1_000)
    }

    @Test func `a tip is never above its cap`() {
        let quote = FeeRules.Quote(maxPriorityFeePerGas: 50, maxFeePerGas: 40)
        #expect(quote.maxPriorityFeePerGas == 40 && quote.maxFeePerGas == 40)
        #expect(
            quote.fees() == .eip1559(maxPriorityFeePerGas: 40, maxFeePerGas: 40, accessList: []))
        let made = FeeRules.quote(nextBaseFee: 800, tip: 7, blocks: 1)
        #expect(made.maxPriorityFeePerGas == 7 && made.maxFeePerGas == 907)
    }

    @Test func `the price paid is the base fee and the tip, up to the cap`() {
        let quote = FeeRules.Quote(maxPriorityFeePerGas: 5, maxFeePerGas: 100)
        #expect(FeeRules.effectivePrice(quote, baseFee: 10) == 15)
        #expect(FeeRules.effectivePrice(quote, baseFee: 98) == 100)
        #expect(FeeRules.effectivePrice(quote, baseFee: 100) == 100)
        #expect(FeeRules.effectivePrice(quote, baseFee: 101) == nil)
    }
}
