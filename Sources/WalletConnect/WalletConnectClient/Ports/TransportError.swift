/// Why nothing could be sent, or no answer came.
public struct TransportError: Error, Sendable, CustomStringConvertible {
    /// What went wrong, for code to decide on.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Name: String {
            case badURL = "bad_url"
            case unreachable, timeout, refused, tls
            case tooLarge = "too_large"
            case badAnswer = "bad_answer"
            case cancelled, closed
        }
        private let name: Name

        /// The text is no URL of a scheme that the adapter knows.
        public static let badURL = Code(name: .badURL)
        /// The name did not resolve, or nobody answered there.
        public static let unreachable = Code(name: .unreachable)
        /// The deadline passed.
        public static let timeout = Code(name: .timeout)
        /// The server answered, with another status than asked for: see ``TransportError/httpStatus``.
        public static let refused = Code(name: .refused)
        /// No trust: the certificate or the handshake failed.
        public static let tls = Code(name: .tls)
        /// The answer has more bytes than allowed.
        public static let tooLarge = Code(name: .tooLarge)
        /// What came back is not the protocol that was spoken.
        public static let badAnswer = Code(name: .badAnswer)
        /// The caller gave up.
        public static let cancelled = Code(name: .cancelled)
        /// The adapter is shut down.
        public static let closed = Code(name: .closed)

        /// Whether the same may succeed later.
        public var isRetryable: Bool {
            switch name {
            case .unreachable, .timeout, .tls, .badAnswer: true
            case .badURL, .refused, .tooLarge, .cancelled, .closed: false
            }
        }

        /// A stable name in snake case.
        public var description: String { name.rawValue }
    }

    /// What went wrong.
    public let code: Code
    /// One line for the operator; never a URL with its query, never a header.
    public let message: String
    /// The status of the server's answer, with code `refused`.
    public let httpStatus: Int?
    /// The server's `Date` header as it was, with code `refused`: a client whose clock is wrong learns it here.
    public let serverDate: String?
    /// What was underneath.
    public let cause: (any Error)?

    /// Makes an error.
    public init(
        _ code: Code, _ message: String, httpStatus: Int? = nil, serverDate: String? = nil,
        cause: (any Error)? = nil
    ) {
        self.code = code
        self.message = message
        self.httpStatus = httpStatus
        self.serverDate = serverDate
        self.cause = cause
    }

    public var description: String { "transport \(code): \(message)" }
}
