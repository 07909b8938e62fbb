import Primitives
import Synchronization
import Testing

/// A random source that gives the draws it was handed, then the last one again and again.
final class ManualDraws: Sendable {
    private let draws: Mutex<[[UInt8]]>

    init(_ draws: [[UInt8]]) {
        self.draws = Mutex(draws)
    }

    var source: RandomSource {
        RandomSource { _ in self.draws.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] } }
    }
}

struct IDGeneratorTests {
    private func isStrictlyIncreasing(_ ids: [SortableID]) -> Bool {
        zip(ids, ids.dropFirst()).allSatisfy { $0 < $1 }
    }

    @Test func `identifiers made by four tasks grow and never repeat`() async {
        let generator = IDGenerator(clock: .system, random: .system)
        let lists = await withTaskGroup(of: [SortableID].self) { group in
            for _ in 0..<4 { group.addTask { (0..<25_000).map { _ in generator.next() } } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        for list in lists { #expect(isStrictlyIncreasing(list)) }
        #expect(Set(lists.joined()).count == 100_000)
        #expect(lists.joined().allSatisfy { $0 < generator.next() })
    }

    @Test func `the order of calls is the order of identifiers across tasks`() async {
        let generator = IDGenerator(clock: .system, random: .system)
        final class Made: Sendable { let ids = Mutex<[SortableID]>([]) }
        let made = Made()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask { for _ in 0..<25_000 { made.ids.withLock { $0.append(generator.next()) } } }
            }
        }
        let ids = made.ids.withLock { $0 }
        #expect(ids.count == 100_000 && isStrictlyIncreasing(ids))
    }

    @Test func `within one millisecond identifiers grow and keep it`() {
        let manual = ManualClock(Timestamp(milliseconds: 1_795_176_000_123))
        let generator = IDGenerator(clock: manual.clock, random: .seeded(1))
        let ids = (0..<10_000).map { _ in generator.next() }
        #expect(isStrictlyIncreasing(ids))
        // 10,000 steps of at most 2^32 overrun 80 bits with a chance of 2^-35.
        #expect(ids.allSatisfy { $0.timestamp == manual.now })
    }

    @Test func `a clock that steps back does not take identifiers along`() {
        let manual = ManualClock(Timestamp(milliseconds: 10_000))
        let generator = IDGenerator(clock: manual.clock, random: .seeded(2))
        var ids: [SortableID] = []
        for step: Int64 in [0, 1, -5000, 1, 4999, -1, 7000, -12_000, -100_000, 200_000] {
            manual.advance(milliseconds: step)
            for _ in 0..<100 { ids.append(generator.next()) }
        }
        #expect(isStrictlyIncreasing(ids))
        #expect(ids.last?.timestamp == manual.now)
    }

    @Test func `when the 80 bits run out the next millisecond is taken`() {
        let manual = ManualClock(Timestamp(milliseconds: 5))
        let ones = ManualDraws([[UInt8](repeating: 255, count: 256)])
        let generator = IDGenerator(clock: manual.clock, random: ones.source)
        let ids = (0..<50).map { _ in generator.next() }
        #expect(isStrictlyIncreasing(ids))
        #expect(ids.map(\.timestamp.milliseconds) == (0..<50).map { 5 + $0 })
        manual.set(Timestamp(milliseconds: 54))
        let next = generator.next()
        #expect(ids[49] < next && next.timestamp.milliseconds == 55)
    }

    @Test func `a clock beyond the layout is clamped and identifiers still grow`() {
        for milliseconds in [Int64.min, -1, 0, 1 << 48, .max] {
            let manual = ManualClock(Timestamp(milliseconds: milliseconds))
            let ones = ManualDraws([[UInt8](repeating: 255, count: 256)])
            let generator = IDGenerator(clock: manual.clock, random: ones.source)
            #expect(isStrictlyIncreasing((0..<1000).map { _ in generator.next() }))
        }
    }

    @Test func `the same clock and seed give the same identifiers`() {
        let manual = ManualClock(Timestamp(milliseconds: 1))
        let first = IDGenerator(clock: manual.clock, random: .seeded(3))
        let second = IDGenerator(clock: manual.clock, random: .seeded(3))
        #expect((0..<100).allSatisfy { _ in first.next() == second.next() })
    }
}
