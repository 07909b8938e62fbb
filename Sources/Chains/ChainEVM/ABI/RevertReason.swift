public import Primitives

/// Why a call was reverted, as its return data says.
public enum RevertReason: Sendable, Hashable, CustomStringConvertible {
    /// No data: out of gas, `require` without a text, or no such function.
    case empty
    /// `Error(string)`: the contract's own words. Untrusted: anybody can deploy a contract that says anything.
    case error(String)
    /// `Panic(uint256)`: a failed assertion of the compiler; 0x11 is an overflow, 0x12 a division by zero.
    case panic(UInt256)
    /// An error the contract declares: its selector and the encoded members.
    case custom(selector: ABI.Selector, data: [UInt8])
    /// Fewer than four bytes, or a known selector before bytes that do not decode.
    case unreadable([UInt8])

    /// The selector of `Error(string)`.
    public static let errorSelector = ABI.selector("Error(string)")
    /// The selector of `Panic(uint256)`.
    public static let panicSelector = ABI.selector("Panic(uint256)")

    /// Reads return data; there is always an answer.
    public static func decode(_ data: [UInt8]) -> RevertReason {
        if data.isEmpty { return .empty }
        guard data.count >= 4, let selector = ABI.Selector(data[..<4]) else { return .unreadable(data) }
        switch selector {
        case errorSelector:
            guard
                let values = try? ABI.decodeCall(selector, data, as: [.string]), case .string(let text) = values[0]
            else { return .unreadable(data) }
            return .error(text)
        case panicSelector:
            guard
                let values = try? ABI.decodeCall(selector, data, as: [.uint256]), case .uint(let code) = values[0]
            else { return .unreadable(data) }
            return .panic(code)
        default:
            return .custom(selector: selector, data: Array(data[4...]))
        }
    }

    /// A line for a log: at most about 200 characters, without control characters.
    public var description: String {
        switch self {
        case .empty:
            return "reverted without a reason"
        case .error(let text):
            let printable = text.unicodeScalars.lazy.map { scalar in
                switch scalar.properties.generalCategory {
                case .control, .format, .lineSeparator, .paragraphSeparator: Unicode.Scalar(UInt8(ascii: "?"))
                default: scalar
                }
            }
            return "reverted: " + String(String.UnicodeScalarView(printable.prefix(200)))
        case .panic(let code):
            return "panicked with code \(code.hexQuantity)"
        case .custom(let selector, let data):
            return "reverted with custom error \(selector) and \(data.count) bytes"
        case .unreadable(let data):
            return "reverted with \(data.count) unreadable bytes"
        }
    }
}
