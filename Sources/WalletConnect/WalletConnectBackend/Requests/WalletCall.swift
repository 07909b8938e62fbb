public import Primitives
public import WalletConnectProtocol

/// What kind of thing a wallet is asked for.
public enum CallKind: String, Sendable, Hashable, CaseIterable {
    /// A transaction that the wallet sends, or signs for sending.
    case transaction
    /// A signature under a message or typed data.
    case signature = "sign"
    /// Anything else: accounts, a change of the chain.
    case other

    /// The kind of a method; those that are not known are ``other``.
    public init(method: String) {
        switch method {
        case "eth_sendTransaction", "eth_signTransaction", "eth_sendRawTransaction", "wallet_sendCalls",
            "solana_signTransaction", "solana_signAllTransactions", "solana_signAndSendTransaction",
            "sendTransfer", "signPsbt":
            self = .transaction
        case "personal_sign", "eth_sign", "eth_signTypedData", "eth_signTypedData_v3", "eth_signTypedData_v4",
            "solana_signMessage", "signMessage":
            self = .signature
        default: self = .other
        }
    }
}

/// One request to a wallet, as plugins, events and logs see it.
public struct WalletCall: Sendable, Hashable {
    /// The request's id; nil until the request was made.
    public internal(set) var id: Int64?
    /// Whose wallet it is.
    public let userID: String
    /// Whose user that is; nil for a user of no tenant.
    public let tenant: String?
    /// The session's topic.
    public let topic: Topic
    /// The chain.
    public let chain: ChainID
    /// The method.
    public let method: String
    /// The params, as they are sent.
    ///
    /// They are there when the request is made, and not kept: nil in what comes later, such as the call's outcome.
    public internal(set) var params: JSON?
    /// When it was asked.
    public let createdAt: Timestamp
    /// When the wallet is no longer waited for.
    public internal(set) var expiresAt: Timestamp

    /// What kind of thing is asked for.
    public var kind: CallKind { CallKind(method: method) }

    /// What is kept while the wallet is waited for.
    var withoutParams: WalletCall {
        var call = self
        call.params = nil
        return call
    }
}

/// How a request ended.
public enum CallOutcome: Sendable, Hashable {
    /// The wallet did it, and gave this, exactly as it came.
    case result(JSON)
    /// It did not.
    case failure(BackendError)

    /// The result, or the failure thrown.
    public func value() throws(BackendError) -> JSON {
        switch self {
        case .result(let json): return json
        case .failure(let error): throw error
        }
    }
}

/// What is known of a request.
public struct CallStatus: Sendable, Hashable {
    /// The request.
    public let call: WalletCall
    /// How it ended; nil as long as the wallet is waited for.
    public let outcome: CallOutcome?
    /// When it ended.
    public let answeredAt: Timestamp?
}

/// How one request is made.
public struct CallOptions: Sendable, Hashable {
    /// Seconds that the wallet has, in ``BackendSettings/requestSecondsRange``; nil is the settings'.
    public var expirySeconds: Int64?
    /// Whether a signature is compared with its account; nil is the settings'.
    public var checksSignature: Bool?
    /// The request's id, from ``WalletConnectBackend/reserveRequestID()``, for one request; nil is a new one.
    package var id: Int64?

    /// Options.
    public init(expirySeconds: Int64? = nil, checksSignature: Bool? = nil) {
        self.expirySeconds = expirySeconds
        self.checksSignature = checksSignature
    }
}

/// A request that was made: stored, and on its way to the wallet.
public struct PendingCall: Sendable {
    let backend: WalletConnectBackend
    /// The request.
    public let call: WalletCall
    /// What opens the wallet's app where the request waits; nil when the wallet named none.
    public let deepLink: String?

    /// The request's id, by which ``WalletConnectBackend/status(of:)`` finds it, also after a restart.
    public let id: Int64
    /// When the wallet is no longer waited for.
    public var expiresAt: Timestamp { call.expiresAt }

    /// Waits for the wallet's result, exactly as it came, until the request's expiry.
    ///
    /// Cancelling ends the wait alone.
    ///
    /// - Throws: ``BackendError``: `rejected_by_user`, `peer_error`, `request_timeout`, `session_expired`,
    ///   `relay_unreachable`, `not_connected` when the session ended meanwhile, `cancelled`, `closed`.
    public func value() async throws(BackendError) -> JSON {
        try await backend.outcome(of: id).value()
    }

    /// Waits at most so long; nil when the wallet has not answered by then.
    ///
    /// - Throws: ``BackendError``: `cancelled`, `closed`, `store_unavailable`.
    public func poll(waitMilliseconds: Int64) async throws(BackendError) -> CallOutcome? {
        try await backend.poll(id, waitMilliseconds: waitMilliseconds)
    }
}
