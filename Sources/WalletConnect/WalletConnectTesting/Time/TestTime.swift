public import Primitives
import Synchronization
public import WalletConnectClient

/// A time of day and a pace that stand still until they are moved.
///
/// ```swift
/// let time = TestTime()
/// // … a wallet whose script says .after(milliseconds: 60_000, .approve), made with `delays: time.pace`
/// time.advance(seconds: 60)
/// ```
/// ``clock`` and ``pace`` also fit `SignClient`, so that expiries and retries come when a test wants them.
public final class TestTime: Sendable {
    private struct State {
        var now: Timestamp
        var elapsed = Timestamp(milliseconds: 0)
        var last: UInt64 = 0
        var sleepers: [UInt64: (until: Timestamp, continuation: CheckedContinuation<Void, Never>)] = [:]
        var cancelled: Set<UInt64> = []
    }

    private let state: Mutex<State>

    /// 21 November 2026, for tests in which the day itself must always be the same; in milliseconds since 1970.
    ///
    /// Give it to every side then, the relay included: a relay takes the tokens of clients whose clock is near its own.
    public static let usualStart = Timestamp(milliseconds: 1_795_219_200_000)

    /// A time that stands at `start`: the system's time of this moment unless said otherwise, so that a relay by the
    /// system's clock takes the tokens of clients by this one.
    ///
    /// Who moves it by more than an hour gives the relay the same ``clock``.
    public init(_ start: Timestamp = WallClock.system.now) {
        state = Mutex(State(now: start))
    }

    /// The time of day.
    public var clock: WallClock { WallClock { self.state.withLock { $0.now } } }

    /// What sleeps by this time.
    public var pace: Pace {
        Pace(now: { self.state.withLock { $0.elapsed } }, sleep: { await self.sleep($0) })
    }

    /// How many tasks sleep now.
    public var sleeperCount: Int { state.withLock { $0.sleepers.count } }

    /// Moves both; whoever has slept enough wakes up.
    public func advance(milliseconds: Int64) {
        let due = state.withLock { state in
            state.now = state.now.adding(milliseconds: milliseconds)
            state.elapsed = state.elapsed.adding(milliseconds: milliseconds)
            let due = state.sleepers.filter { $0.value.until <= state.elapsed }
            for number in due.keys { state.sleepers[number] = nil }
            return due.values.map(\.continuation)
        }
        for continuation in due { continuation.resume() }
    }

    /// Moves both; whoever has slept enough wakes up.
    public func advance(seconds: Int64) { advance(milliseconds: seconds * 1000) }

    private func sleep(_ milliseconds: Int64) async {
        guard milliseconds > 0 else { return await Task.yield() }
        let number = state.withLock { state in
            state.last += 1
            return state.last
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.cancelled.remove(number) != nil { return true }
                    state.sleepers[number] = (state.elapsed.adding(milliseconds: milliseconds), continuation)
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            let sleeper = state.withLock { state -> CheckedContinuation<Void, Never>? in
                if let sleeper = state.sleepers.removeValue(forKey: number) { return sleeper.continuation }
                state.cancelled.insert(number)
                return nil
            }
            sleeper?.resume()
        }
    }
}
