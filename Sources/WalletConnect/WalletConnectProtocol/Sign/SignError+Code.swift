extension SignError {
    /// What happened; the raw value is stable, for logs, metrics and callers in other languages.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        // MARK: Found here, by number the same as in JavaScript clients; never sent

        /// The client is not running.
        case notInitialized = "not_initialized"
        /// There is no session on the topic.
        case sessionNotFound = "session_not_found"
        /// There is no pairing on the topic.
        case pairingNotFound = "pairing_not_found"
        /// There is no proposal of the id.
        case proposalNotFound = "proposal_not_found"
        /// There is no request of the id.
        case requestNotFound = "request_not_found"
        /// An argument is missing or wrong.
        case invalidArgument = "invalid_argument"
        /// The record was there and was deleted a short while ago.
        case recentlyDeleted = "recently_deleted"
        /// The session has ended.
        case sessionExpired = "session_expired"
        /// The pairing has ended.
        case pairingExpired = "pairing_expired"
        /// The proposal has ended.
        case proposalExpired = "proposal_expired"
        /// The answer belongs to another topic.
        case mismatchedTopic = "mismatched_topic"
        /// What was approved does not cover what is required.
        case namespacesNotConforming = "namespaces_not_conforming"

        // MARK: Codes of the protocol, sent to peers

        /// 1003
        case invalidUpdateRequest = "invalid_update_request"
        /// 1004
        case invalidExtendRequest = "invalid_extend_request"
        /// 3001
        case unauthorizedMethod = "unauthorized_method"
        /// 3002
        case unauthorizedEvent = "unauthorized_event"
        /// 3003
        case unauthorizedUpdateRequest = "unauthorized_update_request"
        /// 3004
        case unauthorizedExtendRequest = "unauthorized_extend_request"
        /// 3005
        case unauthorizedChain = "unauthorized_chain"
        /// 5000
        case userRejected = "user_rejected"
        /// 5001
        case userRejectedChains = "user_rejected_chains"
        /// 5002
        case userRejectedMethods = "user_rejected_methods"
        /// 5003
        case userRejectedEvents = "user_rejected_events"
        /// 5100
        case unsupportedChains = "unsupported_chains"
        /// 5101
        case unsupportedMethods = "unsupported_methods"
        /// 5102
        case unsupportedEvents = "unsupported_events"
        /// 5103
        case unsupportedAccounts = "unsupported_accounts"
        /// 5104
        case unsupportedNamespaceKey = "unsupported_namespace_key"
        /// 6000
        case userDisconnected = "user_disconnected"
        /// 7000
        case settlementFailed = "settlement_failed"
        /// 8000
        case requestExpired = "request_expired"
        /// 11001
        case malformedResponse = "malformed_response"
        /// 11003
        case messageCompromised = "message_compromised"
        /// 11004
        case signatureInvalid = "signature_invalid"
        /// 11005
        case authenticationExpired = "authentication_expired"
        /// -32602: a payload of the peer has a field that is missing or wrong.
        case malformedPayload = "malformed_payload"

        // MARK: Failures of this side or of the way between, without a number

        /// The relay said no.
        case relayRefused = "relay_refused"
        /// The message is larger than the relay carries.
        case payloadTooLarge = "payload_too_large"
        /// The message surely never left: there was no connection to the relay in time.
        case publishFailed = "publish_failed"
        /// The peer did not answer in time; what it was told may hold there all the same.
        case timedOut = "timed_out"
        /// The peer said no, under a number that is in ``SignError/peer``.
        case peerRejected = "peer_rejected"
        /// The caller gave up.
        case cancelled
        /// The store could not be read or written.
        case storageFailed = "storage_failed"
        /// A stored record is not what was written.
        case recordCorrupt = "record_corrupt"
        /// A named limit was reached.
        case limitReached = "limit_reached"
        /// The call is not for this role: only the wallet may update, for example.
        case wrongRole = "wrong_role"
        /// The pairing address cannot be used.
        case invalidURI = "invalid_uri"
        /// The pairing is in use already.
        case pairingExists = "pairing_exists"
        /// A key that should be there is not.
        case keyMissing = "key_missing"
        /// Nobody could check a signature.
        case signatureUnchecked = "signature_unchecked"
    }
}

