public import Primitives

/// A session as both sides keep it.
public struct Session: Sendable, Hashable {
    /// Where its messages meet; the hash of its key.
    public var topic: Topic
    /// The pairing it came from.
    public var pairingTopic: Topic
    /// The relay.
    public var relay: RelayProtocol
    /// When it ends, in Unix seconds.
    public var expiry: Int64
    /// Whether the app has confirmed what the wallet gave.
    public var acknowledged: Bool
    /// The public key of the side that may update and extend it, the wallet, in digits.
    public var controller: String
    /// What is approved.
    public var namespaces: NamespaceMap<SessionNamespace>
    /// What the app said it has to have.
    public var requiredNamespaces: NamespaceMap<ProposalNamespace>
    /// What the app said it would like to have.
    public var optionalNamespaces: NamespaceMap<ProposalNamespace>
    /// What the wallet said about the whole session.
    public var sessionProperties: JSON?
    /// What the wallet said about single namespaces.
    public var scopedProperties: JSON?
    /// How the wallet wants to be treated.
    public var sessionConfig: SessionConfig?
    /// This side.
    public var own: Participant
    /// The other side.
    public var peer: Participant
    /// The signed statements that came with it.
    public var authentication: [Cacao]?
    /// What the wallet said of payments asked for in the proposal, as it was sent.
    public var walletPayResult: JSON?
    /// How its messages travel.
    public var transport: MessageTransport

    /// Makes a session.
    public init(
        topic: Topic, pairingTopic: Topic, relay: RelayProtocol = .irn, expiry: Int64, acknowledged: Bool,
        controller: String, namespaces: NamespaceMap<SessionNamespace>,
        requiredNamespaces: NamespaceMap<ProposalNamespace> = [:],
        optionalNamespaces: NamespaceMap<ProposalNamespace> = [:], sessionProperties: JSON? = nil,
        scopedProperties: JSON? = nil, sessionConfig: SessionConfig? = nil, own: Participant, peer: Participant,
        authentication: [Cacao]? = nil, walletPayResult: JSON? = nil, transport: MessageTransport = .relay
    ) {
        self.topic = topic
        self.pairingTopic = pairingTopic
        self.relay = relay
        self.expiry = expiry
        self.acknowledged = acknowledged
        self.controller = controller
        self.namespaces = namespaces
        self.requiredNamespaces = requiredNamespaces
        self.optionalNamespaces = optionalNamespaces
        self.sessionProperties = sessionProperties
        self.scopedProperties = scopedProperties
        self.sessionConfig = sessionConfig
        self.own = own
        self.peer = peer
        self.authentication = authentication
        self.walletPayResult = walletPayResult
        self.transport = transport
    }

    /// Whether this side is the wallet.
    public var isController: Bool { controller.isExactly(own.publicKey) }

    /// Whether `method` may be called on `chain`: one namespace has an account there and names the method.
    public func allows(chain: String, method: String) -> Bool {
        NamespaceRules.allows(namespaces, chain: chain, method: method)
    }

    /// Whether `event` may be told about `chain`: one namespace has an account there and names the event.
    public func allows(chain: String, event: String) -> Bool {
        NamespaceRules.allows(namespaces, chain: chain, event: event)
    }

    /// Whether there is an account on `chain`.
    public func allows(chain: String) -> Bool {
        NamespaceRules.allows(namespaces, chain: chain)
    }

    /// Whether the session has ended at `moment`; the second it ends in counts as ended.
    public func isExpired(at moment: Timestamp) -> Bool {
        Timestamp(milliseconds: 0).adding(seconds: expiry) <= moment
    }
}
