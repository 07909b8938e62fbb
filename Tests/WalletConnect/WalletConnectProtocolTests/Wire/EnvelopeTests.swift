import Cryptography
import Primitives
import Testing

@testable import WalletConnectProtocol

@Suite(.enabled(if: Vectors.arePresent, Comment(rawValue: Vectors.absence)))
struct EnvelopeVectorTests {
    static let all = Vectors.cases("crypto.json", "envelopes")

    @Test(arguments: all)
    func `published envelopes are opened`(_ given: Vectors.Case) throws {
        let plaintext = Array(given.text("plaintext").utf8)
        if given.int("type") == 2 {
            let opened = try Envelope.openPlain(given.text("base64url"))
            #expect(opened.plaintext == plaintext)
            #expect(opened.kind == .plain)
            return
        }
        let key = try SymmetricKey(hex: given.text("sym_key"))
        for (text, encoding) in texts(given) {
            let opened = try Envelope.open(text, key: key, encoding: encoding)
            #expect(opened.plaintext == plaintext)
            #expect(opened.kind.rawValue == UInt8(given.int("type")))
            #expect(opened.sender?.description == given["sender_public"]?.string)
            #expect(try Envelope.kind(of: text, encoding: encoding) == opened.kind)
        }
    }

    @Test(arguments: all)
    func `published envelopes are written to the byte`(_ given: Vectors.Case) throws {
        let plaintext = Array(given.text("plaintext").utf8)
        if given.int("type") == 2 {
            #expect(Envelope.plain(plaintext) == given.text("base64url"))
            return
        }
        let key = try SymmetricKey(hex: given.text("sym_key"))
        let nonce = given.bytes("iv")
        for (text, encoding) in texts(given) {
            if let sender = try given["sender_public"]?.string.map({ try X25519.PublicKey(bytes: Hex.decode($0)) }) {
                #expect(Envelope.seal(plaintext, key: key, sender: sender, encoding: encoding, nonce: nonce) == text)
            } else {
                #expect(Envelope.seal(plaintext, key: key, encoding: encoding, nonce: nonce) == text)
            }
        }
    }

    @Test(arguments: all.filter { $0.int("type") == 1 })
    func `the receiver of a type 1 envelope finds the key by himself`(_ given: Vectors.Case) throws {
        let receiver = try AgreementKey(hex: given.text("receiver_private"))
        #expect(receiver.publicKeyHex == given.text("receiver_public"))
        let (opened, key) = try Envelope.open(given.text("base64"), receiver: receiver)
        #expect(opened.plaintext == Array(given.text("plaintext").utf8))
        #expect(key.topic == (try SymmetricKey(hex: given.text("sym_key")).topic))
    }

    @Test(arguments: Vectors.cases("crypto.json", "chachapoly_raw"))
    func `the cipher agrees with the published bytes`(_ given: Vectors.Case) throws {
        let sealed = try Base64.decode(given.text("nonce_ct_tag_base64"))
        let key = try SymmetricKey(hex: given.text("sym_key"))
        let opened = try Envelope.open(Base64.encode([0] + sealed), key: key)
        #expect(opened.plaintext == Array(given.text("plaintext").utf8))
        #expect(Array(sealed.prefix(12)) == Array(given.text("nonce_utf8").utf8))
    }

    @Test(arguments: Vectors.cases("crypto.json", "envelope_errors"))
    func `published faults are refused`(_ given: Vectors.Case) throws {
        let key = SymmetricKey(random: .seeded(1))
        if let text = given["base64"]?.string {
            #expect(throws: EnvelopeError.notBase64) { try Envelope.open(text, key: key) }
        } else if let type = given["type_byte"]?.int {
            let text = Base64.encode([UInt8(type)] + [UInt8](repeating: 0, count: 60))
            #expect(throws: EnvelopeError.unknownType(3)) { try Envelope.open(text, key: key) }
        } else if let length = given["public_key_length"]?.int {
            let text = Base64.encode([1] + [UInt8](repeating: 7, count: Int(length)))
            #expect(throws: EnvelopeError.tooShort(19)) { try Envelope.open(text, key: key) }
        } else {
            let sealed = try Base64.decode(Envelope.seal([1, 2, 3], key: key))
            #expect(throws: EnvelopeError.notAuthentic) { try Envelope.open(Base64.encode(sealed + [0]), key: key) }
        }
    }

    private func texts(_ given: Vectors.Case) -> [(String, Envelope.Encoding)] {
        var texts: [(String, Envelope.Encoding)] = [(given.text("base64"), .base64)]
        if let text = given["base64url"]?.string { texts.append((text, .base64URL)) }
        return texts
    }
}

