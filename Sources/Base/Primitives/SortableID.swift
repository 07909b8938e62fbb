/// Sixteen bytes whose order is the order of creation: 48 bits of Unix milliseconds, then 80 random bits.
///
/// The layout and the text are those of a [ULID](https://github.com/ulid/spec): 26 characters of Crockford's base 32.
/// Only the canonical text is read, upper case and without look-alikes, so that one identifier has one text.
///
/// ```swift
/// id.text(prefix: "wd")                               // "wd_01JD4Z…"
/// try SortableID(text: "wd_01JD4Z…", prefix: "wd")
/// ```
public struct SortableID: Sendable, Hashable, Comparable, CustomStringConvertible {
    let high: UInt64
    let low: UInt64

    init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// The identifier of 16 bytes; nil for any other number of them.
    public init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == 16 else { return nil }
        var value: UInt128 = 0
        for byte in bytes { value = value &<< 8 | UInt128(byte) }
        self.init(high: UInt64(truncatingIfNeeded: value &>> 64), low: UInt64(truncatingIfNeeded: value))
    }

    /// The same for an array; spelled out, since identifiers are read from every row and generic code is slow across modules.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count == 16 else { return nil }
        var (high, low): (UInt64, UInt64) = (0, 0)
        for index in 0..<8 {
            high = high &<< 8 | UInt64(bytes[index])
            low = low &<< 8 | UInt64(bytes[index &+ 8])
        }
        self.init(high: high, low: low)
    }

    /// The lowest identifier of a millisecond: where a scan by time begins.
    ///
    /// Moments out of the 48 bits are clamped.
    public static func first(at moment: Timestamp) -> SortableID {
        let milliseconds = UInt64(min(max(moment.milliseconds, 0), Int64(millisecondsLimit)))
        return SortableID(high: milliseconds &<< 16, low: 0)
    }

    /// The 16 bytes, most significant first: they sort as the identifiers do.
    public var bytes: [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: 16) { target, count in
            for index in 0..<8 {
                let shift = UInt64(56 &- index &* 8)
                unsafe target[index] = UInt8(truncatingIfNeeded: high &>> shift)
                unsafe target[index &+ 8] = UInt8(truncatingIfNeeded: low &>> shift)
            }
            count = 16
        }
    }

    /// The moment in the identifier; it may run ahead of the clock by what ``IDGenerator`` needed.
    public var timestamp: Timestamp {
        Timestamp(milliseconds: Int64(high &>> 16))
    }

    /// Order of creation.
    public static func < (left: Self, right: Self) -> Bool {
        left.high != right.high ? left.high < right.high : left.low < right.low
    }

    /// 2^48 − 1, in the year 10889.
    static let millisecondsLimit: UInt64 = 0xFFFF_FFFF_FFFF
}
