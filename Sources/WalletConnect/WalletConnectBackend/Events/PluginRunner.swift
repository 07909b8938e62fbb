import Primitives
import Synchronization
import WalletConnectClient
import WalletConnectProtocol

/// Runs a plugin's hooks, each for a bounded time, whatever the plugin does.
///
/// A hook that is past its deadline is left behind, and hangs until it returns. A plugin with many such hooks is left out;
/// how many are at work within their time does not matter.
final class PluginRunner: Sendable {
    private struct State {
        /// Hooks whose deadline has passed and that have not returned.
        var hanging = 0
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
        guard state.withLock({ $0.hanging < hangsMax }) else {
            let why = "\(hangsMax) of its hooks hang"
            note(why, userID, topic)
            return .failed(why)
        }
        let onLateEnd: @Sendable () -> Void = { self.state.withLock { $0.hanging -= 1 } }
        let ended = await within(milliseconds: milliseconds, pace, onLateEnd: onLateEnd) {
            do {
                return Ending.value(try await hook())
            } catch let refusal as PluginRefusal {
                return .refused(refusal)
            } catch {
                return .failed("\(error)")
            }
        }
        // It may have returned since: then it was taken off already, and the two make nothing.
        if ended == nil { state.withLock { $0.hanging += 1 } }
        let result = ended ?? .failed("it took longer than \(milliseconds) ms")
        if case .failed(let why) = result { note(why, userID, topic) }
        return result
    }

    private func note(_ why: String, _ userID: String?, _ topic: Topic?) {
        state.withLock { $0.failures += 1 }
        onFailure(Failure(plugin: plugin.name, why: why, userID: userID, topic: topic))
    }
}
