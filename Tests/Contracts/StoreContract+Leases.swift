import Primitives
public import Storage
import Testing

extension StoreContract {
    /// Leases: one holder at a time, and a token that shuts out the former one.
    public static func checkLeases(_ make: () async throws -> any Store) async throws {
        let store = try await prepared(make)
        let time = ManualClock(Timestamp(milliseconds: 1_700_000_000_000))
        let a = Leases(store: store, clock: time.clock, holder: "a")
        let b = Leases(store: store, clock: time.clock, holder: "b")

        let first = try #require(try await a.acquire("lane"))
        #expect(first.token == 1)
        #expect(try await b.acquire("lane") == nil, "held by another")
        #expect(try await b.acquire("another lane") != nil)

        time.advance(milliseconds: Leases.durationMilliseconds - 1)
        #expect(try await b.acquire("lane") == nil, "not yet at its end")
        let renewed = try #require(try await a.acquire("lane"))
        #expect(renewed.token == first.token, "renewing keeps the token")

        time.advance(milliseconds: Leases.durationMilliseconds)
        // Expired, but nobody has taken it over: the work may go on.
        try await store.write { tx in
            try tx.requireLease(first)
            try tx.insert(into: Notes.table, Notes.row(1))
        }
        let taken = try #require(try await b.acquire("lane"))
        #expect(taken.token == 2, "a takeover raises the token")
        let late = await failure {
            try await store.write { tx in
                try tx.insert(into: Notes.table, Notes.row(2))
                try tx.requireLease(renewed)
            }
        }
        #expect(late?.code == .leaseLost, "the former holder is refused")
        #expect(try await ids(store) == [1], "and nothing of its unit is stored")
        try await store.write { try $0.requireLease(taken) }
        #expect(try await a.acquire("lane") == nil)

        // The former holder's release does nothing; the holder's own frees at once.
        try await a.release(renewed)
        #expect(try await a.acquire("lane") == nil)
        try await b.release(taken)
        let again = try #require(try await a.acquire("lane"))
        #expect(again.token == 3)

        let winners = await withTaskGroup(of: Int.self) { group in
            for number in 0..<32 {
                group.addTask {
                    let leases = Leases(store: store, clock: time.clock, holder: "racer \(number)")
                    return ((try? await leases.acquire("race")) ?? nil) == nil ? 0 : 1
                }
            }
            return await group.reduce(0, +)
        }
        #expect(winners == 1, "one of 32 gets a new lease")
        await store.close()
    }
}
