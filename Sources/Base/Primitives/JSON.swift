/// A JSON value as it was written: numbers keep their digits, objects keep the order of their members.
///
/// ```swift
/// let body = try JSON.parse(bytes)
/// let amount = body["amount"]?.string                      // amounts travel as strings
/// let answer: JSON = ["id": "wd_01J…", "confirmations": 12, "final": false]
/// ```
///
/// There is no floating point anywhere: a number is its text, and only integers are read out of it.
///
/// Two values are equal when their bytes are: order of members counts, `1.0` is not `1`, and strings are compared by
/// their UTF-8, not by Unicode equivalence as `String` does it (a Kelvin sign must not pass for the letter K).
///
/// Standard: [RFC 8259](https://www.rfc-editor.org/rfc/rfc8259).
public enum JSON: Sendable {
    /// `null`.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// A number as written, within the grammar of RFC 8259 section 6.
    ///
    /// `parse` makes these; in code use `JSON(12)`, `JSON.integer(_:)` or `JSON.checkedNumber(_:)`, since writing a
    /// value whose number breaks the grammar is a programmer error.
    case number(String)
    /// A string, its escapes resolved.
    case string(String)
    /// An array.
    case array([JSON])
    /// An object, its members in the order they were written.
    case object([JSONMember])
}

/// One name and value of a JSON object.
public struct JSONMember: Sendable, Hashable {
    /// The name, its escapes resolved.
    public var name: String
    /// The value.
    public var value: JSON

    /// Makes a member.
    public init(name: String, value: JSON) {
        self.name = name
        self.value = value
    }

    /// Members are equal when the bytes of their names and their values are.
    public static func == (left: Self, right: Self) -> Bool {
        left.name.hasSameBytes(as: right.name) && left.value == right.value
    }
}

// MARK: - Making values

extension JSON {
    /// An integer.
    public init(_ value: Int64) { self = .number(String(value)) }
    /// An integer.
    public init(_ value: UInt64) { self = .number(String(value)) }
    /// An integer.
    public init(_ value: Int) { self = .number(String(value)) }
    /// A boolean.
    public init(_ value: Bool) { self = .bool(value) }
    /// A string.
    public init(_ value: String) { self = .string(value) }

    /// A number from decimal digits of any size, after checking that they are an integer.
    ///
    /// That is: an optional `-`, then `0` or digits without a leading zero. `-0` is refused: it is no integer that
    /// anybody means.
    ///
    /// - Throws: `JSONError` of kind `.invalidNumber`, `.notAnInteger` or `.numberTooLong` (above 128 bytes).
    public static func integer(_ text: String) throws(JSONError) -> JSON {
        let number = try checkedNumber(text)
        if let at = text.utf8.firstIndex(where: { $0 == 0x2E || $0 == 0x65 || $0 == 0x45 }) {
            throw JSONError(.notAnInteger, offset: text.utf8.distance(from: text.utf8.startIndex, to: at))
        }
        guard text != "-0" else { throw JSONError(.notAnInteger, offset: 0) }
        return number
    }

    /// A number from its text, after checking it against RFC 8259 section 6.
    ///
    /// - Throws: `JSONError` of kind `.invalidNumber` or `.numberTooLong` (above 128 bytes).
    public static func checkedNumber(_ text: String) throws(JSONError) -> JSON {
        // Checked before the copy, so that the copy is small.
        guard text.utf8.count <= JSONLimits.standard.numberBytesMax else {
            throw JSONError(.numberTooLong, offset: 0)
        }
        let bytes = Array(text.utf8)
        if let at = JSONParser.firstFaultOfNumber(bytes.span) { throw JSONError(.invalidNumber, offset: at) }
        return .number(text)
    }

    /// An object from pairs in order: `JSON.object(["id": 1, "method": "eth_chainId"])`.
    ///
    /// - Precondition: no name comes twice.
    public static func object(_ pairs: KeyValuePairs<String, JSON>) -> JSON {
        .object(Self.checkedMembers(pairs.map { JSONMember(name: $0.key, value: $0.value) }))
    }

