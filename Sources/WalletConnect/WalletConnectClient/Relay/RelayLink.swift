package import Primitives
package import WalletConnectProtocol

/// One client's way to the relay: when to connect where, what to subscribe, what is published and what became of it.
///
/// It has no socket, no clock and no task. Inputs are calls with the moment they happen at; what is to be done collects in
/// ``takeEffects()``. Moments are of a clock that never steps back, whatever its origin.
///
/// Every message is published under its own id until the relay has answered it or its time is over: again on the same
/// connection after a deadline, again on the next one after a loss. Nothing is sent on a new connection before all topics
/// are subscribed.
package struct RelayLink: Sendable {
    /// Whether the relay can be reached, for people and gauges.
    package enum Status: Sendable, Hashable {
        /// Nothing to do, so no connection.
        case idle
        /// A connection is being opened, or its topics are being subscribed.
        case connecting
        /// Open, all topics subscribed.
        case online
        /// The next attempt is due later.
        case waiting
        /// Every address refuses this client: the project, its token or its origin.
        case refused(RelayClose)
    }

    enum Phase: Sendable {
        case idle
        case waiting(until: Timestamp)
        case opening
        case restoring
        case online
        case refused(RelayClose, until: Timestamp)
    }

    /// A message on its way.
    struct Entry: Sendable {
        let message: OutboundMessage
        let deadline: Timestamp
        /// Whether the relay may have it: it was sent, and no answer came.
        var mayBeThere: Bool
        /// How many of the fallback's calls were answered; nil while the compound call is tried.
        var fallbackStep: Int?
        /// The ids of the fallback's calls, so that each keeps its own when it is sent again.
        var fallbackIDs: [Int64] = []
    }

    /// What a call that waits for its answer was for.
    enum Call: Sendable {
        case publish(Int64)
        case subscribe([Topic])
        case unsubscribe([Topic])
        case fetch([Topic])
    }

    let pace: RelayPace
    let fetchesOnConnect: Bool
    let messageBytesMax: Int
    let urls: [String]
    let random: RandomSource
    var ids: RelayIDs

    var phase = Phase.idle
    /// The number of the connection, counted up with each attempt; what older ones bring is ignored.
    package internal(set) var connection = 0
    var effects = Effects()

    // What is wanted.
    package internal(set) var topics: Set<Topic> = []
    var farewells: Set<Topic> = []
    var entries: [Int64: Entry] = [:]
    var nextExpiry: Timestamp?

    // What is going on in this connection.
    var unsubscribedYet: [Topic] = []
    var unannounced: [Topic] = []
    var unfetched: [Topic] = []
    var queue = Queue<Int64>()
    var calls: [Int64: Call] = [:]
    var callDeadlines = Queue<(id: Int64, at: Timestamp)>()
    var batchesInFlight = 0
    var unanswered = 0
    var openedAt = Timestamp(milliseconds: 0)
    var lastSeen = Timestamp(milliseconds: 0)
    var pausedUntil: Timestamp?
    var pauses = 0
    var knowsNoCompound = false
    var knowsNoBatch = false

    // Where the next connection goes.
    var urlIndex = 0
    var failuresHere = 0
    var failures = 0
    var triedFreshToken = false
    var refusedURLs: Set<Int> = []

    /// A link that has nothing to do yet.
    ///
    /// - Parameter began: the time of day, which the ids of calls follow so that no two runs use the same ones.
    package init(settings: RelaySettings, random: RandomSource, began: Timestamp) {
        precondition(!settings.urls.isEmpty, "a relay has an address")
        pace = settings.pace
        fetchesOnConnect = settings.fetchesOnConnect
        messageBytesMax = settings.messageBytesMax
        urls = settings.urls
        self.random = random
        ids = RelayIDs(random: random, after: began.milliseconds &* 1000)
    }

    /// Whether the relay can be reached.
    package var status: Status {
        switch phase {
        case .idle: .idle
        case .waiting: .waiting
        case .opening, .restoring: .connecting
        case .online: .online
        case .refused(let close, _): .refused(close)
        }
    }

    /// Messages that the relay has not taken.
    package var pendingCount: Int { entries.count }

    /// What is to be done now; each effect is given out once.
    package mutating func takeEffects() -> Effects {
        defer { effects = Effects() }
        return effects
    }

    /// As ``takeEffects()``; nil when there is nothing to do.
    mutating func takeWork() -> Effects? {
        effects.isEmpty ? nil : takeEffects()
    }

    // MARK: What is wanted

    /// These topics are to be subscribed, now and on every later connection.
    package mutating func subscribe(_ wanted: [Topic], at now: Timestamp) {
        for topic in wanted {
            farewells.remove(topic)
            guard topics.insert(topic).inserted else { continue }
            unsubscribedYet.append(topic)
        }
        proceed(at: now)
    }

    /// These topics are subscribed by a call that follows; later connections subscribe them.
    package mutating func adopt(_ wanted: [Topic], at now: Timestamp) {
        for topic in wanted {
            farewells.remove(topic)
            topics.insert(topic)
        }
        proceed(at: now)
    }

    /// These topics are left; the relay is told until it has answered.
    package mutating func unsubscribe(_ unwanted: [Topic], at now: Timestamp) {
        for topic in unwanted {
            topics.remove(topic)
            // A relay that makes up topics is not told about each: what it still holds for us, the next connection ends.
            guard farewells.count < Self.farewellsMax else { continue }
            if farewells.insert(topic).inserted { unannounced.append(topic) }
        }
        proceed(at: now)
    }

    /// A message is to reach the relay within so many milliseconds.
    ///
    /// A message that is known already, by its id, changes nothing.
    package mutating func publish(_ message: OutboundMessage, lasting milliseconds: Int64, at now: Timestamp) {
        guard entries[message.id] == nil else { return }
        let size = message.largestText
        guard size <= messageBytesMax else {
            let detail = "Payload size limit exceeded. The message has \(size) bytes, \(messageBytesMax) is most"
            effects.outcomes.append((message.id, .refused(RelayError(.payloadSizeExceeded, detail))))
            return
        }
        guard milliseconds > 0 else {
            effects.outcomes.append((message.id, .undeliverable))
            return
        }
        if case .refused(let close, _) = phase, message.isAwaited, !message.mayBeThere {
            effects.outcomes.append((message.id, .refused(Self.refusal(close))))
            return
        }
        let deadline = now.adding(milliseconds: milliseconds)
        entries[message.id] = Entry(message: message, deadline: deadline, mayBeThere: message.mayBeThere)
        nextExpiry = min(nextExpiry ?? deadline, deadline)
        queue.append(message.id)
        proceed(at: now)
    }

    /// A message is not to go out any more; one that is not waiting changes nothing.
    package mutating func withdraw(_ id: Int64) {
        entries[id] = nil
        if entries.isEmpty { nextExpiry = nil }
    }

    /// Tries at once, also after a refusal.
    package mutating func reconnect(at now: Timestamp) {
        switch phase {
        case .waiting, .refused, .idle:
            refusedURLs = []
            triedFreshToken = false
            failures = 0
            failuresHere = 0
            phase = .idle
            proceed(at: now)
        case .opening, .restoring, .online: break
        }
    }

    /// Says goodbye: what is open is closed, and nothing is opened any more until something is wanted.
    package mutating func stop() {
        if isOpen { effects.close = RelayClose(code: RelayClose.normal, reason: "") }
        forgetConnection()
        connection += 1
        phase = .idle
    }

    /// Topics whose end the relay has not confirmed; more are left to the relay.
    static let farewellsMax = 65_536

    /// An id for a call of the link's own, which no message has.
    mutating func freshID(at now: Timestamp) -> Int64 {
        var id = ids.next(at: now)
        while entries[id] != nil || calls[id] != nil { id = ids.next(at: now) }
        return id
    }

    var isOpen: Bool {
        switch phase {
        case .restoring, .online: true
        case .idle, .waiting, .opening, .refused: false
        }
    }

    static func refusal(_ close: RelayClose) -> RelayError {
        RelayError(code: Int64(close.code), message: close.reason.isEmpty ? "Auth error" : close.reason)
    }
}

