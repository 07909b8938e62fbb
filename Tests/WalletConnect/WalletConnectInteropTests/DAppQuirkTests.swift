import Primitives
import Testing
import WalletConnectProtocol

/// Our dApp with a wallet of other hands that behaves as JavaScript and Python wallets were seen to.
@Suite(.serialized, .enabled(if: Places.hasPeers, "\(Places.withoutPeers)"))
struct DAppQuirkTests {
    @Test(arguments: [true, false], ["response-first", "settle-first"])
    func `1 and 7 a wallet approves with one call or three, and settles before it answers or after`(
        compound: Bool, order: String
    ) async throws {
        try await Stage.dapp(approval: ["compound": .bool(compound), "order": .string(order)]) { stage in
            #expect(stage.session.namespaces["eip155"]?.accounts == [Fixture.account])
            let outcome = try await stage.answered(with: "0x01")
            #expect(outcome == .result("0x01"))
        }
    }

    @Test func `3 a settlement with a 19-digit id is answered with the same number`() async throws {
        let id: JSON = .number("1795211331627000001")
        try await Stage.dapp(approval: ["settle_id": id]) { stage in
            let answer = try await stage.peer.answer(to: id)
            #expect(answer["result"] == true)
            #expect(answer["id"]?.number == "1795211331627000001")
        }
    }

    @Test func `3 our ids are numbers that survive a double`() async throws {
        try await Stage.dapp { stage in
            let request = try await stage.asked("personal_sign") { request in
                let id = try #require(request["id"]?.int)
                #expect(request["id"]?.number == "\(id)")
                #expect(id < Fixture.safeIntegerMax)
                #expect(id > 1_000_000_000_000_000)
                return ["result": "0x"]
            }
            #expect(request == .result("0x"))
        }
    }

    @Test func `5 and 13 a request that is delivered and answered twice ends once`() async throws {
        try await Stage.dapp { stage in
            let outcome = try await stage.asked("personal_sign") { request in
                let id = try request.required("id")
                try await stage.answer(id, ["result": "first"])
                return ["result": "second"]
            }
            #expect(outcome == .result("first"))
            #expect(try await stage.answered(with: "0x02") == .result("0x02"))
        }
    }

    @Test func `12 a wallet whose socket breaks gets the request when it returns`() async throws {
        try await Stage.dapp { stage in
            try await stage.peer.tell("abort")
            async let outcome = stage.client.request(stage.session.topic, "personal_sign", ["0x00"])
            try await stage.peer.tell("reopen")
            let request = try await stage.peer.request("wc_sessionRequest")
            try await stage.answer(try request.required("payload").required("id"), ["result": "0x03"])
            #expect(try await outcome == .result("0x03"))
        }
    }

    @Test func `14 an answer with tag 0 is an answer`() async throws {
        try await Stage.dapp { stage in
            try await stage.peer.tell("habits", ["answer_tag": 0])
            #expect(try await stage.answered(with: "0x04") == .result("0x04"))
        }
    }

    @Test func `18 unpadded Base64 is read, and what we write is padded`() async throws {
        try await Stage.dapp(habits: ["padded": false]) { stage in
            async let outcome = stage.client.request(stage.session.topic, "personal_sign", ["0x00"])
            let request = try await stage.peer.request("wc_sessionRequest")
            let sealed = try request.requiredText("sealed")
            #expect(sealed.utf8.count % 4 == 0)
            #expect(!sealed.contains("-") && !sealed.contains("_"))
            try await stage.answer(try request.required("payload").required("id"), ["result": "0x05"])
            #expect(try await outcome == .result("0x05"))
        }
    }

    @Test func `19 null is a result, and an answer without a version is none`() async throws {
        try await Stage.dapp { stage in
            let outcome = try await stage.asked("personal_sign") { request in
                let id = try request.required("id")
                try await stage.peer.tell(
                    "send",
                    [
                        "topic": .string(stage.session.topic.hex), "tag": 1109,
                        "payload": .object([
                            JSONMember(name: "id", value: id),
                            JSONMember(name: "result", value: "without a version"),
                        ]),
                    ])
                return ["result": nil]
            }
            #expect(outcome == .result(nil))
        }
    }

