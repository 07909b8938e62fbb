/// Why a wallet was not made, found or read.
public struct WalletError: Error, Sendable, CustomStringConvertible {
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Name: String {
            case notFound, unsupportedChain, unsupportedAsset, invalidInput, nodeUnavailable
        }
        private let name: Name

        /// There is no such wallet, or it belongs to somebody else: the answer is the same.
        public static let notFound = Code(name: .notFound)
        public static let unsupportedChain = Code(name: .unsupportedChain)
        public static let unsupportedAsset = Code(name: .unsupportedAsset)
        /// A field is out of its range; the message names it.
        public static let invalidInput = Code(name: .invalidInput)
        /// The chain's nodes don't answer.
        public static let nodeUnavailable = Code(name: .nodeUnavailable)

        public var isRetryable: Bool { name == .nodeUnavailable }
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

    public var description: String { "wallet \(code): \(message)" }
}
