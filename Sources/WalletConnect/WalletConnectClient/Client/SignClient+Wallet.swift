import Primitives
import Synchronization
public import WalletConnectProtocol

/// The wallet's side: it pairs, approves, and answers.
extension SignClient {
    /// Takes the address that a dApp shows; its proposal comes as an event.
    ///
    /// - Throws: ``SignError``: `invalid_uri`, `pairing_expired`, `pairing_exists`.
    @discardableResult
    public func pair(_ uri: String) async throws(SignError) -> Pairing {
        try await store { (engine, now) throws(SignError) in try engine.pair(uri, at: now) }
    }

    /// Grants a session.
    ///
    /// When this returns, the session lives here and its settlement is stored and on its way.
    ///
    /// - Throws: ``SignError`` for an unknown or expired proposal, or namespaces that do not fit it.
    public func approve(_ approval: Approval) async throws(SignError) -> ApprovedSession {
        let approving = try await store { (engine, now) throws(SignError) in try engine.approve(approval, at: now) }
        return ApprovedSession(client: self, approving: approving)
    }

    /// Declines a proposal.
    ///
    /// - Parameter pairingTopic: the pairing; needed only when two peers chose the same id.
    /// - Throws: ``SignError`` for an unknown or expired proposal, or a reason without code or text.
    public func reject(_ id: RPCID, on pairingTopic: Topic? = nil, reason: Reason) async throws(SignError) {
        try await store { (engine, now) throws(SignError) in
            ((), try engine.reject(id, on: pairingTopic, reason: reason, at: now))
        }
    }

    /// Answers a request.
    ///
    /// When this returns, the answer is stored and on its way.
    ///
    /// - Throws: ``SignError``: `request_not_found`, `request_expired`, `payload_too_large`; another answer can then be
    ///   given.
    public func respond(to id: RPCID, on topic: Topic, with answer: Answer) async throws(SignError) {
        try await store { (engine, now) throws(SignError) in
            ((), try engine.respond(to: id, on: topic, with: answer, at: now))
        }
    }

    /// Changes what a session allows, and waits for the dApp.
    ///
    /// The change holds here at once. It is taken back when the dApp refuses or the relay will not carry it; while the dApp
    /// is silent (`timed_out` after five minutes) it stays, and goes on being delivered.
    ///
    /// - Throws: ``SignError`` for an unknown session, `wrong_role`, namespaces that do not conform, `peer_rejected`.
    public func update(_ topic: Topic, namespaces: NamespaceMap<SessionNamespace>) async throws(SignError) {
        let calling = try begin { (engine, now) throws(SignError) in
            try engine.update(topic, namespaces: namespaces, at: now)
        }
        try Self.acknowledged(await outcome(of: calling.id))
    }

    /// Lets a session live for its full time again, and waits for the dApp.
    ///
    /// - Throws: ``SignError`` for an unknown session, `wrong_role`, `peer_rejected`.
    public func extend(_ topic: Topic) async throws(SignError) {
        let calling = try begin { (engine, now) throws(SignError) in try engine.extend(topic, at: now) }
        try Self.acknowledged(await outcome(of: calling.id))
    }

    /// Changes what a session allows; whether the dApp took it is fetched by ``awaitResponse(_:)``.
    ///
    /// The change holds here at once. It is taken back when the dApp refuses or the relay will not carry it; while the dApp
    /// is silent (`timed_out` after five minutes) it stays, and goes on being delivered.
    ///
    /// - Returns: the call, once it is stored and on its way.
    /// - Throws: ``SignError`` for an unknown session, `wrong_role`, namespaces that do not conform.
    public func updateWithoutWaiting(
        _ topic: Topic, namespaces: NamespaceMap<SessionNamespace>
    ) async throws(SignError) -> Calling {
        try await store { (engine, now) throws(SignError) in
            try engine.update(topic, namespaces: namespaces, at: now)
        }
    }

    /// Lets a session live for its full time again; whether the dApp took it is fetched by ``awaitResponse(_:)``.
    ///
    /// - Returns: the call, once it is stored and on its way.
    /// - Throws: ``SignError`` for an unknown session, `wrong_role`.
    public func extendWithoutWaiting(_ topic: Topic) async throws(SignError) -> Calling {
        try await store { (engine, now) throws(SignError) in try engine.extend(topic, at: now) }
    }

    /// Whether one-click authentication is shown to the app from now on; begins as the settings say.
    ///
    /// While it is not, a dApp is told so, and its proposal is shown instead.
    public var handlesAuthentication: Bool {
        get { core.withLock(\.engine.handlesAuthentication) }
        set { core.withLock { $0.engine.handlesAuthentication = newValue } }
    }

    /// Gives the signatures that a one-click authentication asks for, and waits until they are checked and sent.
    ///
    /// - Throws: ``SignError`` for an unknown or expired request, signatures of something else, `signature_invalid`.
    public func approveAuthentication(
        _ id: RPCID, on pairingTopic: Topic? = nil, cacaos: [Cacao]
    ) async throws(SignError) -> Authenticated {
        let calling = try begin { (engine, now) throws(SignError) in
            try engine.approveAuthentication(id, on: pairingTopic, cacaos: cacaos, at: now)
        }
        return try Self.authenticated(await outcome(of: calling.id))
    }

    /// Declines a one-click authentication.
    ///
    /// - Throws: ``SignError`` for an unknown or expired request, or a reason without code or text.
    public func rejectAuthentication(
        _ id: RPCID, on pairingTopic: Topic? = nil, reason: Reason
    ) async throws(SignError) {
        try await store { (engine, now) throws(SignError) in
            ((), try engine.rejectAuthentication(id, on: pairingTopic, reason: reason, at: now))
        }
    }
}

/// A session that was granted and lives here.
public struct ApprovedSession: Sendable {
    let client: SignClient
    let approving: Approving

    /// The session, not acknowledged yet.
    public var session: Session { approving.session }
    /// The call, for ``SignClient/status(of:)``.
    public var id: Int64 { approving.id }

    /// Waits until the dApp has taken the session.
    ///
    /// - Throws: ``SignError``: `peer_rejected` with the dApp's words, `timed_out`, why the relay did not take it.
    @discardableResult
    public func acknowledged() async throws(SignError) -> Session {
        try SignClient.session(await client.outcome(of: id))
    }
}