extension SignError.Code {
    /// Whether the same call may succeed later without anything else being changed, and surely had no effect this time.
    ///
    /// What may have happened is not among them: a peer that was silent may have done what it was asked to.
    public var isRetryable: Bool {
        switch self {
        case .publishFailed, .signatureUnchecked: true
        default: false
        }
    }

    /// The code that a peer is told; nil for what is found on this side.
    public var wireCode: Int64? {
        guard let number, !(1...9).contains(number) else { return nil }
        return number
    }

    /// The number in the tables of JavaScript clients and the specification; 1 to 9 are never sent.
    public var number: Int64? {
        self == .malformedPayload ? JSONRPCError.invalidParams.code : sdk?.code
    }

    /// What the message begins with.
    public var text: String {
        switch self {
        // JavaScript clients say this, without a number; the specification has only the number.
        case .requestExpired: "Request expired. Please try again."
        case .malformedPayload: JSONRPCError.invalidParams.text + ":"
        default: sdk?.text ?? localText
        }
    }

    /// The entry of the common table.
    private var sdk: SDKError? {
        switch self {
        case .notInitialized: .notInitialized
        case .sessionNotFound, .pairingNotFound, .proposalNotFound, .requestNotFound: .noMatchingKey
        case .invalidArgument, .recentlyDeleted: .missingOrInvalid
        case .sessionExpired, .pairingExpired, .proposalExpired: .expired
        case .mismatchedTopic: .mismatchedTopic
        case .namespacesNotConforming: .nonConformingNamespaces
        case .invalidUpdateRequest: .invalidUpdateRequest
        case .invalidExtendRequest: .invalidExtendRequest
        case .unauthorizedMethod: .unauthorizedMethod
        case .unauthorizedEvent: .unauthorizedEvent
        case .unauthorizedUpdateRequest: .unauthorizedUpdateRequest
        case .unauthorizedExtendRequest: .unauthorizedExtendRequest
        case .unauthorizedChain: .unauthorizedChain
        case .userRejected: .userRejected
        case .userRejectedChains: .userRejectedChains
        case .userRejectedMethods: .userRejectedMethods
        case .userRejectedEvents: .userRejectedEvents
        case .unsupportedChains: .unsupportedChains
        case .unsupportedMethods: .unsupportedMethods
        case .unsupportedEvents: .unsupportedEvents
        case .unsupportedAccounts: .unsupportedAccounts
        case .unsupportedNamespaceKey: .unsupportedNamespaceKey
        case .userDisconnected: .userDisconnected
        case .settlementFailed: .sessionSettlementFailed
        case .requestExpired: .sessionRequestExpired
        case .malformedResponse: .malformedResponseParams
        case .messageCompromised: .messageCompromised
        case .signatureInvalid: .signatureVerificationFailed
        case .authenticationExpired: .requestExpired
        default: nil
        }
    }

    /// What the message of a failure without a number begins with.
    private var localText: String {
        switch self {
        case .relayRefused: "The relay refused the message."
        case .payloadTooLarge: "The message is larger than the relay carries."
        case .publishFailed: "Failed to publish payload, please try again."
        case .timedOut: "The peer did not answer in time."
        case .peerRejected: "The peer refused."
        case .cancelled: "The call was cancelled."
        case .storageFailed: "The store could not be read or written."
        case .recordCorrupt: "A stored record cannot be read."
        case .limitReached: "A limit was reached."
        case .wrongRole: "The call is not for this side of the session."
        case .invalidURI: "The pairing address cannot be used."
        case .pairingExists: "Pairing already exists."
        case .keyMissing: "The key of the topic is missing."
        case .signatureUnchecked: "The signature could not be checked."
        default: "Failed."
        }
    }
}
