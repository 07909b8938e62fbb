import Cryptography
import Foundation
import Primitives
import Testing
import WalletConnectProtocol
import WalletConnectRelay

struct MethodTests {
    @Test func `a message reaches its subscriber, and its publisher is answered`() async throws {
        try await RunningRelay.with { relay in
            let alice = try await TestClient.connect(relay)
            let bob = try await TestClient.connect(relay, path: "/relay")
            let topic = Topic.test(1)
            let id = try await bob.subscribe(topic)
            #expect(id == SubscriptionID(topic: topic, client: bob.did).hex)
            let request = alice.nextID()
            try await alice.send(
                "irn_publish",
                ["topic": .string(topic.hex), "message": "hello", "ttl": 300, "tag": 1_100], id: request)
            let push = try await bob.pushes(1)[0]
            #expect(try await alice.answer(to: request) == true)
            #expect(push.message == "hello" && push.topic == topic && push.tag == 1_100)
            #expect(push.subscription.hex == id)
            #expect(bob.pushIDs.allSatisfy { ($0.int64 ?? .max) < 1 << 53 })
        }
    }

    @Test func `ids come back as they were sent`() async throws {
        try await RunningRelay.with { relay in
            let client = try await TestClient.connect(relay)
            let ids: [RPCID] = [1_795_216_684_473, 1_795_216_684_473_554_432, .text("1795216684473554432")]
            for id in ids {
                let topic: JSON = .string(Topic.test(1).hex)
                #expect(try await client.call("wc_createTopic", ["topic": topic], id: id) == true)
                #expect(
                    try await client.call(
                        "irn_publish", ["topic": topic, "message": .string("m\(id)"), "ttl": 60, "tag": 0], id: id)
                        == true)
            }
        }
    }

    @Test func `old names and unknown members are accepted`() async throws {
        try await RunningRelay.with { relay in
            let (alice, bob) = (try await TestClient.connect(relay), try await TestClient.connect(relay))
            let topic: JSON = .string(Topic.test(2).hex)
            try await bob.call("iridium_subscribe", ["topic": topic, "future": [1, 2]])
            try await alice.call(
                "iridium_publish",
                [
                    "topic": topic, "message": "ä\"\\\u{1F600}\u{1}", "ttl": 60, "tag": 1_108, "prompt": true,
                    "attestation": "a.b", "tvf": ["correlationId": 1_795_216_684_473_554, "chainId": "eip155:1"],
                ])
            let push = try await bob.pushes(1)[0]
            #expect(push.message == "ä\"\\\u{1F600}\u{1}" && push.attestation == "a.b")
        }
    }

    @Test func `a proposal and its approval subscribe their callers`() async throws {
        try await RunningRelay.with { relay in
            let (dapp, wallet) = (try await TestClient.connect(relay), try await TestClient.connect(relay))
            let (pairing, session): (JSON, JSON) = (.string(Topic.test(3).hex), .string(Topic.test(4).hex))
            try await dapp.call(
                "wc_proposeSession", ["pairingTopic": pairing, "sessionProposal": "proposal", "ttl": 300])
            try await wallet.call("irn_subscribe", ["topic": pairing])
            let proposal = try await wallet.pushes(1)[0]
            #expect(proposal.message == "proposal" && proposal.tag == 1_100)
            try await wallet.call(
                "wc_approveSession",
                [
                    "pairingTopic": pairing, "sessionTopic": session, "sessionProposalResponse": "response",
                    "sessionSettlementRequest": "settle", "sessionProperties": ["a": 1],
                ])
            #expect(try await dapp.pushes(1)[0].tag == 1_101)
            try await dapp.call("irn_subscribe", ["topic": session])
            let settle = try await dapp.pushes(2)[1]
            #expect(settle.message == "settle" && settle.tag == 1_102)
            // The wallet never subscribed to the session's topic by itself.
            try await dapp.publish(.test(4), "request")
            #expect(try await wallet.pushes(2)[1].message == "request")
        }
    }

    @Test func `batches of everything`() async throws {
        try await RunningRelay.with { relay in
            let (alice, bob) = (try await TestClient.connect(relay), try await TestClient.connect(relay))
            let topics = (0..<500).map { Topic.test($0) }
            let ids = try await bob.call("irn_batchSubscribe", ["topics": .array(topics.map { .string($0.hex) })])
            let expected = topics.map { JSON.string(SubscriptionID(topic: $0, client: bob.did).hex) }
            #expect(ids.array == expected)
            let blocking = try await bob.call(
                "irn_batchSubscribeBlocking", ["topics": [.string(topics[0].hex), .string(Topic.test(501).hex)]])
            #expect(blocking[0]?["id"] == expected[0] && blocking.array?.count == 2)
            #expect(
                try await bob.call("irn_subscribeBlocking", ["topic": .string(Topic.test(502).hex)]).string
                    == SubscriptionID(topic: .test(502), client: bob.did).hex)
            try await alice.call(
                "irn_batchPublish",
                [
                    "messages": .array(
                        topics.prefix(100).map {
                            ["topic": .string($0.hex), "message": .string("to \($0)"), "ttl": 60, "tag": 1]
                        })
                ])
            #expect(try await Set(bob.pushes(100).map { $0.message }) == Set(topics.prefix(100).map { "to \($0)" }))
            try await bob.call(
                "irn_batchUnsubscribe",
                ["subscriptions": .array(topics.map { ["topic": .string($0.hex), "id": "somebody's"] })])
            try await alice.publish(topics[7], "after")
            try await bob.settle()
            #expect(bob.pushes.count == 100)
        }
    }

    @Test func `who unsubscribes hears nothing more, whatever id he names`() async throws {
        try await RunningRelay.with { relay in
            let (alice, bob) = (try await TestClient.connect(relay), try await TestClient.connect(relay))
            try await bob.subscribe(.test(1))
            #expect(
                try await bob.call(
                    "irn_unsubscribe",
                    ["topic": .string(Topic.test(1).hex), "id": .string(String(repeating: "0", count: 64))]) == true)
            #expect(try await bob.call("irn_unsubscribe", ["topic": .string(Topic.test(1).hex)]) == true)
            try await alice.publish(.test(1), "hello")
            try await bob.settle()
            #expect(bob.pushes.isEmpty)
        }
    }

    @Test func `messages are fetched in pages and taken by receipts`() async throws {
        try await RunningRelay.with { relay in
            let (alice, bob) = (try await TestClient.connect(relay), try await TestClient.connect(relay))
            bob.acknowledges = false
            try await bob.subscribe(.test(1))
            for index in 0..<150 { try await alice.publish(.test(1), "message \(index)") }
            try await bob.pushes(150)
            let topics: JSON = ["topics": [.string(Topic.test(1).hex)]]
            var fetched: [JSON] = []
            var hasMore = true
            var pages = 0
            while hasMore {
                let page = try await bob.call("irn_batchFetchMessages", topics)
                fetched += page["messages"]?.array ?? []
                hasMore = page["hasMore"]?.bool ?? false
                pages += 1
            }
            #expect(pages == 3)
            #expect(fetched.compactMap { $0["message"]?.string } == (0..<150).map { "message \($0)" })
            // Half by number, the rest by the hash of the message.
            let receipts = fetched.enumerated().map { index, message -> JSON in
                let id: JSON =
                    index % 2 == 0
                    ? message["message_id"]!
                    : .string(Hex.encode(SHA2.sha256(Array(message["message"]!.string!.utf8)).bytes))
                return ["topic": message["topic"]!, index % 3 == 0 ? "messageId" : "message_id": id]
            }
            #expect(try await bob.call("irn_batchReceive", ["receipts": .array(receipts)]) == true)
            let rest = try await bob.call("irn_fetchMessages", ["topic": .string(Topic.test(1).hex)])
            #expect(rest == ["messages": [], "hasMore": false])
        }
    }

    @Test func `a call over HTTP is answered there`() async throws {
        try await RunningRelay.with { relay in
            let bob = try await TestClient.connect(relay)
            try await bob.subscribe(.test(1))
            let token = TestClient.token(TestClient.key(), at: relay.clock.now)
            let call: JSON = [
                "id": 1_795_216_684_473_554, "jsonrpc": "2.0", "method": "irn_publish",
                "params": ["topic": .string(Topic.test(1).hex), "message": "by HTTP", "ttl": 60, "tag": 1],
            ]
            let answer = try await http(relay, "POST /rpc?projectId=x", ["Authorization: Bearer \(token)"], call.text)
            #expect(answer.head.hasPrefix("HTTP/1.1 200"))
            #expect(answer.body == #"{"id":1795216684473554,"jsonrpc":"2.0","result":true}"#)
            #expect(try await bob.pushes(1)[0].message == "by HTTP")
            let refused = try await http(relay, "POST /relay/rpc", [], call.text)
            #expect(refused.head.hasPrefix("HTTP/1.1 401"))
            #expect(try JSON.parse(refused.body)["code"] == "MissingJwt")
            let odd = try await http(
                relay, "POST /rpc?auth=\(token)", [], #"{"id":1795216684473554,"jsonrpc":"2.0","result":true}"#)
            #expect(odd.body.contains("InvalidMethod"))
        }
    }

    @Test func `the relay shows its key and its health`() async throws {
        let identity = try RelayIdentity.random()
        try await RunningRelay.with(identity: identity) { relay in
            let key = try await http(relay, "GET /public-key")
            let health = try await http(relay, "GET /health")
            #expect(key.body == identity.publicKeyHex && health.body == #"{"status":"ok"}"#)
            for (start, status) in [("GET /relay/health", 200), ("GET /elsewhere", 404), ("DELETE /health", 405)] {
                let answer = try await http(relay, start)
                #expect(answer.head.hasPrefix("HTTP/1.1 \(status)"), "\(start)")
            }
        }
    }
}

func http(
    _ relay: RunningRelay, _ start: String, _ headers: [String] = [], _ body: String = ""
) async throws -> (head: String, body: String) {
    let socket = try await RawSocket.connect(port: relay.port)
    let lines = ["\(start) HTTP/1.1", "Host: x", "Content-Length: \(body.utf8.count)"] + headers
    try await socket.write(Array((lines.joined(separator: "\r\n") + "\r\n\r\n" + body).utf8))
    let response = try await socket.response()
    await socket.close()
    return response
}
