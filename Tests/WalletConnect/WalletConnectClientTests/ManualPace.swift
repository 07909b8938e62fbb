import Primitives
import Synchronization
import WalletConnectClient

/// A pace that stands still until it is moved.
final class ManualPace: Sendable {
    private struct State {
        var now = Timestamp(milliseconds: 0)
        var last: UInt64 = 0
        var sleepers: [UInt64: (until: Timestamp, continuation: CheckedContinuation<Void, Never>)] = [:]
        var cancelled: Set<UInt64> = []
    }

    private let state = Mutex(State())

    var pace: Pace {
        Pace(now: { self.state.withLock(\.now) }, sleep: { await self.sleep($0) })
    }

    /// How many tasks sleep.
    var sleeperCount: Int { state.withLock(\.sleepers.count) }

    /// Moves the time; who has slept enough wakes up.
    func advance(seconds: Int64) {
        let due = state.withLock { state in
            state.now = state.now.adding(seconds: seconds)
            let due = state.sleepers.filter { $0.value.until <= state.now }
            for number in due.keys { state.sleepers[number] = nil }
            return due.values.map(\.continuation)
        }
        for continuation in due { continuation.resume() }
    }

    private func sleep(_ milliseconds: Int64) async {
        let number = state.withLock { state in
            state.last += 1
            return state.last
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.cancelled.remove(number) != nil { return true }
                    state.sleepers[number] = (state.now.adding(milliseconds: milliseconds), continuation)
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            let sleeper = state.withLock { state in
                guard let sleeper = state.sleepers.removeValue(forKey: number) else {
                    state.cancelled.insert(number)
                    return nil as CheckedContinuation<Void, Never>?
                }
                return sleeper.continuation
            }
            sleeper?.resume()
        }
    }
}
