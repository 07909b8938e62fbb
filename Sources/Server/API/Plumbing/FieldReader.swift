public import Primitives

/// Reads the members of a JSON object one by one and remembers every fault with its JSON pointer.
///
/// Methods return `nil` after noting a fault. Members nobody read are unknown and refused at the end, because a
/// misspelt field that is silently ignored may be a limit that then does not hold.
public struct FieldReader {
    /// Faults reported at most; more would help nobody.
    public static let errorsMax = 50

    private let members: [JSONMember]
    private let pointer: String
    private var seen: [Bool]
    private(set) var errors: [FieldError] = []

    private init(_ members: [JSONMember], pointer: String) {
        self.members = members
        self.pointer = pointer
        self.seen = Array(repeating: false, count: members.count)
    }

    static func read<Value>(_ json: JSON, _ decode: (inout FieldReader) throws -> Value?) throws -> Value {
        guard case .object(let members) = json else {
            throw Problem(.validationFailed, errors: [FieldError(.body(pointer: ""), "must be an object")])
        }
        var reader = FieldReader(members, pointer: "")
        let value = try decode(&reader)
        reader.noteUnknown()
        guard reader.errors.isEmpty else { throw Problem(.validationFailed, errors: reader.errors) }
        guard let value else {
            throw Problem(.internalError, logged: "a body decoder returned nil without a fault")
        }
        return value
    }

    // MARK: Fields

    /// Text that must be there.
    ///
    /// - Parameter bytes: its length in UTF-8. Control characters are refused.
    public mutating func string(_ name: String, bytes: ClosedRange<Int> = 1...256) -> String? {
        guard let value = required(name) else { return nil }
        return string(name, value, bytes)
    }

    /// Text that may be left out or `null`.
    public mutating func optionalString(_ name: String, bytes: ClosedRange<Int> = 1...256) -> String? {
        guard let value = optional(name) else { return nil }
        return string(name, value, bytes)
    }

    /// Text that `parse` understands.
    ///
    /// - Parameters:
    ///   - name: the member.
    ///   - expected: what it takes, completing "must be".
    ///   - parse: throws or returns `nil` for text it does not take.
    public mutating func parse<Value>(
        _ name: String, _ expected: String, _ parse: (String) throws -> Value?
    ) -> Value? {
        guard let value = required(name) else { return nil }
        return parsed(name, value, expected, parse)
    }

    /// Text that `parse` understands, or nothing.
    public mutating func optionalParse<Value>(
        _ name: String, _ expected: String, _ parse: (String) throws -> Value?
    ) -> Value? {
        guard let value = optional(name) else { return nil }
        return parsed(name, value, expected, parse)
    }

    /// An amount of base units: a string of decimal digits.
    ///
    /// JSON numbers are refused, since most parsers in the world round them to 53 bits.
    public mutating func amount(_ name: String) -> UInt256? {
        guard let value = required(name) else { return nil }
        if case .number = value {
            note(name, "must be a string of decimal digits; JSON numbers lose digits")
            return nil
        }
        return parsed(name, value, "a string of decimal digits without sign or leading zeros, below 2^256") {
            try UInt256(decimal: $0)
        }
    }

    /// One of some words.
    public mutating func word<Word: RawRepresentable & CaseIterable>(
        _ name: String, as type: Word.Type = Word.self
    ) -> Word? where Word.RawValue == String {
        guard let value = required(name) else { return nil }
        return word(name, value, type)
    }

    /// One of some words, or nothing.
    public mutating func optionalWord<Word: RawRepresentable & CaseIterable>(
        _ name: String, as type: Word.Type = Word.self
    ) -> Word? where Word.RawValue == String {
        guard let value = optional(name) else { return nil }
        return word(name, value, type)
    }

    /// An integer.
    public mutating func integer(_ name: String, in range: ClosedRange<Int64>) -> Int64? {
        guard let value = required(name) else { return nil }
        return integer(name, value, range)
    }

    /// An integer, or nothing.
    public mutating func optionalInteger(_ name: String, in range: ClosedRange<Int64>) -> Int64? {
        guard let value = optional(name) else { return nil }
        return integer(name, value, range)
    }

    /// `true` or `false`.
    public mutating func boolean(_ name: String) -> Bool? {
        guard let value = required(name) else { return nil }
        return boolean(name, value)
    }

    /// `true`, `false` or nothing.
    public mutating func optionalBoolean(_ name: String) -> Bool? {
        guard let value = optional(name) else { return nil }
        return boolean(name, value)
    }

    /// Any JSON value that must be there; for payloads with a schema of their own.
    public mutating func json(_ name: String) -> JSON? { required(name) }

    /// Any JSON value, or nothing.
    public mutating func optionalJSON(_ name: String) -> JSON? { optional(name) }

    /// An object read by `decode`.
    public mutating func object<Value>(
        _ name: String, _ decode: (inout FieldReader) throws -> Value?
    ) rethrows -> Value? {
        guard let value = required(name) else { return nil }
        return try object(value, pointer: child(name), decode)
    }

    /// An object read by `decode`, or nothing.
    public mutating func optionalObject<Value>(
        _ name: String, _ decode: (inout FieldReader) throws -> Value?
    ) rethrows -> Value? {
        guard let value = optional(name) else { return nil }
        return try object(value, pointer: child(name), decode)
    }

