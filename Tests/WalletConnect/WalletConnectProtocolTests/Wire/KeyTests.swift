import Cryptography
import Primitives
import Testing
import WalletConnectProtocol

@Suite(.enabled(if: Vectors.arePresent, Comment(rawValue: Vectors.absence)))
struct KeyVectorTests {
    @Test(arguments: Vectors.cases("crypto.json", "key_agreement"))
    func `both sides reach the published key and topic`(_ given: Vectors.Case) throws {
        let own = try AgreementKey(hex: given.text("self_private"))
        #expect(own.publicKeyHex == given.text("self_public"))
        let key = try own.agree(with: given.text("peer_public"))
        #expect(hex(key) == given.text("sym_key"))
        #expect(key.topic.hex == given.text("topic"))
    }

    @Test(arguments: Vectors.cases("crypto.json", "hash_key"))
    func `a topic is the hash of the key's bytes`(_ given: Vectors.Case) throws {
        #expect(try SymmetricKey(hex: given.text("key_hex")).topic.hex == given.text("sha256_of_bytes"))
    }

    @Test(arguments: Vectors.cases("crypto.json", "hash_message"))
    func `a message is named by the hash of its text`(_ given: Vectors.Case) {
        #expect(MessageHash(of: given.text("utf8")).hex == given.text("sha256"))
        #expect(MessageHash(of: Array(given.text("utf8").utf8)).hex == given.text("sha256"))
    }

    @Test(arguments: Vectors.cases("crypto.json", "response_topic"))
    func `the answer to an authentication is awaited at the hash of the public key`(_ given: Vectors.Case) throws {
        let key = try X25519.PublicKey(bytes: given.bytes("requester_public_key"))
        #expect(Topic(hashing: key).hex == given.text("response_topic"))
    }

    @Test(arguments: Vectors.cases("base58.json", "encode_utf8"))
    func `Base58 agrees with the published texts`(_ given: Vectors.Case) throws {
        #expect(Base58.encode(Array(given.text("utf8").utf8)) == given.text("base58"))
        #expect(try Base58.decode(given.text("base58")) == Array(given.text("utf8").utf8))
    }

    @Test(arguments: Vectors.cases("base58.json", "decode_hex"))
    func `Base58 agrees with the published bytes`(_ given: Vectors.Case) throws {
        #expect(Hex.encode(try Base58.decode(given.text("base58"))) == given.text("hex"))
    }

    @Test(arguments: Vectors.cases("base58.json", "invalid"))
    func `what is not Base58 is refused`(_ given: Vectors.Case) {
        #expect(throws: Base58Error.self) { try Base58.decode(given.json.string!) }
    }

    private func hex(_ key: SymmetricKey) -> String {
        var out: [UInt8] = []
        key.appendHex(to: &out)
        return String(decoding: out, as: UTF8.self)
    }
}

struct KeyTests {
    private let digits = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

    @Test func `a key is made of exactly 64 digits`() throws {
        #expect(throws: KeyMaterialError.wrongLength(31)) { try SymmetricKey(hex: String(digits.dropLast())) }
        #expect(throws: KeyMaterialError.wrongLength(32)) { try SymmetricKey(hex: digits + "0") }
        #expect(throws: KeyMaterialError.wrongLength(0)) { try SymmetricKey(hex: "") }
        #expect(throws: KeyMaterialError.notHex) { try SymmetricKey(hex: "g" + digits.dropFirst()) }
        #expect(throws: KeyMaterialError.notHex) { try SymmetricKey(hex: "0x" + digits.dropFirst(2)) }
        #expect(throws: KeyMaterialError.wrongLength(3)) { try SymmetricKey(SecretBytes(copying: [1, 2, 3])) }
        #expect(throws: KeyMaterialError.wrongLength(33)) {
            try AgreementKey(SecretBytes(copying: [UInt8](repeating: 1, count: 33)))
        }
    }

    @Test func `a key is written as it was read`() throws {
        var out: [UInt8] = []
        try SymmetricKey(hex: digits.uppercased()).appendHex(to: &out)
        #expect(String(decoding: out, as: UTF8.self) == digits)
        var secret: [UInt8] = []
        try AgreementKey(hex: digits).appendSecretHex(to: &secret)
        #expect(String(decoding: secret, as: UTF8.self) == digits)
    }

    @Test func `the same seed gives the same keys, and another one others`() {
        let first = SymmetricKey(random: .seeded(1))
        #expect(first.topic == SymmetricKey(random: .seeded(1)).topic)
        #expect(first.topic != SymmetricKey(random: .seeded(2)).topic)
        #expect(AgreementKey(random: .seeded(1)).publicKey == AgreementKey(random: .seeded(1)).publicKey)
    }

    @Test func `two parties agree on one key`() throws {
        let one = AgreementKey(random: .system)
        let other = AgreementKey(random: .system)
        #expect(try one.agree(with: other.publicKeyHex).topic == other.agree(with: one.publicKey).topic)
    }

    @Test func `a public key that leads to zero is refused`() {
        let own = AgreementKey(random: .seeded(3))
        let zero = String(repeating: "0", count: 64)
        #expect(throws: KeyMaterialError.weakPublicKey) { try own.agree(with: zero) }
        #expect(throws: KeyMaterialError.notHex) { try own.agree(with: "zz") }
    }
}

