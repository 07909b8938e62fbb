public import Primitives

/// A Swift type that a column can hold.
///
/// ```swift
/// enum State: String, Storable { case open, closed }   // text, by its raw value
/// ```
public protocol Storable: Sendable {
    /// The kind of column that holds it.
    static var kind: StoredValue.Kind { get }
    /// Whether the column accepts null.
    static var isNullable: Bool { get }
    /// The exact size in bytes where the type has one; the schema checks it.
    static var sizeBytes: Int? { get }
    /// The value as stored.
    var stored: StoredValue { get }
    /// Reads it back; `nil` when the stored value is not of this type.
    init?(stored: StoredValue)
}

extension Storable {
    public static var isNullable: Bool { false }
    public static var sizeBytes: Int? { nil }
}

extension Int64: Storable {
    public static var kind: StoredValue.Kind { .integer }
    public var stored: StoredValue { .integer(self) }
    public init?(stored: StoredValue) {
        guard case .integer(let value) = stored else { return nil }
        self = value
    }
}

extension Int: Storable {
    public static var kind: StoredValue.Kind { .integer }
    public var stored: StoredValue { .integer(Int64(self)) }
    public init?(stored: StoredValue) {
        guard case .integer(let value) = stored else { return nil }
        self.init(exactly: value)
    }
}

extension Bool: Storable {
    public static var kind: StoredValue.Kind { .integer }
    public var stored: StoredValue { .integer(self ? 1 : 0) }
    public init?(stored: StoredValue) {
        switch stored {
        case .integer(0): self = false
        case .integer(1): self = true
        default: return nil
        }
    }
}

extension String: Storable {
    public static var kind: StoredValue.Kind { .text }
    public var stored: StoredValue { .text(self) }
    public init?(stored: StoredValue) {
        guard case .text(let value) = stored else { return nil }
        self = value
    }
}

extension [UInt8]: Storable {
    public static var kind: StoredValue.Kind { .bytes }
    public var stored: StoredValue { .bytes(self) }
    public init?(stored: StoredValue) {
        guard case .bytes(let value) = stored else { return nil }
        self = value
    }
}

extension UInt256: Storable {
    public static var kind: StoredValue.Kind { .bytes }
    public static var sizeBytes: Int? { 32 }
    public var stored: StoredValue { .bytes(bigEndianBytes) }
    public init?(stored: StoredValue) {
        guard case .bytes(let value) = stored, value.count == 32 else { return nil }
        guard let number = try? UInt256(bigEndian: value.span) else { return nil }
        self = number
    }
}

extension SortableID: Storable {
    public static var kind: StoredValue.Kind { .bytes }
    public static var sizeBytes: Int? { 16 }
    public var stored: StoredValue { .bytes(bytes) }
    public init?(stored: StoredValue) {
        guard case .bytes(let value) = stored else { return nil }
        self.init(value)
    }
}

extension FixedBytes: Storable {
    public static var kind: StoredValue.Kind { .bytes }
    public static var sizeBytes: Int? { count }
    public var stored: StoredValue { .bytes(bytes) }
    public init?(stored: StoredValue) {
        guard case .bytes(let value) = stored else { return nil }
        self.init(value)
    }
}

extension Timestamp: Storable {
    public static var kind: StoredValue.Kind { .integer }
    public var stored: StoredValue { .integer(milliseconds) }
    public init?(stored: StoredValue) {
        guard case .integer(let value) = stored else { return nil }
        self.init(milliseconds: value)
    }
}

extension Optional: Storable where Wrapped: Storable {
    public static var kind: StoredValue.Kind { Wrapped.kind }
    public static var isNullable: Bool { true }
    public static var sizeBytes: Int? { Wrapped.sizeBytes }
    public var stored: StoredValue { self?.stored ?? .null }
    public init?(stored: StoredValue) {
        if stored == .null {
            self = .none
        } else {
            guard let value = Wrapped(stored: stored) else { return nil }
            self = .some(value)
        }
    }
}

extension Storable where Self: RawRepresentable, RawValue == String {
    public static var kind: StoredValue.Kind { .text }
    public var stored: StoredValue { .text(rawValue) }
    public init?(stored: StoredValue) {
        guard case .text(let value) = stored else { return nil }
        self.init(rawValue: value)
    }
}
