/// Why bytes are not the canonical RLP of anything.
public enum RLPError: Error, Equatable {
    /// The input ends inside the item that starts at this offset.
    case truncated(at: Int)
    /// The outermost item ends here, and the input goes on.
    case trailingBytes(at: Int)
    /// The item at this offset has a shorter encoding, which is the only valid one.
    case nonCanonical(at: Int)
    /// Lists nest deeper than the limit at this offset.
    case tooDeep(at: Int)
    /// More items than the limit.
    case tooManyItems(at: Int)
}

/// Recursive length prefix, the serialisation of Ethereum's transactions:
/// [the specification](https://ethereum.org/en/developers/docs/data-structures-and-encoding/rlp/).
///
/// Only the canonical form is decoded, so `encode(decode(bytes)) == bytes` for everything that is accepted.
public enum RLP {
    /// A byte string or a list of items; RLP knows nothing else, integers are byte strings without leading zeros.
    public enum Item: Sendable, Hashable {
        /// A byte string.
        case bytes([UInt8])
        /// A list.
        case list([Item])
    }

    /// What a decoder accepts of a stranger.
    public struct Limits: Sendable, Hashable {
        /// How deep lists may nest.
        public var depthMax: Int
        /// How many items there may be in all, lists included.
        public var itemsMax: Int

        /// Limits of your own.
        public init(depthMax: Int, itemsMax: Int) {
            self.depthMax = depthMax
            self.itemsMax = itemsMax
        }

        // A transaction nests four deep. The pools' 128 KiB hold at most 3,971 storage keys; 16,384 items is far above.
        /// Enough for every transaction that a node's pool takes: 32 deep, 16,384 items.
        public static let standard = Limits(depthMax: 32, itemsMax: 16_384)
    }

    /// The encoding of an item.
    public static func encode(_ item: Item) -> [UInt8] {
        RLPWriter.bytes(count: size(item)) { writer in writer.item(item) }
    }

    /// The one item that `bytes` encodes.
    ///
    /// - Throws: ``RLPError`` with the offset of the item at fault.
    public static func decode(_ bytes: [UInt8], limits: Limits = .standard) throws(RLPError) -> Item {
        try decode(bytes, from: 0, limits: limits)
    }

    /// The one item that `bytes` encodes from an offset to its end: what follows a transaction's type byte.
    static func decode(_ bytes: [UInt8], from start: Int, limits: Limits = .standard) throws(RLPError) -> Item {
        var decoder = RLPDecoder(bytes: bytes, offset: start, itemsLeft: limits.itemsMax)
        let item = try decoder.item(end: bytes.count, depthLeft: limits.depthMax)
        guard decoder.offset == bytes.count else { throw .trailingBytes(at: decoder.offset) }
        return item
    }
}

private struct RLPDecoder {
    let bytes: [UInt8]
    var offset: Int
    var itemsLeft: Int

    mutating func item(end: Int, depthLeft: Int) throws(RLPError) -> RLP.Item {
        let start = offset
        guard start < end else { throw .truncated(at: start) }
        guard itemsLeft > 0 else { throw .tooManyItems(at: start) }
        itemsLeft -= 1
        let prefix = bytes[start]
        offset += 1
        switch prefix {
        case ..<0x80:
            return .bytes([prefix])
        case ..<0xB8:
            let count = Int(prefix - 0x80)
            guard count <= end - offset else { throw .truncated(at: start) }
            if count == 1, bytes[offset] < 0x80 { throw .nonCanonical(at: start) }
            return take(count)
        case ..<0xC0:
            return take(try length(digits: Int(prefix - 0xB7), start: start, end: end))
        case ..<0xF8:
            let count = Int(prefix - 0xC0)
            guard count <= end - offset else { throw .truncated(at: start) }
            return try list(end: offset + count, start: start, depthLeft: depthLeft)
        default:
            let count = try length(digits: Int(prefix - 0xF7), start: start, end: end)
            return try list(end: offset + count, start: start, depthLeft: depthLeft)
        }
    }

    private mutating func take(_ count: Int) -> RLP.Item {
        let item = RLP.Item.bytes(Array(bytes[offset..<offset + count]))
        offset += count
        return item
    }

    /// The length that follows a long prefix; it is known to fit before anyone allocates.
    private mutating func length(digits: Int, start: Int, end: Int) throws(RLPError) -> Int {
        guard digits <= end - offset else { throw .truncated(at: start) }
        guard bytes[offset] != 0 else { throw .nonCanonical(at: start) }
        var length: UInt64 = 0
        for _ in 0..<digits {
            length = length << 8 | UInt64(bytes[offset])
            offset += 1
        }
        guard length > 55 else { throw .nonCanonical(at: start) }
        guard length <= UInt64(end - offset) else { throw .truncated(at: start) }
        return Int(length)
    }

    private mutating func list(end: Int, start: Int, depthLeft: Int) throws(RLPError) -> RLP.Item {
        guard depthLeft > 0 else { throw .tooDeep(at: start) }
        var items: [RLP.Item] = []
        while offset < end {
            items.append(try item(end: end, depthLeft: depthLeft - 1))
        }
        return .list(items)
    }
}
