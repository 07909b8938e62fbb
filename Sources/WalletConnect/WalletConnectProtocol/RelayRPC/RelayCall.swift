public import Primitives

/// What a client asks of a relay.
///
/// Every `irn_` name has an `iridium_` alias, which is read and never written.
///
/// Standard: [WalletConnect 2.0 relay RPC](https://specs.walletconnect.com/2.0/specs/servers/relay/relay-server-rpc).
public enum RelayCall: Sendable, Hashable {
    /// irn_publish.
    case publish(RelayPublish)
    /// irn_batchPublish.
    case batchPublish([RelayPublish])
    /// irn_subscribe, or irn_subscribeBlocking, which is answered after the subscription is stored.
    case subscribe(Topic, blocking: Bool)
    /// irn_batchSubscribe, or irn_batchSubscribeBlocking.
    case batchSubscribe([Topic], blocking: Bool)
    /// irn_unsubscribe; the id is the client's own idea of it and may be ignored.
    case unsubscribe(Topic, id: String?)
    /// irn_batchUnsubscribe.
    case batchUnsubscribe([RelayUnsubscription])
    /// irn_fetchMessages, or irn_batchFetchMessages.
    case fetch([Topic], batch: Bool)
    /// irn_batchReceive.
    case receive([RelayReceipt])
    /// irn_watchRegister with the token of the watched client.
    case watchRegister(token: String)
    /// irn_watchUnregister with the token of the watched client.
    case watchUnregister(token: String)
    /// wc_createTopic.
    case createTopic(Topic)
    /// wc_proposeSession.
    case propose(RelayProposal)
    /// wc_approveSession.
    case approve(RelayApproval)

    /// Topics, subscriptions, receipts or messages in one call.
    public static let batchMax = 500

    /// The name that is written.
    public var method: String {
        switch self {
        case .publish: "irn_publish"
        case .batchPublish: "irn_batchPublish"
        case .subscribe(_, let blocking): blocking ? "irn_subscribeBlocking" : "irn_subscribe"
        case .batchSubscribe(_, let blocking): blocking ? "irn_batchSubscribeBlocking" : "irn_batchSubscribe"
        case .unsubscribe: "irn_unsubscribe"
        case .batchUnsubscribe: "irn_batchUnsubscribe"
        case .fetch(_, let batch): batch ? "irn_batchFetchMessages" : "irn_fetchMessages"
        case .receive: "irn_batchReceive"
        case .watchRegister: "irn_watchRegister"
        case .watchUnregister: "irn_watchUnregister"
        case .createTopic: "wc_createTopic"
        case .propose: "wc_proposeSession"
        case .approve: "wc_approveSession"
        }
    }
}

/// One message to leave at a topic.
public struct RelayPublish: Sendable, Hashable {
    /// Where.
    public var topic: Topic
    /// The envelope; a relay does not look into it.
    public var message: String
    /// How long the relay keeps it.
    public var ttlSeconds: UInt32
    /// Which kind of message it is; 0 is in use.
    public var tag: UInt32
    /// Whether the receiver is notified.
    public var prompt: Bool
    /// What the Verify service said about the sender.
    public var attestation: String?
    /// What the publisher tells the relay about the content; not delivered.
    public var analytics: RelayAnalytics?

    /// A message to publish.
    public init(
        topic: Topic, message: String, ttlSeconds: UInt32, tag: UInt32, prompt: Bool = false,
        attestation: String? = nil, analytics: RelayAnalytics? = nil
    ) {
        self.topic = topic
        self.message = message
        self.ttlSeconds = ttlSeconds
        self.tag = tag
        self.prompt = prompt
        self.attestation = attestation
        self.analytics = analytics
    }

    /// A message published by a rule of its method.
    public init(
        topic: Topic, message: String, rule: PublishRule, attestation: String? = nil, analytics: RelayAnalytics? = nil
    ) {
        self.init(
            topic: topic, message: message, ttlSeconds: rule.ttlSeconds, tag: rule.tag, prompt: rule.prompt,
            attestation: attestation, analytics: analytics)
    }
}

/// What a client tells a relay about the content of a message, so that transactions can be counted.
///
/// It travels flat among the parameters or as `tvf`; both are read, flat is written.
public struct RelayAnalytics: Sendable, Hashable {
    /// The id of the call inside the envelope.
    public var correlationID: Int64?
    /// CAIP-2, such as `eip155:1`.
    public var chainID: String?
    /// The methods inside the envelope.
    public var rpcMethods: [String]?
    /// Hashes of the transactions that were sent.
    public var txHashes: [String]?
    /// Contracts that were called.
    public var contractAddresses: [String]?

    /// Whether nothing is said.
    public var isEmpty: Bool { self == RelayAnalytics() }

    /// What is known of a message.
    public init(
        correlationID: Int64? = nil, chainID: String? = nil, rpcMethods: [String]? = nil, txHashes: [String]? = nil,
        contractAddresses: [String]? = nil
    ) {
        self.correlationID = correlationID
        self.chainID = chainID
        self.rpcMethods = rpcMethods
        self.txHashes = txHashes
        self.contractAddresses = contractAddresses
    }
}

