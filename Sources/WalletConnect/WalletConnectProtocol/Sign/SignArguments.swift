public import Primitives

/// Whether the arguments of a call can be used, and what to say when not.
///
/// Each rule is here once. Swift callers use the typed functions; callers that hold untyped arguments, such as a web
/// service that passes a body on, use `validate(_:_:in:)`. Both say what JavaScript clients say.
public enum SignArguments {
    /// How long a request may wait for its answer, in seconds.
    public static let requestExpirySeconds: ClosedRange<Int64> = 300...604_800

    // MARK: Whole calls

    /// Checks an offer before it is sent.
    ///
    /// - Throws: `SignError` with number 5 or 5100 to 5102.
    public static func validateConnect(_ offer: ConnectOffer) throws(SignError) {
        for relay in offer.relays where !JavaScriptText.isFilled(relay.name) {
            throw invalid("connect() relays: \(JavaScriptText.template(.array(offer.relays.map(\.json))))")
        }
        try validateOffer(
            required: offer.requiredNamespaces.json, optional: offer.optionalNamespaces.json,
            sessionProperties: offer.sessionProperties, scopedProperties: offer.scopedProperties)
        if let seconds = offer.authentication.first?.lifetimeSeconds { try checkExpiry(seconds, "connect()") }
    }

    /// Checks a proposal that came, as `connect()` of the sender should have.
    ///
    /// - Throws: `SignError` with number 5 or 5100 to 5104.
    public static func validateProposal(
        _ proposal: SessionProposal, strictness: NamespaceRules.Strictness = .javaScript
    ) throws(SignError) {
        try validateOffer(
            required: proposal.requiredNamespaces.json, optional: proposal.optionalNamespaces.json,
            sessionProperties: proposal.sessionProperties, scopedProperties: proposal.scopedProperties,
            strictness: strictness)
    }

    /// Checks what a wallet is about to give for a proposal.
    ///
    /// - Throws: `SignError` with number 5, 9 or 5101 to 5103.
    public static func validateApprove(
        _ proposal: SessionProposal, namespaces: NamespaceMap<SessionNamespace>, relayProtocol: String? = nil,
        sessionProperties: JSON? = nil, scopedProperties: JSON? = nil,
        strictness: NamespaceRules.Strictness = .javaScript
    ) throws(SignError) {
        try NamespaceRules.validateSession(namespaces, call: "approve()", strictness: strictness)
        try NamespaceRules.conforms(
            namespaces, to: proposal.requiredNamespaces, call: "approve()", strictness: strictness)
        try checkRelay(relayProtocol.map { .string($0) })
        try checkApproved(namespaces.keys, sessionProperties: sessionProperties, scopedProperties: scopedProperties)
    }

    /// Checks why a proposal is refused.
    ///
    /// - Throws: `SignError` with number 5 for a code of 0 or a message without text.
    public static func validateReject(_ reason: Reason) throws(SignError) {
        try checkReason(reason.json)
    }

    /// Checks what a wallet gave, before it becomes a session of the app.
    ///
    /// Stricter than JavaScript clients in one point: what was required has to be there.
    ///
    /// - Throws: `SignError` with number 5, 6, 9 or 5101 to 5103.
    public static func validateSettlement(
        _ settlement: Settlement, required: NamespaceMap<ProposalNamespace>, at now: Timestamp,
        strictness: NamespaceRules.Strictness = .javaScript
    ) throws(SignError) {
        let call = "onSessionSettleRequest()"
        guard JavaScriptText.isFilled(settlement.relay.name) else {
            throw invalid("\(call) relay protocol should be a string")
        }
        guard JavaScriptText.isFilled(settlement.controller.publicKey) else {
            throw invalid("\(call) controller public key should be a string")
        }
        try NamespaceRules.validateSession(settlement.namespaces, call: call, strictness: strictness)
        try NamespaceRules.conforms(settlement.namespaces, to: required, call: call, strictness: strictness)
        guard Timestamp(milliseconds: 0).adding(seconds: settlement.expiry) > now else {
            throw SignError(.sessionExpired, call)
        }
    }

