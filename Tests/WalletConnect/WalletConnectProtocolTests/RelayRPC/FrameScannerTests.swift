import Primitives
import Testing

@testable import WalletConnectProtocol

struct FrameScannerTests {
    @Test func `both readers agree on random frames`() {
        var random = SeededRandom(printingSeedOf: "FrameScanner")
        let seed = random.seed
        var scanned = 0
        for _ in 0..<8_000 {
            let bytes = Array(FrameMaker.text(using: &random).utf8)
            if FrameScanner.scan(bytes.span) != nil { scanned += 1 }
            #expect(
                outcome { () throws(RelayFrameError) in try RelayFrame.parse(bytes) }
                    == outcome { () throws(RelayFrameError) in try RelayFrame.parseJSON(bytes) },
                "seed \(seed): \(String(decoding: bytes, as: UTF8.self))")
        }
        // The fast reader has to have had its share, or this test shows nothing.
        #expect(scanned > 1_600, "seed \(seed)")
    }

    @Test func `both readers agree on damaged frames`() {
        var random = SeededRandom(printingSeedOf: "FrameScanner damage")
        let seed = random.seed
        for _ in 0..<8_000 {
            var bytes = Array(FrameMaker.text(using: &random).utf8)
            for _ in 0..<Int.random(in: 1...2, using: &random) {
                let position = Int.random(in: bytes.indices, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[position] = .random(in: .min ... .max, using: &random)
                case 1: bytes[position] = Array(#"{}[],:"\0123456789truefalse"#.utf8).randomElement(using: &random)!
                case 2: if bytes.count > 1 { bytes.remove(at: position) }
                default: bytes.insert(bytes[position], at: position)
                }
            }
            #expect(
                outcome { () throws(RelayFrameError) in try RelayFrame.parse(bytes) }
                    == outcome { () throws(RelayFrameError) in try RelayFrame.parseJSON(bytes) },
                "seed \(seed): \(bytes)")
        }
    }

    @Test func `the frames of every client in use take the fast way`() {
        let hex = String(repeating: "4e", count: 32)
        for text in [
            #"{"id":"1795216684473554432","jsonrpc":"2.0","method":"irn_publish","params":{"topic":"\#(hex)","message":"AA==","ttl":300,"prompt":true,"tag":1100,"correlationId":1760000000000001,"chainId":"eip155:1","rpcMethods":["personal_sign"],"txHashes":[],"contractAddresses":["0x1"]}}"#,
            #"{"id":1795216684473554432,"jsonrpc":"2.0","method":"irn_publish","params":{"topic":"\#(hex)","message":"AA","ttl":0,"tag":0}}"#,
            #"{"jsonrpc":"2.0","id":1,"method":"irn_subscription","params":{"id":"\#(hex)","data":{"topic":"\#(hex)","message":"AA==","publishedAt":1760000000000,"tag":1108}}}"#,
            #"{"id":1760000000000001,"jsonrpc":"2.0","result":true}"#, #"{"id":"9n","result":true}"#,
            #"{"id":1,"jsonrpc":"2.0","result":"\#(hex)"}"#,
        ] {
            #expect(FrameScanner.scan(Array(text.utf8).span) != nil, "\(text)")
        }
    }

    @Test func `what is unusual is left to the complete reader`() {
        let hex = String(repeating: "4e", count: 32)
        let head = #"{"id":1,"jsonrpc":"2.0","method":"irn_publish","params":{"topic":"\#(hex)""#
        for text in [
            head + #","message":"a\n","ttl":1,"tag":1}}"#, head + #","message":"é","ttl":1,"tag":1}}"#,
            head + #","message":"a","ttl":1,"tag":1,"new":1}}"#, head + #","message":"a","ttl":01,"tag":1}}"#,
            head + #","message":"a","ttl":1,"tag":1} }"#, head + #","message":"a","ttl":1,"ttl":1,"tag":1}}"#,
            head + #","message":"a","ttl":1,"tag":1}}x"#, head + #","message":"a","ttl":1}}"#,
            head + #","message":"a","ttl":1,"tag":1,}}"#, head + #","message":"a","ttl":1,"tag":-1}}"#,
            #"{"id":1,"jsonrpc":"2.0","result":false}"#, "{}", "", "{", #"{"id":1}"#,
        ] {
            #expect(FrameScanner.scan(Array(text.utf8).span) == nil, "\(text)")
        }
        let long = #"{"id":1,"result":"\#(String(repeating: "a", count: FrameScanner.bytesMax))"}"#
        #expect(FrameScanner.scan(Array(long.utf8).span) == nil)
    }
}