@Suite(.enabled(if: Vectors.arePresent, Comment(rawValue: Vectors.absence)))
struct TranscriptVectorTests {
    static let file = "handshake_transcript.json"

    @Test(arguments: Vectors.cases(file, "steps"))
    func `every message of a handshake is sealed, opened and named as published`(_ given: Vectors.Case) throws {
        let json = try Vectors.json(Self.file)
        let keys = try ["pairing", "session"].map { try SymmetricKey(hex: json[$0]!["sym_key"]!.string!) }
        let key = try #require(keys.first { $0.topic.hex == given.text("topic") })
        let plaintext = Array(given.text("plaintext").utf8)
        let text = Envelope.seal(plaintext, key: key, nonce: given.bytes("iv"))
        #expect(text == given.text("message_base64"))
        #expect(try Envelope.open(text, key: key).plaintext == plaintext)
        #expect(MessageHash(of: text).hex == given.text("message_hash"))
        #expect(MessageHash(of: plaintext).hex == given.text("payload_hash"))
        #expect(try PeerMessage(plaintext: plaintext).encoded() == plaintext)
    }

    @Test(arguments: Vectors.cases(file, "steps"))
    func `every message of a handshake has the tag, life and prompt of its method`(_ given: Vectors.Case) throws {
        let isResponse = given.text("step").hasSuffix(" response")
        let name = given.text("step").replacing(" response", with: "")
        let rules = try #require(WCMethod(rawValue: name)).rules
        let rule = isResponse ? rules.response : rules.request
        #expect(Int64(rule.tag) == given.int("tag"))
        #expect(Int64(rule.ttlSeconds) == given.int("ttl"))
        #expect(rule.prompt == given["prompt"]?.bool)
    }

    @Test func `the keys of a handshake follow from each other`() throws {
        let json = try Vectors.json(Self.file)
        let pairing = try PairingURI(parsing: json["pairing"]!["uri"]!.string!)
        #expect(pairing.topic.hex == json["pairing"]!["topic"]!.string)
        #expect(pairing.symKey.topic == pairing.topic)
        #expect(pairing.expiry == 1_760_000_300)
        #expect(pairing.text == json["pairing"]!["uri"]!.string)
        let dApp = try AgreementKey(hex: json["dapp"]!["private"]!.string!)
        let wallet = try AgreementKey(hex: json["wallet"]!["private"]!.string!)
        #expect(dApp.publicKeyHex == json["dapp"]!["public"]!.string)
        #expect(try dApp.agree(with: wallet.publicKey).topic.hex == json["session"]!["topic"]!.string)
        #expect(try wallet.agree(with: dApp.publicKey).topic.hex == json["session"]!["topic"]!.string)
    }

    @Test func `a rejection and a type 1 answer are read as published`() throws {
        let json = try Vectors.json(Self.file)
        let pairing = try SymmetricKey(hex: json["pairing"]!["sym_key"]!.string!)
        let reject = try Envelope.open(json["reject"]!["message_base64"]!.string!, key: pairing)
        #expect(reject.plaintext == Array(json["reject"]!["plaintext"]!.string!.utf8))
        #expect(
            try PeerMessage(plaintext: reject.plaintext)
                == .failure(id: 1_760_000_000_000_001, SDKError.userRejected.peerError()))
        #expect(WCMethod.sessionPropose.rules.reject?.tag == UInt32(json["reject"]!["tag"]!.int!))
        let answer = json["authenticate_response_type1"]!
        let dApp = try AgreementKey(hex: json["dapp"]!["private"]!.string!)
        #expect(dApp.responseTopic.hex == answer["topic"]!.string)
        let (opened, key) = try Envelope.open(answer["message_base64"]!.string!, receiver: dApp)
        #expect(opened.plaintext == Array(answer["plaintext"]!.string!.utf8))
        #expect(key.topic.hex == json["session"]!["topic"]!.string)
        #expect(
            Envelope.seal(
                opened.plaintext, key: key, sender: try #require(opened.sender),
                nonce: try Hex.decode(answer["iv"]!.string!)) == answer["message_base64"]!.string)
    }
}

