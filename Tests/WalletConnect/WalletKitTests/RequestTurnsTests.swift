import Primitives
import Testing
import WalletConnectProtocol

@testable import WalletKit

/// Whose turn it is when requests are shown one at a time.
struct RequestTurnsTests {
    private static let topic = Topic(Hash32(repeating: 1))

    private static func request(_ number: Int64, topic: Topic = topic) -> PendingRequest {
        PendingRequest(
            topic: topic, id: .number(number), chain: "eip155:1", method: "personal_sign", params: nil, expiry: 1,
            verifyContext: VerifyContext(origin: "", validation: .unknown, verifyURL: ""))
    }

    @Test func `the first is shown, the others follow as each is answered`() {
        var turns = RequestTurns()
        let all = (1...3).map { Self.request($0) }
        #expect(turns.next(on: Self.topic, pending: [all[0]]) == all[0])
        #expect(turns.next(on: Self.topic, pending: Array(all[0...1])) == nil)
        #expect(turns.next(on: Self.topic, pending: all) == nil)
        #expect(turns.next(on: Self.topic, pending: Array(all[1...])) == all[1])
        #expect(turns.next(on: Self.topic, pending: [all[2]]) == all[2])
        #expect(turns.next(on: Self.topic, pending: []) == nil)
    }

    @Test func `one that ended while it waited has no turn`() {
        var turns = RequestTurns()
        let all = (1...3).map { Self.request($0) }
        _ = turns.next(on: Self.topic, pending: all)
        #expect(turns.next(on: Self.topic, pending: [all[2]]) == all[2])
    }

    @Test func `a request whose event was lost has its turn all the same`() {
        var turns = RequestTurns()
        let all = (1...3).map { Self.request($0) }
        #expect(turns.next(on: Self.topic, pending: all) == all[0])
        // Nobody was ever told of the second; what is pending knows it.
        #expect(turns.next(on: Self.topic, pending: Array(all[1...])) == all[1])
    }

    @Test func `a request that nobody took blocks nobody, and is shown again`() {
        var turns = RequestTurns()
        let all = (1...2).map { Self.request($0) }
        #expect(turns.next(on: Self.topic, pending: all) == all[0])
        turns.nobodyTook(all[1])
        #expect(turns.stalled(atMost: 8).isEmpty, "it was not shown")
        turns.nobodyTook(all[0])
        #expect(turns.stalled(atMost: 8) == [Self.topic])
        #expect(turns.stalled(atMost: 0).isEmpty)
        #expect(turns.next(on: Self.topic, pending: all) == all[0])
        #expect(turns.stalled(atMost: 8).isEmpty)
        turns.nobodyTook(all[0])
        turns.end(Self.topic)
        #expect(turns.stalled(atMost: 8).isEmpty)
    }

    @Test func `a request is shown once, and sessions do not wait for each other`() {
        var turns = RequestTurns()
        let other = Topic(Hash32(repeating: 2))
        let (here, there) = (Self.request(1), Self.request(1, topic: other))
        #expect(turns.next(on: Self.topic, pending: [here]) == here)
        #expect(turns.next(on: Self.topic, pending: [here]) == nil)
        #expect(turns.next(on: other, pending: [there]) == there)
    }
}
