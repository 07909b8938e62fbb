public import Primitives
import WalletConnectClient
public import WalletConnectProtocol

/// Sessions: from a dApp's address to the last answer.
extension WalletKit {
    /// Takes the address that a dApp shows; its proposal or sign-in comes as an event.
    ///
    /// - Returns: the pairing.
    /// - Throws: `SignError`: `invalid_uri`, also for a payment link; `pairing_expired`, `pairing_exists`.
    @discardableResult
    public func pair(_ uri: String) async throws(SignError) -> Pairing {
        do throws(SignError) {
            return try await client.pair(uri)
        } catch {
            guard error.code == .invalidURI, Self.isPaymentLink(uri) else { throw error }
            throw SignError(.invalidURI, "It is a payment link, which this wallet does not pay.", cause: "\(error)")
        }
    }

    /// Grants a session.
    ///
    /// When this returns, the session lives here and its settlement is stored and on its way; `acknowledged` of the
    /// session tells whether the dApp has answered.
    ///
    /// - Throws: `SignError` for an unknown or expired proposal, or namespaces that do not fit it.
    @discardableResult
    public func approveSession(_ approval: Approval) async throws(SignError) -> Session {
        try await client.approve(approval).session
    }

    /// Grants a session to the dApp of a proposal.
    ///
    /// - Parameters:
    ///   - received: the proposal as the event brought it.
    ///   - namespaces: what is granted: ``buildApprovedNamespaces(for:supported:)`` makes it.
    /// - Throws: as ``approveSession(_:)``.
    @discardableResult
    public func approveSession(
        _ received: ReceivedProposal, namespaces: NamespaceMap<SessionNamespace>, sessionProperties: JSON? = nil,
        scopedProperties: JSON? = nil
    ) async throws(SignError) -> Session {
        try await approveSession(
            Approval(
                id: received.proposal.id, pairingTopic: received.proposal.pairingTopic, namespaces: namespaces,
                sessionProperties: sessionProperties, scopedProperties: scopedProperties))
    }

    /// Declines a proposal.
    ///
    /// - Parameters:
    ///   - id: the proposal's id.
    ///   - pairingTopic: the pairing; needed only when two dApps chose the same id.
    ///   - reason: what the dApp is told.
    /// - Throws: `SignError` for an unknown or expired proposal, or a reason without code or text.
    public func rejectSession(
        _ id: RPCID, on pairingTopic: Topic? = nil, reason: Reason = WalletKit.reason(.userRejected)
    ) async throws(SignError) {
        try await client.reject(id, on: pairingTopic, reason: reason)
    }

    /// Declines the proposal that an event brought.
    ///
    /// - Throws: as ``rejectSession(_:on:reason:)``.
    public func rejectSession(
        _ received: ReceivedProposal, reason: Reason = WalletKit.reason(.userRejected)
    ) async throws(SignError) {
        try await rejectSession(received.proposal.id, on: received.proposal.pairingTopic, reason: reason)
    }

    /// Changes what a session allows.
    ///
    /// The change holds here at once. It is taken back when the dApp refuses or the relay will not carry it; while the dApp
    /// is silent it stays, and goes on being delivered.
    ///
    /// - Returns: the change, which can be waited for.
    /// - Throws: `SignError` for an unknown session, or namespaces that do not conform to what was required.
    @discardableResult
    public func updateSession(
        _ topic: Topic, namespaces: NamespaceMap<SessionNamespace>
    ) async throws(SignError) -> SessionChange {
        SessionChange(
            client: client, id: try await client.updateWithoutWaiting(topic, namespaces: namespaces).id)
    }

    /// Lets a session live for its full time again.
    ///
    /// - Returns: the change, which can be waited for.
    /// - Throws: `SignError` for an unknown session.
    @discardableResult
    public func extendSession(_ topic: Topic) async throws(SignError) -> SessionChange {
        SessionChange(client: client, id: try await client.extendWithoutWaiting(topic).id)
    }

    /// Answers a request.
    ///
    /// When this returns, the answer is stored and on its way.
    ///
    /// - Throws: `SignError`: `request_not_found`, `request_expired`, `payload_too_large`; another answer can then be given.
    public func respondSessionRequest(
        _ id: RPCID, on topic: Topic, with answer: Answer
    ) async throws(SignError) {
        // Also after a failure: the request may have run out.
        defer { hub.answered(on: topic) }
        try await client.respond(to: id, on: topic, with: answer)
    }

    /// Answers the request that an event brought.
    ///
    /// - Throws: as ``respondSessionRequest(_:on:with:)``.
    public func respondSessionRequest(_ request: PendingRequest, with answer: Answer) async throws(SignError) {
        try await respondSessionRequest(request.id, on: request.topic, with: answer)
    }

    /// Tells the dApp of an event, such as `chainChanged` or `accountsChanged`; nobody answers it.
    ///
    /// - Throws: `SignError`: `session_not_found`; `unauthorized_chain` or `unauthorized_event` for what was not approved.
    public func emitSessionEvent(
        _ event: SessionEvent, chainID: String, on topic: Topic
    ) async throws(SignError) {
        try await client.emit(event, chainID: chainID, on: topic)
    }

    /// Ends a session here, and tells the dApp as soon as the relay can be reached.
    ///
    /// A second time it does nothing. The dApp is always told 6000, "User disconnected.", as by other clients.
    ///
    /// - Throws: `SignError`: `not_initialized`, `storage_failed`.
    public func disconnectSession(_ topic: Topic) async throws(SignError) {
        try await client.disconnect(topic)
    }
}

/// A change of a session that the dApp is being told of.
public struct SessionChange: Sendable {
    let client: SignClient
    /// The call, for `awaitResponse` of the client, also after a restart.
    public let id: Int64

    /// Waits until the dApp has taken the change.
    ///
    /// - Throws: `SignError`: `peer_rejected` with the dApp's words, or why the relay did not take it: the change is then
    ///   taken back. `timed_out` after five minutes: it stays, and a dApp that comes back within a day is still told.
    public func acknowledged() async throws(SignError) {
        _ = try await client.awaitResponse(id)
    }
}
