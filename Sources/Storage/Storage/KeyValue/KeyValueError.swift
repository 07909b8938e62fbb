/// Why records were not read or changed.
public struct KeyValueError: Error, Sendable, CustomStringConvertible {
    /// What went wrong, for code to decide on.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Name: String {
            case valueTooLarge = "value_too_large"
            case invalidKey = "invalid_key"
            case conflict
            case unavailable, overloaded, full, readOnly = "read_only"
            case corrupt, schema, closed
            case wrongStoreKey = "wrong_store_key"
            case accessDenied = "access_denied"
            case invalidSettings = "invalid_settings"
        }
        private let name: Name

        /// A value has more bytes than ``KeyValueLimits/valueBytesMax``; the error names its key.
        public static let valueTooLarge = Code(name: .valueTooLarge)
        /// A collection or key is empty or too long.
        public static let invalidKey = Code(name: .invalidKey)
        /// A precondition does not hold: somebody else was first; the error names the key.
        public static let conflict = Code(name: .conflict)
        /// The database cannot be reached, or the connection broke: what was asked may have happened or not.
        public static let unavailable = Code(name: .unavailable)
        /// The database has too much to do; the same may succeed later.
        public static let overloaded = Code(name: .overloaded)
        /// There is no room.
        public static let full = Code(name: .full)
        /// The database takes no changes.
        public static let readOnly = Code(name: .readOnly)
        /// What was read is not what was written.
        public static let corrupt = Code(name: .corrupt)
        /// The tables are missing, or belong to another program.
        public static let schema = Code(name: .schema)
        /// The store is closed.
        public static let closed = Code(name: .closed)
        /// The records were sealed under another store key.
        public static let wrongStoreKey = Code(name: .wrongStoreKey)

        /// The database refused user or password, or one side did not trust the other's certificate.
        public static let accessDenied = Code(name: .accessDenied)
        /// The address or one of its settings cannot be used, or the database lacks what they ask for.
        public static let invalidSettings = Code(name: .invalidSettings)

        /// Whether the same may be tried again as it is.
        public var isRetryable: Bool {
            switch name {
            case .unavailable, .overloaded, .full: true
            default: false
            }
        }

        /// A stable name in snake case.
        public var description: String { name.rawValue }
    }

    /// What went wrong.
    public let code: Code
    /// One line for the operator; never a value.
    public let message: String
    /// The record it is about, when it is about one.
    public let key: KeyValueKey?
    /// What was underneath.
    public let cause: (any Error)?

    /// Makes an error.
    public init(_ code: Code, _ message: String, key: KeyValueKey? = nil, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.key = key
        self.cause = cause
    }

    /// `code.isRetryable`.
    public var isRetryable: Bool { code.isRetryable }

    public var description: String { "records \(code): \(message)" }
}