/// Makes frames that are mostly usual and sometimes odd.
enum FrameMaker {
    static func text(using random: inout SeededRandom) -> String {
        var members = [member("id", id(using: &random)), member("jsonrpc", odd(#""2.0""#, #""1.0""#, using: &random))]
        switch Int.random(in: 0..<4, using: &random) {
        case 0, 1:
            members.append(member("method", odd(#""irn_publish""#, #""iridium_publish""#, using: &random)))
            members.append(member("params", publish(using: &random)))
        case 2:
            members.append(member("method", odd(#""irn_subscription""#, #""iridium_subscription""#, using: &random)))
            members.append(member("params", push(using: &random)))
        default: members.append(member("result", odd("true", #""text""#, "null", "5", "[]", using: &random)))
        }
        disturb(&members, using: &random)
        return object(members, using: &random)
    }

    private static func publish(using random: inout SeededRandom) -> String {
        var members = [
            member("topic", topic(using: &random)), member("message", message(using: &random)),
            member("ttl", number(using: &random)), member("tag", number(using: &random)),
        ]
        if Bool.random(using: &random) {
            members.append(member("prompt", odd("true", "false", "null", using: &random)))
        }
        if chance(4, using: &random) {
            members.append(member("attestation", odd(#""a.b""#, "null", "5", using: &random)))
        }
        if chance(2, using: &random) { members.append(member("correlationId", number(using: &random))) }
        if chance(3, using: &random) { members.append(member("chainId", odd(#""eip155:1""#, "1", using: &random))) }
        if chance(3, using: &random) { members.append(member("rpcMethods", texts(using: &random))) }
        if chance(3, using: &random) { members.append(member("txHashes", texts(using: &random))) }
        if chance(3, using: &random) { members.append(member("contractAddresses", texts(using: &random))) }
        if chance(20, using: &random) { members.append(member("tvf", #"{"correlationId":5}"#)) }
        disturb(&members, using: &random)
        return object(members, using: &random)
    }

    private static func push(using random: inout SeededRandom) -> String {
        var data = [
            member("topic", topic(using: &random)), member("message", message(using: &random)),
            member("publishedAt", number(using: &random)), member("tag", number(using: &random)),
        ]
        if chance(3, using: &random) { data.append(member("attestation", odd(#""a.b""#, "null", using: &random))) }
        disturb(&data, using: &random)
        var members = [member("id", topic(using: &random)), member("data", object(data, using: &random))]
        disturb(&members, using: &random)
        return object(members, using: &random)
    }

    /// Changes the order, repeats a member, adds or drops one: seldom.
    private static func disturb(_ members: inout [String], using random: inout SeededRandom) {
        if chance(6, using: &random) { members.shuffle(using: &random) }
        if chance(40, using: &random) { members.append(members[0]) }
        if chance(40, using: &random) { members.append(member("unknown", "{}")) }
        if chance(40, using: &random) { members.removeLast() }
    }

    private static func object(_ members: [String], using random: inout SeededRandom) -> String {
        chance(30, using: &random)
            ? "{ \(members.joined(separator: ", ")) }" : "{\(members.joined(separator: ","))}"
    }

    private static func member(_ name: String, _ value: String) -> String { "\"\(name)\":\(value)" }

    private static func id(using random: inout SeededRandom) -> String {
        odd(
            "\(UInt64.random(in: .min ... .max, using: &random))", "\"\(Int.random(in: 0..<1_000, using: &random))n\"",
            "\"1795216684473554432\"", "null", "0", "-1", "1.0", using: &random)
    }

    private static func topic(using random: inout SeededRandom) -> String {
        let hex = (0..<64).map { _ in String("0123456789abcdefABCDEF".randomElement(using: &random) ?? "0") }.joined()
        return odd("\"\(hex)\"", "\"\(hex.dropLast())\"", "\"\(hex.dropLast())g\"", "5", using: &random)
    }

    private static func message(using random: inout SeededRandom) -> String {
        let count = Int.random(in: 0..<80, using: &random)
        let text = (0..<count).map { _ in String("abcXYZ019+/=~ {}[],:".randomElement(using: &random) ?? "a") }.joined()
        return odd("\"\(text)\"", "\"\(text)é\"", #""\#(text)\n""#, #""\#(text)\u0041""#, "7", using: &random)
    }

    private static func number(using random: inout SeededRandom) -> String {
        odd(
            "\(Int.random(in: 0..<2_000_000, using: &random))", "4294967295", "4294967296", "9223372036854775807",
            "9223372036854775808", "00", "-5", "1e2", "null", using: &random)
    }

    private static func texts(using random: inout SeededRandom) -> String {
        odd(#"["a","bc"]"#, "[]", #"["é"]"#, "[1]", "{}", #"["a",]"#, using: &random)
    }

    private static func chance(_ of: Int, using random: inout SeededRandom) -> Bool {
        Int.random(in: 0..<of, using: &random) == 0
    }

    /// The first as a rule, one of the others now and then.
    private static func odd(_ usual: String, _ others: String..., using random: inout SeededRandom) -> String {
        chance(12, using: &random) ? (others.randomElement(using: &random) ?? usual) : usual
    }
}
