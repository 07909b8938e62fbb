import Primitives
import WalletConnectProtocol

extension BackendError {
    /// What the client's error means for a caller of the backend.
    init(_ error: SignError) {
        let code: Code =
            switch error.code {
            case .notInitialized: .closed
            case .cancelled: .cancelled
            case .storageFailed, .recordCorrupt, .keyMissing: .storeUnavailable
            case .sessionNotFound, .recentlyDeleted, .userDisconnected: .notConnected
            case .sessionExpired: .sessionExpired
            case .proposalExpired, .pairingExpired: .connectionExpired
            case .requestExpired, .timedOut: .requestTimeout
            case .requestNotFound: .unknownRequest
            case .payloadTooLarge: .paramsTooLarge
            case .limitReached: .tooManyRequests
            // Of these the wallet surely has nothing, so that the same may be asked again.
            case .publishFailed, .relayRefused: .relayUnreachable
            case .unauthorizedMethod: .unsupportedMethod
            case .unauthorizedChain, .unsupportedChains: .unsupportedChain
            case .invalidArgument: .invalidParams
            default: .peerError
            }
        self.init(code, error.message, cause: error.cause)
        guard let peer = error.peer else { return }
        self = BackendError(refusal: peer)
    }

    /// What the client's error means for a request that was being made: it is stored before it is sent, so that nobody
    /// knows of one whose storing failed whether it goes out.
    init(making error: SignError) {
        self.init(error)
        guard [.storeUnavailable, .cancelled, .closed].contains(code) else { return }
        self = BackendError(
            .requestInDoubt, "whether the wallet is asked is known at the next start",
            cause: error.cause ?? error.message)
    }

    /// What a wallet's refusal means.
    init(refusal peer: PeerError) {
        let words = peer.message ?? "the wallet refused, without a word"
        let code: Code
        if Self.isRejection(peer) {
            code = .rejectedByUser
        } else {
            // 6000: the session was ended while the request waited.
            code = peer.code == Self.disconnected ? .notConnected : .peerError
        }
        self.init(code, words, peer: peer)
    }

    private static var disconnected: Int64 { 6000 }

    /// Whether it was the person who said no: 4001 of EIP-1193, 5000 to 5003 of the protocol, or in words.
    ///
    /// Some wallets give a number of JSON-RPC, or none, and say it in the text alone.
    private static func isRejection(_ peer: PeerError) -> Bool {
        if let code = peer.code, code == 4001 || (5000...5003).contains(code) { return true }
        guard let text = peer.message?.utf8.prefix(256) else { return false }
        let lowered = String(decoding: text.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
        return ["user rejected", "user denied", "rejected by user", "user cancel"].contains { lowered.contains($0) }
    }
}

extension CallOutcome {
    /// How a call of the client ended.
    init(_ outcome: SignOutcome) {
        self =
            switch outcome {
            case .result(let json): .result(json)
            case .acknowledged, .session, .authenticated: .result(true)
            case .refused(let peer): .failure(BackendError(refusal: peer))
            case .failed(let error): .failure(BackendError(error))
            }
    }
}
