import Cryptography
import Primitives
import Testing

@testable import WalletConnectProtocol

@Suite(.enabled(if: Vectors.arePresent, Comment(rawValue: Vectors.absence)))
struct RelayFrameVectorTests {
    static let file = "relay_rpc.json"
    static let topic = "c4163cf65859106b3f5435fc296e7765411178ed452d1c30337a6230138c9840"

    @Test(arguments: Vectors.cases(file, "serialized_text") + Vectors.cases(file, "serialized_messages"))
    func `published frames are read, and written to the byte`(_ given: Vectors.Case) throws {
        let published = given.json.string ?? given.json.text
        // The published deliveries and one publication name topics that are none; a checked topic is what the rule wants.
        let text = published.replacing(#""topic":"topic""#, with: #""topic":"\#(Self.topic)""#)
            .replacing(#""topic":"test_topic""#, with: #""topic":"\#(Self.topic)""#)
            .replacing(#""id":"test_id""#, with: #""id":"\#(Self.topic)""#)
        if text != published {
            #expect(throws: RelayFrameError.self) { try RelayFrame.parse(Array(published.utf8)) }
        }
        let frame = try RelayFrame.parse(Array(text.utf8))
        #expect(try RelayFrame.parseJSON(Array(text.utf8)) == frame)
        #expect(frame.text == text.replacing("iridium_", with: "irn_"))
        #expect(try RelayFrame.parse(frame.encoded()) == frame)
    }

    @Test(arguments: Vectors.cases(file, "request_examples"))
    func `examples of the specification are read`(_ given: Vectors.Case) throws {
        let frame = try RelayFrame.parse(given.json.serialized())
        #expect(frame.id == .number(given.int("id")))
        #expect(try RelayFrame.parse(frame.encoded()) == frame)
    }

    @Test(arguments: Vectors.cases(file, "validation"))
    func `faults are found as published`(_ given: Vectors.Case) throws {
        let text = Self.frame(given)
        let frame: RelayFrame
        do {
            frame = try RelayFrame.parse(Array(text.utf8))
        } catch {
            #expect(error.error.tag == given["error"]?.string, "\(text)")
            return
        }
        let id = try #require(frame.id)
        #expect(RelayFrame.requestIDError(id)?.tag == given["error"]?.string)
    }

    @Test func `analytics are the same flat and nested`() throws {
        let forms = try #require(try Vectors.json(Self.file)["analytics_forms_equal"])
        let calls = try ["flat", "nested"].map { form -> RelayFrame in
            var members = try #require(JSON.parse(#"{"topic":"\#(Self.topic)","message":"m","ttl":1,"tag":2}"#).members)
            members += try #require(forms[form]?.members)
            let json: JSON = [
                "id": "1756836372126227968", "jsonrpc": "2.0", "method": "irn_publish", "params": .object(members),
            ]
            return try RelayFrame.parse(json.serialized())
        }
        #expect(calls[0] == calls[1])
        guard case .call(.text("1756836372126227968"), .publish(let publish)) = calls[0] else {
            Issue.record("not a publication: \(calls[0])")
            return
        }
        #expect(publish.analytics?.correlationID == 1_756_836_363_734_797)
        #expect(publish.analytics?.chainID == "eip155:8453")
        #expect(publish.analytics?.contractAddresses?.count == 1)
    }

    @Test(arguments: Vectors.cases(file, "batch_subscribe_blocking_result"))
    func `errors inside a batch's result are read`(_ given: Vectors.Case) throws {
        guard let json = given["error"] else {
            #expect(try SubscriptionID(hex: given.text("id")).hex == given.text("id"))
            return
        }
        let error = RelayError(json: json)
        #expect(error == RelayError(.batchLimitExceeded))
        #expect(error.json == json)
        #expect(error.kind == .batchLimitExceeded)
    }

    @Test func `every published tag is in the table under its number`() throws {
        let tags = try #require(try Vectors.json(Self.file)["error_tags"]?.members)
        for group in tags {
            let code = try #require(Int64(group.name.split(separator: "_")[1]))
            for tag in group.value.array! {
                let error = RelayError(code: code, message: "", tag: tag.string!)
                #expect(error.kind?.tag == tag.string && error.kind?.code == code, "\(group.name) \(tag)")
            }
        }
        #expect(Set(RelayError.Kind.allCases.map { "\($0.code) \($0.tag)" }).count == RelayError.Kind.allCases.count)
    }

    @Test(arguments: Vectors.cases("handshake_transcript.json", "relay_calls"))
    func `the calls of a handshake are read and written`(_ given: Vectors.Case) throws {
        let json: JSON = [
            "id": "1760000000000000001", "jsonrpc": "2.0", "method": given["method"]!, "params": given["params"]!,
        ]
        let frame = try RelayFrame.parse(json.serialized())
        #expect(try RelayFrame.parse(frame.encoded()) == frame)
        let steps = try Vectors.json("handshake_transcript.json")["steps"]!.array!
        func step(_ name: String) -> JSON { steps.first { $0["step"]!.string == name }! }
        func agrees(_ publish: RelayPublish, _ step: JSON) -> Bool {
            publish.topic.hex == step["topic"]!.string && publish.message == step["message_base64"]!.string
                && Int64(publish.tag) == step["tag"]!.int && Int64(publish.ttlSeconds) == step["ttl"]!.int
                && publish.prompt == step["prompt"]!.bool
        }
        switch frame {
        case .call(_, .propose(let proposal)):
            #expect(agrees(proposal.publish, step("wc_sessionPropose")))
            #expect(proposal.analytics?.correlationID == 1_760_000_000_000_001)
        case .call(_, .approve(let approval)):
            #expect(agrees(approval.publishes[0], step("wc_sessionSettle")))
            #expect(agrees(approval.publishes[1], step("wc_sessionPropose response")))
            #expect(approval.approvedChains == ["eip155:1"])
        default: Issue.record("another call: \(frame)")
        }
    }

    /// A frame with the fault that a case of `validation` describes.
    private static func frame(_ given: Vectors.Case) -> String {
        let id = given["id"]?.int ?? 1_000_000_000
        let version = given["jsonrpc"]?.string ?? "2.0"
        let method = given["method"]?.string ?? "irn_subscribe"
        let named = given["topic"]?.string ?? topic
        let count = Int(given["items"]?.int ?? 1)
        func batch(_ element: String) -> String {
            "[" + [String](repeating: element, count: count).joined(separator: ",") + "]"
        }
        let params =
            switch method {
            case "irn_publish": #"{"topic":"\#(named)","message":"m","ttl":1,"tag":0}"#
            case "irn_subscription":
                #"{"id":"\#(given["params.id"]?.string ?? topic)","data":{"topic":"\#(named)","message":"m","publishedAt":1,"tag":0}}"#
            case "irn_batchSubscribe", "irn_batchFetchMessages": #"{"topics":\#(batch("\"\(named)\""))}"#
            case "irn_batchUnsubscribe": #"{"subscriptions":\#(batch(#"{"topic":"\#(named)"}"#))}"#
            case "irn_batchReceive": #"{"receipts":\#(batch(#"{"topic":"\#(named)","message_id":1}"#))}"#
            default: #"{"topic":"\#(named)"}"#
            }
        return #"{"id":\#(id),"jsonrpc":"\#(version)","method":"\#(method)","params":\#(params)}"#
    }
}

struct RelayFrameTests {
    static let topic = Topic(Hash32(repeating: 0xC4))
    static let hex = topic.hex
    static let other = Topic(Hash32(repeating: 0x0F))
    static let subscription = SubscriptionID(topic: topic, client: DIDKey(Ed25519.PrivateKey.of(1).publicKey))
    static let full = RelayPublish(
        topic: topic, message: "AAé\"\\\u{1}=", ttlSeconds: .max, tag: 1108, prompt: true, attestation: "a.b.c",
        analytics: RelayAnalytics(
            correlationID: -1, chainID: "eip155:1", rpcMethods: [], txHashes: ["0x1"],
            contractAddresses: ["0x2", "0x3"]))
    static let approval = {
        var approval = RelayApproval(
            sessionTopic: topic, pairingTopic: other, sessionProposalResponse: "r", sessionSettlementRequest: "s",
            ttlSeconds: 300, analytics: RelayAnalytics(correlationID: 5))
        approval.approvedAccounts = ["eip155:1:0x"]
        approval.sessionProperties = ["a": [1, nil]]
        approval.scopedProperties = "text"
        return approval
    }()

    static let frames: [RelayFrame] = [
        .call(id: 1, .publish(full)), .call(id: .text("1795216684473554432"), .batchPublish([full, full])),
        .call(id: 1_795_216_684_473_554_432, .subscribe(topic, blocking: false)),
        .call(id: 2, .subscribe(topic, blocking: true)),
        .call(id: 2, .batchSubscribe([topic, other], blocking: false)),
        .call(id: 2, .batchSubscribe([topic], blocking: true)), .call(id: 2, .unsubscribe(topic, id: nil)),
        .call(id: 2, .unsubscribe(topic, id: "anything")),
        .call(id: 2, .batchUnsubscribe([.init(topic: topic), .init(topic: other, id: "x")])),
        .call(id: 2, .fetch([topic], batch: false)), .call(id: 2, .fetch([topic, other], batch: true)),
        .call(id: 2, .receive([.init(topic: topic, messageID: 5), .init(topic: other, messageID: .text("6"))])),
        .call(id: 2, .watchRegister(token: "t")), .call(id: 2, .watchUnregister(token: "t")),
        .call(id: 2, .createTopic(topic)), .call(id: 2, .approve(approval)),
        .call(
            id: 2,
            .propose(RelayProposal(pairingTopic: topic, sessionProposal: "p", attestation: "a", ttlSeconds: 300))),
        .answer(id: 2, true), .answer(id: .text("9n"), [["id": "x"]]), .answer(id: 2, .null),
        .refusal(id: 2, RelayError(.invalidTopic)), .refusal(id: 0, RelayError(code: 7, message: "m")),
        .push(
            id: 2,
            RelayPush(
                subscription: subscription, topic: other, message: "m", publishedAt: Timestamp(milliseconds: 1), tag: 0,
                attestation: "a")),
    ]

    @Test(arguments: frames)
    func `every frame survives and is written without spaces`(frame: RelayFrame) throws {
        #expect(frame.text.hasPrefix(#"{"id":"#))
        #expect(try RelayFrame.parse(frame.encoded()) == frame)
        #expect(try JSON.parse(frame.encoded()).serialized() == frame.encoded())
    }

    @Test(arguments: frames)
    func `every cut and every flipped bit gives a frame or a typed error`(frame: RelayFrame) {
        let bytes = frame.encoded()
        for count in bytes.indices {
            #expect(throws: RelayFrameError.self) { try RelayFrame.parse(Array(bytes.prefix(count))) }
        }
        #expect(throws: RelayFrameError.self) { try RelayFrame.parse(bytes + [0x7D]) }
        for position in bytes.indices {
            for bit in 0..<8 {
                var wrong = bytes
                wrong[position] ^= 1 << UInt8(bit)
                #expect(
                    outcome { () throws(RelayFrameError) in try RelayFrame.parse(wrong) }
                        == outcome { () throws(RelayFrameError) in try RelayFrame.parseJSON(wrong) })
            }
        }
    }

    @Test(arguments: [
        "1795216684473554432", #""1795216684473554432""#, #""1795211331627000001n""#, "1767225600000",
        "9223372036854775807",
    ])
    func `an id comes back with the same digits and type`(id: String) throws {
        let text = #"{"id":\#(id),"jsonrpc":"2.0","method":"irn_subscribe","params":{"topic":"\#(Self.hex)"}}"#
        let frame = try RelayFrame.parse(Array(text.utf8))
        #expect(frame.text == text)
        #expect(RelayFrame.answer(id: frame.id!, true).text == #"{"id":\#(id),"jsonrpc":"2.0","result":true}"#)
        #expect(RelayFrame.requestIDError(frame.id!) == nil)
    }

    @Test func `a relay refuses ids below a thousand million and ids that are no numbers`() {
        #expect(RelayFrame.requestIDError(1_000_000_000) == nil)
        for id: RPCID in [999_999_999, 0, -1, .number(.min), .text("999999999"), .text("x"), .text("")] {
            #expect(RelayFrame.requestIDError(id)?.tag == "InvalidRequestId")
        }
    }

    @Test func `faults are found in the order id, version, method, parameters`() {
        #expect(tag(#"{"jsonrpc":"1","method":"x","params":1}"#) == "InvalidRequestId")
        #expect(tag(#"{"id":[],"jsonrpc":"1","method":"x"}"#) == "InvalidRequestId")
        #expect(tag(#"{"id":1,"jsonrpc":"1","method":"x","params":1}"#) == "InvalidJsonRpcVersion")
        #expect(tag(#"{"id":1,"method":"irn_subscribe","params":1}"#) == "InvalidJsonRpcVersion")
        #expect(tag(#"{"id":1,"jsonrpc":"2.0","method":"x","params":1}"#) == "InvalidMethod")
        #expect(tag(#"{"id":1,"jsonrpc":"2.0","method":5,"params":1}"#) == "InvalidMethod")
        #expect(tag(#"{"id":1,"jsonrpc":"2.0","method":"irn_subscribe","params":1}"#) == "InvalidParams")
        #expect(tag(#"{"id":1,"jsonrpc":"2.0","method":"irn_subscribe"}"#) == "InvalidParams")
        #expect(tag(#"{"id":1,"jsonrpc":"2.0","method":"irn_subscribe","params":{"topic":5}}"#) == "InvalidTopic")
        #expect(tag("") == "Serialization")
        #expect(tag("[]") == "Serialization")
        #expect(tag(#"{"id":1,"jsonrpc":"2.0"}"#) == "InvalidParams")
        #expect(tag(#"{"id":1,"jsonrpc":"2.0","result":1,"error":{}}"#) == "InvalidParams")
    }

    @Test(arguments: [
        #""ttl":-1"#, #""ttl":4294967296"#, #""ttl":1.5"#, #""ttl":"1""#, #""tag":-1"#, #""tag":99999999999999999999"#,
        #""tag":null"#, #""prompt":1"#, #""message":"""#, #""message":5"#, #""attestation":5"#,
    ])
    func `a publication with one wrong member is refused`(member: String) {
        var members = [
            "topic": #""topic":"\#(Self.hex)""#, "message": #""message":"m""#, "ttl": #""ttl":1"#, "tag": #""tag":1"#,
        ]
        members[String(member.dropFirst().prefix { $0 != "\"" })] = member
        let params = members.values.joined(separator: ",")
        #expect(
            tag(#"{"id":1,"jsonrpc":"2.0","method":"irn_publish","params":{\#(params)}}"#) == "InvalidParams")
    }

    @Test func `what is unknown is ignored, and null is nothing`() throws {
        let text = """
            {"extra":[1],"params":{"topic":"\(Self.hex)","x":{},"message":"m","ttl":1,"tag":0,"prompt":null,\
            "attestation":null,"correlationId":"5","rpcMethods":[1,"a"],"tvf":null},"method":"iridium_publish",\
            "jsonrpc":"2.0","id":1}
            """
        let expected = RelayPublish(
            topic: Self.topic, message: "m", ttlSeconds: 1, tag: 0, analytics: RelayAnalytics(rpcMethods: ["a"]))
        #expect(try RelayFrame.parse(Array(text.utf8)) == .call(id: 1, .publish(expected)))
    }

    @Test func `both spellings of a receipt's message are read`() throws {
        for name in ["message_id", "messageId"] {
            let text = """
                {"id":1,"jsonrpc":"2.0","method":"irn_batchReceive","params":{"receipts":[{"topic":"\(Self.hex)",\
                "\(name)":123}]}}
                """
            #expect(
                try RelayFrame.parse(Array(text.utf8))
                    == .call(id: 1, .receive([RelayReceipt(topic: Self.topic, messageID: 123)])))
        }
        let empty =
            #"{"id":1,"jsonrpc":"2.0","method":"irn_batchReceive","params":{"receipts":[{"topic":"\#(Self.hex)"}]}}"#
        #expect(tag(empty) == "InvalidParams")
    }

    @Test func `an acknowledgement needs no version`() throws {
        #expect(
            try RelayFrame.parse(Array(#"{"id":"1795211331627000001n","result":true}"#.utf8))
                == .answer(id: .text("1795211331627000001n"), true))
        #expect(tag(#"{"id":1,"jsonrpc":"1.0","result":true}"#) == "InvalidJsonRpcVersion")
        #expect(tag(#"{"result":true}"#) == "InvalidRequestId")
    }

    @Test func `a refusal needs no more than an error`() throws {
        for (text, error) in [
            ("{}", RelayError(.unknown)), (#""boom""#, RelayError(code: -32_603, message: "boom")),
            (
                #"{"code":3000,"message":"Auth error: x","data":"MissingJwt"}"#,
                RelayError(code: 3000, message: "Auth error: x", tag: "MissingJwt")
            ),
        ] {
            let frame = try RelayFrame.parse(Array(#"{"id":0,"jsonrpc":"2.0","error":\#(text)}"#.utf8))
            guard case .refusal(0, let read) = frame else {
                Issue.record("\(frame)")
                continue
            }
            #expect(read.code == error.code)
            #expect(read.tag == error.tag || error == RelayError(.unknown))
        }
        #expect(
            RelayFrame.refusal(id: nil, RelayError(.serialization)).text.hasPrefix(
                #"{"id":0,"jsonrpc":"2.0","error":{"code":-32600,"#))
    }

    @Test func `nesting, huge numbers and long texts are refused before they cost`() {
        #expect(tag(String(repeating: "[", count: 1 << 20)) == "Serialization")
        #expect(tag(String(repeating: #"{"a":"#, count: 1 << 16)) == "Serialization")
        #expect(tag(#"{"id":\#(String(repeating: "9", count: 1 << 16))}"#) == "Serialization")
        #expect(tag(#"{"id":99999999999999999999,"jsonrpc":"2.0","method":"x"}"#) == "InvalidRequestId")
        #expect(tag(String(repeating: " ", count: RelayFrame.limits.bytesMax + 1)) == "Serialization")
        let number =
            #"{"id":1,"jsonrpc":"2.0","method":"irn_publish","params":{"topic":"\#(Self.hex)","message":"m","ttl":1e400,"tag":1}}"#
        #expect(tag(number) == "InvalidParams")
    }

    private func tag(_ text: String) -> String? {
        do {
            _ = try RelayFrame.parse(Array(text.utf8))
            return nil
        } catch {
            return error.error.tag
        }
    }
}

/// What a reader made of some bytes, comparable.
func outcome(
    _ read: () throws(RelayFrameError) -> RelayFrame
) -> Result<RelayFrame, RelayFrameError> {
    do throws(RelayFrameError) {
        return .success(try read())
    } catch {
        return .failure(error)
    }
}
