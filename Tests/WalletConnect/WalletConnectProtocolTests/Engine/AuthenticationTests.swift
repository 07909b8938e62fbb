import Primitives
import Testing

@testable import WalletConnectProtocol

/// One-click authentication in both roles, its fallback, and authentication inside a proposal.
struct EngineAuthenticationTests {
    private static let issuer = "did:pkh:eip155:1:0x3c582121909DE92Dc89A36898633C1aE4790382b"

    private func request(nonce: String = "n-1", methods: [String] = ["personal_sign"]) -> AuthRequest {
        AuthRequest(
            domain: "dapp.example", uri: "https://dapp.example/login", chains: ["eip155:1", "eip155:10"],
            nonce: nonce, statement: "Sign in.", methods: methods)
    }

    private func start(_ pair: TestPair, _ request: AuthRequest) throws -> Connecting {
        let (connecting, decision) = try pair.dapp.engine.authenticate(request, at: pair.now)
        pair.dapp.commit(decision)
        pair.run()
        pair.wallet.commit(try pair.wallet.engine.pair(connecting.uri!.text, at: pair.now).decision)
        pair.run()
        return connecting
    }

    private func sign(_ payload: AuthPayload, methods: [String]) throws -> Cacao {
        let limited = try payload.limited(toChains: ["eip155:1", "eip155:10", "eip155:137"], methods: methods)
        return Cacao(
            answering: limited, issuer: Self.issuer, signature: Cacao.Signature(type: "eip191", value: "0x00"))
    }

    private func approve(_ pair: TestPair, methods: [String] = ["personal_sign"]) throws -> Int64 {
        let asked = pair.wallet.engine.pendingAuthentications[0]
        let (calling, decision) = try pair.wallet.engine.approveAuthentication(
            asked.id, cacaos: [try sign(asked.payload, methods: methods)], at: pair.now)
        pair.wallet.commit(decision)
        pair.run()
        return calling.id
    }

    @Test func `a sign-in that was turned down leaves its proposal, though somebody listens meanwhile`() throws {
        let pair = TestPair(wallet: { $0.handlesAuthentication = false })
        let (connecting, decision) = try pair.dapp.engine.authenticate(request(), at: pair.now)
        pair.dapp.commit(decision)
        pair.dapp.settle(at: pair.now)
        pair.wallet.commit(try pair.wallet.engine.pair(connecting.uri!.text, at: pair.now).decision)
        pair.wallet.settle(at: pair.now)
        let pushes = pair.mailbox.pushes(for: "wallet")
        #expect(pushes.map(\.tag) == [1116, 1100])
        pair.wallet.take(pushes[0], at: pair.now)
        // Somebody begins to listen between the two messages.
        pair.wallet.engine.handlesAuthentication = true
        try pair.wallet.crash(at: pair.now)
        pair.wallet.engine.handlesAuthentication = true
        pair.wallet.take(pushes[1], at: pair.now)
        #expect(pair.wallet.engine.pendingProposals.count == 1)
    }

    @Test func `the proposal beside a sign-in that was taken is not shown, also after a restart`() throws {
        let pair = TestPair()
        let (connecting, decision) = try pair.dapp.engine.authenticate(request(), at: pair.now)
        pair.dapp.commit(decision)
        pair.dapp.settle(at: pair.now)
        pair.wallet.commit(try pair.wallet.engine.pair(connecting.uri!.text, at: pair.now).decision)
        pair.wallet.settle(at: pair.now)
        let pushes = pair.mailbox.pushes(for: "wallet")
        pair.wallet.take(pushes[0], at: pair.now)
        try pair.wallet.crash(at: pair.now)
        // Nobody listens any more; the sign-in waits all the same.
        pair.wallet.engine.handlesAuthentication = false
        pair.wallet.take(pushes[1], at: pair.now)
        #expect(pair.wallet.engine.pendingProposals.isEmpty)
        #expect(pair.wallet.engine.pendingAuthentications.count == 1)
        #expect(pair.wallet.drops.last == .fallback)
    }

