/// A moment: milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
///
/// ```swift
/// let due = clock.now.adding(seconds: 30)
/// due.rfc3339                              // "2026-11-20T12:00:00.123Z"
/// ```
public struct Timestamp: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// Milliseconds since the Unix epoch; negative before it.
    public var milliseconds: Int64

    /// The moment this many milliseconds after the Unix epoch.
    public init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    /// The moment `seconds` later, or the last (first) one there is when that is out of reach.
    public func adding(seconds: Int64) -> Timestamp {
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        return adding(milliseconds: overflow ? (seconds < 0 ? .min : .max) : scaled)
    }

    /// The moment `milliseconds` later, or the last (first) one there is when that is out of reach.
    public func adding(milliseconds: Int64) -> Timestamp {
        let (sum, overflow) = self.milliseconds.addingReportingOverflow(milliseconds)
        return Timestamp(milliseconds: overflow ? (milliseconds < 0 ? .min : .max) : sum)
    }

    /// Milliseconds from `earlier` to this moment; negative when it is later, saturating.
    public func milliseconds(since earlier: Timestamp) -> Int64 {
        let (difference, overflow) = milliseconds.subtractingReportingOverflow(earlier.milliseconds)
        return overflow ? (milliseconds < 0 ? .min : .max) : difference
    }

    /// Order in time.
    public static func < (left: Self, right: Self) -> Bool {
        left.milliseconds < right.milliseconds
    }

    /// The same as ``rfc3339``.
    public var description: String { rfc3339 }
}

/// Why text is not a moment; offsets count UTF-8 bytes.
public enum TimestampError: Error, Equatable, Sendable {
    /// Not what RFC 3339 has at this place.
    case malformed(at: Int)
    /// A number in its place but not in its range: month 13, 30 February, second 60.
    case outOfRange(at: Int)
}
