#if PostgreSQL
    import Contracts
    import Storage
    import StoragePostgreSQL
    import TestServers
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

        @Test func `1,500 random operations give the same results in memory and in PostgreSQL`() async throws {
            try await ServerChecks.random(server)
        }

        @Test func `a PostgreSQL connection forgets statements when it has prepared too many`() async throws {
            try await ServerChecks.manyStatements(server)
        }

        @Test func `two processes on one PostgreSQL database are one writer after another`() async throws {
            try await ServerChecks.race(server)
        }

        @Test func `processes that start at once migrate a PostgreSQL database once`() async throws {
            try await ServerChecks.migrationsAtOnce(server)
        }

        @Test func `nothing acknowledged is lost when PostgreSQL is killed under load`() async throws {
            try await ServerChecks.killedUnderLoad(server)
        }

        @Test func `a unit of work whose PostgreSQL connection was lost runs again`() async throws {
            try await ServerChecks.connectionLost(server)
        }

        @Test func `a commit that PostgreSQL did not answer has an unknown outcome`() async throws {
            try await ServerChecks.commitWithoutAnswer(server)
        }

        @Test func `while PostgreSQL is down everything says so in time, and works again afterwards`() async throws {
            try await ServerChecks.down(server)
        }

        @Test func `a PostgreSQL server that becomes a standby is left for one that takes changes`() async throws {
            defer { _ = try? server.administer("SELECT pg_promote()") }
            try await ServerChecks.switchover(server, server.url(server.makePlace())) {
                server.process.stop()
                try server.becomeStandby()
                try await server.process.start()
            } promote: {
                try server.administer("SELECT pg_promote()")
            }
        }

        @Test func `the pool of PostgreSQL connections and its queue have an end`() async throws {
            try await ServerChecks.pool(server)
        }

        @Test func `PostgreSQL is spoken to over verified TLS`() async throws {
            try await ServerChecks.encryption(server)
        }

        @Test func `a wrong PostgreSQL URL is a clear error without its password`() async throws {
            try await ServerChecks.refusals(server)
        }

        @Test func `a backup of PostgreSQL is left to its own tools`() async throws {
            try await ServerChecks.copies(server)
        }

        @Test(.enabled(if: ServerFolder.measures, "COFFER_MEASURE is not set"))
        func `records a second in PostgreSQL`() async throws {
            try await ServerChecks.rates(server)
        }
    }
#endif
