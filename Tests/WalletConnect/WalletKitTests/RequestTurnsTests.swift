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
        #expect(turns.admit(all[0], pending: [all[0]]) == all[0])
        #expect(turns.admit(all[1], pending: Array(all[0...1])) == nil)
        #expect(turns.admit(all[2], pending: all) == nil)
        #expect(turns.next(on: Self.topic, pending: all) == nil)
        #expect(turns.next(on: Self.topic, pending: Array(all[1...])) == all[1])
        #expect(turns.next(on: Self.topic, pending: [all[2]]) == all[2])
        #expect(turns.next(on: Self.topic, pending: []) == nil)
    }

    @Test func `one that ended while it waited has no turn`() {
        var turns = RequestTurns()
        let all = (1...3).map { Self.request($0) }
        for request in all { _ = turns.admit(request, pending: all) }
        #expect(turns.next(on: Self.topic, pending: [all[2]]) == all[2])
    }

    @Test func `an answer that went past the kit is seen when the next comes`() {
        var turns = RequestTurns()
        let all = (1...2).map { Self.request($0) }
        #expect(turns.admit(all[0], pending: [all[0]]) == all[0])
        #expect(turns.admit(all[1], pending: [all[1]]) == all[1])
    }

    @Test func `a request is shown once, and sessions do not wait for each other`() {
        var turns = RequestTurns()
        let other = Topic(Hash32(repeating: 2))
        let (here, there) = (Self.request(1), Self.request(1, topic: other))
        #expect(turns.admit(here, pending: [here]) == here)
        #expect(turns.admit(here, pending: [here]) == nil)
        #expect(turns.admit(there, pending: [there]) == there)
        turns.end(Self.topic)
        #expect(turns.next(on: Self.topic, pending: [here]) == nil)
    }
}
