import Primitives
public import Storage
import Synchronization

/// Wakes those who wait for events: one look at the database serves any number of open streams.
public final class EventFeed: Sendable {
    /// How often the database is looked at while somebody waits.
    public static let lookMilliseconds: Int64 = 100
    /// A stream that has nothing to say sends a comment this often, so that proxies keep it open.
    static let keepAliveMilliseconds: Int64 = 15_000
    /// Streams that may be open at once.
    public static let streamsMax = 1_000

    private struct State {
        var head: Int64 = 0
        var streams = 0
        var waiting: [UInt64: CheckedContinuation<Void, Never>] = [:]
        var nextID: UInt64 = 0
    }

    private let store: any Store
    private let state = Mutex(State())

    public init(store: any Store) {
        self.store = store
    }

    /// Looks for new events until the task is cancelled.
    public func run() async {
        while !Task.isCancelled {
            let isWatched = state.withLock { $0.streams > 0 }
            if isWatched, let head = try? await store.read({ tx in try EventLog.head(in: tx) }) {
                let woken = state.withLock { state -> [CheckedContinuation<Void, Never>] in
                    guard head > state.head else { return [] }
                    state.head = head
                    defer { state.waiting.removeAll() }
                    return Array(state.waiting.values)
                }
                for continuation in woken { continuation.resume() }
            }
            try? await Task.sleep(for: .milliseconds(Self.lookMilliseconds))
        }
        let rest = state.withLock { state in
            defer { state.waiting.removeAll() }
            return Array(state.waiting.values)
        }
        for continuation in rest { continuation.resume() }
    }

    /// Whether another stream may be opened.
    var hasRoom: Bool { state.withLock { $0.streams < Self.streamsMax } }

    func open() {
        state.withLock { $0.streams += 1 }
    }

    func close() {
        state.withLock { $0.streams -= 1 }
    }

    /// Returns when there is an event beyond `sequence`, after the keep-alive time, or when the task is cancelled.
    func wait(beyond sequence: Int64) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.waitForWake(beyond: sequence) }
            group.addTask { try? await Task.sleep(for: .milliseconds(Self.keepAliveMilliseconds)) }
            await group.next()
            group.cancelAll()
        }
    }

    private func waitForWake(beyond sequence: Int64) async {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state in
                    if state.head > sequence || Task.isCancelled { return true }
                    state.waiting[id] = continuation
                    return false
                }
                if isReady { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: id) }?.resume()
        }
    }
}
