public import Primitives

/// Something the shell does for the engine, after the decision's changes are stored.
public enum SignAction: Sendable {
    /// Bring a message to the relay, however often it takes, and report with ``SignEngine/published(_:_:at:)``.
    case publish(OutboundMessage)
    /// Subscribe these topics; idempotent.
    case subscribe([Topic])
    /// Unsubscribe these topics, then report with ``SignEngine/unsubscribed(_:)``; idempotent.
    case unsubscribe([Topic])
    /// Take these topics for subscribed without a call: the compound call that follows subscribes them.
    case adopt([Topic])
    /// Tell the app.
    case emit(SignEvent)
    /// End the waiting call of this id, and report with ``SignEngine/handedOver(_:)`` once its caller has the outcome.
    case finish(Int64, SignOutcome)
    /// Look up where a request came from, answered with ``SignEngine/verified(_:_:at:)``.
    case verify(VerifyQuery)
    /// Check signatures, answered with ``SignEngine/signaturesChecked(_:_:at:)``.
    case checkSignatures(SignatureQuery)
    /// Hand the app a link that carries a message to the peer's app (link mode).
    case open(OutboundLink)
}

/// A message on its way to the relay.
public struct OutboundMessage: Sendable {
    /// What the relay is asked.
    public enum Kind: Sendable {
        /// One publish.
        case plain(RelayPublish)
        /// The compound proposal, and what to do where the relay does not know it: subscribe, then publish.
        case propose(RelayProposal, fallback: RelayFallback)
        /// The compound approval, and what to do where the relay does not know it.
        case approve(RelayApproval, fallback: RelayFallback)
    }

    /// The name of this message: stable across retries and restarts, below 2^53, usable as the relay call's id.
    public let id: Int64
    /// What to ask.
    public let kind: Kind
    /// When trying ends: then the shell reports ``PublishOutcome/undeliverable``.
    public let expiresAt: Timestamp
    /// Whether the relay may have it already: an earlier process may have sent it.
    public let mayBeThere: Bool

    /// Makes a message.
    public init(id: Int64, kind: Kind, expiresAt: Timestamp, mayBeThere: Bool = false) {
        self.id = id
        self.kind = kind
        self.expiresAt = expiresAt
        self.mayBeThere = mayBeThere
    }
}

/// The classic calls that have the effect of one compound call, in order.
public struct RelayFallback: Sendable {
    /// Subscribe this first.
    public let subscribe: Topic
    /// Then publish these, in order.
    public let publishes: [RelayPublish]

    /// Makes a fallback.
    public init(subscribe: Topic, publishes: [RelayPublish]) {
        self.subscribe = subscribe
        self.publishes = publishes
    }
}

/// How bringing a message to the relay ended.
public enum PublishOutcome: Sendable, Hashable {
    /// The relay has it.
    case accepted
    /// The relay will not take it, however often it is asked, and has not taken it before.
    case refused(RelayError)
    /// Its time ran out before the relay said that it took it.
    ///
    /// Whether it ever left is what ``SignEngine/left(_:)`` told.
    case undeliverable
}

/// A message that came.
public struct InboundMessage: Sendable {
    /// The topic it came on.
    public var topic: Topic
    /// The envelope's text, exactly as it came.
    public var message: String
    /// When the relay took it from its sender.
    public var publishedAt: Timestamp
    /// The sender's tag; nothing is decided by it.
    public var tag: UInt32
    /// The sender's attestation: nil when there is none, empty when the sender says that there is none.
    public var attestation: String?
    /// How it came.
    public var transport: MessageTransport

    /// Makes a message.
    public init(
        topic: Topic, message: String, publishedAt: Timestamp, tag: UInt32 = 0, attestation: String? = nil,
        transport: MessageTransport = .relay
    ) {
        self.topic = topic
        self.message = message
        self.publishedAt = publishedAt
        self.tag = tag
        self.attestation = attestation
        self.transport = transport
    }
}

/// A link that carries a message.
public struct OutboundLink: Sendable, Hashable {
    /// The payload's id.
    public let id: Int64
    /// The topic.
    public let topic: Topic
    /// The whole link.
    public let url: String
}

/// What a verdict is asked about: the same row is named again when the verdict comes.
public struct VerifyReference: Sendable, Hashable {
    /// What came.
    public enum Kind: String, Sendable, Hashable {
        /// A session proposal.
        case proposal
        /// A session request.
        case request
        /// A one-click authentication.
        case authentication
    }

    /// What came.
    public let kind: Kind
    /// Where.
    public let topic: Topic
    /// Under which id.
    public let id: RPCID
}

/// The question where a request came from.
public struct VerifyQuery: Sendable, Hashable {
    /// What is asked about.
    public let reference: VerifyReference
    /// The attestation that came with the message: nil none, empty "there is none".
    public let attestation: String?
    /// SHA-256 of the envelope's text, hex: what an attestation is bound to.
    public let messageHash: String
    /// SHA-256 of the exact plaintext, hex: what an older attestation is found by.
    public let payloadHash: String
    /// The `url` the sender says it has.
    public let claimedURL: String
}

/// Signatures to check.
public struct SignatureQuery: Sendable {
    /// The name of the question, given back with the answer.
    public let id: Int64
    /// The objects whose signatures are checked; the answer has one verdict for each, in order.
    public let cacaos: [Cacao]
}

/// What became of one signature.
public enum SignatureResult: String, Sendable, Hashable {
    /// It is the issuer's.
    case valid
    /// It is not.
    case invalid
    /// Nobody could say: the chain could not be asked, or the kind of signature is not known.
    case unknown
}
