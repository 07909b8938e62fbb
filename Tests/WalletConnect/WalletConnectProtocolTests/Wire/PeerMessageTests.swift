import Primitives
import Testing

@testable import WalletConnectProtocol

@Suite(.enabled(if: Vectors.arePresent, Comment(rawValue: Vectors.absence)))
struct PeerMessageVectorTests {
    static let file = "jsonrpc.json"

    @Test(arguments: Vectors.cases(file, "valid_requests"))
    func `published calls are read`(_ given: Vectors.Case) throws {
        let params = given["params"] ?? .null
        let expected: PeerMessage =
            given["id"] == nil
            ? .notification(method: given.text("method"), params: params)
            : .request(id: .number(given.int("id")), method: given.text("method"), params: params)
        #expect(try PeerMessage(plaintext: given.json.serialized()) == expected)
        #expect(try PeerMessage(plaintext: expected.encoded()) == expected)
    }

    @Test(arguments: Vectors.cases(file, "invalid_requests") + Vectors.cases(file, "invalid_responses"))
    func `published faults are refused`(_ given: Vectors.Case) {
        let expected: FrameError =
            if given["jsonrpc"]?.string != "2.0" {
                .wrongVersion
            } else if given["method"] != nil {
                .invalidParams
            } else if given["id"] == nil {
                .missingID
            } else if given["result"] != nil {
                .resultAndError
            } else {
                .neitherResultNorError
            }
        #expect(throws: expected) { try PeerMessage(plaintext: given.json.serialized()) }
    }

    @Test(arguments: Vectors.cases(file, "valid_responses"))
    func `published answers are read`(_ given: Vectors.Case) throws {
        let bytes = given.json.serialized()
        if given["id"]?.isNull == true {
            // Nobody waits for an answer to nothing; a relay's refusal of this kind is read by RelayFrame.
            #expect(throws: FrameError.missingID) { try PeerMessage(plaintext: bytes) }
            #expect(try RelayFrame.parse(bytes).id == nil)
            return
        }
        let id = RPCID.number(given.int("id"))
        if let result = given["result"] {
            #expect(try PeerMessage(plaintext: bytes) == .result(id: id, result))
        } else {
            let error = try #require(given["error"])
            #expect(
                try PeerMessage(plaintext: bytes)
                    == .failure(
                        id: id,
                        PeerError(
                            code: error["code"]!.int, message: error["message"]!.string, data: error["data"])))
        }
    }

    @Test(arguments: Vectors.cases(file, "standard_errors"))
    func `the standard's errors have the standard's texts`(_ given: Vectors.Case) {
        let error = JSONRPCError(rawValue: given.int("code"))
        #expect(error?.text == given.text("message"))
        #expect(error?.peerError() == PeerError(code: given.int("code"), message: given.text("message")))
    }

    @Test func `codes are sorted as published`() throws {
        let rules = try #require(try Vectors.json(Self.file)["code_rules"])
        for pair in rules["server_error"]!.array! {
            #expect(JSONRPCError.isServerError(pair[0]!.int!) == pair[1]!.bool)
        }
        for pair in rules["reserved"]!.array! {
            #expect(JSONRPCError.isReserved(pair[0]!.int!) == pair[1]!.bool)
        }
    }

    @Test(arguments: Vectors.cases("errors.json", "sdk") + Vectors.cases("errors.json", "internal"))
    func `every error has its published number and text`(_ given: Vectors.Case) throws {
        let error = try #require(SDKError(rawValue: given.text("key")))
        #expect(error.code == given.int("code"))
        #expect(error.message() == given.text("message"))
        #expect(error.message("more") == given.text("message") + " more")
        #expect(error.message("") == given.text("message"))
        #expect(error.peerError("x") == PeerError(code: given.int("code"), message: given.text("message") + " x"))
    }

    @Test func `the table has every published number and no other`() throws {
        let json = try Vectors.json("errors.json")
        let published = ["sdk", "internal", "spec_only"].flatMap { json[$0]!.array! }.map { $0["code"]!.int! }
        #expect(SDKError.allCases.map(\.code).sorted() == published.sorted())
    }

    @Test func `every method has its published rules`() throws {
        let json = try Vectors.json("rpc_options.json")
        for member in json["js"]!.members! {
            let rules =
                member.name == "unregistered_method"
                ? WCMethod.unregistered : try #require(WCMethod(rawValue: member.name)).rules
            #expect(rule(member.value["req"]) == rules.request)
            #expect(rule(member.value["res"]) == rules.response)
            #expect(rule(member.value["reject"]) == rules.reject)
            #expect(rule(member.value["autoReject"]) == rules.autoReject)
        }
        let extend = try #require(json["other"]?["wc_pairingExtend (spec)"])
        #expect(WCMethod.pairingExtend.rules.request.tag == UInt32(extend["req_tag"]!.int!))
        #expect(WCMethod.pairingExtend.rules.response.tag == UInt32(extend["res_tag"]!.int!))
        #expect(WCMethod.pairingExtend.rules.request.ttlSeconds == UInt32(extend["ttl"]!.int!))
        #expect(json["js"]!.members!.count == WCMethod.allCases.count)
    }

    @Test func `lives have their published lengths`() throws {
        let bounds = try #require(try Vectors.json("rpc_options.json")["bounds"])
        #expect(bounds["session_expiry"]?.int == Lifetime.sessionSeconds)
        #expect(bounds["proposal_expiry"]?.int == Lifetime.proposalSeconds)
        #expect(bounds["request_expiry_min"]?.int == Lifetime.requestSecondsRange.lowerBound)
        #expect(bounds["request_expiry_max"]?.int == Lifetime.requestSecondsRange.upperBound)
        #expect(bounds["request_expiry_default"]?.int == Lifetime.requestSeconds)
        #expect(bounds["authenticate_expiry_min"]?.int == Lifetime.authenticateSecondsMin)
        #expect(bounds["pairing_inactive"]?.int == Lifetime.inactivePairingSeconds)
        #expect(bounds["pairing_active_js"]?.int == Lifetime.activePairingSeconds)
        #expect(bounds["pairing_active_spec"]?.int == Lifetime.activePairingSecondsSpecified)
        #expect(bounds["history_record"]?.int == Lifetime.historySeconds)
        #expect(bounds["publish_default_ttl"]?.int == Int64(Lifetime.publishSeconds))
        #expect(bounds["jwt_ttl"]?.int == Lifetime.tokenSeconds)
        #expect(bounds.members?.count == 12)
    }

    private func rule(_ json: JSON?) -> PublishRule? {
        guard let tag = json?["tag"]?.int, let ttl = json?["ttl"]?.int, let prompt = json?["prompt"]?.bool else {
            return nil
        }
        return PublishRule(tag: UInt32(tag), ttlSeconds: UInt32(ttl), prompt: prompt)
    }
}