/// One subscription to end.
public struct RelayUnsubscription: Sendable, Hashable {
    /// The topic.
    public var topic: Topic
    /// The client's own idea of the subscription's id.
    public var id: String?

    /// A subscription to end.
    public init(topic: Topic, id: String? = nil) {
        self.topic = topic
        self.id = id
    }
}

/// One message that a client has taken.
public struct RelayReceipt: Sendable, Hashable {
    /// The topic.
    public var topic: Topic
    /// The relay's id of the message; `message_id` is written, `messageId` is read too.
    public var messageID: RPCID

    /// A receipt.
    public init(topic: Topic, messageID: RPCID) {
        self.topic = topic
        self.messageID = messageID
    }
}

/// A proposal and everything that goes with it: the topic is created, the caller subscribed, the message published with
/// tag 1100.
public struct RelayProposal: Sendable, Hashable {
    /// How the proposal is published.
    public static let rule = WCMethod.sessionPropose.rules.request

    /// The topic of the pairing.
    public var pairingTopic: Topic
    /// The envelope.
    public var sessionProposal: String
    /// What the Verify service said about the sender.
    public var attestation: String?
    /// What JavaScript clients add; the relay knows it anyway.
    public var ttlSeconds: UInt32?
    /// What the publisher tells the relay about the content.
    public var analytics: RelayAnalytics?

    /// A proposal.
    public init(
        pairingTopic: Topic, sessionProposal: String, attestation: String? = nil, ttlSeconds: UInt32? = nil,
        analytics: RelayAnalytics? = nil
    ) {
        self.pairingTopic = pairingTopic
        self.sessionProposal = sessionProposal
        self.attestation = attestation
        self.ttlSeconds = ttlSeconds
        self.analytics = analytics
    }

    /// The message that the relay publishes for the caller.
    public var publish: RelayPublish {
        RelayPublish(
            topic: pairingTopic, message: sessionProposal, rule: Self.rule, attestation: attestation,
            analytics: analytics)
    }
}

/// An approval and everything that goes with it: the session's topic is created, the caller subscribed, the answer
/// published with tag 1101 and the settlement with tag 1102.
public struct RelayApproval: Sendable, Hashable {
    /// How the answer to the proposal is published.
    public static let responseRule = WCMethod.sessionPropose.rules.response
    /// How the settlement is published.
    public static let settlementRule = WCMethod.sessionSettle.rules.request

    /// The topic of the session.
    public var sessionTopic: Topic
    /// The topic of the pairing.
    public var pairingTopic: Topic
    /// The envelope for the pairing's topic.
    public var sessionProposalResponse: String
    /// The envelope for the session's topic.
    public var sessionSettlementRequest: String
    /// What was approved, for the relay's statistics.
    public var approvedChains: [String]?
    /// What was approved, for the relay's statistics.
    public var approvedMethods: [String]?
    /// What was approved, for the relay's statistics.
    public var approvedAccounts: [String]?
    /// What was approved, for the relay's statistics.
    public var approvedEvents: [String]?
    /// Any JSON.
    public var sessionProperties: JSON?
    /// Any JSON.
    public var scopedProperties: JSON?
    /// What JavaScript clients add; the relay knows it anyway.
    public var ttlSeconds: UInt32?
    /// What the publisher tells the relay about the content.
    public var analytics: RelayAnalytics?

    /// An approval; what is for statistics is set afterwards.
    public init(
        sessionTopic: Topic, pairingTopic: Topic, sessionProposalResponse: String, sessionSettlementRequest: String,
        ttlSeconds: UInt32? = nil, analytics: RelayAnalytics? = nil
    ) {
        self.sessionTopic = sessionTopic
        self.pairingTopic = pairingTopic
        self.sessionProposalResponse = sessionProposalResponse
        self.sessionSettlementRequest = sessionSettlementRequest
        self.ttlSeconds = ttlSeconds
        self.analytics = analytics
    }

    /// The two messages that the relay publishes for the caller, the settlement first: it waits in the mailbox until the
    /// answer has told the peer about its topic.
    public var publishes: [RelayPublish] {
        [
            RelayPublish(topic: sessionTopic, message: sessionSettlementRequest, rule: Self.settlementRule),
            RelayPublish(
                topic: pairingTopic, message: sessionProposalResponse, rule: Self.responseRule, analytics: analytics),
        ]
    }
}

/// A message as a relay delivers it.
public struct RelayPush: Sendable, Hashable {
    /// The subscription it comes for.
    public var subscription: SubscriptionID
    /// Where it was published.
    public var topic: Topic
    /// The envelope.
    public var message: String
    /// When the relay took it.
    public var publishedAt: Timestamp
    /// Which kind of message it is.
    public var tag: UInt32
    /// What the Verify service said about the sender.
    public var attestation: String?

    /// A delivery.
    public init(
        subscription: SubscriptionID, topic: Topic, message: String, publishedAt: Timestamp, tag: UInt32,
        attestation: String? = nil
    ) {
        self.subscription = subscription
        self.topic = topic
        self.message = message
        self.publishedAt = publishedAt
        self.tag = tag
        self.attestation = attestation
    }
}
