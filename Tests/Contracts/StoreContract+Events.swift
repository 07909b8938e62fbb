import Primitives
public import Storage
import Testing

extension StoreContract {
    /// The event log: numbered in the order of commits, part of the unit of work, read by cursor.
    public static func checkEvents(_ make: () async throws -> any Store) async throws {
        let store = try await prepared(make)
        let ids = IDGenerator(clock: ManualClock(Timestamp(milliseconds: 1)).clock, random: .seeded(1))
        let (one, two) = (ids.next(), ids.next())
        let at = Timestamp(milliseconds: 1_700_000_000_123)
        #expect(try await store.read { try EventLog.head(in: $0) } == 0)

        let numbers = try await store.write { tx in
            try [one, two, one].enumerated().map { index, subject in
                try EventLog.append(type: "note.\(index)", subject: subject, payload: #"{"n":1}"#, at: at, in: tx)
            }
        }
        #expect(numbers == [1, 2, 3])
        _ = await failure {
            try await store.write { tx in
                try EventLog.append(type: "lost", subject: one, payload: "{}", at: at, in: tx)
                throw StorageError(.leaseLost, "given up")
            }
        }
        let (all, later, ofOne, ofOneLater, head) = try await store.read { tx in
            (
                try EventLog.after(0, limit: 10, in: tx), try EventLog.after(1, limit: 1, in: tx),
                try EventLog.of(one, limit: 10, in: tx), try EventLog.of(one, after: 1, limit: 10, in: tx),
                try EventLog.head(in: tx)
            )
        }
        #expect(all.map(\.type) == ["note.0", "note.1", "note.2"], "an event of a failed unit never happened")
        let first = try #require(all.first)
        #expect(first.sequence == 1 && first.subject == one && first.payload == #"{"n":1}"# && first.at == at)
        #expect(later.map(\.sequence) == [2])
        #expect(ofOne.map(\.sequence) == [1, 3] && ofOneLater.map(\.sequence) == [3])
        #expect(head == 3)

        #expect(try await cursor(store) == 0)
        for (target, expected) in [(Int64(2), Int64(2)), (1, 2), (2, 2), (3, 3)] {
            try await store.write { try EventLog.advance("reader", to: target, in: $0) }
            #expect(try await cursor(store) == expected, "a cursor never moves back")
        }
        #expect(try await store.read { try EventLog.cursor("another", in: $0) } == 0)

        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<100 {
                group.addTask {
                    _ = try await store.write {
                        try EventLog.append(type: "many", subject: two, payload: "{}", at: at, in: $0)
                    }
                }
            }
            try await group.waitForAll()
        }
        let sequences = try await store.read { try EventLog.after(3, limit: 1_000, in: $0).map(\.sequence) }
        #expect(sequences.count == 100 && sequences == sequences.sorted() && Set(sequences).count == 100)
        await store.close()
    }

    private static func cursor(_ store: any Store) async throws -> Int64 {
        try await store.read { try EventLog.cursor("reader", in: $0) }
    }
}