    @Test(arguments: [
        (#"{}"#, PeerError()), (#""a plain text""#, PeerError(message: "a plain text")),
        (#"{"code":4001,"message":"User rejected"}"#, PeerError(code: 4001, message: "User rejected")),
    ])
    func `21 an error need not have a code or a message`(text: String, error: PeerError) async throws {
        try await Stage.dapp { stage in
            let outcome = try await stage.asked("personal_sign") { _ in ["error": try JSON.parse(text)] }
            #expect(outcome == .refused(error))
        }
    }

    @Test func `21 a proposal that is rejected without a reason ends`() async throws {
        try await RelayWorld.running { world in
            try await OurClient.running("DApp", world.url) { dapp in
                try await Stage.withPeer(world.url) { peer in
                    let connecting = try await dapp.connect(Fixture.wanted)
                    try await peer.tell("pair", ["uri": .string(connecting.uri)])
                    let proposal = try await peer.request("wc_sessionPropose")
                    let id = try proposal.required("payload").required("id")
                    try await peer.tell("reject", ["id": id, "error": .object([])])
                    guard case .refused = try await connecting.outcome() else {
                        Issue.record("a rejected proposal is refused")
                        return
                    }
                }
            }
        }
    }

    @Test func `22 events of the wallet reach the app, and the wallet needs no answer`() async throws {
        try await Stage.dapp { stage in
            try await stage.say(
                "wc_sessionEvent",
                ["event": ["name": "chainChanged", "data": 10], "chainId": "eip155:1"])
            let event = try await stage.client.event("an event") { event -> SessionEvent? in
                guard case .sessionEvent(_, _, let event, Fixture.chain) = event else { return nil }
                return event
            }
            #expect(event.name == "chainChanged")
            #expect(event.data == 10)
        }
    }

    @Test func `23 an extension without an expiry adds seven days`() async throws {
        try await Stage.dapp(approval: ["settle": ["expiry": JSON(Stage.secondsFromNow(3_600))]]) { stage in
            #expect(stage.session.expiry <= Stage.secondsFromNow(3_600))
            let id = try await stage.say("wc_sessionExtend", .object([]))
            #expect(try await stage.peer.answer(to: id)["result"] == true)
            let expiry = try #require(stage.client.session(stage.session.topic)?.expiry)
            #expect(abs(expiry - Stage.secondsFromNow(604_800)) < 60)
        }
    }

    @Test func `24 an update that is older than the last one is refused with 1003`() async throws {
        try await Stage.dapp { stage in
            let topic = stage.session.topic
            let namespaces: JSON = ["namespaces": Fixture.granted.json]
            let first = try await stage.say("wc_sessionUpdate", namespaces)
            #expect(try await stage.peer.answer(to: first)["result"] == true)
            let older = JSON(try #require(first.int) - 60_000_000)
            _ = try await stage.say("wc_sessionUpdate", namespaces, id: older)
            #expect(try await stage.peer.answer(to: older)["error"]?["code"]?.int == 1003)
            #expect(stage.client.session(topic) != nil)
        }
    }

    @Test(arguments: ["controller", "expiry", "namespaces", "methods"])
    func `25 a settlement that is wrong is refused, and the dApp has no session`(fault: String) async throws {
        let other = String(repeating: "ab", count: 32)
        let settle: JSON =
            switch fault {
            case "controller": ["controller": ["publicKey": .string(other), "metadata": Fixture.metadata("X").json]]
            case "expiry": ["expiry": JSON(Stage.secondsFromNow(-60))]
            case "namespaces": ["namespaces": nil]
            default: ["namespaces": ["eip155": ["accounts": [.string(Fixture.account)], "events": []]]]
            }
        try await RelayWorld.running { world in
            try await OurClient.running("DApp", world.url) { dapp in
                try await Stage.withPeer(world.url) { peer in
                    let connecting = try await dapp.connect(Fixture.wanted)
                    let made = try await Stage.approve(peer, connecting.uri, ["settle": settle])
                    let answer = try await peer.answer(to: try made.required("settle"))
                    #expect(answer["error"] != nil, "\(answer.text)")
                    let topic = try Topic(hex: made.requiredText("topic"))
                    #expect(dapp.session(topic) == nil)
                }
            }
        }
    }

    @Test func `26 our proposal has what the strictest wallet needs`() async throws {
        try await RelayWorld.running { world in
            try await OurClient.running("DApp", world.url) { dapp in
                try await Stage.withPeer(world.url) { peer in
                    let connecting = try await dapp.connect(Fixture.wanted)
                    try await peer.tell("pair", ["uri": .string(connecting.uri)])
                    let message = try await peer.request("wc_sessionPropose")
                    #expect(message["tag"]?.int == 1100)
                    let params = try message.required("payload").required("params")
                    #expect(params["requiredNamespaces"]?.members?.isEmpty == true)
                    #expect(params["optionalNamespaces"] == Fixture.wanted.json)
                    #expect(params["relays"]?[0]?["protocol"]?.string == "irn")
                    #expect(params["proposer"]?["metadata"]?["name"]?.string == "DApp")
                    #expect(params["proposer"]?["publicKey"]?.string?.utf8.count == 64)
                    #expect(params["expiryTimestamp"]?.int != nil)
                }
            }
        }
    }

    @Test func `28 an unknown method gets no answer on a session, and does no harm`() async throws {
        try await Stage.dapp { stage in
            let unknown = try await stage.say("wc_sessionDance", ["step": 1])
            let ping = try await stage.say("wc_sessionPing", .object([]))
            #expect(try await stage.peer.answer(to: ping)["result"] == true)
            #expect(!stage.peer.has { $0["payload"]?["id"] == unknown })
        }
    }

    @Test func `28 our disconnect says 6000, and their deletion ends our session`() async throws {
        try await Stage.dapp { stage in
            try await stage.client.disconnect(stage.session.topic)
            let message = try await stage.peer.request("wc_sessionDelete")
            #expect(message["payload"]?["params"]?["code"]?.int == 6000)
            #expect(message["tag"]?.int == 1112)
        }
        try await Stage.dapp { stage in
            try await stage.say("wc_sessionDelete", ["code": 6000, "message": "User disconnected."])
            let reason = try await stage.client.deletion(of: stage.session.topic)
            #expect(reason == .peer(PeerError(code: 6000, message: "User disconnected.")))
        }
    }

    @Test func `garbage on a session's topic does no harm`() async throws {
        try await Stage.dapp { stage in
            let topic: JSON = .string(stage.session.topic.hex)
            for message in ["!", "AAAA", String(repeating: "A", count: 4_000), #"{"id":1}"#] {
                try await stage.peer.tell("publish", ["topic": topic, "message": .string(message), "tag": 1108])
            }
            for payload in [
                "", "{", "[]", "null", #"{"id":1}"#, #"{"id":{},"jsonrpc":"2.0","method":"wc_sessionPing"}"#,
                #"{"id":1,"jsonrpc":"2.0","method":7}"#, #"{"jsonrpc":"2.0","result":true}"#,
                String(repeating: "[", count: 20_000),
            ] {
                try await stage.peer.tell(
                    "send", ["topic": topic, "payload": .string(payload), "tag": 1108])
            }
            #expect(try await stage.answered(with: "0x06") == .result("0x06"))
        }
    }
}
