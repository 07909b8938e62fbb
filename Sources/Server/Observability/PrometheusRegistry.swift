public import CoreMetrics
import Synchronization

/// Keeps every metric of the process and writes them for a scraper.
///
/// ```swift
/// let registry = PrometheusRegistry()
/// MetricsSystem.bootstrap(registry)
/// Counter(label: "coffer_sign", dimensions: [("outcome", "ok")]).increment()
/// registry.text()  // # HELP coffer_sign_total … coffer_sign_total{outcome="ok"} 1
/// ```
///
/// A class, because `MetricsFactory` is shared by everything that counts. Labels become snake case, counters get
/// `_total` and timers `_seconds` when they lack it. Two kinds under one name, or more than ``seriesPerFamilyMax``
/// label sets, are refused: the caller gets a handler that counts nowhere and
/// `coffer_metrics_refused_series_total` grows.
public final class PrometheusRegistry: MetricsFactory {
    /// Label sets kept per name.
    ///
    /// Above it a label most likely holds an identifier, which would fill the memory here
    /// and in the scraper.
    public static let seriesPerFamilyMax = 2000

    enum Series: Sendable {
        case counter(CounterSeries)
        case gauge(GaugeSeries)
        case histogram(HistogramSeries)

        var object: AnyObject {
            switch self {
            case .counter(let series): series
            case .gauge(let series): series
            case .histogram(let series): series
            }
        }
    }

    struct Family: Sendable {
        let kind: MetricKind
        let help: String
        /// By label text such as `{route="/v1/wallets"}`.
        var series: [String: Series]

        init(_ name: String, _ kind: MetricKind, _ declaration: MetricDeclaration?, series: [String: Series] = [:]) {
            self.kind = kind
            self.help = declaration?.help ?? "Metric \(name) of this process."
            self.series = series
        }
    }

    private struct State: Sendable {
        var families: [String: Family] = [:]
        var collectors: [@Sendable () -> Void] = []
    }

    private let declarations: [String: MetricDeclaration]
    private let state = Mutex(State())
    private let refused: CounterSeries
    private let process: ProcessMetrics?

    /// Makes an empty registry.
    ///
    /// - Parameters:
    ///   - declarations: help texts and buckets by name.
    ///   - includesProcess: whether `process_*` is written too.
    public init(declarations: [MetricDeclaration] = MetricDeclaration.catalogue, includesProcess: Bool = true) {
        self.declarations = Dictionary(declarations.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        self.process = includesProcess ? ProcessMetrics() : nil
        self.refused = CounterSeries()
    }

    /// Calls `collect` before every scrape, to set gauges whose value lives elsewhere, such as a queue's depth.
    ///
    /// - Parameter collect: short and not blocking; it runs on the scraping request.
    public func beforeScrape(_ collect: @escaping @Sendable () -> Void) {
        state.withLock { $0.collectors.append(collect) }
    }

    /// All metrics as text.
    ///
    /// - Parameter format: which exposition format; the default is what every Prometheus reads.
    public func text(_ format: PrometheusText.Format = .prometheus) -> String {
        let collectors = state.withLock { $0.collectors }
        for collect in collectors { collect() }
        var writer = PrometheusText(format: format)
        let families = state.withLock { $0.families }
        for (name, family) in families.sorted(by: { $0.key < $1.key }) where !family.series.isEmpty {
            writer.append(name: name, family: family)
        }
        if refused.text != "0" {
            let name = "coffer_metrics_refused_series_total"
            writer.append(
                name: name, family: Family(name, .counter, declarations[name], series: ["": .counter(refused)]))
        }
        process?.append(to: &writer)
        return writer.finished()
    }

    // MARK: MetricsFactory

    /// A counter; the same one for the same label and dimensions.
    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        counter(label, dimensions)
    }

    /// A counter of fractions.
    public func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        counter(label, dimensions)
    }

    /// A gauge.
    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        gauge(label, dimensions)
    }

    /// A histogram when `aggregate`, otherwise a gauge.
    public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        aggregate ? histogram(PrometheusName.base(label), dimensions) : gauge(label, dimensions)
    }

    /// A histogram of seconds.
    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        histogram(PrometheusName.timer(label), dimensions)
    }

    /// Forgets a series.
    public func destroyCounter(_ handler: any CounterHandler) { remove(handler) }
    /// Forgets a series.
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) { remove(handler) }
    /// Forgets a series.
    public func destroyMeter(_ handler: any MeterHandler) { remove(handler) }
    /// Forgets a series.
    public func destroyRecorder(_ handler: any RecorderHandler) { remove(handler) }
    /// Forgets a series.
    public func destroyTimer(_ handler: any TimerHandler) { remove(handler) }

    // MARK: Series

    private func counter(_ label: String, _ dimensions: [(String, String)]) -> CounterSeries {
        let made = series(PrometheusName.counter(label), .counter, dimensions) { _ in .counter(CounterSeries()) }
        if case .counter(let series) = made { return series }
        return CounterSeries()
    }

    private func gauge(_ label: String, _ dimensions: [(String, String)]) -> GaugeSeries {
        let made = series(PrometheusName.base(label), .gauge, dimensions) { _ in .gauge(GaugeSeries()) }
        if case .gauge(let series) = made { return series }
        return GaugeSeries()
    }

    private func histogram(_ name: String, _ dimensions: [(String, String)]) -> HistogramSeries {
        let made = series(name, .histogram, dimensions) { .histogram(HistogramSeries(buckets: $0)) }
        if case .histogram(let series) = made { return series }
        return HistogramSeries(buckets: .request)
    }

    private func series(
        _ name: String, _ kind: MetricKind, _ dimensions: [(String, String)], make: (Buckets) -> Series
    ) -> Series? {
        let labels = PrometheusName.labels(dimensions)
        let declaration = declarations[name]
        let found: Series? = state.withLock { state in
            if let known = state.families[name]?.series[labels] {
                return state.families[name]?.kind == kind ? known : nil
            }
            guard state.families[name, default: Family(name, kind, declaration)].kind == kind,
                (declaration?.kind ?? kind) == kind,
                (state.families[name]?.series.count ?? 0) < Self.seriesPerFamilyMax
            else { return nil }
            // Changed in place: a copy of the family would copy all its series.
            let new = make(declaration?.buckets ?? .request)
            state.families[name, default: Family(name, kind, declaration)].series[labels] = new
            return new
        }
        if found == nil { refused.increment(by: 1 as Int64) }
        return found
    }

    private func remove(_ handler: AnyObject) {
        state.withLock { state in
            for (name, family) in state.families {
                guard let key = family.series.first(where: { $0.value.object === handler })?.key else { continue }
                state.families[name]?.series[key] = nil
                return
            }
        }
    }
}
