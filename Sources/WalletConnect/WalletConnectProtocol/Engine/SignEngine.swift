public import Primitives

/// Everything one client knows, and every rule of WalletConnect Sign, for both roles.
///
/// ```swift
/// var engine = SignEngine(settings: SignSettings(metadata: metadata), random: .system)
/// let start = try engine.restore(records, at: clock.now)
/// let (connecting, decision) = try engine.connect(offer, at: clock.now)
/// // store decision.changes in one unit, then carry out decision.actions
/// ```
///
/// There is no clock, no socket and no store in it: inputs come in, decisions go out. Whoever drives it stores all changes
/// of a decision before any of its actions is carried out; then a crash between any two steps is harmless, and so is every
/// message that comes late, twice or out of order.
///
/// A call that throws has changed nothing.
public struct SignEngine: Sendable {
    /// How this client behaves.
    public let settings: SignSettings
    /// Whether the app handles one-click authentication at the moment; begins as the settings say.
    public var handlesAuthentication: Bool

    let random: RandomSource
    var payloadIDs: PayloadIDs
    var outboundIDs: PayloadIDs
    var sequence: UInt64 = 0

    var pairings: [Topic: PairingRow] = [:]
    var sentProposals: [Int64: SentProposalRow] = [:]
    var receivedProposals: [ReceivedKey: ReceivedProposalRow] = [:]
    /// Topics of sessions that were agreed and are not settled, with their proposals.
    var settling: [Topic: Int64] = [:]
    var sessions: [Topic: SessionRow] = [:]
    var decoded: [Topic: Session] = [:]
    var sentRequests: [Int64: SentRequestRow] = [:]
    var sentByTopic: [Topic: Set<Int64>] = [:]
    var received: [Topic: TopicRequests] = [:]
    var receivedCount = 0
    var sentAuthentications: [Int64: SentAuthenticationRow] = [:]
    /// Topics on which answers to one-click authentications are awaited.
    var responseTopics: [Topic: Int64] = [:]
    var receivedAuthentications: [ReceivedKey: ReceivedAuthenticationRow] = [:]
    /// Questions about signatures that are open, and what they are for.
    var questions: [Int64: SignatureQuestion] = [:]
    var outcomes: [Int64: OutcomeRow] = [:]
    var outcomeOrder: [Int64] = []
    var outbox: [Int64: OutboxRow] = [:]
    var farewells: [Topic: Timestamp] = [:]
    var recentlyDeleted = RecentlyDeleted()
    var deadlines = Deadlines()

    /// A client that knows nothing yet.
    public init(settings: SignSettings, random: RandomSource) {
        self.settings = settings
        handlesAuthentication = settings.handlesAuthentication
        self.random = random
        payloadIDs = PayloadIDs(random: random)
        outboundIDs = PayloadIDs(random: random)
    }

    // MARK: What is known

    /// The sessions, in no order.
    public var sessionTopics: [Topic] { Array(sessions.keys) }

    /// All sessions, decoded, those that end last first.
    public var allSessions: [Session] {
        sessions.sorted { ($1.value.expiresAt, $0.key) < ($0.value.expiresAt, $1.key) }
            .compactMap { readSession($0.key) }
    }

    /// How many sessions there are.
    public var sessionCount: Int { sessions.count }

    /// The session of a topic.
    public func session(_ topic: Topic) -> Session? {
        decoded[topic] ?? readSession(topic)
    }

    /// Sessions that already allow what is asked for, so that no new one is needed.
    public func sessions(allowing namespaces: NamespaceMap<ProposalNamespace>) -> [Session] {
        allSessions.filter { NamespaceRules.isSessionCompatible($0.namespaces, with: namespaces) }
    }

    /// The pairing of a topic.
    public func pairing(_ topic: Topic) -> Pairing? { pairings[topic]?.pairing }

    /// The pairings, in no order.
    public var allPairings: [Pairing] { pairings.values.map(\.pairing) }

    /// Proposals that wait for the app (wallet), the oldest first.
    public var pendingProposals: [ReceivedProposal] {
        receivedProposals.values.filter { $0.approved == nil }
            .sorted { $0.expiresAt < $1.expiresAt }
            .map { ReceivedProposal(proposal: $0.proposal, verifyContext: $0.verifyContext ?? unknownOrigin("")) }
    }

