import Primitives

/// A parameter of the query that a route knows.
public struct QueryParameter: Sendable {
    /// What values it takes.
    public enum Kind: Sendable {
        /// Text of at most so many bytes.
        case text(bytesMax: Int)
        /// A decimal integer in a range.
        case integer(ClosedRange<Int>)
        /// `true` or `false`.
        case boolean
        /// One of these words.
        case word([String])
        /// An RFC 3339 time in UTC.
        case time
    }

    /// The name.
    public let name: String
    /// What it does.
    public let description: String
    /// What values it takes.
    public let kind: Kind
    /// Whether a request without it is refused.
    public let isRequired: Bool

    /// Declares a parameter.
    public init(_ name: String, _ kind: Kind = .text(bytesMax: 256), _ description: String, isRequired: Bool = false) {
        self.name = name
        self.kind = kind
        self.description = description
        self.isRequired = isRequired
    }

    /// Page size: 50 unless given; more than 200 is answered with 200.
    public static let limit = QueryParameter(
        "limit", .integer(1...1_000_000), "Items per page, 50 unless given; above 200 counts as 200.")
    /// Where the page starts.
    public static let cursor = QueryParameter(
        "cursor", .text(bytesMax: 1024), "The `next_cursor` of the page before; leave out for the first page.")

    /// Why a value is refused, or `nil` when it is fine.
    func fault(_ value: String) -> String? {
        switch kind {
        case .text(let bytesMax):
            if value.isEmpty || value.utf8.count > bytesMax { return "must be 1 to \(bytesMax) bytes" }
            if value.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) { return "must not hold control characters" }
        case .integer(let range):
            // `Int` alone would take a plus sign and leading zeros.
            guard let number = Int(value), String(number) == value, range.contains(number) else {
                return "must be an integer from \(range.lowerBound) to \(range.upperBound)"
            }
        case .boolean:
            if value != "true", value != "false" { return "must be true or false" }
        case .word(let words):
            if !words.contains(value) { return "must be one of \(words.joined(separator: ", "))" }
        case .time:
            if (try? Timestamp(rfc3339: value)) == nil { return "must be an RFC 3339 time ending in Z" }
        }
        return nil
    }

    /// The schema for the document.
    var schema: JSONSchema {
        switch kind {
        case .text(let bytesMax): .string(length: 1...bytesMax)
        case .integer(let range): .integer(range)
        case .boolean: .boolean()
        case .word(let words): .words(words)
        case .time: .string(format: "date-time")
        }
    }
}

/// The query of a request, checked against its route.
public struct Query: Sendable, Hashable {
    private var items: [(name: String, value: String)] = []

    /// Page size when none is asked for.
    public static let pageSizeDefault = 50
    /// Largest page.
    public static let pageSizeMax = 200
    /// Parameters in one query at most.
    private static let itemsMax = 64

    /// The value of a parameter, or `nil` when it was not sent.
    public subscript(name: String) -> String? {
        for item in items where item.name == name { return item.value }
        return nil
    }

    /// The number of an integer parameter.
    public func integer(_ name: String) -> Int? { self[name].flatMap { Int($0) } }

    /// The value of a boolean parameter.
    public func boolean(_ name: String) -> Bool? { self[name].map { $0 == "true" } }

    /// The items the page has: `limit` clamped to 200, or 50.
    public var pageSize: Int { min(integer("limit") ?? Self.pageSizeDefault, Self.pageSizeMax) }

    /// The query of the next page: the same filters, the cursor given, the size as clamped.
    func next(cursor: String) -> String {
        var text = "cursor=\(PercentCoding.encode(cursor))&limit=\(pageSize)"
        for item in items where item.name != "cursor" && item.name != "limit" {
            text += "&\(PercentCoding.encode(item.name))=\(PercentCoding.encode(item.value))"
        }
        return text
    }

    /// A query without parameters.
    public static let empty = Query()

    init() {}

    /// Parses and checks a raw query.
    ///
    /// - Throws: `Problem` naming each parameter that is unknown, repeated, missing or has a wrong value.
    init(_ raw: Substring, for parameters: [QueryParameter]) throws {
        if !raw.isEmpty {
            for part in raw.split(separator: "&", omittingEmptySubsequences: true) {
                guard items.count < Self.itemsMax else {
                    throw Problem(.malformedRequest, "the query has more than \(Self.itemsMax) parameters")
                }
                let equals = part.utf8.firstIndex(of: UInt8(ascii: "="))
                let rawName = equals.map { part[..<$0] } ?? part
                let rawValue = equals.map { part[part.utf8.index(after: $0)...] } ?? ""
                guard let name = PercentCoding.decode(rawName, plusIsSpace: true),
                    let value = PercentCoding.decode(rawValue, plusIsSpace: true)
                else { throw Problem(.malformedRequest, "the query has an escape that is not valid UTF-8") }
                items.append((name, value))
            }
            try check(parameters)
        }
        for parameter in parameters where parameter.isRequired && self[parameter.name] == nil {
            throw Problem(
                .invalidQueryParameter, errors: [FieldError(.query(parameter: parameter.name), "is required")])
        }
    }

    private func check(_ parameters: [QueryParameter]) throws {
        var errors: [FieldError] = []
        for (index, item) in items.enumerated() {
            guard let parameter = parameters.first(where: { $0.name == item.name }) else {
                // Parameter names are the caller's text: shown cut, since `detail` is read by people.
                let name = String(item.name.prefix(64))
                throw Problem(
                    .unknownQueryParameter, errors: [FieldError(.query(parameter: name), "is not known here")])
            }
            if items[..<index].contains(where: { $0.name == item.name }) {
                throw Problem(
                    .duplicateQueryParameter,
                    errors: [FieldError(.query(parameter: item.name), "must be sent once")])
            }
            if let fault = parameter.fault(item.value) {
                errors.append(FieldError(.query(parameter: item.name), fault))
            }
        }
        if !errors.isEmpty { throw Problem(.invalidQueryParameter, errors: errors) }
    }

    /// Queries are equal when their parameters are, in order.
    public static func == (left: Query, right: Query) -> Bool {
        left.items.elementsEqual(right.items) { $0 == $1 }
    }

    /// Feeds all parameters.
    public func hash(into hasher: inout Hasher) {
        for item in items {
            hasher.combine(item.name)
            hasher.combine(item.value)
        }
    }
}

/// Percent-decoding of paths and queries, strict: [RFC 3986](https://www.rfc-editor.org/rfc/rfc3986) section 2.1.
enum PercentCoding {
    /// Decodes text, or returns `nil` for a broken escape, bytes that are not UTF-8, or NUL.
    static func decode(_ text: Substring, plusIsSpace: Bool) -> String? {
        let utf8 = text.utf8
        guard utf8.contains(where: { $0 == UInt8(ascii: "%") || (plusIsSpace && $0 == UInt8(ascii: "+")) }) else {
            return String(text)
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(utf8.count)
        var index = utf8.startIndex
        while index < utf8.endIndex {
            let byte = utf8[index]
            index = utf8.index(after: index)
            if byte == UInt8(ascii: "%") {
                guard index < utf8.endIndex, let high = digit(utf8[index]) else { return nil }
                index = utf8.index(after: index)
                guard index < utf8.endIndex, let low = digit(utf8[index]) else { return nil }
                index = utf8.index(after: index)
                let value = high << 4 | low
                if value == 0 { return nil }
                bytes.append(value)
            } else {
                bytes.append(plusIsSpace && byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    /// Encodes everything but the unreserved characters of section 2.3.
    static func encode(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                bytes.append(byte)
            default:
                bytes.append(contentsOf: [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]])
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
