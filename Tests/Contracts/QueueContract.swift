public import Primitives
public import Queues
import Testing

/// What every ``MessageQueue`` must do, whichever broker carries it.
///
/// `make` gives a new, empty queue that tells the time by the given clock and tries a message
/// ``QueueLimits/attemptsMax`` times:
///
/// ```swift
/// try await checkQueue { clock in EmbeddedQueue(store: store, clock: clock.clock, random: .seeded(1)) }
/// ```
public func checkQueue(_ make: (ManualClock) async throws -> any MessageQueue) async throws {
    try await QueueContract.checkVisibility(make)
    try await QueueContract.checkDelay(make)
    try await QueueContract.checkReceipts(make)
    try await QueueContract.checkDeadLetters(make)
    try await QueueContract.checkRetries(make)
    try await QueueContract.checkHandling(make)
    try await QueueContract.checkLimits(make)
    try await QueueContract.checkConsumers(make)
}

/// The parts of ``checkQueue(_:)``.
public enum QueueContract {
    static let work: QueueName = "work"
    static let other: QueueName = "other.queue_2"
    static let start = Timestamp(milliseconds: 1_700_000_000_000)

    /// The queue's error that `body` throws; `nil` when it throws none.
    static func failure<Value>(_ body: () async throws -> Value) async -> QueueError.Code? {
        do {
            _ = try await body()
            return nil
        } catch {
            return (error as? QueueError)?.code
        }
    }

    static func bodies(_ deliveries: [Delivery]) -> [String] {
        deliveries.map { String(decoding: $0.message.body, as: UTF8.self) }
    }

    /// What is handed out is hidden from others until it is answered or its time is over.
    public static func checkVisibility(_ make: (ManualClock) async throws -> any MessageQueue) async throws {
        let time = ManualClock(start)
        let queue = try await make(time)
        #expect(try await queue.receive(from: work, max: 10, visibilitySeconds: 30).isEmpty)

        var identities: [SortableID] = []
        for text in ["a", "b", "c"] {
            identities.append(
                try await queue.publish(Array(text.utf8), attributes: ["type": text], to: work, notBefore: nil))
            time.advance(milliseconds: 1)
        }
        try await queue.publish(Array("elsewhere".utf8), to: other)
        #expect(try await queue.depth(of: work) == QueueDepth(ready: 3, delayed: 0, inFlight: 0, dead: 0))

        let first = try await queue.receive(from: work, max: 2, visibilitySeconds: 30)
        #expect(bodies(first) == ["a", "b"], "oldest first")
        let a = try #require(first.first)
        #expect(
            a.message
                == Message(
                    id: identities[0], body: Array("a".utf8), attributes: ["type": "a"], attempts: 1, enqueuedAt: start)
        )
        #expect(a.queue == work && a.visibleAgainAt == time.now.adding(seconds: 30))
        #expect(try await queue.depth(of: work) == QueueDepth(ready: 1, delayed: 0, inFlight: 2, dead: 0))

        let second = try await queue.receive(from: work, max: 10, visibilitySeconds: 60)
        #expect(bodies(second) == ["c"], "what is lent is not handed out again")
        #expect(bodies(try await queue.receive(from: other, max: 10, visibilitySeconds: 1)) == ["elsewhere"])
        try await queue.acknowledge(a)

