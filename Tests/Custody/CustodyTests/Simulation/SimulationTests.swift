import Foundation
import Storage
import StorageSQLite
import Testing

/// Which seeds are run.
enum Seeds {
    private static let environment = ProcessInfo.processInfo.environment
    static let one = environment["COFFER_SIM_SEED"].flatMap { UInt64($0) }
    static let count = environment["COFFER_SIM_SEEDS"].flatMap { Int($0) } ?? 240
    static let parts = 8
}

/// The real services in a world that a seed governs.
///
/// `COFFER_SIM_SEEDS=n` runs that many seeds; `COFFER_SIM_SEED=s` runs one of them and prints its whole story.
struct SimulationTests {
    @Test(.enabled(if: Seeds.one == nil, "one seed is replayed"), arguments: 0..<Seeds.parts)
    func `storms break no promise`(part: Int) async throws {
        let seeds = max(1, Seeds.count / Seeds.parts)
        var met: [String: Int] = [:]
        for seed in 1...seeds {
            let simulation = try await Simulation(seed: UInt64(part) << 32 | UInt64(seed))
            try await Self.play(simulation)
            for (sight, count) in try await simulation.sights() { met[sight, default: 0] += count }
        }
        // A storm in which nothing happens proves nothing.
        guard seeds >= 30 else { return }
        for sight in Simulation.expectedSights {
            #expect(met[sight, default: 0] > 0, "none of \(seeds) seeds met: \(sight)")
        }
    }

    @Test(.enabled(if: Seeds.one != nil, "COFFER_SIM_SEED names no seed"))
    func `one seed is told in full`() async throws {
        let simulation = try await Simulation(seed: try #require(Seeds.one))
        let breaches = await simulation.run()
        print(simulation.trace.joined(separator: "\n"))
        #expect(breaches == [])
    }

    @Test(arguments: 0..<2)
    func `old databases that are restored in a storm pay nobody twice`(part: Int) async throws {
        for number in 1...max(1, Seeds.count / 12) {
            let seed = UInt64(part + 100) << 32 | UInt64(number)
            // Between the copy and its restoring the world has gone on.
            let (copied, restored) = (5 + Int(seed % 30), 36 + Int(seed % 20))
            let copy = MemoryStore()
            try await copy.migrate(Ground.migrations)
            var mutation = Mutation()
            mutation.rogue = { simulation, tick in
                if tick == copied { try await CustodyTests.copy(simulation.ground.store, to: copy) }
                if tick == restored { await simulation.restore(copy) }
            }
            try await Self.play(try await Simulation(seed: seed, mutation: mutation))
        }
    }

    @Test func `storms break no promise on disk`() async throws {
        for seed: UInt64 in 1...3 {
            try await withScratch { path in
                let store: any Store = try await SQLite.open(path: "\(path)/main.db")
                let guardStore: any Store = try await SQLite.open(path: "\(path)/guard.db")
                try await Self.play(try await Simulation(seed: seed, store: store, guardStore: guardStore))
                await store.close()
                await guardStore.close()
            }
        }
    }

    private static func play(_ simulation: Simulation) async throws {
        let breaches = await simulation.run()
        guard !breaches.isEmpty else { return }
        let story = simulation.trace.suffix(25).joined(separator: "\n")
        Issue.record("COFFER_SIM_SEED=\(simulation.seed)\n\(breaches.prefix(6).joined(separator: "\n"))\n\(story)")
    }
}
