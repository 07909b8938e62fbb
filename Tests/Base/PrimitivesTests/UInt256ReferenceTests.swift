import Primitives
import Testing

/// A hundred thousand random operations against ``ReferenceNumber``, of widths and shapes where carries happen.
struct UInt256ReferenceTests {
    private static let seed: UInt64 = 0x256

    /// Bytes of a random width, often with runs of ones or zeros: uniform values hardly ever carry far.
    private func pattern(_ random: RandomSource) -> [UInt8] {
        let count = Int(random.uint64(below: 33))
        var bytes = random.bytes(count)
        switch random.uint64(below: 5) {
        case 0: bytes = bytes.map { $0 < 128 ? 0 : 255 }
        case 1:
            let from = Int(random.uint64(below: UInt64(count + 1)))
            let filler: UInt8 = random.uint64(below: 2) == 0 ? 0 : 255
            for index in from..<count { bytes[index] = filler }
        case 2:
            // Words at the edges of what an estimated quotient digit can get wrong.
            let edges: [UInt64] = [0, 1, 2, 1 << 63 - 1, 1 << 63, 1 << 63 + 1, .max - 1, .max]
            bytes = (0..<count / 8).flatMap { _ in
                let word = edges[Int(random.uint64(below: UInt64(edges.count)))]
                return (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(56 - $0 * 8)) }
            }
        default: break
        }
        return bytes
    }

    private func matches(_ value: UInt256, _ reference: ReferenceNumber) -> Bool {
        value.bigEndianBytes == reference.bytes32
    }

    @Test func `sums, differences, products and order`() throws {
        let random = RandomSource.seeded(Self.seed)
        print("UInt256 arithmetic seed \(Self.seed)")
        for round in 0..<30_000 {
            let (left, right) = (pattern(random), pattern(random))
            let (a, b) = (try UInt256(bigEndian: left), try UInt256(bigEndian: right))
            let (x, y) = (ReferenceNumber(bigEndian: left), ReferenceNumber(bigEndian: right))

            let sum = x.adding(y)
            let added = a.addingReportingOverflow(b)
            let product = x.multiplied(by: y)
            let multiplied = a.multipliedReportingOverflow(by: b)
            let full = a.multipliedFullWidth(by: b)
            let subtracted = a.subtractingReportingOverflow(b)
            let good =
                matches(added.partialValue, sum) && added.overflow == !sum.fits256
                && (try? a.adding(b)) == (sum.fits256 ? added.partialValue : nil)
                && a.addingSaturating(b) == (sum.fits256 ? added.partialValue : .max)
                && matches(multiplied.partialValue, product) && multiplied.overflow == !product.fits256
                && (try? a.multiplied(by: b)) == (product.fits256 ? multiplied.partialValue : nil)
                && a.multipliedSaturating(by: b) == (product.fits256 ? multiplied.partialValue : .max)
                && matches(full.low, product) && matches(full.high, product.shiftedRight(by: 256))
                && (a < b) == (x < y) && (a == b) == (x == y) && subtracted.overflow == (x < y)
                && (x < y || matches(subtracted.partialValue, x.subtracting(y)))
                && (try? a.subtracting(b)) == (x < y ? nil : subtracted.partialValue)
                && a.subtractingSaturating(b) == (x < y ? .zero : subtracted.partialValue)
                && subtracted.partialValue.addingReportingOverflow(b).partialValue == a
            guard good else {
                Issue.record("round \(round): \(a) and \(b)")
                return
            }
        }
    }

    @Test func `quotients and remainders multiply back`() throws {
        let random = RandomSource.seeded(Self.seed + 1)
        print("UInt256 division seed \(Self.seed + 1)")
        for round in 0..<40_000 {
            let (left, right) = (pattern(random), pattern(random))
            let (a, b) = (try UInt256(bigEndian: left), try UInt256(bigEndian: right))
            let (x, y) = (ReferenceNumber(bigEndian: left), ReferenceNumber(bigEndian: right))
            guard !b.isZero else {
                #expect(throws: NumberError.divisionByZero) { try a.quotientAndRemainder(dividingBy: b) }
                continue
            }
            let (quotient, remainder) = try a.quotientAndRemainder(dividingBy: b)
            // One pair alone satisfies quotient · divisor + remainder = dividend with remainder < divisor.
            let q = ReferenceNumber(bigEndian: quotient.bigEndianBytes)
            let r = ReferenceNumber(bigEndian: remainder.bigEndianBytes)
            guard q.multiplied(by: y).adding(r) == x && r < y else {
                Issue.record("round \(round): \(a) / \(b)")
                return
            }
            #expect(try a.dividing(by: b) == quotient)
        }
    }

    @Test func `a product divided goes through 512 bits`() throws {
        let random = RandomSource.seeded(Self.seed + 2)
        print("UInt256 full division seed \(Self.seed + 2)")
        var (answered, refused) = (0, 0)
        for round in 0..<40_000 {
            let parts = [pattern(random), pattern(random), pattern(random)]
            let a = try UInt256(bigEndian: parts[0])
            let b = try UInt256(bigEndian: parts[1])
            let c = try UInt256(bigEndian: parts[2])
            let x = ReferenceNumber(bigEndian: parts[0]).multiplied(by: ReferenceNumber(bigEndian: parts[1]))
            let y = ReferenceNumber(bigEndian: parts[2])
            guard !c.isZero else {
                #expect(throws: NumberError.divisionByZero) { try a.multipliedFull(by: b, dividedBy: c) }
                continue
            }
            guard x < y.shiftedLeft(by: 256) else {
                refused += 1
                #expect(throws: NumberError.overflow) { try a.multipliedFull(by: b, dividedBy: c) }
                #expect(throws: NumberError.overflow) { try a.multipliedFull(by: b, dividedBy: c, roundingUp: true) }
                continue
            }
            answered += 1
            let down = try a.multipliedFull(by: b, dividedBy: c)
            let q = ReferenceNumber(bigEndian: down.bigEndianBytes)
            let product = q.multiplied(by: y)
            guard !(x < product), x.subtracting(product) < y else {
                Issue.record("round \(round): \(a) · \(b) / \(c)")
                return
            }
            let isExact = x == product
            let up = try? a.multipliedFull(by: b, dividedBy: c, roundingUp: true)
            #expect(up == (isExact ? down : try? down.adding(.one)))
        }
        #expect(answered > 5000 && refused > 1000)
    }

    @Test func `shifts, bits and widths`() throws {
        let random = RandomSource.seeded(Self.seed + 3)
        for _ in 0..<3000 {
            let (left, right) = (pattern(random), pattern(random))
            let (a, b) = (try UInt256(bigEndian: left), try UInt256(bigEndian: right))
            let x = ReferenceNumber(bigEndian: left)
            let count = Int(random.uint64(below: 300))
            #expect(matches(a.shiftedLeft(by: count), x.shiftedLeft(by: count)))
            #expect(matches(a.shiftedRight(by: count), x.shiftedRight(by: count)))
            #expect(a.shiftedLeft(by: -count) == a.shiftedRight(by: count))
            #expect(a.shiftedRight(by: -count) == a.shiftedLeft(by: count))
            #expect(a.bitWidth == x.bitWidth && a.leadingZeroBitCount == 256 - x.bitWidth)
            #expect((a & b).bigEndianBytes == zip(a.bigEndianBytes, b.bigEndianBytes).map { $0 & $1 })
            #expect((a | b).bigEndianBytes == zip(a.bigEndianBytes, b.bigEndianBytes).map { $0 | $1 })
            #expect((a ^ b).bigEndianBytes == zip(a.bigEndianBytes, b.bigEndianBytes).map { $0 ^ $1 })
            #expect((~a).bigEndianBytes == a.bigEndianBytes.map { ~$0 })
        }
    }

    @Test func `decimal text both ways`() throws {
        let random = RandomSource.seeded(Self.seed + 4)
        for _ in 0..<3000 {
            let bytes = pattern(random)
            let value = try UInt256(bigEndian: bytes)
            let text = ReferenceNumber(bigEndian: bytes).decimal
            #expect(value.description == text)
            #expect(try UInt256(decimal: text) == value)
            #expect(try UInt256(hexQuantity: value.hexQuantity) == value)
        }
    }
}
