import Primitives

/// Thirty-two bytes as four big-endian words: what topics and subscription ids are made of.
///
/// Comparing and hashing four words costs a few instructions; the hexadecimal text is read and written eight digits at a
/// time, because a relay does both for every frame.
struct Words32: Sendable, Hashable, Comparable {
    /// How many hexadecimal digits the text has.
    static let digits = 64
    /// How many bytes there are.
    static let byteCount = 32

    private var first: UInt64
    private var second: UInt64
    private var third: UInt64
    private var fourth: UInt64

    /// The bytes of a digest.
    init(_ hash: Hash32) {
        self = hash.withSpan { bytes in unsafe Words32(bytes: bytes.bytes) }
    }

    /// Exactly 32 bytes.
    private init(bytes: RawSpan) {
        first = Self.word(bytes, at: 0)
        second = Self.word(bytes, at: 8)
        third = Self.word(bytes, at: 16)
        fourth = Self.word(bytes, at: 24)
    }

    /// Sixty-four digits of either case that stand at `start`; nil when there are fewer or one is no digit.
    init?(digits text: Span<UInt8>, at start: Int) {
        guard start >= 0, text.count - start >= Self.digits else { return nil }
        // A UInt8 has no padding, so its raw bytes are all there is.
        let bytes = unsafe text.bytes
        guard let first = Self.pair(bytes, at: start), let second = Self.pair(bytes, at: start &+ 16),
            let third = Self.pair(bytes, at: start &+ 32), let fourth = Self.pair(bytes, at: start &+ 48)
        else { return nil }
        self.first = first
        self.second = second
        self.third = third
        self.fourth = fourth
    }

    /// Sixty-four digits of either case and nothing else.
    ///
    /// - Throws: `HexError.wrongLength` in bytes, or `.invalidDigit` with its position.
    init(hex: String) throws(HexError) {
        let text = Array(hex.utf8)
        guard text.count == Self.digits else {
            throw .wrongLength(expected: Self.byteCount, actual: text.count / 2)
        }
        if let words = Words32(digits: text.span, at: 0) {
            self = words
            return
        }
        let position = text.firstIndex { !Self.isDigit($0) } ?? 0
        throw .invalidDigit(at: position)
    }

    /// The bytes as an array.
    var bytes: [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(Self.byteCount)
        for word in [first, second, third, fourth] {
            for shift in stride(from: 56, through: 0, by: -8) {
                out.append(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
            }
        }
        return out
    }

    /// Sixty-four lower-case digits.
    var hex: String {
        unsafe String(unsafeUninitializedCapacity: Self.digits) { target in
            unsafe write(to: UnsafeMutableRawBufferPointer(target))
            return Self.digits
        }
    }

    /// Adds the digits to the end of a text under construction.
    func appendHex(to out: inout [UInt8]) {
        unsafe withUnsafeTemporaryAllocation(byteCount: Self.digits, alignment: 8) { target in
            unsafe write(to: target)
            unsafe out.append(contentsOf: target)
        }
    }

    static func < (left: Self, right: Self) -> Bool {
        if left.first != right.first { return left.first < right.first }
        if left.second != right.second { return left.second < right.second }
        if left.third != right.third { return left.third < right.third }
        return left.fourth < right.fourth
    }

    /// Writes 64 digits to the front of `target`, which has room for them.
    private func write(to target: UnsafeMutableRawBufferPointer) {
        unsafe Self.write(first, to: target, at: 0)
        unsafe Self.write(second, to: target, at: 16)
        unsafe Self.write(third, to: target, at: 32)
        unsafe Self.write(fourth, to: target, at: 48)
    }

    private static func write(_ word: UInt64, to target: UnsafeMutableRawBufferPointer, at offset: Int) {
        let high = ascii(word >> 32).bigEndian
        let low = ascii(word & 0xFFFF_FFFF).bigEndian
        // Both stores lie within the 64 bytes that the caller made room for.
        unsafe target.storeBytes(of: high, toByteOffset: offset, as: UInt64.self)
        unsafe target.storeBytes(of: low, toByteOffset: offset &+ 8, as: UInt64.self)
    }

    /// The eight digits of 32 bits, one a byte.
    private static func ascii(_ value: UInt64) -> UInt64 {
        var nibbles = (value | value << 16) & 0x0000_FFFF_0000_FFFF
        nibbles = (nibbles | nibbles << 8) & 0x00FF_00FF_00FF_00FF
        nibbles = (nibbles | nibbles << 4) & 0x0F0F_0F0F_0F0F_0F0F
        // Six more than nine carries into the next nibble, which marks the letters.
        let letters = (nibbles &+ 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
        return nibbles &+ 0x3030_3030_3030_3030 &+ letters &* 0x27
    }

    private static func word(_ bytes: RawSpan, at offset: Int) -> UInt64 {
        // Every bit pattern is a UInt64, and the load checks the bound.
        UInt64(bigEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    /// Sixteen digits.
    private static func pair(_ bytes: RawSpan, at offset: Int) -> UInt64? {
        guard let high = octet(word(bytes, at: offset)), let low = octet(word(bytes, at: offset &+ 8)) else {
            return nil
        }
        return high << 32 | low
    }

    /// The value of eight digits, one a byte; nil when one is no digit.
    private static func octet(_ text: UInt64) -> UInt64? {
        let tops: UInt64 = 0x8080_8080_8080_8080
        guard text & tops == 0 else { return nil }
        // Every byte is below 0x80, so no sum below carries into its neighbour.
        let digits = ~((text ^ 0x3030_3030_3030_3030) &+ 0x7676_7676_7676_7676)
        let lower = text | 0x2020_2020_2020_2020
        let letters = (lower &+ 0x1F1F_1F1F_1F1F_1F1F) & ~(lower &+ 0x1919_1919_1919_1919)
        guard (digits | letters) & tops == tops else { return nil }
        var value = (text & 0x0F0F_0F0F_0F0F_0F0F) &+ (text >> 6 & 0x0101_0101_0101_0101) &* 9
        value = (value | value >> 4) & 0x00FF_00FF_00FF_00FF
        value = (value | value >> 8) & 0x0000_FFFF_0000_FFFF
        return (value | value >> 16) & 0xFFFF_FFFF
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte | 0x20)
    }
}
