/// Why a withdrawal was not accepted, found or changed.
///
/// Nothing was stored.
public struct WithdrawalError: Error, Sendable, CustomStringConvertible {
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Name: String {
            case notFound, walletNotFound, unsupportedAsset, invalidAmount, invalidRecipient, insufficientFunds,
                idempotencyKeyReused, notCancellable, stateChanged, chainDisagrees, invalidInput
        }
        private let name: Name

        public static let notFound = Code(name: .notFound)
        /// No such wallet, or not the user's.
        public static let walletNotFound = Code(name: .walletNotFound)
        public static let unsupportedAsset = Code(name: .unsupportedAsset)
        public static let invalidAmount = Code(name: .invalidAmount)
        /// An address that money must not go to.
        public static let invalidRecipient = Code(name: .invalidRecipient)
        public static let insufficientFunds = Code(name: .insufficientFunds)
        /// The client has used this key for another request.
        public static let idempotencyKeyReused = Code(name: .idempotencyKeyReused)
        /// It is over.
        public static let notCancellable = Code(name: .notCancellable)
        /// Somebody else was faster; look again.
        public static let stateChanged = Code(name: .stateChanged)
        /// What the nodes say does not fit together.
        public static let chainDisagrees = Code(name: .chainDisagrees)
        /// A field is out of its range; the message names it.
        public static let invalidInput = Code(name: .invalidInput)

        public var isRetryable: Bool { name == .stateChanged || name == .chainDisagrees }
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

    public var description: String { "withdrawal \(code): \(message)" }
}
