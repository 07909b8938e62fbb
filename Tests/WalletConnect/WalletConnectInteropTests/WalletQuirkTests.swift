import Primitives
import Testing
import WalletConnectProtocol

/// Our wallet with a dApp of other hands that behaves as JavaScript dApps were seen to.
@Suite(.serialized, .enabled(if: Places.hasPeers, "\(Places.withoutPeers)"))
struct WalletQuirkTests {
    @Test(arguments: [true, false])
    func `1 a proposal comes with one call or two`(compound: Bool) async throws {
        try await Stage.wallet(proposal: ["compound": .bool(compound)]) { stage in
            let ping = try await stage.say("wc_sessionPing", .object([]))
            #expect(try await stage.peer.answer(to: ping)["result"] == true)
        }
    }

    @Test func `5 and 13 a request that is published twice is shown once, and its answer is given again`() async throws
    {
        try await Stage.wallet { stage in
            let request: JSON = [
                "id": 1_795_000_000_000_001, "jsonrpc": "2.0", "method": "wc_sessionRequest",
                "params": ["request": ["method": "personal_sign", "params": ["0x00"]], "chainId": "eip155:1"],
            ]
            for _ in 0..<3 {
                try await stage.peer.tell(
                    "send",
                    ["topic": .string(stage.session.topic.hex), "payload": request, "tag": 1108, "times": 2])
            }
            let pending = try await stage.client.pendingRequest()
            try await stage.client.respond(pending, .result("0x01"))
            #expect(try await stage.peer.answer(to: 1_795_000_000_000_001)["result"] == "0x01")
            #expect(stage.client.shownRequests == 1)
        }
    }

    @Test func `19 a request is answered with the same number`() async throws {
        try await Stage.wallet { stage in
            for id: JSON in [1_795_000_000_000_002, .number("1795211331627000001"), .string("1795000000000003")] {
                _ = try await stage.say("wc_sessionRequest", Stage.personalSign, id: id)
                let pending = try await stage.client.pendingRequest()
                try await stage.client.respond(pending, .result("0x01"))
                let answer = try await stage.peer.answer(to: id)
                #expect(answer["id"] == id)
                #expect(answer["result"] == "0x01")
            }
        }
    }

    @Test func `20 a proposal and a ping with text ids are answered with the text`() async throws {
        try await Stage.wallet(proposal: ["call_id": "1795000000000777"]) { stage in
            let ping = try await stage.say("wc_sessionPing", .object([]), id: "1795000000000778")
            #expect(try await stage.peer.answer(to: ping)["result"] == true)
        }
    }

    @Test func `22 an event is sent and nobody waits for an answer`() async throws {
        try await Stage.wallet(habits: ["answers": false]) { stage in
            try await stage.client.emit(stage.session.topic, "accountsChanged", [.string(Fixture.account)])
            let event = try await stage.peer.request("wc_sessionEvent")
            #expect(event["tag"]?.int == 1110)
            #expect(event["payload"]?["params"]?["event"]?["name"]?.string == "accountsChanged")
        }
    }

    @Test func `23 our extension carries the expiry that other clients need`() async throws {
        try await Stage.wallet { stage in
            try await stage.client.extend(stage.session.topic)
            let message = try await stage.peer.request("wc_sessionExtend")
            let expiry = try #require(message["payload"]?["params"]?["expiry"]?.int)
            #expect(abs(expiry - Stage.secondsFromNow(604_800)) < 60)
        }
    }

    @Test func `24 a dApp may neither update nor extend`() async throws {
        try await Stage.wallet { stage in
            let before = try #require(stage.client.session(stage.session.topic))
            let update = try await stage.say("wc_sessionUpdate", ["namespaces": Fixture.granted.json])
            #expect(try await stage.peer.answer(to: update)["error"]?["code"]?.int == 3003)
            let extend = try await stage.say("wc_sessionExtend", ["expiry": JSON(Stage.secondsFromNow(604_800))])
            #expect(try await stage.peer.answer(to: extend)["error"]?["code"]?.int == 3004)
            #expect(stage.client.session(stage.session.topic)?.namespaces == before.namespaces)
        }
    }

