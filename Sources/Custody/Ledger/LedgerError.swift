/// Why the books refused an entry.
///
/// Nothing of the unit of work is stored.
public struct LedgerError: Error, Sendable, CustomStringConvertible {
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Name: String {
            case insufficientFunds, noHold, holdEnded, amount, duplicate
        }
        private let name: Name

        /// The account has less than asked for.
        public static let insufficientFunds = Code(name: .insufficientFunds)
        /// There is no hold for this subject.
        public static let noHold = Code(name: .noHold)
        /// The hold was posted or voided before.
        public static let holdEnded = Code(name: .holdEnded)
        /// The amount is zero, or a balance would pass 2^256.
        public static let amount = Code(name: .amount)
        /// This subject has such an entry already.
        public static let duplicate = Code(name: .duplicate)

        public var isRetryable: Bool { false }
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

    public var description: String { "ledger \(code): \(message)" }
}
