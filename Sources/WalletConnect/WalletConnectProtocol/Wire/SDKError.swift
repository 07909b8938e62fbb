/// The errors of WalletConnect by name, with the number and the text that every client gives them.
///
/// ```swift
/// SDKError.unsupportedMethods.message("eth_sign")       // "Unsupported methods. eth_sign"
/// SDKError.userRejected.peerError()                     // what is sent: code 5000, "User rejected."
/// ```
///
/// Standard: [WalletConnect 2.0 error codes](https://specs.walletconnect.com/2.0/specs/clients/sign/error-codes).
public enum SDKError: String, Error, Sendable, Hashable, CaseIterable {
    // Sent between clients.
    case invalidMethod = "INVALID_METHOD"
    case invalidEvent = "INVALID_EVENT"
    case invalidUpdateRequest = "INVALID_UPDATE_REQUEST"
    case invalidExtendRequest = "INVALID_EXTEND_REQUEST"
    case invalidSessionSettleRequest = "INVALID_SESSION_SETTLE_REQUEST"
    case unauthorizedMethod = "UNAUTHORIZED_METHOD"
    case unauthorizedEvent = "UNAUTHORIZED_EVENT"
    case unauthorizedUpdateRequest = "UNAUTHORIZED_UPDATE_REQUEST"
    case unauthorizedExtendRequest = "UNAUTHORIZED_EXTEND_REQUEST"
    case userRejected = "USER_REJECTED"
    case userRejectedChains = "USER_REJECTED_CHAINS"
    case userRejectedMethods = "USER_REJECTED_METHODS"
    case userRejectedEvents = "USER_REJECTED_EVENTS"
    case unsupportedChains = "UNSUPPORTED_CHAINS"
    case unsupportedMethods = "UNSUPPORTED_METHODS"
    case unsupportedEvents = "UNSUPPORTED_EVENTS"
    case unsupportedAccounts = "UNSUPPORTED_ACCOUNTS"
    case unsupportedNamespaceKey = "UNSUPPORTED_NAMESPACE_KEY"
    case userDisconnected = "USER_DISCONNECTED"
    case sessionSettlementFailed = "SESSION_SETTLEMENT_FAILED"
    case wcMethodUnsupported = "WC_METHOD_UNSUPPORTED"
    // Of the specification only; no client in use sends most of them.
    case unauthorizedChain
    case userRejectedRequest
    case noSessionForTopic
    case sessionRequestExpired
    case malformedResponseParams
    case malformedRequestParams
    case messageCompromised
    case signatureVerificationFailed
    case requestExpired
    case missingIssuer
    case authUserRejected
    case authUserDisconnected
    // Never sent: a client says these to its own application.
    case notInitialized = "NOT_INITIALIZED"
    case noMatchingKey = "NO_MATCHING_KEY"
    case restoreWillOverride = "RESTORE_WILL_OVERRIDE"
    case resubscribed = "RESUBSCRIBED"
    case missingOrInvalid = "MISSING_OR_INVALID"
    case expired = "EXPIRED"
    case unknownType = "UNKNOWN_TYPE"
    case mismatchedTopic = "MISMATCHED_TOPIC"
    case nonConformingNamespaces = "NON_CONFORMING_NAMESPACES"

    /// The number, which is sent as `code`.
    public var code: Int64 { entry.code }

    /// The text without a context.
    public var text: String { entry.text }

    /// The text, and after a space the context when there is one.
    public func message(_ context: String? = nil) -> String {
        guard let context, !context.isEmpty else { return text }
        return "\(text) \(context)"
    }

    /// The error as it is sent to a peer.
    public func peerError(_ context: String? = nil) -> PeerError {
        PeerError(code: code, message: message(context))
    }

