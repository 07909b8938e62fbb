import Primitives
import Testing

struct Base58Tests {
    /// Stands for double SHA-256, which this module does not have: any function of the bytes shows the layout.
    private func digest(_ bytes: [UInt8]) -> [UInt8] {
        var state: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { state = (state ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return (0..<32).map { UInt8(truncatingIfNeeded: state >> UInt64($0 % 8 * 8)) }
    }

    @Test func `random bytes survive, leading zeros too`() throws {
        var random = SplitMix(printingSeedOf: "Base58")
        let seed = random.seed
        for round in 0..<2_000 {
            let zeros = [UInt8](repeating: 0, count: round % 5)
            let bytes =
                zeros
                + (0..<Int.random(in: 0...80, using: &random)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            #expect(try Base58.decode(Base58.encode(bytes)) == bytes, "seed \(seed)")
        }
        #expect(Base58.encode([0, 0]) == "11")
        #expect(try Base58.decode("") == [])
    }

    @Test func `a wrong character is named by its position`() {
        #expect(throws: Base58Error.invalidCharacter(at: 3)) { try Base58.decode("3mJ0r") }
        #expect(throws: Base58Error.invalidCharacter(at: 0)) { try Base58.decode(" 2g") }
        #expect(throws: Base58Error.invalidCharacter(at: 2)) { try Base58.decode("2gé") }
        #expect(throws: Base58Error.invalidCharacter(at: 2)) { try Base58.decode("2g\0") }
    }

    @Test func `a long text is refused before it is read`() throws {
        #expect(try Base58.decode(String(repeating: "1", count: 2_048)).count == 2_048)
        #expect(throws: Base58Error.tooLong) { try Base58.decode(String(repeating: "1", count: 2_049)) }
        #expect(throws: Base58Error.tooLong) { try Base58.decode("2g", charactersMax: 1) }
    }

    @Test func `the checksum is checked`() throws {
        let payload: [UInt8] = [0, 1, 2, 3, 255]
        let text = Base58.encodeCheck(payload, sha256d: digest)
        #expect(try Base58.decode(text) == payload + digest(payload).prefix(4))
        #expect(try Base58.decodeCheck(text, sha256d: digest) == payload)
        #expect(try Base58.decodeCheck(Base58.encodeCheck([], sha256d: digest), sha256d: digest) == [])
        #expect(throws: Base58Error.tooShort) { try Base58.decodeCheck("112", sha256d: digest) }
        var wrong = try Base58.decode(text)
        for bit in 0..<(wrong.count * 8) {
            wrong[bit / 8] ^= 1 << UInt8(bit % 8)
            let changed = Base58.encode(wrong)
            #expect(throws: Base58Error.checksumMismatch) { try Base58.decodeCheck(changed, sha256d: digest) }
            wrong[bit / 8] ^= 1 << UInt8(bit % 8)
        }
    }
}

@Suite(.enabled(if: Vectors.arePresent, "\(Vectors.absence)"))
struct Base58VectorTests {
    @Test func `Bitcoin Core's pairs agree both ways`() throws {
        let pairs = try #require(Vectors.json("bitcoin/base58_encode_decode.json")["vectors"]?.array)
        #expect(!pairs.isEmpty)
        for pair in pairs {
            let bytes = Vectors.bytes(hex: try #require(pair[0]?.string))
            let text = try #require(pair[1]?.string)
            #expect(Base58.encode(bytes) == text)
            #expect(try Base58.decode(text) == bytes)
        }
    }

    @Test func `the relay's pairs agree and its wrong texts are refused`() throws {
        let file = try Vectors.json("walletconnect/base58.json")
        let encoded = try #require(file["encode_utf8"]?.array)
        let decoded = try #require(file["decode_hex"]?.array)
        let invalid = try #require(file["invalid"]?.array)
        #expect(!encoded.isEmpty && !decoded.isEmpty && !invalid.isEmpty)
        for pair in encoded {
            let bytes = Array(try #require(pair["utf8"]?.string).utf8)
            let text = try #require(pair["base58"]?.string)
            #expect(Base58.encode(bytes) == text)
            #expect(try Base58.decode(text) == bytes)
        }
        for pair in decoded {
            let bytes = Vectors.bytes(hex: try #require(pair["hex"]?.string))
            let text = try #require(pair["base58"]?.string)
            #expect(Base58.encode(bytes) == text)
            #expect(try Base58.decode(text) == bytes)
        }
        for text in invalid {
            let text = try #require(text.string)
            #expect(throws: Base58Error.self) { try Base58.decode(text) }
        }
    }
}