    /// Requests that wait for the app (wallet), the oldest first; of one session or of all.
    public func pendingRequests(of topic: Topic? = nil) -> [PendingRequest] {
        let rows: [(Topic, PendingRow)] =
            if let topic {
                (received[topic]?.waiting.values).map { $0.map { (topic, $0) } } ?? []
            } else {
                received.flatMap { topic, requests in requests.waiting.values.map { (topic, $0) } }
            }
        return rows.sorted { $0.1.sequence < $1.1.sequence }.map { $1.shown(on: $0) }
    }

    /// Requests of a session that the app was told of and has not answered (wallet), the oldest first.
    ///
    /// Unlike ``pendingRequests(of:)`` without those whose origin is still being looked up.
    public func shownRequests(of topic: Topic) -> [PendingRequest] {
        (received[topic]?.waiting.values.filter { $0.verifyContext != nil } ?? [])
            .sorted { $0.sequence < $1.sequence }.map { $0.shown(on: topic) }
    }

    /// One-click authentications that wait for the app (wallet), the oldest first.
    public var pendingAuthentications: [ReceivedAuthentication] {
        receivedAuthentications.filter { $1.approval == nil }
            .sorted { $0.value.expiresAt < $1.value.expiresAt }
            .map { $1.shown(on: $0.topic) }
    }

    /// Every topic that must be subscribed, in order.
    public var topics: [Topic] {
        var all: [Topic] = []
        all.reserveCapacity(sessions.count + pairings.count + settling.count + responseTopics.count)
        all.append(contentsOf: sessions.keys)
        all.append(contentsOf: settling.keys)
        all.append(contentsOf: pairings.keys)
        all.append(contentsOf: responseTopics.keys)
        all.sort()
        return all
    }

    /// What is known of a call: it waits, it ended and nobody fetched the outcome, or nil.
    public func status(of call: Int64) -> CallStatus? {
        if let outcome = outcomes[call] { return .ended(outcome.outcome) }
        if let row = sentRequests[call] { return .waiting(until: row.expiresAt) }
        if let row = sentProposals[call] { return .waiting(until: row.expiresAt) }
        if let row = sentAuthentications[call] { return .waiting(until: row.expiresAt) }
        for row in receivedAuthentications.values where row.approval?.call == call {
            return .waiting(until: row.expiresAt)
        }
        return nil
    }

    /// When ``tick(at:)`` has something to do next.
    public var nextDeadline: Timestamp? { deadlines.first }

    /// How much is held, for gauges.
    public var counts: SignCounts {
        SignCounts(
            sessions: sessions.count, pairings: pairings.count,
            proposals: sentProposals.count + receivedProposals.count, requests: sentRequests.count,
            pendingRequests: receivedCount,
            authentications: sentAuthentications.count + receivedAuthentications.count, outbox: outbox.count,
            outcomes: outcomes.count)
    }
}

/// How much an engine holds.
public struct SignCounts: Sendable, Hashable {
    /// Sessions.
    public let sessions: Int
    /// Pairings.
    public let pairings: Int
    /// Proposals, sent and received.
    public let proposals: Int
    /// Calls that wait for a peer.
    public let requests: Int
    /// Requests that wait for the app.
    public let pendingRequests: Int
    /// Authentications, sent and received.
    public let authentications: Int
    /// Messages the relay has not taken.
    public let outbox: Int
    /// Outcomes nobody fetched.
    public let outcomes: Int
}

/// What a question about signatures is for.
enum SignatureQuestion: Hashable, Sendable {
    case settlement(Int64)
    case sentAuthentication(Int64)
    case receivedAuthentication(ReceivedKey)
}

/// Names of ended things, the oldest forgotten, so that a call about one says so.
struct RecentlyDeleted: Sendable {
    /// How something ended.
    enum End: Sendable {
        /// Its time ran out.
        case expired
        /// It was answered, or somebody ended it.
        case deleted
    }

    private var ends: [String: End] = [:]
    private var order: [String] = []

    var count: Int { ends.count }

    subscript(_ name: String) -> End? { ends[name] }

    /// What a call about the name is told.
    func record<Value>(_ name: String) -> SignRecord<Value> {
        switch ends[name] {
        case .expired: .expired
        case .deleted: .recentlyDeleted
        case nil: .unknown
        }
    }

    /// Remembers a name; at most twice `max` are held at any time.
    mutating func add(_ name: String, _ end: End, max: Int) {
        guard ends.updateValue(end, forKey: name) == nil else { return }
        order.append(name)
        // Cut in halves, so that forgetting costs little on average.
        if order.count > 2 * max {
            for old in order.prefix(order.count - max) { ends[old] = nil }
            order.removeFirst(order.count - max)
        }
    }
}
