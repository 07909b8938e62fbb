public import Primitives

/// Measures how long things last, and waits; in tests both are the test's.
///
/// Its moments never step back, and mean nothing beside each other's difference: the time of day is a ``WallClock``'s.
public struct Pace: Sendable {
    private let read: @Sendable () -> Timestamp
    private let pause: @Sendable (Int64) async -> Void

    /// A pace of one's own.
    ///
    /// - Parameter sleep: waits so many milliseconds; it returns early when its task is cancelled.
    public init(
        now: @escaping @Sendable () -> Timestamp, sleep: @escaping @Sendable (_ milliseconds: Int64) async -> Void
    ) {
        read = now
        pause = sleep
    }

    /// The present moment of this pace.
    public var now: Timestamp { read() }

    /// Waits; a cancelled wait returns at once.
    public func sleep(milliseconds: Int64) async {
        guard milliseconds > 0 else { return }
        await pause(milliseconds)
    }

    /// Waits so many milliseconds or for a signal, whatever comes first.
    func sleep(milliseconds: Int64, or wakeup: Wakeup) async {
        guard milliseconds > 0 else { return }
        await withTaskGroup { group in
            group.addTask { await pause(milliseconds) }
            group.addTask { await wakeup.wait() }
            await group.next()
            group.cancelAll()
        }
    }

    /// The system's own: it goes on while the time of day is set.
    public static let system = Pace(
        now: {
            let (seconds, attoseconds) = beginning.duration(to: .now).components
            return Timestamp(milliseconds: seconds * 1000 + attoseconds / 1_000_000_000_000_000)
        },
        sleep: { try? await Task.sleep(for: .milliseconds($0)) })

    private static let beginning = ContinuousClock.now
}
