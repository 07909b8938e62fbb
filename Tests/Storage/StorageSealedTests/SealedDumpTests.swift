import Logging
import NIOPosix
import Storage
import StorageMongoDB
import StorageRedis
import StorageSQL
import TestServers
import Testing

#if SQLite
    import StorageSQLite
#endif
#if PostgreSQL
    import StoragePostgreSQL
#endif
#if MySQL
    import StorageMySQL
#endif

/// What whoever takes a database's files away sees of sealed records: no key and no text.
struct SealedDumpTests {
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private func records(_ store: SQLStore) async throws -> TableKeyValueStore {
        try await store.migrate(TableKeyValueStore.migrations)
        return TableKeyValueStore(store: store)
    }

    @Test func `a key is found in every spelling`() throws {
        let folder = try ServerFolder("spellings")
        try SealedDump.selfCheck(folder.path)
    }

    #if SQLite
        @Test func `the files of SQLite give nothing away`() async throws {
            let (folder, dump) = (try ServerFolder("sealed"), SealedDump())
            let store = try await SQLite.open(path: folder.file("coffer.db"))
            try await dump.fill(records(store))
            // The log as well, before it is written back.
            try dump.check(folder.path)
            await store.close()
            try dump.check(folder.path)
        }
    #endif

    #if PostgreSQL
        @Test(.enabled(if: PostgreSQLServer.missing == nil, "\(PostgreSQLServer.missing ?? "")"))
        func `the files of PostgreSQL give nothing away`() async throws {
            let (server, dump) = (try await PostgreSQLServer.started(), SealedDump())
            defer { server.process.stop() }
            let store = try await PostgreSQL.open(url: server.url(server.makePlace()), logger: logger)
            try await dump.fill(records(store))
            await store.close()
            server.process.stop()
            try dump.check(server.folder.path)
        }
    #endif

    #if MySQL
        @Test(.enabled(if: MariaDBServer.missing == nil, "\(MariaDBServer.missing ?? "")"))
        func `the files of MariaDB give nothing away`() async throws {
            let (server, dump) = (try await MariaDBServer.started(), SealedDump())
            defer { server.process.stop() }
            let store = try await MySQL.open(url: server.url(server.makePlace()), logger: logger)
            try await dump.fill(records(store))
            await store.close()
            server.process.stop()
            try dump.check(server.folder.path)
        }
    #endif

    #if Redis
        @Test(.enabled(if: RedisServer.missing == nil, "\(RedisServer.missing ?? "")"))
        func `the files of Redis give nothing away`() async throws {
            let (server, dump) = (try await RedisServer(), SealedDump())
            let store = try await RedisKeyValueStore.open(
                RedisSettings(url: "redis://127.0.0.1:\(server.port)?timeout=30000"),
                eventLoops: MultiThreadedEventLoopGroup.singleton)
            try await dump.fill(store)
            store.close()
            try server.ask("SAVE")
            server.process.stop()
            try dump.check(server.folder.path)
        }
    #endif

    #if MongoDB
        @Test(.enabled(if: MongoServer.missing == nil, "\(MongoServer.missing ?? "")"))
        func `the files of MongoDB's stand-in give nothing away`() async throws {
            let (server, dump) = (try await MongoServer(), SealedDump())
            let store = try await MongoKeyValueStore.open(MongoSettings(url: server.url("records")))
            try await dump.fill(store)
            store.close()
            server.process.stop()
            try dump.check(server.folder.path)
        }
    #endif
}
