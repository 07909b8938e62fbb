#if SQLite
    import Foundation
    import Primitives
    import Storage
    import StorageSQL
    import StorageSQLite
    import Testing

    /// An index that leaves rows out.
    struct PartialIndexTests {
        private static let id = Column<Int64>("id")
        private static let owner = Column<String>("owner")
        private static let boundAt = Column<Int64?>("bound_at")
        private static let table = Table(
            "spendings", [id, owner, boundAt], primaryKey: [id],
            indexes: [Index("spendings_by_owner", [owner, boundAt], wherePresent: boundAt)])
        private static let migrations = [Migration("spendings", [.createTable(table)])]

        @Test func `rows with and without the column are found, and the index leaves out what it should`() async throws
        {
            let directory = try TemporaryDirectory()
            let store = try await SQLite.open(path: directory.file())
            try await store.migrate(Self.migrations)
            try await store.write { tx in
                for number in 0..<10 as Range<Int64> {
                    try tx.insert(
                        into: Self.table,
                        [
                            Self.id.set(number), Self.owner.set("a"),
                            Self.boundAt.set(number.isMultiple(of: 2) ? number : nil),
                        ])
                }
                try tx.update(Self.table, set: [Self.boundAt.set(7)], where: [Self.id == 1])
                try tx.update(Self.table, set: [Self.boundAt.set(nil)], where: [Self.id == 8])
            }
            let (bound, free) = try await store.read { tx in
                (
                    try tx.select(Query(Self.table, where: [Self.owner == "a", Self.boundAt >= 6])).map {
                        try $0.get(Self.id)
                    },
                    try tx.count(Self.table, where: [Self.owner == "a", Self.boundAt.isNull])
                )
            }
            #expect(bound.sorted() == [1, 6])
            #expect(free == 5)
            await store.close()
        }

        @Test(.enabled(if: Shell.isInstalled, "the sqlite3 shell is not here"))
        func `a comparison of the column uses the index`() async throws {
            let directory = try TemporaryDirectory()
            let store = try await SQLite.open(path: directory.file())
            try await store.migrate(Self.migrations)
            await store.close()
            let shell = try Shell(database: directory.file())
            let plan = try shell.run(
                "EXPLAIN QUERY PLAN SELECT * FROM spendings WHERE owner = 'a' AND bound_at >= 6;")
            #expect(plan.contains("INDEX spendings_by_owner (owner=? AND bound_at>?)"), "\(plan)")
        }
    }
#endif
