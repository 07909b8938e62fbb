import Cryptography
import Keys
import Primitives
import Storage
import Testing

/// Many tasks want the same slots for different payments: 20,000 slots, each wanted by eight of 32 tasks.
@Suite(.serialized)
struct SigningGuardRaceTests {
    private static let tasks = 32
    /// Slots that are wanted at once; each task wants a quarter of them.
    private static let batch = 100
    private static let groups = 4
    /// On each of the two stores.
    private static let slots = 10_000

    @Test(arguments: Backing.allCases)
    func `exactly one payment of each slot is ever signed`(backing: Backing) async throws {
        let slots = Self.slots
        try await withStores { stores in
            let seed = UInt64.random(in: 0...UInt64.max)
            print("seed \(seed)")
            let bench = try await Bench.make(stores.open(backing, GuardSchema.migrations), seed: seed)
            let random = RandomSource.seeded(seed)
            for round in 0..<slots / Self.batch {
                let first = round * Self.batch
                // Each task begins at another slot, so that no task wins them all.
                let starts = (0..<Self.tasks).map { _ in Int(random.uint64(below: UInt64(Self.batch))) }
                let winners = try await withThrowingTaskGroup(of: [Int64: Hash32].self) { group in
                    for task in 0..<Self.tasks {
                        group.addTask {
                            let wanted = (0..<Self.batch).map { ($0 + starts[task]) % Self.batch }
                                .filter { $0 % Self.groups == task % Self.groups }
                            let requests = wanted.map { index in
                                bench.request(
                                    Int64(first + index), "to \(task)",
                                    fee: UInt64(1_000 + 200 * task), tip: UInt64(100 + 20 * task))
                            }
                            var won: [Int64: Hash32] = [:]
                            for (request, outcome) in zip(requests, try await bench.signing.sign(requests)) {
                                switch outcome {
                                case .success: won[request.position] = request.intent
                                case .failure(let error): #expect(error.code == .guardConflict)
                                }
                            }
                            return won
                        }
                    }
                    var winners: [Int64: [Hash32]] = [:]
                    for try await won in group {
                        for (position, intent) in won { winners[position, default: []].append(intent) }
                    }
                    return winners
                }
                #expect(winners.count == Self.batch)
                #expect(winners.values.allSatisfy { $0.count == 1 })
            }
            let history = try await bench.signing.history(Bench.lane)
            #expect(history.count == slots)
            #expect(
                history.allSatisfy { slot in
                    slot.payloads.count == 1 && slot.payloads[0].signature != nil
                        && slot.payloads[0].intent == slot.intent
                })
        }
    }

    @Test func `two processes on one file agree on one payment`() async throws {
        try await withStores { stores in
            let vault = MemoryVault(clock: .system, random: .seeded(5))
            let first = try await Bench.make(stores.open(.sqlite, GuardSchema.migrations), vault: vault)
            // A second store on the same file has a writer of its own, as a second process has.
            let second = try await Bench.make(stores.open(.sqlite, GuardSchema.migrations), vault: vault)
            for position in Int64(0)..<200 {
                async let one = first.refusal(first.request(position, "to one"))
                async let two = second.refusal(second.request(position, "to two"))
                let codes = try await [one, two]
                #expect(codes.count { $0 == nil } == 1)
                #expect(codes.count { $0 == .guardConflict } == 1)
            }
        }
    }

    @Test(arguments: Backing.allCases) func `the same request from many tasks has one signature`(_ backing: Backing)
        async throws
    {
        try await withStores { stores in
            let bench = try await Bench.make(stores.open(backing, GuardSchema.migrations))
            for position in Int64(0)..<20 {
                let signatures = try await withThrowingTaskGroup(of: Secp256k1.Signature.self) { group in
                    for _ in 0..<32 {
                        group.addTask { try await bench.sign(bench.request(position)).signature }
                    }
                    return try await group.reduce(into: Set()) { $0.insert($1) }
                }
                #expect(signatures.count == 1)
                #expect(try await bench.signing.slot(Bench.lane, position)?.payloads.count == 1)
            }
        }
    }
}
