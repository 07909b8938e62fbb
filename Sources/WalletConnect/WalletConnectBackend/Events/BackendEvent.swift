public import Primitives
public import WalletConnectProtocol

/// Something that happened to a user's connection or request.
///
/// An event comes after what it tells of was stored, in the order in which it happened.
public struct BackendEvent: Sendable {
    /// What happened; the raw value is stable.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// A wallet granted a session.
        case connect = "session_connect"
        /// A connection ended: by either side, or because the wallet said no.
        case disconnect = "session_disconnect"
        /// The wallet changed what it grants, made the session last longer, or told of a new chain or account.
        case update = "session_update"
        /// A proposal's or a session's time ran out.
        case expire = "session_expire"
        /// A transaction was asked for.
        case transactionRequest = "transaction_request"
        /// A transaction was done or refused.
        case transactionResponse = "transaction_response"
        /// A signature was asked for.
        case signRequest = "sign_request"
        /// A signature was given or refused.
        case signResponse = "sign_response"
        /// Anything else was asked for.
        case request = "wallet_request"
        /// Anything else was answered.
        case response = "wallet_response"
        /// Something went wrong.
        case error
    }

    /// What there is to know besides.
    public enum Detail: Sendable {
        /// The connection as it is now, or as it ended.
        case connection(Connection)
        /// The connection, and what the wallet told of itself on a chain.
        case walletEvent(Connection, name: String, data: JSON?, chain: String)
        /// The request that was made.
        case call(WalletCall)
        /// The request, and how it ended.
        case outcome(WalletCall, CallOutcome)
        /// What went wrong.
        case failure(BackendError)
    }

    /// What happened.
    public let kind: Kind
    /// Whose connection it is; nil for errors that are nobody's.
    public let userID: String?
    /// The session's or the pairing's topic.
    public let topic: Topic?
    /// When.
    public let at: Timestamp
    /// What there is to know besides.
    public let detail: Detail

    /// An event.
    public init(_ kind: Kind, userID: String?, topic: Topic?, at: Timestamp, detail: Detail) {
        self.kind = kind
        self.userID = userID
        self.topic = topic
        self.at = at
        self.detail = detail
    }
}

/// A callback that was registered; it stays until ``WalletConnectBackend/off(_:)``.
public struct EventToken: Sendable, Hashable {
    let number: UInt64
}
