#if MySQL
    import Contracts
    import Storage
    import StorageMySQL
    import StorageSQL
    import TestServers
    import Testing

    @Suite(
        .serialized, .enabled(if: MariaDBServer.missing == nil, "\(MariaDBServer.missing ?? "")"),
        ServerTrait<MariaDBServer>())
    struct MySQLTests {
        private let server: MariaDBServer

        init() throws {
            server = try #require(MariaDBServer.current)
        }

        @Test func `MariaDB keeps the contracts of a store and of records`() async throws {
            try await ServerChecks.contracts(server)
        }

        @Test func `1,500 random operations give the same results in memory and in MariaDB`() async throws {
            try await ServerChecks.random(server)
        }

        @Test func `a MariaDB connection forgets statements when it has prepared too many`() async throws {
            try await ServerChecks.manyStatements(server)
        }

        @Test func `two processes on one MariaDB database are one writer after another`() async throws {
            try await ServerChecks.race(server)
        }

        @Test func `processes that start at once migrate a MariaDB database once`() async throws {
            try await ServerChecks.migrationsAtOnce(server)
        }

        @Test func `nothing acknowledged is lost when MariaDB is killed under load`() async throws {
            try await ServerChecks.killedUnderLoad(server)
        }

        @Test func `a unit of work whose MariaDB connection was lost runs again`() async throws {
            try await ServerChecks.connectionLost(server)
        }

        @Test func `a commit that MariaDB did not answer has an unknown outcome`() async throws {
            try await ServerChecks.commitWithoutAnswer(server)
        }

        @Test func `while MariaDB is down everything says so in time, and works again afterwards`() async throws {
            try await ServerChecks.down(server)
        }

        @Test func `the pool of MariaDB connections and its queue have an end`() async throws {
            try await ServerChecks.pool(server)
        }

        @Test func `MariaDB is spoken to over verified TLS`() async throws {
            try await ServerChecks.encryption(server)
        }

        @Test func `a wrong MariaDB URL is a clear error without its password`() async throws {
            try await ServerChecks.refusals(server)
        }

        @Test func `a backup of MariaDB is left to its own tools`() async throws {
            try await ServerChecks.copies(server)
        }

        @Test func `a migration that was cut short is made whole, and no foreign table is taken for ours`() async throws
        {
            let place = try server.makePlace()
            let store = try await server.open(server.url(place))
            try await store.migrate(StorageSchema.migrations)
            // As a crash leaves it: the mark is there, one table of two statements as well.
            let table = Table(
                "memos", [Column<Int64>("id"), Column<String>("text")], primaryKey: [Column<Int64>("id")],
                indexes: [Index("memos_by_text", [Column<String>("text")])])
            let migrations = StorageSchema.migrations + [Migration("memos", [.createTable(table)])]
            try server.administer(
                """
                USE \(place);
                INSERT INTO schema_migrations (position, name, fingerprint) VALUES (-2, 'memos', '');
                CREATE TABLE memos (id BIGINT NOT NULL PRIMARY KEY, text VARBINARY(100) NOT NULL);
                """)
            try await store.migrate(migrations)
            let indexes = try server.administer(
                "SELECT INDEX_NAME FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = '\(place)' "
                    + "AND TABLE_NAME = 'memos' ORDER BY INDEX_NAME")
            #expect(indexes == "memos_by_text\nPRIMARY")
            #expect(try server.administer("SELECT MIN(position) FROM \(place).schema_migrations") == "0")
            try await store.migrate(migrations)

            try server.administer("CREATE TABLE \(place).items (something INT)")
            for _ in 0..<2 {
                let refused = await storageFailure {
                    try await store.migrate(migrations + [Migration("items", [.createTable(Items.table)])])
                }
                #expect(refused?.code == .schema && refused?.message.contains("table items") == true)
            }
            await store.close()
        }

        @Test(.enabled(if: ServerFolder.measures, "COFFER_MEASURE is not set"))
        func `records a second in MariaDB`() async throws {
            try await ServerChecks.rates(server)
        }
    }
#endif
