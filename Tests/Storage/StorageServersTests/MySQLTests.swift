#if MySQL
    import Contracts
    import Dispatch
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

        @Test func `a MariaDB server that takes no changes is left for one that does, by readers as well`() async throws
        {
            let place = try server.makePlace()
            // With no right to write where others may not.
            try server.administer(
                """
                CREATE USER IF NOT EXISTS plain@'%' IDENTIFIED BY '\(MariaDBServer.password)';
                GRANT ALL ON \(place).* TO plain@'%';
                """)
            defer { _ = try? server.administer("SET GLOBAL read_only = 0") }
            var before: Set<Substring> = []
            func connections() throws -> Set<Substring> {
                let ids = try server.administer("SELECT ID FROM information_schema.PROCESSLIST WHERE USER = 'plain'")
                return Set(ids.split(separator: "\n"))
            }
            try await ServerChecks.switchover(server, server.url(place, ["pool=2"], user: "plain")) {
                before = try connections()
                #expect(before.count == 2)
                try server.administer("SET GLOBAL read_only = 1")
            } promote: {
                try server.administer("SET GLOBAL read_only = 0")
            } recovered: {
                let after = try connections()
                #expect(after.isDisjoint(with: before), "a reader would see what is past")
            }
        }

        @Test func `a migration that has lost its connection does not go on without its lock`() async throws {
            let url = try server.url(server.makePlace())
            let (writer, migrating) = (try await server.open(url), try await server.open(url))
            try await writer.migrate(StorageSchema.migrations)
            let gate = DispatchSemaphore(value: 0)
            let (running, isRunning) = AsyncStream.makeStream(of: Void.self)
            async let held: Void = writer.write { _ in
                isRunning.finish()
                gate.wait()
            }
            // Only once the writer has the row does the migration come for it.
            for await _ in running {}
            async let lost = storageFailure { try await migrating.migrate(Items.migrations) }
            let waiting =
                "SELECT ID FROM information_schema.PROCESSLIST WHERE USER = 'coffer' AND INFO LIKE '%FOR UPDATE'"
            #expect(try await eventually { try !server.administer(waiting).isEmpty })
            try server.administer("KILL CONNECTION \(server.administer(waiting))")
            #expect(await lost?.code == .unavailable)
            gate.signal()
            try await held
            try await migrating.migrate(Items.migrations)
            for store in [writer, migrating] { await store.close() }
        }

        @Test func `the contract of records over TLS`() async throws {
            try await checkKeyValueStore {
                let parameters = ["ssl-mode=verify-identity", "ssl-ca=\(server.certificates.authority)"]
                let url = try server.url(server.makePlace(), parameters, user: server.secureUser, host: "localhost")
                let store = try await server.open(url)
                try await store.migrate(TableKeyValueStore.migrations)
                return TableKeyValueStore(store: store)
            }
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
            try server.administer(
                "INSERT INTO \(place).schema_migrations (position, name, fingerprint) VALUES (-9, 'stranger', '')")
            let stranger = await storageFailure { try await store.migrate(migrations) }
            #expect(stranger?.code == .schema && stranger?.message.contains("stranger") == true, "begun by another")
            await store.close()
        }

        @Test(.enabled(if: ServerFolder.measures, "COFFER_MEASURE is not set"))
        func `records a second in MariaDB`() async throws {
            try await ServerChecks.rates(server)
        }
    }
#endif
