import Primitives
import Testing

@testable import WalletConnectProtocol

/// What a peer or a relay that means harm tries: a client that does not start again, acts twice or waits for ever.
struct HostilePeerTests {
    @Test func `a request as large as a message may be is read back after a restart`() throws {
        let pair = TestPair()
        let topic = try pair.connected()
        // Ten values are the message's own.
        let many = JSON.array([JSON](repeating: .array([]), count: PeerMessage.limits.valuesMax - 10))
        let (_, decision) = try pair.dapp.engine.request(
            SessionRequest(topic: topic, chainID: "eip155:1", method: "personal_sign", params: many), at: pair.now)
        pair.dapp.commit(decision)
        pair.run()
        #expect(pair.wallet.engine.pendingRequests().first?.params == many)
        try pair.wallet.crash(at: pair.now)
        #expect(pair.wallet.engine.pendingRequests().first?.params == many)
    }

    @Test func `a result as deep as a message may be is read back after a restart`() throws {
        let pair = TestPair()
        let topic = try pair.connected()
        let id = try pair.request(topic)
        pair.run()
        var deep = JSON.array([])
        for _ in 2..<PeerMessage.limits.depthMax { deep = .array([deep]) }
        pair.wallet.commit(
            try pair.wallet.engine.respond(to: .number(id), on: topic, with: .result(deep), at: pair.now))
        pair.run()
        #expect(pair.dapp.finished[id] == .result(deep))
        try pair.dapp.crash(at: pair.now)
        #expect(pair.dapp.engine.status(of: id) == .ended(.result(deep)))
    }

    @Test func `an answered request is not shown again, however many came since`() throws {
        let pair = TestPair()
        let topic = try pair.connected()
        let first = try pair.request(topic)
        pair.dapp.settle(at: pair.now)
        let push = pair.mailbox.pushes(for: "wallet").last!
        for index in 0..<101 {
            let id = index == 0 ? first : try pair.request(topic)
            pair.run()
            pair.wallet.commit(
                try pair.wallet.engine.respond(to: .number(id), on: topic, with: .result(1), at: pair.now))
            pair.run()
        }
        let publishes = pair.mailbox.published.count
        for _ in 0..<2 {
            pair.wallet.take(push, at: pair.now)
            pair.wallet.settle(at: pair.now)
            #expect(pair.wallet.drops.last == .duplicate)
            #expect(pair.wallet.engine.pendingRequests().isEmpty)
            try pair.wallet.crash(at: pair.now)
            pair.wallet.settle(at: pair.now)
        }
        #expect(pair.mailbox.published.count == publishes, "its answer's text is not kept any more")
    }

    @Test func `answers said again do not fill the outbox beyond its bound`() throws {
        let pair = TestPair(wallet: { $0.limits.outboxMax = 3 })
        let topic = try pair.connected()
        let id = try pair.request(topic)
        pair.dapp.settle(at: pair.now)
        let push = pair.mailbox.pushes(for: "wallet").last!
        pair.run()
        pair.wallet.commit(
            try pair.wallet.engine.respond(to: .number(id), on: topic, with: .result(1), at: pair.now))
        for _ in 0..<10 { pair.wallet.take(push, at: pair.now) }
        #expect(pair.wallet.engine.counts.outbox == 3)
    }

    @Test func `a message above what relays carry is dropped before it is opened`() throws {
        let pair = TestPair()
        let topic = try pair.connected()
        let row = pair.wallet.engine.sessions[topic]!
        let padding = JSON.string(String(repeating: "x", count: 300_000))
        let text = Envelope.seal(
            PeerMessage.request(id: 1, method: "wc_sessionUpdate", params: ["padding": padding]).encoded(), key: row.key
        )
        let decision = pair.dapp.engine.receive(
            InboundMessage(topic: topic, message: text, publishedAt: pair.now), at: pair.now)
        #expect(decision.drop == .limitReached)
        #expect(decision.changes.isEmpty && decision.actions.isEmpty)
    }
}
