public import Primitives
import Synchronization

/// How often one subject may ask.
public struct RequestRate: Sendable, Hashable {
    /// Requests in each span, in the long run.
    public let requests: Int
    /// The span.
    public let seconds: Int
    /// Requests that may come at once after a pause.
    public let burst: Int

    /// Makes a rate.
    ///
    /// - Parameters:
    ///   - requests: 1 to a million.
    ///   - seconds: 1 to a day.
    ///   - burst: 1 to a million; as many as `requests` when not given.
    public init(requests: Int, seconds: Int = 1, burst: Int? = nil) {
        precondition((1...1_000_000).contains(requests), "a rate is 1 to 1,000,000 requests")
        precondition((1...86_400).contains(seconds), "a rate's span is a second to a day")
        precondition((1...1_000_000).contains(burst ?? requests), "a burst is 1 to 1,000,000 requests")
        self.requests = requests
        self.seconds = seconds
        self.burst = burst ?? requests
    }
}

/// Counts requests by subject, in memory that has an end.
///
/// The generic cell rate algorithm ([ITU-T I.371](https://www.itu.int/rec/T-REC-I.371), annex A): one remembered time a
/// subject, the moment at which its burst is whole again; in any span at most the burst and the rate times the span.
/// Subjects whose burst is whole are forgotten when the table is full. Should it stay full, new subjects share one
/// entry, so that somebody with many names meets a limit and takes no memory.
///
/// A class, because all connections of a server share the counts.
public final class RateTable: Sendable {
    /// Subjects remembered unless said otherwise; about 10 MiB.
    public static let subjectsMaxDefault = 65_536

    private struct State {
        var readyAt: [String: Int64] = [:]
        var sharedReadyAt: Int64?
    }

    private let rate: RequestRate
    private let subjectsMax: Int
    private let state = Mutex(State())

    /// Makes an empty table.
    public init(_ rate: RequestRate, subjectsMax: Int = RateTable.subjectsMaxDefault) {
        precondition(subjectsMax > 0, "a table has room for a subject")
        self.rate = rate
        self.subjectsMax = subjectsMax
    }

    /// Counts one request.
    ///
    /// - Returns: nil when it may go on, else the seconds until one may.
    public func take(_ subject: String, at time: Timestamp) -> Int? {
        // Microseconds: the finest rate is one of a million a second.
        let now = max(0, time.milliseconds) * 1_000
        let cost = max(1, Int64(rate.seconds) * 1_000_000 / Int64(rate.requests))
        let room = cost * Int64(rate.burst)
        return state.withLock { state in
            if state.readyAt[subject] == nil, state.readyAt.count >= subjectsMax {
                state.readyAt = state.readyAt.filter { $0.value > now }
            }
            let isShared = state.readyAt[subject] == nil && state.readyAt.count >= subjectsMax
            let known = isShared ? state.sharedReadyAt : state.readyAt[subject]
            let next = max(known ?? now, now) + cost
            guard next - now <= room else {
                return Int(max(1, (next - now - room + 999_999) / 1_000_000))
            }
            if isShared { state.sharedReadyAt = next } else { state.readyAt[subject] = next }
            return nil
        }
    }

    /// Subjects remembered now.
    public var count: Int { state.withLock { $0.readyAt.count } }
}
