import Primitives
import Testing
import WalletConnectClient
import WalletConnectProtocol

/// Our client on a relay of other hands, which answers, numbers and fails as relays were seen to.
@Suite(.serialized, .enabled(if: Places.hasPeers, "\(Places.withoutPeers)"))
struct ForeignRelayTests {
    @Test func `1 a relay without compound calls gets the classic ones`() async throws {
        try await settled(["--without-compound"]) { relay, stage in
            let proposed = try await relay.call("wc_proposeSession")
            #expect(proposed["params"]?["sessionProposal"] != nil)
            let topic = stage.session.pairingTopic.hex
            let published = try await relay.process.line("the classic publish") {
                $0["method"]?.string == "irn_publish" && $0["params"]?["tag"]?.int == 1100
            }
            #expect(published["params"]?["topic"]?.string == topic)
            #expect(published["params"]?["ttl"]?.int == 300)
            #expect(published["params"]?["prompt"]?.bool == true)
        }
    }

    @Test(arguments: [["--push-first"], []])
    func `6 pushes come before or after the answer to their publish`(options: [String]) async throws {
        try await settled(options) { _, stage in
            for number in 0..<5 {
                let result: JSON = .string("0x0\(number)")
                let outcome = try await stage.answered(with: result)
                #expect(outcome == .result(result))
            }
        }
    }

    @Test(arguments: ["number16", "number19", "text"])
    func `3 pushes are acknowledged with their own id, whatever its form`(form: String) async throws {
        try await settled(["--push-ids", form]) { _, stage in
            let outcome = try await stage.answered(with: "0x01")
            #expect(outcome == .result("0x01"))
            // What was not acknowledged would come again with the next subscription.
            try await stage.peer.tell("abort")
            try await stage.peer.tell("reopen")
            let again = try await stage.answered(with: "0x02")
            #expect(again == .result("0x02"))
        }
    }

    @Test func `3 the ids of our calls survive a double`() async throws {
        try await settled { relay, _ in
            for method in ["wc_proposeSession", "irn_subscribe"] {
                let call = try await relay.process.line(method) {
                    $0["method"]?.string.map { $0.hasPrefix(method) || $0.hasPrefix("irn_batchSubscribe") } == true
                }
                let id = try call.required("id")
                let digits = try #require((id.number ?? id.string).flatMap { Int64($0) })
                #expect(digits >= 1_000_000_000)
                #expect(id.string != nil || digits < Fixture.safeIntegerMax)
            }
        }
    }

    @Test func `5 every push three times, and the app is told once`() async throws {
        try await ForeignRelay.running(["--repeat-pushes", "2"]) { relay in
            try await Stage.wallet(on: relay.url) { stage in
                for _ in 0..<4 {
                    let id = try await stage.say("wc_sessionRequest", Stage.personalSign)
                    let pending = try await stage.client.pendingRequest()
                    try await stage.client.respond(pending, .result("0x01"))
                    let answer = try await stage.peer.answer(to: id)
                    #expect(answer["result"] == "0x01")
                }
                #expect(stage.client.shownRequests == 4)
            }
        }
    }

    @Test(arguments: [ForeignRelay.Misfortune.lose, .refuse, .drop])
    func `13 a publish whose answer is lost, refused or cut off goes out again with its id`(
        kind: ForeignRelay.Misfortune
    ) async throws {
        try await settled { relay, stage in
            func published() async throws -> JSON {
                try await relay.process.line("the publish of a request") {
                    $0["method"]?.string == "irn_publish" && $0["params"]?["tag"]?.int == 1108
                }
            }
            // One that goes well: behind it nothing of the settlement is under way, which would take the misfortune.
            _ = try await stage.answered(with: "0x00")
            _ = try await published()
            try await relay.misfortune(kind, count: 1)
            async let outcome = stage.client.request(stage.session.topic, "personal_sign", ["0x00"])
            let first = try await published()
            let second = try await published()
            #expect(first["params"]?["message"] == second["params"]?["message"])
            #expect(first["id"] == second["id"])
            // Answered only now: an answer would have made the second publish needless.
            let request = try await stage.peer.request("wc_sessionRequest")
            let id = try request.required("payload").required("id")
            try await stage.answer(id, ["result": "0x01"])
            #expect(try await outcome == .result("0x01"))
        }
    }

    @Test(arguments: [1001, 1006, 1013, 4010])
    func `11 after any close but 3000 our client is back and misses nothing`(code: Int) async throws {
        try await settled { relay, stage in
            try await relay.closeAll(code: code)
            _ = try await stage.peer.event("closed")
            async let outcome = stage.client.request(stage.session.topic, "personal_sign", ["0x00"])
            try await stage.peer.tell("reopen")
            let request = try await stage.peer.request("wc_sessionRequest")
            try await stage.answer(request.required("payload").required("id"), ["result": "0x01"])
            #expect(try await outcome == .result("0x01"))
        }
    }

    @Test func `12 each time its socket breaks our client comes back with one socket and one subscription`()
        async throws
    {
        try await settled { relay, stage in
            let client = try #require(stage.client.client.clientID)
            func connected() async throws {
                _ = try await relay.process.line("a socket of our client") {
                    $0["event"]?.string == "connected" && $0["client"]?.string == client
                }
            }
            func isSubscribing(_ line: JSON) -> Bool {
                line["client"]?.string == client && line["method"]?.string?.contains("ubscribe") == true
                    && line["params"]?["topics"] != nil
            }
            try await connected()
            for _ in 0..<5 {
                try await relay.closeAll(code: 1006)
                try await connected()
                let batch = try await relay.process.line("one batch of topics", where: isSubscribing)
                #expect(batch["params"]?["topics"]?.array?.contains(.string(stage.session.topic.hex)) == true)
            }
            try await stage.peer.tell("reopen")
            let outcome = try await stage.answered(with: "0x01")
            #expect(outcome == .result("0x01"))
            #expect(!relay.process.has { $0["event"]?.string == "connected" && $0["client"]?.string == client })
            #expect(!relay.process.has(isSubscribing))
        }
    }

    @Test func `28 after a deletion from either side our client leaves the topic`() async throws {
        for isOurs in [true, false] {
            try await settled { relay, stage in
                let topic = stage.session.topic
                if isOurs {
                    try await stage.client.disconnect(topic)
                } else {
                    try await stage.say("wc_sessionDelete", ["code": 6000, "message": "User disconnected."])
                }
                let client = try #require(stage.client.client.clientID)
                _ = try await relay.process.line("the end of the subscription") { line in
                    line["client"]?.string == client && line["method"]?.string?.hasSuffix("nsubscribe") == true
                        && line.text.contains(topic.hex)
                }
                #expect(stage.client.client.sessionCount == 0)
            }
        }
    }

    /// A foreign relay, and a session of our dApp with a raw wallet over it.
    private func settled(
        _ options: [String] = [], _ body: @escaping @Sendable (ForeignRelay, Stage) async throws -> Void
    ) async throws {
        try await ForeignRelay.running(options) { relay in
            let isClassic = options.contains("--without-compound")
            try await Stage.dapp(on: relay.url, approval: ["compound": .bool(!isClassic)]) { stage in
                try await body(relay, stage)
            }
        }
    }
}
