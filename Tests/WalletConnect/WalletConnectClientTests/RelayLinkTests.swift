import Primitives
import Testing
import WalletConnectClient
import WalletConnectProtocol

/// A link with a clock in the hand of the test.
struct LinkBench {
    var link: RelayLink
    var now = Timestamp(milliseconds: 1_800_000_000_000)
    var effects = RelayLink.Effects()

    init(urls: [String] = ["wss://a"], seed: UInt64 = 7, _ change: (inout RelaySettings) -> Void = { _ in }) {
        var settings = RelaySettings(urls: urls)
        change(&settings)
        link = RelayLink(settings: settings, random: .seeded(seed), began: now)
    }

    static func topic(_ number: Int) -> Topic {
        let digits = String(number, radix: 16)
        return try! Topic(hex: String(repeating: "0", count: 64 - digits.count) + digits)
    }

    static func message(_ id: Int64, topic: Int = 1, text: String? = nil, tag: UInt32 = 1108) -> OutboundMessage {
        OutboundMessage(
            id: id,
            kind: .plain(
                RelayPublish(topic: Self.topic(topic), message: text ?? "message \(id)", ttlSeconds: 300, tag: tag)),
            expiresAt: Timestamp(milliseconds: 0))
    }

    /// Does something, and returns what the link wants done.
    @discardableResult
    mutating func act(_ body: (inout RelayLink, Timestamp) -> Void) -> RelayLink.Effects {
        body(&link, now)
        return link.takeEffects()
    }

    mutating func subscribe(_ numbers: [Int]) -> RelayLink.Effects {
        act { $0.subscribe(numbers.map(Self.topic), at: $1) }
    }

    mutating func publish(_ id: Int64, lasting: Int64 = 300_000, text: String? = nil, tag: UInt32 = 1108)
        -> RelayLink.Effects
    {
        act { $0.publish(Self.message(id, text: text, tag: tag), lasting: lasting, at: $1) }
    }

    mutating func opened() -> RelayLink.Effects {
        act { $0.opened($0.connection, at: $1) }
    }

    mutating func closed(_ code: UInt16, _ reason: String = "") -> RelayLink.Effects {
        act { $0.closed($0.connection, RelayClose(code: code, reason: reason), at: $1) }
    }

    mutating func failed(_ code: TransportError.Code, status: Int? = nil) -> RelayLink.Effects {
        act { $0.failed($0.connection, TransportError(code, "failed", httpStatus: status), at: $1) }
    }

    mutating func received(_ texts: [String]) -> RelayLink.Effects {
        act { $0.received($0.connection, texts.map { Array($0.utf8) }, at: $1) }
    }

    /// Answers `true` to each call among the effects.
    mutating func answer(_ effects: RelayLink.Effects) -> RelayLink.Effects {
        received(LinkBench.calls(effects).map { "{\"id\":\($0.id),\"jsonrpc\":\"2.0\",\"result\":true}" })
    }

    mutating func refuse(_ effects: RelayLink.Effects, _ error: RelayError) -> RelayLink.Effects {
        received(LinkBench.calls(effects).map { RelayFrame.refusal(id: .number($0.id), error).text })
    }

    mutating func wait(_ milliseconds: Int64) -> RelayLink.Effects {
        now = now.adding(milliseconds: milliseconds)
        return act { $0.tick(at: $1) }
    }

    /// Moves the clock to the link's next deadline.
    mutating func waitForDeadline() -> RelayLink.Effects {
        if let next = link.nextDeadline { now = max(now, next) }
        return act { $0.tick(at: $1) }
    }

    /// Opens a connection and answers everything until nothing more is sent.
    mutating func connect() {
        var effects = opened()
        while !effects.frames.isEmpty { effects = answer(effects) }
    }

    static func calls(_ effects: RelayLink.Effects) -> [(id: Int64, call: RelayCall)] {
        effects.frames.compactMap { bytes in
            guard case .call(let id, let call) = try? RelayFrame.parse(bytes), let number = id.int64 else { return nil }
            return (number, call)
        }
    }
}

struct RelayLinkTests {
    @Test func `no connection is opened until there is a topic or a message`() {
        var bench = LinkBench()
        #expect(bench.act { $0.tick(at: $1) }.open == nil)
        #expect(bench.link.status == .idle)
        #expect(bench.link.nextDeadline == nil)
        let open = bench.subscribe([1]).open
        #expect(open?.connection == 1)
        #expect(open?.url == "wss://a")
        var other = LinkBench()
        #expect(other.publish(5).open?.url == "wss://a")
        #expect(other.publish(6).open == nil, "one connection serves all")
    }

