/// The order of an integer's bytes.
public enum ByteOrder: Sendable {
    /// Most significant byte first: the network's, Ethereum's.
    case big
    /// Least significant byte first: Bitcoin's.
    case little
}

/// Why bytes could not be read; offsets count from the start of the input.
public enum ReadError: Error, Equatable, Sendable {
    /// `needed` more bytes were wanted at `at` than there are.
    case truncated(at: Int, needed: Int)
    /// The input should have ended here.
    case trailingBytes(at: Int)
    /// A length above the caller's limit.
    case tooLong(at: Int, limit: Int)
    /// Text that is not UTF-8.
    case invalidUTF8(at: Int)
}

/// Reads bytes from front to back; every read checks what is left first.
///
/// ```swift
/// var reader = ByteReader(bytes)
/// let version = try reader.uint32(.little)
/// let hash = try reader.fixed(Hash32.self)
/// try reader.expectEnd()
/// ```
public struct ByteReader: Sendable {
    @usableFromInline let bytes: [UInt8]
    /// The offset of the next byte.
    public internal(set) var position = 0

    /// Reads all of `bytes`.
    public init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The bytes not read yet.
    public var remaining: Int { bytes.count - position }

    /// Whether everything was read.
    public var isAtEnd: Bool { position == bytes.count }

    /// The next byte without reading it; nil at the end.
    public var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    /// The next `count` bytes.
    ///
    /// - Throws: ``ReadError/truncated(at:needed:)``; a negative count, too, is refused so and reads nothing.
    public mutating func take(_ count: Int) throws(ReadError) -> [UInt8] {
        let start = try advance(count)
        return Array(bytes[start..<position])
    }

    /// Passes over the next `count` bytes.
    ///
    /// - Throws: ``ReadError/truncated(at:needed:)``.
    public mutating func skip(_ count: Int) throws(ReadError) {
        _ = try advance(count)
    }

    /// One byte.
    ///
    /// - Throws: ``ReadError/truncated(at:needed:)``.
    public mutating func uint8() throws(ReadError) -> UInt8 {
        bytes[try advance(1)]
    }

    /// Two bytes as a number.
    ///
    /// - Throws: ``ReadError/truncated(at:needed:)``.
    public mutating func uint16(_ order: ByteOrder = .big) throws(ReadError) -> UInt16 {
        try number(order)
    }

    /// Four bytes as a number.
    ///
    /// - Throws: ``ReadError/truncated(at:needed:)``.
    public mutating func uint32(_ order: ByteOrder = .big) throws(ReadError) -> UInt32 {
        try number(order)
    }

    /// Eight bytes as a number.
    ///
    /// - Throws: ``ReadError/truncated(at:needed:)``.
    public mutating func uint64(_ order: ByteOrder = .big) throws(ReadError) -> UInt64 {
        try number(order)
    }

    /// Eight bytes as a signed number in two's complement.
    ///
    /// - Throws: ``ReadError/truncated(at:needed:)``.
    public mutating func int64(_ order: ByteOrder = .big) throws(ReadError) -> Int64 {
        try number(order)
    }

    /// Thirty-two big-endian bytes as a number.
    ///
    /// - Throws: ``ReadError/truncated(at:needed:)``.
    public mutating func uint256() throws(ReadError) -> UInt256 {
        guard remaining >= 32 else { throw .truncated(at: position, needed: 32) }
        let word3 = try uint64()
        let word2 = try uint64()
        let word1 = try uint64()
        let word0 = try uint64()
        return UInt256(word0, word1, word2, word3)
    }

    /// As many bytes as the type holds.
    ///
    /// - Throws: ``ReadError/truncated(at:needed:)``.
    @inlinable  // else another module's call runs the unspecialised generic
    public mutating func fixed<let count: Int, Tag>(
        _ type: FixedBytes<count, Tag>.Type = FixedBytes<count, Tag>.self
    ) throws(ReadError) -> FixedBytes<count, Tag> {
        let start = try advance(count)
        guard let value = FixedBytes<count, Tag>(bytes.span.extracting(start..<position)) else {
            throw .truncated(at: start, needed: count)
        }
        return value
    }

    /// A 32-bit big-endian length, then that many bytes.
    ///
    /// - Throws: ``ReadError/tooLong(at:limit:)`` above `limit`, ``ReadError/truncated(at:needed:)``.
    public mutating func lengthPrefixed(limit: Int) throws(ReadError) -> [UInt8] {
        let start = position
        let count = Int(try uint32())
        guard count <= limit else { throw .tooLong(at: start, limit: limit) }
        return try take(count)
    }

    /// A 32-bit big-endian length, then that many bytes of UTF-8.
    ///
    /// - Throws: ``ReadError/invalidUTF8(at:)`` and the errors of ``lengthPrefixed(limit:)``.
    public mutating func lengthPrefixedText(limit: Int) throws(ReadError) -> String {
        let start = position
        guard let text = String(validating: try lengthPrefixed(limit: limit), as: UTF8.self) else {
            throw .invalidUTF8(at: start + 4)
        }
        return text
    }

    /// Everything not read yet.
    public mutating func rest() -> [UInt8] {
        let start = position
        position = bytes.count
        return Array(bytes[start...])
    }

    /// Refuses bytes after the last field.
    ///
    /// - Throws: ``ReadError/trailingBytes(at:)``.
    public func expectEnd() throws(ReadError) {
        guard isAtEnd else { throw .trailingBytes(at: position) }
    }

    /// Moves past `count` bytes and gives the offset of the first.
    @usableFromInline
    mutating func advance(_ count: Int) throws(ReadError) -> Int {
        guard count >= 0, count <= bytes.count - position else { throw .truncated(at: position, needed: count) }
        let start = position
        position += count
        return start
    }

    private mutating func number<Number: FixedWidthInteger & BitwiseCopyable>(
        _ order: ByteOrder
    ) throws(ReadError) -> Number {
        let start = try advance(MemoryLayout<Number>.size)
        // `advance` checked the bounds; every bit pattern is a number, and the load needs no alignment.
        let value = unsafe bytes.span.bytes.unsafeLoadUnaligned(fromByteOffset: start, as: Number.self)
        return order == .big ? Number(bigEndian: value) : Number(littleEndian: value)
    }
}
