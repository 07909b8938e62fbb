import Foundation
import Primitives
import Testing

@testable import WalletConnectProtocol

/// Thousands of sessions: restored without being read, small in memory, quick to use.
struct ScaleTests {
    /// Records of `count` sessions, the first of them made by a real handshake.
    private func records(_ count: Int) throws -> (records: [StoredRecord], pair: TestPair) {
        let pair = TestPair()
        let topic = try pair.connected()
        var records: [StoredRecord] = []
        let original = pair.wallet.engine.session(topic)!
        for index in 0..<count {
            let key = SymmetricKey(random: .seeded(UInt64(index) + 100_000))
            var session = original
            session.topic = key.topic
            let row = SessionRow(
                key: key, expiresAt: SignEngine.moment(session.expiry), isController: true, body: session.encoded())
            records.append(SignEngine.record(row, key.topic))
        }
        return (records, pair)
    }

    /// Pages of this process in memory; 0 where that cannot be read.
    private static func residentPages() -> Int {
        let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
        return text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    }

    @Test func `ten thousand sessions are restored without being decoded`() throws {
        let (records, pair) = try records(10_000)
        var engine = SignEngine(settings: pair.wallet.settings, random: .seeded(1))
        let clock = ContinuousClock()
        var decision = Decision()
        let before = Self.residentPages()
        let took = try clock.measure { decision = try engine.restore(records, at: pair.now) }
        print("ScaleTests: 10,000 sessions restored in \(took)")
        // Other tests run beside this one: the figure counts when it runs alone.
        print("ScaleTests: \((Self.residentPages() - before) * 4096 / 10_000) bytes a session")
        #expect(engine.sessionCount == 10_000)
        #expect(engine.decoded.isEmpty)
        #expect(decision.changes.isEmpty)
        #expect(engine.topics.count == 10_000)
        // Release builds take a fifth of this; the bound is for a slow build on a busy machine.
        #expect(took < .seconds(5))
        let some = engine.sessions.keys.first!
        #expect(engine.session(some)?.topic == some)
    }

    @Test func `a request goes round`() throws {
        let pair = TestPair()
        let topic = try pair.connected()
        let clock = ContinuousClock()
        let rounds = 300
        let took = try clock.measure {
            for _ in 0..<rounds {
                let id = try pair.request(topic)
                pair.run()
                pair.wallet.commit(
                    try pair.wallet.engine.respond(
                        to: .number(id), on: topic, with: .result("0x0102"), at: pair.now))
                pair.run()
                pair.dapp.commit(pair.dapp.engine.handedOver(id))
            }
        }
        print("ScaleTests: a request on both sides takes \(took / rounds)")
        #expect(pair.dapp.engine.counts.requests == 0)
        #expect(pair.dapp.engine.counts.outcomes == 1, "the connection, which nobody took over")
        #expect(pair.wallet.engine.counts.pendingRequests == 0)
    }
}
