public import Primitives

/// What a dApp asks of a wallet: the argument of ``SignEngine/connect(_:at:)``.
public struct ConnectOffer: Sendable {
    /// Namespaces the wallet must support; sent as optional ones unless the settings say otherwise.
    public var requiredNamespaces: NamespaceMap<ProposalNamespace>
    /// Namespaces the wallet may support.
    public var optionalNamespaces: NamespaceMap<ProposalNamespace>
    /// Wishes for the whole session.
    public var sessionProperties: JSON?
    /// Wishes for namespaces or chains.
    public var scopedProperties: JSON?
    /// An active pairing to use again.
    public var pairingTopic: Topic?
    /// Authentication to ask for in the same step.
    public var authentication: [AuthRequest]
    /// A payment to ask for in the same step, sent as it is; the wallet's answer is the session's `walletPayResult`.
    public var walletPay: JSON?
    /// The relay protocols offered; none means `irn`.
    public var relays: [RelayProtocol]

    /// Makes an offer.
    public init(
        requiredNamespaces: NamespaceMap<ProposalNamespace> = [:],
        optionalNamespaces: NamespaceMap<ProposalNamespace> = [:], sessionProperties: JSON? = nil,
        scopedProperties: JSON? = nil, pairingTopic: Topic? = nil, authentication: [AuthRequest] = [],
        walletPay: JSON? = nil, relays: [RelayProtocol] = []
    ) {
        self.requiredNamespaces = requiredNamespaces
        self.optionalNamespaces = optionalNamespaces
        self.sessionProperties = sessionProperties
        self.scopedProperties = scopedProperties
        self.pairingTopic = pairingTopic
        self.authentication = authentication
        self.walletPay = walletPay
        self.relays = relays
    }
}

/// What the wallet's app grants: the argument of ``SignEngine/approve(_:at:)``.
public struct Approval: Sendable {
    /// The proposal.
    public var id: RPCID
    /// The pairing it came on; needed only when two peers chose the same id.
    public var pairingTopic: Topic?
    /// What is granted.
    public var namespaces: NamespaceMap<SessionNamespace>
    /// Answers to wishes for the whole session.
    public var sessionProperties: JSON?
    /// Answers to wishes for namespaces or chains.
    public var scopedProperties: JSON?
    /// Sent along as it is.
    public var sessionConfig: SessionConfig?
    /// The relay protocol; nil is the proposal's first.
    public var relayProtocol: String?
    /// Signed answers to the authentication the proposal asked for.
    public var authentication: [Cacao]
    /// The answer to the payment the proposal asked for, sent as it is.
    public var walletPay: JSON?

    /// Makes an approval.
    public init(
        id: RPCID, pairingTopic: Topic? = nil, namespaces: NamespaceMap<SessionNamespace>,
        sessionProperties: JSON? = nil, scopedProperties: JSON? = nil, sessionConfig: SessionConfig? = nil,
        relayProtocol: String? = nil, authentication: [Cacao] = [], walletPay: JSON? = nil
    ) {
        self.id = id
        self.pairingTopic = pairingTopic
        self.namespaces = namespaces
        self.sessionProperties = sessionProperties
        self.scopedProperties = scopedProperties
        self.sessionConfig = sessionConfig
        self.relayProtocol = relayProtocol
        self.authentication = authentication
        self.walletPay = walletPay
    }
}

/// An approval under way: the session lives here already, and is acknowledged when the dApp answered.
public struct Approving: Sendable {
    /// The session, not acknowledged yet.
    public let session: Session
    /// The call: its ``SignAction/finish(_:_:)`` brings the acknowledged session or why there is none.
    public let id: Int64
}

/// What a dApp asks in a session: the argument of ``SignEngine/request(_:at:)``.
public struct SessionRequest: Sendable {
    /// The session.
    public var topic: Topic
    /// The chain, CAIP-2.
    public var chainID: String
    /// The method.
    public var method: String
    /// Its params, sent as they are.
    public var params: JSON?
    /// How long to wait, in seconds; nil is the default.
    public var expirySeconds: Int64?

    /// Makes a request.
    public init(topic: Topic, chainID: String, method: String, params: JSON?, expirySeconds: Int64? = nil) {
        self.topic = topic
        self.chainID = chainID
        self.method = method
        self.params = params
        self.expirySeconds = expirySeconds
    }
}

/// A call that waits for the peer.
public struct Calling: Sendable, Hashable {
    /// The call: its ``SignAction/finish(_:_:)`` brings the outcome.
    public let id: Int64
    /// When waiting ends in any case.
    public let expiresAt: Timestamp
}

/// An answer to a request.
public enum Answer: Sendable, Hashable {
    /// It was done.
    case result(JSON)
    /// It was not.
    case failure(PeerError)
}
