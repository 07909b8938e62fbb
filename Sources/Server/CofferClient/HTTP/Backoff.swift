package import Primitives

/// How long to wait before the next try: twice as long each time, any part of it, so that clients do not come together.
package struct Backoff: Sendable {
    /// The longest wait before the first repetition.
    package var baseMilliseconds: Int64
    /// No wait is longer than this.
    package var capMilliseconds: Int64
    private let random: RandomSource

    /// Makes one.
    package init(baseMilliseconds: Int64 = 250, capMilliseconds: Int64 = 10_000, random: RandomSource = .system) {
        precondition(baseMilliseconds > 0 && capMilliseconds >= baseMilliseconds, "a wait has a length")
        self.baseMilliseconds = baseMilliseconds
        self.capMilliseconds = capMilliseconds
        self.random = random
    }

    /// The wait before repetition `number`, counted from 1.
    ///
    /// - Parameter floor: what the server asked for with `Retry-After`; kept unless it is above the cap.
    package func milliseconds(before number: Int, atLeast floor: Int64 = 0) -> Int64 {
        precondition(number >= 1, "repetitions count from one")
        var ceiling = baseMilliseconds
        for _ in 1..<number where ceiling < capMilliseconds { ceiling = min(capMilliseconds, ceiling * 2) }
        // Half of the wait is certain: a wait of nothing would make the repetition pointless.
        let half = ceiling / 2
        let jitter = Int64(random.uint64(below: UInt64(ceiling - half) + 1))
        return min(capMilliseconds, max(floor, half + jitter))
    }
}
