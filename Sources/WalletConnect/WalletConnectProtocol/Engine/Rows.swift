import Primitives

/// The name of something a peer sent: ids of different peers may be alike, so the topic belongs to it.
struct ReceivedKey: Hashable, Sendable {
    let topic: Topic
    /// The id's digits, without JavaScript's `n`.
    let digits: String

    init(_ topic: Topic, _ id: RPCID) {
        self.topic = topic
        digits = Self.digits(of: id)
    }

    init(topic: Topic, digits: String) {
        self.topic = topic
        self.digits = digits
    }

    /// The row's key among its collection's records: what was received is told from what was sent by its prefix.
    var recordKey: String { "r:\(topic.hex):\(safeDigits)" }

    /// Digits as they are; another text as its hash, since a peer chose it and a record's key is short and plain.
    private var safeDigits: String {
        let isPlain = digits.utf8.count <= 64 && digits.utf8.allSatisfy { (0x30...0x39).contains($0) }
        return isPlain ? digits : "x" + MessageHash(of: digits).hex
    }

    static func digits(of id: RPCID) -> String {
        if let number = id.int64 { return String(number) }
        guard case .text(let text) = id else { return "" }
        return text
    }
}

/// A pairing.
struct PairingRow: Sendable {
    var pairing: Pairing
    /// The key; a pairing of link mode's first message has none.
    var key: SymmetricKey?
    /// Whether this side made the pairing, as dApp.
    var isOurs: Bool
    var expiresAt: Timestamp
    /// Whether a one-click authentication came on it and was not turned down: the proposal beside it is not shown.
    var tookSignIn = false
    var seen = SeenRing()
}

/// A proposal this side sent.
struct SentProposalRow: Sendable {
    var proposal: SessionProposal
    /// Gone once the session's key is known.
    var agreement: AgreementKey?
    /// The session to be settled, once the wallet answered.
    var sessionKey: SymmetricKey?
    /// The wallet's public key, in the digits it sent.
    var responderKey: String?
    var expiresAt: Timestamp
    /// The one-click authentication this is the fallback of.
    var authenticationID: Int64?
    /// The authentication this proposal asks for in the same step.
    var requests: [AuthPayload]
    /// A settlement whose signatures are being checked.
    var settlement: PendingSettlement?
}

/// A settlement that waits for its signatures to be checked.
struct PendingSettlement: Sendable {
    var id: RPCID
    var params: JSON
    /// The question's name.
    var question: Int64
}

/// A proposal a dApp sent.
struct ReceivedProposalRow: Sendable {
    var id: RPCID
    var proposal: SessionProposal
    var expiresAt: Timestamp
    /// What is known of the origin; nil while it is looked up.
    var verifyContext: VerifyContext?
    var query: VerifyQuery?
    /// The session that was approved, until the relay took the approval.
    var approved: Topic?
}

/// A session: what is needed for every message, and the rest as the JSON it is stored as.
struct SessionRow: Sendable {
    let key: SymmetricKey
    var expiresAt: Timestamp
    /// Whether this side is the wallet.
    var isController: Bool
    /// The settlement's id: at the dApp so that one that comes again is answered again, at the wallet so that an answer
    /// counts however late it comes.
    var settleID: RPCID?
    /// The highest accepted ids of updates and extensions, without their last three digits.
    var lastUpdate: Int64 = 0
    var lastExtend: Int64 = 0
    /// The same for events, by name.
    var lastEvents: [String: Int64] = [:]
    /// The peer's link, in sessions that live in links.
    var link: String?
    /// The session as JSON, decoded on demand.
    var body: [UInt8]
    var seen = SeenRing()
}

/// A request of ours that waits for its answer.
struct SentRequestRow: Sendable {
    enum Kind: String, Sendable {
        case request
        case ping
        case pairingPing
        case update
        case extend
        case settle
    }

    var kind: Kind
    var topic: Topic
    var expiresAt: Timestamp
    /// What comes back if the peer says no: the namespaces of an update, the expiry of an extension.
    var previous: JSON?
}

/// A request of a dApp that waits for the app.
struct PendingRow: Sendable {
    var id: RPCID
    var chainID: String
    var method: String
    var params: JSON?
    var expiresAt: Timestamp
    /// Grows with each request received: the order to show them in.
    var sequence: UInt64
    var verifyContext: VerifyContext?
    var query: VerifyQuery?
}

/// The answer given to a request, kept in case the request comes again.
struct AnsweredRow: Sendable {
    var digits: String
    /// What was sent; nil when only the id is kept.
    var message: String?
    var expiresAt: Timestamp
}

/// The requests of one topic.
struct TopicRequests: Sendable {
    var waiting: [String: PendingRow] = [:]
    /// Oldest first.
    var answered: [AnsweredRow] = []

    var isEmpty: Bool { waiting.isEmpty && answered.isEmpty }
}

/// A one-click authentication this side asked for.
struct SentAuthenticationRow: Sendable {
    var pairingTopic: Topic
    var agreement: AgreementKey
    var payload: AuthPayload
    var expiresAt: Timestamp
    /// The proposal that goes with it for wallets that do not know the method.
    var fallback: Int64?
    /// Whether the peer said that it does not know the method.
    var isUnsupported = false
    /// An answer whose signatures are being checked, with the key both sides agreed on.
    var answer: PendingAuthentication?
    /// The link to the wallet's app.
    var link: String?
}

/// An answer that waits for its signatures to be checked.
struct PendingAuthentication: Sendable {
    var cacaos: [Cacao]
    var responder: Participant
    var key: SymmetricKey
    var transport: MessageTransport
}

/// A one-click authentication a dApp asked for.
struct ReceivedAuthenticationRow: Sendable {
    var id: RPCID
    var requester: Participant
    var payload: AuthPayload
    var expiresAt: Timestamp
    var transport: MessageTransport
    var verifyContext: VerifyContext?
    var query: VerifyQuery?
    /// The app's signatures while they are checked, and the call that waits for it.
    var approval: PendingApproval?
}

/// Signatures of the app, to be checked before they are sent.
struct PendingApproval: Sendable {
    var call: Int64
    var cacaos: [Cacao]
}

/// What a message to the relay was for.
enum OutboundPurpose: Hashable, Sendable {
    /// Nothing waits for it.
    case answer
    /// A request of ours.
    case request(Int64)
    /// A proposal of ours.
    case proposal(Int64)
    /// A one-click authentication of ours.
    case authentication(Int64)
    /// An approval: the settlement's id and the session.
    case approval(Int64, session: Topic, proposal: ReceivedKey)
}

/// A message the relay has not taken yet; its text is in the record and in the action.
struct OutboxRow: Sendable {
    var purpose: OutboundPurpose
    var expiresAt: Timestamp
    /// Whether the relay may have it, although it has not said so.
    var mayBeThere: Bool
}

/// How a call ended, until its caller has it.
struct OutcomeRow: Sendable {
    var outcome: SignOutcome
    var expiresAt: Timestamp
}
