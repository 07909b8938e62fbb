/// A whole number of any size in 32-bit limbs, least significant first, by schoolbook methods alone.
///
/// Slow and plain: what `UInt256` is checked against. It shares no code and no limb size with it.
struct ReferenceNumber: Equatable {
    private(set) var limbs: [UInt32]

    init(_ limbs: [UInt32]) {
        self.limbs = limbs
        while self.limbs.last == 0 { self.limbs.removeLast() }
    }

    init(bigEndian bytes: [UInt8]) {
        var limbs: [UInt32] = []
        for (index, byte) in bytes.reversed().enumerated() {
            if index % 4 == 0 { limbs.append(0) }
            limbs[index / 4] |= UInt32(byte) << UInt32(index % 4 * 8)
        }
        self.init(limbs)
    }

    init(decimal: String) {
        self.init([])
        for digit in decimal.utf8 { self = multiplied(by: Self([10])).adding(Self([UInt32(digit - 48)])) }
    }

    var isZero: Bool { limbs.isEmpty }

    var fits256: Bool { limbs.count <= 8 }

    var bitWidth: Int { limbs.isEmpty ? 0 : limbs.count * 32 - limbs[limbs.count - 1].leadingZeroBitCount }

    /// The value modulo 2^256, as 32 bytes.
    var bytes32: [UInt8] {
        (0..<32).reversed().map { UInt8(truncatingIfNeeded: limb($0 / 4) >> UInt32($0 % 4 * 8)) }
    }

    var decimal: String {
        var digits: [UInt8] = []
        var rest = self
        while !rest.isZero {
            var remainder: UInt64 = 0
            var quotient = rest.limbs
            for index in quotient.indices.reversed() {
                let value = remainder << 32 | UInt64(quotient[index])
                quotient[index] = UInt32(value / 10)
                remainder = value % 10
            }
            digits.append(UInt8(remainder) + 48)
            rest = Self(quotient)
        }
        return digits.isEmpty ? "0" : String(decoding: digits.reversed(), as: UTF8.self)
    }

    func limb(_ index: Int) -> UInt32 { index < limbs.count ? limbs[index] : 0 }

    func bit(_ index: Int) -> Bool { limb(index / 32) >> UInt32(index % 32) & 1 == 1 }

    func adding(_ other: Self) -> Self {
        var result: [UInt32] = []
        var carry: UInt64 = 0
        for index in 0...max(limbs.count, other.limbs.count) {
            carry += UInt64(limb(index)) + UInt64(other.limb(index))
            result.append(UInt32(truncatingIfNeeded: carry))
            carry >>= 32
        }
        return Self(result)
    }

    /// The difference; `other` is not larger.
    func subtracting(_ other: Self) -> Self {
        var result: [UInt32] = []
        var borrow: Int64 = 0
        for index in limbs.indices {
            let value = Int64(limbs[index]) - Int64(other.limb(index)) - borrow
            borrow = value < 0 ? 1 : 0
            result.append(UInt32(truncatingIfNeeded: value))
        }
        return Self(result)
    }

    func multiplied(by other: Self) -> Self {
        var result = [UInt32](repeating: 0, count: limbs.count + other.limbs.count)
        for (row, factor) in other.limbs.enumerated() {
            var carry: UInt64 = 0
            for (column, value) in limbs.enumerated() {
                carry += UInt64(value) * UInt64(factor) + UInt64(result[row + column])
                result[row + column] = UInt32(truncatingIfNeeded: carry)
                carry >>= 32
            }
            result[row + limbs.count] = UInt32(carry)
        }
        return Self(result)
    }

    func shiftedLeft(by count: Int) -> Self {
        var result = [UInt32](repeating: 0, count: limbs.count + count / 32 + 1)
        for index in 0..<bitWidth where bit(index) { result[(index + count) / 32] |= 1 << UInt32((index + count) % 32) }
        return Self(result)
    }

    func shiftedRight(by count: Int) -> Self {
        var result = [UInt32](repeating: 0, count: limbs.count)
        for index in 0..<max(0, bitWidth - count) where bit(index + count) {
            result[index / 32] |= 1 << UInt32(index % 32)
        }
        return Self(result)
    }

    static func < (left: Self, right: Self) -> Bool {
        if left.limbs.count != right.limbs.count { return left.limbs.count < right.limbs.count }
        for index in left.limbs.indices.reversed() where left.limbs[index] != right.limbs[index] {
            return left.limbs[index] < right.limbs[index]
        }
        return false
    }
}
