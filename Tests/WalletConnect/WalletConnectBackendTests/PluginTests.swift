import ChainEVM
import CoreMetrics
import Primitives
import Storage
import Synchronization
import Testing
import WalletConnectBackend
import WalletConnectClient
import WalletConnectProtocol
import WalletConnectTesting

/// A plugin that does what a test says.
private struct Plugin: BackendPlugin {
    enum Behaviour { case works, refuses, throwsErrors, hangs }

    let name: String
    var isRequired = false
    let behaviour: Behaviour
    let told = Told()
    let outcomes = Mutexed<[String]>([])

    private func act() async throws {
        switch behaviour {
        case .works: return
        case .refuses: throw PluginRefusal("not on a Saturday")
        case .throwsErrors: throw TestingError(.ended, "broken")
        case .hangs:
            // It does not listen to cancellation.
            await Task.detached { try? await Task.sleep(for: .seconds(60)) }.value
        }
    }

    func before(_ call: WalletCall) async throws { try await act() }

    func after(_ call: WalletCall, _ outcome: CallOutcome) async throws {
        outcomes.change { $0.append(call.method) }
        try await act()
    }

    func on(_ event: BackendEvent) async throws {
        told.add(event)
        try await act()
    }

    func health() async throws -> String {
        try await act()
        return "fine"
    }
}

/// A value that tests change from several tasks.
private final class Mutexed<Value: Sendable>: Sendable {
    private let state: Mutex<Value>
    init(_ value: Value) { state = Mutex(value) }
    var value: Value { state.withLock { $0 } }
    func change(_ body: (inout Value) -> Void) { state.withLock { body(&$0) } }
}

@Suite(.timeLimit(.minutes(10)))
struct PluginTests {
    private func options(_ plugins: [Plugin]) -> World.Options {
        World.Options {
            $0.plugins = plugins
            $0.settings = { settings in
                settings.pluginMilliseconds = 50
                settings.pluginHangsMax = 2
            }
        }
    }

    @Test func `a plugin sees requests, outcomes and events, and may refuse`() async throws {
        let plugin = Plugin(name: "watch", behaviour: .works)
        try await World.with(options([plugin])) { world in
            try await world.connect()
            _ = try await world.backend.signMessage("a", on: World.mainnet, for: .user("alice"))
            await until { plugin.told.kinds.count >= 3 && plugin.outcomes.value == ["personal_sign"] }
            #expect(plugin.told.kinds == [.connect, .signRequest, .signResponse])
            let health = await world.backend.health()
            #expect(health.status == .up)
            #expect(health.plugins.map(\.detail) == ["fine"])
        }
        try await World.with(options([Plugin(name: "guard", behaviour: .refuses)])) { world in
            try await world.connect()
            let error = await World.failure {
                try await world.backend.signMessage("a", on: World.mainnet, for: .user("alice"))
            }
            #expect(error?.code == .refusedByPlugin)
            #expect(error?.message == "not on a Saturday")
            #expect(world.wallet.requests.isEmpty)
        }
    }

    @Test func `plugins that throw or hang are left alone, and seen in health`() async throws {
        let plugins = [Plugin(name: "broken", behaviour: .throwsErrors), Plugin(name: "stuck", behaviour: .hangs)]
        try await World.with(options(plugins)) { world in
            let told = Told()
            let token = world.backend.on([.error]) { told.add($0) }
            try await world.connect()
            for _ in 0..<5 {
                _ = try await world.backend.signMessage("a", on: World.mainnet, for: .user("alice"))
            }
            let health = await world.backend.health()
            #expect(health.status == .degraded)
            #expect(health.plugins.map(\.name) == ["broken", "stuck"])
            #expect(health.plugins.allSatisfy { !$0.isHealthy && $0.failures > 0 })
            await until { told.events.count >= 10 }
            for event in told.events {
                guard case .failure(let error) = event.detail else { continue }
                #expect(error.code == .pluginFailed)
            }
            world.backend.off(token)
        }
    }