/// What a link wants done.
extension RelayLink {
    package struct Effects: Sendable {
        /// A connection to open.
        package struct Opening: Sendable, Hashable {
            /// Its number, named with all that it brings.
            package let connection: Int
            /// The address, which is also the audience of its token.
            package let url: String
        }

        /// Texts for the open connection, in order.
        package var frames: [[UInt8]] = []
        /// End the open connection with this.
        package var close: RelayClose?
        /// Open a connection; before it, `close`.
        package var open: Opening?
        /// What the relay delivers; each is acknowledged once it is stored.
        package var pushes: [(id: RPCID, push: RelayPush)] = []
        /// What the relay had waiting, when it was asked; nobody awaits an acknowledgement.
        package var fetched: [InboundMessage] = []
        /// Messages among the frames: from here on the relay may have them.
        package var sent: [Int64] = []
        /// What became of messages.
        package var outcomes: [(id: Int64, outcome: PublishOutcome)] = []
        /// Topics that the relay knows are left.
        package var unsubscribed: [Topic] = []
        /// What happened, for logs and counters.
        package var notes: [Note] = []

        package init() {}

        var isEmpty: Bool {
            frames.isEmpty && close == nil && open == nil && pushes.isEmpty && fetched.isEmpty && sent.isEmpty
                && outcomes.isEmpty && unsubscribed.isEmpty && notes.isEmpty
        }
    }

