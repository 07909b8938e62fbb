public import Primitives

/// How long to wait before a failed message is tried again: exponential backoff with full jitter.
///
/// The delay is drawn evenly from zero to `base · 2^(attempt − 1)`, at most `delayMillisecondsMax`. The random part is
/// the whole of it: after an outage the messages that failed together must not come back together
/// ([why](https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/)).
public struct RetryPolicy: Sendable, Hashable {
    /// The bound of the first delay.
    public let baseMilliseconds: Int64
    /// The bound that the delays grow to.
    public let delayMillisecondsMax: Int64
    /// How often a message is tried, ``QueueLimits/attemptsMax`` at most.
    public let attemptsMax: Int

    /// One second, doubled up to the longest delay a queue takes; 20 attempts take some hours.
    public static let standard = RetryPolicy()

    public init(
        baseMilliseconds: Int64 = 1_000, delayMillisecondsMax: Int64 = QueueLimits.delaySecondsMax * 1_000,
        attemptsMax: Int = QueueLimits.attemptsMax
    ) {
        precondition(baseMilliseconds > 0, "a first delay is positive")
        precondition(
            (baseMilliseconds...QueueLimits.delaySecondsMax * 1_000).contains(delayMillisecondsMax),
            "the longest delay is one that a queue takes")
        precondition((1...QueueLimits.attemptsMax).contains(attemptsMax), "a message is tried 1 to 20 times")
        self.baseMilliseconds = baseMilliseconds
        self.delayMillisecondsMax = delayMillisecondsMax
        self.attemptsMax = attemptsMax
    }

    /// The bound of the delay after the attempt with this number, counted from 1.
    public func boundMilliseconds(afterAttempt attempt: Int) -> Int64 {
        // Forty doublings of a millisecond are beyond any bound, and far from overflow.
        let doublings = min(max(0, attempt - 1), 40)
        let (bound, overflow) = baseMilliseconds.multipliedReportingOverflow(by: 1 << doublings)
        return overflow ? delayMillisecondsMax : min(bound, delayMillisecondsMax)
    }

    /// The delay after the attempt with this number.
    public func delayMilliseconds(afterAttempt attempt: Int, random: RandomSource) -> Int64 {
        Int64(random.uint64(below: UInt64(boundMilliseconds(afterAttempt: attempt)) + 1))
    }
}