    @Test func `a plugin that is required and hangs refuses`() async throws {
        try await World.with(options([Plugin(name: "compliance", isRequired: true, behaviour: .hangs)])) { world in
            try await world.connect()
            let error = await World.failure {
                try await world.backend.signMessage("a", on: World.mainnet, for: .user("alice"))
            }
            #expect(error?.code == .refusedByPlugin)
            #expect(error?.cause == "compliance")
            #expect(world.wallet.requests.isEmpty)
        }
    }

    @Test func `health names the relay, the store and how much there is`() async throws {
        try await World.with { world in
            try await world.connect()
            let health = await world.backend.health()
            #expect(health.status == .up)
            #expect(health.isRunning)
            #expect(health.relay == .online)
            #expect(health.store.error == nil)
            #expect(try #require(health.store.latency) >= .zero)
            #expect(health.figures.active == 1)
            await world.relay.stop()
            await until { world.backend.client.relayStatus != .online }
            #expect(await world.backend.health().status == .degraded)
        }
    }

    @Test func `what happens is counted by kind, and never by whose it is`() async throws {
        let metrics = CountingMetrics()
        try await World.with(World.Options { $0.metrics = metrics }) { world in
            try await world.connect("a private name")
            _ = try await world.backend.signMessage("a", on: World.mainnet, for: .user("a private name"))
            world.wallet.script("eth_sendTransaction", .reject)
            _ = await World.failure {
                try await world.backend.sendTransaction(
                    TransactionCall(to: world.wallet.keys.evm().address), on: World.mainnet,
                    for: .user("a private name"))
            }
            let counts = metrics.counts
            #expect(counts["coffer_walletconnect_connections_total{outcome=connected}"] == 1)
            #expect(counts["coffer_walletconnect_requests_total{kind=sign,outcome=ok}"] == 1)
            #expect(counts["coffer_walletconnect_requests_total{kind=transaction,outcome=rejected_by_user}"] == 1)
            #expect(counts["coffer_walletconnect_errors_total{code=rejected_by_user}"] == 1)
            #expect(counts["coffer_walletconnect_active_sessions{}"] == 1)
            #expect((counts["coffer_walletconnect_response_duration_seconds{kind=sign}"] ?? 0) >= 1)
            #expect((counts["coffer_walletconnect_database_duration_seconds{}"] ?? 0) >= 1)
            #expect(counts.keys.allSatisfy { !$0.contains("private") })
        }
    }
}

/// Counters and how often timers were given something; gauges keep their last value.
final class CountingMetrics: MetricsFactory {
    private let state = Mutex<[String: Int64]>([:])
    var counts: [String: Int64] { state.withLock { $0 } }

    fileprivate final class Handler: CounterHandler, RecorderHandler, TimerHandler {
        let name: String
        let owner: CountingMetrics
        let isGauge: Bool

        init(_ name: String, _ owner: CountingMetrics, isGauge: Bool = false) {
            (self.name, self.owner, self.isGauge) = (name, owner, isGauge)
        }

        func increment(by amount: Int64) { owner.add(name, amount) }
        func reset() {}
        func record(_ value: Int64) { isGauge ? owner.set(name, value) : owner.add(name, 1) }
        func record(_ value: Double) { isGauge ? owner.set(name, Int64(value)) : owner.add(name, 1) }
        func recordNanoseconds(_ duration: Int64) { owner.add(name, 1) }
    }

    private func add(_ name: String, _ amount: Int64) { state.withLock { $0[name, default: 0] += amount } }
    private func set(_ name: String, _ value: Int64) { state.withLock { $0[name] = value } }

    private static func name(_ label: String, _ dimensions: [(String, String)]) -> String {
        "\(label){\(dimensions.map { "\($0.0)=\($0.1)" }.joined(separator: ","))}"
    }

    func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        Handler(Self.name(label, dimensions), self)
    }
    func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        Handler(Self.name(label, dimensions), self, isGauge: true)
    }
    func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        Handler(Self.name(label, dimensions), self)
    }
    func destroyCounter(_ handler: any CounterHandler) {}
    func destroyRecorder(_ handler: any RecorderHandler) {}
    func destroyTimer(_ handler: any TimerHandler) {}
}
