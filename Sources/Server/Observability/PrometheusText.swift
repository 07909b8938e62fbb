/// Writes metric families in an exposition format.
///
/// Formats: [Prometheus text 0.0.4](https://prometheus.io/docs/instrumenting/exposition_formats/) and
/// [OpenMetrics 1.0](https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md).
public struct PrometheusText: Sendable {
    /// Which exposition format to write.
    public enum Format: Sendable, Hashable {
        /// Text format 0.0.4.
        case prometheus
        /// OpenMetrics 1.0, when the scraper's `Accept` names it.
        case openMetrics

        /// The `Content-Type` of the answer.
        public var contentType: String {
            switch self {
            case .prometheus: "text/plain; version=0.0.4; charset=utf-8"
            case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
            }
        }

        /// The format a scraper's `Accept` header asks for; text 0.0.4 unless OpenMetrics is named.
        public init(accept: String?) {
            self = accept?.contains("application/openmetrics-text") == true ? .openMetrics : .prometheus
        }
    }

    private let format: Format
    private var output = ""

    init(format: Format) {
        self.format = format
    }

    mutating func append(name: String, family: PrometheusRegistry.Family) {
        head(name: name, kind: family.kind, help: family.help)
        for (labels, series) in family.series.sorted(by: { $0.key < $1.key }) {
            switch series {
            case .counter(let counter): line(name, labels, counter.text)
            case .gauge(let gauge): line(name, labels, gauge.text)
            case .histogram(let histogram): append(name: name, labels: labels, histogram: histogram)
            }
        }
    }

    mutating func append(name: String, kind: MetricKind, help: String, value: String) {
        head(name: name, kind: kind, help: help)
        line(name, "", value)
    }

    consuming func finished() -> String {
        if format == .openMetrics { output += "# EOF\n" }
        return output
    }

    private mutating func head(name: String, kind: MetricKind, help: String) {
        var family = name
        // OpenMetrics names the family of a counter without the suffix its samples carry.
        if format == .openMetrics, kind == .counter, name.hasSuffix("_total") { family.removeLast(6) }
        var text = ""
        for scalar in help.unicodeScalars {
            switch scalar {
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            default: text.unicodeScalars.append(scalar)
            }
        }
        output += "# HELP \(family) \(text)\n# TYPE \(family) \(kind.rawValue)\n"
    }

    private mutating func line(_ name: String, _ labels: String, _ value: String) {
        output += "\(name)\(labels) \(value)\n"
    }

    private mutating func append(name: String, labels: String, histogram: HistogramSeries) {
        let snapshot = histogram.snapshot
        var total: UInt64 = 0
        for (index, count) in snapshot.counts.enumerated() {
            total &+= count
            let bound = index < histogram.upperBounds.count ? "\(histogram.upperBounds[index])" : "+Inf"
            let joined = labels.isEmpty ? "{le=\"\(bound)\"}" : "\(labels.dropLast()),le=\"\(bound)\"}"
            line(name + "_bucket", joined, "\(total)")
        }
        line(name + "_sum", labels, Self.number(snapshot.sum))
        line(name + "_count", labels, "\(total)")
    }

    /// A number as Prometheus reads it: whole numbers without a fraction, `NaN`, `+Inf`, `-Inf`.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        // 2^53: below it a Double holds whole numbers exactly.
        if value == value.rounded(), value.magnitude < 9_007_199_254_740_992 { return "\(Int64(value))" }
        return "\(value)"
    }
}
