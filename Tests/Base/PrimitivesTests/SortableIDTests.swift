import Primitives
import Testing

struct SortableIDTests {
    private let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)

    /// Base 32 bit by bit, independent of the table and the halves.
    private func reference(_ bytes: [UInt8]) -> String {
        let bits = [0, 0] + bytes.flatMap { byte in (0..<8).map { Int(byte >> UInt8(7 - $0)) & 1 } }
        let digits = stride(from: 0, to: 130, by: 5).map { start in bits[start..<(start + 5)].reduce(0) { $0 * 2 + $1 }
        }
        return String(decoding: digits.map { alphabet[$0] }, as: UTF8.self)
    }

    @Test func `text is base 32 and comes back`() throws {
        let random = RandomSource.seeded(26)
        for _ in 0..<2000 {
            let bytes = random.bytes(16)
            let id = try #require(SortableID(bytes))
            #expect(id.bytes == bytes)
            #expect(id.text == reference(bytes) && id.description == id.text)
            #expect(try SortableID(text: id.text) == id)
            #expect(id.text(prefix: "wd") == "wd_" + id.text)
            #expect(try SortableID(text: id.text(prefix: "wd"), prefix: "wd") == id)
        }
    }

    @Test func `the published layout is kept`() throws {
        // The example of the ULID specification: 01ARZ3NDEKTSV4RRFFQ69G5FAV was made at 1469922850259.
        let id = try SortableID(text: "01ARZ3NDEKTSV4RRFFQ69G5FAV")
        #expect(id.timestamp.milliseconds == 1_469_922_850_259)
        #expect(try SortableID(text: "7ZZZZZZZZZZZZZZZZZZZZZZZZZ").bytes == [UInt8](repeating: 255, count: 16))
        #expect(try SortableID(text: "00000000000000000000000000").bytes == [UInt8](repeating: 0, count: 16))
    }

    @Test func `order is the same in bytes, text and value`() throws {
        let random = RandomSource.seeded(27)
        for _ in 0..<2000 {
            var bytes = random.bytes(16)
            let id = try #require(SortableID(bytes))
            bytes[Int(random.uint64(below: 16))] = random.bytes(1)[0]
            let other = try #require(SortableID(bytes))
            #expect((id < other) == id.bytes.lexicographicallyPrecedes(other.bytes))
            #expect((id < other) == (id.text < other.text))
            #expect((id == other) == (id.text == other.text))
            #expect(id != other || id.hashValue == other.hashValue)
        }
    }

    @Test func `only sixteen bytes are an identifier`() {
        for count in 0..<40 {
            #expect((SortableID([UInt8](repeating: 1, count: count)) != nil) == (count == 16))
        }
    }

    @Test func `truncations and extensions are refused`() {
        let text = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
        for count in 0..<26 {
            #expect(throws: IDError.wrongLength(expected: 26, actual: count)) {
                try SortableID(text: String(text.prefix(count)))
            }
        }
        #expect(throws: IDError.wrongLength(expected: 26, actual: 27)) { try SortableID(text: text + "0") }
        #expect(throws: IDError.wrongLength(expected: 26, actual: 27)) { try SortableID(text: " " + text) }
        #expect(throws: IDError.wrongLength(expected: 26, actual: 0)) { try SortableID(text: "wd_", prefix: "wd") }
    }

    @Test func `one wrong bit is refused or another identifier`() throws {
        let text = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
        let id = try SortableID(text: text)
        for bit in 0..<(26 * 8) {
            var bytes = Array(text.utf8)
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            let changed = String(decoding: bytes, as: UTF8.self)
            let isDigit = alphabet.contains(bytes[bit / 8]) && bytes[0] < UInt8(ascii: "8")
            let other = try? SortableID(text: changed)
            #expect((other != nil) == isDigit)
            #expect(other != id)
            #expect(other == nil || other?.text == changed)
        }
    }

    @Test func `one identifier has one text`() {
        #expect(throws: IDError.invalidDigit(at: 2)) { try SortableID(text: "01arz3ndektsv4rrffq69g5fav") }
        #expect(throws: IDError.invalidDigit(at: 0)) { try SortableID(text: "O1ARZ3NDEKTSV4RRFFQ69G5FAV") }
        #expect(throws: IDError.invalidDigit(at: 1)) { try SortableID(text: "0IARZ3NDEKTSV4RRFFQ69G5FAV") }
        #expect(throws: IDError.overflow) { try SortableID(text: "80000000000000000000000000") }
    }

    @Test(arguments: [
        "01ARZ3NDEKTSV4RRFFQ69G5FAV", "dp_01ARZ3NDEKTSV4RRFFQ69G5FAV", "wd", "w", "",
        "wd01ARZ3NDEKTSV4RRFFQ69G5FAV", "wd-01ARZ3NDEKTSV4RRFFQ69G5FAV", "Wd_01ARZ3NDEKTSV4RRFFQ69G5FAV",
    ])
    func `another kind is refused`(text: String) {
        #expect(throws: IDError.wrongPrefix(expected: "wd")) { try SortableID(text: text, prefix: "wd") }
    }

    @Test func `a place of a wrong digit counts the prefix`() {
        #expect(throws: IDError.invalidDigit(at: 28)) {
            try SortableID(text: "wd_01ARZ3NDEKTSV4RRFFQ69G5FA!", prefix: "wd")
        }
    }

    @Test func `the first identifier of a millisecond bounds a scan`() throws {
        let id = try SortableID(text: "01ARZ3NDEKTSV4RRFFQ69G5FAV")
        #expect(!(id < SortableID.first(at: id.timestamp)))
        #expect(id < SortableID.first(at: id.timestamp.adding(milliseconds: 1)))
        #expect(SortableID.first(at: Timestamp(milliseconds: -5)).bytes == [UInt8](repeating: 0, count: 16))
        #expect(SortableID.first(at: Timestamp(milliseconds: .max)).timestamp.milliseconds == 0xFFFF_FFFF_FFFF)
    }
}