    @Test func `a link that fetches asks for what waits once all is subscribed, and for more while there is more`()
        throws
    {
        var bench = LinkBench { $0.fetchesOnConnect = true }
        _ = bench.subscribe([1, 2])
        let subscribing = try #require(bench.opened().frames.first.map { try RelayFrame.parse($0) })
        let fetching = bench.received([RelayFrame.answer(id: subscribing.id!, true).text]).frames
        let fetch = try RelayFrame.parse(try #require(fetching.first))
        guard case .call(let id, .fetch(let topics, batch: true)) = fetch else {
            Issue.record("not a fetch: \(fetch)")
            return
        }
        #expect(topics == [LinkBench.topic(1), LinkBench.topic(2)])
        let page: JSON = [
            "messages": [
                ["topic": .string(topics[1].hex), "message": "second", "publishedAt": 2, "tag": 1108],
                ["topic": .string(topics[0].hex), "message": "first", "publishedAt": 1],
                ["topic": "no topic", "message": "third"],
            ], "hasMore": true,
        ]
        let effects = bench.received([RelayFrame.answer(id: id, page).text])
        #expect(effects.fetched.map { $0.message } == ["first", "second"] as [String])
        let again = try RelayFrame.parse(try #require(effects.frames.first))
        guard case .call(let next, .fetch(_, batch: true)) = again else {
            Issue.record("not another fetch: \(again)")
            return
        }
        let last = bench.received([RelayFrame.answer(id: next, ["messages": [], "hasMore": true]).text])
        #expect(last.frames.isEmpty && last.fetched.isEmpty)
    }

    @Test func `every topic is subscribed in batches of 500 before anything else`() {
        var bench = LinkBench()
        _ = bench.subscribe(Array(0..<1201))
        _ = bench.publish(5)
        let first = bench.opened()
        let batches = LinkBench.calls(first).compactMap { (_, call) -> [Topic]? in
            if case .batchSubscribe(let topics, _) = call { topics } else { nil }
        }
        #expect(batches.map(\.count) == [500, 500, 201])
        #expect(Set(batches.joined()).count == 1201)
        #expect(first.frames.count == 3, "the message waits")
        #expect(bench.link.status == .connecting)
        let calls = LinkBench.calls(first)
        #expect(bench.received(["{\"id\":\(calls[0].id),\"jsonrpc\":\"2.0\",\"result\":[]}"]).frames.isEmpty)
        #expect(bench.received(["{\"id\":\(calls[2].id),\"jsonrpc\":\"2.0\",\"result\":[]}"]).frames.isEmpty)
        let last = bench.received(["{\"id\":\(calls[1].id),\"jsonrpc\":\"2.0\",\"result\":[]}"])
        #expect(last.notes == [.online(topics: 1201)])
        #expect(LinkBench.calls(last).map(\.id) == [5])
        #expect(bench.link.status == .online)
    }

    @Test func `a message keeps its id and text when it is sent again`() {
        var bench = LinkBench()
        _ = bench.publish(5)
        let first = bench.opened()
        #expect(LinkBench.calls(first).map(\.id) == [5])
        #expect(bench.wait(14_999).frames.isEmpty)
        let second = bench.wait(1)
        #expect(second.frames == first.frames)
        #expect(second.notes == [.retried])
        let reopened = bench.closed(1006)
        #expect(reopened.outcomes.isEmpty)
        #expect(bench.waitForDeadline().open?.connection == 2)
        #expect(bench.opened().frames == first.frames)
        let done = bench.answer(first)
        #expect(done.outcomes.map(\.id) == [5])
        #expect(done.outcomes.map(\.outcome) == [.accepted])
        #expect(bench.answer(first).outcomes.isEmpty, "a second answer changes nothing")
        #expect(bench.link.pendingCount == 0)
    }

    @Test func `two calls in a row without an answer end the connection`() {
        var bench = LinkBench()
        _ = bench.publish(5)
        _ = bench.opened()
        _ = bench.wait(15_000)
        let given = bench.wait(15_000)
        #expect(given.close?.code == RelayClose.abnormal)
        #expect(bench.link.status == .waiting)
    }

    @Test func `what was sent is told, so that nobody takes it for undelivered`() {
        var bench = LinkBench()
        #expect(bench.publish(5).sent.isEmpty, "there is no connection")
        #expect(bench.opened().sent == [5])
        #expect(bench.wait(15_000).sent == [5])
    }

    @Test func `what may be there outlives a refusal of everything, and is not called refused`() {
        var bench = LinkBench()
        _ = bench.publish(5)
        let sent = bench.opened()
        _ = bench.closed(1006)
        _ = bench.waitForDeadline()
        _ = bench.publish(6)
        let refused = bench.failed(.refused, status: 403)
        #expect(refused.outcomes.map(\.id) == [6], "it never left")
        #expect(bench.link.pendingCount == 1)
        #expect(LinkBench.calls(sent).map(\.id) == [5])

        var other = LinkBench()
        _ = other.publish(5)
        _ = other.opened()
        let again = other.wait(15_000)
        // An earlier copy was not answered, so this answer is not about all of them.
        #expect(other.refuse(again, RelayError(.ttlTooLong)).outcomes.map(\.outcome) == [.undeliverable])
    }

    @Test func `a message that is withdrawn does not go out any more`() {
        var bench = LinkBench()
        _ = bench.publish(5)
        _ = bench.publish(6)
        bench.act { link, _ in link.withdraw(5) }
        let effects = bench.opened()
        #expect(effects.sent == [6])
        #expect(LinkBench.calls(effects).map(\.id) == [6])
    }

    @Test func `a message whose time is over is given up, connected or not`() {
        var bench = LinkBench()
        _ = bench.publish(5, lasting: 1000)
        _ = bench.publish(6, lasting: 2000)
        #expect(bench.link.nextDeadline == bench.now.adding(milliseconds: 1000))
        let first = bench.wait(1000)
        #expect(first.outcomes.map(\.id) == [5])
        #expect(first.outcomes.map(\.outcome) == [.undeliverable])
        _ = bench.opened()
        let second = bench.wait(1000)
        #expect(second.outcomes.map(\.id) == [6])
        #expect(bench.publish(7, lasting: 0).outcomes.map(\.outcome) == [.undeliverable])
    }

    @Test func `a message that is too large is refused before it is sent`() {
        var bench = LinkBench { $0.messageBytesMax = 10 }
        let effects = bench.publish(5, text: "eleven char")
        guard case .refused(let error)? = effects.outcomes.first?.outcome else {
            Issue.record("it was not refused")
            return
        }
        #expect(error.kind == .payloadSizeExceeded)
        #expect(effects.open == nil)
    }

    @Test func `what the relay refuses for good is told, and what passes is tried again`() {
        var bench = LinkBench()
        bench.act { $0.subscribe([LinkBench.topic(1)], at: $1) }
        bench.connect()
        let sent = bench.publish(5)
        let refused = bench.refuse(sent, RelayError(.ttlTooLong))
        #expect(refused.outcomes.map(\.outcome) == [.refused(RelayError(.ttlTooLong))])
        for error in [RelayError(.tooManyRequests), RelayError(.storageError), RelayError(.mailboxLimitExceeded)] {
            let sent = bench.publish(6)
            let paused = bench.refuse(sent, error)
            #expect(paused.outcomes.isEmpty)
            #expect(paused.frames.isEmpty)
            #expect(paused.notes == (error.kind == .tooManyRequests ? [.rateLimited] : []))
            #expect(bench.publish(7).frames.isEmpty, "nothing is sent during a pause")
            let resumed = bench.waitForDeadline()
            #expect(LinkBench.calls(resumed).map(\.id).sorted() == [6, 7])
            #expect(bench.answer(resumed).outcomes.count == 2)
        }
    }

    @Test func `the compound proposal falls back to the classic calls, and the connection remembers`() {
        func proposal(_ id: Int64) -> OutboundMessage {
            let proposal = RelayProposal(pairingTopic: LinkBench.topic(1), sessionProposal: "proposal \(id)")
            return OutboundMessage(
                id: id,
                kind: .propose(
                    proposal, fallback: RelayFallback(subscribe: LinkBench.topic(1), publishes: [proposal.publish])),
                expiresAt: Timestamp(milliseconds: 0))
        }
        for error in [RelayError(code: -32_601, message: "Method not found"), RelayError(.invalidMethod)] {
            var bench = LinkBench()
            bench.act { $0.publish(proposal(5), lasting: 300_000, at: $1) }
            let compound = bench.opened()
            #expect(LinkBench.calls(compound).map(\.call.method) == ["wc_proposeSession"])
            let subscribe = bench.refuse(compound, error)
            #expect(subscribe.notes == [.classic])
            #expect(LinkBench.calls(subscribe).map(\.call.method) == ["irn_subscribe"])
            let publish = bench.answer(subscribe)
            #expect(LinkBench.calls(publish).map(\.call.method) == ["irn_publish"])
            #expect(bench.answer(publish).outcomes.map(\.outcome) == [.accepted])
            let second = bench.act { $0.publish(proposal(6), lasting: 300_000, at: $1) }
            #expect(LinkBench.calls(second).map(\.call.method) == ["irn_subscribe"])
            _ = bench.closed(1006)
            _ = bench.waitForDeadline()
            let again = bench.opened()
            #expect(LinkBench.calls(again).map(\.id) == LinkBench.calls(second).map(\.id), "a step keeps its id")
        }
    }

    @Test func `a relay without batches gets single subscriptions`() {
        var bench = LinkBench()
        _ = bench.subscribe([1, 2, 3])
        let batch = bench.opened()
        let single = bench.refuse(batch, RelayError(code: -32_601, message: "Method not found"))
        #expect(LinkBench.calls(single).map(\.call.method) == ["irn_subscribe", "irn_subscribe", "irn_subscribe"])
        #expect(bench.answer(single).notes == [.online(topics: 3)])
    }

    @Test func `a topic that is left is unsubscribed until the relay has answered`() {
        var bench = LinkBench()
        _ = bench.subscribe([1, 2])
        bench.connect()
        let left = bench.act { $0.unsubscribe([LinkBench.topic(1)], at: $1) }
        #expect(LinkBench.calls(left).map(\.call.method) == ["irn_unsubscribe"])
        _ = bench.closed(1006)
        _ = bench.waitForDeadline()
        let restored = bench.opened()
        #expect(LinkBench.calls(restored).map(\.call) == [.subscribe(LinkBench.topic(2), blocking: false)])
        let farewell = bench.answer(restored)
        #expect(LinkBench.calls(farewell).map(\.call.method) == ["irn_unsubscribe"])
        #expect(bench.answer(farewell).unsubscribed == [LinkBench.topic(1)])
    }

    @Test func `an adopted topic is not subscribed now but on the next connection`() {
        var bench = LinkBench()
        _ = bench.publish(4)
        bench.connect()
        #expect(bench.act { $0.adopt([LinkBench.topic(9)], at: $1) }.frames.isEmpty)
        _ = bench.closed(1006)
        _ = bench.waitForDeadline()
        #expect(LinkBench.calls(bench.opened()).map(\.call) == [.subscribe(LinkBench.topic(9), blocking: false)])
    }

    @Test func `pushes are handed over, and acknowledged on their own connection only`() throws {
        var bench = LinkBench()
        _ = bench.subscribe([1])
        bench.connect()
        let number = bench.link.connection
        let push = RelayFrame.push(
            id: 77,
            RelayPush(
                subscription: try SubscriptionID(hex: LinkBench.topic(3).hex), topic: LinkBench.topic(1),
                message: "m", publishedAt: bench.now, tag: 1108))
        let effects = bench.received([push.text, "no frame", push.text])
        #expect(effects.pushes.map(\.id) == [77, 77])
        #expect(effects.notes == [.malformed])
        let text = try #require(bench.link.acknowledgement(of: 77, from: number))
        #expect(String(decoding: text, as: UTF8.self) == "{\"id\":77,\"jsonrpc\":\"2.0\",\"result\":true}")
        _ = bench.closed(1006)
        #expect(bench.link.acknowledgement(of: 77, from: number) == nil)
        _ = bench.waitForDeadline()
        bench.connect()
        #expect(bench.link.acknowledgement(of: 77, from: number) == nil)
        #expect(bench.act { $0.received(number, [Array(push.text.utf8)], at: $1) }.pushes.isEmpty, "an old one is deaf")
    }

    @Test func `silence of 35 s ends a connection, and any sign of life extends it`() {
        var bench = LinkBench()
        _ = bench.subscribe([1])
        bench.connect()
        #expect(bench.wait(34_999).close == nil)
        _ = bench.received([])
        #expect(bench.wait(34_999).close == nil)
        let given = bench.wait(1)
        #expect(given.close == RelayClose(code: RelayClose.abnormal, reason: "silent for too long"))
        #expect(bench.waitForDeadline().open?.connection == 2)
    }
}
