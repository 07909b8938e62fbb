public import Primitives

/// What the app is told.
///
/// An event comes after the state has changed: whoever reads a session in answer to one sees the new state, and after
/// ``sessionDelete(topic:id:reason:)`` there is none.
public enum SignEvent: Sendable {
    /// `session_proposal`: a dApp asks for a session (wallet).
    case sessionProposal(ReceivedProposal)
    /// `session_authenticate`: a dApp asks for signatures, and perhaps a session (wallet).
    case sessionAuthenticate(ReceivedAuthentication)
    /// `session_connect`: a session came to be (dApp).
    case sessionConnect(Session, proposalID: Int64)
    /// `session_update`: the session's namespaces changed.
    case sessionUpdate(topic: Topic, id: RPCID, namespaces: NamespaceMap<SessionNamespace>)
    /// `session_extend`: the session lives longer; the expiry is in Unix seconds.
    case sessionExtend(topic: Topic, id: RPCID, expirySeconds: Int64)
    /// `session_ping`: the peer pinged, and was answered.
    case sessionPing(topic: Topic, id: RPCID)
    /// `session_delete`: the session is gone.
    case sessionDelete(topic: Topic, id: RPCID?, reason: SessionEnd)
    /// `session_expire`: the session's time ran out; follows `session_delete`.
    case sessionExpire(topic: Topic)
    /// `session_request`: a dApp asks for something (wallet).
    case sessionRequest(PendingRequest)
    /// `session_request_sent`: our request was stored and is on its way (dApp).
    case sessionRequestSent(topic: Topic, id: Int64, method: String, params: JSON?, chainID: String)
    /// `session_request_expire`: a request nobody answered ran out (wallet).
    case sessionRequestExpire(topic: Topic, id: RPCID)
    /// `session_event`: the wallet tells of a change.
    case sessionEvent(topic: Topic, id: RPCID, event: SessionEvent, chainID: String)
    /// `proposal_expire`: a proposal ran out, ours or theirs.
    case proposalExpire(pairingTopic: Topic, id: RPCID)
    /// `pairing_create`.
    case pairingCreate(Pairing)
    /// `pairing_delete`: the peer ended the pairing.
    case pairingDelete(topic: Topic, id: RPCID?)
    /// `pairing_expire`.
    case pairingExpire(topic: Topic)
    /// `pairing_ping`.
    case pairingPing(topic: Topic, id: RPCID)
}

/// Who ended a session.
public enum SessionEnd: Sendable, Hashable {
    /// The peer, with what it said.
    case peer(PeerError?)
    /// This side.
    case local
    /// Time.
    case expired
}

/// A proposal as the wallet's app sees it.
public struct ReceivedProposal: Sendable, Hashable {
    /// The proposal.
    public let proposal: SessionProposal
    /// What is known of its origin.
    public let verifyContext: VerifyContext
}

/// A one-click authentication as the wallet's app sees it.
public struct ReceivedAuthentication: Sendable, Hashable {
    /// The pairing it came on.
    public let pairingTopic: Topic
    /// The id to answer with.
    public let id: RPCID
    /// Who asks.
    public let requester: Participant
    /// What is to be signed.
    public let payload: AuthPayload
    /// When the dApp stops waiting.
    public let expiresAt: Timestamp
    /// What is known of its origin.
    public let verifyContext: VerifyContext
    /// How it came.
    public let transport: MessageTransport
}

/// How a call that waited ended.
public enum SignOutcome: Sendable, Hashable {
    /// A session came to be, or was acknowledged.
    case session(Session)
    /// The peer's result of a request, exactly as it came.
    case result(JSON)
    /// The peer said yes (ping, update, extend).
    case acknowledged
    /// Signatures, checked, and the session if one was agreed.
    case authenticated([Cacao], Session?)
    /// The peer said no, in its own words, which may be none.
    case refused(PeerError)
    /// It ended on this side.
    case failed(SignError)
}

/// What is known of a call that was started.
public enum CallStatus: Sendable, Hashable {
    /// It goes on until then at the latest.
    case waiting(until: Timestamp)
    /// It ended.
    case ended(SignOutcome)
}
