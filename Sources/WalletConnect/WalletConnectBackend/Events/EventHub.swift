import Synchronization

/// Who listens to a backend: streams and callbacks, each with a bounded queue of its own.
final class EventHub: Sendable {
    private struct Listener {
        let kinds: Set<BackendEvent.Kind>
        let continuation: AsyncStream<BackendEvent>.Continuation
        var task: Task<Void, Never>?
    }

    private struct State {
        var listeners: [UInt64: Listener] = [:]
        var last: UInt64 = 0
        var isFinished = false
    }

    private let state = Mutex(State())
    private let waitingMax: Int
    private let onDrop: @Sendable () -> Void

    init(waitingMax: Int, onDrop: @escaping @Sendable () -> Void) {
        self.waitingMax = waitingMax
        self.onDrop = onDrop
    }

    func stream(_ kinds: Set<BackendEvent.Kind>) -> AsyncStream<BackendEvent> {
        let (stream, number) = listen(kinds)
        if let number {
            state.withLock { $0.listeners[number]?.continuation }?.onTermination = { [weak self] _ in
                _ = self?.state.withLock { $0.listeners.removeValue(forKey: number) }
            }
        }
        return stream
    }

    /// Registers a callback; it is called in order, one event after the other.
    ///
    /// A task of its own, because a callback that hangs must hold up nobody, not even the backend's end.
    func call(_ kinds: Set<BackendEvent.Kind>, _ body: @escaping @Sendable (BackendEvent) async -> Void) -> EventToken {
        let (stream, number) = listen(kinds)
        guard let number else { return EventToken(number: 0) }
        let task = Task {
            for await event in stream { await body(event) }
        }
        let isGone = state.withLock { state in
            state.listeners[number]?.task = task
            return state.listeners[number] == nil
        }
        if isGone { task.cancel() }
        return EventToken(number: number)
    }

    func remove(_ token: EventToken) {
        let listener = state.withLock { $0.listeners.removeValue(forKey: token.number) }
        listener?.continuation.finish()
        listener?.task?.cancel()
    }

    func send(_ events: [BackendEvent]) {
        guard !events.isEmpty else { return }
        let listeners = state.withLock { Array($0.listeners.values) }
        for listener in listeners {
            for event in events where listener.kinds.isEmpty || listener.kinds.contains(event.kind) {
                if case .dropped = listener.continuation.yield(event) { onDrop() }
            }
        }
    }

    /// Ends every stream, and every later one at once; callbacks are given what waits for them.
    func finish() {
        let listeners = state.withLock { state in
            defer { state.listeners = [:] }
            state.isFinished = true
            return Array(state.listeners.values)
        }
        for listener in listeners { listener.continuation.finish() }
    }

    private func listen(_ kinds: Set<BackendEvent.Kind>) -> (AsyncStream<BackendEvent>, UInt64?) {
        let (stream, continuation) = AsyncStream.makeStream(
            of: BackendEvent.self, bufferingPolicy: .bufferingOldest(waitingMax))
        let number = state.withLock { state -> UInt64? in
            guard !state.isFinished else { return nil }
            state.last += 1
            state.listeners[state.last] = Listener(kinds: kinds, continuation: continuation, task: nil)
            return state.last
        }
        if number == nil { continuation.finish() }
        return (stream, number)
    }
}
