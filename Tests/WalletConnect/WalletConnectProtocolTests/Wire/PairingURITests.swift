import Primitives
import Testing

@testable import WalletConnectProtocol

@Suite(.enabled(if: Vectors.arePresent, Comment(rawValue: Vectors.absence)))
struct PairingURIVectorTests {
    static let file = "pairing_uri.json"

    @Test(arguments: Vectors.cases(file, "js_format"))
    func `invitations are written as JavaScript writes them`(_ given: Vectors.Case) throws {
        let input = try #require(given["input"])
        let uri = PairingURI(
            topic: try Topic(hex: input["topic"]!.string!), symKey: try SymmetricKey(hex: input["symKey"]!.string!),
            relay: RelayProtocol(name: input["relay"]!["protocol"]!.string!, data: input["relay"]!["data"]?.string),
            expiry: input["expiryTimestamp"]?.int, methods: input["methods"]?.array?.compactMap(\.string) ?? [])
        #expect(uri.text == given.text("uri"))
    }

    @Test(arguments: Vectors.cases(file, "js_parse").filter { $0["parsed"]?["version"]?.int == 2 })
    func `what JavaScript reads is read`(_ given: Vectors.Case) throws {
        let uri = try PairingURI(parsing: given.text("uri"))
        let parsed = try #require(given["parsed"])
        #expect(uri.topic.hex == parsed["topic"]?.string)
        #expect(hex(uri.symKey) == parsed["symKey"]?.string)
        #expect(uri.relay.name == parsed["relay"]?["protocol"]?.string)
        #expect(uri.relay.data == parsed["relay"]?["data"]?.string)
        #expect(uri.expiry == parsed["expiryTimestamp"]?.int)
        #expect(uri.methods == parsed["methods"]?.array?.compactMap(\.string) ?? [])
    }

