import Primitives
public import Storage
import Testing

extension StoreContract {
    /// Terms, order, limits and counts.
    public static func checkQueries(_ make: () async throws -> any Store) async throws {
        let store = try await prepared(make)
        let tags: [String?] = [nil, "b", "a", nil, "c", "a"]
        try await store.write { tx in
            for (index, tag) in tags.enumerated() {
                let id = Int64(index + 1)
                try tx.insert(
                    into: Notes.table,
                    Notes.row(
                        id, state: id.isMultiple(of: 2) ? .held : .open, amount: UInt256(UInt64(7 - id)), tag: tag,
                        revision: id / 3))
            }
        }
        try await checkTerms(store)
        try await checkOrder(store)
        try await checkValues(store)

        let (byState, byTag, ofHeld) = try await store.read { tx in
            (
                try tx.counts(Notes.table, by: "state", where: []),
                try tx.counts(Notes.table, by: "tag", where: []),
                try tx.counts(Notes.table, by: "tag", where: [Notes.state == .held, Notes.tag.isNotNull])
            )
        }
        #expect(byState == [.text("open"): 3, .text("held"): 3])
        #expect(byTag == [.null: 2, .text("a"): 2, .text("b"): 1, .text("c"): 1])
        #expect(ofHeld == [.text("a"): 1, .text("b"): 1])
        await store.close()
    }

    private static func checkTerms(_ store: any Store) async throws {
        let cases: [(String, [Term], [Int64])] = [
            ("no term", [], [1, 2, 3, 4, 5, 6]),
            ("equal", [Notes.state == .held], [2, 4, 6]),
            ("equal to null", [Notes.tag == nil], [1, 4]),
            ("is null", [Notes.tag.isNull], [1, 4]),
            ("is not null", [Notes.tag.isNotNull], [2, 3, 5, 6]),
            ("less leaves null out", [Notes.tag < "b"], [3, 6]),
            ("greater or equal leaves null out", [Notes.tag >= "b"], [2, 5]),
            ("greater than null is nothing", [Notes.tag > nil], []),
            ("less or equal to null is nothing", [Notes.tag <= nil], []),
            ("bytes compare as numbers", [Notes.amount > 3, Notes.amount <= 5], [2, 3]),
            ("one of none", [Notes.id.isIn([])], []),
            ("one of one", [Notes.id.isIn([3])], [3]),
            ("one of some, not all there", [Notes.id.isIn([5, 1, 77, 3, 3])], [1, 3, 5]),
            ("one of null is nothing", [Notes.tag.isIn([nil])], []),
            ("one of null and another", [Notes.tag.isIn([nil, "c"])], [5]),
            ("the key and another term", [Notes.id == 2, Notes.state == .open], []),
            ("two bounds", [Notes.id >= 2, Notes.id < 5], [2, 3, 4]),
        ]
        for (what, terms, expected) in cases {
            let found = try await store.read { tx in
                try tx.select(Query(Notes.table, where: terms)).map { try $0.get(Notes.id) }.sorted()
            }
            #expect(found == expected, "\(what)")
            let count = try await store.read { try $0.count(Notes.table, where: terms) }
            #expect(count == expected.count, "\(what)")
        }
        let many = (0..<5_000).map { Int64($0) }
        let found = try await store.read { try $0.count(Notes.table, where: [Notes.id.isIn(many)]) }
        #expect(found == 6, "a long list")
        let tooMany = [Int64](repeating: 1, count: Term.valuesMax + 1)
        let refusal = await failure {
            _ = try await store.read { try $0.count(Notes.table, where: [Notes.id.isIn(tooMany)]) }
        }
        #expect(refusal?.code == .schema, "a list that is too long is refused by every store alike")
    }

    private static func checkOrder(_ store: any Store) async throws {
        let cases: [(String, [Ordering], Int?, [Int64])] = [
            ("ascending", [.ascending(Notes.id)], nil, [1, 2, 3, 4, 5, 6]),
            ("descending", [.descending(Notes.id)], 2, [6, 5]),
            ("by bytes", [.ascending(Notes.amount)], 3, [6, 5, 4]),
            ("null comes first, equals by key", [.ascending(Notes.tag)], nil, [1, 4, 3, 6, 2, 5]),
            ("null comes last, equals by key downwards", [.descending(Notes.tag)], nil, [5, 2, 6, 3, 4, 1]),
            ("two columns", [.ascending(Notes.state), .descending(Notes.id)], nil, [6, 4, 2, 5, 3, 1]),
            ("no row", [.ascending(Notes.id)], 0, []),
            ("more than there are", [.ascending(Notes.id)], 100, [1, 2, 3, 4, 5, 6]),
        ]
        for (what, order, limit, expected) in cases {
            let found = try await store.read { tx in
                try tx.select(Query(Notes.table, order: order, limit: limit)).map { try $0.get(Notes.id) }
            }
            #expect(found == expected, "\(what)")
        }
        let newest = try await store.read { tx in
            try tx.first(Query(Notes.table, where: [Notes.state == .open], order: [.descending(Notes.id)]))?.get(
                Notes.id)
        }
        #expect(newest == 5)
        let none = try await store.read { try $0.first(Query(Notes.table, where: [Notes.id == 99])) == nil }
        #expect(none)
    }

    /// What goes in comes out: the ends of each type, and text and bytes that engines like to change.
    private static func checkValues(_ store: any Store) async throws {
        let texts = [
            "", " ", "a\u{0}b", "'; DROP TABLE notes; --", "é", "e\u{301}", "💰", String(repeating: "x", count: 1_000),
        ]
        let numbers: [Int64] = [.min, -1, 0, 1, .max]
        try await store.write { tx in
            for (index, text) in texts.enumerated() {
                try tx.insert(
                    into: Pairs.table,
                    [
                        Pairs.left.set(text), Pairs.right.set([UInt8](repeating: 0, count: index)),
                        Pairs.value.set(numbers[index % numbers.count]),
                    ])
            }
        }
        for (index, text) in texts.enumerated() {
            let row = try await store.read { try $0.first(Query(Pairs.table, where: [Pairs.left == text])) }
            let found = try #require(row, "the text \(index)")
            #expect(try Array(found.get(Pairs.left).utf8) == Array(text.utf8))
            #expect(try found.get(Pairs.right) == [UInt8](repeating: 0, count: index))
            #expect(try found.get(Pairs.value) == numbers[index % numbers.count])
        }
        // Where no index holds it, text has any length.
        let long = String(repeating: "\u{1F4B0}", count: 30_000)
        let subject = IDGenerator(clock: ManualClock(Timestamp(milliseconds: 1)).clock, random: .seeded(1)).next()
        try await store.write { tx in
            try EventLog.append(type: "long", subject: subject, payload: long, at: Timestamp(milliseconds: 1), in: tx)
        }
        #expect(try await store.read { try EventLog.of(subject, limit: 1, in: $0) }.first?.payload == long)
        let largest = UInt256.max
        try await store.write { tx in
            try tx.insert(
                into: Notes.table, Notes.row(50, amount: largest, ceiling: largest, hash: Hash32(repeating: 9)))
        }
        let note = try await store.read { try $0.first(Query(Notes.table, where: [Notes.amount == largest])) }
        #expect(try note?.get(Notes.hash) == Hash32(repeating: 9))
        #expect(try note?.get(Notes.ceiling) == largest)
        #expect(try note?.get(Notes.state) == .open)
        try await store.write { try $0.delete(from: Notes.table, where: [Notes.id == 50]) }
    }
}
