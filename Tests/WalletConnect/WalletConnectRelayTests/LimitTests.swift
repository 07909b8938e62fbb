import Foundation
import Primitives
import Testing
import WalletConnectProtocol
import WalletConnectRelay

struct LimitTests {
    private func error(_ client: TestClient, _ method: String, _ params: JSON, id: RPCID? = nil) async throws
        -> RelayError
    {
        try await #require(throws: RelayError.self) { try await client.call(method, params, id: id) }
    }

    private func publish(message: String = "m", ttl: Int64 = 60) -> JSON {
        ["topic": .string(Topic.test(1).hex), "message": .string(message), "ttl": JSON(ttl), "tag": 1_109]
    }

    @Test func `a message of 96 KiB goes through, one byte more does not`() async throws {
        try await RunningRelay.with { relay in
            let (alice, bob) = (try await TestClient.connect(relay), try await TestClient.connect(relay))
            try await bob.subscribe(.test(1))
            let most = String(repeating: "x", count: 98_304)
            try await alice.send("irn_publish", publish(message: most), id: 1_795_216_684_473_554)
            #expect(try await bob.pushes(1)[0].message == most)
            for message in [most + "x", String(repeating: "é", count: 49_153)] {
                let error = try await error(alice, "irn_publish", publish(message: message))
                #expect(error.code == -32_600 && error.tag == "PayloadSizeExceeded")
                #expect(
                    error.message.hasSuffix("Payload size limit exceeded. Maximum size for tag 1109 is 98304"))
            }
        }
    }

    @Test func `what is wrong with a call is said by its tag`() async throws {
        try await RunningRelay.with { relay in
            let client = try await TestClient.connect(relay)
            let topic: JSON = .string(Topic.test(1).hex)
            let many: JSON = .array((0..<501).map { .string(Topic.test($0).hex) })
            let cases: [(String, JSON, String, Int64)] = [
                ("irn_publish", publish(ttl: 0), "TtlTooShort", -32_000),
                ("irn_publish", publish(ttl: 604_801), "TtlTooLong", -32_000),
                ("irn_publish", publish(message: ""), "InvalidParams", -32_600),
                ("irn_publish", ["topic": "abc", "message": "m", "ttl": 1, "tag": 1], "InvalidTopic", -32_600),
                ("irn_subscribe", ["topic": "invalid"], "InvalidTopic", -32_600),
                ("irn_subscribe", [:], "InvalidParams", -32_600),
                ("irn_batchSubscribe", ["topics": []], "BatchEmpty", -32_600),
                ("irn_batchSubscribe", ["topics": many], "BatchLimitExceeded", -32_600),
                ("irn_batchFetchMessages", ["topics": many], "BatchLimitExceeded", -32_600),
                ("irn_nothing", ["topic": topic], "InvalidMethod", -32_600),
                ("irn_watchRegister", ["registerAuth": "a.b.c"], "InvalidJwt", -32_000),
            ]
            for (method, params, tag, code) in cases {
                let error = try await error(client, method, params)
                #expect(error.tag == tag && error.code == code, "\(method) \(tag)")
            }
            #expect(try await error(client, "irn_subscribe", ["topic": topic], id: 1).tag == "InvalidRequestId")
            #expect(try await error(client, "irn_publish", publish(), id: 999_999_999).tag == "InvalidRequestId")
        }
    }

    @Test func `frames that are none are answered with id 0, and the connection stays`() async throws {
        try await RunningRelay.with { relay in
            let client = try await TestClient.connect(relay)
            let frames = [
                "", "x", "{", "[]", "null", "{}", #"{"id":1}"#, #"{"id":null,"jsonrpc":"2.0","method":"irn_publish"}"#,
                #"{"id":1795216684473554,"jsonrpc":"1.0","method":"irn_subscribe"}"#, "{\"id\":\"\u{0}\"}",
                String(repeating: "[", count: 10_000), #"{"id":1795216684473554,"jsonrpc":"2.0","method":7}"#,
            ]
            for text in frames {
                try await client.socket.send(text)
                guard case .refusal(let id, _) = try await client.nextFrame() else {
                    Issue.record("\(text.prefix(60)) was not refused")
                    continue
                }
                #expect(id == 0 || id == 1 || id == 1_795_216_684_473_554, "\(text.prefix(60))")
            }
            try await client.settle()
        }
    }

    @Test func `random and cut frames never break it`() async throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = Seeded(state: seed)
        try await RunningRelay.with { relay in
            let client = try await TestClient.connect(relay)
            let sample = Array(
                #"{"id":1795216684473554,"jsonrpc":"2.0","method":"irn_publish","params":{"topic":"\#(Topic.test(1).hex)","message":"hello","ttl":300,"tag":1100}}"#
                    .utf8)
            for _ in 0..<2_000 {
                var bytes = sample
                switch random.next() % 3 {
                case 0: bytes = Array(bytes.prefix(Int(random.next() % UInt64(bytes.count))))
                case 1: bytes[Int(random.next() % UInt64(bytes.count))] ^= UInt8(1 << (random.next() % 8))
                default:
                    bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: Int(random.next() % UInt64(bytes.count)))
                }
                try await client.socket.write(RawSocket.frame(opcode: 1, bytes))
                _ = try await client.nextFrame()
            }
            #expect(Bool(true), "seed \(seed)")
        }
    }

    @Test func `too many calls are refused, and the rest goes on`() async throws {
        let clock = ManualClock(Timestamp(milliseconds: 1_800_000_000_000))
        var settings = RelaySettings()
        settings.limits.callsBurst = 10
        settings.limits.callsPerSecond = 1
        try await RunningRelay.with(settings: settings, clock: clock.clock) { relay in
            let client = try await TestClient.connect(relay)
            for _ in 0..<10 { try await client.settle() }
            let refused = try await error(client, "irn_publish", publish())
            #expect(refused.code == 3_001 && refused.message == "Too many requests")
            clock.advance(seconds: 2)
            try await client.settle()
            try await client.settle()
            #expect(try await error(client, "wc_createTopic", ["topic": .string(Topic.test(1).hex)]).code == 3_001)
        }
    }

    @Test func `topics of a client, readers of a topic and messages of a mailbox are bounded`() async throws {
        var settings = RelaySettings()
        settings.limits.topicsPerClientMax = 3
        settings.limits.clientsPerTopicMax = 2
        settings.limits.mailboxPerTopicMax = 2
        try await RunningRelay.with(settings: settings) { relay in
            let clients = [
                try await TestClient.connect(relay), try await TestClient.connect(relay),
                try await TestClient.connect(relay),
            ]
            for number in 1...3 { try await clients[0].subscribe(.test(number)) }
            try await clients[0].subscribe(.test(2))
            let fourth = try await error(clients[0], "irn_subscribe", ["topic": .string(Topic.test(4).hex)])
            #expect(fourth.tag == "SubscriberLimitExceeded" && fourth.code == -32_000)
            let mixed = try await clients[0].call(
                "irn_batchSubscribeBlocking", ["topics": [.string(Topic.test(1).hex), .string(Topic.test(5).hex)]])
            #expect(mixed[0]?["id"]?.string != nil)
            #expect(mixed[1]?["error"]?["data"] == "SubscriberLimitExceeded")
            try await clients[1].subscribe(.test(1))
            let third = try await error(clients[2], "irn_subscribe", ["topic": .string(Topic.test(1).hex)])
            #expect(third.tag == "SubscriberLimitExceeded")
            try await clients[2].publish(.test(9), "one")
            try await clients[2].publish(.test(9), "two")
            let full = try await error(
                clients[2], "irn_publish",
                ["topic": .string(Topic.test(9).hex), "message": "three", "ttl": 60, "tag": 1])
            #expect(full.tag == "MailboxLimitExceeded" && full.code == -32_000)
            // Who takes one makes room.
            try await clients[1].subscribe(.test(9))
            try await clients[1].pushes(2)
            try await clients[1].settle()
            try await clients[2].publish(.test(9), "three")
        }
    }

    private struct Seeded {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var value = state
            value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
            value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
            return value ^ (value >> 31)
        }
    }
}
