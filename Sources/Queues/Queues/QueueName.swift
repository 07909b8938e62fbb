/// The name of a queue: 1 to 64 of `a`–`z`, `0`–`9`, `-`, `_` and `.`, which every broker accepts.
///
/// ```swift
/// extension QueueName { static let withdrawals: QueueName = "withdrawals" }
/// ```
public struct QueueName: Sendable, Hashable, CustomStringConvertible {
    /// How long a name may be; the narrowest broker takes 80 and suffixes need room.
    public static let charactersMax = 64

    /// The name as text.
    public let text: String

    /// The name; `nil` when it has another length or other characters.
    public init?(_ text: String) {
        guard (1...Self.charactersMax).contains(text.utf8.count), text.utf8.allSatisfy(Self.isAllowed) else {
            return nil
        }
        self.text = text
    }

    /// The same as ``text``.
    public var description: String { text }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
            UInt8(ascii: "_"), UInt8(ascii: "."):
            true
        default: false
        }
    }
}

extension QueueName: ExpressibleByStringLiteral {
    /// A name written in the program; one that breaks the rule is the programmer's mistake.
    public init(stringLiteral text: String) {
        guard let name = QueueName(text) else { preconditionFailure("\(text) is a queue's name") }
        self = name
    }
}