    @Test func `signatures with authorised methods make a session on both sides`() throws {
        let pair = TestPair()
        let connecting = try start(pair, request())
        #expect(connecting.uri!.text.contains("methods=wc_sessionAuthenticate"))
        #expect(pair.wallet.engine.pendingProposals.isEmpty, "the fallback proposal is not shown")
        #expect(pair.mailbox.published.map(\.publish.tag) == [1116, 1100])
        #expect(pair.mailbox.published.map(\.publish.ttlSeconds) == [3600, 300])
        let call = try approve(pair)
        guard case .authenticated(let cacaos, let mine?)? = pair.dapp.finished[connecting.id],
            case .authenticated(_, let theirs?)? = pair.wallet.finished[call]
        else {
            Issue.record("\(String(describing: pair.dapp.finished))")
            return
        }
        #expect(cacaos.count == 1)
        #expect(mine.topic == theirs.topic)
        #expect(mine.controller == theirs.own.publicKey)
        #expect(theirs.controller == theirs.own.publicKey)
        #expect(mine.namespaces["eip155"]?.accounts.count == 2, "a chain nobody asked for is left out")
        #expect(mine.namespaces["eip155"]?.methods == ["personal_sign"])
        #expect(pair.mailbox.published.last { $0.from == "wallet" }?.publish.tag == 1117)
        let id = try pair.request(mine.topic)
        pair.run()
        pair.wallet.commit(
            try pair.wallet.engine.respond(to: .number(id), on: mine.topic, with: .result("0x01"), at: pair.now))
        pair.run()
        #expect(pair.dapp.finished[id] == .result("0x01"))
        pair.advance(seconds: 604_900)
        #expect(pair.dapp.engine.sessionCount == 0)
        #expect(pair.wallet.engine.sessionCount == 0)
    }

    @Test func `without methods there are signatures and no session`() throws {
        let pair = TestPair()
        let connecting = try start(pair, request(methods: []))
        _ = try approve(pair)
        guard case .authenticated(let cacaos, nil)? = pair.dapp.finished[connecting.id] else {
            Issue.record("not authenticated")
            return
        }
        #expect(cacaos.count == 1)
        #expect(pair.dapp.engine.sessionCount == 0)
    }

    @Test func `many calls at once each keep their own key`() throws {
        let mailbox = Mailbox()
        let now = Timestamp(milliseconds: 1_760_000_000_000)
        let dapp = TestPeer("dapp", mailbox, seed: 5)
        var wallets: [TestPeer] = []
        var calls: [Connecting] = []
        for index in 0..<5 {
            let (connecting, decision) = try dapp.engine.authenticate(request(nonce: "n-\(index)"), at: now)
            dapp.commit(decision)
            dapp.settle(at: now)
            calls.append(connecting)
            wallets.append(TestPeer("wallet-\(index)", mailbox, seed: 50 + UInt64(index)))
        }
        for (wallet, call) in zip(wallets, calls).reversed() {
            wallet.commit(try wallet.engine.pair(call.uri!.text, at: now).decision)
            wallet.settle(at: now)
            for push in mailbox.pushes(for: wallet.name) { wallet.take(push, at: now) }
            let asked = wallet.engine.pendingAuthentications[0]
            let cacao = try sign(asked.payload, methods: ["personal_sign"])
            wallet.commit(try wallet.engine.approveAuthentication(asked.id, cacaos: [cacao], at: now).decision)
            wallet.settle(at: now)
        }
        for push in mailbox.pushes(for: "dapp") { dapp.take(push, at: now) }
        dapp.settle(at: now)
        #expect(dapp.engine.sessionCount == 5)
        for call in calls { #expect(dapp.finished[call.id] != nil) }
    }

    @Test func `a signature that does not hold makes no session`() throws {
        let pair = TestPair()
        let connecting = try start(pair, request())
        pair.dapp.verdicts = .invalid
        _ = try approve(pair)
        guard case .failed(let error)? = pair.dapp.finished[connecting.id] else {
            Issue.record("not refused")
            return
        }
        #expect(error.code == .signatureInvalid)
        #expect(pair.dapp.engine.sessionCount == 0)
        #expect(pair.dapp.store.keys.allSatisfy { $0.collection != .authentications && $0.collection != .proposals })
    }

    @Test func `a wallet's own signature is checked before it is sent`() throws {
        let pair = TestPair()
        _ = try start(pair, request())
        pair.wallet.verdicts = .unknown
        let call = try approve(pair)
        #expect(pair.wallet.finished[call] == .failed(SignError(.signatureUnchecked)))
        #expect(!pair.mailbox.published.contains { $0.publish.tag == 1117 })
        #expect(pair.wallet.engine.pendingAuthentications.count == 1, "it can be tried again")
    }

    @Test(arguments: ["domain", "nonce", "aud", "statement", "exp", "methods", "chain"])
    func `an answer to something else is refused`(field: String) throws {
        let pair = TestPair()
        let connecting = try start(pair, request())
        let asked = pair.wallet.engine.pendingAuthentications[0]
        var cacao = try sign(asked.payload, methods: ["personal_sign"])
        switch field {
        case "domain": cacao.payload.domain = "evil.example"
        case "nonce": cacao.payload.nonce = "other"
        case "aud": cacao.payload.audience = "https://evil.example"
        case "statement": cacao.payload.statement = "Something else."
        case "exp": cacao.payload.expiration = "2025-10-09T08:00:00Z"
        case "methods":
            cacao.payload.resources = [Recap(resource: "eip155", ability: "request", actions: ["eth_sign"]).encoded]
        default: cacao.payload.issuer = "did:pkh:eip155:5:0x3c582121909DE92Dc89A36898633C1aE4790382b"
        }
        #expect(throws: SignError.self) {
            try pair.wallet.engine.approveAuthentication(asked.id, cacaos: [cacao], at: pair.now)
        }
        // A wallet that does not look sends it all the same.
        let row = pair.dapp.engine.sentAuthentications[connecting.id]!
        let agreement = AgreementKey(random: .seeded(77))
        let result = AuthenticateResult(
            cacaos: [cacao],
            responder: Participant(publicKey: agreement.publicKeyHex, metadata: pair.wallet.settings.metadata))
        let message = Envelope.seal(
            PeerMessage.result(id: .number(connecting.id), result.json).encoded(),
            key: try agreement.agree(with: row.agreement.publicKeyHex), sender: agreement.publicKey)
        pair.dapp.commit(
            pair.dapp.engine.receive(
                InboundMessage(topic: row.agreement.responseTopic, message: message, publishedAt: pair.now),
                at: pair.now))
        pair.run()
        guard case .failed(let error)? = pair.dapp.finished[connecting.id] else {
            Issue.record("\(field) was accepted")
            return
        }
        #expect(error.code == .signatureInvalid)
        #expect(pair.dapp.engine.sessionCount == 0)
    }

