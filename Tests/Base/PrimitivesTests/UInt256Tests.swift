import Primitives
import Testing

struct UInt256Tests {
    private let maximum = "115792089237316195423570985008687907853269984665640564039457584007913129639935"

    @Test func `zero, one and the maximum`() throws {
        #expect(UInt256.zero.isZero && !UInt256.one.isZero && !UInt256.max.isZero)
        #expect(UInt256.zero.bitWidth == 0 && UInt256.one.bitWidth == 1 && UInt256.max.bitWidth == 256)
        #expect(UInt256.zero.leadingZeroBitCount == 256 && UInt256.max.leadingZeroBitCount == 0)
        #expect(UInt256.zero.minimalBigEndianBytes == [])
        #expect(UInt256.one.minimalBigEndianBytes == [1])
        #expect(UInt256.max.minimalBigEndianBytes == [UInt8](repeating: 255, count: 32))
        #expect(UInt256.max.description == maximum)
        #expect(try UInt256(decimal: maximum) == .max)
        #expect(UInt256.zero < .one && UInt256.one < .max && !(UInt256.max < .max))
        #expect(UInt256.zero.uint64 == 0 && UInt256(UInt64.max).uint64 == .max)
        #expect(UInt256.one.shiftedLeft(by: 64).uint64 == nil && UInt256.max.uint64 == nil)
    }

