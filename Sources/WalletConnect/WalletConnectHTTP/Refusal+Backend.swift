import HTTPTypes
public import WalletConnectBackend

extension Refusal {
    /// What the sender may know of a backend's error: its stable code and, where that is about his request, its sentence.
    public init(_ error: BackendError) {
        self.init(
            Self.status(error.code), error.code.rawValue,
            Self.isAboutTheRequest(error.code) ? error.message : Self.plain,
            retryAfterSeconds: error.isRetryable ? 2 : nil)
    }

    private static let plain = "it could not be done now"

    /// The status of each code.
    static func status(_ code: BackendError.Code) -> HTTPResponse.Status {
        switch code {
        case .unknownUser, .unknownRequest: .notFound
        case .notConnected, .connectionPending: .conflict
        case .connectionExpired, .sessionExpired: .gone
        case .unsupportedChain, .unsupportedMethod, .invalidParams, .insufficientFunds, .callReverted:
            .unprocessableContent
        case .rejectedByUser, .refusedByPlugin: .forbidden
        case .paramsTooLarge: .contentTooLarge
        case .tooManySessions, .tooManyRequests: .tooManyRequests
        case .peerError, .invalidResponse, .nodeUnavailable: .badGateway
        case .requestTimeout: .gatewayTimeout
        case .relayUnreachable, .storeUnavailable, .cancelled, .closed: .serviceUnavailable
        case .pluginFailed, .requestInDoubt: .internalServerError
        }
    }

    /// Texts of the others name relays, nodes and databases.
    private static func isAboutTheRequest(_ code: BackendError.Code) -> Bool {
        switch code {
        case .relayUnreachable, .storeUnavailable, .nodeUnavailable, .closed, .pluginFailed: false
        default: true
        }
    }
}