struct TopicTests {
    @Test func `a topic of either case is written in lower case`() throws {
        let text = "C9E6d30fb34afe70a15c14e9337ba8e4d5a35dd695c39b94884b0ee60c69d168"
        let topic = try Topic(hex: text)
        #expect(topic.hex == text.lowercased())
        #expect(topic.description == topic.hex)
        #expect(Hex.encode(topic.bytes) == topic.hex)
        #expect(topic == Topic(Hash32(topic.bytes)!))
        var out: [UInt8] = [1]
        topic.appendHex(to: &out)
        #expect(out == [1] + Array(topic.hex.utf8))
    }

    @Test func `a topic of another length is refused`() {
        #expect(throws: HexError.wrongLength(expected: 32, actual: 0)) { try Topic(hex: "") }
        #expect(throws: HexError.wrongLength(expected: 32, actual: 31)) {
            try Topic(hex: String(repeating: "a", count: 63))
        }
        #expect(throws: HexError.wrongLength(expected: 32, actual: 33)) {
            try Topic(hex: "0x" + String(repeating: "a", count: 64))
        }
    }

    @Test func `every byte but a digit is refused at every place`() throws {
        let sound = [UInt8](repeating: UInt8(ascii: "7"), count: 64)
        let digits = Set("0123456789abcdefABCDEF".utf8)
        for position in 0..<64 {
            for byte in UInt8.min...0x7F {
                var text = sound
                text[position] = byte
                let topic = try? Topic(hex: String(decoding: text, as: UTF8.self))
                #expect((topic != nil) == digits.contains(byte), "byte \(byte) at \(position)")
            }
        }
        #expect(throws: HexError.invalidDigit(at: 5)) {
            try Topic(hex: "00000" + "-" + String(repeating: "0", count: 58))
        }
        #expect(throws: HexError.self) { try Topic(hex: String(repeating: "é", count: 32)) }
    }

    @Test func `random topics survive, in their order`() throws {
        var random = SeededRandom(printingSeedOf: "Topic")
        let seed = random.seed
        for _ in 0..<500 {
            let left = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &random) }
            var right = left
            right[Int.random(in: 0..<32, using: &random)] = .random(in: .min ... .max, using: &random)
            let (first, second) = (try Topic(hex: Hex.encode(left)), try Topic(hex: Hex.encode(right)))
            #expect(first.bytes == left, "seed \(seed)")
            #expect((first < second) == left.lexicographicallyPrecedes(right), "seed \(seed)")
            #expect((first == second) == (left == right), "seed \(seed)")
            #expect((first.hashValue == second.hashValue) == (left == right), "seed \(seed)")
        }
    }

    @Test func `a subscription is named by topic and client`() throws {
        let topic = try Topic(hex: String(repeating: "ab", count: 32))
        let client = try DIDKey("did:key:z6MkodHZwneVRShtaLf8JKYkxpDGp1vGZnpGmdBpX8M2exxH")
        let id = SubscriptionID(topic: topic, client: client)
        #expect(id.hex == MessageHash(of: topic.hex + client.text).hex)
        #expect(try SubscriptionID(hex: id.hex) == id)
    }
}
