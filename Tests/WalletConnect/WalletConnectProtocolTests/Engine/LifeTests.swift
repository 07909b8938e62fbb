import Primitives
import Testing

@testable import WalletConnectProtocol

/// What runs out, what is refused, what is too much, and what survives a restart.
struct LifeTests {
    // MARK: Time

    @Test func `a proposal nobody answers ends and leaves nothing`() throws {
        let pair = TestPair()
        let (connecting, decision) = try pair.dapp.engine.connect(TestPair.offer, at: pair.now)
        pair.dapp.commit(decision)
        pair.run()
        pair.advance(seconds: 299)
        #expect(pair.dapp.finished[connecting.id] == nil)
        pair.advance(seconds: 1)
        guard case .failed(let error)? = pair.dapp.finished[connecting.id] else {
            Issue.record("it goes on")
            return
        }
        #expect(error.code == .proposalExpired)
        #expect(error.message == "Proposal expired")
        pair.dapp.commit(pair.dapp.engine.handedOver(connecting.id))
        #expect(pair.dapp.store.isEmpty)
    }

    @Test func `a settlement may follow its answer after the proposal's time`() throws {
        let pair = TestPair()
        let (connecting, decision) = try pair.dapp.engine.connect(TestPair.offer, at: pair.now)
        pair.dapp.commit(decision)
        pair.run()
        pair.wallet.commit(try pair.wallet.engine.pair(connecting.uri!.text, at: pair.now).decision)
        pair.run()
        pair.now = pair.now.adding(seconds: 290)
        let id = pair.wallet.engine.pendingProposals[0].proposal.id
        pair.wallet.commit(
            try pair.wallet.engine.approve(Approval(id: id, namespaces: TestPair.namespaces), at: pair.now).decision)
        pair.wallet.settle(at: pair.now)
        let response = pair.mailbox.pushes(for: "dapp").first { $0.tag == 1101 }!
        pair.dapp.take(response, at: pair.now)
        pair.dapp.settle(at: pair.now)
        pair.now = pair.now.adding(seconds: 60)
        pair.dapp.commit(pair.dapp.engine.tick(at: pair.now))
        pair.run()
        guard case .session? = pair.dapp.finished[connecting.id] else {
            Issue.record("no session")
            return
        }
    }

    @Test func `requests, pings and changes end in time`() throws {
        let pair = TestPair()
        let topic = try pair.connected()
        let id = try pair.request(topic, expirySeconds: 400)
        let (ping, decision) = try pair.dapp.engine.ping(topic, at: pair.now)
        pair.dapp.commit(decision)
        pair.dapp.settle(at: pair.now)
        for push in pair.mailbox.pushes(for: "wallet") { pair.mailbox.acknowledge(push, by: "wallet") }
        pair.advance(seconds: 300)
        #expect(pair.dapp.finished[ping.id] == .failed(SignError(.timedOut)))
        #expect(pair.dapp.finished[id] == nil)
        pair.advance(seconds: 100)
        guard case .failed(let error)? = pair.dapp.finished[id] else {
            Issue.record("it goes on")
            return
        }
        #expect(error.message == "Request expired. Please try again.")
    }