    @Test func `a refusal comes as type 1 with tag 1118`() throws {
        let pair = TestPair()
        let connecting = try start(pair, request())
        let id = pair.wallet.engine.pendingAuthentications[0].id
        pair.wallet.commit(
            try pair.wallet.engine.rejectAuthentication(
                id, reason: Reason(code: 12001, message: "User rejected."), at: pair.now))
        pair.wallet.settle(at: pair.now)
        let publish = pair.mailbox.published.last!.publish
        #expect(publish.tag == 1118)
        #expect(try Envelope.kind(of: publish.message) == .sealedFromSender)
        pair.run()
        #expect(pair.dapp.finished[connecting.id] == .refused(PeerError(code: 12001, message: "User rejected.")))
        #expect(pair.dapp.engine.topics.isEmpty)
        #expect(pair.wallet.engine.topics.isEmpty)
    }

    @Test func `a wallet that does not know the method answers the proposal`() throws {
        let pair = TestPair(wallet: { $0.handlesAuthentication = false })
        let connecting = try start(pair, request())
        #expect(pair.mailbox.published.contains { $0.from == "wallet" && $0.publish.tag == 0 })
        #expect(pair.dapp.finished[connecting.id] == nil, "10001 is not the end")
        let proposal = pair.wallet.engine.pendingProposals[0].proposal
        #expect(proposal.optionalNamespaces["eip155"]?.methods.contains("personal_sign") == true)
        pair.wallet.commit(
            try pair.wallet.engine.approve(
                Approval(id: proposal.id, namespaces: TestPair.namespaces), at: pair.now
            ).decision)
        pair.run()
        guard case .authenticated(let cacaos, .some)? = pair.dapp.finished[connecting.id] else {
            Issue.record("no session")
            return
        }
        #expect(cacaos.isEmpty)
        #expect(pair.dapp.store.keys.allSatisfy { $0.collection != .authentications && $0.collection != .proposals })
    }

    @Test func `a restart while signatures are checked asks again`() throws {
        let pair = TestPair()
        let connecting = try start(pair, request())
        let asked = pair.wallet.engine.pendingAuthentications[0]
        pair.wallet.commit(
            try pair.wallet.engine.approveAuthentication(
                asked.id, cacaos: [try sign(asked.payload, methods: ["personal_sign"])], at: pair.now
            ).decision)
        try pair.wallet.crash(at: pair.now)
        pair.wallet.settle(at: pair.now)
        let push = pair.mailbox.pushes(for: "dapp")[0]
        pair.dapp.take(push, at: pair.now)
        try pair.dapp.crash(at: pair.now)
        pair.run()
        guard case .authenticated(_, .some)? = pair.dapp.finished[connecting.id] else {
            Issue.record("not authenticated")
            return
        }
    }