        time.advance(seconds: 29)
        #expect(try await queue.receive(from: work, max: 10, visibilitySeconds: 30).isEmpty)
        time.advance(seconds: 1)
        let again = try await queue.receive(from: work, max: 10, visibilitySeconds: 30)
        #expect(bodies(again) == ["b"], "what was not answered comes again, what was acknowledged does not")
        #expect(again.first?.message.attempts == 2)
        #expect(again.first?.message.id == identities[1] && again.first?.receipt != first[1].receipt)
    }

    /// A message with a moment is not handed out before it.
    public static func checkDelay(_ make: (ManualClock) async throws -> any MessageQueue) async throws {
        let time = ManualClock(start)
        let queue = try await make(time)
        try await queue.publish(Array("late".utf8), to: work, notBefore: start.adding(seconds: 20))
        try await queue.publish(Array("early".utf8), to: work, notBefore: start.adding(seconds: 10))
        try await queue.publish(Array("past".utf8), to: work, notBefore: start.adding(seconds: -10))
        #expect(try await queue.depth(of: work) == QueueDepth(ready: 1, delayed: 2, inFlight: 0, dead: 0))
        #expect(bodies(try await queue.receive(from: work, max: 10, visibilitySeconds: 600)) == ["past"])
        time.advance(milliseconds: 9_999)
        #expect(try await queue.receive(from: work, max: 10, visibilitySeconds: 600).isEmpty)
        time.advance(seconds: 11)
        let due = try await queue.receive(from: work, max: 10, visibilitySeconds: 600)
        #expect(bodies(due) == ["early", "late"], "in the order of their moments")

        let early = try #require(due.first)
        try await queue.release(early, delaySeconds: 5)
        #expect(try await queue.receive(from: work, max: 10, visibilitySeconds: 600).isEmpty)
        time.advance(seconds: 5)
        let again = try await queue.receive(from: work, max: 10, visibilitySeconds: 600)
        #expect(bodies(again) == ["early"] && again.first?.message.attempts == 2)
        try await queue.release(try #require(again.first))
        #expect(bodies(try await queue.receive(from: work, max: 1, visibilitySeconds: 600)) == ["early"])
    }

    /// Only the newest delivery of a message, and only within its time, is honoured.
    public static func checkReceipts(_ make: (ManualClock) async throws -> any MessageQueue) async throws {
        let time = ManualClock(start)
        let queue = try await make(time)
        try await queue.publish([1], to: work)
        let slow = try #require(try await queue.receive(from: work, max: 1, visibilitySeconds: 30).first)
        time.advance(seconds: 30)
        #expect(
            await failure { try await queue.acknowledge(slow) } == .receiptExpired, "too late, though nobody has it")
        let fast = try #require(try await queue.receive(from: work, max: 1, visibilitySeconds: 30).first)
        #expect(fast.message.attempts == 2)
        for (what, code) in [
            ("acknowledge", await failure { try await queue.acknowledge(slow) }),
            ("extend", await failure { _ = try await queue.extend(slow, visibilitySeconds: 30) }),
            ("release", await failure { try await queue.release(slow) }),
            ("retry", await failure { try await queue.retry(slow, reason: "late") }),
            ("reject", await failure { try await queue.reject(slow, reason: "late") }),
        ] {
            #expect(code == .receiptExpired, "a late \(what) must not touch another receiver's message")
        }
        time.advance(seconds: 20)
        let longer = try await queue.extend(fast, visibilitySeconds: 30)
        #expect(longer.visibleAgainAt == time.now.adding(seconds: 30))
        time.advance(seconds: 29)
        #expect(try await queue.receive(from: work, max: 1, visibilitySeconds: 30).isEmpty, "extended")
        try await queue.acknowledge(longer)
        #expect(await failure { try await queue.acknowledge(longer) } == .receiptExpired, "there is nothing left")
        #expect(try await queue.depth(of: work) == QueueDepth(ready: 0, delayed: 0, inFlight: 0, dead: 0))
    }

    /// 32 consumers share 2,000 messages; each message is handled once.
    public static func checkConsumers(_ make: (ManualClock) async throws -> any MessageQueue) async throws {
        let queue = try await make(ManualClock(start))
        let count = 2_000
        try await withThrowingTaskGroup(of: Void.self) { group in
            for publisher in 0..<8 {
                group.addTask {
                    for number in stride(from: publisher, to: count, by: 8) {
                        try await queue.publish(Array("\(number)".utf8), to: work)
                    }
                }
            }
            try await group.waitForAll()
        }
        let handled = try await withThrowingTaskGroup(of: [String].self) { group in
            for _ in 0..<32 {
                group.addTask {
                    var handled: [String] = []
                    // Ends when nothing is due: nobody publishes any more.
                    while true {
                        let deliveries = try await queue.receive(from: work, max: 10, visibilitySeconds: 600)
                        if deliveries.isEmpty { return handled }
                        for delivery in deliveries { try await queue.acknowledge(delivery) }
                        handled += bodies(deliveries)
                    }
                }
            }
            return try await group.reduce(into: [String]()) { $0 += $1 }
        }
        #expect(handled.count == count, "none twice")
        #expect(Set(handled) == Set((0..<count).map(String.init)), "none lost")
        #expect(try await queue.depth(of: work) == QueueDepth(ready: 0, delayed: 0, inFlight: 0, dead: 0))
    }
}