    @Test func `a request the user never answers expires at the wallet`() throws {
        let pair = TestPair()
        let topic = try pair.connected()
        let id = try pair.request(topic)
        pair.run()
        #expect(pair.wallet.engine.pendingRequests().count == 1)
        pair.advance(seconds: 900)
        #expect(pair.wallet.engine.pendingRequests().isEmpty)
        guard case .sessionRequestExpire(topic, .number(id))? = pair.wallet.events.last else {
            Issue.record("no session_request_expire")
            return
        }
        #expect(throws: SignError.self) {
            try pair.wallet.engine.respond(to: .number(id), on: topic, with: .result(1), at: pair.now)
        }
    }

    @Test func `a request that may have arrived ends as expired, one that surely never left as not published`()
        throws
    {
        /// Asks, does something with the message, and lets the time run out.
        func ending(_ meanwhile: (TestPair, Int64) throws -> Void) throws -> SignError? {
            let pair = TestPair()
            let id = try pair.request(try pair.connected(), expirySeconds: 300)
            // The relay says nothing of it.
            let outbound = try #require(pair.dapp.engine.outbox.keys.first)
            try meanwhile(pair, outbound)
            pair.dapp.actions = []
            #expect(pair.dapp.finished[id] == nil, "it may still be answered")
            let waits = pair.dapp.engine.awaitsRelay(outbound)
            pair.now = pair.now.adding(seconds: 300)
            let decision = pair.dapp.engine.tick(at: pair.now)
            #expect(decision.withdrawn == (waits ? [outbound] : []), "it does not go out after its caller was told")
            pair.dapp.commit(decision)
            pair.dapp.settle(at: pair.now)
            guard case .failed(let error)? = pair.dapp.finished[id] else { return nil }
            return error
        }
        #expect(try ending { _, _ in } == SignError(.publishFailed))
        #expect(try ending { pair, id in pair.dapp.engine.left(id) } == SignError(.requestExpired))
        // Whether the process before had sent it, nobody knows.
        #expect(try ending { pair, _ in try pair.dapp.crash(at: pair.now) } == SignError(.requestExpired))
        // The shell gives up before the request's own time is over: until then the wallet may answer.
        #expect(
            try ending { pair, id in
                pair.dapp.engine.left(id)
                pair.dapp.commit(pair.dapp.engine.published(id, .undeliverable, at: pair.now))
            } == SignError(.requestExpired))
        #expect(SignError(.publishFailed).isRetryable && !SignError(.requestExpired).isRetryable)
        #expect(!SignError(.timedOut).isRetryable, "a silent peer may have taken the change")
    }

    @Test func `an approval that may have arrived is taken back on both sides, unless the dApp has answered`() throws {
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
        let outbound = try #require(pair.wallet.engine.outbox.keys.first)
        pair.wallet.engine.left(outbound)
        pair.wallet.actions = []
        pair.wallet.commit(pair.wallet.engine.published(outbound, .undeliverable, at: pair.now))
        #expect(pair.wallet.engine.sessionCount == 0)
        let tags = pair.wallet.actions.compactMap { action -> UInt32? in
            guard case .publish(let message) = action, case .plain(let publish) = message.kind else { return nil }
            return publish.tag
        }
        #expect(tags == [WCMethod.sessionDelete.rules.request.tag], "the dApp is told that there is no session")
        pair.wallet.settle(at: pair.now)
        #expect(pair.wallet.finished[approving.id] == .failed(SignError(.timedOut)))

        let other = TestPair(seed: 2)
        let topic = try other.connected()
        let settle = try #require(other.wallet.engine.sessions[topic]?.settleID?.int64)
        let key = ReceivedKey(try Topic(hex: other.wallet.engine.session(topic)?.pairingTopic.hex ?? ""), .number(1))
        other.wallet.engine.outbox[7] = OutboxRow(
            purpose: .approval(settle, session: topic, proposal: key), expiresAt: other.now, mayBeThere: true)
        other.wallet.commit(other.wallet.engine.published(7, .undeliverable, at: other.now))
        #expect(other.wallet.engine.session(topic)?.acknowledged == true, "only the relay's word was lost")
    }

    @Test func `an expired session says so, before and after it was removed`() throws {
        let pair = TestPair()
        let topic = try pair.connected()
        func codes() -> [SignError.Code?] {
            let asked = #expect(throws: SignError.self) { _ = try pair.request(topic) }
            let updated = #expect(throws: SignError.self) {
                try pair.wallet.engine.update(topic, namespaces: TestPair.namespaces, at: pair.now)
            }
            let extended = #expect(throws: SignError.self) { try pair.wallet.engine.extend(topic, at: pair.now) }
            let pinged = #expect(throws: SignError.self) { try pair.dapp.engine.ping(topic, at: pair.now) }
            return [asked?.code, updated?.code, extended?.code, pinged?.code]
        }
        let expired = [SignError.Code?](repeating: .sessionExpired, count: 4)
        pair.now = pair.now.adding(seconds: 604_801)
        #expect(codes() == expired)
        for peer in [pair.dapp, pair.wallet] { peer.commit(peer.engine.tick(at: pair.now)) }
        #expect(pair.dapp.engine.sessionCount == 0)
        #expect(codes() == expired)
        let answered = #expect(throws: SignError.self) {
            try pair.wallet.engine.respond(to: .number(1), on: topic, with: .result(1), at: pair.now)
        }
        #expect(answered?.code == .sessionExpired)
    }

    @Test func `a session that was ended, and one that never was, have codes of their own`() throws {
        let pair = TestPair()
        let topic = try pair.connected()
        pair.wallet.commit(pair.wallet.engine.disconnect(topic, at: pair.now))
        pair.run()
        for peer in [pair.dapp, pair.wallet] {
            let ended = #expect(throws: SignError.self) { try peer.engine.ping(topic, at: pair.now) }
            #expect(ended?.code == .recentlyDeleted)
        }
        let never = #expect(throws: SignError.self) {
            try pair.dapp.engine.ping(try Topic(hex: String(repeating: "ab", count: 32)), at: pair.now)
        }
        #expect(never?.code == .sessionNotFound)
    }

    @Test func `a request answered too late says that it expired, before and after it was removed`() throws {
        let pair = TestPair()
        let topic = try pair.connected()
        let id = RPCID.number(try pair.request(topic, expirySeconds: 300))
        pair.run()
        func code() -> SignError.Code? {
            #expect(throws: SignError.self) {
                try pair.wallet.engine.respond(to: id, on: topic, with: .result(1), at: pair.now)
            }?.code
        }
        pair.now = pair.now.adding(seconds: 300)
        #expect(code() == .requestExpired)
        pair.wallet.commit(pair.wallet.engine.tick(at: pair.now))
        #expect(pair.wallet.engine.pendingRequests().isEmpty)
        #expect(code() == .requestExpired)
    }

    @Test func `a chain, a method and an event that were not granted are refused here, each under its own code`() throws
    {
        let pair = TestPair()
        let topic = try pair.connected()
        func asked(_ chain: String, _ method: String) -> SignError? {
            #expect(throws: SignError.self) {
                try pair.dapp.engine.request(
                    SessionRequest(topic: topic, chainID: chain, method: method, params: []), at: pair.now)
            }
        }
        #expect(asked("eip155:10", "personal_sign")?.code == .unauthorizedChain)
        #expect(asked("eip155:10", "personal_sign")?.message == "Missing or invalid. request() chainId: eip155:10")
        #expect(asked("eip155", "personal_sign")?.code == .invalidArgument)
        #expect(asked("eip155:1", "eth_sign")?.code == .unauthorizedMethod)
        #expect(asked("eip155:1", "")?.code == .invalidArgument)
        func told(_ chain: String, _ name: String) -> SignError.Code? {
            #expect(throws: SignError.self) {
                try pair.wallet.engine.emit(
                    SessionEvent(name: name, data: []), chainID: chain, on: topic, at: pair.now)
            }?.code
        }
        #expect(told("eip155:10", "chainChanged") == .unauthorizedChain)
        #expect(told("eip155:1", "accountsChanged") == .unauthorizedEvent)
        #expect(told("eip155:1", "") == .invalidArgument)
    }

    @Test func `what is remembered of ended things is bounded, the newest first`() {
        var ended = RecentlyDeleted()
        for number in 0..<1000 {
            ended.add("\(number)", number % 2 == 0 ? .expired : .deleted, max: 10)
            #expect(ended.count <= 20)
        }
        for number in 990..<1000 { #expect(ended["\(number)"] == (number % 2 == 0 ? .expired : .deleted)) }
        #expect(ended["0"] == nil)
    }

    @Test func `a session expires without the relay, and its waiters end`() throws {
        let pair = TestPair()
        let topic = try pair.connected()
        pair.now = pair.now.adding(seconds: 604_000)
        let id = try pair.request(topic, expirySeconds: 604_800)
        pair.now = pair.now.adding(seconds: 900)
        pair.dapp.commit(pair.dapp.engine.tick(at: pair.now))
        pair.dapp.settle(at: pair.now)
        guard case .failed(let error)? = pair.dapp.finished[id] else {
            Issue.record("it goes on")
            return
        }
        #expect(error.code == .sessionExpired)
        guard case .sessionExpire(topic)? = pair.dapp.events.last,
            case .sessionDelete(topic, nil, .expired)? = pair.dapp.events.dropLast().last
        else {
            Issue.record("\(pair.dapp.events.suffix(2))")
            return
        }
        #expect(throws: SignError.self) { try pair.dapp.engine.ping(topic, at: pair.now) }
    }

    // MARK: Refusals

    @Test func `a rejection carries the caller's reason and ends everything`() throws {
        let pair = TestPair()
        let (connecting, decision) = try pair.dapp.engine.connect(TestPair.offer, at: pair.now)
        pair.dapp.commit(decision)
        pair.run()
        pair.wallet.commit(try pair.wallet.engine.pair(connecting.uri!.text, at: pair.now).decision)
        pair.run()
        let id = pair.wallet.engine.pendingProposals[0].proposal.id
        pair.wallet.commit(
            try pair.wallet.engine.reject(id, reason: Reason(code: 5002, message: "Not these."), at: pair.now))
        pair.wallet.settle(at: pair.now)
        #expect(pair.mailbox.published.last?.publish.tag == 1120)
        pair.run()
        #expect(pair.dapp.finished[connecting.id] == .refused(PeerError(code: 5002, message: "Not these.")))
        #expect(pair.dapp.engine.topics.isEmpty)
        #expect(throws: SignError.self) {
            try pair.wallet.engine.approve(Approval(id: id, namespaces: TestPair.namespaces), at: pair.now)
        }
    }

    @Test func `a proposal that cannot be read is refused with tag 1121`() throws {
        let pair = TestPair()
        let key = SymmetricKey(random: .seeded(9))
        let uri = PairingURI(symKey: key, expiry: 1_760_000_300)
        pair.wallet.commit(try pair.wallet.engine.pair(uri.text, at: pair.now).decision)
        let text = #"{"id":7,"jsonrpc":"2.0","method":"wc_sessionPropose","params":{"requiredNamespaces":{}}}"#
        let message = InboundMessage(
            topic: key.topic, message: Envelope.seal(Array(text.utf8), key: key), publishedAt: pair.now)
        pair.wallet.commit(pair.wallet.engine.receive(message, at: pair.now))
        pair.wallet.settle(at: pair.now)
        #expect(pair.mailbox.published.map(\.publish.tag) == [1121])
        // The same message again is not answered again.
        pair.wallet.commit(pair.wallet.engine.receive(message, at: pair.now))
        pair.wallet.settle(at: pair.now)
        #expect(pair.mailbox.published.count == 1)
    }

    @Test func `a settlement by another key, without namespaces or for too long is refused`() throws {
        for fault in ["controller", "namespaces", "long", "past", "required"] {
            let pair = TestPair(dapp: { $0.mergesRequiredIntoOptional = false })
            let required: NamespaceMap<ProposalNamespace> = [
                "eip155": ProposalNamespace(chains: ["eip155:1"], methods: ["personal_sign"], events: [])
            ]
            let (connecting, decision) = try pair.dapp.engine.connect(
                ConnectOffer(requiredNamespaces: required), at: pair.now)
            pair.dapp.commit(decision)
            pair.run()
            let proposal = pair.dapp.engine.sentProposals[connecting.id]!.proposal
            let agreement = AgreementKey(random: .seeded(3))
            let key = try agreement.agree(with: proposal.proposer.publicKey)
            let pairingKey = connecting.uri!.symKey
            func push(_ message: PeerMessage, _ topic: Topic, _ key: SymmetricKey) {
                pair.dapp.commit(
                    pair.dapp.engine.receive(
                        InboundMessage(
                            topic: topic, message: Envelope.seal(message.encoded(), key: key), publishedAt: pair.now),
                        at: pair.now))
                pair.dapp.settle(at: pair.now)
            }
            push(
                .result(
                    id: .number(connecting.id), ProposalAnswer(responderPublicKey: agreement.publicKeyHex).json),
                connecting.pairingTopic, pairingKey)
            let other = AgreementKey(random: .seeded(4)).publicKeyHex
            var namespaces = TestPair.namespaces
            if fault == "namespaces" { namespaces = [:] }
            if fault == "required" { namespaces["eip155"]?.methods = ["eth_sign"] }
            let now = pair.now.milliseconds / 1000
            let settlement = Settlement(
                namespaces: namespaces,
                controller: Participant(
                    publicKey: fault == "controller" ? other : agreement.publicKeyHex,
                    metadata: pair.wallet.settings.metadata),
                expiry: fault == "long" ? now * 1000 : fault == "past" ? now : now + 604_800)
            push(.request(id: 7, method: "wc_sessionSettle", params: settlement.json), key.topic, key)
            let answer = pair.mailbox.published.last!.publish
            #expect(answer.tag == 1103)
            let opened = try Envelope.open(answer.message, key: key)
            #expect(String(decoding: opened.plaintext, as: UTF8.self).contains(#""code":7000"#), "\(fault)")
            guard case .failed? = pair.dapp.finished[connecting.id] else {
                Issue.record("\(fault) was accepted")
                continue
            }
            #expect(pair.dapp.engine.sessionCount == 0)
            #expect(pair.dapp.store.keys.allSatisfy { $0.collection != .proposals })
        }
    }

    @Test func `what the relay refuses for good ends its call and is taken back`() throws {
        let pair = TestPair()
        let refusal = PublishOutcome.refused(RelayError(.payloadSizeExceeded))
        let (connecting, proposal) = try pair.dapp.engine.connect(TestPair.offer, at: pair.now)
        pair.dapp.commit(proposal)
        let outbound = pair.dapp.engine.outbox.keys.first!
        pair.dapp.actions = []
        pair.dapp.commit(pair.dapp.engine.published(outbound, refusal, at: pair.now))
        pair.run()
        guard case .failed(let error)? = pair.dapp.finished[connecting.id] else {
            Issue.record("it goes on")
            return
        }
        #expect(error.code == .relayRefused)
        #expect(pair.dapp.engine.topics.isEmpty)

        let other = TestPair(seed: 2)
        let topic = try other.connected()
        var fewer = TestPair.namespaces
        fewer["eip155"]?.methods = ["personal_sign"]
        let (calling, update) = try other.wallet.engine.update(topic, namespaces: fewer, at: other.now)
        other.wallet.commit(update)
        #expect(other.wallet.engine.session(topic)?.namespaces == fewer)
        other.wallet.actions = []
        other.wallet.commit(
            other.wallet.engine.published(other.wallet.engine.outbox.keys.first!, .undeliverable, at: other.now))
        other.wallet.settle(at: other.now)
        #expect(other.wallet.engine.session(topic)?.namespaces == TestPair.namespaces)
        #expect(other.wallet.finished[calling.id] == .failed(SignError(.publishFailed)))
    }

    @Test func `an approval the relay refuses leaves the proposal to be decided again`() throws {
        let pair = TestPair()
        let (connecting, decision) = try pair.dapp.engine.connect(TestPair.offer, at: pair.now)
        pair.dapp.commit(decision)
        pair.run()
        pair.wallet.commit(try pair.wallet.engine.pair(connecting.uri!.text, at: pair.now).decision)
        pair.run()
        let id = pair.wallet.engine.pendingProposals[0].proposal.id
        let approval = Approval(id: id, namespaces: TestPair.namespaces)
        pair.wallet.commit(try pair.wallet.engine.approve(approval, at: pair.now).decision)
        #expect(throws: SignError.self) { try pair.wallet.engine.approve(approval, at: pair.now) }
        pair.wallet.actions = []
        pair.wallet.commit(
            pair.wallet.engine.published(
                pair.wallet.engine.outbox.keys.first!, .refused(RelayError(.storageError)), at: pair.now))
        pair.wallet.settle(at: pair.now)
        #expect(pair.wallet.engine.sessionCount == 0)
        #expect(pair.wallet.engine.pendingProposals.count == 1)
        pair.wallet.commit(try pair.wallet.engine.approve(approval, at: pair.now).decision)
        pair.run()
        #expect(pair.dapp.engine.sessionCount == 1)
        #expect(pair.wallet.engine.allSessions.map(\.acknowledged) == [true])
    }

    // MARK: Limits

    @Test func `a message above the relay's size is refused before anything is stored`() throws {
        let pair = TestPair()
        let topic = try pair.connected()
        let big = JSON.string(String(repeating: "a", count: 80_000))
        let store = pair.dapp.store
        let error = #expect(throws: SignError.self) {
            try pair.dapp.engine.request(
                SessionRequest(topic: topic, chainID: "eip155:1", method: "personal_sign", params: [big]),
                at: pair.now)
        }
        #expect(error?.code == .payloadTooLarge)
        #expect(pair.dapp.store == store)
        let id = try pair.request(topic)
        pair.run()
        let refused = #expect(throws: SignError.self) {
            try pair.wallet.engine.respond(to: .number(id), on: topic, with: .result(big), at: pair.now)
        }
        #expect(refused?.code == .payloadTooLarge)
        #expect(pair.wallet.engine.pendingRequests().count == 1, "another answer can be given")
    }

    @Test func `what is held is bounded, and what is above is refused`() throws {
        let pair = TestPair(
            dapp: { $0.limits.requestsPerTopicMax = 5 }, wallet: { $0.limits.pendingPerTopicMax = 3 })
        let topic = try pair.connected()
        var ids: [Int64] = []
        for _ in 0..<5 { ids.append(try pair.request(topic)) }
        #expect(throws: SignError.self) { _ = try pair.request(topic) }
        pair.run()
        #expect(pair.wallet.engine.pendingRequests().count == 3)
        #expect(
            ids.filter { pair.dapp.finished[$0] != nil }.count == 2, "those above the limit are answered with an error")
        #expect(pair.wallet.engine.pendingRequests().map(\.id) == ids.prefix(3).map { .number($0) })
    }

    @Test func `digests and answers are forgotten oldest first`() throws {
        let pair = TestPair(wallet: { $0.limits.answeredPerTopicMax = 4 })
        let topic = try pair.connected()
        for _ in 0..<10 {
            let id = try pair.request(topic)
            pair.run()
            pair.wallet.commit(
                try pair.wallet.engine.respond(to: .number(id), on: topic, with: .result(1), at: pair.now))
            pair.run()
            pair.dapp.commit(pair.dapp.engine.handedOver(id))
        }
        #expect(pair.wallet.store.keys.count { $0.collection == .pending } == 4)
        for index in 0..<100 {
            pair.wallet.commit(
                try pair.wallet.engine.emit(
                    SessionEvent(name: "chainChanged", data: JSON(index)), chainID: "eip155:1", on: topic, at: pair.now
                ).decision)
            pair.run()
        }
        #expect(pair.dapp.store.keys.count { $0.collection == .seen } == 64)
        #expect(pair.dapp.events.count { if case .sessionEvent = $0 { true } else { false } } == 100)
    }

    // MARK: Restarts

    @Test func `messages the relay has not taken go out again with the same bytes`() throws {
        let pair = TestPair()
        let topic = try pair.connected()
        _ = try pair.request(topic)
        func publishes() -> [String] {
            pair.dapp.actions.compactMap { action in
                guard case .publish(let message) = action, case .plain(let publish) = message.kind else { return nil }
                return "\(message.id) \(publish)"
            }
        }
        let before = publishes()
        try pair.dapp.crash(at: pair.now)
        #expect(publishes() == before)
        #expect(before.count == 1)
    }

    @Test func `the outcome of a call is there until it was handed over`() throws {
        let pair = TestPair()
        let topic = try pair.connected()
        let id = try pair.request(topic)
        pair.run()
        guard case .waiting? = pair.dapp.engine.status(of: id) else {
            Issue.record("it does not wait")
            return
        }
        pair.wallet.commit(
            try pair.wallet.engine.respond(
                to: .number(id), on: topic, with: .result(["a": .number("1.50")]), at: pair.now))
        pair.run()
        for _ in 0..<2 {
            try pair.dapp.crash(at: pair.now)
            pair.run()
            #expect(pair.dapp.finished[id] != nil)
        }
        pair.dapp.commit(pair.dapp.engine.handedOver(id))
        try pair.dapp.crash(at: pair.now)
        pair.run()
        #expect(pair.dapp.finished[id] == nil)
        #expect(pair.dapp.engine.status(of: id) == nil)
    }

    @Test func `what expired while nobody looked ends at the start, with events`() throws {
        let pair = TestPair()
        let topic = try pair.connected()
        pair.now = pair.now.adding(seconds: 604_801)
        try pair.wallet.crash(at: pair.now)
        pair.wallet.settle(at: pair.now)
        #expect(pair.wallet.engine.sessionCount == 0)
        #expect(pair.wallet.events.contains { if case .sessionExpire(topic) = $0 { true } else { false } })
    }

    @Test func `a record that cannot be read is named, whatever is wrong with it`() throws {
        let pair = TestPair()
        _ = try pair.connected()
        for record in pair.wallet.store.values where !record.value.isEmpty {
            for cut in [0, 1, 5, record.value.count / 2, record.value.count - 1] {
                var damaged = record
                damaged.value = Array(record.value.prefix(cut))
                var engine = SignEngine(settings: pair.wallet.settings, random: .seeded(1))
                // A session's body is read on demand; everything else is read at once.
                if record.key.collection == .sessions, cut > 40 { continue }
                #expect(throws: SignError.self) { try engine.restore([damaged], at: pair.now) }
            }
            var version = record
            version.value[0] ^= 0x80
            var engine = SignEngine(settings: pair.wallet.settings, random: .seeded(1))
            #expect(throws: SignError.self) { try engine.restore([version], at: pair.now) }
        }
    }

    @Test func `a code scanned again shows its proposal again, one in use is refused`() throws {
        let pair = TestPair()
        let (connecting, decision) = try pair.dapp.engine.connect(TestPair.offer, at: pair.now)
        pair.dapp.commit(decision)
        pair.run()
        let uri = connecting.uri!.text
        for count in 1...3 {
            pair.wallet.commit(try pair.wallet.engine.pair(uri, at: pair.now).decision)
            pair.run()
            #expect(pair.wallet.events.count { if case .sessionProposal = $0 { true } else { false } } == count)
        }
        let id = pair.wallet.engine.pendingProposals[0].proposal.id
        pair.wallet.commit(
            try pair.wallet.engine.approve(Approval(id: id, namespaces: TestPair.namespaces), at: pair.now).decision)
        pair.run()
        let error = #expect(throws: SignError.self) { try pair.wallet.engine.pair(uri, at: pair.now) }
        #expect(error?.code == .pairingExists)
        pair.now = pair.now.adding(seconds: 1000)
        let late = #expect(throws: SignError.self) {
            try TestPeer("late", pair.mailbox, seed: 3).engine.pair(uri, at: pair.now)
        }
        #expect(late?.code == .pairingExpired)
    }

    // MARK: Hostile input

    @Test func `nothing a peer sends traps or grows the store`() throws {
        let pair = TestPair()
        let topic = try pair.connected()
        var random = SplitMixSource(42)
        let methods = WCMethod.allCases.map(\.rawValue) + ["", "x"]
        let values = [
            "{}", "[]", "null", "7", "-1", "9223372036854775807", "\"x\"", "{\"namespaces\":[]}",
            "{\"expiry\":-9223372036854775808}",
            "{\"event\":{\"name\":\"e\"},\"chainId\":\"\"}",
            "{\"request\":{\"method\":\"m\",\"expiryTimestamp\":9223372036854775807},\"chainId\":\"eip155:1\"}",
        ]
        let ids = ["1", "\"\"", "-5", "9223372036854775807", "\"9999999999999999999999n\"", "null", "{}"]
        func pick(_ list: [String]) -> String { list[Int(random.next(below: UInt64(list.count)))] }
        for _ in 0..<3000 {
            let peer = random.next(below: 2) == 0 ? pair.dapp : pair.wallet
            let place = peer.engine.topics[Int(random.next(below: UInt64(peer.engine.topics.count)))]
            guard let key = peer.engine.sessions[place]?.key ?? peer.engine.pairings[place]?.key else { continue }
            let method = pick(methods.filter { $0 != "wc_sessionDelete" && $0 != "wc_pairingDelete" })
            let text =
                random.next(below: 3) == 0
                ? #"{"id":\#(pick(ids)),"jsonrpc":"2.0","result":\#(pick(values))}"#
                : #"{"id":\#(pick(ids)),"jsonrpc":"2.0","method":"\#(method)","params":\#(pick(values))}"#
            var message = Envelope.seal(Array(text.utf8), key: key)
            if random.next(below: 10) == 0 { message = String(message.dropLast(Int(random.next(below: 40)))) }
            peer.commit(
                peer.engine.receive(
                    InboundMessage(topic: place, message: message, publishedAt: pair.now), at: pair.now))
            peer.actions = []
            for id in peer.engine.outbox.keys { peer.commit(peer.engine.published(id, .accepted, at: pair.now)) }
        }
        #expect(pair.dapp.engine.session(topic) != nil)
        #expect(pair.wallet.engine.session(topic) != nil)
        #expect(pair.dapp.store.count < 200)
        #expect(pair.wallet.store.count < 200)
    }
}
