import Primitives
import Synchronization
import Testing
import WalletConnectClient
import WalletConnectProtocol
import WalletConnectTesting

@testable import WalletConnectBackend

@Suite(.timeLimit(.minutes(10)))
struct WalletEventTests {
    @Test func `only events that the session grants, on its chains, are told of`() async throws {
        let metrics = CountingMetrics()
        try await World.with(World.Options { $0.metrics = metrics }) { world in
            let told = Told()
            let token = world.backend.on([.update]) { told.add($0) }
            let topic = try await world.connect().topic
            for (name, chain) in [
                ("marketing", "eip155:1"), ("chainChanged", "eip155:10"), ("chainChanged", "no chain"),
                ("chainChanged", "eip155:1"),
            ] {
                world.backend.take(
                    .sessionEvent(
                        topic: topic, id: .number(1), event: SessionEvent(name: name, data: 1), chainID: chain))
            }
            await until { !told.events.isEmpty }
            #expect(told.events.count == 1)
            #expect(metrics.counts["coffer_walletconnect_wallet_events_dropped_total{reason=not_granted}"] == 3)
            world.backend.off(token)
        }
    }

    @Test func `a wallet that talks all the time is told of so often a minute, and its changes count`() async throws {
        let (time, metrics) = (TestTime(), CountingMetrics())
        let options = World.Options {
            $0.metrics = metrics
            $0.pace = time.pace
            $0.settings = { $0.walletEventsPerMinuteMax = 3 }
        }
        try await World.with(options) { world in
            let backend = world.backend
            let told = Told()
            let token = backend.on([.update]) { told.add($0) }
            let connection = try await advancing(time) { try await world.connect() }
            func speak() {
                backend.take(
                    .sessionEvent(
                        topic: connection.topic, id: .number(1), event: SessionEvent(name: "chainChanged", data: 1),
                        chainID: "eip155:1"))
            }
            for _ in 0..<10 { speak() }
            // A change is followed, whether it is told of or not.
            var session = try #require(backend.client.session(connection.topic))
            session.namespaces["eip155"]?.methods = ["personal_sign"]
            backend.refresh(connection.id, session)
            #expect(backend.connection(connection.topic)?.methods == ["personal_sign"])
            let dropped = "coffer_walletconnect_wallet_events_dropped_total{reason=too_many}"
            await until { metrics.counts[dropped] == 8 }
            time.advance(seconds: 60)
            speak()
            await until { told.events.count == 4 }
            #expect(metrics.counts[dropped] == 8)
            backend.off(token)
        }
    }
}
