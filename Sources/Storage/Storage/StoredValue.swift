/// One value in a column.
///
/// Three kinds are enough for money: integers for counters and times, text for names and states, bytes for ids, hashes
/// and amounts. Bytes and text compare byte by byte, in memory as in every database, so a 32-byte big-endian amount
/// keeps its order.
public enum StoredValue: Sendable, Hashable {
    case null
    case integer(Int64)
    case text(String)
    case bytes([UInt8])

    // Swift's own equality of text is canonical equivalence, under which two different keys would be one.
    public static func == (left: StoredValue, right: StoredValue) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.integer(let a), .integer(let b)): a == b
        case (.text(let a), .text(let b)): a.utf8.elementsEqual(b.utf8)
        case (.bytes(let a), .bytes(let b)): a == b
        default: false
        }
    }

    public func hash(into hasher: inout Hasher) {
        switch self {
        case .null: hasher.combine(0 as UInt8)
        case .integer(let number):
            hasher.combine(1 as UInt8)
            hasher.combine(number)
        case .text(var text):
            hasher.combine(2 as UInt8)
            text.withUTF8 { utf8 in unsafe hasher.combine(bytes: UnsafeRawBufferPointer(utf8)) }
        case .bytes(let bytes):
            hasher.combine(3 as UInt8)
            unsafe bytes.withUnsafeBytes { raw in unsafe hasher.combine(bytes: raw) }
        }
    }

    /// The kinds that a column can hold.
    public enum Kind: String, Sendable, Hashable {
        case integer, text, bytes
    }

    /// The value's kind; `nil` for null.
    public var kind: Kind? {
        switch self {
        case .null: nil
        case .integer: .integer
        case .text: .text
        case .bytes: .bytes
        }
    }
}

extension StoredValue: Comparable {
    /// Null first, then integers, text by UTF-8 bytes, and bytes: SQLite's order.
    public static func < (left: StoredValue, right: StoredValue) -> Bool {
        switch (left, right) {
        case (.null, .null): false
        case (.null, _): true
        case (.integer(let a), .integer(let b)): a < b
        case (.integer, .text), (.integer, .bytes): true
        case (.text(let a), .text(let b)): a.utf8.lexicographicallyPrecedes(b.utf8)
        case (.text, .bytes): true
        case (.bytes(let a), .bytes(let b)): a.lexicographicallyPrecedes(b)
        default: false
        }
    }
}
