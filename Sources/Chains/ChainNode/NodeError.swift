/// What went wrong when a node was asked, and whether asking again can help.
///
/// `code` decides, `message` tells the operator, `cause` keeps what was underneath. A message never holds a URL, a header or
/// a raw transaction.
public struct NodeError: Error, Sendable, CustomStringConvertible {
    /// The kind of failure.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Kind: Hashable {
            case transport, timeout, rateLimited, busy, wrongChain, reverted, badAnswer, disagreement, unknownBlock
            case cancelled
            case rpc(Int)
        }

        private let kind: Kind

        /// The connection failed: nothing is known about what the node did.
        public static let transport = Code(kind: .transport)
        /// No answer within the deadline: nothing is known about what the node did.
        public static let timeout = Code(kind: .timeout)
        /// The node or its provider asks for fewer requests (HTTP 429 or the matching JSON-RPC error).
        public static let rateLimited = Code(kind: .rateLimited)
        /// The node cannot answer at the moment (HTTP 5xx, indexing, starting).
        public static let busy = Code(kind: .busy)
        /// The node serves another chain than the configured one.
        ///
        /// Nothing it says may be believed.
        public static let wrongChain = Code(kind: .wrongChain)
        /// The call or the estimate reverted; see ``NodeError/revertData``.
        public static let reverted = Code(kind: .reverted)
        /// The answer is not what the protocol allows.
        public static let badAnswer = Code(kind: .badAnswer)
        /// Nodes that must agree do not.
        public static let disagreement = Code(kind: .disagreement)
        /// The node does not have the block asked for (before finality, pruned, or behind).
        public static let unknownBlock = Code(kind: .unknownBlock)
        /// The caller gave up.
        public static let cancelled = Code(kind: .cancelled)
        /// Any other JSON-RPC error, with the node's own code.
        ///
        /// Codes differ between clients; do not decide by them.
        public static func rpc(_ code: Int) -> Code { Code(kind: .rpc(code)) }

        /// Whether the same question may get an answer later or from another node.
        public var isRetryable: Bool {
            switch kind {
            case .transport, .timeout, .rateLimited, .busy, .unknownBlock: true
            case .wrongChain, .reverted, .badAnswer, .disagreement, .cancelled, .rpc: false
            }
        }

        /// Whether the fault is the node's, not the question's: another node may do better.
        var blamesNode: Bool {
            switch kind {
            case .transport, .timeout, .rateLimited, .busy, .unknownBlock, .wrongChain, .badAnswer: true
            case .reverted, .disagreement, .cancelled, .rpc: false
            }
        }

        /// A short name for logs and metrics.
        public var description: String {
            switch kind {
            case .transport: "transport"
            case .timeout: "timeout"
            case .rateLimited: "rate-limited"
            case .busy: "busy"
            case .wrongChain: "wrong-chain"
            case .reverted: "reverted"
            case .badAnswer: "bad-answer"
            case .disagreement: "disagreement"
            case .unknownBlock: "unknown-block"
            case .cancelled: "cancelled"
            case .rpc(let code): "rpc(\(code))"
            }
        }
    }

    /// What kind of failure this is.
    public var code: Code
    /// One line for the operator.
    public var message: String
    /// What was underneath, when something was.
    public var cause: (any Error)?
    /// The bytes a reverted call returned; `RevertReason` reads them.
    ///
    /// Nil unless `code` is `.reverted`.
    public var revertData: [UInt8]?

    /// Makes an error.
    public init(_ code: Code, _ message: String, cause: (any Error)? = nil, revertData: [UInt8]? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
        self.revertData = revertData
    }

    /// `code.isRetryable`.
    public var isRetryable: Bool { code.isRetryable }

    /// The code and the message.
    public var description: String { "\(code): \(message)" }
}
