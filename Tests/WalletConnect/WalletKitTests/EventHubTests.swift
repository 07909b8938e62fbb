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
        let (listening, turns) = (4, 250)
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
