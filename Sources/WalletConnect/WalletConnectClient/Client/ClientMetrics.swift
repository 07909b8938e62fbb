import Metrics
import WalletConnectProtocol

/// What a client counts; labels say what kind of thing it was, never whose.
struct ClientMetrics: Sendable {
    private let messages: Counter
    private let dropped: [DropReason: Counter]
    private let accepted: Counter
    private let refused: Counter
    private let undeliverable: Counter
    private let retried: Counter
    private let connected: Counter
    private let lost: Counter
    private let rateLimited: Counter
    private let commits: Counter
    private let changes: Counter
    private let commitDuration: Timer
    private let commitFailures: Counter
    private let eventsDropped: Counter
    private let sessions: Gauge
    private let waitingCalls: Gauge
    private let outbox: Gauge
    private let online: Gauge

    init(factory: any MetricsFactory) {
        func counter(_ name: String, _ dimensions: [(String, String)] = []) -> Counter {
            Counter(label: "coffer_walletconnect_\(name)", dimensions: dimensions, factory: factory)
        }
        func gauge(_ name: String) -> Gauge {
            Gauge(label: "coffer_walletconnect_\(name)", factory: factory)
        }
        messages = counter("messages_received_total")
        let reasons: [DropReason] = [
            .unknownTopic, .duplicate, .undecryptable, .malformed, .unexpectedAnswer, .unknownMethod, .outOfOrder,
            .expired, .wrongRole, .limitReached, .refused,
        ]
        var dropped: [DropReason: Counter] = [:]
        for reason in reasons {
            dropped[reason] = counter("messages_dropped_total", [("reason", reason.rawValue)])
        }
        self.dropped = dropped
        accepted = counter("published_total", [("outcome", "accepted")])
        refused = counter("published_total", [("outcome", "refused")])
        undeliverable = counter("published_total", [("outcome", "undeliverable")])
        retried = counter("publish_retries_total")
        connected = counter("relay_connections_total", [("outcome", "online")])
        lost = counter("relay_connections_total", [("outcome", "lost")])
        rateLimited = counter("relay_rate_limited_total")
        commits = counter("commits_total")
        changes = counter("committed_changes_total")
        commitDuration = Timer(label: "coffer_walletconnect_commit_duration_seconds", factory: factory)
        commitFailures = counter("commit_failures_total")
        eventsDropped = counter("events_dropped_total")
        sessions = gauge("sessions")
        waitingCalls = gauge("calls_waiting")
        outbox = gauge("outbox")
        online = gauge("relay_online")
    }

    func received(_ count: Int, drops: [DropReason]) {
        if count > 0 { messages.increment(by: count) }
        for reason in drops { dropped[reason]?.increment() }
    }

    func published(_ outcome: PublishOutcome) {
        switch outcome {
        case .accepted: accepted.increment()
        case .refused: refused.increment()
        case .undeliverable: undeliverable.increment()
        }
    }

    func noted(_ note: RelayLink.Note) {
        switch note {
        case .online:
            connected.increment()
            online.record(1)
        case .closed:
            lost.increment()
            online.record(0)
        case .retried: retried.increment()
        case .rateLimited: rateLimited.increment()
        case .failed, .refused, .classic, .subscriptionRefused, .malformed: break
        }
    }

    func committed(_ count: Int, took: Duration) {
        commits.increment()
        changes.increment(by: count)
        let (seconds, attoseconds) = took.components
        commitDuration.recordNanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    }

    func commitFailed() {
        commitFailures.increment()
    }

    func eventDropped() {
        eventsDropped.increment()
    }

    func holds(_ counts: SignCounts) {
        sessions.record(counts.sessions)
        waitingCalls.record(counts.requests)
        outbox.record(counts.outbox)
    }
}
