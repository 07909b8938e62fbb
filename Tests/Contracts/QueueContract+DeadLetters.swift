public import Primitives
public import Queues
import Testing

extension QueueContract {
    /// What can't be handled is kept with the reason, looked at, and put back unchanged.
    public static func checkDeadLetters(_ make: (ManualClock) async throws -> any MessageQueue) async throws {
        let time = ManualClock(start)
        let queue = try await make(time)
        let body: [UInt8] = (0...255).map { UInt8($0) }
        var identities: [SortableID] = []
        for index in 0..<5 {
            identities.append(
                try await queue.publish([UInt8(index)] + body, attributes: ["n": "\(index)"], to: work, notBefore: nil))
            time.advance(milliseconds: 1)
        }
        let rejected = try await queue.receive(from: work, max: 3, visibilitySeconds: 30)
        for delivery in rejected {
            try await queue.reject(delivery, reason: "no such asset \(delivery.message.body[0])")
        }
        #expect(try await queue.depth(of: work) == QueueDepth(ready: 2, delayed: 0, inFlight: 0, dead: 3))

        let letters = try await queue.deadLetters(of: work, after: nil, limit: 10)
        #expect(letters.map(\.message.id) == Array(identities[..<3]))
        #expect(letters.map(\.reason) == ["no such asset 0", "no such asset 1", "no such asset 2"])
        #expect(letters.map(\.message) == rejected.map(\.message) && letters.allSatisfy { $0.diedAt == time.now })
        let page = try await queue.deadLetters(of: work, after: identities[0], limit: 1)
        #expect(page.map(\.message.id) == [identities[1]])
        #expect(try await queue.deadLetters(of: other, after: nil, limit: 10).isEmpty)

        time.advance(seconds: 100)
        try await queue.redrive(identities[1], in: work)
        try await queue.discard(identities[0], in: work)
        for id in [identities[0], identities[1], identities[4]] {
            #expect(await failure { try await queue.redrive(id, in: work) } == .notFound)
            #expect(await failure { try await queue.discard(id, in: work) } == .notFound)
        }
        #expect(await failure { try await queue.redrive(identities[2], in: other) } == .notFound, "of another queue")
        #expect(await failure { try await queue.acknowledge(rejected[1]) } == .receiptExpired)

        let back = try await queue.receive(from: work, max: 10, visibilitySeconds: 30)
        let redriven = try #require(back.last)
        #expect(redriven.message.id == identities[1])
        #expect(redriven.message.body == rejected[1].message.body, "a redrive never edits")
        #expect(redriven.message.attributes == ["n": "1"])
        #expect(redriven.message.attempts == 1 && redriven.message.enqueuedAt == rejected[1].message.enqueuedAt)
        #expect(
            await failure { try await queue.acknowledge(rejected[1]) } == .receiptExpired,
            "a delivery from before the death stays void")
        for delivery in back { try await queue.acknowledge(delivery) }
        #expect(try await queue.depth(of: work) == QueueDepth(ready: 0, delayed: 0, inFlight: 0, dead: 1))
    }

    /// A failed message comes back after a random, bounded delay; after the last attempt it is a dead letter.
    public static func checkRetries(_ make: (ManualClock) async throws -> any MessageQueue) async throws {
        let time = ManualClock(start)
        let queue = try await make(time)
        let failing = try await queue.publish([1], to: work)
        for attempt in 1...QueueLimits.attemptsMax {
            let delivery = try #require(try await queue.receive(from: work, max: 1, visibilitySeconds: 30).first)
            #expect(delivery.message.attempts == attempt)
            try await queue.retry(delivery, reason: "failure \(attempt)")
            time.advance(seconds: QueueLimits.delaySecondsMax)
        }
        #expect(try await queue.receive(from: work, max: 1, visibilitySeconds: 30).isEmpty)
        let letter = try #require(try await queue.deadLetters(of: work, after: nil, limit: 1).first)
        #expect(letter.message.id == failing && letter.reason == "failure \(QueueLimits.attemptsMax)")
        #expect(letter.message.attempts == QueueLimits.attemptsMax)
        try await queue.discard(failing, in: work)

        // A message that kills its receivers never gets an answer; it dies with the last reason there was.
        let poison = try await queue.publish([2], to: work)
        for attempt in 1...QueueLimits.attemptsMax {
            let delivery = try #require(try await queue.receive(from: work, max: 1, visibilitySeconds: 1).first)
            #expect(delivery.message.attempts == attempt)
            if attempt == 3 { try await queue.release(delivery, delaySeconds: 0, reason: "out of memory") }
            time.advance(seconds: 1)
        }
        try await queue.publish([3], to: work)
        let next = try await queue.receive(from: work, max: 1, visibilitySeconds: 30)
        #expect(next.map(\.message.body) == [[3]], "poison does not stand in the way")
        let buried = try await queue.deadLetters(of: work, after: nil, limit: 10)
        #expect(buried.map(\.message.id) == [poison] && buried.map(\.reason) == ["out of memory"])
    }

    /// ``MessageQueue/handle(from:max:visibilitySeconds:_:)`` answers for the handler.
    public static func checkHandling(_ make: (ManualClock) async throws -> any MessageQueue) async throws {
        struct Outage: Error {}
        let time = ManualClock(start)
        let queue = try await make(time)
        for text in ["fine", "fails", "hopeless", "slow"] {
            try await queue.publish(Array(text.utf8), to: work)
            time.advance(milliseconds: 1)
        }
        let count = try await queue.handle(from: work, visibilitySeconds: 30) { message in
            switch String(decoding: message.body, as: UTF8.self) {
            case "fails": throw Outage()
            case "hopeless": throw MessageRejection("not ours")
            case "slow": time.advance(seconds: 30)
            default: break
            }
        }
        #expect(count == 4)
        time.advance(seconds: QueueLimits.delaySecondsMax)
        let left = try await queue.receive(from: work, max: 10, visibilitySeconds: 30)
        #expect(Set(bodies(left)) == ["fails", "slow"] && left.allSatisfy { $0.message.attempts == 2 })
        #expect(try await queue.deadLetters(of: work, after: nil, limit: 10).map(\.reason) == ["not ours"])
        #expect(try await queue.handle(from: work, visibilitySeconds: 30) { _ in } == 0)
    }

    /// Limits are refused at the border, by name.
    public static func checkLimits(_ make: (ManualClock) async throws -> any MessageQueue) async throws {
        let time = ManualClock(start)
        let queue = try await make(time)
        let largest = [UInt8](repeating: 0xA5, count: QueueLimits.bodyBytesMax)
        try await queue.publish(largest, to: work)
        try await queue.publish([], to: work)
        #expect(await failure { try await queue.publish(largest + [0], to: work) } == .invalidMessage)
        let many = Dictionary(uniqueKeysWithValues: (0...QueueLimits.attributesMax).map { ("\($0)", "") })
        #expect(
            await failure { try await queue.publish([], attributes: many, to: work, notBefore: nil) } == .invalidMessage
        )
        let long = ["a": String(repeating: "é", count: QueueLimits.attributeBytesMax / 2)]
        #expect(
            await failure { try await queue.publish([], attributes: long, to: work, notBefore: nil) } == .invalidMessage
        )
        let far = start.adding(seconds: QueueLimits.delaySecondsMax)
        try await queue.publish([7], to: other, notBefore: far)
        #expect(
            await failure { try await queue.publish([], to: work, notBefore: far.adding(milliseconds: 1)) }
                == .invalidDelay)
        for seconds in [0, -1, QueueLimits.visibilitySecondsMax + 1] {
            #expect(
                await failure { _ = try await queue.receive(from: work, max: 1, visibilitySeconds: seconds) }
                    == .invalidDelay)
        }
        #expect(try await queue.receive(from: work, max: 0, visibilitySeconds: 1).isEmpty)
        #expect(try await queue.receive(from: work, max: -1, visibilitySeconds: 1).isEmpty)

        let received = try await queue.receive(from: work, max: .max, visibilitySeconds: 60)
        #expect(received.map(\.message.body) == [largest, []])
        let delivery = try #require(received.last)
        for seconds in [-1, QueueLimits.delaySecondsMax + 1] {
            #expect(await failure { try await queue.release(delivery, delaySeconds: seconds) } == .invalidDelay)
        }
        try await queue.reject(delivery, reason: String(repeating: "ü", count: 10_000))
        let reason = try await queue.deadLetters(of: work, after: nil, limit: 1).first?.reason
        #expect(reason == String(repeating: "ü", count: QueueLimits.reasonBytesMax / 2), "a long reason is cut")
    }
}
