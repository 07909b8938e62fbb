import Foundation
import Keys
import Primitives
import Storage
import Testing

/// Prints how fast the guard is; run with `COFFER_MEASURE=1` in a release build.
@Suite(
    .serialized, .enabled(if: ProcessInfo.processInfo.environment["COFFER_MEASURE"] != nil, "COFFER_MEASURE is not set")
)
struct GuardThroughputTests {
    @Test(arguments: [(1, 400), (16, 200), (64, 100)], [1, 4])
    func `signatures a second on a file`(size: (batch: Int, rounds: Int), callers: Int) async throws {
        try await withStores { stores in
            let keystore = try await openKeystore(stores.open(.sqlite, KeysSchema.migrations, name: "keys"))
            let bench = try await Bench.make(
                stores.open(.sqlite, GuardSchema.migrations, name: "guard"), vault: keystore)
            let clock = ContinuousClock()
            let elapsed = try await clock.measure {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for caller in 0..<callers {
                        group.addTask {
                            for round in 0..<size.rounds {
                                let requests = (0..<size.batch).map { index in
                                    bench.request(Int64(round * size.batch + index), lane: "lane \(caller)")
                                }
                                for outcome in try await bench.signing.sign(requests) { _ = try outcome.get() }
                            }
                        }
                    }
                    try await group.waitForAll()
                }
            }
            let count = size.batch * size.rounds * callers
            let seconds = Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18
            print(
                "guard, batches of \(size.batch), \(callers) callers: \(Int(Double(count) / seconds)) signatures/s,",
                String(format: "%.2f ms a call", seconds * 1_000 * Double(callers) / Double(size.rounds * callers)))
            #expect(try await bench.signing.highest("lane 0") == Int64(size.batch * size.rounds - 1))
        }
    }
}
