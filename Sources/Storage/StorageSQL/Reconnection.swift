import Glibc
public import Storage

/// When to try again after a server went away: at once, then after growing pauses with jitter, for ever.
///
/// A piece of work waits for the server only while the outage is young; later it is refused at once, or makes the one
/// try whose time has come. So no queue stands still behind a dead server, and none is told of a restart that takes a
/// second.
public struct Reconnection {
    /// What an operator wants to see in the log.
    public enum Change: Sendable {
        case lost(StorageError)
        case restored(afterMilliseconds: Int)
    }

    /// How long after the beginning of an outage work still waits for its end.
    public static let waitMilliseconds = 2_000
    /// The first pause.
    public static let pauseMillisecondsFirst = 50
    /// The longest pause: so long after the server's return the store works again, at the latest.
    public static let pauseMillisecondsMax = 2_000

    private let now: @Sendable () -> Int
    private let sleep: @Sendable (_ milliseconds: Int) -> Void
    private let onChange: @Sendable (Change) -> Void
    private var began: Int?
    private var nextTry = 0
    private var failures = 0
    private var lastError = StorageError(.unavailable, "the server was not asked yet")

    public init(onChange: @escaping @Sendable (Change) -> Void) {
        self.init(now: monotonicMilliseconds, sleep: { usleep(UInt32($0) * 1_000) }, onChange: onChange)
    }

    /// With a clock of one's own, in milliseconds, and a way to wait for it.
    package init(
        now: @escaping @Sendable () -> Int, sleep: @escaping @Sendable (_ milliseconds: Int) -> Void,
        onChange: @escaping @Sendable (Change) -> Void
    ) {
        self.now = now
        self.sleep = sleep
        self.onChange = onChange
    }

    /// Notes that a connection broke.
    public mutating func lost(_ error: StorageError) {
        guard began == nil else { return }
        began = now()
        lastError = error
        onChange(.lost(error))
    }

    /// Calls `connect` until it succeeds or the time is over.
    ///
    /// Blocks: only on a thread of the store.
    ///
    /// - Returns: whether an outage is over; not when a connection was let go in good order.
    /// - Throws: the last error of `connect`; at once when it is not `unavailable`.
    @discardableResult
    public mutating func restore(_ connect: () throws(StorageError) -> Void) throws(StorageError) -> Bool {
        // A connection that was let go in good order comes back without a word.
        let isOutage = self.began != nil
        let began = self.began ?? now()
        self.began = began
        let deadline = began + Self.waitMilliseconds
        while true {
            let left = nextTry - now()
            if left > 0 {
                guard nextTry <= deadline else { throw lastError }
                sleep(left)
            }
            do throws(StorageError) {
                try connect()
            } catch {
                lastError = error
                let pause = min(Self.pauseMillisecondsFirst << min(failures, 10), Self.pauseMillisecondsMax)
                failures += 1
                nextTry = now() + Int.random(in: pause / 2...pause)
                guard error.code == .unavailable, now() < deadline else { throw error }
                continue
            }
            let wasAway = isOutage || failures > 0
            if wasAway { onChange(.restored(afterMilliseconds: now() - began)) }
            (self.began, failures, nextTry) = (nil, 0, 0)
            return wasAway
        }
    }
}

/// Milliseconds of a clock that never jumps, from an unknown moment on.
package func monotonicMilliseconds() -> Int {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return time.tv_sec * 1_000 + time.tv_nsec / 1_000_000
}
