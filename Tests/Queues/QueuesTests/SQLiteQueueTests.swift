#if SQLite
    import Contracts
    import Foundation
    import Glibc
    import Primitives
    import Queues
    import Storage
    import StorageSQLite
    import Testing

    struct SQLiteQueueTests {
        private let directory: String
        private let work: QueueName = "work"

        init() throws {
            directory = NSTemporaryDirectory() + "coffer-queue-" + UUID().uuidString
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        }

        private func opened(_ name: String) async throws -> any Store {
            let store: any Store = try await SQLite.open(path: "\(directory)/\(name)")
            try await store.migrate(StorageSchema.migrations + QueuesSchema.migrations)
            return store
        }

        @Test func `a queue in SQLite keeps the contract of a queue`() async throws {
            defer { try? FileManager.default.removeItem(atPath: directory) }
            var stores: [any Store] = []
            try await checkQueue { clock in
                let store = try await opened("\(UUID().uuidString).db")
                stores.append(store)
                return EmbeddedQueue(store: store, clock: clock.clock, random: .seeded(1))
            }
            for store in stores { await store.close() }
        }

        @Test func `a receiver that dies with its process loses no message`() async throws {
            defer { try? FileManager.default.removeItem(atPath: directory) }
            let time = ManualClock(Timestamp(milliseconds: 1_700_000_000_000))
            let store = try await opened("a.db")
            let queue = EmbeddedQueue(store: store, clock: time.clock, random: .seeded(1))
            let ids = [try await queue.publish([1], to: work), try await queue.publish([2], to: work)]
            let lost = try #require(try await queue.receive(from: work, max: 1, visibilitySeconds: 30).first)
            await store.close()

            let again = try await opened("a.db")
            let restarted = EmbeddedQueue(store: again, clock: time.clock, random: .seeded(2))
            let rest = try await restarted.receive(from: work, max: 10, visibilitySeconds: 300)
            #expect(rest.map(\.message.id) == [ids[1]], "what is lent stays lent across a restart")
            time.advance(seconds: 30)
            let back = try #require(try await restarted.receive(from: work, max: 10, visibilitySeconds: 300).first)
            #expect(back.message.id == lost.message.id && back.message.body == [1] && back.message.attempts == 2)
            let late = await #expect(throws: QueueError.self) { try await restarted.acknowledge(lost) }
            #expect(late?.code == .receiptExpired)
            try await restarted.acknowledge(back)
            await again.close()
        }

        @Test func `a receiver that is killed loses no message`() async throws {
            defer { try? FileManager.default.removeItem(atPath: directory) }
            await #expect(processExitsWith: .signal(SIGKILL)) { [path = "\(directory)/c.db" as String] in
                let store: any Store = try await SQLite.open(path: path)
                try await store.migrate(StorageSchema.migrations + QueuesSchema.migrations)
                let clock = WallClock { Timestamp(milliseconds: 1_700_000_000_000) }
                let queue = EmbeddedQueue(store: store, clock: clock, random: .seeded(1))
                try await queue.publish([7], to: "work")
                let held = try await queue.receive(from: "work", max: 1, visibilitySeconds: 30)
                if held.count == 1 { kill(getpid(), SIGKILL) }
            }
            let store = try await opened("c.db")
            let time = ManualClock(Timestamp(milliseconds: 1_700_000_000_000))
            let queue = EmbeddedQueue(store: store, clock: time.clock, random: .seeded(2))
            #expect(try await queue.depth(of: work) == QueueDepth(ready: 0, delayed: 0, inFlight: 1, dead: 0))
            time.advance(seconds: 30)
            let back = try #require(try await queue.receive(from: work, max: 1, visibilitySeconds: 30).first)
            #expect(back.message.body == [7] && back.message.attempts == 2)
            await store.close()
        }

        @Test func `two stores over one file share a queue`() async throws {
            defer { try? FileManager.default.removeItem(atPath: directory) }
            let clock = WallClock { Timestamp(milliseconds: 1_700_000_000_000) }
            let stores = [try await opened("b.db"), try await opened("b.db")]
            let queues = stores.enumerated().map { index, store in
                EmbeddedQueue(store: store, clock: clock, random: .seeded(UInt64(index)))
            }
            for number in UInt8(0)..<100 { try await queues[0].publish([number], to: work) }
            let handled = try await withThrowingTaskGroup(of: [UInt8].self) { group in
                for consumer in 0..<8 {
                    let queue = queues[consumer % 2]
                    group.addTask {
                        var handled: [UInt8] = []
                        while true {
                            let batch = try await queue.receive(from: work, max: 3, visibilitySeconds: 300)
                            if batch.isEmpty { return handled }
                            for delivery in batch { try await queue.acknowledge(delivery) }
                            handled += batch.map { $0.message.body[0] }
                        }
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(handled.sorted() == Array(0..<100))
            for store in stores { await store.close() }
        }
    }
#endif
