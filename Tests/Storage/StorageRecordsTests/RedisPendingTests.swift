#if Redis
    import NIOCore
    import Storage
    import StorageRedis
    import Synchronization
    import Testing

    /// When a question is late, and when a connection is dead.
    struct RedisPendingTests {
        private var pending = RedisPending(silenceMax: .seconds(5))

        private func at(_ seconds: Int64) -> NIODeadline { .uptimeNanoseconds(1) + .seconds(seconds) }

        private func question(until seconds: Int64) -> RedisRequest {
            RedisRequest(RESPCommand("PING"), deadline: at(seconds)) { _ in }
        }

        @Test mutating func `a late question keeps its place, and those behind it their time`() {
            let (first, second) = (question(until: 2), question(until: 9))
            pending.append(first, at: at(0))
            pending.append(second, at: at(1))
            #expect(pending.nextMoment == at(2))
            #expect(pending.overdue(at: at(1)).isEmpty)
            #expect(pending.overdue(at: at(2)).map { $0 === first } == [true])
            #expect(pending.overdue(at: at(2)).isEmpty, "it is late once")
            #expect(pending.nextMoment == at(5))
            #expect(pending.popFirst() === first, "the first answer is the late one's")
            #expect(pending.popFirst() === second)
            #expect(pending.nextMoment == nil && pending.popFirst() == nil)
        }

        @Test mutating func `a connection is dead when nothing was heard since the oldest question`() {
            #expect(pending.deadAt == nil)
            pending.heard(at: at(1))
            pending.append(question(until: 3), at: at(10))
            #expect(pending.deadAt == at(15), "what was heard before it was asked does not count")
            pending.append(question(until: 30), at: at(12))
            #expect(pending.deadAt == at(15))
            pending.heard(at: at(14))
            #expect(pending.deadAt == at(19), "a slow server is not a dead one")
            _ = pending.popFirst()
            #expect(pending.deadAt == at(19))
            _ = pending.popFirst()
            #expect(pending.deadAt == nil, "who owes nothing may be silent")
        }

        @Test func `a question that was given up counts until its answer has come`() {
            let words = Words()
            let request = RedisRequest(
                RESPCommand("PING"), deadline: at(1), whenOver: { words.add("over") },
                completion: { result in words.add((try? result.get()) == nil ? "failed" : "answered") })
            request.giveUp(KeyValueError(.unavailable, "late"))
            #expect(words.all == ["failed"])
            request.finish(.success(.null))
            request.finish(.success(.null))
            #expect(words.all == ["failed", "over"])
        }
    }

    private final class Words: Sendable {
        private let words = Mutex<[String]>([])
        var all: [String] { words.withLock { $0 } }

        func add(_ word: String) { words.withLock { $0.append(word) } }
    }
#endif
