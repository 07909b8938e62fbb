import Primitives
public import Storage
import Testing

private enum Memos {
    static let id = Column<Int64>("id")
    static let text = Column<String>("text")
    static let digest = Column<Hash32?>("digest")
    /// As the first migration made it.
    static let first = Table("memos", [id, text], primaryKey: [id])
    /// As it is after the second.
    static let table = Table("memos", [id, text, digest], primaryKey: [id])
}

extension StoreContract {
    /// Migrations are applied once, in order; a changed, missing or newer one is refused.
    public static func checkMigrations(_ make: () async throws -> any Store) async throws {
        let store = try await make()
        let missing = await failure { _ = try await store.read { try $0.count(Memos.first, where: []) } }
        #expect(missing?.code == .schema, "a table that does not exist")

        let first = Migration("1 memos", [.createTable(Memos.first)])
        let second = Migration(
            "2 digest",
            [
                .addColumn(table: "memos", Memos.digest.definition),
                .addIndex(table: "memos", Index("memos_by_text", [Memos.text])),
            ])
        try await store.migrate([first])
        try await store.migrate([first])
        try await store.write { try $0.insert(into: Memos.first, [Memos.id.set(1), Memos.text.set("old")]) }

        try await store.migrate([first, second])
        let old = try await store.read { try $0.first(Query(Memos.table, where: [Memos.id == 1])) }
        #expect(try old?.get(Memos.text) == "old")
        #expect(try old?.get(Memos.digest) == .some(nil), "a new column is null in old rows")
        try await store.write { tx in
            try tx.update(Memos.table, set: [Memos.digest.set(Hash32.zero)], where: [Memos.id == 1])
            try tx.insert(into: Memos.table, [Memos.id.set(2), Memos.text.set("new"), Memos.digest.set(nil)])
        }
        let badSize = await failure {
            try await store.write { tx in
                try tx.update(Memos.table, set: [RawColumn(name: "digest").set(.bytes([1]))], where: [Memos.id == 1])
            }
        }
        #expect(badSize?.code == .checkViolation, "an added column keeps its type's size")

        let changed = Migration("1 memos", [.createTable(Memos.table)])
        let renamed = Migration("1 notes", [.createTable(Memos.first)])
        for (what, migrations) in [
            ("changed", [changed, second]), ("renamed", [renamed, second]), ("newer than the program", [first]),
            ("none known", []), ("named twice", [first, second, first]),
        ] {
            #expect(await failure { try await store.migrate(migrations) }?.code == .schema, "\(what)")
        }
        let count = try await store.read { try $0.count(Memos.table, where: []) }
        #expect(count == 2, "a refused migration leaves the store as it is")
        await store.close()
    }

    /// A program joins series of migrations, `a + b`, and each of them may grow at its own end.
    public static func checkMigrationSeries(_ make: () async throws -> any Store) async throws {
        let store = try await make()
        let (id, place) = (Column<Int64>("id"), Column<Int64>("place"))
        let others = Table("others", [id, place], primaryKey: [id])
        let memos = Migration("memos 1", [.createTable(Memos.first)])
        let digest = Migration("memos 2 digest", [.addColumn(table: "memos", Memos.digest.definition)])
        let other = Migration("others 1", [.createTable(others)])
        let places = Migration("others 2", [.addIndex(table: "others", Index("others_by_place", [place]))])

        try await store.migrate([memos, other])
        try await store.migrate([memos, digest, other])
        try await store.write { tx in
            try tx.insert(into: Memos.table, [Memos.id.set(1), Memos.text.set("new"), Memos.digest.set(nil)])
        }
        try await store.migrate([memos, digest, other, places])
        try await store.migrate([other, places, memos, digest])
        #expect(try await store.read { try $0.count(Memos.table, where: []) } == 1)
        let older = await failure { try await store.migrate([memos, other]) }
        #expect(older?.code == .schema, "what the first series has grown by is unknown to an older program")
        await store.close()
    }
}
