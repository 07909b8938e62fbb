extension JSON {
    /// The value as compact JSON: no white space, members in their order, only what must be escaped is escaped.
    ///
    /// - Precondition: numbers are within JSON's grammar, as `parse`, `JSON(12)` and `JSON.integer(_:)` make them.
    public func serialized() -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(Self.bytesAtFirst)
        write(into: &out)
        return out
    }

    /// `serialized()` as a string.
    public var text: String { String(decoding: serialized(), as: UTF8.self) }

    /// Appends the value as compact JSON to `out`; for building a larger body without copies.
    ///
    /// - Precondition: numbers are within JSON's grammar.
    public func write(into out: inout [UInt8]) {
        switch self {
        case .null: out.append(contentsOf: "null".utf8)
        case .bool(let value): out.append(contentsOf: value ? "true".utf8 : "false".utf8)
        case .number(let text):
            let start = out.count
            out.append(contentsOf: text.utf8)
            // A number is written without quotes, so a wrong one could smuggle in members of its own.
            precondition(
                JSONParser.firstFaultOfNumber(out.span.extracting(start..<out.count)) == nil,
                "a JSON number is within the grammar; make it with JSON.integer or JSON.checkedNumber")
        case .string(let value): Self.write(value, into: &out)
        case .array(let elements):
            out.append(0x5B)
            for (index, element) in elements.enumerated() {
                if index > 0 { out.append(0x2C) }
                element.write(into: &out)
            }
            out.append(0x5D)
        case .object(let members):
            out.append(0x7B)
            for (index, member) in members.enumerated() {
                if index > 0 { out.append(0x2C) }
                Self.write(member.name, into: &out)
                out.append(0x3A)
                member.value.write(into: &out)
            }
            out.append(0x7D)
        }
    }

    /// The one form in which equal content has equal bytes, for hashing and signing: no white space, members sorted by
    /// the UTF-16 code units of their names, shortest escapes.
    ///
    /// Numbers are limited to integers between -(2^53 - 1) and 2^53 - 1, which every reader of the standard writes
    /// alike; larger amounts travel as strings.
    ///
    /// Standard: [RFC 8785](https://www.rfc-editor.org/rfc/rfc8785), section 3.2.
    ///
    /// - Throws: `JSONError` of kind `.notCanonical` for another number and `.duplicateKey` for a name that comes
    ///   twice; the offset is where in the output it would stand.
    public func canonical() throws(JSONError) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(Self.bytesAtFirst)
        try writeCanonical(into: &out)
        return out
    }

    private func writeCanonical(into out: inout [UInt8]) throws(JSONError) {
        switch self {
        case .null, .bool, .string: write(into: &out)
        case .number:
            // RFC 8785 section 3.2.2.3 goes through a double, exact up to 2^53 - 1 (RFC 7493 section 2.2).
            let greatest: Int64 = 1 << 53 - 1
            guard let value = int, (-greatest...greatest).contains(value) else {
                throw JSONError(.notCanonical, offset: out.count)
            }
            write(into: &out)
        case .array(let elements):
            out.append(0x5B)
            for (index, element) in elements.enumerated() {
                if index > 0 { out.append(0x2C) }
                try element.writeCanonical(into: &out)
            }
            out.append(0x5D)
        case .object(let members):
            let sorted = members.sorted { $0.name.utf16.lexicographicallyPrecedes($1.name.utf16) }
            out.append(0x7B)
            for (index, member) in sorted.enumerated() {
                if index > 0 {
                    guard sorted[index - 1].name != member.name else {
                        throw JSONError(.duplicateKey, offset: out.count)
                    }
                    out.append(0x2C)
                }
                Self.write(member.name, into: &out)
                out.append(0x3A)
                try member.value.writeCanonical(into: &out)
            }
            out.append(0x7D)
        }
    }

    /// Room for the usual answer, so that it is written without moving.
    private static let bytesAtFirst = 512

    /// Appends `string` in quotes, escaping what RFC 8259 section 7 requires, in the forms of RFC 8785 section 3.2.2.2.
    private static func write(_ string: String, into out: inout [UInt8]) {
        out.append(0x22)
        // Nearly every string is plain: append it whole, and go back only when a byte turns out to need an escape.
        let start = out.count
        out.append(contentsOf: string.utf8)
        if out[start...].contains(where: { $0 < 0x20 || $0 == 0x22 || $0 == 0x5C }) {
            out.removeSubrange(start...)
            for byte in string.utf8 { writeEscaped(byte, into: &out) }
        }
        out.append(0x22)
    }

    private static func writeEscaped(_ byte: UInt8, into out: inout [UInt8]) {
        switch byte {
        case 0x22, 0x5C: out.append(contentsOf: [0x5C, byte])
        case 0x08: out.append(contentsOf: "\\b".utf8)
        case 0x09: out.append(contentsOf: "\\t".utf8)
        case 0x0A: out.append(contentsOf: "\\n".utf8)
        case 0x0C: out.append(contentsOf: "\\f".utf8)
        case 0x0D: out.append(contentsOf: "\\r".utf8)
        case 0..<0x20:
            out.append(contentsOf: byte < 0x10 ? "\\u000".utf8 : "\\u00".utf8)
            out.append(contentsOf: String(byte, radix: 16).utf8)
        default: out.append(byte)
        }
    }
}
