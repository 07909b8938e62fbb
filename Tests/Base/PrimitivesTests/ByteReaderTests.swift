import Primitives
import Testing

struct ByteReaderTests {
    private func sample() -> [UInt8] {
        var writer = ByteWriter(reserving: 8)
        writer.uint8(0x01)
        writer.uint16(0x0203)
        writer.uint16(0x0203, .little)
        writer.uint32(0x0405_0607)
        writer.uint32(0x0405_0607, .little)
        writer.uint64(0x0809_0A0B_0C0D_0E0F)
        writer.uint64(0x0809_0A0B_0C0D_0E0F, .little)
        writer.int64(-2)
        writer.uint256(UInt256.max)
        writer.fixed(Hash32(repeating: 9))
        writer.lengthPrefixed([1, 2, 3])
        writer.lengthPrefixedText("zß水")
        writer.append([7, 8])
        return writer.bytes
    }

    private func read(_ bytes: [UInt8]) throws(ReadError) {
        var reader = ByteReader(bytes)
        #expect(try reader.uint8() == 0x01)
        #expect(try reader.uint16() == 0x0203)
        #expect(try reader.uint16(.little) == 0x0203)
        #expect(try reader.uint32() == 0x0405_0607)
        #expect(try reader.uint32(.little) == 0x0405_0607)
        #expect(try reader.uint64() == 0x0809_0A0B_0C0D_0E0F)
        #expect(try reader.uint64(.little) == 0x0809_0A0B_0C0D_0E0F)
        #expect(try reader.int64() == -2)
        #expect(try reader.uint256() == UInt256.max)
        #expect(try reader.fixed(Hash32.self) == Hash32(repeating: 9))
        #expect(try reader.lengthPrefixed(limit: 3) == [1, 2, 3])
        #expect(try reader.lengthPrefixedText(limit: 100) == "zß水")
        #expect(reader.peek == 7)
        #expect(try reader.take(2) == [7, 8])
        try reader.expectEnd()
    }

    @Test func `what was written is read`() throws {
        try read(sample())
        #expect(Array(sample().prefix(5)) == [1, 2, 3, 3, 2])
    }

    @Test func `every truncation is an error`() {
        let bytes = sample()
        for count in 0..<bytes.count {
            var reader = ByteReader(Array(bytes.prefix(count)))
            #expect(throws: ReadError.self) {
                _ = try reader.uint8()
                try reader.skip(4 + 8 + 16 + 8 + 32 + 32)
                _ = try reader.lengthPrefixed(limit: 3)
                _ = try reader.lengthPrefixedText(limit: 100)
                _ = try reader.take(2)
            }
        }
    }

    @Test func `an extension is an error`() throws {
        var reader = ByteReader(sample() + [0])
        try reader.skip(sample().count)
        #expect(throws: ReadError.trailingBytes(at: sample().count)) { try reader.expectEnd() }
    }

    @Test func `an attacker's length reads nothing`() throws {
        var reader = ByteReader([0xFF, 0xFF, 0xFF, 0xFF, 1])
        #expect(throws: ReadError.tooLong(at: 0, limit: 1000)) { try reader.lengthPrefixed(limit: 1000) }
        var other = ByteReader([0xFF, 0xFF, 0xFF, 0xFF, 1])
        #expect(throws: ReadError.truncated(at: 4, needed: 0xFFFF_FFFF)) { try other.lengthPrefixed(limit: .max) }
        var third = ByteReader([1, 2])
        #expect(throws: ReadError.truncated(at: 0, needed: -1)) { try third.take(-1) }
        #expect(throws: ReadError.truncated(at: 0, needed: .max)) { try third.take(.max) }
        #expect(throws: ReadError.truncated(at: 0, needed: .min)) { try third.skip(.min) }
        #expect(try third.take(1) == [1])
        #expect(throws: ReadError.truncated(at: 1, needed: .max)) { try third.take(.max) }
        #expect(third.remaining == 1)
        #expect(third.rest() == [2])
        #expect(third.isAtEnd && third.peek == nil)
        #expect(third.rest() == [])
    }

    @Test func `text that is not UTF-8 is refused`() {
        for bad: [UInt8] in [[0xC0, 0x80], [0xED, 0xA0, 0x80], [0xFF], [0xE6, 0xB0]] {
            var writer = ByteWriter()
            writer.lengthPrefixed(bad)
            var reader = ByteReader(writer.bytes)
            #expect(throws: ReadError.invalidUTF8(at: 4)) { try reader.lengthPrefixedText(limit: 10) }
        }
    }
}
