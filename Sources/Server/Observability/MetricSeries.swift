import CoreMetrics
import Synchronization

/// One counter with fixed labels.
///
/// A class because the metrics API hands out references.
final class CounterSeries: CounterHandler, FloatingPointCounterHandler {
    private let whole = Atomic<Int64>(0)
    private let fractionBits = Atomic<UInt64>(0)

    func increment(by amount: Int64) {
        // A counter that falls reads as a restart of the process to Prometheus, so a negative step is ignored.
        guard amount > 0 else { return }
        whole.wrappingAdd(amount, ordering: .relaxed)
    }

    func increment(by amount: Double) {
        guard amount > 0, amount.isFinite else { return }
        addDouble(amount, to: fractionBits)
    }

    func reset() {
        whole.store(0, ordering: .relaxed)
        fractionBits.store(0, ordering: .relaxed)
    }

    /// The value as Prometheus writes numbers.
    var text: String {
        let fraction = Double(bitPattern: fractionBits.load(ordering: .relaxed))
        let count = whole.load(ordering: .relaxed)
        return fraction == 0 ? "\(count)" : PrometheusText.number(Double(count) + fraction)
    }
}

/// One gauge with fixed labels; also stands for a recorder that does not aggregate.
final class GaugeSeries: MeterHandler, RecorderHandler {
    private let bits = Atomic<UInt64>(0)

    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }
    func increment(by amount: Double) { addDouble(amount, to: bits) }
    func decrement(by amount: Double) { addDouble(-amount, to: bits) }
    func record(_ value: Int64) { set(Double(value)) }
    func record(_ value: Double) { set(value) }

    var text: String { PrometheusText.number(Double(bitPattern: bits.load(ordering: .relaxed))) }
}

/// One histogram with fixed labels; timers record seconds.
final class HistogramSeries: RecorderHandler, TimerHandler {
    struct Snapshot: Sendable {
        /// Observations per bucket, not cumulated; the last one is `+Inf`.
        var counts: [UInt64]
        var sum: Double = 0
    }

    let upperBounds: [Double]
    private let state: Mutex<Snapshot>

    init(buckets: Buckets) {
        upperBounds = buckets.upperBounds
        state = Mutex(Snapshot(counts: Array(repeating: 0, count: buckets.upperBounds.count + 1)))
    }

    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        guard value.isFinite else { return }
        var index = 0
        while index < upperBounds.count, value > upperBounds[index] { index += 1 }
        state.withLock {
            $0.counts[index] &+= 1
            $0.sum += value
        }
    }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }

    var snapshot: Snapshot { state.withLock { $0 } }
}

/// Adds without a lock; the loop ends because some writer always wins.
private func addDouble(_ amount: Double, to bits: borrowing Atomic<UInt64>) {
    var old = bits.load(ordering: .relaxed)
    while true {
        let new = (Double(bitPattern: old) + amount).bitPattern
        let (exchanged, original) = bits.weakCompareExchange(expected: old, desired: new, ordering: .relaxed)
        if exchanged { return }
        old = original
    }
}
