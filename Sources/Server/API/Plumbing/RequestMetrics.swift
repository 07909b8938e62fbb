import HTTPTypes
import Metrics
import Synchronization

/// Counts and times requests by route; requests without a route share `unmatched`.
///
/// Series are made when a route first answers with a status and are then found without building labels again.
final class RequestMetrics: Sendable {
    private final class RouteSeries: Sendable {
        let route: String
        let method: String
        let duration: Metrics.Timer
        let byStatus = Mutex<[(status: Int, counter: Counter)]>([])

        init(route: String, method: String, factory: any MetricsFactory) {
            self.route = route
            self.method = method
            duration = Metrics.Timer(
                label: "coffer_http_request_duration_seconds", dimensions: [("route", route), ("method", method)],
                factory: factory)
        }
    }

    private let factory: any MetricsFactory
    private let routes: [RouteSeries]
    private let unmatched: RouteSeries
    private let shed: [Counter]
    private let limited: Mutex<[String: Counter]> = Mutex([:])
    private let refused: Counter
    private let inFlightMeter: Meter
    private let inFlight = Atomic<Int>(0)

    init(_ routes: [Route], factory: any MetricsFactory) {
        self.factory = factory
        self.routes = routes.map { RouteSeries(route: $0.path, method: $0.method.rawValue, factory: factory) }
        unmatched = RouteSeries(route: "unmatched", method: "any", factory: factory)
        shed = LoadClass.allCases.map {
            Counter(label: "coffer_http_shed_total", dimensions: [("class", $0.label)], factory: factory)
        }
        refused = Counter(label: "coffer_auth_failures_total", dimensions: [], factory: factory)
        inFlightMeter = Meter(label: "coffer_http_requests_in_flight", dimensions: [], factory: factory)
    }

    /// Notes a request's begin and returns how many are in flight with it.
    func begin() -> Int {
        let count = inFlight.wrappingAdd(1, ordering: .relaxed).newValue
        inFlightMeter.set(count)
        return count
    }

    /// Notes a request's end.
    func end(route: Int?, status: Int, nanoseconds: Int64) {
        inFlightMeter.set(inFlight.wrappingSubtract(1, ordering: .relaxed).newValue)
        let series = route.map { routes[$0] } ?? unmatched
        series.duration.recordNanoseconds(nanoseconds)
        counter(series, status).increment()
    }

    func noteShed(_ loadClass: LoadClass) { shed[loadClass.rawValue].increment() }

    func noteRefusedCredential() { refused.increment() }

    func noteLimited(_ policy: String) {
        let counter = limited.withLock { known in
            if let counter = known[policy] { return counter }
            let counter = Counter(
                label: "coffer_rate_limited_total", dimensions: [("policy", policy)], factory: factory)
            known[policy] = counter
            return counter
        }
        counter.increment()
    }

    private func counter(_ series: RouteSeries, _ status: Int) -> Counter {
        series.byStatus.withLock { known in
            for entry in known where entry.status == status { return entry.counter }
            let counter = Counter(
                label: "coffer_http_requests_total",
                dimensions: [("route", series.route), ("method", series.method), ("status", "\(status)")],
                factory: factory)
            known.append((status, counter))
            return counter
        }
    }
}
