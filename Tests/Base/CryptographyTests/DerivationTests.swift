import Cryptography
import Foundation
import Primitives
import Testing

struct DerivationPathTests {
    @Test func `a path is read and written`() throws {
        let path = try DerivationPath("m/44'/60'/0'/0/7")
        let offset = DerivationPath.hardenedOffset
        #expect(path.steps == [44 + offset, 60 + offset, offset, 0, 7])
        #expect(path.description == "m/44'/60'/0'/0/7")
        #expect(try DerivationPath("m/44h/60h/0h/0/7") == path)
        #expect(try DerivationPath("m").steps == [])
        #expect(try DerivationPath("m/2147483647'").steps == [.max])
        #expect(try path.appending(3).description == "m/44'/60'/0'/0/7/3")
    }

    @Test(arguments: [
        ("", DerivationPathError.missingMaster), ("44'/60'", .missingMaster), ("M/1", .missingMaster),
        ("/m/1", .missingMaster), ("m/", .invalidStep(at: 1)), ("m//1", .invalidStep(at: 1)),
        ("m/1/", .invalidStep(at: 2)), ("m/'", .invalidStep(at: 1)), ("m/-1", .invalidStep(at: 1)),
        ("m/+1", .invalidStep(at: 1)), ("m/01", .invalidStep(at: 1)), ("m/0x1", .invalidStep(at: 1)),
        ("m/1''", .invalidStep(at: 1)), ("m/2147483648", .invalidStep(at: 1)), ("m/4294967296", .invalidStep(at: 1)),
        ("m/99999999999999999999", .invalidStep(at: 1)), ("m/ 1", .invalidStep(at: 1)), ("m/１", .invalidStep(at: 1)),
    ])
    func `other texts are refused`(text: String, error: DerivationPathError) {
        #expect(throws: error) { try DerivationPath(text) }
    }

    @Test func `a path longer than a tree is deep is refused`() throws {
        let longest = "m" + String(repeating: "/0", count: 255)
        #expect(try DerivationPath(longest).steps.count == 255)
        #expect(throws: DerivationPathError.tooLong) { try DerivationPath(longest + "/0") }
        #expect(throws: DerivationPathError.tooLong) { try DerivationPath(String(repeating: "m", count: 1_000_000)) }
        #expect(throws: DerivationPathError.tooLong) { try DerivationPath(longest).appending(0) }
    }

    @Test func `BIP-44 paths are in the standard's order`() {
        #expect(BIP44.path(coin: 60).description == "m/44'/60'/0'/0/0")
        #expect(BIP44.path(coin: 0, account: 1, change: .internal, index: 9).description == "m/44'/0'/1'/1/9")
    }
}

struct BIP39Tests {
    private let abandon = Array(repeating: "abandon", count: 11).joined(separator: " ") + " about"

    @Test func `entropy comes back from its sentence, for every length`() throws {
        for count in [16, 20, 24, 28, 32] {
            let entropy = SecretBytes.random(count: count)
            let mnemonic = try BIP39.mnemonic(entropy: entropy)
            #expect(mnemonic.text().split(separator: " ").count == count * 3 / 4)
            #expect(try BIP39.entropy(mnemonic: mnemonic).isEqual(to: entropy) == true)
        }
    }

    @Test func `the word list is the standard's, word for word`() throws {
        let file = try (0..<2048).map { index in
            // The first eleven bits of the entropy choose the first word.
            var entropy = [UInt8](repeating: 0, count: 16)
            entropy[0] = UInt8(index >> 3)
            entropy[1] = UInt8(index & 7) << 5
            return try BIP39.mnemonic(entropy: SecretBytes(copying: entropy)).text().prefix { $0 != " " } + "\n"
        }
        #expect(
            SHA2.sha256(Array(file.joined().utf8)).hex
                == "2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda")
    }

    @Test(arguments: [0, 15, 17, 18, 33, 64])
    func `entropy of another length is refused`(count: Int) {
        #expect(throws: BIP39Error.wrongEntropyLength(actual: count)) {
            _ = try BIP39.mnemonic(entropy: SecretBytes(copying: [UInt8](repeating: 0, count: count)))
        }
    }

    @Test func `other sentences are refused`() {
        let cases: [(String, BIP39Error)] = [
            (abandon.replacingOccurrences(of: "about", with: "abandon"), .wrongChecksum),
            (abandon + " about", .wrongWordCount),
            (String(abandon.dropLast(6)), .wrongWordCount),
            ("about", .wrongWordCount),
            ("", .unknownWord(at: 0)),
            (" " + abandon, .unknownWord(at: 0)),
            (abandon + " ", .unknownWord(at: 12)),
            (abandon.replacingOccurrences(of: " about", with: "  about"), .unknownWord(at: 11)),
            (abandon.uppercased(), .unknownWord(at: 0)),
            (abandon.replacingOccurrences(of: "about", with: "abou"), .unknownWord(at: 11)),
            (abandon.replacingOccurrences(of: "about", with: "aboutabout"), .unknownWord(at: 11)),
            (abandon.replacingOccurrences(of: "about", with: "äbout"), .unknownWord(at: 11)),
            (Array(repeating: "abandon", count: 25).joined(separator: " "), .wrongWordCount),
            (Array(repeating: "zoo", count: 25).joined(separator: " "), .wrongWordCount),
            (String(repeating: "a", count: 100_000), .wrongWordCount),
            (String(repeating: "\u{0}", count: 20), .unknownWord(at: 0)),
        ]
        for (text, error) in cases {
            #expect(throws: error, "\(text.prefix(60))") { _ = try BIP39.entropy(mnemonic: secret(text: text)) }
        }
    }

    @Test func `a passphrase outside ASCII is refused`() {
        #expect(throws: BIP39Error.passphraseNotASCII) {
            _ = try BIP39.seed(mnemonic: secret(text: abandon), passphrase: secret(text: "pässword"))
        }
    }

    @Test func `no passphrase is the empty passphrase`() throws {
        let mnemonic = secret(text: abandon)
        let seed = try BIP39.seed(mnemonic: mnemonic)
        #expect(try BIP39.seed(mnemonic: mnemonic, passphrase: SecretBytes(copying: [])).isEqual(to: seed) == true)
        #expect(
            seed.hex()
                == "5eb00bbddcf069084889a8ab9155568165f5c453ccb85e70811aaed6f6da5fc1"
                + "9a5ac40b389cd370d086206dec8aa6c43daea6690f20ad3d8d48b2d2ce9e38e4")
    }
}