    /// Something that happened to a link.
    package enum Note: Sendable, Hashable {
        /// Connected, and every topic is subscribed.
        case online(topics: Int)
        /// The connection ended.
        case closed(RelayClose)
        /// An attempt failed, and the next is so many milliseconds away.
        case failed(String, retryMilliseconds: Int64)
        /// Every address refuses this client.
        case refused(RelayClose)
        /// A message was sent again.
        case retried
        /// The relay asks for fewer requests.
        case rateLimited
        /// The relay does not know the compound calls.
        case classic
        /// The relay refused a subscription.
        case subscriptionRefused(RelayError)
        /// A frame could not be read.
        case malformed
    }
}

/// First in, first out, without moving what is behind.
struct Queue<Element: Sendable>: Sendable {
    private var items: [Element] = []
    private var head = 0

    var first: Element? { head < items.count ? items[head] : nil }
    var count: Int { items.count - head }

    mutating func append(_ element: Element) {
        items.append(element)
    }

    mutating func popFirst() -> Element? {
        guard head < items.count else { return nil }
        defer {
            head += 1
            // Half of it is gone: what is left moves once for each that went.
            if head > 64, head * 2 > items.count {
                items.removeFirst(head)
                head = 0
            }
        }
        return items[head]
    }

    mutating func removeAll() {
        items.removeAll(keepingCapacity: true)
        head = 0
    }
}

extension OutboundMessage {
    /// Tags of the requests whose answers a caller awaits.
    ///
    /// Ping of a pairing, proposal, update, extension, request, ping, sign-in; a deletion or an event has no such caller.
    private static let awaitedTags: Set<UInt32> = [1002, 1100, 1104, 1106, 1108, 1114, 1116]

    /// Whether somebody waits for what the peer will answer.
    var isAwaited: Bool {
        switch kind {
        case .plain(let publish): Self.awaitedTags.contains(publish.tag)
        case .propose: true
        case .approve: false
        }
    }

    /// Bytes of the longest text in it, which is what relays limit.
    var largestText: Int {
        switch kind {
        case .plain(let publish): publish.message.utf8.count
        case .propose(let proposal, _): proposal.sessionProposal.utf8.count
        case .approve(let approval, _):
            max(approval.sessionProposalResponse.utf8.count, approval.sessionSettlementRequest.utf8.count)
        }
    }
}
