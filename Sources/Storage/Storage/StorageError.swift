/// Why a unit of work did not happen.
///
/// Nothing of it is stored, unless the code is `outcomeUnknown`.
public struct StorageError: Error, Sendable, CustomStringConvertible {
    /// What went wrong, for code to decide on.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Name: String {
            case uniqueViolation, checkViolation, busy, full, readOnly, inputOutput, corrupt, closed, schema, leaseLost,
                overloaded, unavailable, outcomeUnknown, configuration, unsupported
        }
        private let name: Name

        /// A unique index or primary key already has the row; `StorageError.constraint` names it.
        public static let uniqueViolation = Code(name: .uniqueViolation)
        /// A check or a not-null rule of the schema refused the row.
        public static let checkViolation = Code(name: .checkViolation)
        /// Another process holds the database; the same work may succeed later.
        public static let busy = Code(name: .busy)
        /// The disk is full.
        public static let full = Code(name: .full)
        /// The database can't be written.
        public static let readOnly = Code(name: .readOnly)
        /// The disk failed.
        ///
        /// The store refuses all further writes until it is opened anew: after a failed sync nobody
        /// knows what is on the disk.
        public static let inputOutput = Code(name: .inputOutput)
        /// What was read is not what was written.
        public static let corrupt = Code(name: .corrupt)
        /// The store is closed.
        public static let closed = Code(name: .closed)
        /// The schema is missing, newer than this program, or was changed behind its back.
        public static let schema = Code(name: .schema)
        /// Another worker has taken over; this one must stop.
        public static let leaseLost = Code(name: .leaseLost)
        /// Too many units of work are waiting.
        public static let overloaded = Code(name: .overloaded)
        /// The database can't be reached; nothing was stored.
        public static let unavailable = Code(name: .unavailable)
        /// The connection broke or the disk failed while the work was being committed: all of it is stored, or nothing.
        ///
        /// Who must know reads it back.
        public static let outcomeUnknown = Code(name: .outcomeUnknown)
        /// The database is named wrongly or refuses us: the URL, the user, the password, the certificate.
        public static let configuration = Code(name: .configuration)
        /// The engine doesn't do that; its own tools do.
        public static let unsupported = Code(name: .unsupported)

        /// Whether the same unit of work may be tried again as it is.
        public var isRetryable: Bool {
            switch name {
            case .busy, .full, .overloaded, .unavailable: true
            default: false
            }
        }

        public var description: String { name.rawValue }
    }

    public let code: Code
    public let message: String
    /// What a `uniqueViolation` met: an index's name, or the table's name for its primary key.
    ///
    /// Where a row violates several, one of them.
    public let constraint: String?
    public let cause: (any Error)?

    public init(_ code: Code, _ message: String, constraint: String? = nil, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.constraint = constraint
        self.cause = cause
    }

    public var description: String { "storage \(code): \(message)" }
}
