public import WalletConnectProtocol

/// Why the backend did not do something.
///
/// Codes are stable; texts are for people and may change.
public struct BackendError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What happened; the raw value is stable, for logs, metrics and callers in other languages.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// The user has no connection, and never had one that is remembered.
        case unknownUser = "unknown_user"
        /// The user or the topic has no active connection.
        case notConnected = "not_connected"
        /// The wallet has not answered the proposal yet.
        case connectionPending = "connection_pending"
        /// Nobody answered the proposal in time.
        case connectionExpired = "connection_expired"
        /// The session's time is over.
        case sessionExpired = "session_expired"
        /// The chain is not in the session.
        case unsupportedChain = "unsupported_chain"
        /// The method is not in the session.
        case unsupportedMethod = "unsupported_method"
        /// The person said no in the wallet.
        case rejectedByUser = "rejected_by_user"
        /// The wallet answered with an error of another kind.
        case peerError = "peer_error"
        /// The wallet's answer is not what the method returns, or not the account's signature.
        case invalidResponse = "invalid_response"
        /// The wallet did not answer before the request's expiry.
        case requestTimeout = "request_timeout"
        /// The records failed, or the backend ended, while the request was made: whether the wallet is asked is not known.
        case requestInDoubt = "request_in_doubt"
        /// There is no request of the id.
        case unknownRequest = "unknown_request"
        /// The params have more bytes than ``BackendSettings/paramsBytesMax``.
        case paramsTooLarge = "params_too_large"
        /// A field is missing or wrong; ``BackendError/field`` names it.
        case invalidParams = "invalid_params"
        /// The backend or the user has as many connections as the settings allow.
        case tooManySessions = "too_many_sessions"
        /// As many requests wait as the settings allow.
        case tooManyRequests = "too_many_requests"
        /// A plugin refused the request.
        case refusedByPlugin = "refused_by_plugin"
        /// A plugin threw or took too long; it is told of in events, and never thrown.
        case pluginFailed = "plugin_failed"
        /// The relay refuses this client, or did not take the message in time.
        case relayUnreachable = "relay_unreachable"
        /// The records could not be read or written.
        case storeUnavailable = "store_unavailable"
        /// No node is configured for the chain, or it did not answer.
        case nodeUnavailable = "node_unavailable"
        /// The chain says that the call would fail.
        case callReverted = "call_reverted"
        /// The account does not have what the transaction costs.
        case insufficientFunds = "insufficient_funds"
        /// The caller gave up; a request that was sent goes on.
        case cancelled
        /// The backend is not running.
        case closed

        /// Whether the same call may succeed later without anything else being changed.
        ///
        /// A request that timed out or is in doubt is not among them: the wallet may have done it.
        public var isRetryable: Bool {
            switch self {
            case .connectionPending, .tooManySessions, .tooManyRequests, .relayUnreachable, .storeUnavailable,
                .nodeUnavailable:
                true
            default: false
            }
        }
    }

    /// What happened.
    public var code: Code
    /// One line for people; never a secret.
    public var message: String
    /// The field that is wrong, as a path such as `transaction.to`.
    public var field: String?
    /// The wallet's words, when it said something.
    public var peer: PeerError?
    /// What was underneath, in one line.
    public var cause: String?

    /// Makes an error.
    public init(
        _ code: Code, _ message: String, field: String? = nil, peer: PeerError? = nil, cause: String? = nil
    ) {
        self.code = code
        self.message = message
        self.field = field
        self.peer = peer
        self.cause = cause
    }

    /// `code.isRetryable`.
    public var isRetryable: Bool { code.isRetryable }

    /// The code and the message.
    public var description: String { "\(code.rawValue): \(message)" }
}