    /// Checks new namespaces for a session.
    ///
    /// - Throws: `SignError` with number 5, 9 or 5101 to 5103.
    public static func validateUpdate(
        _ session: Session, namespaces: NamespaceMap<SessionNamespace>,
        strictness: NamespaceRules.Strictness = .javaScript
    ) throws(SignError) {
        try NamespaceRules.validateSession(namespaces, call: "update()", strictness: strictness)
        try NamespaceRules.conforms(
            namespaces, to: session.requiredNamespaces, call: "update()", strictness: strictness)
    }

    /// Checks a request before it is sent.
    ///
    /// - Throws: `SignError` with number 5; `unauthorizedChain` or `unauthorizedMethod` for what the session does not grant.
    public static func validateRequest(
        _ session: Session, chain: String, method: String, expirySeconds: Int64? = nil
    ) throws(SignError) {
        try checkChain(.string(chain), of: session, "request()")
        guard JavaScriptText.isFilled(method) else {
            throw invalid("request() \(JavaScriptText.stringified(["method": .string(method)]))")
        }
        try checkMethod(method, of: session, chain: chain)
        if let expirySeconds { try checkExpiry(expirySeconds, "request()") }
    }

    /// Checks an event before it is sent.
    ///
    /// - Throws: `SignError` with number 5; `unauthorizedChain` or `unauthorizedEvent` for what the session does not grant.
    public static func validateEmit(_ session: Session, chain: String, event: SessionEvent) throws(SignError) {
        try checkChain(.string(chain), of: session, "emit()")
        try checkEvent(event.json, of: session, chain: chain)
    }

    // MARK: Records

    /// The session, if the call can be made on it.
    ///
    /// - Throws: `SignError` with number 2, 5 or 6.
    public static func session(_ record: SignRecord<Session>, topic: String) throws(SignError) -> Session {
        switch record {
        case .live(let session): return session
        case .expired: throw SignError(.sessionExpired, "session topic: \(topic)")
        case .recentlyDeleted: throw deleted("session", topic)
        case .keyMissing:
            throw SignError(
                .keyMissing,
                message: "\(invalid("session topic does not exist in keychain: \(topic)").message)")
        case .unknown: throw SignError(.sessionNotFound, "session topic doesn't exist: \(topic)")
        }
    }

    /// The pairing, if the call can be made on it.
    ///
    /// - Throws: `SignError` with number 2, 5 or 6.
    public static func pairing(_ record: SignRecord<Pairing>, topic: String) throws(SignError) -> Pairing {
        switch record {
        case .live(let pairing): return pairing
        case .expired: throw SignError(.pairingExpired, "pairing topic: \(topic)")
        case .recentlyDeleted: throw deleted("pairing", topic)
        case .keyMissing, .unknown: throw SignError(.pairingNotFound, "pairing topic doesn't exist: \(topic)")
        }
    }

    /// The proposal, if it can be answered.
    ///
    /// - Parameter id: the id as the caller wrote it.
    /// - Throws: `SignError` with number 2, 5 or 6.
    public static func proposal(
        _ record: SignRecord<SessionProposal>, id: String
    ) throws(SignError) -> SessionProposal {
        switch record {
        case .live(let proposal): return proposal
        case .expired: throw SignError(.proposalExpired, "proposal id: \(id)")
        case .recentlyDeleted: throw deleted("proposal", id)
        case .keyMissing, .unknown: throw SignError(.proposalNotFound, "proposal id doesn't exist: \(id)")
        }
    }

    /// What is said of an answer on another topic than its request's.
    public static func mismatchedTopic(id: RPCID, expected: Topic, received: Topic) -> SignError {
        let id = JavaScriptText.template(id.json)
        return SignError(
            .mismatchedTopic,
            "Request response topic mismatch. reqId: \(id), expected topic: \(expected), received topic: \(received)")
    }

    // MARK: Words

    static func invalid(_ context: String) -> SignError { SignError(.invalidArgument, context) }

    private static func deleted(_ kind: String, _ name: String) -> SignError {
        SignError(.recentlyDeleted, "Record was recently deleted - \(kind): \(name)")
    }
}
