import Primitives
import Synchronization
import WalletConnectClient
import WalletConnectProtocol

/// Runs a plugin's hooks, each for a bounded time, whatever the plugin does.
///
/// A hook has a task of its own that is cancelled and left behind at its deadline: waiting for it in a group would let a
/// hook that ignores cancellation hang its caller. A plugin with many such hooks is left out until they return.
final class PluginRunner: Sendable {
    private struct State {
        var running = 0
        var failures = 0
    }

    let plugin: any BackendPlugin
    private let milliseconds: Int64
    private let hangsMax: Int
    private let pace: Pace
    private let onFailure: @Sendable (Failure) -> Void
    private let state = Mutex(State())
    private let queue: AsyncStream<BackendEvent>.Continuation
    private let pump: Mutex<Task<Void, Never>?>

    /// A hook that failed.
    struct Failure: Sendable {
        let plugin: String
        let why: String
        let userID: String?
        let topic: Topic?
    }

    init(
        _ plugin: any BackendPlugin, settings: BackendSettings, pace: Pace,
        onFailure: @escaping @Sendable (Failure) -> Void
    ) {
        self.plugin = plugin
        self.onFailure = onFailure
        milliseconds = settings.pluginMilliseconds
        hangsMax = settings.pluginHangsMax
        self.pace = pace
        let (events, queue) = AsyncStream.makeStream(
            of: BackendEvent.self, bufferingPolicy: .bufferingOldest(settings.eventsWaitingMax))
        self.queue = queue
        pump = Mutex(nil)
        let task = Task { [weak self] in
            for await event in events {
                guard let self else { return }
                _ = await self.run(event.userID, event.topic) { try await self.plugin.on(event) }
            }
        }
        pump.withLock { $0 = task }
    }

    /// What a hook came to.
    enum Ending<Value: Sendable>: Sendable {
        case value(Value)
        case refused(PluginRefusal)
        case failed(String)
    }

    var failures: Int { state.withLock(\.failures) }

    /// Hands an event over; they come one after the other.
    func tell(_ events: [BackendEvent]) {
        for event in events {
            if case .dropped = queue.yield(event) { note("too many events wait", event.userID, event.topic) }
        }
    }

    func finish() {
        queue.finish()
    }

    /// Runs a hook until it ends, or its time is over.
    ///
    /// - Parameters:
    ///   - userID: whom it is about, for the report of a failure.
    ///   - topic: what it is about.
    func run<Value: Sendable>(
        _ userID: String? = nil, _ topic: Topic? = nil, _ hook: @escaping @Sendable () async throws -> Value
    ) async -> Ending<Value> {
        let isFree = state.withLock { state in
            guard state.running < hangsMax else { return false }
            state.running += 1
            return true
        }
        guard isFree else {
            let why = "\(hangsMax) of its hooks hang"
            note(why, userID, topic)
            return .failed(why)
        }
        let ending = Once<Ending<Value>>()
        let work = Task {
            let result: Ending<Value>
            do {
                result = .value(try await hook())
            } catch let refusal as PluginRefusal {
                result = .refused(refusal)
            } catch {
                result = .failed("\(error)")
            }
            self.state.withLock { $0.running -= 1 }
            ending.set(result)
        }
        let timer = Task { [pace, milliseconds] in
            await pace.sleep(milliseconds: milliseconds)
            guard !Task.isCancelled else { return }
            ending.set(.failed("it took longer than \(milliseconds) ms"))
        }
        let result = await ending.value()
        timer.cancel()
        work.cancel()
        if case .failed(let why) = result { note(why, userID, topic) }
        return result
    }

    private func note(_ why: String, _ userID: String?, _ topic: Topic?) {
        state.withLock { $0.failures += 1 }
        onFailure(Failure(plugin: plugin.name, why: why, userID: userID, topic: topic))
    }
}

/// A value that is set once, and waited for by one.
private final class Once<Value: Sendable>: Sendable {
    private struct State {
        var value: Value?
        var waiter: CheckedContinuation<Value, Never>?
    }

    private let state = Mutex(State())

    func set(_ value: Value) {
        let waiter = state.withLock { state -> CheckedContinuation<Value, Never>? in
            guard state.value == nil else { return nil }
            state.value = value
            return state.waiter.take()
        }
        waiter?.resume(returning: value)
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
