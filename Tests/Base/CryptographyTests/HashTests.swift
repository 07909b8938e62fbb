import Cryptography
import Primitives
import Testing

struct Keccak256Tests {
    @Test(arguments: [
        ("", "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"),
        ("abc", "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"),
        ("testing", "5f16f4c7f149ac4f9510d9cf8cf384038ad348b3bcdc01915f95de12df9d1b02"),
        ("Transfer(address,address,uint256)", "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"),
    ])
    func `known texts have their known digests`(text: String, digest: String) {
        #expect(Keccak256.hash(Array(text.utf8)).hex == digest)
    }

    @Test func `every length from 0 to 600 bytes agrees with another implementation`() {
        // The digest of all digests, computed with pycryptodome's keccak over the same pattern.
        let pattern = (0..<600).map { UInt8(truncatingIfNeeded: $0 * 7 + 3) }
        let digests = (0...600).flatMap { Keccak256.hash(Array(pattern[..<$0])).bytes }
        #expect(Keccak256.hash(digests).hex == "f08f149f3ec5580d040fdd873cdd3827d1f2aa2e36cc68c64cc8a7a474a8b98d")
    }

    @Test func `a message in two pieces has the digest of the whole, wherever it is cut`() {
        let message = (0..<300).map { UInt8(truncatingIfNeeded: $0) }
        let whole = Keccak256.hash(message)
        for cut in 0...message.count {
            var hasher = Keccak256.Hasher()
            hasher.update(Array(message[..<cut]))
            hasher.update(Array(message[cut...]))
            #expect(hasher.finalize() == whole)
        }
    }

    @Test func `a message byte by byte has the digest of the whole`() {
        let message = (0..<400).map { UInt8(truncatingIfNeeded: $0 * 3) }
        var hasher = Keccak256.Hasher()
        for byte in message { hasher.update([byte]) }
        #expect(hasher.finalize() == Keccak256.hash(message))
    }

    @Test func `a hasher goes on after its digest was taken`() {
        var hasher = Keccak256.Hasher()
        hasher.update([1, 2])
        #expect(hasher.finalize() == Keccak256.hash([1, 2]))
        hasher.update([3])
        #expect(hasher.finalize() == Keccak256.hash([1, 2, 3]))
    }

    @Test func `borrowed bytes have the same digest as an array`() {
        let message: [UInt8] = [9, 8, 7]
        #expect(Keccak256.hash(message.span) == Keccak256.hash(message))
    }
}

struct RIPEMD160Tests {
    @Test func `every length from 0 to 200 bytes agrees with another implementation`() {
        // The digest of all digests, computed with pycryptodome over the same pattern.
        let pattern = (0..<200).map { UInt8(truncatingIfNeeded: $0 * 7 + 3) }
        let digests = (0...200).flatMap { RIPEMD160.hash(Array(pattern[..<$0])) }
        #expect(Hex.encode(RIPEMD160.hash(digests)) == "30154435044a744dfd08d71e7e0b57a0ca0732b3")
    }

    @Test func `the hash160 of the generator is its known address`() {
        let generator = bytes("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798")
        #expect(Hex.encode(RIPEMD160.hash160(generator)) == "751e76e8199196d454941c45d1b3a323f1433bd6")
    }
}

struct SHA2Tests {
    @Test func `sha256d is the digest of the digest`() {
        let once = SHA2.sha256(Array("hello".utf8))
        #expect(SHA2.sha256d(Array("hello".utf8)) == SHA2.sha256(once.bytes))
        #expect(
            SHA2.sha256d(Array("hello".utf8)).hex
                == "9595c9df90075148eb06860365df33584b75bff782a510c6cd4883a419833d50")
    }

    @Test func `a message in two pieces has the digest of the whole`() {
        let message = (0..<200).map { UInt8($0) }
        for cut in stride(from: 0, through: 200, by: 13) {
            var hasher = SHA2.Hasher256()
            hasher.update(Array(message[..<cut]))
            hasher.update(Array(message[cut...]))
            #expect(hasher.finalize() == SHA2.sha256(message))
        }
    }
}

