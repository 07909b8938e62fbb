import Primitives

/// What the engine says when something cannot be done; texts that JavaScript clients have are theirs.
extension SignError {
    static func payloadTooLarge(bytes: Int, max: Int) -> SignError {
        SignError(.payloadTooLarge, "It has \(bytes) bytes; the limit is \(max).")
    }

    static func limit(_ what: String) -> SignError { SignError(.limitReached, "Too many \(what).") }

    static func refusedByRelay(_ error: RelayError) -> SignError {
        SignError(.relayRefused, cause: "\(error.code) \(error.tag ?? "") \(error.message)")
    }

    static func undeliverable() -> SignError { SignError(.publishFailed) }

    static func invalidURI(_ error: PairingURIError) -> SignError {
        SignError(.invalidURI, message: "Missing or invalid. pair() \(error.field)", cause: "\(error)")
    }

    static func expiredURI() -> SignError {
        SignError(
            .pairingExpired,
            message: "Expired. pair() URI has expired. Please try again with a new connection URI.")
    }

    static func pairingExists(_ topic: Topic) -> SignError {
        SignError(
            .pairingExists,
            message: "Pairing already exists: \(topic). Please try again with a new connection URI.")
    }

    static func unknownPairing(_ topic: Topic) -> SignError {
        SignError(.pairingNotFound, "pairing topic doesn't exist: \(topic)")
    }

    static func proposalExpired() -> SignError { SignError(.proposalExpired, message: "Proposal expired") }

    static func ambiguousProposal(_ digits: String) -> SignError {
        SignError(.invalidArgument, "Several peers use the id \(digits): name the pairing, too.")
    }

    static func invalidKey(_ field: String) -> SignError {
        SignError(.malformedPayload, "\(field) is no key.")
    }

    static func settlementFailed(_ why: String) -> SignError { SignError(.settlementFailed, why) }

    /// A settlement refused for any reason is told to the peer under one number.
    func asSettlementFailure() -> SignError {
        code == .settlementFailed ? self : .settlementFailed(message)
    }

    static func expiredSession(_ topic: Topic) -> SignError {
        SignError(.sessionExpired, "session topic: \(topic)")
    }

    static func corrupt(_ topic: Topic) -> SignError { SignError(.recordCorrupt, "session \(topic)") }

    static func onlyTheWallet(_ call: String) -> SignError {
        SignError(.wrongRole, "\(call) is for the wallet's side.")
    }

    static func expiredCall() -> SignError { SignError(.requestExpired) }

    static func unanswered() -> SignError { SignError(.timedOut) }

    static func cancelled() -> SignError { SignError(.cancelled) }

    /// What is said of a request that does not wait, by how it ended as far as that is remembered.
    static func endedRequest(_ digits: String, _ end: RecentlyDeleted.End?) -> SignError {
        switch end {
        case .expired: expiredRequest(digits)
        case .deleted: SignError(.recentlyDeleted, "Record was recently deleted - request: \(digits)")
        case nil: SignError(.requestNotFound, "request: \(digits)")
        }
    }

    static func expiredRequest(_ digits: String) -> SignError { SignError(.requestExpired, cause: digits) }

    static func unknownAuthentication(_ digits: String) -> SignError {
        SignError(.requestNotFound, message: "Could not find pending auth request with id \(digits)")
    }

    static func expiredAuthentication(_ digits: String) -> SignError {
        SignError(.authenticationExpired, cause: digits)
    }

    static func invalidAuthentication(_ error: AuthError) -> SignError {
        SignError(.invalidArgument, "authenticate()", cause: error.description)
    }

    static func notWhatWasAsked(_ mismatch: CacaoMismatch) -> SignError {
        SignError(.signatureInvalid, cause: "\(mismatch)")
    }
}

extension SignError {
    static func corruptRecord(_ key: RecordKey) -> SignError {
        SignError(.recordCorrupt, "\(key.collection.rawValue) \(key.key)")
    }
}
