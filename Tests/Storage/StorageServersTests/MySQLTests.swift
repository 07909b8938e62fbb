#if MySQL
    import Contracts
    import Storage
    import StorageMySQL
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

        @Test func `two processes on one MariaDB database are one writer after another`() async throws {
            try await ServerChecks.race(server)
        }

        @Test func `processes that start at once migrate a MariaDB database once`() async throws {
            try await ServerChecks.migrationsAtOnce(server)
        }
    }
#endif
