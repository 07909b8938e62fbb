import Primitives
public import Storage
import Testing

extension StoreContract {
    /// Keys, unique indexes and checks hold in the store, not only in the code above it.
    public static func checkRules(_ make: () async throws -> any Store) async throws {
        let store = try await prepared(make)
        let hash = Hash32(repeating: 7)
        try await store.write { tx in
            try tx.insert(into: Notes.table, Notes.row(1, name: "one", hash: hash, tag: "t"))
            try tx.insert(into: Entries.table, [Entries.text.set("once")])
            try tx.insert(into: Pairs.table, pair("a", [1]))
        }
        try await checkUniques(store, hash)
        try await checkChecks(store)
        #expect(try await ids(store) == [1, 10, 11, 12, 13])
        await store.close()
    }

    private static func pair(_ left: String, _ right: [UInt8]) -> [Assignment] {
        [Pairs.left.set(left), Pairs.right.set(right), Pairs.value.set(0)]
    }

    private static func checkUniques(_ store: any Store, _ hash: Hash32) async throws {
        func violation(_ table: Table, _ row: [Assignment]) async -> String? {
            let error = await failure { try await store.write { try $0.insert(into: table, row) } }
            #expect(error?.code == .uniqueViolation, "\(table.name) \(row)")
            return error?.constraint
        }
        #expect(await violation(Notes.table, Notes.row(1, name: "other")) == "notes", "a key has its table's name")
        #expect(await violation(Notes.table, Notes.row(2, name: "one")) == "notes_by_name")
        #expect(await violation(Notes.table, Notes.row(2, hash: hash, tag: "t")) == "notes_by_hash_and_tag")
        #expect(await violation(Entries.table, [Entries.text.set("once")]) == "entries_by_text")
        #expect(await violation(Pairs.table, pair("a", [1])) == "pairs")

        // A null is distinct from every other null; the parts of a key count together, byte by byte.
        try await store.write { tx in
            try tx.insert(into: Notes.table, Notes.row(10, hash: hash, tag: nil))
            try tx.insert(into: Notes.table, Notes.row(11, hash: hash, tag: nil))
            try tx.insert(into: Notes.table, Notes.row(12, name: "caf\u{e9}"))
            try tx.insert(into: Notes.table, Notes.row(13, name: "cafe\u{301}"))
            try tx.insert(into: Pairs.table, pair("a", []))
            try tx.insert(into: Pairs.table, pair("", [1]))
            try tx.insert(into: Pairs.table, pair("A", [1]))
        }
        let update = await failure {
            try await store.write { try $0.update(Notes.table, set: [Notes.name.set("one")], where: [Notes.id == 10]) }
        }
        #expect(update?.code == .uniqueViolation && update?.constraint == "notes_by_name")
        // A row does not collide with itself.
        let same = try await store.write {
            try $0.update(Notes.table, set: [Notes.name.set("one")], where: [Notes.id == 1])
        }
        #expect(same == 1)
    }

    private static func checkChecks(_ store: any Store) async throws {
        let refused: [(String, [Assignment])] = [
            ("a state that is not listed", Notes.row(20, "state", is: .text("lost"))),
            ("an amount above the ceiling", Notes.row(20, amount: 1_001)),
            ("an amount far above the ceiling", Notes.row(20, amount: UInt256.max)),
            ("an amount of zero", Notes.row(20, amount: 0)),
            ("an amount of 31 bytes", Notes.row(20, "amount", is: .bytes([UInt8](repeating: 1, count: 31)))),
            ("a hash of 33 bytes", Notes.row(20, "hash", is: .bytes([UInt8](repeating: 1, count: 33)))),
            ("an empty hash", Notes.row(20, "hash", is: .bytes([]))),
            ("a name that is null", Notes.row(20, "name", is: .null)),
            ("an amount that is null", Notes.row(20, "amount", is: .null)),
            ("bytes for a text", Notes.row(20, "name", is: .bytes([1]))),
            ("bytes for a number", Notes.row(20, "revision", is: .bytes([1]))),
            ("a number below its range", Notes.row(20, revision: -1)),
            ("a number above its range", Notes.row(20, revision: 1_000_001)),
            ("two columns that must differ", Notes.row(20, name: "x", tag: "x")),
        ]
        for (what, row) in refused {
            let error = await failure { try await store.write { try $0.insert(into: Notes.table, row) } }
            #expect(error?.code == .checkViolation, "\(what)")
        }
        let updates: [(String, [Assignment])] = [
            ("an amount above the ceiling", [Notes.amount.set(1_001)]),
            ("a ceiling below the amount", [Notes.ceiling.set(0)]),
            ("an amount of zero", [Notes.amount.set(0)]),
            ("a state that is not listed", [RawColumn(name: "state").set(.text("lost"))]),
            ("a name that is null", [RawColumn(name: "name").set(.null)]),
        ]
        for (what, assignments) in updates {
            let error = await failure {
                try await store.write { try $0.update(Notes.table, set: assignments, where: [Notes.id == 1]) }
            }
            #expect(error?.code == .checkViolation, "an update to \(what)")
        }
    }
}
