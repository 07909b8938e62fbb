import Primitives
import Testing

@testable import WalletConnectProtocol

/// Where a request came from is looked up before the app is told, and what comes late still counts.
struct OriginTests {
    private func scanned(_ pair: TestPair, attestation: String?) throws -> (Topic, Mailbox.Push) {
        let (connecting, decision) = try pair.dapp.engine.connect(TestPair.offer, at: pair.now)
        pair.dapp.commit(decision)
        pair.run()
        pair.wallet.commit(try pair.wallet.engine.pair(connecting.uri!.text, at: pair.now).decision)
        pair.wallet.settle(at: pair.now)
        let push = pair.mailbox.pushes(for: "wallet")[0]
        pair.wallet.commit(
            pair.wallet.engine.receive(
                InboundMessage(
                    topic: push.topic, message: push.message, publishedAt: pair.now, attestation: attestation),
                at: pair.now))
        return (connecting.pairingTopic, push)
    }

    private func query(_ peer: TestPeer) -> VerifyQuery? {
        for case .verify(let query) in peer.actions { return query }
        return nil
    }

    private func shown(_ peer: TestPeer) -> [ReceivedProposal] {
        peer.events.compactMap { if case .sessionProposal(let received) = $0 { received } else { nil } }
    }

    @Test func `a proposal is shown with its verdict, and asked about again after a crash`() throws {
        let pair = TestPair(wallet: { $0.verifiesOrigins = true })
        let (topic, push) = try scanned(pair, attestation: "jwt")
        let asked = query(pair.wallet)!
        #expect(asked.attestation == "jwt")
        #expect(asked.claimedURL == "https://dapp.example")
        #expect(asked.messageHash == MessageHash(of: push.message).hex)
        let opened = try Envelope.open(push.message, key: pair.wallet.engine.pairings[topic]!.key!)
        #expect(asked.payloadHash == MessageHash(of: opened.plaintext).hex)
        #expect(shown(pair.wallet).isEmpty)
        try pair.wallet.crash(at: pair.now)
        #expect(query(pair.wallet) == asked)
        pair.wallet.settle(at: pair.now)
        #expect(shown(pair.wallet).map(\.verifyContext.validation) == [.valid])
        // A verdict that comes twice changes nothing.
        let context = VerifyContext(origin: "x", validation: .invalid, verifyURL: "")
        #expect(pair.wallet.engine.verified(asked.reference, context, at: pair.now).isEmpty)
    }

    @Test(arguments: [true, false])
    func `nobody is asked when the sender has no attestation or the wallet does not look`(looks: Bool) throws {
        let pair = TestPair(wallet: { $0.verifiesOrigins = looks })
        _ = try scanned(pair, attestation: looks ? "" : nil)
        #expect(query(pair.wallet) == nil)
        pair.wallet.settle(at: pair.now)
        #expect(shown(pair.wallet).map(\.verifyContext.validation) == [.unknown])
    }

    @Test func `an answer to the settlement counts however late it comes`() throws {
        let pair = TestPair()
        let (connecting, decision) = try pair.dapp.engine.connect(TestPair.offer, at: pair.now)
        pair.dapp.commit(decision)
        pair.run()
        pair.wallet.commit(try pair.wallet.engine.pair(connecting.uri!.text, at: pair.now).decision)
        pair.run()
        let id = pair.wallet.engine.pendingProposals[0].proposal.id
        let (approving, approval) = try pair.wallet.engine.approve(
            Approval(id: id, namespaces: TestPair.namespaces), at: pair.now)
        pair.wallet.commit(approval)
        pair.wallet.settle(at: pair.now)
        for _ in 0..<2 {
            for push in pair.mailbox.pushes(for: "dapp") { pair.dapp.take(push, at: pair.now) }
            pair.dapp.settle(at: pair.now)
        }
        pair.now = pair.now.adding(seconds: 400)
        pair.wallet.commit(pair.wallet.engine.tick(at: pair.now))
        pair.wallet.settle(at: pair.now)
        #expect(pair.wallet.finished[approving.id] == .failed(SignError(.timedOut)))
        #expect(pair.wallet.engine.session(approving.session.topic)?.acknowledged == false)
        pair.run()
        #expect(pair.wallet.engine.session(approving.session.topic)?.acknowledged == true)
    }

    @Test func `a proposal that asks to be signed may wait longer than five minutes`() throws {
        let pair = TestPair()
        var offer = TestPair.offer
        offer.walletPay = ["version": 1]
        offer.authentication = [
            AuthRequest(
                domain: "dapp.example", uri: "https://dapp.example", chains: ["eip155:1"], nonce: "1",
                lifetimeSeconds: 3600)
        ]
        let (connecting, decision) = try pair.dapp.engine.connect(offer, at: pair.now)
        pair.dapp.commit(decision)
        pair.run()
        pair.wallet.commit(try pair.wallet.engine.pair(connecting.uri!.text, at: pair.now).decision)
        pair.run()
        pair.advance(seconds: 3599)
        #expect(pair.dapp.finished[connecting.id] == nil)
        #expect(pair.wallet.engine.pendingProposals.first?.proposal.requests?["walletPay"] == ["version": 1])
        pair.advance(seconds: 1)
        #expect(pair.dapp.finished[connecting.id] == .failed(SignError(.proposalExpired, message: "Proposal expired")))
        #expect(pair.wallet.engine.pendingProposals.isEmpty)
    }

    @Test func `a relay without the compound calls is served by the classic ones`() throws {
        let pair = TestPair()
        pair.dapp.relayIsOld = true
        pair.wallet.relayIsOld = true
        let topic = try pair.connected()
        #expect(pair.dapp.engine.session(topic) != nil)
        #expect(pair.mailbox.published.map(\.publish.tag).sorted() == [1100, 1101, 1102, 1103])
        #expect(pair.mailbox.published.first?.publish.prompt == true)
        #expect(pair.mailbox.subscribers[topic] == ["dapp", "wallet"])
    }
}