struct EnvelopeTests {
    private let key = SymmetricKey(random: .seeded(11))
    private let plaintext = Array(#"{"id":1,"jsonrpc":"2.0","result":true}"#.utf8)

    @Test func `padding may be missing but not be half`() throws {
        for count in 0..<6 {
            let plaintext = [UInt8](repeating: 0x61, count: count)
            let text = Envelope.seal(plaintext, key: key)
            let bare = text.replacing("=", with: "")
            #expect(text.utf8.count % 4 == 0)
            #expect(try Envelope.open(bare, key: key).plaintext == plaintext)
            if text.hasSuffix("==") {
                #expect(throws: EnvelopeError.notBase64) { try Envelope.open(bare + "=", key: key) }
            }
        }
    }

    @Test func `the alphabet of links is refused on relays, and the other way round`() throws {
        var random = SeededRandom(printingSeedOf: "Envelope alphabets")
        for _ in 0..<50 {
            let nonce = (0..<12).map { _ in UInt8.random(in: .min ... .max, using: &random) }
            let link = Envelope.seal(plaintext, key: key, encoding: .base64URL, nonce: nonce)
            #expect(try Envelope.open(link, key: key, encoding: .base64URL).plaintext == plaintext)
            if link.contains(where: { "-_".contains($0) }) {
                #expect(throws: EnvelopeError.notBase64) { try Envelope.open(link, key: key) }
            }
            let text = Envelope.seal(plaintext, key: key, nonce: nonce)
            if text.contains(where: { "+/".contains($0) }) {
                #expect(throws: EnvelopeError.notBase64) { try Envelope.open(text, key: key, encoding: .base64URL) }
            }
        }
    }

    @Test func `two envelopes of one message differ`() {
        #expect(Envelope.seal(plaintext, key: key) != Envelope.seal(plaintext, key: key))
    }

    @Test func `every truncation is refused`() throws {
        let bytes = try Base64.decode(Envelope.seal(plaintext, key: key))
        for count in 0..<bytes.count {
            let text = Base64.encode(Array(bytes.prefix(count)))
            let expected: EnvelopeError = count == 0 ? .empty : count < 29 ? .tooShort(count) : .notAuthentic
            #expect(throws: expected) { try Envelope.open(text, key: key) }
        }
    }

    @Test func `every flipped bit is refused`() throws {
        let sender = AgreementKey(random: .seeded(4))
        for text in [
            Envelope.seal(plaintext, key: key), Envelope.seal(plaintext, key: key, sender: sender.publicKey),
        ] {
            let bytes = try Base64.decode(text)
            for position in bytes.indices {
                for bit in 0..<8 {
                    var wrong = bytes
                    wrong[position] ^= 1 << UInt8(bit)
                    // Who sent it is not authenticated by the key itself: the receiver derives the key from it.
                    if bytes[0] == 1, (1...32).contains(position) { continue }
                    #expect(throws: EnvelopeError.self) { try Envelope.open(Base64.encode(wrong), key: key) }
                }
            }
        }
    }

    @Test func `another key, an unsealed envelope and an oversized one are refused`() throws {
        let text = Envelope.seal(plaintext, key: key)
        #expect(throws: EnvelopeError.notAuthentic) {
            try Envelope.open(text, key: SymmetricKey(random: .seeded(12)))
        }
        let plain = try Base64URL.decode(Envelope.plain(plaintext))
        #expect(throws: EnvelopeError.notSealed) { try Envelope.open(Base64.encode(plain), key: key) }
        #expect(throws: EnvelopeError.sealed) {
            try Envelope.openPlain(Envelope.seal(plaintext, key: key, encoding: .base64URL))
        }
        #expect(throws: EnvelopeError.tooShort(1)) { try Envelope.openPlain("Ag") }
        #expect(throws: EnvelopeError.noSender) { try Envelope.open(text, receiver: AgreementKey(random: .system)) }
        let long = String(repeating: "A", count: Envelope.textBytesMax + 1)
        #expect(throws: EnvelopeError.tooLong(long.utf8.count)) { try Envelope.open(long, key: key) }
        #expect(throws: EnvelopeError.empty) { try Envelope.open("", key: key) }
    }

    @Test func `a sender's key that leads to zero is refused`() {
        let text = Base64.encode([1] + [UInt8](repeating: 0, count: 32 + 12 + 16))
        #expect(throws: EnvelopeError.weakSenderKey) {
            try Envelope.open(text, receiver: AgreementKey(random: .seeded(5)))
        }
    }

    @Test(arguments: 3...255)
    func `a type that nobody defined is refused by name`(type: Int) {
        let text = Base64.encode([UInt8(type)] + [UInt8](repeating: 0, count: 64))
        #expect(throws: EnvelopeError.unknownType(UInt8(type))) { try Envelope.open(text, key: key) }
    }

    @Test func `random text never opens and never traps`() {
        var random = SeededRandom(printingSeedOf: "Envelope fuzz")
        for _ in 0..<2_000 {
            let bytes = (0..<Int.random(in: 0..<90, using: &random)).map { _ in
                UInt8.random(in: .min ... .max, using: &random)
            }
            #expect(throws: EnvelopeError.self) { try Envelope.open(Base64.encode(bytes), key: key) }
            #expect(throws: EnvelopeError.self) { try Envelope.open(String(decoding: bytes, as: UTF8.self), key: key) }
        }
    }
}