    @Test func `26 a proposal with as little as JavaScript wallets accept can be approved`() async throws {
        let bare: JSON = [
            "optionalNamespaces": nil, "relays": nil, "pairingTopic": nil, "expiryTimestamp": nil, "id": nil,
            "requiredNamespaces": Fixture.wanted.json,
        ]
        try await Stage.wallet(proposal: ["params": bare]) { stage in
            #expect(stage.session.namespaces == Fixture.granted)
        }
    }

    @Test func `27 requests run out in seconds, and a time in milliseconds or past does no harm`() async throws {
        try await Stage.wallet { stage in
            let now = Stage.secondsFromNow(0)
            for (expiry, shown) in [(now + 10, true), ((now + 600) * 1_000, true), (now - 600, false)] {
                let params: JSON = [
                    "request": [
                        "method": "personal_sign", "params": ["0x00"], "expiryTimestamp": JSON(expiry),
                    ], "chainId": "eip155:1",
                ]
                let before = stage.client.shownRequests
                let id = try await stage.say("wc_sessionRequest", params)
                if shown {
                    let pending = try await stage.client.pendingRequest()
                    try await stage.client.respond(pending, .result("0x01"))
                    #expect(try await stage.peer.answer(to: id)["result"] == "0x01")
                } else {
                    let ping = try await stage.say("wc_sessionPing", .object([]))
                    #expect(try await stage.peer.answer(to: ping)["result"] == true)
                    #expect(stage.client.shownRequests == before)
                }
            }
        }
    }

    @Test(arguments: [("eip155:10", "personal_sign"), ("eip155:1", "eth_sign")])
    func `27 a chain or method that was not granted is refused without asking`(
        chain: String, method: String
    ) async throws {
        try await Stage.wallet { stage in
            let params: JSON = [
                "request": ["method": .string(method), "params": []], "chainId": .string(chain),
            ]
            let id = try await stage.say("wc_sessionRequest", params)
            #expect(try await stage.peer.answer(to: id)["error"] != nil)
            #expect(stage.client.shownRequests == 0)
        }
    }

    @Test func `28 a pairing answers pings and says which methods it does not know`() async throws {
        try await Stage.wallet { stage in
            let pairing = stage.session.pairingTopic
            let ping = try await stage.say("wc_pairingPing", .object([]), on: pairing)
            #expect(try await stage.peer.answer(to: ping)["result"] == true)
            let dance = try await stage.say("wc_pairingDance", .object([]), on: pairing)
            #expect(try await stage.peer.answer(to: dance)["error"]?["code"]?.int == 10001)
        }
    }

    @Test func `28 a deletion ends the session here, and nothing is delivered on its topic any more`() async throws {
        try await Stage.wallet { stage in
            _ = try await stage.say("wc_sessionDelete", ["code": 6000, "message": "User disconnected."])
            _ = try await stage.client.deletion(of: stage.session.topic)
            #expect(stage.client.session(stage.session.topic) == nil)
        }
    }

    @Test func `29 a used pairing lives on for a while, and a second proposal on it is shown`() async throws {
        try await Stage.wallet { stage in
            let ping = try await stage.say("wc_pairingPing", .object([]), on: stage.session.pairingTopic)
            #expect(try await stage.peer.answer(to: ping)["result"] == true)
        }
    }

    @Test func `30 a rejected authentication comes back sealed to its asker with tag 1118`() async throws {
        try await Stage.authentication { wallet, peer, offered in
            try await wallet.rejectAuthentication(offered)
            let answer = try await peer.message("the rejection") { $0["error"] != nil }
            #expect(answer["tag"]?.int == 1118)
            let sealed = try Base64.decode(answer.requiredText("sealed"))
            #expect(sealed.first == 1)
        }
    }
}
