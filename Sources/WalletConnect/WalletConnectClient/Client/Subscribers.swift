import Synchronization
import WalletConnectProtocol

/// Who listens to a client; each has a bounded queue of its own.
final class Subscribers: Sendable {
    private struct State {
        var events: [UInt64: AsyncStream<SignEvent>.Continuation] = [:]
        var links: [UInt64: AsyncStream<OutboundLink>.Continuation] = [:]
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

    func events() -> AsyncStream<SignEvent> {
        subscribe(\.events)
    }

    func links() -> AsyncStream<OutboundLink> {
        subscribe(\.links)
    }

    func send(_ events: [SignEvent]) {
        deliver(events, to: state.withLock { Array($0.events.values) })
    }

    func send(_ links: [OutboundLink]) {
        deliver(links, to: state.withLock { Array($0.links.values) })
    }

    /// Ends every stream, and every later one at once.
    func finish() {
        let (events, links) = state.withLock { state in
            defer {
                state.events = [:]
                state.links = [:]
            }
            state.isFinished = true
            return (Array(state.events.values), Array(state.links.values))
        }
        for continuation in events { continuation.finish() }
        for continuation in links { continuation.finish() }
    }

    private func subscribe<Element>(
        _ list: any WritableKeyPath<State, [UInt64: AsyncStream<Element>.Continuation]> & Sendable
    ) -> AsyncStream<Element> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: Element.self, bufferingPolicy: .bufferingOldest(waitingMax))
        let number = state.withLock { state -> UInt64? in
            guard !state.isFinished else { return nil }
            state.last += 1
            state[keyPath: list][state.last] = continuation
            return state.last
        }
        guard let number else {
            continuation.finish()
            return stream
        }
        continuation.onTermination = { [weak self] _ in
            _ = self?.state.withLock { $0[keyPath: list].removeValue(forKey: number) }
        }
        return stream
    }

    private func deliver<Element>(
        _ elements: [Element], to continuations: [AsyncStream<Element>.Continuation]
    ) where Element: Sendable {
        for continuation in continuations {
            for element in elements {
                if case .dropped = continuation.yield(element) { onDrop() }
            }
        }
    }
}
