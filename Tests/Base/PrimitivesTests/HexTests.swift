import Primitives
import Testing

struct HexTests {
    @Test func `bytes come back from their text`() throws {
        let random = RandomSource.seeded(11)
        for count in 0..<200 {
            let bytes = random.bytes(count)
            #expect(try Hex.decode(Hex.encode(bytes)) == bytes)
            #expect(try Hex.decodePrefixed(Hex.encodePrefixed(bytes)) == bytes)
            #expect(try Hex.decode(Hex.encode(bytes).uppercased()) == bytes)
        }
    }

    @Test func `every byte has its two digits`() throws {
        let bytes = (UInt8.min...UInt8.max).map { $0 }
        let expected = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        #expect(Hex.encode(bytes) == expected)
        #expect(Hex.encode(UInt8.min...UInt8.max) == expected)
        #expect(Hex.encode(AnySequence(bytes)) == expected)
        #expect(Hex.encode(bytes[3...5]) == "030405")
    }

    @Test func `a prefix is optional or required`() throws {
        #expect(try Hex.decode("0x00ff") == [0, 255])
        #expect(try Hex.decode("00ff") == [0, 255])
        #expect(try Hex.decode("") == [])
        #expect(try Hex.decode("0x") == [])
        #expect(Hex.encodePrefixed([]) == "0x")
        #expect(throws: HexError.missingPrefix) { try Hex.decodePrefixed("00ff") }
        #expect(throws: HexError.missingPrefix) { try Hex.decodePrefixed("") }
        #expect(throws: HexError.missingPrefix) { try Hex.decodePrefixed("0") }
        #expect(throws: HexError.missingPrefix) { try Hex.decodePrefixed("0Xff") }
    }

    @Test func `an odd digit is refused`() {
        #expect(throws: HexError.oddLength) { try Hex.decode("abc") }
        #expect(throws: HexError.oddLength) { try Hex.decode("0x1") }
        #expect(throws: HexError.oddLength) { try Hex.decode("x") }
    }

    @Test func `a character that is no digit is refused with its place`() {
        for character in UInt8.min...127 {
            let scalar = Character(Unicode.Scalar(character))
            let isDigit = scalar.isASCII && scalar.isHexDigit
            let low = try? Hex.decode("0xab1\(scalar)")
            let high = try? Hex.decode("0xab\(scalar)1")
            #expect((low != nil) == isDigit)
            #expect((high != nil) == isDigit)
        }
        #expect(throws: HexError.invalidDigit(at: 5)) { try Hex.decode("0xab1g") }
        #expect(throws: HexError.invalidDigit(at: 4)) { try Hex.decode("0xab g") }
        #expect(throws: HexError.invalidDigit(at: 2)) { try Hex.decode("ab\u{e9}") }
        #expect(throws: HexError.invalidDigit(at: 1)) { try Hex.decode("0X12") }
    }

    @Test func `a prefix inside is not a digit`() {
        #expect(throws: HexError.invalidDigit(at: 3)) { try Hex.decode("0x0x12") }
    }
}
