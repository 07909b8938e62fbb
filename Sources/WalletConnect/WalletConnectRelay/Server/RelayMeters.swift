import Metrics

/// The relay's numbers on the way to the metrics; taken once a second, so that messages cost nothing.
struct RelayMeters: Sendable {
    private let connections = Gauge(label: "coffer_relay_connections")
    private let mailboxBytes = Gauge(label: "coffer_relay_mailbox_bytes")
    private let clients = Gauge(label: "coffer_relay_clients")
    private let topics = Gauge(label: "coffer_relay_topics")
    private let opened = Counter(label: "coffer_relay_connections_total")
    private let refused = Counter(label: "coffer_relay_refusals_total")
    private let published = Self.messages("published")
    private let repeated = Self.messages("repeated")
    private let pushed = Self.messages("pushed")
    private let acknowledged = Self.messages("acknowledged")
    private let written = Self.messages("written")
    private let elided = Self.messages("elided")
    private let expired = Self.messages("expired")

    private static func messages(_ operation: String) -> Counter {
        Counter(label: "coffer_relay_messages_total", dimensions: [("operation", operation)])
    }

    func report(_ counts: RelayCounts, _ figures: RelayFigures) {
        connections.record(figures.connections)
        mailboxBytes.record(figures.mailboxBytes)
        clients.record(figures.clients)
        topics.record(figures.topics)
        let pairs = [
            (opened, counts.opened), (refused, counts.refused), (published, counts.published),
            (repeated, counts.repeated), (pushed, counts.pushed), (acknowledged, counts.acknowledged),
            (written, counts.written), (elided, counts.elided), (expired, counts.expired),
        ]
        for (counter, count) in pairs where count > 0 { counter.increment(by: Int64(count)) }
    }
}
