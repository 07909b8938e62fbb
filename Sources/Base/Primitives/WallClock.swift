import Glibc
import Synchronization

/// Tells the time of day; a value, so that a test can hand in its own.
public struct WallClock: Sendable {
    private let read: @Sendable () -> Timestamp

    /// A clock that asks `now` each time.
    public init(_ now: @escaping @Sendable () -> Timestamp) {
        read = now
    }

    /// The present moment.
    ///
    /// It may step back when the system's clock is set.
    public var now: Timestamp { read() }

    /// The system's clock.
    public static let system = WallClock {
        var time = timespec()
        // The call cannot fail: the clock exists and the pointer is ours.
        _ = unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }
}

/// A clock that moves only when told: for tests and simulation.
///
/// ```swift
/// let manual = ManualClock(Timestamp(milliseconds: 0))
/// let service = Service(clock: manual.clock)
/// manual.advance(seconds: 30)
/// ```
public final class ManualClock: Sendable {
    private let moment: Mutex<Timestamp>

    /// A clock standing at `start`.
    public init(_ start: Timestamp) {
        moment = Mutex(start)
    }

    /// The view that is handed to what needs the time.
    public var clock: WallClock { WallClock { self.now } }

    /// The moment the clock stands at.
    public var now: Timestamp { moment.withLock { $0 } }

    /// Moves the clock; a negative number moves it back.
    public func advance(milliseconds: Int64) {
        moment.withLock { $0 = $0.adding(milliseconds: milliseconds) }
    }

    /// Moves the clock; a negative number moves it back.
    public func advance(seconds: Int64) {
        moment.withLock { $0 = $0.adding(seconds: seconds) }
    }

    /// Puts the clock at `moment`.
    public func set(_ moment: Timestamp) {
        self.moment.withLock { $0 = moment }
    }
}