struct PeerMessageTests {
    @Test(arguments: [
        ("{}", PeerError()), (#""text""#, PeerError(message: "text")), ("null", PeerError()), ("[]", PeerError()),
        (#"{"code":"5000","message":7}"#, PeerError()), (#"{"code":5000.5}"#, PeerError()),
        (#"{"code":5000}"#, PeerError(code: 5000)), (#"{"message":"m"}"#, PeerError(message: "m")),
        (#"{"code":1,"message":"m","data":{"a":[1]}}"#, PeerError(code: 1, message: "m", data: ["a": [1]])),
    ])
    func `a failure needs neither code nor message`(error: String, expected: PeerError) throws {
        let text = #"{"id":1,"jsonrpc":"2.0","error":\#(error)}"#
        #expect(try PeerMessage(plaintext: Array(text.utf8)) == .failure(id: 1, expected))
    }

    @Test func `the member that does not apply may be there as null`() throws {
        func read(_ text: String) throws -> PeerMessage { try PeerMessage(plaintext: Array(text.utf8)) }
        #expect(try read(#"{"id":1,"jsonrpc":"2.0","result":true,"error":null}"#) == .result(id: 1, true))
        #expect(try read(#"{"id":1,"jsonrpc":"2.0","result":null,"error":null}"#) == .result(id: 1, .null))
        #expect(
            try read(#"{"id":1,"jsonrpc":"2.0","result":null,"error":{"code":5000,"message":"No."}}"#)
                == .failure(id: 1, PeerError(code: 5000, message: "No.")))
        #expect(throws: FrameError.resultAndError) {
            try read(#"{"id":1,"jsonrpc":"2.0","result":true,"error":{"code":5000}}"#)
        }
    }

    @Test func `null is a result`() throws {
        let text = #"{"id":1,"jsonrpc":"2.0","result":null}"#
        #expect(try PeerMessage(plaintext: Array(text.utf8)) == .result(id: 1, .null))
        #expect(PeerMessage.result(id: 1, .null).encoded() == Array(text.utf8))
    }

    @Test(arguments: [
        (PeerMessage.request(id: 1, method: "m", params: .null), #"{"id":1,"jsonrpc":"2.0","method":"m"}"#),
        (.request(id: 1, method: "m", params: [:]), #"{"id":1,"jsonrpc":"2.0","method":"m","params":{}}"#),
        (.notification(method: "m", params: .null), #"{"jsonrpc":"2.0","method":"m"}"#),
        (.result(id: .text("a"), true), #"{"id":"a","jsonrpc":"2.0","result":true}"#),
        (.failure(id: 1, PeerError()), #"{"id":1,"jsonrpc":"2.0","error":{}}"#),
        (
            .failure(id: 1, SDKError.userRejected.peerError()),
            #"{"id":1,"jsonrpc":"2.0","error":{"code":5000,"message":"User rejected."}}"#
        ),
    ])
    func `messages are written as JavaScript writes them`(message: PeerMessage, text: String) {
        #expect(String(decoding: message.encoded(), as: UTF8.self) == text)
    }

    @Test(arguments: [
        (#"{"id":1,"result":true}"#, FrameError.missingVersion), (#"{"id":1,"method":"m"}"#, .missingVersion),
        (#"{"id":1,"jsonrpc":2.0,"result":1}"#, .wrongVersion), ("[]", .notAnObject), ("1", .notAnObject),
        (#"{"id":{},"jsonrpc":"2.0","result":1}"#, .invalidID), (#"{"id":"","jsonrpc":"2.0","result":1}"#, .invalidID),
        (#"{"id":1.5,"jsonrpc":"2.0","result":1}"#, .invalidID),
        (#"{"id":9223372036854775808,"jsonrpc":"2.0","result":1}"#, .invalidID),
        (#"{"id":true,"jsonrpc":"2.0","method":"m"}"#, .invalidID),
        (#"{"id":1,"jsonrpc":"2.0","method":7}"#, .invalidMethod),
        (#"{"id":1,"jsonrpc":"2.0","method":""}"#, .invalidMethod),
        (#"{"jsonrpc":"2.0","result":1}"#, .missingID), (#"{"id":null,"jsonrpc":"2.0","result":1}"#, .missingID),
        ("", .json(JSONError(.unexpectedEnd, offset: 0))),
        (#"{"id":1,"id":1,"jsonrpc":"2.0","result":1}"#, .json(JSONError(.duplicateKey, offset: 8))),
    ])
    func `every fault has its own error`(text: String, error: FrameError) {
        #expect(throws: error) { try PeerMessage(plaintext: Array(text.utf8)) }
    }

    @Test(arguments: [
        "1", "0", "-5", #""1""#, #""1795216684473554432""#, "1795216684473554432", #""1795216684473554432n""#,
        "9223372036854775807",
    ])
    func `an id keeps its digits and its type`(id: String) throws {
        let text = #"{"id":\#(id),"jsonrpc":"2.0","result":true}"#
        let message = try PeerMessage(plaintext: Array(text.utf8))
        #expect(String(decoding: message.encoded(), as: UTF8.self) == text)
    }

    @Test func `ids match by their digits`() {
        let number = RPCID.number(1_795_216_684_473_554_432)
        #expect(number.matches(.text("1795216684473554432")))
        #expect(number.matches(.text("1795216684473554432n")))
        #expect(RPCID.text("1795216684473554432n").matches(.text("1795216684473554432")))
        #expect(!number.matches(.text("1795216684473554433")))
        #expect(!number.matches(.text("1795216684473554432nn")))
        #expect(!number.matches(.number(1)))
        #expect(!RPCID.text("n").matches(.text("")))
        #expect(RPCID.text("an").matches(.text("an")))
        #expect(!RPCID.text("an").matches(.text("a")))
        #expect(RPCID.text("12n").int64 == 12)
        #expect(RPCID.text("x").int64 == nil)
        #expect(RPCID.text("99999999999999999999").int64 == nil)
        #expect(number != .text("1795216684473554432"))
    }

    @Test func `an id of another kind is none`() {
        for json: JSON in [.null, true, [], ["a": 1], .number("1e3"), .number("-0"), .string("")] {
            #expect(RPCID(json: json) == nil)
        }
        #expect(RPCID(json: .string(String(repeating: "1", count: 128))) != nil)
        #expect(RPCID(json: .string(String(repeating: "1", count: 129))) == nil)
    }

    @Test func `large and deep plaintexts are refused before they cost`() {
        let limits = PeerMessage.limits
        let deep = String(repeating: "[", count: 100_000)
        #expect(throws: FrameError.json(JSONError(.tooDeep, offset: limits.depthMax))) {
            try PeerMessage(plaintext: Array(deep.utf8))
        }
        let long = [UInt8](repeating: 0x20, count: limits.bytesMax + 1)
        #expect(throws: FrameError.json(JSONError(.textTooLong, offset: limits.bytesMax))) {
            try PeerMessage(plaintext: long)
        }
        let digits = #"{"id":\#(String(repeating: "9", count: 200)),"jsonrpc":"2.0","result":1}"#
        #expect(throws: FrameError.self) { try PeerMessage(plaintext: Array(digits.utf8)) }
    }

    @Test func `a large transaction fits`() throws {
        let data = "0x" + String(repeating: "ab", count: 100_000)
        let message = PeerMessage.request(
            id: 1, method: "wc_sessionRequest",
            params: ["request": ["method": "eth_sendTransaction", "params": [["data": .string(data)]]]])
        #expect(try PeerMessage(plaintext: message.encoded()) == message)
    }

    @Test func `cut and flipped plaintexts never trap`() {
        let text = Array(#"{"id":1760000000000001,"jsonrpc":"2.0","error":{"code":5000,"message":"User é"}}"#.utf8)
        for count in text.indices {
            #expect(throws: FrameError.self) { try PeerMessage(plaintext: Array(text.prefix(count))) }
        }
        for position in text.indices {
            for bit in 0..<8 {
                var wrong = text
                wrong[position] ^= 1 << UInt8(bit)
                _ = try? PeerMessage(plaintext: wrong)
            }
        }
    }
}