    /// An object from pairs in order, leaving out those that have no value.
    ///
    /// ```swift
    /// JSON.object(omittingNil: ["id": .string(id), "hash": hash.map(JSON.string)])
    /// ```
    ///
    /// - Precondition: no name comes twice.
    public static func object(omittingNil pairs: KeyValuePairs<String, JSON?>) -> JSON {
        var members: [JSONMember] = []
        members.reserveCapacity(pairs.count)
        for (name, value) in pairs {
            if let value { members.append(JSONMember(name: name, value: value)) }
        }
        return .object(Self.checkedMembers(members))
    }

    /// Returns `members`, having made sure that no name comes twice.
    private static func checkedMembers(_ members: [JSONMember]) -> [JSONMember] {
        precondition(
            Set(members.map(\.name)).count == members.count, "a JSON object has each name once")
        return members
    }
}

extension JSON: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByStringInterpolation, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    /// `null`.
    public init(nilLiteral: ()) { self = .null }
    /// A boolean.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// An integer.
    public init(integerLiteral value: Int64) { self.init(value) }
    /// A string.
    public init(stringLiteral value: String) { self = .string(value) }
    /// An array.
    public init(arrayLiteral elements: JSON...) { self = .array(elements) }
    /// An object that keeps the order of the literal.
    ///
    /// - Precondition: no name comes twice.
    public init(dictionaryLiteral elements: (String, JSON)...) {
        self = .object(Self.checkedMembers(elements.map { JSONMember(name: $0.0, value: $0.1) }))
    }
}

// MARK: - Reading values

extension JSON {
    /// The value of the member called `name`, compared byte by byte; `nil` when there is none or this is no object.
    public subscript(name: String) -> JSON? {
        guard case .object(let members) = self else { return nil }
        for member in members where member.name.hasSameBytes(as: name) { return member.value }
        return nil
    }

    /// The element at `index`; `nil` when there is none or this is no array.
    public subscript(index: Int) -> JSON? {
        guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
        return elements[index]
    }

    /// Whether this is `null`.
    public var isNull: Bool {
        if case .null = self { true } else { false }
    }

    /// The string, if this is one.
    public var string: String? {
        if case .string(let value) = self { value } else { nil }
    }

    /// The boolean, if this is one.
    public var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The number as written, if this is one.
    public var number: String? {
        if case .number(let text) = self { text } else { nil }
    }

    /// The integer, if this is a number written as one that fits.
    ///
    /// `1.0`, `1e2` and `-0` are not written as integers.
    public var int: Int64? {
        guard case .number(let text) = self, let value = Int64(text) else { return nil }
        return value == 0 && text != "0" ? nil : value
    }

    /// The integer, if this is a number written as one that fits.
    ///
    /// `1.0`, `1e2` and `-0` are not written as integers.
    public var uint64: UInt64? {
        guard case .number(let text) = self, let value = UInt64(text) else { return nil }
        return value == 0 && text != "0" ? nil : value
    }

    /// The elements, if this is an array.
    public var array: [JSON]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    /// The members in order, if this is an object.
    public var members: [JSONMember]? {
        if case .object(let members) = self { members } else { nil }
    }
}

// MARK: - Comparing values

extension JSON: Hashable {
    /// Values are equal when they would be written as the same bytes.
    public static func == (left: Self, right: Self) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let a), .bool(let b)): a == b
        case (.number(let a), .number(let b)): a.hasSameBytes(as: b)
        case (.string(let a), .string(let b)): a.hasSameBytes(as: b)
        case (.array(let a), .array(let b)): a == b
        case (.object(let a), .object(let b)): a == b
        default: false
        }
    }

    /// Feeds the value; equal bytes give equal hashes.
    public func hash(into hasher: inout Hasher) {
        switch self {
        case .null: hasher.combine(0)
        case .bool(let value): hasher.combine(value)
        case .number(let text): hasher.combine(text)
        case .string(let value): hasher.combine(value)
        case .array(let elements): hasher.combine(elements)
        case .object(let members): hasher.combine(members)
        }
    }
}

extension String {
    /// Whether both are the same UTF-8.
    ///
    /// `==` also equates different spellings of a character, and some of those look like ASCII: U+212A KELVIN SIGN
    /// equals the letter K.
    fileprivate func hasSameBytes(as other: String) -> Bool {
        utf8.count == other.utf8.count && utf8.elementsEqual(other.utf8)
    }
}
