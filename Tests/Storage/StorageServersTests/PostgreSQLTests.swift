#if PostgreSQL
    import Contracts
    import Storage
    import StoragePostgreSQL
    import Testing

    @Suite(
        .serialized, .enabled(if: PostgreSQLServer.missing == nil, "\(PostgreSQLServer.missing ?? "")"),
        ServerTrait<PostgreSQLServer>())
    struct PostgreSQLTests {
        private let server: PostgreSQLServer

        init() throws {
            server = try #require(PostgreSQLServer.current)
        }

        @Test func `PostgreSQL keeps the contracts of a store and of records`() async throws {
            try await ServerChecks.contracts(server)
        }

        @Test func `two processes on one PostgreSQL database are one writer after another`() async throws {
            try await ServerChecks.race(server)
        }

        @Test func `processes that start at once migrate a PostgreSQL database once`() async throws {
            try await ServerChecks.migrationsAtOnce(server)
        }
    }
#endif
