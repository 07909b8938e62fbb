import Primitives
import Testing

@testable import WalletConnectProtocol

/// How clients in the field behave, and that it is borne: one test for each habit.
struct QuirkTests {
    /// A text as a foreign client would have sent it on a session's or a pairing's topic.
    private func foreign(_ text: String, to peer: TestPeer, on topic: Topic, padded: Bool = true) -> InboundMessage {
        let key = peer.engine.sessions[topic]?.key ?? peer.engine.pairings[topic]!.key!
        var message = Envelope.seal(Array(text.utf8), key: key)
        if !padded { while message.hasSuffix("=") { message.removeLast() } }
        return InboundMessage(topic: topic, message: message, publishedAt: Timestamp(milliseconds: 0))
    }

    /// What a peer published last, opened.
    private func last(_ pair: TestPair, from name: String) throws -> (publish: RelayPublish, text: String) {
        let publish = pair.mailbox.published.last { $0.from == name }!.publish
        let peer = name == "dapp" ? pair.dapp : pair.wallet
        let key = peer.engine.sessions[publish.topic]?.key ?? peer.engine.pairings[publish.topic]!.key!
        let opened = try Envelope.open(publish.message, key: key)
        return (publish, String(decoding: opened.plaintext, as: UTF8.self))
    }

    private func pushed(_ text: String, to peer: TestPeer, on topic: Topic, _ pair: TestPair) {
        peer.commit(peer.engine.receive(foreign(text, to: peer, on: topic), at: pair.now))
        peer.settle(at: pair.now)
    }

    // MARK: Envelopes and ids

    @Test func `base64 without padding is opened, and padded base64 is sent`() throws {
        let pair = TestPair()
        let topic = try pair.connected()
        let text = #"{"id":1760000001000,"jsonrpc":"2.0","method":"wc_sessionPing","params":{}}"#
        let message = foreign(text, to: pair.wallet, on: topic, padded: false)
        pair.wallet.commit(pair.wallet.engine.receive(message, at: pair.now))
        pair.wallet.settle(at: pair.now)
        let (publish, answer) = try last(pair, from: "wallet")
        #expect(answer == #"{"id":1760000001000,"jsonrpc":"2.0","result":true}"#)
        #expect(publish.tag == 1115)
        #expect(publish.message.utf8.count % 4 == 0)
    }