@Suite(.enabled(if: Published.exists("bitcoin/bip39_trezor.json"), "the published vectors are not here"))
struct BIP39VectorTests {
    @Test func `the published sentences, seeds and master keys are reproduced`() throws {
        let vectors = try Published.object("bitcoin/bip39_trezor.json")["vectors"] as! [String: [[String]]]
        let english = try #require(vectors["english"])
        #expect(english.count == 16)
        for vector in english {
            let mnemonic = try BIP39.mnemonic(entropy: secret(vector[0]))
            #expect(mnemonic.text() == vector[1])
            #expect(try BIP39.entropy(mnemonic: secret(text: vector[1])).hex() == vector[0])
            let seed = try BIP39.seed(mnemonic: mnemonic, passphrase: secret(text: "TREZOR"))
            #expect(seed.hex() == vector[2])
            #expect(try BIP32.ExtendedKey(seed: seed).text().text() == vector[3])
        }
    }

    @Test func `sentences in other languages are refused`() throws {
        let vectors = try Published.object("bitcoin/bip39_trezor.json")["vectors"] as! [String: [[String]]]
        for (language, list) in vectors where language != "english" {
            for vector in list {
                #expect(throws: BIP39Error.self, "\(language)") {
                    _ = try BIP39.entropy(mnemonic: secret(text: vector[1]))
                }
            }
        }
    }
}

struct BIP32Tests {
    @Test func `the wallet that everybody tests with has its known first key`() throws {
        let mnemonic = secret(text: "test test test test test test test test test test test junk")
        let master = try BIP32.ExtendedKey(seed: BIP39.seed(mnemonic: mnemonic))
        let account = try master.derive(BIP44.path(coin: 60))
        let key = account.key.withSecret { $0.hex }
        #expect(key == "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80")
        let point = account.key.publicKey.uncompressed.dropFirst()
        #expect(
            Hex.encode(Keccak256.hash(Array(point)).bytes.suffix(20)) == "f39fd6e51aad88f6f4ce6ab8827279cfffb92266")
    }

    @Test func `public derivation reaches the same keys as private derivation`() throws {
        let account = try BIP32.ExtendedKey(seed: .random(count: 64)).derive(DerivationPath("m/44'/0'/0'"))
        let path = try DerivationPath("m/1/5/1000000")
        #expect(try account.publicKey.derive(path) == account.derive(path).publicKey)
    }

    @Test func `a hardened child of a public key does not exist`() throws {
        let key = try BIP32.ExtendedKey(seed: .random(count: 32)).publicKey
        #expect(throws: BIP32Error.hardenedFromPublic) { try key.child(DerivationPath.hardenedOffset) }
    }

    @Test func `the tree ends at depth 255`() throws {
        let deepest = try BIP32.ExtendedKey(seed: .random(count: 32))
            .derive(DerivationPath("m" + String(repeating: "/0", count: 255)))
        #expect(deepest.position.depth == 255)
        #expect(throws: BIP32Error.tooDeep) { try deepest.child(0) }
        #expect(throws: BIP32Error.tooDeep) { try deepest.publicKey.child(0) }
        #expect(try BIP32.ExtendedKey(text: deepest.text()).position == deepest.position)
    }

    @Test(arguments: [0, 15, 65])
    func `a seed of another length is refused`(count: Int) {
        #expect(throws: BIP32Error.wrongSeedLength(actual: count)) {
            try BIP32.ExtendedKey(seed: SecretBytes(copying: [UInt8](repeating: 1, count: count)))
        }
    }

    @Test func `keys of the test network have their own letters`() throws {
        let key = try BIP32.ExtendedKey(seed: .random(count: 32))
        let text = key.text(network: .testnet)
        #expect(text.text().hasPrefix("tprv"))
        #expect(try BIP32.ExtendedKey(text: text).publicKey == key.publicKey)
        #expect(key.publicKey.text(network: .testnet).hasPrefix("tpub"))
        #expect(try BIP32.ExtendedPublicKey(text: key.publicKey.text(network: .testnet)) == key.publicKey)
    }

    @Test func `a damaged text is refused`() throws {
        let key = try BIP32.ExtendedKey(seed: .random(count: 32))
        let secretText = Array(key.text().text().utf8)
        let publicText = Array(key.publicKey.text().utf8)
        for position in 0..<secretText.count {
            var wrong = secretText
            wrong[position] = wrong[position] == UInt8(ascii: "a") ? UInt8(ascii: "b") : UInt8(ascii: "a")
            #expect(throws: BIP32Error.invalidText) { try BIP32.ExtendedKey(text: SecretBytes(copying: wrong)) }
            #expect(throws: BIP32Error.invalidText) {
                try BIP32.ExtendedKey(text: SecretBytes(copying: Array(secretText[..<position])))
            }
            var wrongPublic = publicText
            wrongPublic[position] = wrongPublic[position] == UInt8(ascii: "a") ? UInt8(ascii: "b") : UInt8(ascii: "a")
            #expect(throws: BIP32Error.invalidText) {
                try BIP32.ExtendedPublicKey(text: String(decoding: wrongPublic, as: UTF8.self))
            }
        }
        for wrong in [secretText + [49], [49] + secretText, [48], [0xff, 0xfe], publicText] {
            #expect(throws: BIP32Error.invalidText) { try BIP32.ExtendedKey(text: SecretBytes(copying: wrong)) }
        }
        #expect(throws: BIP32Error.invalidText) {
            try BIP32.ExtendedPublicKey(text: String(decoding: secretText, as: UTF8.self))
        }
    }
}