    private var entry: (code: Int64, text: String) {
        switch self {
        case .invalidMethod: (1001, "Invalid method.")
        case .invalidEvent: (1002, "Invalid event.")
        case .invalidUpdateRequest: (1003, "Invalid update request.")
        case .invalidExtendRequest: (1004, "Invalid extend request.")
        case .invalidSessionSettleRequest: (1005, "Invalid session settle request.")
        case .unauthorizedMethod: (3001, "Unauthorized method.")
        case .unauthorizedEvent: (3002, "Unauthorized event.")
        case .unauthorizedUpdateRequest: (3003, "Unauthorized update request.")
        case .unauthorizedExtendRequest: (3004, "Unauthorized extend request.")
        case .userRejected: (5000, "User rejected.")
        case .userRejectedChains: (5001, "User rejected chains.")
        case .userRejectedMethods: (5002, "User rejected methods.")
        case .userRejectedEvents: (5003, "User rejected events.")
        case .unsupportedChains: (5100, "Unsupported chains.")
        case .unsupportedMethods: (5101, "Unsupported methods.")
        case .unsupportedEvents: (5102, "Unsupported events.")
        case .unsupportedAccounts: (5103, "Unsupported accounts.")
        case .unsupportedNamespaceKey: (5104, "Unsupported namespace key.")
        case .userDisconnected: (6000, "User disconnected.")
        case .sessionSettlementFailed: (7000, "Session settlement failed.")
        case .wcMethodUnsupported: (10_001, "Unsupported wc_ method.")
        case .unauthorizedChain: (3005, "Unauthorized chain.")
        case .userRejectedRequest: (4001, "User rejected request.")
        case .noSessionForTopic: (7001, "No session for topic.")
        case .sessionRequestExpired: (8000, "Session request expired.")
        case .malformedResponseParams: (11_001, "Malformed response params.")
        case .malformedRequestParams: (11_002, "Malformed request params.")
        case .messageCompromised: (11_003, "Message compromised.")
        case .signatureVerificationFailed: (11_004, "Signature verification failed.")
        case .requestExpired: (11_005, "Request expired.")
        case .missingIssuer: (11_006, "Missing issuer.")
        case .authUserRejected: (12_001, "User rejected request.")
        case .authUserDisconnected: (12_002, "User disconnected.")
        case .notInitialized: (1, "Not initialized.")
        case .noMatchingKey: (2, "No matching key.")
        case .restoreWillOverride: (3, "Restore will override.")
        case .resubscribed: (4, "Resubscribed.")
        case .missingOrInvalid: (5, "Missing or invalid.")
        case .expired: (6, "Expired.")
        case .unknownType: (7, "Unknown type.")
        case .mismatchedTopic: (8, "Mismatched topic.")
        case .nonConformingNamespaces: (9, "Non conforming namespaces.")
        }
    }
}

/// The errors of JSON-RPC 2.0 itself.
///
/// Standard: [JSON-RPC 2.0](https://www.jsonrpc.org/specification), section 5.1.
public enum JSONRPCError: Int64, Error, Sendable, Hashable, CaseIterable {
    case parseError = -32_700
    case invalidRequest = -32_600
    case methodNotFound = -32_601
    case invalidParams = -32_602
    case internalError = -32_603
    case serverError = -32_000

    /// Codes that a server may give a meaning of its own.
    public static let serverCodes: ClosedRange<Int64> = -32_099 ... -32_000

    /// The number, which is sent as `code`.
    public var code: Int64 { rawValue }

    /// The standard's text.
    public var text: String {
        switch self {
        case .parseError: "Parse error"
        case .invalidRequest: "Invalid Request"
        case .methodNotFound: "Method not found"
        case .invalidParams: "Invalid params"
        case .internalError: "Internal error"
        case .serverError: "Server error"
        }
    }

    /// Whether JavaScript clients replace the text that comes under `code` by the standard's.
    public static func isReserved(_ code: Int64) -> Bool {
        code != serverError.code && Self(rawValue: code) != nil
    }

    /// Whether `code` is one that a server may give a meaning of its own.
    public static func isServerError(_ code: Int64) -> Bool {
        serverCodes.contains(code)
    }

    /// The error as it is sent to a peer.
    public func peerError() -> PeerError {
        PeerError(code: code, message: text)
    }
}
