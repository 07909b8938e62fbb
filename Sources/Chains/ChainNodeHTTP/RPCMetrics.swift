import ChainNode
import Metrics
import Primitives

/// Counts questions by outcome and measures how long they took.
///
/// Labels name the chain and the endpoint, never an address.
struct RPCMetrics: Sendable {
    private static let outcomes = [
        "ok", "rpc", "transport", "timeout", "rate-limited", "busy", "bad-answer", "cancelled", "other",
    ]

    private let requests: [String: Counter]
    private let duration: Timer

    init(chain: ChainID, endpoint: String, factory: any MetricsFactory) {
        let place = [("chain", chain.description), ("endpoint", endpoint)]
        // Made once: a counter made per request would be a registry look-up per request.
        var requests: [String: Counter] = [:]
        for outcome in Self.outcomes {
            requests[outcome] = Counter(
                label: "coffer_rpc_requests_total", dimensions: place + [("outcome", outcome)], factory: factory)
        }
        self.requests = requests
        self.duration = Timer(label: "coffer_rpc_request_duration_seconds", dimensions: place, factory: factory)
    }

    func note(_ outcome: String, took: Duration) {
        (requests[outcome] ?? requests["other"])?.increment()
        let (seconds, attoseconds) = took.components
        duration.recordNanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    }
}
