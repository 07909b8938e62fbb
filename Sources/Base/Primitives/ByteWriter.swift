/// Writes bytes from front to back; the mirror of ``ByteReader``.
///
/// ```swift
/// var writer = ByteWriter(reserving: 36)
/// writer.uint32(1, .little)
/// writer.fixed(hash)
/// return writer.bytes
/// ```
public struct ByteWriter: Sendable {
    /// What was written so far.
    public internal(set) var bytes: [UInt8] = []

    /// An empty writer with room for `capacity` bytes before it has to grow.
    public init(reserving capacity: Int = 0) {
        bytes.reserveCapacity(capacity)
    }

    /// How many bytes were written.
    public var count: Int { bytes.count }

    /// One byte.
    public mutating func uint8(_ value: UInt8) {
        bytes.append(value)
    }

    /// Two bytes.
    public mutating func uint16(_ value: UInt16, _ order: ByteOrder = .big) {
        number(UInt64(value), count: 2, order)
    }

    /// Four bytes.
    public mutating func uint32(_ value: UInt32, _ order: ByteOrder = .big) {
        number(UInt64(value), count: 4, order)
    }

    /// Eight bytes.
    public mutating func uint64(_ value: UInt64, _ order: ByteOrder = .big) {
        number(value, count: 8, order)
    }

    /// Eight bytes in two's complement.
    public mutating func int64(_ value: Int64, _ order: ByteOrder = .big) {
        number(UInt64(bitPattern: value), count: 8, order)
    }

    /// Thirty-two bytes, big-endian.
    public mutating func uint256(_ value: UInt256) {
        number(value.word3, count: 8, .big)
        number(value.word2, count: 8, .big)
        number(value.word1, count: 8, .big)
        number(value.word0, count: 8, .big)
    }

    /// The bytes as they are.
    public mutating func append(_ value: some Collection<UInt8>) {
        bytes.append(contentsOf: value)
    }

    /// All bytes of the value.
    public mutating func fixed<let count: Int, Tag>(_ value: FixedBytes<count, Tag>) {
        value.append(to: &bytes)
    }

    /// A 32-bit big-endian length, then the bytes; more than 2^32 − 1 of them is the caller's mistake.
    public mutating func lengthPrefixed(_ value: some Collection<UInt8>) {
        let length = value.count
        precondition(length <= Int(UInt32.max), "a length has 32 bits")
        uint32(UInt32(length))
        bytes.append(contentsOf: value)
    }

    /// A 32-bit big-endian length, then the text as UTF-8.
    public mutating func lengthPrefixedText(_ value: String) {
        lengthPrefixed(value.utf8)
    }

    private mutating func number(_ value: UInt64, count: Int, _ order: ByteOrder) {
        for index in 0..<count {
            let place = order == .big ? count &- 1 &- index : index
            bytes.append(UInt8(truncatingIfNeeded: value &>> UInt64(place &* 8)))
        }
    }
}
