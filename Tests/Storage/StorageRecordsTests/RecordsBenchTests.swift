import Foundation
import Primitives
import Storage
import Synchronization
import TestServers
import Testing

/// Counts how many changes a second a store acknowledges; printed, and read by nobody but people.
///
/// `COFFER_BENCH=1 swift test -c release --enable-all-traits --filter BenchTests` makes the figures of docs/decisions/0018.
enum Bench {
    static let isWanted = ProcessInfo.processInfo.environment["COFFER_BENCH"] != nil
    /// Seconds that one figure is taken over.
    private static let seconds = 1.0

    private final class Count: Sendable {
        let units = Atomic(0)
    }

    static func measure(_ name: String, _ store: any KeyValueStore, writers: Int, records: Int = 1) async throws {
        let value = [UInt8](repeating: 7, count: 250)
        let count = Count()
        let start = ContinuousClock.now
        let end = start + .seconds(seconds)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<writers {
                group.addTask {
                    var step = 0
                    while ContinuousClock.now < end {
                        var changes: [KeyValueChange] = []
                        for record in 0..<records {
                            let key = "\(name)-\(writer)-\(step % 500)-\(record)"
                            changes.append(.put(KeyValueKey(collection: "bench", key: key), value))
                        }
                        try await store.apply(changes)
                        step += 1
                        count.units.add(1, ordering: .relaxed)
                    }
                }
            }
            try await group.waitForAll()
        }
        let took = start.duration(to: .now) / .seconds(1)
        let units = count.units.load(ordering: .relaxed)
        print("bench: \(name), \(writers) writers, \(records) records a unit: \(Int(Double(units) / took)) units/s")
        #expect(units > 0)
    }
}

#if Redis
    @Suite(.enabled(if: Bench.isWanted && RedisServer.missing == nil, "a measurement, which COFFER_BENCH=1 asks for"))
    struct RedisBenchTests {
        @Test func `changes a second in Redis with appendfsync always`() async throws {
            let server = try await RedisServer()
            let store = try await server.open()
            for (writers, records) in [(1, 1), (64, 1), (64, 3)] {
                try await Bench.measure("redis", store, writers: writers, records: records)
            }
            guard let program = ServerProcess.find("redis-benchmark") else { return }
            let text = try ServerProcess.run(
                program, ["-p", "\(server.port)", "-t", "set", "-d", "250", "-c", "64", "-n", "20000", "--csv"])
            print("bench: redis-benchmark SET, 64 clients: \(text.split(separator: "\n").last ?? "")")
        }
    }
#endif

#if MongoDB
    @Suite(.enabled(if: Bench.isWanted && MongoServer.missing == nil, "a measurement, which COFFER_BENCH=1 asks for"))
    struct MongoBenchTests {
        @Test func `changes a second in the stand-in for MongoDB`() async throws {
            let server = try await MongoServer()
            let store = try await server.open()
            for (writers, records) in [(1, 1), (8, 1), (8, 3)] {
                try await Bench.measure("stand-in", store, writers: writers, records: records)
            }
        }
    }
#endif
