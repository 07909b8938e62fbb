/// A whole number from 0 to 2^256 − 1: an amount in a chain's smallest unit, or an EVM word.
///
/// Arithmetic never wraps silently: it throws, reports overflow or saturates, as its name says.
///
/// ```swift
/// let fee = try UInt256(21_000).multiplied(by: gasPrice)
/// let share = try total.multipliedFull(by: part, dividedBy: whole)     // no overflow between the two steps
/// ```
public struct UInt256: Sendable, Hashable, Comparable, ExpressibleByIntegerLiteral {
    // Least significant first. Four named words rather than an array: they stay in registers.
    var word0: UInt64
    var word1: UInt64
    var word2: UInt64
    var word3: UInt64

    init(_ word0: UInt64, _ word1: UInt64, _ word2: UInt64, _ word3: UInt64) {
        self.word0 = word0
        self.word1 = word1
        self.word2 = word2
        self.word3 = word3
    }

    /// 0.
    public static let zero = UInt256(0, 0, 0, 0)
    /// 1.
    public static let one = UInt256(1, 0, 0, 0)
    /// 2^256 − 1.
    public static let max = UInt256(.max, .max, .max, .max)

    /// The same value.
    public init(_ value: UInt64) {
        self.init(value, 0, 0, 0)
    }

    /// The same value; a negative one is the caller's mistake.
    public init(_ value: Int) {
        precondition(value >= 0, "an unsigned number is not negative")
        self.init(UInt64(value), 0, 0, 0)
    }

    /// The same value, or nil when it is negative or above 2^256 − 1.
    public init?(exactly value: some BinaryInteger) {
        guard value >= 0 else { return nil }
        var words: InlineArray<4, UInt64> = [0, 0, 0, 0]
        for (index, word) in value.words.enumerated() {
            if index < 4 {
                words[index] = UInt64(word)
            } else if word != 0 {
                return nil
            }
        }
        self.init(words[0], words[1], words[2], words[3])
    }

    /// The value of a literal up to 2^64 − 1; write a larger one with ``init(decimal:)`` or a shift.
    public init(integerLiteral value: UInt64) {
        self.init(value, 0, 0, 0)
    }

    /// The value of at most 32 bytes, most significant first; none is zero, leading zeros are allowed.
    ///
    /// - Throws: ``NumberError/tooLong`` for more than 32 bytes.
    public init(bigEndian bytes: some Collection<UInt8>) throws(NumberError) {
        guard bytes.count <= 32 else { throw .tooLong }
        if let value = bytes.withContiguousStorageIfAvailable({ unsafe Self(upTo32: $0.span) }) {
            self = value
        } else {
            self.init(upTo32: Array(bytes.prefix(32)).span)
        }
    }

    /// The value of at most 32 bytes, most significant first.
    ///
    /// - Throws: ``NumberError/tooLong`` for more than 32 bytes.
    public init(bigEndian bytes: Span<UInt8>) throws(NumberError) {
        guard bytes.count <= 32 else { throw .tooLong }
        self.init(upTo32: bytes)
    }

    private init(upTo32 bytes: Span<UInt8>) {
        var words: InlineArray<4, UInt64> = [0, 0, 0, 0]
        var end = bytes.count
        var index = 0
        while end > 0 {
            for offset in Swift.max(0, end - 8)..<end { words[index] = words[index] &<< 8 | UInt64(bytes[offset]) }
            end -= 8
            index += 1
        }
        self.init(words[0], words[1], words[2], words[3])
    }

    /// All 32 bytes, most significant first.
    public var bigEndianBytes: [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: 32) { target, count in
            for (index, word) in [word3, word2, word1, word0].enumerated() {
                unsafe UnsafeMutableRawBufferPointer(target).storeBytes(
                    of: word.bigEndian, toByteOffset: index &* 8, as: UInt64.self)
            }
            count = 32
        }
    }

    /// The bytes without leading zeros, most significant first; zero is no bytes, as RLP wants.
    public var minimalBigEndianBytes: [UInt8] {
        let count = (bitWidth + 7) / 8
        return unsafe [UInt8](unsafeUninitializedCapacity: count) { target, written in
            for index in 0..<count {
                let byte = word(index &>> 3) &>> UInt64((index & 7) &* 8)
                unsafe target[count &- 1 &- index] = UInt8(truncatingIfNeeded: byte)
            }
            written = count
        }
    }

    /// The value when it fits 64 bits, otherwise nil.
    public var uint64: UInt64? {
        (word1 | word2 | word3) == 0 ? word0 : nil
    }

    /// Whether the value is 0.
    public var isZero: Bool {
        (word0 | word1 | word2 | word3) == 0
    }

    /// The bits needed to write the value: 0 for 0, 256 for the maximum.
    public var bitWidth: Int {
        256 - leadingZeroBitCount
    }

    /// The zero bits above the highest one: 256 for 0.
    public var leadingZeroBitCount: Int {
        if word3 != 0 { return word3.leadingZeroBitCount }
        if word2 != 0 { return 64 + word2.leadingZeroBitCount }
        if word1 != 0 { return 128 + word1.leadingZeroBitCount }
        return 192 + word0.leadingZeroBitCount
    }

    /// Numerical order.
    public static func < (left: Self, right: Self) -> Bool {
        if left.word3 != right.word3 { return left.word3 < right.word3 }
        if left.word2 != right.word2 { return left.word2 < right.word2 }
        if left.word1 != right.word1 { return left.word1 < right.word1 }
        return left.word0 < right.word0
    }

    /// The 64-bit word at `index`, 0 being the least significant.
    func word(_ index: Int) -> UInt64 {
        switch index {
        case 0: word0
        case 1: word1
        case 2: word2
        default: word3
        }
    }
}

/// Why a number was refused.
public enum NumberError: Error, Equatable, Sendable {
    /// No digits.
    case empty
    /// Not a digit of the notation, at this UTF-8 offset.
    case invalidDigit(at: Int)
    /// A zero before other digits, where one value has one text.
    case leadingZero
    /// Above 2^256 − 1.
    case overflow
    /// Below zero.
    case underflow
    /// The divisor was zero.
    case divisionByZero
    /// More digits or bytes than any value of the type has.
    case tooLong
}
