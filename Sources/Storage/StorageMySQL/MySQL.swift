#if MySQL
    public import Logging
    public import Storage
    public import StorageSQL

    /// Opens MariaDB and MySQL databases as stores.
    ///
    /// ```swift
    /// let store = try await MySQL.open(
    ///     url: "mysql://coffer:secret@db.example/coffer?ssl-ca=/etc/coffer/ca.pem&pool=8", logger: logger)
    /// try await store.migrate(StorageSchema.migrations)
    /// ```
    /// Several processes may use one database: each group of units of work locks one row until its commit, so that there
    /// is one writer at a time, as in SQLite.
    public enum MySQL {
        /// The schemes of a URL.
        public static let schemes = ["mysql", "mariadb"]
        /// The parameters of a URL.
        ///
        /// `ssl-mode` is `disabled`, `required`, `verify-ca` or `verify-identity`; without it `disabled` on this machine,
        /// unless `ssl-ca` is given, and `verify-identity` elsewhere. `ssl-ca` names the authority's certificate, without
        /// it those of the system count. `socket` is a Unix socket.
        public static let parameters =
            ["ssl-mode", "ssl-ca", "ssl-cert", "ssl-key", "socket"] + ServerLimits.parameters

        /// Connects to a server and answers when every connection of the pool stands.
        ///
        /// - Parameters:
        ///   - url: `mysql://user:password@host:port/database?name=value`; ``parameters`` lists the names, the rest is
        ///     escaped by `%`.
        ///   - logger: hears when the server goes away and comes back, and of settings that lose data.
        ///   - onCommit: called on the writer's thread after each commit, with the units in it and its duration.
        /// - Throws: `configuration` when the URL is wrong or the server refuses us, `unavailable` when it doesn't
        ///   answer.
        public static func open(
            url: String, logger: Logger,
            onCommit: @escaping @Sendable (_ units: Int, _ nanoseconds: UInt64) -> Void = { _, _ in }
        ) async throws(StorageError) -> SQLStore {
            let settings = try MySQLSettings(url, logger)
            let limits = settings.limits
            return try await SQLStore.opening(
                readers: limits.pool - 1, queuedMax: limits.queuedMax, onCommit: onCommit
            ) { (use) throws(StorageError) in
                let connection = MySQLConnection(settings, for: use)
                try connection.connect()
                return connection
            }
        }
    }

    /// What a URL says, checked.
    struct MySQLSettings: Sendable {
        enum Mode: String, CaseIterable {
            case disabled, required
            case authority = "verify-ca"
            case identity = "verify-identity"
        }

        private static let portDefault = 3_306

        let url: DatabaseURL
        let limits: ServerLimits
        let mode: Mode
        /// The file of authorities to verify with; `nil` where nothing is verified.
        let authorities: String?
        let log: ConnectionLog
        let moves = WriterMoves()

        init(_ text: String, _ logger: Logger) throws(StorageError) {
            url = try DatabaseURL(
                text, schemes: MySQL.schemes, portDefault: Self.portDefault, parameters: MySQL.parameters)
            limits = try ServerLimits(url)
            log = ConnectionLog(logger, server: url)
            if let word = url["ssl-mode"] {
                guard let mode = Mode(rawValue: word) else {
                    let words = Mode.allCases.map(\.rawValue).joined(separator: ", ")
                    throw StorageError(.configuration, "ssl-mode is one of \(words)")
                }
                self.mode = mode
            } else {
                mode = url.isLocal && url["ssl-ca"] == nil ? .disabled : .identity
            }
            authorities = mode == .authority || mode == .identity ? url["ssl-ca"] ?? DatabaseURL.systemAuthorities : nil
        }
    }
#endif
