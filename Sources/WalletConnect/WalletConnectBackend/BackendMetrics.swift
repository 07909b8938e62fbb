import Metrics

/// What a backend counts; labels say what kind of thing it was, never whose.
struct BackendMetrics: Sendable {
    private let factory: any MetricsFactory
    private let active: Gauge
    private let pending: Gauge
    private let waiting: Gauge
    private let eventsDropped: Counter
    private let pluginFailures: Counter
    private let storeDuration: Timer
    private let storeFailures: Counter
    private let storedChanges: Counter

    init(factory: any MetricsFactory) {
        self.factory = factory
        func counter(_ name: String) -> Counter { Counter(label: Self.prefix + name, factory: factory) }
        func gauge(_ name: String) -> Gauge { Gauge(label: Self.prefix + name, factory: factory) }
        active = gauge("active_sessions")
        pending = gauge("pending_connections")
        waiting = gauge("requests_waiting")
        eventsDropped = counter("backend_events_dropped_total")
        pluginFailures = counter("plugin_failures_total")
        storeDuration = Timer(label: Self.prefix + "database_duration_seconds", factory: factory)
        storeFailures = counter("database_failures_total")
        storedChanges = counter("database_changes_total")
    }

    private static let prefix = "coffer_walletconnect_"

    func holds(_ figures: BackendFigures) {
        active.record(figures.active)
        pending.record(figures.pending)
        waiting.record(figures.requests)
    }

    /// A proposal ended: `connected`, or the reason of its end.
    func connection(_ outcome: String) {
        Counter(label: Self.prefix + "connections_total", dimensions: [("outcome", outcome)], factory: factory)
            .increment()
    }

    /// A request ended: `ok`, or the code of its failure.
    func call(_ kind: CallKind, _ outcome: String, took milliseconds: Int64) {
        Counter(
            label: Self.prefix + "requests_total", dimensions: [("kind", kind.rawValue), ("outcome", outcome)],
            factory: factory
        ).increment()
        Timer(
            label: Self.prefix + "response_duration_seconds", dimensions: [("kind", kind.rawValue)], factory: factory
        ).recordNanoseconds(max(0, milliseconds) * 1_000_000)
    }

    /// Something went wrong.
    func failed(_ code: BackendError.Code) {
        Counter(label: Self.prefix + "errors_total", dimensions: [("code", code.rawValue)], factory: factory)
            .increment()
    }

    /// An event of a wallet that nobody is told of: `not_granted` in its session, or `too_many`.
    func walletEventDropped(_ reason: String) {
        Counter(label: Self.prefix + "wallet_events_dropped_total", dimensions: [("reason", reason)], factory: factory)
            .increment()
    }

    func eventDropped() { eventsDropped.increment() }
    func pluginFailed() { pluginFailures.increment() }
    func storeFailed() { storeFailures.increment() }

    func stored(_ count: Int, took: Duration) {
        storedChanges.increment(by: count)
        let (seconds, attoseconds) = took.components
        storeDuration.recordNanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    }
}
