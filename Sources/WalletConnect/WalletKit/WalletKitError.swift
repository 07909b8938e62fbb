/// Why something beside the session protocol failed: reading a notification, or registering a device.
///
/// What the session protocol says no to is a `SignError`.
public struct WalletKitError: Error, Sendable, CustomStringConvertible {
    /// What happened, for code to decide on.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Name: String {
            case unknownTopic = "unknown_topic"
            case malformedMessage = "malformed_message"
            case notAuthentic = "not_authentic"
            case malformedPayload = "malformed_payload"
            case noRecords = "no_records"
            case wrongStoreKey = "wrong_store_key"
            case recordCorrupt = "record_corrupt"
            case storeUnavailable = "store_unavailable"
            case notReady = "not_ready"
            case pushNotConfigured = "push_not_configured"
            case pushUnreachable = "push_unreachable"
            case pushRefused = "push_refused"
        }
        private let name: Name

        /// No session and no pairing of these records lives on the topic.
        public static let unknownTopic = Code(name: .unknownTopic)
        /// The text is no sealed message: not Base64, too short or too long, or of a type that is not sealed.
        public static let malformedMessage = Code(name: .malformedMessage)
        /// The message was not sealed for this topic, or was changed on the way.
        public static let notAuthentic = Code(name: .notAuthentic)
        /// The message was opened, and what is in it is no message of the protocol.
        public static let malformedPayload = Code(name: .malformedPayload)
        /// No client has kept records here yet.
        public static let noRecords = Code(name: .noRecords)
        /// The records were sealed under another store key.
        public static let wrongStoreKey = Code(name: .wrongStoreKey)
        /// A record is not what was written.
        public static let recordCorrupt = Code(name: .recordCorrupt)
        /// The store cannot be read.
        public static let storeUnavailable = Code(name: .storeUnavailable)
        /// The kit has not read its records yet.
        public static let notReady = Code(name: .notReady)
        /// The kit was made without a way to send HTTP, or without a project.
        public static let pushNotConfigured = Code(name: .pushNotConfigured)
        /// The push server did not answer.
        public static let pushUnreachable = Code(name: .pushUnreachable)
        /// The push server said no.
        public static let pushRefused = Code(name: .pushRefused)

        /// Whether the same may succeed later without anything else being changed.
        public var isRetryable: Bool {
            switch name {
            case .storeUnavailable, .notReady, .pushUnreachable: true
            default: false
            }
        }

        /// A stable name in snake case.
        public var description: String { name.rawValue }
    }

    /// What happened.
    public let code: Code
    /// One line for people; never holds a key or a message.
    public let message: String
    /// What was underneath.
    public let cause: (any Error)?

    /// Makes an error.
    public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    /// `code.isRetryable`.
    public var isRetryable: Bool { code.isRetryable }

    /// The code and the message.
    public var description: String { "\(code): \(message)" }
}
