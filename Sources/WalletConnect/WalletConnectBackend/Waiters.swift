import Synchronization

/// Who waits for what by key; a wait ends with the value, or by cancellation.
final class Waiters<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct State {
        var waiting: [Key: [UInt64: CheckedContinuation<Value?, Never>]] = [:]
        var last: UInt64 = 0
        var isFinished = false
    }

    private let state = Mutex(State())

    /// Waits for the value of a key.
    ///
    /// - Parameter known: looks whether it is there already, after the wait began: so none is missed.
    /// - Returns: nil when the wait was cancelled, or the backend has ended.
    func wait(for key: Key, known: () -> Value?) async -> Value? {
        let number = state.withLock { state in
            state.last += 1
            return state.last
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isFinished = state.withLock { state in
                    if !state.isFinished { state.waiting[key, default: [:]][number] = continuation }
                    return state.isFinished
                }
                if isFinished { return continuation.resume(returning: nil) }
                // A value or a cancellation before the wait began found nobody.
                if let value = known() { forget(key, number)?.resume(returning: value) }
                if Task.isCancelled { forget(key, number)?.resume(returning: nil) }
            }
        } onCancel: {
            forget(key, number)?.resume(returning: nil)
        }
    }

    /// Gives everybody who waits for a key its value.
    func resume(_ key: Key, with value: Value) {
        let waiting = state.withLock { $0.waiting.removeValue(forKey: key) }
        for continuation in (waiting ?? [:]).values { continuation.resume(returning: value) }
    }

    /// Ends every wait, and every later one.
    func finish() {
        let waiting = state.withLock { state in
            defer { state.waiting = [:] }
            state.isFinished = true
            return state.waiting.values.flatMap { $0.values }
        }
        for continuation in waiting { continuation.resume(returning: nil) }
    }

    private func forget(_ key: Key, _ number: UInt64) -> CheckedContinuation<Value?, Never>? {
        state.withLock { state in
            let continuation = state.waiting[key]?.removeValue(forKey: number)
            if state.waiting[key]?.isEmpty == true { state.waiting[key] = nil }
            return continuation
        }
    }
}
