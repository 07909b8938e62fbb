public import Primitives

extension RLP {
    /// The encoded size of an address: a prefix and 20 bytes.
    static let addressSize = 21
    /// The encoded size of a hash: a prefix and 32 bytes.
    static let hashSize = 33

    /// The encoded size of an integer.
    public static func size(_ value: UInt64) -> Int {
        value < 0x80 ? 1 : 1 + (71 - value.leadingZeroBitCount) / 8
    }

    /// The encoded size of an integer.
    public static func size(_ value: UInt256) -> Int {
        if let small = value.uint64 { return size(small) }
        return 1 + (value.bitWidth + 7) / 8
    }

    /// The encoded size of a byte string.
    public static func size(_ bytes: [UInt8]) -> Int {
        if bytes.count == 1, bytes[0] < 0x80 { return 1 }
        return headerSize(payload: bytes.count) + bytes.count
    }

    /// The encoded size of a list whose items take `payload` bytes.
    public static func listSize(payload: Int) -> Int {
        headerSize(payload: payload) + payload
    }

    /// The encoded size of an item.
    public static func size(_ item: Item) -> Int {
        switch item {
        case .bytes(let bytes): size(bytes)
        case .list(let items): listSize(payload: items.reduce(0) { $0 + size($1) })
        }
    }

    private static func headerSize(payload: Int) -> Int {
        payload < 56 ? 1 : 1 + (71 - UInt64(payload).leadingZeroBitCount) / 8
    }
}

/// Writes RLP into one buffer of a size computed before: no intermediate arrays, no second copy.
///
/// ```swift
/// let payload = RLP.size(nonce) + RLP.size(data)
/// let bytes = RLPWriter.bytes(count: RLP.listSize(payload: payload)) { writer in
///     writer.listHeader(payload: payload)
///     writer.integer(nonce)
///     writer.bytes(data)
/// }
/// ```
///
/// Sizing a transaction first costs a few additions and saves every reallocation; this is on the path of each payout.
@safe public struct RLPWriter: ~Copyable {
    // The pointer lives as long as the closure of `bytes(count:)`, which is the only maker of a writer; a noncopyable
    // value lent as `inout` cannot outlive it. Every write is checked against `end`.
    private var next: UnsafeMutableRawPointer
    private let end: UnsafeMutableRawPointer

    private init(_ buffer: UnsafeMutableRawBufferPointer, start: UnsafeMutableRawPointer) {
        unsafe next = start
        unsafe end = start + buffer.count
    }

    /// Exactly `count` bytes, written by `body`.
    ///
    /// To write fewer or more is a mistake of the caller.
    public static func bytes(count: Int, _ body: (inout RLPWriter) -> Void) -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initializedCount in
            guard count > 0, let start = UnsafeMutableRawPointer(buffer.baseAddress) else { return }
            var writer = unsafe RLPWriter(UnsafeMutableRawBufferPointer(start: start, count: count), start: start)
            body(&writer)
            precondition(unsafe writer.next == writer.end, "the size given to an RLP writer is the size written")
            initializedCount = count
        }
    }

    /// One byte as it is: a transaction's type.
    public mutating func byte(_ byte: UInt8) {
        reserve(1)
        unsafe next.storeBytes(of: byte, as: UInt8.self)
        unsafe next += 1
    }

    /// The header of a list whose items take `payload` bytes; the items follow.
    public mutating func listHeader(payload: Int) {
        header(payload: payload, short: 0xC0)
    }

    /// A byte string.
    public mutating func bytes(_ bytes: [UInt8]) {
        if bytes.count == 1, bytes[0] < 0x80 { return byte(bytes[0]) }
        header(payload: bytes.count, short: 0x80)
        reserve(bytes.count)
        unsafe bytes.withUnsafeBytes { source in
            guard let start = source.baseAddress else { return }
            unsafe next.copyMemory(from: start, byteCount: source.count)
        }
        unsafe next += bytes.count
    }

    /// An integer: big-endian without leading zeros, zero is the empty string.
    public mutating func integer(_ value: UInt64) {
        if value < 0x80 { return byte(value == 0 ? 0x80 : UInt8(value)) }
        let count = (71 - value.leadingZeroBitCount) / 8
        byte(0x80 + UInt8(count))
        significantBytes(of: value, count: count)
    }

    /// An integer: big-endian without leading zeros, zero is the empty string.
    public mutating func integer(_ value: UInt256) {
        if let small = value.uint64 { return integer(small) }
        let words = value.words
        let count = (value.bitWidth + 7) / 8
        byte(0x80 + UInt8(count))
        let whole = (count - 1) / 8
        switch whole {
        case 1:
            significantBytes(of: words.1, count: count - 8)
        case 2:
            significantBytes(of: words.2, count: count - 16)
            word(words.1)
        default:
            significantBytes(of: words.3, count: count - 24)
            word(words.2)
            word(words.1)
        }
        word(words.0)
    }

    /// An address, or the empty string where a transaction creates a contract.
    public mutating func address(_ address: Address?) {
        guard let address else { return byte(0x80) }
        byte(0x94)
        word(address.high)
        word(address.middle)
        reserve(4)
        unsafe next.storeBytes(of: address.low.bigEndian, as: UInt32.self)
        unsafe next += 4
    }

    /// A hash or a storage key.
    public mutating func hash(_ hash: Hash32) {
        byte(0xA0)
        reserve(32)
        hash.withSpan { bytes in
            for index in 0..<32 { unsafe (next + index).storeBytes(of: bytes[index], as: UInt8.self) }
        }
        unsafe next += 32
    }

    /// An item and everything in it.
    public mutating func item(_ item: RLP.Item) {
        switch item {
        case .bytes(let bytes):
            self.bytes(bytes)
        case .list(let items):
            listHeader(payload: items.reduce(0) { $0 + RLP.size($1) })
            for item in items { self.item(item) }
        }
    }

    private mutating func header(payload: Int, short: UInt8) {
        if payload < 56 { return byte(short + UInt8(payload)) }
        let count = (71 - UInt64(payload).leadingZeroBitCount) / 8
        byte(short + 55 + UInt8(count))
        significantBytes(of: UInt64(payload), count: count)
    }

    private mutating func word(_ word: UInt64) {
        reserve(8)
        unsafe next.storeBytes(of: word.bigEndian, as: UInt64.self)
        unsafe next += 8
    }

    /// The lower `count` bytes of a word, from 1 to 8.
    private mutating func significantBytes(of word: UInt64, count: Int) {
        reserve(count)
        if unsafe end - next >= 8 {
            // One store of eight bytes; the bytes after `count` are written again by what follows.
            unsafe next.storeBytes(of: (word << UInt64(64 - 8 * count)).bigEndian, as: UInt64.self)
        } else {
            for index in 0..<count {
                let byte = UInt8(truncatingIfNeeded: word >> UInt64(8 * (count - 1 - index)))
                unsafe (next + index).storeBytes(of: byte, as: UInt8.self)
            }
        }
        unsafe next += count
    }

    private func reserve(_ count: Int) {
        precondition(unsafe count <= end - next, "the size given to an RLP writer is the size written")
    }
}
