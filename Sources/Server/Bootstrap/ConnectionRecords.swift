import Logging
import NIOPosix
import Primitives
import Storage

#if SQLite
    import StorageSQLite
#endif
#if PostgreSQL
    import StoragePostgreSQL
    import StorageSQL
#endif
#if MySQL
    import StorageMySQL
    import StorageSQL
#endif
#if Redis
    import StorageRedis
#endif
#if MongoDB
    import StorageMongoDB
#endif

/// Where sessions are kept, by URL.
struct ConnectionRecords: Sendable {
    let store: any KeyValueStore
    /// The database in the data directory, where they are kept there; part of a backup.
    var ownDatabase: (any Store)?
    /// Ends what the store stands on.
    let close: @Sendable () async -> Void

    /// Opens and, where needed, makes the records.
    ///
    /// - Parameter url: nil is `connections.db` in the data directory.
    /// - Throws: ``BootstrapError``: `configuration` for an address that is not understood or not built in, `unavailable`
    ///   for a server that does not answer. It never quotes more of the address than its scheme: the rest holds a
    ///   password.
    static func open(_ url: String?, _ directory: DataDirectory, logger: Logger) async throws -> ConnectionRecords {
        guard let url else {
            let database = try await CofferServer.open(directory.connectionsDatabase).0
            var records = try await tables(database)
            records.ownDatabase = database
            return records
        }
        let scheme = url.prefix { $0 != ":" }.lowercased()
        do {
            if let found = try await built(url, scheme, logger: logger) { return found }
        } catch let error as StorageError {
            throw failure(scheme, error.description, isRetryable: error.code.isRetryable)
        } catch let error as KeyValueError {
            throw failure(scheme, error.description, isRetryable: error.isRetryable)
        }
        guard let missing = missing[scheme] else {
            throw BootstrapError(
                .configuration,
                "\(key): \(scheme): is not known; sqlite, postgres, mysql, redis, mongodb and memory are")
        }
        throw BootstrapError(
            .configuration,
            "\(key): this program was built without \(scheme): build it with --traits \(missing.trait)"
                + (missing.package.map { ", which needs the Debian package \($0)" } ?? ""))
    }

    private static let key = "walletconnect.records"

    /// The store of a scheme; nil for one that is not in this build.
    private static func built(_ url: String, _ scheme: String, logger: Logger) async throws -> ConnectionRecords? {
        switch scheme {
        case "memory": return ConnectionRecords(store: MemoryKeyValueStore(), close: {})
        case "sqlite":
            let path = url.dropFirst("sqlite://".count)
            guard url.hasPrefix("sqlite://"), !path.isEmpty else {
                throw BootstrapError(.configuration, "\(key): write sqlite:///path")
            }
            return try await tables(CofferServer.open(String(path)).0)
        #if PostgreSQL
            case "postgres", "postgresql": return try await tables(PostgreSQL.open(url: url, logger: logger))
        #endif
        #if MySQL
            case "mysql", "mariadb": return try await tables(MySQL.open(url: url, logger: logger))
        #endif
        #if Redis
            case "redis", "rediss":
                let redis = try await RedisKeyValueStore.open(
                    RedisSettings(url: url), eventLoops: MultiThreadedEventLoopGroup.singleton)
                for note in redis.notes { logger.warning("redis", metadata: ["note": "\(note)"]) }
                return ConnectionRecords(store: redis, close: { redis.close() })
        #endif
        #if MongoDB
            case "mongodb", "mongodb+srv":
                let mongo = try await MongoKeyValueStore.open(MongoSettings(url: url))
                for note in mongo.notes { logger.warning("mongodb", metadata: ["note": "\(note)"]) }
                return ConnectionRecords(store: mongo, close: { mongo.close() })
        #endif
        default: return nil
        }
    }

    /// What a build needs for each scheme.
    private static let missing: [String: (trait: String, package: String?)] = [
        "postgres": ("PostgreSQL", "libpq-dev"), "postgresql": ("PostgreSQL", "libpq-dev"),
        "mysql": ("MySQL", "libmariadb-dev"), "mariadb": ("MySQL", "libmariadb-dev"),
        "redis": ("Redis", nil), "rediss": ("Redis", nil), "mongodb": ("MongoDB", "libmongoc-dev"),
        "mongodb+srv": ("MongoDB", "libmongoc-dev"),
    ]

    private static func failure(_ scheme: String, _ words: String, isRetryable: Bool) -> BootstrapError {
        BootstrapError(isRetryable ? .unavailable : .configuration, "\(key): \(scheme): \(words)")
    }

    /// Records in the tables of a database that is this program's.
    private static func tables(_ store: any Store) async throws -> ConnectionRecords {
        try await store.migrate(StorageSchema.migrations + TableKeyValueStore.migrations)
        return ConnectionRecords(store: TableKeyValueStore(store: store), close: { await store.close() })
    }
}
