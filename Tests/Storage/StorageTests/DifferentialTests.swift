#if SQLite
    import Contracts
    import Storage
    import StorageSQL
    import StorageSQLite
    import Testing

    /// Both stores get the same random operations and must give the same results.
    struct DifferentialTests {
        @Test func `20,000 random operations give the same results in memory and in SQLite`() async throws {
            let directory = try TemporaryDirectory()
            let database = try await SQLite.open(path: directory.file())
            try await checkAgainstMemory(database, named: "SQLite", operations: 20_000)
            await database.close()
        }
    }
#endif
