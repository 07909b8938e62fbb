/// The errors of WalletConnect by name, with the number and the text that every client gives them.
///
/// ```swift
/// SDKError.unsupportedMethods.message("eth_sign")       // "Unsupported methods. eth_sign"
/// SDKError.userRejected.peerError()                     // what is sent: code 5000, "User rejected."
/// ```
///
/// Standard: [WalletConnect 2.0 error codes](https://specs.walletconnect.com/2.0/specs/clients/sign/error-codes).
public enum SDKError: String, Error, Sendable, Hashable, CaseIterable {
    // MARK: Sent between clients

    /// 1001: "Invalid method."
    case invalidMethod = "INVALID_METHOD"
    /// 1002: "Invalid event."
    case invalidEvent = "INVALID_EVENT"
    /// 1003: "Invalid update request."
    case invalidUpdateRequest = "INVALID_UPDATE_REQUEST"
    /// 1004: "Invalid extend request."
    case invalidExtendRequest = "INVALID_EXTEND_REQUEST"
    /// 1005: "Invalid session settle request."
    case invalidSessionSettleRequest = "INVALID_SESSION_SETTLE_REQUEST"
    /// 3001: "Unauthorized method."
    case unauthorizedMethod = "UNAUTHORIZED_METHOD"
    /// 3002: "Unauthorized event."
    case unauthorizedEvent = "UNAUTHORIZED_EVENT"
    /// 3003: "Unauthorized update request."
    case unauthorizedUpdateRequest = "UNAUTHORIZED_UPDATE_REQUEST"
    /// 3004: "Unauthorized extend request."
    case unauthorizedExtendRequest = "UNAUTHORIZED_EXTEND_REQUEST"
    /// 5000: "User rejected."
    case userRejected = "USER_REJECTED"
    /// 5001: "User rejected chains."
    case userRejectedChains = "USER_REJECTED_CHAINS"
    /// 5002: "User rejected methods."
    case userRejectedMethods = "USER_REJECTED_METHODS"
    /// 5003: "User rejected events."
    case userRejectedEvents = "USER_REJECTED_EVENTS"
    /// 5100: "Unsupported chains."
    case unsupportedChains = "UNSUPPORTED_CHAINS"
    /// 5101: "Unsupported methods."
    case unsupportedMethods = "UNSUPPORTED_METHODS"
    /// 5102: "Unsupported events."
    case unsupportedEvents = "UNSUPPORTED_EVENTS"
    /// 5103: "Unsupported accounts."
    case unsupportedAccounts = "UNSUPPORTED_ACCOUNTS"
    /// 5104: "Unsupported namespace key."
    case unsupportedNamespaceKey = "UNSUPPORTED_NAMESPACE_KEY"
    /// 6000: "User disconnected."
    case userDisconnected = "USER_DISCONNECTED"
    /// 7000: "Session settlement failed."
    case sessionSettlementFailed = "SESSION_SETTLEMENT_FAILED"
    /// 10_001: "Unsupported wc_ method."
    case wcMethodUnsupported = "WC_METHOD_UNSUPPORTED"

    // MARK: Of the specification only; no client in use sends most of them

    /// 3005: "Unauthorized chain."
    case unauthorizedChain
    /// 4001: "User rejected request."
    case userRejectedRequest
    /// 7001: "No session for topic."
    case noSessionForTopic
    /// 8000: "Session request expired."
    case sessionRequestExpired
    /// 11_001: "Malformed response params."
    case malformedResponseParams
    /// 11_002: "Malformed request params."
    case malformedRequestParams
    /// 11_003: "Message compromised."
    case messageCompromised
    /// 11_004: "Signature verification failed."
    case signatureVerificationFailed
    /// 11_005: "Request expired."
    case requestExpired
    /// 11_006: "Missing issuer."
    case missingIssuer
    /// 12_001: "User rejected request."
    case authUserRejected
    /// 12_002: "User disconnected."
    case authUserDisconnected

    // MARK: Never sent: a client says these to its own application

    /// 1: "Not initialized."
    case notInitialized = "NOT_INITIALIZED"
    /// 2: "No matching key."
    case noMatchingKey = "NO_MATCHING_KEY"
    /// 3: "Restore will override."
    case restoreWillOverride = "RESTORE_WILL_OVERRIDE"
    /// 4: "Resubscribed."
    case resubscribed = "RESUBSCRIBED"
    /// 5: "Missing or invalid."
    case missingOrInvalid = "MISSING_OR_INVALID"
    /// 6: "Expired."
    case expired = "EXPIRED"
    /// 7: "Unknown type."
    case unknownType = "UNKNOWN_TYPE"
    /// 8: "Mismatched topic."
    case mismatchedTopic = "MISMATCHED_TOPIC"
    /// 9: "Non conforming namespaces."
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
    /// -32_700, as the standard names it.
    case parseError = -32_700
    /// -32_600, as the standard names it.
    case invalidRequest = -32_600
    /// -32_601, as the standard names it.
    case methodNotFound = -32_601
    /// -32_602, as the standard names it.
    case invalidParams = -32_602
    /// -32_603, as the standard names it.
    case internalError = -32_603
    /// -32_000, as the standard names it.
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
