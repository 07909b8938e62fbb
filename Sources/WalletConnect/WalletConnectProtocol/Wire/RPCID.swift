public import Primitives

/// The id of a JSON-RPC call, kept as it was sent.
///
/// Numbers above 2^53 and texts of digits are both in use between clients and relays, and an answer has to carry the
/// same digits in the same JSON type.
public enum RPCID: Sendable, Hashable {
    /// A JSON number without fraction or exponent.
    case number(Int64)
    /// A JSON string.
    case text(String)

    /// The longest text that is taken for an id, in bytes.
    public static let textBytesMax = 128

    /// An id from what stood in the `id` member; nil when it is neither an integer that fits nor a short text.
    public init?(json: JSON) {
        switch json {
        case .number:
            guard let value = json.int else { return nil }
            self = .number(value)
        case .string(let text):
            guard (1...Self.textBytesMax).contains(text.utf8.count) else { return nil }
            self = .text(text)
        default: return nil
        }
    }

    /// The id as it was sent.
    public var json: JSON {
        switch self {
        case .number(let value): JSON(value)
        case .text(let text): .string(text)
        }
    }

    /// The number, whether it came as a number, as digits, or as digits with the `n` that JavaScript's large integers get.
    public var int64: Int64? {
        switch self {
        case .number(let value): value
        case .text: Int64(digits)
        }
    }

    /// Whether both name the same call: the digits are the same, whatever their JSON type.
    public func matches(_ other: RPCID) -> Bool {
        if case .number(let left) = self, case .number(let right) = other { return left == right }
        return digits.utf8.elementsEqual(other.digits.utf8)
    }

    /// The digits without JavaScript's `n`.
    private var digits: Substring {
        switch self {
        case .number(let value): return Substring(String(value))
        case .text(let text):
            guard text.utf8.last == UInt8(ascii: "n"), text.utf8.count > 1,
                text.utf8.dropLast().allSatisfy({ (0x30...0x39).contains($0) })
            else { return Substring(text) }
            return text.dropLast()
        }
    }

    /// Adds the id as JSON to the end of a text under construction.
    func write(into out: inout [UInt8]) {
        switch self {
        case .number(let value): out.append(decimal: value)
        case .text(let text): JSON.string(text).write(into: &out)
        }
    }
}

extension RPCID: ExpressibleByIntegerLiteral {
    /// A number.
    public init(integerLiteral value: Int64) { self = .number(value) }
}

extension [UInt8] {
    /// Adds decimal digits to a text under construction.
    mutating func append(decimal value: Int64) {
        if value < 0 { append(UInt8(ascii: "-")) }
        append(decimal: value.magnitude)
    }

    /// Adds decimal digits to a text under construction.
    mutating func append(decimal value: UInt64) {
        // 20 digits hold every UInt64.
        var digits = InlineArray<20, UInt8>(repeating: 0)
        var rest = value
        var count = 0
        repeat {
            digits[19 - count] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
            count += 1
        } while rest > 0
        for index in 20 - count..<20 { append(digits[index]) }
    }

    /// Adds a text that needs no escapes.
    mutating func append(_ text: StaticString) {
        text.withUTF8Buffer { unsafe append(contentsOf: $0) }
    }
}