    @Test(arguments: [#""1760000001000""#, #""1760000001000123456n""#, "1760000001000123456", "7"])
    func `an id is echoed as it was written`(id: String) throws {
        let pair = TestPair()
        let topic = try pair.connected()
        pushed(
            #"{"id":\#(id),"jsonrpc":"2.0","method":"wc_sessionPing","params":{}}"#, to: pair.wallet, on: topic, pair)
        #expect(try last(pair, from: "wallet").text == #"{"id":\#(id),"jsonrpc":"2.0","result":true}"#)
    }

    @Test func `our ids are numbers below 2^53 with sixteen digits`() throws {
        let pair = TestPair()
        let topic = try pair.connected()
        for _ in 0..<100 {
            let id = try pair.request(topic)
            #expect(id < 1 << 53)
            #expect(String(id).count == 16)
        }
    }

    @Test(arguments: ["1", "2", "3"])
    func `an answer's id is compared by digits`(form: String) throws {
        let pair = TestPair()
        let topic = try pair.connected()
        let id = try pair.request(topic)
        let written = ["1": "\(id)", "2": "\"\(id)\"", "3": "\"\(id)n\""][form]!
        pushed(#"{"id":\#(written),"jsonrpc":"2.0","result":null}"#, to: pair.dapp, on: topic, pair)
        #expect(pair.dapp.finished[id] == .result(.null))
        // A second answer to the same id is ignored.
        pushed(#"{"id":\#(written),"jsonrpc":"2.0","result":"0x02"}"#, to: pair.dapp, on: topic, pair)
        #expect(pair.dapp.drops.last == .unexpectedAnswer)
        #expect(pair.dapp.finished[id] == .result(.null))
    }

    @Test func `a message without jsonrpc is dropped`() throws {
        let pair = TestPair()
        let topic = try pair.connected()
        pushed(#"{"id":5,"method":"wc_sessionPing","params":{}}"#, to: pair.wallet, on: topic, pair)
        #expect(pair.wallet.drops == [.malformed])
    }

    @Test(arguments: ["{}", #""nope""#, #"{"code":5000}"#, #"{"message":"User rejected."}"#, "null", "[]"])
    func `errors may lack everything`(error: String) throws {
        let pair = TestPair()
        let topic = try pair.connected()
        let id = try pair.request(topic)
        pushed(#"{"id":\#(id),"jsonrpc":"2.0","error":\#(error)}"#, to: pair.dapp, on: topic, pair)
        #expect(pair.dapp.finished[id] == .refused(PeerError(json: try JSON.parse(error))))
    }

    @Test func `a proposal whose id is a text can be approved`() throws {
        let pair = TestPair()
        let key = SymmetricKey(random: .seeded(9))
        let uri = PairingURI(symKey: key, expiry: 1_760_000_300)
        pair.wallet.commit(try pair.wallet.engine.pair(uri.text, at: pair.now).decision)
        let publicKey = AgreementKey(random: .seeded(4)).publicKeyHex
        // Neither relays nor optional namespaces nor an expiry, and metadata with nothing in it.
        let text = """
            {"id":"1760000000000001","jsonrpc":"2.0","method":"wc_sessionPropose","params":{"requiredNamespaces":{},\
            "proposer":{"publicKey":"\(publicKey)","metadata":{}}}}
            """
        pushed(text, to: pair.wallet, on: key.topic, pair)
        let (approving, decision) = try pair.wallet.engine.approve(
            Approval(id: .number(1_760_000_000_000_001), namespaces: TestPair.namespaces), at: pair.now)
        pair.wallet.commit(decision)
        pair.wallet.settle(at: pair.now)
        let response = pair.mailbox.published.first { $0.publish.tag == 1101 }!.publish
        let opened = try Envelope.open(response.message, key: key)
        #expect(String(decoding: opened.plaintext, as: UTF8.self).hasPrefix(#"{"id":"1760000000000001","jsonrpc""#))
        #expect(approving.session.peer.publicKey == publicKey)
    }

    // MARK: Events, extensions, updates

    @Test func `an event is not waited for, and one of an unapproved name is shown`() throws {
        let pair = TestPair()
        let topic = try pair.connected()
        let (_, decision) = try pair.wallet.engine.emit(
            SessionEvent(name: "chainChanged", data: 1), chainID: "eip155:1", on: topic, at: pair.now)
        #expect(
            !decision.changes.contains {
                if case .put(let record) = $0 { record.key.collection == .requests } else { false }
            })
        pair.wallet.commit(decision)
        pair.run()
        let text = """
            {"id":1760000900000001,"jsonrpc":"2.0","method":"wc_sessionEvent",\
            "params":{"event":{"name":"odd","data":[1.50]},"chainId":"eip155:999"}}
            """
        let before = pair.mailbox.published.count
        pushed(text, to: pair.dapp, on: topic, pair)
        #expect(pair.mailbox.published.count == before)
        guard case .sessionEvent(_, _, let event, let chain) = pair.dapp.events.last else {
            Issue.record("no event")
            return
        }
        #expect(event == SessionEvent(name: "odd", data: try JSON.parse("[1.50]")))
        #expect(chain == "eip155:999")
    }

    @Test func `an extension without an expiry is for seven days`() throws {
        let pair = TestPair()
        let topic = try pair.connected()
        pair.advance(seconds: 1000)
        let text = #"{"id":1760009000000001,"jsonrpc":"2.0","method":"wc_sessionExtend","params":{}}"#
        pushed(text, to: pair.dapp, on: topic, pair)
        #expect(pair.dapp.engine.session(topic)?.expiry == pair.now.milliseconds / 1000 + 604_800)
        #expect(try last(pair, from: "dapp").publish.tag == 1107)
    }

    @Test func `ours says when it ends`() throws {
        let pair = TestPair()
        let topic = try pair.connected()
        pair.advance(seconds: 1000)
        let (calling, decision) = try pair.wallet.engine.extend(topic, at: pair.now)
        pair.wallet.commit(decision)
        let expiry = pair.now.milliseconds / 1000 + 604_800
        pair.wallet.settle(at: pair.now)
        #expect(try last(pair, from: "wallet").text.hasSuffix(#""params":{"expiry":\#(expiry)}}"#))
        pair.run()
        #expect(pair.wallet.finished[calling.id] == .acknowledged)
        #expect(pair.dapp.engine.session(topic)?.expiry == expiry)
    }

    @Test func `an update older than the last is refused with 1003, digits below a millisecond do not count`() throws {
        let pair = TestPair()
        let topic = try pair.connected()
        func update(_ id: Int64) throws -> String {
            let namespaces = TestPair.namespaces.json.text
            pushed(
                #"{"id":\#(id),"jsonrpc":"2.0","method":"wc_sessionUpdate","params":{"namespaces":\#(namespaces)}}"#,
                to: pair.dapp, on: topic, pair)
            return try last(pair, from: "dapp").text
        }
        #expect(try update(1_760_000_500_000_456).hasSuffix(#""result":true}"#))
        #expect(try update(1_760_000_500_000_001).hasSuffix(#""result":true}"#))
        #expect(try update(1_760_000_499_999_999).contains(#""code":1003"#))
        try pair.dapp.crash(at: pair.now)
        #expect(try update(1_760_000_499_999_998).contains(#""code":1003"#), "the order outlives the process")
    }

    @Test(arguments: [("wc_sessionUpdate", 3003), ("wc_sessionExtend", 3004)])
    func `only the wallet updates and extends`(method: String, code: Int) throws {
        let pair = TestPair()
        let topic = try pair.connected()
        let params = #"{"namespaces":\#(TestPair.namespaces.json.text),"expiry":1760700000}"#
        let before = pair.wallet.engine.session(topic)
        pushed(
            #"{"id":1760000900000001,"jsonrpc":"2.0","method":"\#(method)","params":\#(params)}"#, to: pair.wallet,
            on: topic, pair)
        #expect(try last(pair, from: "wallet").text.contains("\"code\":\(code)"))
        #expect(pair.wallet.engine.session(topic) == before)
        #expect(throws: SignError.self) { try pair.dapp.engine.extend(topic, at: pair.now) }
        #expect(throws: SignError.self) {
            try pair.dapp.engine.update(topic, namespaces: TestPair.namespaces, at: pair.now)
        }
    }

    @Test func `an update without namespaces is refused and nothing changes`() throws {
        let pair = TestPair()
        let topic = try pair.connected()
        let before = pair.dapp.engine.session(topic)
        for (index, params) in ["{}", #"{"namespaces":{}}"#, #"{"namespaces":7}"#].enumerated() {
            pushed(
                #"{"id":176000090000000\#(index),"jsonrpc":"2.0","method":"wc_sessionUpdate","params":\#(params)}"#,
                to: pair.dapp, on: topic, pair)
            #expect(try last(pair, from: "dapp").text.contains("\"error\""))
        }
        #expect(pair.dapp.engine.session(topic) == before)
    }

    // MARK: Requests

    @Test(arguments: [
        (#""chainId":"eip155:2","request":{"method":"personal_sign","params":[]}"#, 3005),
        (#""chainId":"eip155:1","request":{"method":"eth_sign","params":[]}"#, 3001),
        (#""chainId":"eip155:1""#, -32602),
    ])
    func `a request for what was not approved is refused, not shown`(params: String, code: Int) throws {
        let pair = TestPair()
        let topic = try pair.connected()
        pushed(
            #"{"id":1760000900000001,"jsonrpc":"2.0","method":"wc_sessionRequest","params":{\#(params)}}"#,
            to: pair.wallet, on: topic, pair)
        #expect(try last(pair, from: "wallet").text.contains("\"code\":\(code)"))
        #expect(pair.wallet.engine.pendingRequests().isEmpty)
    }

    @Test func `an expiry in milliseconds is cut to seven days, one in the past is not shown`() throws {
        let pair = TestPair()
        let topic = try pair.connected()
        func text(_ id: Int, _ expiry: Int64) -> String {
            """
            {"id":\(id),"jsonrpc":"2.0","method":"wc_sessionRequest","params":{"chainId":"eip155:1",\
            "request":{"method":"personal_sign","expiryTimestamp":\(expiry)}}}
            """
        }
        pushed(text(1, 1_760_000_900_000), to: pair.wallet, on: topic, pair)
        #expect(pair.wallet.engine.pendingRequests().first?.expiry == pair.now.milliseconds / 1000 + 604_800)
        #expect(pair.wallet.engine.pendingRequests().first?.params == nil)
        pushed(text(2, 1_759_999_999), to: pair.wallet, on: topic, pair)
        #expect(pair.wallet.engine.pendingRequests().count == 1)
        #expect(pair.wallet.drops.last == .expired)
    }

    @Test func `the same request again is shown once, and answered again with the same message`() throws {
        let pair = TestPair()
        let topic = try pair.connected()
        let id = try pair.request(topic)
        pair.dapp.settle(at: pair.now)
        let push = pair.mailbox.pushes(for: "wallet")[0]
        for _ in 0..<3 { pair.wallet.take(push, acknowledging: false, at: pair.now) }
        pair.wallet.settle(at: pair.now)
        let shown = pair.wallet.events.filter { if case .sessionRequest = $0 { true } else { false } }
        #expect(shown.count == 1)
        pair.wallet.commit(
            try pair.wallet.engine.respond(to: .number(id), on: topic, with: .result("0x01"), at: pair.now))
        pair.wallet.settle(at: pair.now)
        let answer = pair.mailbox.published.last!.publish.message
        pair.wallet.take(push, at: pair.now)
        pair.wallet.settle(at: pair.now)
        #expect(pair.mailbox.published.last!.publish.message == answer)
        #expect(pair.mailbox.published.filter { $0.publish.message == answer }.count == 2)
        try pair.wallet.crash(at: pair.now)
        pair.wallet.take(push, at: pair.now)
        pair.wallet.settle(at: pair.now)
        #expect(pair.mailbox.published.filter { $0.publish.message == answer }.count == 3)
        pair.run()
        #expect(pair.dapp.finished[id] == .result("0x01"))
    }

    // MARK: Unknown methods, pairings, the end

    @Test func `an unknown method is answered on a pairing and not in a session`() throws {
        let pair = TestPair()
        let topic = try pair.connected()
        let pairing = pair.wallet.engine.allPairings[0].topic
        let text = #"{"id":1760000900000001,"jsonrpc":"2.0","method":"wc_pairingExtend","params":{"expiry":1}}"#
        let before = pair.mailbox.published.count
        pushed(text, to: pair.wallet, on: topic, pair)
        #expect(pair.mailbox.published.count == before)
        pushed(text, to: pair.wallet, on: pairing, pair)
        let (publish, answer) = try last(pair, from: "wallet")
        #expect(publish.tag == 0)
        #expect(answer.contains(#""code":10001,"message":"Unsupported wc_ method."#))
    }

    @Test func `a pairing is pinged and answered, and ended without an answer`() throws {
        let pair = TestPair()
        _ = try pair.connected()
        let pairing = pair.wallet.engine.allPairings[0].topic
        let (calling, decision) = try pair.dapp.engine.ping(pairing, at: pair.now)
        pair.dapp.commit(decision)
        pair.run()
        #expect(pair.dapp.finished[calling.id] == .acknowledged)
        #expect(pair.mailbox.published.last?.publish.tag == 1003)
        pair.dapp.commit(pair.dapp.engine.disconnect(pairing, at: pair.now))
        pair.run()
        #expect(pair.mailbox.published.last?.publish.tag == 1000)
        #expect(pair.wallet.engine.allPairings.isEmpty)
        #expect(pair.dapp.engine.allPairings.isEmpty)
    }

    @Test func `the end of a session is answered, and its waiters are told`() throws {
        let pair = TestPair()
        let topic = try pair.connected()
        let id = try pair.request(topic)
        pair.run()
        pair.wallet.commit(pair.wallet.engine.disconnect(topic, at: pair.now))
        pair.wallet.settle(at: pair.now)
        let farewell = pair.mailbox.published.last!.publish
        #expect(farewell.tag == 1112)
        pair.run()
        #expect(pair.mailbox.published.contains { $0.from == "dapp" && $0.publish.tag == 1113 })
        #expect(pair.dapp.finished[id] == .refused(PeerError(code: 6000, message: "User disconnected.")))
        #expect(pair.dapp.engine.sessionCount == 0)
        guard case .sessionDelete(topic, _, .peer(let reason)) = pair.dapp.events.last else {
            Issue.record("no session_delete")
            return
        }
        #expect(reason == PeerError(code: 6000, message: "User disconnected."))
        #expect(pair.wallet.engine.disconnect(topic, at: pair.now).isEmpty, "a second time does nothing")
    }

    @Test func `some wallets end a session without an id`() throws {
        let pair = TestPair()
        let topic = try pair.connected()
        pushed(#"{"jsonrpc":"2.0","method":"wc_sessionDelete","params":{}}"#, to: pair.dapp, on: topic, pair)
        #expect(pair.dapp.engine.sessionCount == 0)
    }

    @Test func `messages for a dead topic are ignored quietly`() throws {
        let pair = TestPair()
        let topic = try pair.connected()
        let late = foreign(
            #"{"id":5,"jsonrpc":"2.0","method":"wc_sessionPing","params":{}}"#, to: pair.wallet, on: topic)
        pair.wallet.commit(pair.wallet.engine.disconnect(topic, at: pair.now))
        let decision = pair.wallet.engine.receive(late, at: pair.now)
        #expect(decision.isEmpty)
        #expect(decision.drop == .unknownTopic)
    }

    @Test func `a used pairing lives for five minutes`() throws {
        let pair = TestPair()
        _ = try pair.connected()
        #expect(pair.wallet.engine.allPairings.map(\.active) == [true])
        pair.advance(seconds: 301)
        #expect(pair.wallet.engine.allPairings.isEmpty)
        #expect(pair.dapp.engine.allPairings.isEmpty)
        #expect(pair.wallet.engine.sessionCount == 1)
    }
}
