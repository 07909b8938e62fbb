/// Something that an operator should know of a database that works.
///
/// Adapters find such things out when they are opened, and say them here rather than refuse: a cache may be lost on
/// purpose, a store of sessions may not.
public struct KeyValueNote: Sendable, Hashable, CustomStringConvertible {
    /// A stable name in snake case.
    public let code: String
    /// One line for the operator: what is so, what it means, how to mend it.
    public let message: String

    /// A note.
    public init(_ code: String, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { "\(code): \(message)" }
}
