import Primitives
import Testing

struct UInt256TextTests {
    private let maximum = "115792089237316195423570985008687907853269984665640564039457584007913129639935"

    @Test(arguments: [
        "0", "1", "9", "10", "18446744073709551615", "18446744073709551616", "9999999999999999999",
        "10000000000000000000", "10000000000000000001", "100000000000000000000000000000000000000",
        "99999999999999999999999999999999999999", "340282366920938463463374607431768211456",
        "10000000000000000000000000000000000000000000000000000000000000000000000000000",
    ])
    func `decimal text comes back`(text: String) throws {
        #expect(try UInt256(decimal: text).description == text)
    }

    @Test func `powers of ten and their neighbours`() throws {
        var power = UInt256.one
        for zeros in 0...77 {
            let text = "1" + String(repeating: "0", count: zeros)
            #expect(power.description == text)
            #expect(try UInt256(decimal: text) == power)
            let below = try power.subtracting(.one)
            let nines = zeros == 0 ? "0" : String(repeating: "9", count: zeros)
            #expect(below.description == nines)
            #expect(try UInt256(decimal: nines) == below)
            if zeros < 77 { power = try power.multiplied(by: 10) }
        }
        #expect(throws: NumberError.overflow) { try power.multiplied(by: 10) }
    }

    @Test(arguments: [
        ("", NumberError.empty),
        ("00", .leadingZero),
        ("01", .leadingZero),
        ("+1", .invalidDigit(at: 0)),
        ("-1", .invalidDigit(at: 0)),
        (" 1", .invalidDigit(at: 0)),
        ("1 ", .invalidDigit(at: 1)),
        ("1_000", .invalidDigit(at: 1)),
        ("1.0", .invalidDigit(at: 1)),
        ("1e18", .invalidDigit(at: 1)),
        ("0x1", .invalidDigit(at: 1)),
        ("１", .invalidDigit(at: 0)),
        ("12345678901234567890:", .invalidDigit(at: 20)),
        ("115792089237316195423570985008687907853269984665640564039457584007913129639936", .overflow),
        ("999999999999999999999999999999999999999999999999999999999999999999999999999999", .overflow),
        ("1157920892373161954235709850086879078532699846656405640394575840079131296399350", .tooLong),
    ])
    func `text that is not one is refused`(text: String, error: NumberError) {
        #expect(throws: error) { try UInt256(decimal: text) }
    }

    @Test func `a very long text is refused at once`() {
        #expect(throws: NumberError.tooLong) { try UInt256(decimal: String(repeating: "1", count: 1_000_000)) }
        #expect(throws: NumberError.overflow) {
            try UInt256(hexQuantity: "0x" + String(repeating: "1", count: 100_000))
        }
    }

    @Test func `truncated and extended text is another value or refused`() throws {
        #expect(try UInt256(decimal: String(maximum.dropLast())) != .max)
        #expect(throws: NumberError.tooLong) { try UInt256(decimal: maximum + "0") }
        for bit in 0..<(maximum.utf8.count * 8) {
            var bytes = Array(maximum.utf8)
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            let changed = try? UInt256(decimal: String(decoding: bytes, as: UTF8.self))
            #expect(changed != .max)
        }
    }

    @Test(
        arguments: [
            ("0x0", 0), ("0x1", 1), ("0x1a", 26), ("0x1A", 26), ("0x00", 0), ("0x0001a", 26),
            ("0xffffffffffffffff", UInt64.max),
        ] as [(String, UInt64)])
    func `quantities are read`(text: String, value: UInt64) throws {
        #expect(try UInt256(hexQuantity: text) == UInt256(value))
    }

    @Test func `quantities are written in the shortest form`() throws {
        #expect(UInt256.zero.hexQuantity == "0x0")
        #expect(UInt256(26).hexQuantity == "0x1a")
        #expect(UInt256(256).hexQuantity == "0x100")
        #expect(UInt256.max.hexQuantity == "0x" + String(repeating: "f", count: 64))
        #expect(UInt256.one.shiftedLeft(by: 64).hexQuantity == "0x10000000000000000")
        #expect(
            try UInt256(hexQuantity: "0x" + String(repeating: "0", count: 100) + UInt256.max.hexQuantity.dropFirst(2))
                == .max)
    }

    @Test(arguments: [
        ("", NumberError.empty),
        ("0x", .empty),
        ("0", .invalidDigit(at: 1)),
        ("1a", .invalidDigit(at: 0)),
        ("0X1", .invalidDigit(at: 1)),
        ("0xg", .invalidDigit(at: 2)),
        ("0x 1", .invalidDigit(at: 2)),
        ("0x1 ", .invalidDigit(at: 3)),
        ("-0x1", .invalidDigit(at: 0)),
        ("0x10000000000000000000000000000000000000000000000000000000000000000", .overflow),
    ])
    func `what is no quantity is refused`(text: String, error: NumberError) {
        #expect(throws: error) { try UInt256(hexQuantity: text) }
    }
}