    @Test(arguments: Vectors.cases(file, "valid"))
    func `what any other client reads is read`(_ given: Vectors.Case) throws {
        let uri = try PairingURI(parsing: given.text("uri"))
        #expect(uri.topic.hex == given.text("topic"))
        #expect(hex(uri.symKey) == given.text("symKey"))
        #expect(uri.expiry == given["expiryTimestamp"]?.int)
        if given["topic_is_sha256_of_symkey"]?.bool == true { #expect(uri.symKey.topic == uri.topic) }
        let again = try PairingURI(parsing: uri.text)
        #expect(uri.text.hasPrefix("wc:\(uri.topic.hex)@2?"))
        #expect(again.text == uri.text)
    }

    @Test(arguments: Vectors.cases(file, "invalid"))
    func `what is no invitation is refused for its reason`(_ given: Vectors.Case) throws {
        let reasons: [String: PairingURIError] = [
            "empty": .empty, "malformed": .notPairingURI, "empty symKey": .invalidSymKey,
            "empty relay-protocol": .missingRelayProtocol, "no relay-protocol": .missingRelayProtocol,
            "topic not 64 hex (yttrium strict)": .invalidTopic,
        ]
        let why = given.text("why")
        if why.hasPrefix("expired") {
            // Reading it is fine; whether it has ended is asked with a clock.
            let uri = try PairingURI(parsing: given.text("uri"))
            let end = try #require(uri.expiry)
            #expect(Expiry.isExpired(end, at: Timestamp(milliseconds: 1_705_667_684_000)))
        } else {
            let expected = reasons[why] ?? .notPairingURI
            #expect(throws: expected) { try PairingURI(parsing: given.text("uri")) }
        }
    }

    @Test func `version 1 is refused by name`() throws {
        let json = try Vectors.json(Self.file)
        #expect(throws: PairingURIError.version1) { try PairingURI(parsing: json["v1_uri"]!["uri"]!.string!) }
        for given in Vectors.cases(Self.file, "js_parse") where given["parsed"]?["version"]?.int == 1 {
            #expect(throws: PairingURIError.version1) { try PairingURI(parsing: given.text("uri")) }
        }
    }

    @Test(arguments: Vectors.cases(file, "kotlin_format"))
    func `Kotlin's order of keys is read, its made-up topic is not`(_ given: Vectors.Case) {
        #expect(throws: PairingURIError.invalidTopic) { try PairingURI(parsing: given.text("uri")) }
    }

    @Test(arguments: Vectors.cases(file, "pair_errors"))
    func `each fault names the field that JavaScript names`(_ given: Vectors.Case) {
        let message = given.text("message")
        if message.hasSuffix("uri#symKey") { #expect(message.hasSuffix(PairingURIError.invalidSymKey.field)) }
        if message.hasSuffix("uri: <uri>") { #expect(PairingURIError.notPairingURI.field == "uri") }
        #expect(message.hasPrefix(SDKError.missingOrInvalid.text) || message.hasPrefix(SDKError.expired.text))
    }

    private func hex(_ key: SymmetricKey) -> String {
        var out: [UInt8] = []
        key.appendHex(to: &out)
        return String(decoding: out, as: UTF8.self)
    }
}

struct PairingURITests {
    static let topic = "7f6e504bfad60b485450578e05678ed3e8e8c4751d3c6160be17160d63ec90f9"
    static let key = "587d5484ce2a2a6ee3ba1962fdd7e8588e06200c46823bd18fbd67def96ad303"
    static let query = "relay-protocol=irn&symKey=\(key)"
    static let plain = "wc:\(topic)@2?\(query)"

    @Test(arguments: [
        plain, "wc://\(topic)@2?\(query)", "  \(plain)\n", "WC:\(topic)@2?\(query)",
        "https://wallet.example/wc?uri=\(plain)", "trust://wc?uri=\(plain)",
        "https://wallet.example/wc?x=1&uri=\(PercentCoding.encode(plain))&y=2",
        "wallet://wc?uri=\(PercentCoding.encode(PercentCoding.encode(plain)))", PercentCoding.encode(plain),
        Base64.encode(Array(plain.utf8)), Base64URL.encode(Array(plain.utf8)),
        "\(plain)&unknown=1&unknown=2", "wc:\(topic)@2?symKey=\(key)&&relay-protocol=irn",
        "wc:\(topic.uppercased())@2?relay-protocol=irn&symKey=\(key.uppercased())",
    ])
    func `every wrapping of an invitation is taken off`(text: String) throws {
        #expect(try PairingURI(parsing: text).text == Self.plain)
    }

    @Test(arguments: [
        ("wc_sessionPropose,wc_sessionAuthenticate", ["wc_sessionPropose", "wc_sessionAuthenticate"]),
        ("wc_sessionPropose%2Cwc_sessionAuthenticate", ["wc_sessionPropose", "wc_sessionAuthenticate"]),
        (
            "[wc_sessionPropose],[wc_authRequest,wc_authBatchRequest]",
            ["wc_sessionPropose", "wc_authRequest", "wc_authBatchRequest"]
        ),
        ("%5Bwc_sessionPropose%5D", ["wc_sessionPropose"]), ("", []), ("wc_a,,wc_b", ["wc_a", "wc_b"]),
    ])
    func `methods come as a list or in brackets`(text: String, methods: [String]) throws {
        #expect(try PairingURI(parsing: "\(Self.plain)&methods=\(text)").methods == methods)
    }

    @Test(arguments: [
        ("wc:\(topic)@3?\(query)", PairingURIError.unsupportedVersion), ("wc:\(topic)@?\(query)", .unsupportedVersion),
        ("wc:\(topic)@02?\(query)", .unsupportedVersion), ("wc:\(topic)2?\(query)", .notPairingURI),
        ("wc:8a5e5bdc-a0e4-4702-ba63-8f1a5655744f@1?bridge=https%3A%2F%2Fb&key=41", .version1),
        ("wc:\(topic)0@2?\(query)", .invalidTopic), ("wc:0x\(topic)@2?\(query)", .invalidTopic),
        ("wc:\(topic)@2", .missingRelayProtocol), ("wc:\(topic)@2?", .missingRelayProtocol),
        ("wc:\(topic)@2?relay-protocol=waku&symKey=\(key)", .unsupportedRelayProtocol),
        ("wc:\(topic)@2?relay-protocol=irn", .invalidSymKey),
        ("wc:\(topic)@2?relay-protocol=irn&symKey=\(key)00", .invalidSymKey),
        ("wc:\(topic)@2?relay-protocol=irn&symKey=\(key.dropLast())g", .invalidSymKey),
        ("\(plain)&symKey=\(key)", .duplicateKey("symKey")), ("\(plain)&expiryTimestamp=-1", .invalidExpiry),
        ("\(plain)&expiryTimestamp=1e3", .invalidExpiry),
        ("\(plain)&expiryTimestamp=99999999999999999999", .invalidExpiry),
        ("\(plain)&methods=%4", .invalidEncoding), ("\(plain)&methods=%FF", .invalidEncoding),
        ("wc%3", .invalidEncoding), ("   ", .empty), ("https://wallet.example/", .notPairingURI),
        ("https://wallet.example/?uri=", .notPairingURI), ("d2M", .notPairingURI),
        (String(repeating: "w", count: 4097), .tooLong(4097)),
    ])
    func `every fault has its own error`(text: String, error: PairingURIError) {
        #expect(throws: error) { try PairingURI(parsing: text) }
    }

    @Test func `wrappings are taken off a limited number of times`() {
        var text = Self.plain
        for _ in 0..<8 { text = PercentCoding.encode(text) }
        #expect(throws: PairingURIError.notPairingURI) { try PairingURI(parsing: text) }
        let nested = String(repeating: "a://?uri=", count: 400)
        #expect(throws: PairingURIError.self) { try PairingURI(parsing: nested) }
    }

    @Test func `an invitation of our own survives`() throws {
        let key = SymmetricKey(random: .system)
        let uri = PairingURI(
            symKey: key, relay: RelayProtocol(name: "irn", data: "a b&c"), expiry: 1_760_000_300,
            methods: ["wc_sessionAuthenticate", "wc_sessionPropose"])
        let read = try PairingURI(parsing: uri.text)
        #expect(read.topic == key.topic)
        #expect(read.symKey.topic == key.topic)
        #expect(read.relay == uri.relay)
        #expect(read.expiry == 1_760_000_300)
        #expect(read.methods == uri.methods)
        #expect(read.text == uri.text)
    }

    @Test func `cut and damaged invitations never trap`() {
        var random = SeededRandom(printingSeedOf: "PairingURI fuzz")
        let texts = [Self.plain, PercentCoding.encode(Self.plain), "x://y?uri=\(PercentCoding.encode(Self.plain))"]
        for text in texts {
            let bytes = Array(text.utf8)
            for count in 0..<bytes.count {
                #expect(throws: PairingURIError.self) {
                    try PairingURI(parsing: String(decoding: bytes.prefix(count), as: UTF8.self))
                }
            }
            for _ in 0..<2_000 {
                var wrong = bytes
                for _ in 0..<Int.random(in: 1...3, using: &random) {
                    wrong[Int.random(in: wrong.indices, using: &random)] = .random(in: .min ... .max, using: &random)
                }
                _ = try? PairingURI(parsing: String(decoding: wrong, as: UTF8.self))
            }
        }
    }
}
