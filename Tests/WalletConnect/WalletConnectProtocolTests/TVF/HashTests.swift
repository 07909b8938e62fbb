import Primitives
import Testing

@testable import WalletConnectProtocol

struct TransactionHashPrimitiveTests {
    @Test func `BLAKE2b gives the published values`() {
        // RFC 7693 appendix A.
        #expect(
            Hex.encode(BLAKE2b.hash(Array("abc".utf8), byteCount: 64))
                == "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
                + "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923")
        // The reference implementation's values.
        #expect(
            Hex.encode(BLAKE2b.hash([], byteCount: 32))
                == "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8")
        #expect(
            Hex.encode(BLAKE2b.hash(Array("abc".utf8), byteCount: 32))
                == "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319")
    }

    // Of `0, 1, 2…` modulo 251, around the sizes of a block; values of Python's hashlib.
    @Test(arguments: [
        (127, "f2fe67ff342e21b8f45e8f2e0bcd1d9243245d50ee6c78042e9c491388791c72"),
        (128, "c3582f71ebb2be66fa5dd750f80baae97554f3b015663c8be377cfcb2488c1d1"),
        (129, "f7f3c46ba2564ff4c4c162da1f5b605f9f1c4aa6a20652a9f9a337c1a2f5b9c9"),
        (256, "582f782226018ec33076bd8d1c42413530ac7e1126260ffc0f306ba3befc3f24"),
        (257, "227e15ed64ee8e93eb7bc53828f76eed974f2c4ab1408c3d08f212b7f8d69904"),
    ])
    func `BLAKE2b is right around the size of a block`(count: Int, expected: String) {
        #expect(Hex.encode(BLAKE2b.hash((0..<count).map { UInt8($0 % 251) }, byteCount: 32)) == expected)
    }

    @Test func `SHA-512/256 gives the published values`() {
        // NIST's examples.
        #expect(
            Hex.encode(SHA512Over256.hash(Array("abc".utf8)))
                == "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23")
        let long =
            "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrs"
            + "mnopqrstnopqrstu"
        #expect(
            Hex.encode(SHA512Over256.hash(Array(long.utf8)))
                == "3928e184fb8690f840da3988121d31be65cb9d3ef83ee6146feac861e19b563a")
        #expect(
            Hex.encode(SHA512Over256.hash([]))
                == "c672b8d1ef56ed28ab87c3622c5114069bdd3ad7b8f9737498d0c01ecef0967a")
    }

    @Test(arguments: [
        (111, "bd209f60b0d04102a09175297fd255367e54b5a5605b928635c606306914363f"),
        (112, "2cafeb0882cc405167e9a255b8581a66dc683212474902dd453dbca20a94e61a"),
        (127, "c26bc7e9315e62ab0dc6aeb577724d07c09b0c6fdfc0a9f08d8548047c032248"),
        (128, "2ff11194b2aec1f943cb5f130ba647c151334068083194d7281a55d607ae255f"),
        (129, "c4a3bbf841ed2a289e5109fb392229c80db61c72fd92079b5a4f0441f095a111"),
    ])
    func `SHA-512/256 is right around the size of a block`(count: Int, expected: String) {
        #expect(Hex.encode(SHA512Over256.hash((0..<count).map { UInt8($0 % 251) })) == expected)
    }

    @Test(arguments: [
        ("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ"), ("fooba", "MZXW6YTB"),
        ("foobar", "MZXW6YTBOI"),
    ])
    func `Base32 gives the values of RFC 4648 without padding`(text: String, expected: String) {
        #expect(Base32.encode(Array(text.utf8)) == expected)
    }

    @Test(arguments: [
        (UInt128(0), "00"), (1, "04"), (42, "a8"), (63, "fc"), (64, "0101"), (69, "1501"), (16_383, "fdff"),
        (16_384, "02000100"), (65_535, "feff0300"), (1_073_741_823, "feffffff"), (1_073_741_824, "0300000040"),
        (100_000_000_000_000, "0b00407a10f35a"),
    ])
    func `SCALE's compact numbers are those of its specification`(number: UInt128, expected: String) {
        #expect(Hex.encode(PolkadotExtrinsic.compact(number)) == expected)
    }
}

struct MessagePackTests {
    @Test func `a value is cut out with its own bytes`() throws {
        // {"sig": bytes(2), "txn": {"a": 1, "b": [true, "x"]}, "z": nil}
        let bytes = try Hex.decode("83" + "a3736967" + "c4020102" + "a374786e" + "82a16101a16292c3a178" + "a17ac0")
        #expect(MessagePack.value(of: "txn", in: bytes) == (try Hex.decode("82a16101a16292c3a178")))
        #expect(MessagePack.value(of: "sig", in: bytes) == [0xC4, 2, 1, 2])
        #expect(MessagePack.value(of: "t", in: bytes) == nil)
        // Cut off anywhere, or with something behind it, it is no map.
        for count in bytes.indices { #expect(MessagePack.value(of: "txn", in: Array(bytes[..<count])) == nil) }
        #expect(MessagePack.value(of: "txn", in: bytes + [0]) == nil)
    }

    @Test func `two values under one name are none`() throws {
        #expect(MessagePack.value(of: "a", in: try Hex.decode("82a16101a16102")) == nil)
    }

    @Test func `depth and number of values are bounded`() {
        let nested: [UInt8] = [0x81, 0xA1, 0x61] + [UInt8](repeating: 0x91, count: 100_000) + [0]
        #expect(MessagePack.value(of: "a", in: nested) == nil)
        // Sixteen arrays of 65,535 elements each would be a number of ninety digits.
        let wide: [UInt8] = [0x81, 0xA1, 0x61] + [UInt8](repeating: 0xDC, count: 30)
        #expect(MessagePack.value(of: "a", in: wide + [UInt8](repeating: 0xFF, count: 20_000)) == nil)
    }
}
