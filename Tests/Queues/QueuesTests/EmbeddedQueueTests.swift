import Contracts
import Primitives
import Queues
import Storage
import Testing

struct EmbeddedQueueTests {
    private let time = ManualClock(Timestamp(milliseconds: 1_700_000_000_000))
    private let work: QueueName = "work"

    private func prepared(
        _ store: any Store = MemoryStore(), clock: ManualClock, seed: UInt64 = 1, policy: RetryPolicy = .standard
    ) async throws -> EmbeddedQueue {
        try await store.migrate(QueuesSchema.migrations)
        return EmbeddedQueue(store: store, clock: clock.clock, random: .seeded(seed), retryPolicy: policy)
    }

    @Test func `a queue in memory keeps the contract of a queue`() async throws {
        try await checkQueue { try await prepared(clock: $0) }
    }

    @Test func `a message is published with its unit of work or not at all`() async throws {
        struct Refused: Error {}
        let store = MemoryStore()
        let queue = try await prepared(store, clock: time)
        await #expect(throws: Refused.self) {
            try await store.write { tx in
                try queue.publish([1], to: work, in: tx)
                throw Refused()
            }
        }
        #expect(try await queue.depth(of: work).ready == 0)
        let id = try await store.write { try queue.publish([2], attributes: ["a": "é\"\\"], to: work, in: $0) }
        let delivery = try #require(try await queue.receive(from: work, max: 1, visibilitySeconds: 30).first)
        #expect(delivery.message.id == id && delivery.message.attributes == ["a": "é\"\\"])
    }

    @Test func `a late handler's effects are undone with its refused acknowledge`() async throws {
        let store = MemoryStore()
        let queue = try await prepared(store, clock: time)
        try await queue.publish([1], to: work)
        let slow = try #require(try await queue.receive(from: work, max: 1, visibilitySeconds: 30).first)
        time.advance(seconds: 30)
        let fast = try #require(try await queue.receive(from: work, max: 1, visibilitySeconds: 30).first)
        func finish(_ delivery: Delivery) async throws {
            try await store.write { tx in
                // The effect, then the end of the message: one unit of work.
                try queue.publish([9], to: "effects", in: tx)
                try queue.acknowledge(delivery, in: tx)
            }
        }
        let late = await #expect(throws: QueueError.self) { try await finish(slow) }
        #expect(late?.code == .receiptExpired)
        try await finish(fast)
        await #expect(throws: QueueError.self) { try await finish(fast) }
        #expect(try await queue.depth(of: "effects").ready == 1, "exactly one effect")
    }

    @Test func `equal moments are handed out in the order of publishing`() async throws {
        let queue = try await prepared(clock: time)
        for number in UInt8(0)..<200 { try await queue.publish([number], to: work) }
        var received: [UInt8] = []
        while true {
            let batch = try await queue.receive(from: work, max: 7, visibilitySeconds: 30)
            if batch.isEmpty { break }
            received += batch.map { $0.message.body[0] }
        }
        #expect(received == Array(0..<200))
    }

    @Test func `fewer attempts can be set`() async throws {
        let queue = try await prepared(clock: time, policy: RetryPolicy(attemptsMax: 2))
        try await queue.publish([1], to: work)
        for _ in 1...2 {
            let delivery = try #require(try await queue.receive(from: work, max: 1, visibilitySeconds: 30).first)
            try await queue.retry(delivery, reason: "no")
            time.advance(seconds: 900)
        }
        #expect(try await queue.depth(of: work) == QueueDepth(ready: 0, delayed: 0, inFlight: 0, dead: 1))
    }

    @Test func `much poison at once is buried in bounded steps`() async throws {
        let queue = try await prepared(clock: time, policy: RetryPolicy(attemptsMax: 1))
        for _ in 0..<250 { try await queue.publish([1], to: work) }
        for _ in 0..<3 { _ = try await queue.receive(from: work, max: 100, visibilitySeconds: 1) }
        time.advance(seconds: 1)
        var calls = 0
        while try await queue.depth(of: work).dead < 250, calls < 10 {
            #expect(try await queue.receive(from: work, max: 1, visibilitySeconds: 1).isEmpty)
            calls += 1
        }
        #expect(calls == 3)
    }

    @Test func `storage failures become the queue's own errors`() async throws {
        let store = MemoryStore()
        let queue = try await prepared(store, clock: time)
        await store.close()
        let error = await #expect(throws: QueueError.self) { try await queue.publish([1], to: work) }
        #expect(error?.code == .closed && error?.cause is StorageError)
    }
}

struct RetryPolicyTests {
    @Test func `the bound doubles up to the longest delay`() {
        let policy = RetryPolicy(baseMilliseconds: 1_000, delayMillisecondsMax: 60_000)
        #expect(
            (0...8).map(policy.boundMilliseconds) == [
                1_000, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000,
            ])
        #expect(RetryPolicy.standard.boundMilliseconds(afterAttempt: .max) == 900_000)
    }

    @Test func `delays fill the whole range and repeat with the seed`() {
        let policy = RetryPolicy(baseMilliseconds: 10)
        let delays = (0..<500).map { seed in
            policy.delayMilliseconds(afterAttempt: 1, random: .seeded(seed))
        }
        #expect(Set(delays) == Set(0...10), "full jitter: from nothing to the bound")
        #expect(delays == (0..<500).map { policy.delayMilliseconds(afterAttempt: 1, random: .seeded($0)) })
    }
}

struct QueueNameTests {
    @Test(arguments: ["a", "withdrawals", "a-b_c.9", String(repeating: "x", count: 64)])
    func `a plain name is a queue's name`(text: String) {
        #expect(QueueName(text)?.text == text)
    }

    @Test(arguments: ["", "A", "a b", "é", "a/b", "a\u{0}", String(repeating: "x", count: 65)])
    func `any other text is none`(text: String) {
        #expect(QueueName(text) == nil)
    }
}
