import Primitives
import Storage

#if SQLite
    import StorageSQLite
#endif

/// Where sessions are kept, by URL.
struct ConnectionRecords: Sendable {
    let store: any KeyValueStore
    /// Ends what the store stands on.
    let close: @Sendable () async -> Void

    /// Opens and, where needed, makes the records.
    ///
    /// - Parameter url: nil is `connections.db` in the data directory.
    /// - Throws: ``BootstrapError`` with `configuration` for an address that is not understood or not built in, which never
    ///   quotes more than its scheme: the rest holds a password.
    static func open(_ url: String?, _ directory: DataDirectory) async throws -> ConnectionRecords {
        guard let url else { return try await tables(CofferServer.open(directory.connectionsDatabase).0) }
        let scheme = url.prefix { $0 != ":" }.lowercased()
        switch scheme {
        case "memory":
            return ConnectionRecords(store: MemoryKeyValueStore(), close: {})
        case "sqlite":
            let path = url.dropFirst("sqlite://".count)
            guard url.hasPrefix("sqlite://"), !path.isEmpty else {
                throw BootstrapError(.configuration, "walletconnect.records: write sqlite:///path")
            }
            return try await tables(CofferServer.open(String(path)).0)
        default:
            guard let missing = Self.missing[scheme] else {
                throw BootstrapError(
                    .configuration,
                    "walletconnect.records: \(scheme): is not known; sqlite, postgres, mysql, redis, mongodb and memory are"
                )
            }
            throw BootstrapError(
                .configuration,
                "walletconnect.records: this program was built without \(scheme): build it with --traits \(missing.trait)"
                    + (missing.package.map { ", which needs the Debian package \($0)" } ?? ""))
        }
    }

    /// What a build needs for each scheme.
    private static let missing: [String: (trait: String, package: String?)] = [
        "postgres": ("PostgreSQL", "libpq-dev"), "postgresql": ("PostgreSQL", "libpq-dev"),
        "mysql": ("MySQL", "libmariadb-dev"), "mariadb": ("MySQL", "libmariadb-dev"),
        "redis": ("Redis", nil), "rediss": ("Redis", nil), "mongodb": ("MongoDB", "libmongoc-dev"),
        "mongodb+srv": ("MongoDB", "libmongoc-dev"),
    ]

    /// Records in the tables of a database that is this program's.
    private static func tables(_ store: any Store) async throws -> ConnectionRecords {
        try await store.migrate(StorageSchema.migrations + TableKeyValueStore.migrations)
        return ConnectionRecords(store: TableKeyValueStore(store: store), close: { await store.close() })
    }
}
