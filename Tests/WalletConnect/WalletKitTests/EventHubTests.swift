import Primitives
import Testing
import WalletConnectProtocol

@testable import WalletKit

/// The hub alone, with listeners that come and go while events do.
struct EventHubTests {
    private static func hub(queue: Int = 1024) throws -> EventHub {
        let kit = try Stage.kit("Wallet", "ws://127.0.0.1:1", Stage.Wallet(change: { $0.listenerEventsMax = queue }))
        return EventHub(client: kit.client, settings: kit.settings, logger: Stage.logger)
    }

    private static let topic = Topic(Hash32(repeating: 1))

    @Test func `listeners may be cancelled while events come, and nobody waits for the other`() async throws {
        let hub = try Self.hub()
        let (listening, turns) = (4, 100)
        let done = Counter()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<listening {
                group.addTask {
                    for _ in 0..<turns {
                        let heard = Counter()
                        let listener = Task {
                            for await _ in hub.events([.sessionPing]) { heard.add() }
                        }
                        // It has heard of one, and is cancelled while it waits for the next or is being woken.
                        while heard.value == 0 { await Task.yield() }
                        listener.cancel()
                        await listener.value
                    }
                    done.add()
                }
            }
            group.addTask {
                while done.value < listening {
                    // Without a pause, so that a listener is often woken in the moment of its cancellation.
                    for _ in 0..<200 { hub.publish(.sessionPing(Self.topic)) }
                    await Task.yield()
                }
            }
        }
        #expect(hub.count(of: .sessionPing) == 0)
    }

    @Test func `a listener of a kind is called for that kind, with what the event carries`() async throws {
        let kit = try Stage.kit("Wallet", "ws://127.0.0.1:1")
        let seen = Notes<String>()
        kit.on(.sessionExpire) { seen.add("expire \($0 == Self.topic)") }
        kit.on(.sessionUpdate) { seen.add("update \($0 == Self.topic)") }
        kit.on(.sessionExtend) { seen.add("extend \($0 == Self.topic)") }
        kit.on(.sessionPing) { seen.add("ping \($0 == Self.topic)") }
        kit.on(.pairingCreate) { seen.add("pairing create \($0.topic == Self.topic)") }
        kit.on(.pairingPing) { seen.add("pairing ping \($0 == Self.topic)") }
        kit.on(.pairingExpire) { seen.add("pairing expire \($0 == Self.topic)") }
        kit.on(.pairingDelete) { seen.add("pairing delete \($0 == Self.topic)") }
        kit.on(.sessionDelete) { seen.add("delete \($0.reason == .local)") }
        kit.on(.proposalExpire) { seen.add("proposal \($0.id == .number(1))") }
        kit.on(.sessionRequestExpire) { seen.add("request \($0.id == .number(2))") }
        kit.on(.sessionEvent) { seen.add("event \($0.event.name)") }
        let events: [SignEvent] = [
            .sessionExpire(topic: Self.topic),
            .sessionUpdate(topic: Self.topic, id: .number(3), namespaces: [:]),
            .sessionExtend(topic: Self.topic, id: .number(4), expirySeconds: 5),
            .sessionPing(topic: Self.topic, id: .number(6)), .pairingCreate(Pairing(topic: Self.topic, expiry: 9)),
            .pairingPing(topic: Self.topic, id: .number(8)), .pairingExpire(topic: Self.topic),
            .pairingDelete(topic: Self.topic, id: nil), .sessionDelete(topic: Self.topic, id: nil, reason: .local),
            .proposalExpire(pairingTopic: Self.topic, id: .number(1)),
            .sessionRequestExpire(topic: Self.topic, id: .number(2)),
            .sessionEvent(
                topic: Self.topic, id: .number(7), event: SessionEvent(name: "told", data: nil), chainID: "eip155:1"),
        ]
        for event in events { kit.hub.publish(try #require(WalletKitEvent(event))) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await kit.hub.serve() }
            group.addTask { try await eventually("every call") { seen.all.count == events.count } }
            try await group.next()
            kit.hub.finish()
        }
        #expect(
            Set(seen.all) == [
                "expire true", "update true", "extend true", "ping true", "pairing create true",
                "pairing ping true", "pairing expire true", "pairing delete true", "delete true", "proposal true",
                "request true", "event told",
            ])
    }

    @Test func `events of several tasks reach every listener in one order`() async throws {
        let hub = try Self.hub(queue: 10_000)
        let streams = (0..<3).map { _ in hub.events([.sessionPing]) }
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<4 {
                group.addTask {
                    for number in 0..<500 {
                        let bytes =
                            [UInt8](repeating: 0, count: 29) + [UInt8(task), UInt8(number / 256), UInt8(number % 256)]
                        if let hash = Hash32(bytes) { hub.publish(.sessionPing(Topic(hash))) }
                    }
                }
            }
        }
        hub.finish()
        var orders: [[Topic]] = []
        for stream in streams {
            var order: [Topic] = []
            for await case .sessionPing(let topic) in stream { order.append(topic) }
            orders.append(order)
        }
        #expect(orders[0].count == 2_000)
        #expect(orders[0] == orders[1])
        #expect(orders[0] == orders[2])
        // Each task's own are in its order.
        for task in 0..<4 {
            let own = orders[0].filter { $0.bytes[29] == UInt8(task) }
            #expect(own == own.sorted())
        }
    }
}
