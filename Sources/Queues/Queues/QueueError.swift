/// Why a queue did not do what it was asked.
public struct QueueError: Error, Sendable, CustomStringConvertible {
    /// What went wrong, for code to decide on.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Name: String {
            case invalidMessage, invalidDelay, receiptExpired, notFound, overloaded, unavailable, closed, corrupt
        }
        private let name: Name

        /// The message breaks one of ``QueueLimits``.
        public static let invalidMessage = Code(name: .invalidMessage)
        /// A delay or visibility is out of range.
        public static let invalidDelay = Code(name: .invalidDelay)
        /// The message's visibility has ended, or it was dealt with already: it may be somebody else's now.
        public static let receiptExpired = Code(name: .receiptExpired)
        /// There is no such dead letter.
        public static let notFound = Code(name: .notFound)
        /// Too much is waiting; try again later.
        public static let overloaded = Code(name: .overloaded)
        /// The queue can't be reached or can't store anything now.
        public static let unavailable = Code(name: .unavailable)
        /// The queue is closed.
        public static let closed = Code(name: .closed)
        /// What was read is not what was written.
        public static let corrupt = Code(name: .corrupt)

        /// Whether the same call may be tried again as it is.
        public var isRetryable: Bool {
            switch name {
            case .overloaded, .unavailable: true
            default: false
            }
        }

        public var description: String { name.rawValue }
    }

    public let code: Code
    public let message: String
    public let cause: (any Error)?

    public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    public var description: String { "queue \(code): \(message)" }
}
