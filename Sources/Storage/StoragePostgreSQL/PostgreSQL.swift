#if PostgreSQL
    public import Logging
    public import Storage
    public import StorageSQL

    /// Opens PostgreSQL databases as stores.
    ///
    /// ```swift
    /// let store = try await PostgreSQL.open(
    ///     url: "postgres://coffer:secret@db.example/coffer?sslrootcert=/etc/coffer/ca.pem&pool=8", logger: logger)
    /// try await store.migrate(StorageSchema.migrations)
    /// ```
    /// Several processes may use one database: each group of units of work holds a lock of the schema until its commit,
    /// so that there is one writer at a time, as in SQLite.
    public enum PostgreSQL {
        /// The schemes of a URL.
        public static let schemes = ["postgres", "postgresql"]
        /// The parameters of a URL.
        ///
        /// `sslmode` is `disable`, `prefer`, `require`, `verify-ca` or `verify-full`; without it `prefer` on this machine
        /// and `verify-full` elsewhere. `sslrootcert` names the authority's certificate, without it those of the system
        /// count. `schema` is where the tables are, `public` unless given. `socket` is the folder of a Unix socket.
        public static let parameters =
            ["sslmode", "sslrootcert", "sslcert", "sslkey", "schema", "socket"] + ServerLimits.parameters

        /// Connects to a server and answers when every connection of the pool stands.
        ///
        /// - Parameters:
        ///   - url: `postgres://user:password@host:port/database?name=value`; ``parameters`` lists the names, the rest
        ///     is escaped by `%`.
        ///   - logger: hears when the server goes away and comes back, and of settings that lose data.
        ///   - onCommit: called on the writer's thread after each commit, with the units in it and its duration.
        /// - Throws: `configuration` when the URL is wrong or the server refuses us, `unavailable` when it doesn't
        ///   answer.
        public static func open(
            url: String, logger: Logger,
            onCommit: @escaping @Sendable (_ units: Int, _ nanoseconds: UInt64) -> Void = { _, _ in }
        ) async throws(StorageError) -> SQLStore {
            let settings = try PostgreSQLSettings(url, logger)
            let limits = settings.limits
            return try await SQLStore.opening(
                readers: limits.pool - 1, queuedMax: limits.queuedMax, onCommit: onCommit
            ) { (use) throws(StorageError) in
                let connection = PostgreSQLConnection(settings, for: use)
                try connection.connect()
                return connection
            }
        }
    }

    /// What a URL says, checked.
    struct PostgreSQLSettings: Sendable {
        private static let portDefault = 5_432
        private static let modes = ["disable", "prefer", "require", "verify-ca", "verify-full"]
        /// Names that need no quotes; `search_path` would read others as several.
        private static let schemaBytesMax = 63

        let url: DatabaseURL
        let limits: ServerLimits
        let schema: String?
        /// What libpq is told, without the password.
        let options: [(name: String, value: String)]
        let log: ConnectionLog
        let moves = WriterMoves()

        init(_ text: String, _ logger: Logger) throws(StorageError) {
            url = try DatabaseURL(
                text, schemes: PostgreSQL.schemes, portDefault: Self.portDefault, parameters: PostgreSQL.parameters)
            limits = try ServerLimits(url)
            log = ConnectionLog(logger, server: url)
            schema = url["schema"]
            if let schema {
                guard schema.utf8.count <= Self.schemaBytesMax,
                    schema.utf8.allSatisfy({ 97...122 ~= $0 || 48...57 ~= $0 || $0 == 95 })
                else {
                    throw StorageError(.configuration, "schema is lower-case letters, digits and _")
                }
            }
            let mode = url["sslmode"] ?? (url.isLocal ? "prefer" : "verify-full")
            guard Self.modes.contains(mode) else {
                throw StorageError(.configuration, "sslmode is one of \(Self.modes.joined(separator: ", "))")
            }
            var options = [
                ("host", url["socket"] ?? url.host), ("port", String(url.port)), ("user", url.user),
                ("dbname", url.database), ("sslmode", mode), ("connect_timeout", String(limits.connectTimeoutSeconds)),
                ("application_name", "coffer"), ("client_encoding", "UTF8"),
                // A peer that is gone without a word: what was sent is acknowledged by then, or the connection is over.
                ("tcp_user_timeout", String(limits.statementTimeoutSeconds * 1_000)), ("keepalives_idle", "30"),
            ]
            if let authority = url["sslrootcert"] ?? (mode.hasPrefix("verify") ? DatabaseURL.systemAuthorities : nil) {
                options.append(("sslrootcert", authority))
            }
            if let certificate = url["sslcert"] { options.append(("sslcert", certificate)) }
            if let key = url["sslkey"] { options.append(("sslkey", key)) }
            self.options = options
        }
    }
#endif
