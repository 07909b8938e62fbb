public import Primitives

/// How many requests are allowed in how long.
public struct RatePolicy: Sendable, Hashable {
    /// The name in the `RateLimit` headers.
    public let name: String
    /// Requests per window in the long run.
    public let quota: Int
    /// The window in seconds.
    public let windowSeconds: Int
    /// Requests that may come at once after a pause.
    public let burst: Int

    /// Makes a policy.
    ///
    /// - Parameters:
    ///   - name: lower-case letters and hyphens, as it stands in headers.
    ///   - quota: at least 1.
    ///   - windowSeconds: 1 second to a day.
    ///   - burst: at least 1; `quota` when not given.
    public init(_ name: String, quota: Int, windowSeconds: Int = 1, burst: Int? = nil) {
        precondition((1...1_000_000_000).contains(quota), "a quota is at least 1")
        precondition((1...86_400).contains(windowSeconds), "a window is between a second and a day")
        precondition(name.utf8.allSatisfy { (0x61...0x7A).contains($0) || $0 == 0x2D }, "a policy's name is a token")
        self.name = name
        self.quota = quota
        self.windowSeconds = windowSeconds
        self.burst = max(1, min(burst ?? quota, 1_000_000_000))
    }
}

/// The generic cell rate algorithm: exact rate and burst from a single remembered time.
///
/// The law: in any span of t seconds at most `burst + quota / window * t` requests are allowed. The remembered value
/// is the theoretical arrival time, the moment at which the bucket is full again.
/// See [ITU-T I.371](https://www.itu.int/rec/T-REC-I.371) annex A.
public struct GCRA: Sendable, Hashable {
    /// What was decided about one request.
    public struct Decision: Sendable, Hashable {
        /// Whether the request may go on.
        public let allowed: Bool
        /// What to remember for the next request, in nanoseconds since the Unix epoch.
        public let arrivalNanoseconds: Int64
        /// Requests left right now.
        public let remaining: Int
        /// Seconds until all of the burst is there again, rounded up.
        public let resetSeconds: Int
        /// Seconds until one more request is allowed, rounded up; 0 when allowed.
        public let retryAfterSeconds: Int
    }

    /// Nanoseconds one request costs.
    ///
    /// Millisecond steps could not express more than 1,000 a second.
    private let costNanoseconds: Int64
    private let burstNanoseconds: Int64

    /// Prepares the policy's numbers.
    public init(_ policy: RatePolicy) {
        let cost = max(1, Int64(policy.windowSeconds) * 1_000_000_000 / Int64(policy.quota))
        costNanoseconds = cost
        // At most a day per request and 10^9 requests: capped so that the sum with a time cannot overflow.
        let (span, overflow) = cost.multipliedReportingOverflow(by: Int64(policy.burst))
        burstNanoseconds = overflow ? Self.spanMax : min(span, Self.spanMax)
    }

    /// Ten years; longer bursts are the same as no limit.
    private static let spanMax: Int64 = 315_360_000 * 1_000_000_000

    /// Decides about one request.
    ///
    /// - Parameters:
    ///   - arrival: what the last decision asked to remember; `nil` for a key never seen.
    ///   - time: the present.
    public func decide(arrivalNanoseconds arrival: Int64?, at time: Timestamp) -> Decision {
        // 2^63 ns is the year 2262; a clock beyond it counts as that moment.
        let milliseconds = min(max(time.milliseconds, 0), 8_900_000_000_000)
        let now = milliseconds * 1_000_000
        let start = max(arrival ?? now, now)
        let next = start + costNanoseconds
        if next - now <= burstNanoseconds {
            let left = burstNanoseconds - (next - now)
            return Decision(
                allowed: true, arrivalNanoseconds: next, remaining: Int(left / costNanoseconds),
                resetSeconds: Self.seconds(next - now), retryAfterSeconds: 0)
        }
        return Decision(
            allowed: false, arrivalNanoseconds: start, remaining: 0, resetSeconds: Self.seconds(start - now),
            retryAfterSeconds: max(1, Self.seconds(next - now - burstNanoseconds)))
    }

    private static func seconds(_ nanoseconds: Int64) -> Int { Int((nanoseconds + 999_999_999) / 1_000_000_000) }
}