@Suite(.enabled(if: Published.exists("bitcoin/bip32.json"), "the published vectors are not here"))
struct BIP32VectorTests {
    @Test func `the standard's chains are reproduced`() throws {
        let vectors = try Published.object("bitcoin/bip32.json")["vectors"] as! [String: [[String: Any]]]
        let valid = try #require(vectors["valid"])
        #expect(valid.count == 4)
        for vector in valid {
            let master = try BIP32.ExtendedKey(seed: secret(vector["seed"] as! String))
            for chain in vector["chains"] as! [[String: String]] {
                let key = try master.derive(DerivationPath(chain["path"]!))
                #expect(key.text().text() == chain["xprv"])
                #expect(key.publicKey.text() == chain["xpub"])
                let reread = try BIP32.ExtendedKey(text: secret(text: chain["xprv"]!))
                #expect(reread.text().text() == chain["xprv"])
                #expect(reread.publicKey == key.publicKey)
                #expect(try BIP32.ExtendedPublicKey(text: chain["xpub"]!) == key.publicKey)
            }
        }
    }

    @Test func `the standard's invalid texts are refused`() throws {
        let vectors = try Published.object("bitcoin/bip32.json")["vectors"] as! [String: [[String: Any]]]
        let invalid = try #require(vectors["invalid_extended_keys"])
        #expect(invalid.count == 11)
        for vector in invalid {
            let text = vector["key"] as! String
            let reason = vector["reason"] as! String
            #expect(throws: BIP32Error.invalidText, "\(reason)") { try BIP32.ExtendedKey(text: secret(text: text)) }
            #expect(throws: BIP32Error.invalidText, "\(reason)") { try BIP32.ExtendedPublicKey(text: text) }
        }
    }
}

struct SLIP10VectorTests {
    @Test func `the standard's chains are reproduced, those that hash again among them`() throws {
        var seen = 0
        for tree in SLIP10Vectors.trees {
            for chain in tree.chains {
                let node = try SLIP10.Node(seed: secret(tree.seed), curve: tree.curve).derive(
                    DerivationPath(chain.path))
                #expect(node.withChainCode { $0.hex } == chain.chainCode, "\(tree.curve) \(chain.path)")
                #expect(node.withSecret { $0.hex } == chain.secret, "\(tree.curve) \(chain.path)")
                #expect(Hex.encode(node.publicKey) == chain.publicKey, "\(tree.curve) \(chain.path)")
                seen += 1
            }
        }
        #expect(seen == 36)
    }

    @Test func `Ed25519 has hardened children only`() throws {
        let node = try SLIP10.Node(seed: .random(count: 32), curve: .ed25519)
        #expect(throws: BIP32Error.hardenedFromPublic) { try node.child(0) }
    }

    @Test(arguments: [0, 15, 65], SLIP10.Curve.allCases)
    func `a seed of another length is refused`(count: Int, curve: SLIP10.Curve) {
        #expect(throws: BIP32Error.wrongSeedLength(actual: count)) {
            try SLIP10.Node(seed: SecretBytes(copying: [UInt8](repeating: 1, count: count)), curve: curve)
        }
    }
}