/// [RFC 4231](https://www.rfc-editor.org/rfc/rfc4231), cases 1, 2 and 6.
struct HMACTests {
    @Test(arguments: [
        (
            String(repeating: "0b", count: 20), "Hi There",
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        ),
        (
            "4a656665", "what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        ),
        (
            String(repeating: "aa", count: 131), "Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        ),
    ])
    func `sha256 codes are those of the RFC`(key: String, message: String, code: String) {
        let message = Array(message.utf8)
        #expect(HMAC2.sha256(key: bytes(key), message: message).hex == code)
        #expect(HMAC2.sha256(key: secret(key), message: message).hex == code)
        #expect(HMAC2.isValidSHA256(bytes(code), key: secret(key), message: message) == true)
        for wrong in damaged(bytes(code)) {
            #expect(HMAC2.isValidSHA256(wrong, key: secret(key), message: message) == false)
        }
    }

    @Test func `a sha512 code is that of the RFC`() {
        let code =
            "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
            + "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854"
        let key = String(repeating: "0b", count: 20)
        #expect(Hex.encode(HMAC2.sha512(key: bytes(key), message: Array("Hi There".utf8))) == code)
        #expect(Hex.encode(HMAC2.sha512(key: secret(key), message: Array("Hi There".utf8))) == code)
    }
}

/// [RFC 5869](https://www.rfc-editor.org/rfc/rfc5869), appendix A.
struct HKDFTests {
    @Test func `test case 1, with salt and info`() {
        let key = HKDF.sha256(
            ikm: secret(String(repeating: "0b", count: 22)), salt: bytes("000102030405060708090a0b0c"),
            info: bytes("f0f1f2f3f4f5f6f7f8f9"), count: 42)
        #expect(
            key.hex() == "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865")
    }

    @Test func `test case 2, with long inputs`() {
        let key = HKDF.sha256(
            ikm: SecretBytes(copying: Array(0x00...0x4f)), salt: Array(0x60...0xaf), info: Array(0xb0...0xff), count: 82
        )
        #expect(
            key.hex()
                == "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09"
                + "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87")
    }

    @Test func `test case 3, without salt and info`() {
        let key = HKDF.sha256(ikm: secret(String(repeating: "0b", count: 22)), count: 42)
        #expect(
            key.hex() == "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8")
    }
}

@Suite(.enabled(if: Published.exists("bitcoin/hashes.json"), "the published vectors are not here"))
struct HashVectorTests {
    @Test(arguments: ["sha256", "sha512", "ripemd160"])
    func `published digests are reproduced`(function: String) throws {
        let lists = try Published.object("bitcoin/hashes.json")["vectors"] as! [String: [[String: Any]]]
        let vectors = lists[function]!
        #expect(vectors.count >= 6)
        for vector in vectors {
            let message: [UInt8]
            if let text = vector["in_utf8"] as? String {
                message = Array(text.utf8)
            } else {
                let unit = try #require(vector["repeat"] as? String, "a vector has a text, or one to repeat")
                message = Array(String(repeating: unit, count: vector["count"] as! Int).utf8)
            }
            let digest =
                switch function {
                case "sha256": SHA2.sha256(message).hex
                case "sha512": Hex.encode(SHA2.sha512(message))
                default: Hex.encode(RIPEMD160.hash(message))
                }
            #expect(digest == vector["out"] as? String)
        }
    }
}

@Suite(.enabled(if: Published.exists("bitcoin/base58_keys_valid.json"), "the published vectors are not here"))
struct Base58CheckVectorTests {
    private enum Kind: Equatable {
        case publicKey(testnet: Bool)
        case script(testnet: Bool)
        case privateKey(testnet: Bool, compressed: Bool)
    }

    // What Bitcoin's own test takes for an address or a key.
    private func read(_ text: String) -> (Kind, [UInt8])? {
        guard let payload = try? Base58.decodeCheck(text), let version = payload.first else { return nil }
        let rest = Array(payload.dropFirst())
        switch (version, rest.count) {
        case (0x00, 20), (0x6f, 20): return (.publicKey(testnet: version == 0x6f), rest)
        case (0x05, 20), (0xc4, 20): return (.script(testnet: version == 0xc4), rest)
        case (0x80, 32), (0xef, 32): return (.privateKey(testnet: version == 0xef, compressed: false), rest)
        case (0x80, 33), (0xef, 33):
            guard rest[32] == 1 else { return nil }
            return (.privateKey(testnet: version == 0xef, compressed: true), Array(rest[..<32]))
        default: return nil
        }
    }

    @Test func `published keys are read and written back`() throws {
        let vectors = try Published.object("bitcoin/base58_keys_valid.json")["vectors"] as! [[Any]]
        #expect(vectors.count == 34)
        for vector in vectors {
            let text = vector[0] as! String
            let facts = vector[2] as! [String: Any]
            let testnet = facts["isTestnet"] as! Bool
            let expected: Kind =
                if facts["isPrivkey"] as! Bool {
                    .privateKey(testnet: testnet, compressed: facts["isCompressed"] as! Bool)
                } else {
                    facts["addrType"] as! String == "pubkey" ? .publicKey(testnet: testnet) : .script(testnet: testnet)
                }
            let (kind, payload) = try #require(read(text))
            #expect(kind == expected)
            #expect(Hex.encode(payload) == vector[1] as! String)
            #expect(Base58.encodeCheck(try Base58.decodeCheck(text)) == text)
        }
    }

    @Test func `published non-keys are refused`() throws {
        let vectors = try Published.object("bitcoin/base58_keys_invalid.json")["vectors"] as! [[String]]
        #expect(vectors.count == 34)
        for vector in vectors { #expect(read(vector[0]) == nil) }
    }
}