    @Test func `the edges of arithmetic are reported`() throws {
        #expect(throws: NumberError.overflow) { try UInt256.max.adding(.one) }
        #expect(throws: NumberError.underflow) { try UInt256.zero.subtracting(.one) }
        #expect(throws: NumberError.overflow) { try UInt256.max.multiplied(by: 2) }
        #expect(throws: NumberError.overflow) {
            try UInt256.one.shiftedLeft(by: 128).multiplied(by: UInt256.one.shiftedLeft(by: 128))
        }
        #expect(throws: NumberError.divisionByZero) { try UInt256.one.dividing(by: 0) }
        #expect(throws: NumberError.divisionByZero) { try UInt256.one.multipliedFull(by: 1, dividedBy: 0) }
        #expect(UInt256.max.addingReportingOverflow(.one) == (.zero, true))
        #expect(UInt256.zero.subtractingReportingOverflow(.one) == (.max, true))
        #expect(UInt256.max.multipliedReportingOverflow(by: .max) == (.one, true))
        #expect(UInt256.max.multipliedReportingOverflow(by: .one) == (.max, false))
        #expect(UInt256.max.multipliedFullWidth(by: .max) == (try UInt256.max.subtracting(.one), .one))
        #expect(UInt256.max.addingSaturating(.max) == .max)
        #expect(UInt256.zero.subtractingSaturating(.max) == .zero)
        #expect(UInt256.max.multipliedSaturating(by: .max) == .max)
    }

    @Test func `division at its edges`() throws {
        #expect(try UInt256.max.dividing(by: .max) == .one)
        #expect(try UInt256.max.dividing(by: .one) == .max)
        #expect(try UInt256.zero.dividing(by: .max) == .zero)
        let high = UInt256.one.shiftedLeft(by: 255)
        #expect(try UInt256.max.quotientAndRemainder(dividingBy: high) == (.one, high.subtracting(.one)))
        #expect(try UInt256.max.multipliedFull(by: .max, dividedBy: .max) == .max)
        #expect(throws: NumberError.overflow) {
            try UInt256.max.multipliedFull(by: .max, dividedBy: UInt256.max.subtracting(.one))
        }
        #expect(throws: NumberError.overflow) {
            try UInt256.max.multipliedFull(by: high.adding(.one), dividedBy: high, roundingUp: true)
        }
    }

    /// The estimate of a digit sees the divisor's two highest words alone; a low word of 1 makes it one too large.
    @Test func `a digit estimated one too large is put right`() throws {
        let dividend = try UInt256(
            hexQuantity: "0x7fffffffffffffff8000000000000000" + String(repeating: "0", count: 32))
        let divisor = UInt256.one.shiftedLeft(by: 191) | .one
        let (quotient, remainder) = try dividend.quotientAndRemainder(dividingBy: divisor)
        #expect(quotient.hexQuantity == "0xfffffffffffffffe")
        #expect(remainder.hexQuantity == "0x7fffffffffffffffffffffffffffffff0000000000000002")
    }

    @Test func `rounding up past the maximum is an overflow`() throws {
        // 535006138814359 divides 2^257 − 1 (https://oeis.org/A016047), so two factors below 2^256 make that number.
        // Its half is 2^256 − 1 and a half: down it fits, up it does not.
        let factor: UInt256 = 535_006_138_814_359
        let other = try UInt256.max.multipliedFull(by: 2, dividedBy: factor, roundingUp: true)
        let product = factor.multipliedFullWidth(by: other)
        #expect(product.high == .one)
        #expect(product.low == .max)
        #expect(try factor.multipliedFull(by: other, dividedBy: 2) == .max)
        #expect(throws: NumberError.overflow) { try factor.multipliedFull(by: other, dividedBy: 2, roundingUp: true) }
    }

    @Test func `shifts beyond the width do not trap`() {
        for count in [256, 257, 1000, Int.max] {
            #expect(UInt256.max.shiftedLeft(by: count) == .zero)
            #expect(UInt256.max.shiftedRight(by: count) == .zero)
            #expect(UInt256.max.shiftedLeft(by: -count) == .zero)
            #expect(UInt256.max.shiftedRight(by: -count) == .zero)
        }
        #expect(UInt256.max.shiftedLeft(by: .min) == .zero)
        #expect(UInt256.max.shiftedRight(by: .min) == .zero)
        #expect(UInt256.max.shiftedLeft(by: 0) == .max && UInt256.max.shiftedRight(by: 0) == .max)
    }

    @Test func `other integers convert exactly or not at all`() {
        #expect(UInt256(exactly: -1) == nil)
        #expect(UInt256(exactly: Int8(5)) == 5)
        #expect(UInt256(exactly: UInt128.max) == UInt256.max.shiftedRight(by: 128))
        #expect(UInt256(exactly: Int64.min) == nil)
        #expect(UInt256(Int.max) == UInt256(UInt64(Int.max)))
    }

    @Test func `bytes of up to 32 are read`() throws {
        #expect(try UInt256(bigEndian: [UInt8]()) == .zero)
        #expect(try UInt256(bigEndian: [0, 0, 1, 0]) == 256)
        #expect(try UInt256(bigEndian: [UInt8](repeating: 255, count: 32)) == .max)
        #expect(throws: NumberError.tooLong) { try UInt256(bigEndian: [UInt8](repeating: 0, count: 33)) }
        let random = RandomSource.seeded(9)
        for count in 0...32 {
            let bytes = random.bytes(count)
            let padded = [UInt8](repeating: 0, count: 32 - count) + bytes
            #expect(try UInt256(bigEndian: bytes).bigEndianBytes == padded)
            #expect(try UInt256(bigEndian: bytes.span).bigEndianBytes == padded)
            #expect(try UInt256(bigEndian: bytes.lazy.map { $0 }).bigEndianBytes == padded)
            #expect(try UInt256(bigEndian: (bytes + [7])[0..<count]).bigEndianBytes == padded)
            #expect(try UInt256(bigEndian: bytes).minimalBigEndianBytes == Array(bytes.drop { $0 == 0 }))
        }
    }

    @Test func `equal values hash alike`() throws {
        let random = RandomSource.seeded(10)
        let values = (0..<1000).map { _ in random.bytes(32) }
        let set = Set(try values.map { try UInt256(bigEndian: $0) })
        #expect(set.count == 1000)
        #expect(try values.allSatisfy { set.contains(try UInt256(bigEndian: $0)) })
    }

    @Test func `a negative number is a programmer error`() async {
        await #expect(processExitsWith: .failure) {
            let negative = Int("-1")!
            _ = UInt256(negative)
        }
    }
}
