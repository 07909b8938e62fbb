import Synchronization
import WalletConnectClient

/// Runs work until it ends, or for so many milliseconds.
///
/// The work has a task of its own that is cancelled and left behind when its time is over: waiting for it in a group would
/// let work that ignores cancellation hang its caller. Cancelling the caller changes nothing.
///
/// - Parameters:
///   - onLateEnd: called when work that was left behind has ended after all.
///   - ending: what a caller may end the wait by; nil for nobody.
/// - Returns: nil when its time was over first.
func within<Value: Sendable>(
    milliseconds: Int64, _ pace: Pace, ending: Once<Value?> = Once(),
    onLateEnd: @escaping @Sendable () -> Void = {}, _ work: @escaping @Sendable () async -> Value
) async -> Value? {
    let task = Task {
        if !ending.set(await work()) { onLateEnd() }
    }
    let timer = Task {
        await pace.sleep(milliseconds: milliseconds)
        if !Task.isCancelled { ending.set(nil) }
    }
    let value = await ending.value()
    timer.cancel()
    task.cancel()
    return value
}

/// A value that is set once, and waited for by one.
final class Once<Value: Sendable>: Sendable {
    private struct State {
        var value: Value?
        var waiter: CheckedContinuation<Value, Never>?
    }

    private let state = Mutex(State())

    /// Sets the value; whether it was the first.
    @discardableResult
    func set(_ value: Value) -> Bool {
        let (isFirst, waiter) = state.withLock { state -> (Bool, CheckedContinuation<Value, Never>?) in
            guard state.value == nil else { return (false, nil) }
            state.value = value
            return (true, state.waiter.take())
        }
        waiter?.resume(returning: value)
        return isFirst
    }

    func value() async -> Value {
        await withCheckedContinuation { continuation in
            let known = state.withLock { state in
                if state.value == nil { state.waiter = continuation }
                return state.value
            }
            if let known { continuation.resume(returning: known) }
        }
    }
}