    @Test func `signatures asked for in a proposal are checked before there is a session`() throws {
        for (verdict, isAccepted) in [(SignatureResult.valid, true), (.invalid, false), (.unknown, false)] {
            let pair = TestPair()
            pair.dapp.verdicts = verdict
            var offer = TestPair.offer
            offer.authentication = [request(methods: [])]
            let (connecting, decision) = try pair.dapp.engine.connect(offer, at: pair.now)
            pair.dapp.commit(decision)
            pair.run()
            pair.wallet.commit(try pair.wallet.engine.pair(connecting.uri!.text, at: pair.now).decision)
            pair.run()
            let proposal = pair.wallet.engine.pendingProposals[0].proposal
            let payload = try AuthPayload(json: proposal.requests!["authentication"]![0]!)
            let cacao = Cacao(
                answering: payload, issuer: Self.issuer, signature: Cacao.Signature(type: "eip191", value: "0x00"))
            let (approving, approval) = try pair.wallet.engine.approve(
                Approval(id: proposal.id, namespaces: TestPair.namespaces, authentication: [cacao]), at: pair.now)
            pair.wallet.commit(approval)
            pair.run()
            #expect((pair.dapp.engine.sessionCount == 1) == isAccepted)
            #expect((pair.wallet.engine.sessionCount == 1) == isAccepted)
            if isAccepted {
                #expect(pair.dapp.engine.allSessions[0].authentication == [cacao])
            } else {
                guard case .refused(let error)? = pair.wallet.finished[approving.id] else {
                    Issue.record("not refused")
                    continue
                }
                #expect(error.code == (verdict == .invalid ? 11004 : -32000))
            }
        }
    }

    @Test(arguments: [
        ("did:pkh:eip155:1:0x00000000000000000000000000000000000000AA", 1, "is not one of the session"),
        (issuer, 2, "not every sign-in"),
    ]) func `a session is not made on the signature of another account, or on half of them`(
        issuer: String, asked: Int, reason: String
    ) throws {
        let pair = TestPair()
        pair.dapp.verdicts = .valid
        var offer = TestPair.offer
        offer.authentication = (0..<asked).map { request(nonce: "n-\($0)", methods: []) }
        let (connecting, decision) = try pair.dapp.engine.connect(offer, at: pair.now)
        pair.dapp.commit(decision)
        pair.run()
        pair.wallet.commit(try pair.wallet.engine.pair(connecting.uri!.text, at: pair.now).decision)
        pair.run()
        let proposal = pair.wallet.engine.pendingProposals[0].proposal
        let payload = try AuthPayload(json: proposal.requests!["authentication"]![0]!)
        let cacao = Cacao(
            answering: payload, issuer: issuer, signature: Cacao.Signature(type: "eip191", value: "0x00"))
        let (approving, approval) = try pair.wallet.engine.approve(
            Approval(id: proposal.id, namespaces: TestPair.namespaces, authentication: [cacao]), at: pair.now)
        pair.wallet.commit(approval)
        pair.run()
        #expect(pair.dapp.engine.sessionCount == 0)
        #expect(pair.wallet.engine.sessionCount == 0)
        guard case .refused(let error)? = pair.wallet.finished[approving.id] else {
            Issue.record("not refused")
            return
        }
        #expect(error.message?.contains(reason) == true, "\(error)")
    }

    @Test func `in link mode messages travel in links and nothing is published`() throws {
        func linked(_ name: String) -> (inout SignSettings) -> Void {
            { $0.metadata.redirect = Metadata.Redirect(universal: "https://\(name).example/wc", linkMode: true) }
        }
        let pair = TestPair(dapp: linked("dapp"), wallet: linked("wallet"))
        let (connecting, decision) = try pair.dapp.engine.authenticate(
            request(), universalLink: "https://wallet.example/wc", at: pair.now)
        pair.dapp.commit(decision)
        pair.run()
        #expect(connecting.link!.hasPrefix("https://wallet.example/wc?wc_ev="))
        pair.wallet.commit(try pair.wallet.engine.dispatchEnvelope(connecting.link!, at: pair.now))
        pair.wallet.commit(try pair.wallet.engine.dispatchEnvelope(connecting.link!, at: pair.now))
        #expect(pair.wallet.drops == [.duplicate])
        _ = try approve(pair)
        func carry(from: TestPeer, to: TestPeer) throws {
            for link in from.links { to.commit(try to.engine.dispatchEnvelope(link.url, at: pair.now)) }
            from.links = []
            pair.run()
        }
        try carry(from: pair.wallet, to: pair.dapp)
        guard case .authenticated(_, let session?)? = pair.dapp.finished[connecting.id] else {
            Issue.record("not authenticated")
            return
        }
        #expect(session.transport == .linkMode)
        let id = try pair.request(session.topic)
        pair.run()
        try carry(from: pair.dapp, to: pair.wallet)
        pair.wallet.commit(
            try pair.wallet.engine.respond(to: .number(id), on: session.topic, with: .result("0x01"), at: pair.now))
        pair.run()
        try carry(from: pair.wallet, to: pair.dapp)
        #expect(pair.dapp.finished[id] == .result("0x01"))
        #expect(pair.mailbox.published.isEmpty)
        for text in [
            "", "https://x.example", "https://x.example?wc_ev=AA&topic=00",
            "https://x.example?wc_ev=&topic=\(session.topic)",
        ] {
            #expect(throws: SignError.self) { try pair.wallet.engine.dispatchEnvelope(text, at: pair.now) }
        }
    }
}
