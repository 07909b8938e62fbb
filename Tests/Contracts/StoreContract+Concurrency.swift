import Primitives
public import Storage
import Testing

extension StoreContract {
    /// Many at once: no lost update, no harm from a neighbour.
    public static func checkConcurrency(_ make: () async throws -> any Store) async throws {
        let store = try await prepared(make)
        try await checkCompareAndSet(store)
        try await checkNeighbours(store)
        try await checkReadersSeeWholeUnits(store)
        await store.close()
    }

    /// 64 writers count one row up by compare-and-set, 5 times each; every step is counted once.
    private static func checkCompareAndSet(_ store: any Store) async throws {
        let (writers, steps) = (64, 5)
        try await store.write { try $0.insert(into: Notes.table, Notes.row(1)) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<writers {
                group.addTask {
                    for _ in 0..<steps {
                        // Bounded by the others' steps: each failed try is somebody else's success.
                        while true {
                            let seen = try await revision(of: 1, store) ?? 0
                            let changed = try await store.write { tx in
                                try tx.update(
                                    Notes.table, set: [Notes.revision.set(seen + 1)],
                                    where: [Notes.id == 1, Notes.revision == seen])
                            }
                            if changed == 1 { break }
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try await revision(of: 1, store) == Int64(writers * steps))
    }

    /// Of 200 concurrent units of work some fail, after they have written; exactly the others are stored.
    private static func checkNeighbours(_ store: any Store) async throws {
        let failing: Set<Int64> = [1_013, 1_077, 1_150]
        let stored = await withTaskGroup(of: Int64?.self) { group in
            for id in Int64(1_000)..<1_200 {
                group.addTask {
                    let error = await failure {
                        try await store.write { tx in
                            try tx.insert(into: Notes.table, Notes.row(id))
                            try tx.insert(into: Entries.table, [Entries.text.set("of \(id)")])
                            // Collides with the first note, after two rows were written.
                            if failing.contains(id) {
                                try tx.insert(into: Notes.table, Notes.row(1, name: "again \(id)"))
                            }
                        }
                    }
                    if let error { #expect(error.code == .uniqueViolation, "only the failing unit hears of it") }
                    return error == nil ? id : nil
                }
            }
            return await group.reduce(into: Set<Int64>()) { if let id = $1 { $0.insert(id) } }
        }
        let expected = Set(Int64(1_000)..<1_200).subtracting(failing)
        #expect(stored == expected)
        #expect(Set(try await ids(store)) == expected.union([1]))
        let entries = try await store.read { try $0.count(Entries.table, where: []) }
        #expect(entries == expected.count)
    }

    /// Readers between writers see both rows of a unit of work or neither.
    private static func checkReadersSeeWholeUnits(_ store: any Store) async throws {
        try await store.write { tx in
            try tx.insert(into: Pairs.table, [Pairs.left.set("x"), Pairs.right.set([1]), Pairs.value.set(0)])
            try tx.insert(into: Pairs.table, [Pairs.left.set("y"), Pairs.right.set([1]), Pairs.value.set(0)])
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for value in Int64(1)...100 {
                    try await store.write { tx in
                        try tx.update(Pairs.table, set: [Pairs.value.set(value)], where: [Pairs.left == "x"])
                        try tx.update(Pairs.table, set: [Pairs.value.set(-value)], where: [Pairs.left == "y"])
                    }
                }
            }
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<50 {
                        let sum = try await store.read { tx in
                            let first = try tx.first(Query(Pairs.table, where: [Pairs.left == "x"]))
                            let second = try tx.first(Query(Pairs.table, where: [Pairs.left == "y"]))
                            return try (first?.get(Pairs.value) ?? 1) + (second?.get(Pairs.value) ?? 1)
                        }
                        #expect(sum == 0, "one consistent view")
                    }
                }
            }
            try await group.waitForAll()
        }
    }
}
