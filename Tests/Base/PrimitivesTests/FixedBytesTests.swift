import Primitives
import Testing

struct FixedBytesTests {
    private enum AddressTag {}
    private typealias Twenty = FixedBytes<20, AddressTag>

    @Test func `only the exact number of bytes is taken`() {
        for count in 0..<64 {
            let bytes = RandomSource.seeded(UInt64(count)).bytes(count)
            #expect((Hash32(bytes) != nil) == (count == 32))
            #expect((Hash32(bytes.span) != nil) == (count == 32))
            #expect((Hash32(bytes.lazy.map { $0 }) != nil) == (count == 32))
        }
    }

    @Test func `bytes come back in every way`() throws {
        let random = RandomSource.seeded(3)
        for _ in 0..<200 {
            let bytes = random.bytes(20)
            let value = try #require(Twenty(bytes))
            #expect(value.bytes == bytes)
            #expect((0..<20).map { value[$0] } == bytes)
            #expect(value.withSpan { span in span.indices.map { span[$0] } } == bytes)
            #expect(value.hex == Hex.encode(bytes))
            #expect(value.description == "0x" + Hex.encode(bytes))
            #expect(try Twenty(hex: value.hex) == value)
            #expect(try Twenty(hex: value.description) == value)
            #expect(Twenty(bytes.span) == value)
            #expect(Twenty(bytes.lazy.map { $0 }) == value)
            var buffer: [UInt8] = [9]
            value.append(to: &buffer)
            #expect(buffer == [9] + bytes)
        }
    }

    @Test func `text of the wrong size or with a wrong digit is refused`() {
        let text = String(repeating: "ab", count: 32)
        #expect(throws: HexError.wrongLength(expected: 32, actual: 31)) { try Hash32(hex: String(text.dropLast(2))) }
        #expect(throws: HexError.wrongLength(expected: 32, actual: 33)) { try Hash32(hex: text + "00") }
        #expect(throws: HexError.wrongLength(expected: 32, actual: 0)) { try Hash32(hex: "0x") }
        #expect(throws: HexError.oddLength) { try Hash32(hex: String(text.dropLast())) }
        #expect(throws: HexError.invalidDigit(at: 63)) { try Hash32(hex: text.dropLast() + "g") }
    }

    @Test func `one wrong bit makes another value`() throws {
        let bytes = RandomSource.seeded(4).bytes(32)
        let value = try #require(Hash32(bytes))
        for bit in 0..<256 {
            var changed = bytes
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            let other = try #require(Hash32(changed))
            #expect(other != value)
            #expect((other < value) == changed.lexicographicallyPrecedes(bytes))
            #expect((value < other) == bytes.lexicographicallyPrecedes(changed))
        }
    }

    @Test func `equal values hash alike`() throws {
        let random = RandomSource.seeded(5)
        let values = (0..<1000).map { _ in random.bytes(32) }
        var set: Set<Hash32> = []
        for bytes in values { set.insert(try #require(Hash32(bytes))) }
        #expect(set.count == 1000)
        for bytes in values { #expect(set.contains(try #require(Hash32(bytes)))) }
        #expect(!set.contains(.zero))
    }

    @Test func `zero and repeated bytes`() {
        #expect(Hash32.zero.bytes == [UInt8](repeating: 0, count: 32))
        #expect(Hash32(repeating: 7).bytes == [UInt8](repeating: 7, count: 32))
        #expect(Hash32.zero.description == "0x" + String(repeating: "0", count: 64))
        #expect(FixedBytes<0, AddressTag>([]) == FixedBytes<0, AddressTag>.zero)
        #expect(FixedBytes<0, AddressTag>.zero.description == "0x")
    }
}
