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
}
