import Primitives
import Testing

struct RandomSourceTests {
    /// splitmix64 from seed 0 gives 0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F, 0xF88BB8A8724C81EC
    /// (its authors' published sequence); xoshiro256** then gives rotl(s1 · 5, 7) · 9 first.
    @Test func `the seeded stream is the published generator's`() {
        let second: UInt64 = 0x6E78_9E6A_A1B9_65F4
        let product = second &* 5
        let expected = (product << 7 | product >> 57) &* 9
        #expect(RandomSource.seeded(0).uint64() == expected)
    }

    @Test func `the same seed gives the same stream however it is cut`() {
        let whole = RandomSource.seeded(77).bytes(1000)
        let source = RandomSource.seeded(77)
        var pieces: [UInt8] = []
        var count = 0
        while pieces.count < 1000 {
            pieces += source.bytes(min(count % 13, 1000 - pieces.count))
            count += 1
        }
        #expect(pieces == whole)
        #expect(RandomSource.seeded(78).bytes(1000) != whole)
    }

    @Test func `the kernel's bytes are as many as asked and never the same`() {
        for count in [0, 1, 255, 256, 257, 5000] { #expect(RandomSource.system.bytes(count).count == count) }
        #expect(RandomSource.system.bytes(32) != RandomSource.system.bytes(32))
        #expect(Set((0..<1000).map { _ in RandomSource.system.uint64() }).count == 1000)
    }

    @Test func `numbers below a bound are even`() {
        let source = RandomSource.seeded(5)
        var counts = [Int](repeating: 0, count: 6)
        for _ in 0..<60_000 { counts[Int(source.uint64(below: 6))] += 1 }
        // The standard deviation of each count is 91.
        for count in counts { #expect(abs(count - 10_000) < 500) }
        #expect(source.uint64(below: 1) == 0)
    }

    @Test func `a draw from the unfair part is drawn again`() {
        // 2^64 mod (2^63 + 1) = 2^63 − 1: a draw of 0 must be repeated, the next one is 2^64 − 1.
        let draws = ManualDraws([[UInt8](repeating: 0, count: 8), [UInt8](repeating: 255, count: 8)])
        #expect(draws.source.uint64(below: 1 << 63 + 1) == UInt64.max % (1 << 63 + 1))
    }
}
