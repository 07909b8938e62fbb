public import Primitives
import Synchronization
public import WalletConnectProtocol

/// The dApp's side: it connects, and asks.
extension SignClient {
    /// Asks a wallet for a session; it comes through ``PendingSession/session()``.
    ///
    /// When this returns, the proposal is stored and on its way, and the address may be shown.
    ///
    /// - Throws: ``SignError`` for an offer that is not well-formed, or a limit.
    public func connect(_ offer: ConnectOffer) async throws(SignError) -> PendingSession {
        let connecting = try await store { (engine, now) throws(SignError) in try engine.connect(offer, at: now) }
        return PendingSession(client: self, connecting: connecting)
    }

    /// Asks a wallet to sign in, and for a session if methods are named; it comes through
    /// ``PendingAuthentication/response()``.
    ///
    /// - Parameter universalLink: a wallet's link that is known to take messages in links.
    /// - Throws: ``SignError`` for a request that is not well-formed, or a limit.
    public func authenticate(
        _ request: AuthRequest, universalLink: String? = nil
    ) async throws(SignError) -> PendingAuthentication {
        let connecting = try await store { (engine, now) throws(SignError) in
            try engine.authenticate(request, universalLink: universalLink, at: now)
        }
        return PendingAuthentication(client: self, connecting: connecting)
    }

    /// Asks for something in a session, and waits for the wallet's answer.
    ///
    /// It ends at the request's expiry at the latest. Cancelling ends the wait alone: the answer can still be fetched by
    /// ``awaitResponse(_:)`` with the id from ``SignEvent/sessionRequestSent(topic:id:method:params:chainID:)``.
    ///
    /// - Returns: the wallet's result, exactly as it came.
    /// - Throws: ``SignError``: `peer_rejected` with the wallet's words; `request_expired`, after which the wallet may have
    ///   done it; `publish_failed` when it surely never left; `user_disconnected` when the session ends meanwhile; what
    ///   ``requestWithoutWaiting(_:)`` throws.
    public func request(_ request: SessionRequest) async throws(SignError) -> JSON {
        let calling = try begin { (engine, now) throws(SignError) in try engine.request(request, at: now) }
        return try Self.result(await outcome(of: calling.id))
    }

    /// Asks for something in a session; the answer is fetched later by ``awaitResponse(_:)``, also after a restart.
    ///
    /// - Returns: the request's id, once the request is stored, and when it ends.
    /// - Throws: ``SignError``: `session_not_found`, `session_expired`; `unauthorized_chain`, `unauthorized_method` for what
    ///   was not approved; `invalid_argument` for an expiry outside of 300 to 604,800 seconds; `payload_too_large`, or a limit.
    public func requestWithoutWaiting(_ request: SessionRequest) async throws(SignError) -> Calling {
        try await store { (engine, now) throws(SignError) in try engine.request(request, at: now) }
    }

    /// An id for a request, so that it can be written down before anybody is asked.
    package func reserveRequestID() -> Int64 { core.withLock { $0.engine.reserveRequestID(at: clock.now) } }

    /// As ``requestWithoutWaiting(_:)``, with an id of ``reserveRequestID()``.
    package func requestWithoutWaiting(_ request: SessionRequest, reserved: Int64) async throws(SignError) -> Calling {
        try await store { (engine, now) throws(SignError) in
            try engine.request(request, reserved: reserved, at: now)
        }
    }

    /// The sessions that have everything these namespaces ask for.
    public func find(_ asked: NamespaceMap<ProposalNamespace>) -> [Session] {
        sessions.filter { NamespaceRules.isSessionCompatible($0.namespaces, with: asked) }
    }
}

/// A session that a wallet was asked for.
public struct PendingSession: Sendable {
    let client: SignClient
    let connecting: Connecting

    /// The call, for ``SignClient/status(of:)``.
    public var id: Int64 { connecting.id }
    /// What the wallet scans; nil when an active pairing is used again.
    ///
    /// It holds the pairing's key: whoever sees it can answer.
    public var uri: PairingURI? { connecting.uri }
    /// The pairing.
    public var pairingTopic: Topic { connecting.pairingTopic }
    /// When it ends without an answer.
    public var expiresAt: Timestamp { connecting.expiresAt }

    /// Waits for the session.
    ///
    /// - Throws: ``SignError``: `peer_rejected` with the wallet's words, `proposal_expired`, `settlement_failed`,
    ///   `cancelled`.
    public func session() async throws(SignError) -> Session {
        try SignClient.session(await client.outcome(of: id))
    }
}

/// Signatures that a wallet was asked for.
public struct PendingAuthentication: Sendable {
    let client: SignClient
    let connecting: Connecting

    /// The call, for ``SignClient/status(of:)``.
    public var id: Int64 { connecting.id }
    /// What the wallet scans.
    ///
    /// It holds the pairing's key: whoever sees it can answer.
    public var uri: PairingURI? { connecting.uri }
    /// A link to the wallet's app that carries the request (link mode).
    public var link: String? { connecting.link }
    /// The pairing.
    public var pairingTopic: Topic { connecting.pairingTopic }
    /// When it ends without an answer.
    public var expiresAt: Timestamp { connecting.expiresAt }

    /// Waits for the signatures; they are checked, and compared with what was asked.
    ///
    /// - Throws: ``SignError``: `peer_rejected` with the wallet's words, `signature_invalid`, `signature_unchecked`,
    ///   `authentication_expired`, `cancelled`.
    public func response() async throws(SignError) -> Authenticated {
        try SignClient.authenticated(await client.outcome(of: id))
    }
}
