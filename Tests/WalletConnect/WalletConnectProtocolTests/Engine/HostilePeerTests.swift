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

    @Test func `a pairing that names the topic of a session is refused`() throws {
        let pair = TestPair()
        let topic = try pair.connected()
        let uri = PairingURI(
            topic: topic, symKey: SymmetricKey(random: .seeded(7)), relay: .irn, expiry: nil, methods: [])
        #expect(throws: SignError.self) { try pair.wallet.engine.pair(uri.text, at: pair.now) }
        #expect(pair.wallet.engine.allPairings.allSatisfy { $0.topic != topic })
    }

    @Test func `a pairing does not live for ever because its address says so`() throws {
        let pair = TestPair()
        let uri = PairingURI(symKey: SymmetricKey(random: .seeded(7)), expiry: 9_000_000_000_000, methods: [])
        pair.wallet.commit(try pair.wallet.engine.pair(uri.text, at: pair.now).decision)
        pair.advance(seconds: Lifetime.activePairingSecondsSpecified)
        #expect(pair.wallet.engine.allPairings.isEmpty)
    }

    @Test func `a dApp that ends the pairing while signatures are checked ends the wait for them`() throws {
        let pair = TestPair()
        let request = AuthRequest(
            domain: "dapp.example", uri: "https://dapp.example/login", chains: ["eip155:1"], nonce: "n-1")
        let (connecting, decision) = try pair.dapp.engine.authenticate(request, at: pair.now)
        pair.dapp.commit(decision)
        pair.run()
        pair.wallet.commit(try pair.wallet.engine.pair(connecting.uri!.text, at: pair.now).decision)
        pair.run()
        let asked = pair.wallet.engine.pendingAuthentications[0]
        let cacao = Cacao(
            answering: asked.payload, issuer: "eip155:1:0x3c582121909DE92Dc89A36898633C1aE4790382b",
            signature: Cacao.Signature(type: "eip191", value: "0x00"))
        let (calling, approval) = try pair.wallet.engine.approveAuthentication(
            asked.id, cacaos: [cacao], at: pair.now)
        // Stored, and nobody has checked the signatures yet.
        pair.wallet.commit(Decision(changes: approval.changes, actions: []))
        pair.dapp.commit(pair.dapp.engine.disconnect(connecting.pairingTopic, at: pair.now))
        pair.run()
        #expect(pair.wallet.engine.allPairings.isEmpty)
        guard case .failed? = pair.wallet.finished[calling.id] else {
            Issue.record("it is waited for without an end")
            return
        }
    }

    @Test func `an extension that comes again after a day and a restart prolongs nothing`() throws {
        let pair = TestPair()
        let topic = try pair.connected()
        pair.advance(seconds: 1000)
        let row = pair.wallet.engine.sessions[topic]!
        // As JavaScript wallets extend: without an expiry.
        let text = Envelope.seal(
            PeerMessage.request(
                id: .number(pair.now.milliseconds * 1000), method: "wc_sessionExtend",
                params: .object([JSONMember]())
            ).encoded(), key: row.key)
        func receive() {
            pair.dapp.commit(
                pair.dapp.engine.receive(
                    InboundMessage(topic: topic, message: text, publishedAt: pair.now), at: pair.now))
            pair.dapp.settle(at: pair.now)
        }
        receive()
        let expiry = try #require(pair.dapp.engine.session(topic)?.expiry)
        #expect(expiry == pair.now.milliseconds / 1000 + 604_800)
        pair.now = pair.now.adding(seconds: 200_000)
        try pair.dapp.crash(at: pair.now)
        receive()
        #expect(pair.dapp.engine.session(topic)?.expiry == expiry)
        #expect(pair.dapp.drops.last == .duplicate)
    }

    @Test func `a change nobody acknowledged in time is still delivered`() throws {
        let pair = TestPair()
        let topic = try pair.connected()
        var namespaces = TestPair.namespaces
        namespaces["eip155"]?.methods = ["personal_sign"]
        let (calling, decision) = try pair.wallet.engine.update(topic, namespaces: namespaces, at: pair.now)
        // The relay is away: stored, and not published.
        pair.wallet.commit(Decision(changes: decision.changes, actions: []))
        pair.now = pair.now.adding(seconds: 400)
        pair.wallet.commit(pair.wallet.engine.tick(at: pair.now))
        pair.wallet.settle(at: pair.now)
        #expect(pair.wallet.finished[calling.id] == .failed(SignError(.timedOut)))
        try pair.wallet.crash(at: pair.now)
        pair.run()
        #expect(pair.wallet.engine.session(topic)?.namespaces == namespaces)
        #expect(pair.dapp.engine.session(topic)?.namespaces == namespaces)
    }

    @Test func `changes of a client whose clock went back are newer all the same`() throws {
        let pair = TestPair()
        let topic = try pair.connected()
        let (first, decision) = try pair.wallet.engine.extend(topic, at: pair.now.adding(seconds: 60))
        pair.wallet.commit(decision)
        pair.run()
        pair.wallet.commit(pair.wallet.engine.handedOver(first.id))
        try pair.wallet.crash(at: pair.now)
        let (second, _) = try pair.wallet.engine.update(topic, namespaces: TestPair.namespaces, at: pair.now)
        #expect(second.id > first.id)
    }

    @Test func `a session may be extended in the second in which it was settled`() throws {
        let pair = TestPair()
        let topic = try pair.connected()
        let (calling, decision) = try pair.wallet.engine.extend(topic, at: pair.now)
        pair.wallet.commit(decision)
        pair.run()
        #expect(pair.wallet.finished[calling.id] == .acknowledged)
        #expect(pair.wallet.engine.session(topic)?.expiry == pair.dapp.engine.session(topic)?.expiry)
    }
}
