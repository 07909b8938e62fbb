#if MySQL
    import Glibc
    import Storage
    import StorageSQL

    /// One connection to a MariaDB or MySQL database, which makes itself anew when the server comes back.
    ///
    /// Not Sendable: one thread at a time.
    final class MySQLConnection: SQLConnection {
        private enum Isolation: String {
            case reading = "REPEATABLE READ"
            case writing = "READ COMMITTED"
        }

        /// The bytes of an index of InnoDB.
        private static let indexBytesMax = 3_072
        /// How long the server waits for the next statement of a transaction: a process that hangs must not keep the
        /// lock from all others.
        private static let idleInTransactionSecondsMax = 60
        /// After so long a pause the writer's connection is made anew in MySQL.
        ///
        /// MySQL has no limit for transactions alone: it ends the connection when it was idle for the time above.
        private static let idleMillisecondsMax = 1_000 * idleInTransactionSecondsMax / 2
        /// How long the server waits for the rest of a statement.
        private static let packetSecondsMax = 30
        /// Connections that died since they were last used, one after another, before an outage is an outage.
        private static let beginAttemptsMax = 3

        private let settings: MySQLSettings
        private let use: SQLUse
        private var link: MySQLLink?
        private var reconnection: Reconnection
        private var isMigrating = false
        /// Whether the connection has the named lock of a migration, which goes with it.
        private var holdsSchema = false
        /// When the last transaction ended, in milliseconds of the monotonic clock.
        private var idleSince = 0
        /// Where the writer was when this connection was made.
        private var moves = 0
        private var isolation: Isolation?
        private(set) var lastSequence: Int64 = 0
        private(set) var dialect: SQLDialect = MySQLConnection.dialect(collation: "utf8mb4_nopad_bin")
        private var isOpen = false

        init(_ settings: MySQLSettings, for use: SQLUse) {
            self.settings = settings
            self.use = use
            reconnection = Reconnection(onChange: settings.log.changed)
        }

        /// Text compares by bytes and with its trailing spaces, which the older binary collations ignore.
        private static func dialect(collation: String) -> SQLDialect {
            SQLDialect(
                columnType: { column, keyBytes in
                    switch (column.kind, column.sizeBytes, keyBytes) {
                    case (.integer, _, _): "BIGINT"
                    case (.bytes, let size?, _): "VARBINARY(\(size))"
                    // An index wants a bounded size; bytes, for a character would be counted as four.
                    case (_, _, let size?): "VARBINARY(\(size))"
                    case (.text, _, nil): "LONGTEXT CHARACTER SET utf8mb4 COLLATE \(collation)"
                    case (.bytes, nil, nil): "LONGBLOB"
                    }
                },
                sequenceType: "BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY",
                tableSuffix: { _ in " ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=\(collation)" },
                lengthFunction: "OCTET_LENGTH", indexBytesMax: indexBytesMax, unboundedIndexSuffix: "(255)",
                hasPartialIndexes: false, rollsBackSchema: false, primaryKeyName: { _ in "PRIMARY" })
        }

        // MARK: Connecting

        /// Connects once; a writer only to a server that takes changes.
        func connect() throws(StorageError) {
            (link, isolation, isOpen) = (nil, nil, false)
            moves = settings.moves.count
            let seconds = isMigrating ? ServerLimits.migrationSecondsMax : settings.limits.statementTimeoutSeconds
            let lockSeconds = isMigrating ? seconds : settings.limits.lockTimeoutSeconds
            let link = try MySQLLink(settings, statementSeconds: seconds)
            try link.execute(
                "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', autocommit = 1, "
                    + "innodb_lock_wait_timeout = \(lockSeconds), lock_wait_timeout = \(lockSeconds), "
                    // What a sort looks at: all of a key, not its first thousand bytes.
                    + "max_sort_length = \(Self.indexBytesMax)")
            if link.isMariaDB {
                try link.execute(
                    "SET SESSION max_statement_time = \(seconds), "
                        + "idle_transaction_timeout = \(Self.idleInTransactionSecondsMax)")
            } else {
                if use == .writing { try link.execute(Self.boundsOfMySQL) }
                dialect = Self.dialect(collation: "utf8mb4_0900_bin")
            }
            if use == .writing {
                try link.execute("START TRANSACTION READ WRITE")
                try link.execute("ROLLBACK")
            }
            let durable = try link.query("SELECT @@innodb_flush_log_at_trx_commit", [], kinds: [.integer])
            if durable != [[.integer(1)]] { settings.log.losesData("innodb_flush_log_at_trx_commit is not 1") }
            self.link = link
            idleSince = monotonicMilliseconds()
        }

        /// What keeps a process that hangs from keeping the lock, where a transaction has no limit of its own.
        static let boundsOfMySQL =
            "SET SESSION wait_timeout = \(idleInTransactionSecondsMax), net_read_timeout = \(packetSecondsMax)"

        /// The link to begin a transaction on, made anew after an outage.
        private func connected() throws(StorageError) -> MySQLLink {
            if holdsSchema {
                // Another process may have taken the lock since.
                guard let link, !link.isBroken else {
                    throw StorageError(.unavailable, "the connection broke while the schema was changed")
                }
                return link
            }
            let idleMilliseconds = monotonicMilliseconds() - idleSince
            if use == .writing, let link, !link.isMariaDB, idleMilliseconds > Self.idleMillisecondsMax {
                self.link = nil
            }
            if use == .reading, moves != settings.moves.count { link = nil }
            if let link, !link.isBroken { return link }
            let wasAway = try reconnection.restore { () throws(StorageError) in try connect() }
            if wasAway, use == .writing { settings.moves.note() }
            guard let link else { throw StorageError(.unavailable, "not connected") }
            return link
        }

        private func begin(
            _ wanted: Isolation, _ body: (MySQLLink) throws(StorageError) -> Void
        ) throws(StorageError) {
            for attempt in 1...Self.beginAttemptsMax {
                let link = try connected()
                do throws(StorageError) {
                    if isolation != wanted {
                        try link.execute("SET SESSION TRANSACTION ISOLATION LEVEL \(wanted.rawValue)")
                        isolation = wanted
                    }
                    try body(link)
                    isOpen = true
                    return
                } catch {
                    guard noted(error, link), attempt < Self.beginAttemptsMax else { throw error }
                }
            }
        }

        /// Notes a broken link and a transaction that is gone; `true` for a broken link.
        @discardableResult
        private func noted(_ error: StorageError, _ link: MySQLLink) -> Bool {
            // A deadlock takes the whole transaction along; a lock that was not granted may, as the server is set.
            if error.code == .busy { isOpen = false }
            guard link.isBroken else { return false }
            isOpen = false
            reconnection.lost(error)
            self.link = nil
            return true
        }

        private func using<Result>(_ body: (MySQLLink) throws(StorageError) -> Result) throws(StorageError) -> Result {
            // Connecting here would run the statement without its transaction.
            guard let link else { throw StorageError(.unavailable, "the connection broke") }
            do throws(StorageError) {
                return try body(link)
            } catch {
                noted(error, link)
                throw error
            }
        }

        // MARK: Transactions

        func beginWriting() throws(StorageError) {
            try begin(.writing) { link throws(StorageError) in
                for _ in 0..<2 {
                    try link.execute("START TRANSACTION READ WRITE")
                    if try takesLock(link) { return }
                    // The first writer of this database.
                    try link.execute("ROLLBACK")
                    try link.execute(
                        "CREATE TABLE IF NOT EXISTS coffer_writer_lock (id TINYINT NOT NULL PRIMARY KEY) ENGINE=InnoDB")
                    try link.execute("INSERT IGNORE INTO coffer_writer_lock (id) VALUES (1)")
                }
                throw StorageError(.schema, "the row of coffer_writer_lock is missing")
            }
        }

        /// Waits for the row that every writer locks; `false` when there is none.
        private func takesLock(_ link: MySQLLink) throws(StorageError) -> Bool {
            do throws(StorageError) {
                let rows = try link.query(
                    "SELECT id FROM coffer_writer_lock WHERE id = 1 FOR UPDATE", [], kinds: [.integer])
                return !rows.isEmpty
            } catch {
                guard error.code == .schema else {
                    if !link.isBroken { try? link.execute("ROLLBACK") }
                    throw error
                }
                return false
            }
        }

        func beginReading() throws(StorageError) {
            try begin(.reading) { link throws(StorageError) in try link.execute("START TRANSACTION READ ONLY") }
        }

        func commit() throws(StorageError) {
            do throws(StorageError) {
                try using { link throws(StorageError) in try link.execute("COMMIT") }
                isOpen = false
                idleSince = monotonicMilliseconds()
            } catch {
                guard error.code == .unavailable else { throw error }
                throw StorageError(
                    .outcomeUnknown, "the connection broke during a commit: \(error.message)", cause: error)
            }
        }

        func rollback() throws(StorageError) {
            isOpen = false
            idleSince = monotonicMilliseconds()
            try using { link throws(StorageError) in try link.execute("ROLLBACK") }
        }

        var isInTransaction: Bool { isOpen }

        var isConnected: Bool { link != nil }

        // MARK: Migrations

        /// A named lock: each change of the schema ends its transaction, and with it the lock of the row.
        func beginMigration() throws(StorageError) {
            isMigrating = true
            link = nil
            do throws(StorageError) {
                let link = try connected()
                let granted = try link.query(
                    "SELECT GET_LOCK(CONCAT('coffer ', MD5(DATABASE())), \(ServerLimits.migrationSecondsMax))", [],
                    kinds: [.integer])
                guard granted == [[.integer(1)]] else {
                    throw StorageError(.busy, "another process changes the schema")
                }
                holdsSchema = true
            } catch {
                endMigration()
                throw error
            }
        }

        /// The lock goes with its connection.
        func endMigration() {
            (isMigrating, holdsSchema) = (false, false)
            link = nil
        }

        func has(_ object: SQLObject) throws(StorageError) -> Bool {
            let (sql, names) =
                switch object {
                case .table(let name):
                    ("TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ?", [name])
                case .index(let table, let name):
                    ("STATISTICS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ? AND INDEX_NAME = ?", [table, name])
                case .column(let table, let name):
                    ("COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ? AND COLUMN_NAME = ?", [table, name])
                }
            let rows = try query(
                "SELECT COUNT(*) FROM information_schema.\(sql)", names.map { .text($0) }, kinds: [.integer])
            return rows != [[.integer(0)]]
        }

        // MARK: Statements

        func execute(_ sql: String) throws(StorageError) {
            try using { link throws(StorageError) in try link.execute(sql) }
        }

        func run(_ sql: String, _ parameters: [StoredValue]) throws(StorageError) -> Int {
            try using { link throws(StorageError) in
                let changes = try link.run(sql, parameters)
                lastSequence = changes.sequence
                return changes.count
            }
        }

        func query(
            _ sql: String, _ parameters: [StoredValue], kinds: [StoredValue.Kind]
        ) throws(StorageError) -> [[StoredValue]] {
            try using { link throws(StorageError) in try link.query(sql, parameters, kinds: kinds) }
        }

        func backup(to path: String) throws(StorageError) {
            throw StorageError(
                .unsupported, "MariaDB and MySQL are backed up with mariadb-dump or mariadb-backup, or mysqldump")
        }

        func close() {
            (link, isOpen) = (nil, false)
        }
    }
#endif