    /// An array of objects, each read by `decode`.
    public mutating func objects<Value>(
        _ name: String, count: ClosedRange<Int>, _ decode: (inout FieldReader) throws -> Value?
    ) rethrows -> [Value]? {
        guard let elements = elements(name, count) else { return nil }
        var values: [Value] = []
        values.reserveCapacity(elements.count)
        for (index, element) in elements.enumerated() {
            guard errors.count < Self.errorsMax else { return nil }
            if let value = try object(element, pointer: "\(child(name))/\(index)", decode) { values.append(value) }
        }
        return values.count == elements.count ? values : nil
    }

    /// An array of texts that `parse` understands.
    public mutating func strings<Value>(
        _ name: String, count: ClosedRange<Int>, _ expected: String, _ parse: (String) throws -> Value?
    ) -> [Value]? {
        guard let elements = elements(name, count) else { return nil }
        var values: [Value] = []
        values.reserveCapacity(elements.count)
        for (index, element) in elements.enumerated() {
            if let text = element.string, let value = try? parse(text) {
                values.append(value)
            } else {
                note(at: "\(child(name))/\(index)", "must be \(expected)")
            }
        }
        return values.count == elements.count ? values : nil
    }

    /// Whether a member was sent, `null` included.
    public func has(_ name: String) -> Bool { index(of: name) != nil }

    /// Notes a fault that only the caller can see, such as two fields that exclude each other.
    public mutating func refuse(_ name: String, _ detail: String) { note(name, detail) }

    // MARK: Checking

    private func index(of name: String) -> Int? {
        for index in members.indices where members[index].name == name { return index }
        return nil
    }

    private mutating func required(_ name: String) -> JSON? {
        guard let index = index(of: name) else {
            note(name, "is required")
            return nil
        }
        seen[index] = true
        if case .null = members[index].value {
            note(name, "must not be null")
            return nil
        }
        return members[index].value
    }

    private mutating func optional(_ name: String) -> JSON? {
        guard let index = index(of: name) else { return nil }
        seen[index] = true
        if case .null = members[index].value { return nil }
        return members[index].value
    }

    private mutating func string(_ name: String, _ value: JSON, _ bytes: ClosedRange<Int>) -> String? {
        guard case .string(let text) = value else {
            note(name, "must be a string")
            return nil
        }
        guard bytes.contains(text.utf8.count) else {
            note(name, "must be a string of \(bytes.lowerBound) to \(bytes.upperBound) bytes")
            return nil
        }
        guard !text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
            note(name, "must not hold control characters")
            return nil
        }
        return text
    }

    private mutating func parsed<Value>(
        _ name: String, _ value: JSON, _ expected: String, _ parse: (String) throws -> Value?
    ) -> Value? {
        guard case .string(let text) = value else {
            note(name, "must be a string: \(expected)")
            return nil
        }
        guard let parsed = try? parse(text) else {
            note(name, "must be \(expected)")
            return nil
        }
        return parsed
    }

    private mutating func word<Word: RawRepresentable & CaseIterable>(
        _ name: String, _ value: JSON, _ type: Word.Type
    ) -> Word? where Word.RawValue == String {
        guard let text = value.string, let word = Word(rawValue: text) else {
            note(name, "must be one of \(Word.allCases.map(\.rawValue).joined(separator: ", "))")
            return nil
        }
        return word
    }

    private mutating func integer(_ name: String, _ value: JSON, _ range: ClosedRange<Int64>) -> Int64? {
        guard let number = value.int, range.contains(number) else {
            note(name, "must be an integer from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return number
    }

    private mutating func boolean(_ name: String, _ value: JSON) -> Bool? {
        guard let flag = value.bool else {
            note(name, "must be true or false")
            return nil
        }
        return flag
    }

    private mutating func elements(_ name: String, _ count: ClosedRange<Int>) -> [JSON]? {
        guard let value = required(name) else { return nil }
        guard let elements = value.array, count.contains(elements.count) else {
            note(name, "must be an array of \(count.lowerBound) to \(count.upperBound) elements")
            return nil
        }
        return elements
    }

    private mutating func object<Value>(
        _ value: JSON, pointer: String, _ decode: (inout FieldReader) throws -> Value?
    ) rethrows -> Value? {
        guard case .object(let members) = value else {
            note(at: pointer, "must be an object")
            return nil
        }
        var inner = FieldReader(members, pointer: pointer)
        let decoded = try decode(&inner)
        inner.noteUnknown()
        for error in inner.errors where errors.count < Self.errorsMax { errors.append(error) }
        return inner.errors.isEmpty ? decoded : nil
    }

    private mutating func noteUnknown() {
        for index in members.indices where !seen[index] {
            note(String(members[index].name.prefix(128)), "is not a known field")
        }
    }

    private mutating func note(_ name: String, _ detail: String) { note(at: child(name), detail) }

    private mutating func note(at pointer: String, _ detail: String) {
        guard errors.count < Self.errorsMax else { return }
        errors.append(FieldError(.body(pointer: pointer), detail))
    }

    /// The pointer of a member: `~` and `/` are escaped as RFC 6901 asks.
    private func child(_ name: String) -> String {
        guard name.utf8.contains(where: { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") }) else {
            return "\(pointer)/\(name)"
        }
        var escaped = ""
        for character in name.unicodeScalars {
            switch character {
            case "~": escaped += "~0"
            case "/": escaped += "~1"
            default: escaped.unicodeScalars.append(character)
            }
        }
        return "\(pointer)/\(escaped)"
    }
}
