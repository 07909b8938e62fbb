import Synchronization

/// Values that come to be, each under its key, and those who wait for them.
final class Outcomes<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private typealias Continuation = CheckedContinuation<Value?, Never>

    private struct State {
        var known: [Key: Value] = [:]
        var waiting: [Key: [UInt64: Continuation]] = [:]
        var cancelled: Set<UInt64> = []
        var last: UInt64 = 0
    }

    private let state = Mutex(State())

    /// Tells whoever waits; a second value replaces the first.
    func set(_ key: Key, _ value: Value) {
        let waiting = state.withLock { state in
            state.known[key] = value
            return state.waiting.removeValue(forKey: key)
        }
        for continuation in (waiting ?? [:]).values { continuation.resume(returning: value) }
    }

    /// Waits for a value.
    ///
    /// - Parameter what: names it in the error.
    /// - Throws: ``TestingError`` with `timed_out`; `CancellationError`.
    func value(of key: Key, within seconds: Double, _ what: @autoclosure @Sendable () -> String) async throws -> Value {
        if let known = state.withLock({ $0.known[key] }) { return known }
        let value = await withTaskGroup(of: Value?.self) { group in
            group.addTask { await self.wait(for: key) }
            group.addTask {
                try? await Task.sleep(for: .seconds(seconds))
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
        if let value { return value }
        try Task.checkCancellation()
        throw TestingError(.timedOut, "\(what()) did not come within \(seconds) s")
    }

    private func wait(for key: Key) async -> Value? {
        let number = state.withLock { state in
            state.last += 1
            return state.last
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let (isOver, known) = state.withLock { state -> (Bool, Value?) in
                    if let known = state.known[key] { return (true, known) }
                    if state.cancelled.remove(number) != nil { return (true, nil) }
                    state.waiting[key, default: [:]][number] = continuation
                    return (false, nil)
                }
                if isOver { continuation.resume(returning: known) }
            }
        } onCancel: {
            let continuation = state.withLock { state -> Continuation? in
                if let found = state.waiting[key]?.removeValue(forKey: number) { return found }
                if state.known[key] == nil { state.cancelled.insert(number) }
                return nil
            }
            continuation?.resume(returning: nil)
        }
    }
}
