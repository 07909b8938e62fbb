#if MySQL
    import CMariaDB
    import Storage
    import StorageSQL

    /// One session with a server; statements wait no longer than they were told.
    ///
    /// A link that broke stays broken; the connection makes another.
    @safe
    final class MySQLLink {
        /// How much longer than a statement may take its answer may: the server's own limit speaks first.
        private static let graceSeconds = 2
        /// Prepared statements kept; the schema's words make some hundred different ones.
        private static let statementsMax = 1_024

        private let handle: UnsafeMutablePointer<MYSQL>
        private var statements: [String: MySQLStatement] = [:]
        private(set) var isBroken = false

        /// Connects.
        ///
        /// - Throws: `configuration` when the server refuses, `unavailable` when there is no answer in time.
        init(_ settings: MySQLSettings, statementSeconds: Int) throws(StorageError) {
            guard let handle = unsafe mysql_init(nil) else { throw StorageError(.unavailable, "no memory") }
            unsafe self.handle = handle
            unsafe Self.number(MYSQL_OPT_CONNECT_TIMEOUT, UInt32(settings.limits.connectTimeoutSeconds), handle)
            unsafe Self.number(MYSQL_OPT_READ_TIMEOUT, UInt32(statementSeconds + Self.graceSeconds), handle)
            unsafe Self.number(MYSQL_OPT_WRITE_TIMEOUT, UInt32(statementSeconds + Self.graceSeconds), handle)
            // A server may ask for any file of ours otherwise.
            unsafe Self.number(MYSQL_OPT_LOCAL_INFILE, 0, handle)
            // Without it `localhost` means a socket.
            let isSocket = settings.url["socket"] != nil
            unsafe Self.number(
                MYSQL_OPT_PROTOCOL, isSocket ? MYSQL_PROTOCOL_SOCKET.rawValue : MYSQL_PROTOCOL_TCP.rawValue, handle)
            unsafe mysql_options(handle, MYSQL_SET_CHARSET_NAME, "utf8mb4")
            unsafe Self.secure(settings, handle)
            let flags = UInt(CLIENT_FOUND_ROWS)
            func connected(_ password: UnsafePointer<CChar>?) -> Bool {
                unsafe mysql_real_connect(
                    handle, isSocket ? nil : settings.url.host, settings.url.user, password, settings.url.database,
                    UInt32(settings.url.port), settings.url["socket"], flags) != nil
            }
            let isConnected =
                if let password = settings.url.password {
                    unsafe password.unsafeCString { unsafe connected($0) }
                } else {
                    connected(nil)
                }
            guard isConnected else {
                let error = unsafe MySQLErrors.error(mysql_errno(handle), String(cString: mysql_error(handle)))
                throw StorageError(error.code, "\(settings.url): \(error.message)", cause: error)
            }
        }

        deinit {
            // Statements first: they speak to the server when they end.
            statements = [:]
            unsafe mysql_close(handle)
        }

        private static func number(_ option: mysql_option, _ value: UInt32, _ handle: UnsafeMutablePointer<MYSQL>) {
            var value = value
            unsafe mysql_options(handle, option, &value)
        }

        private static func secure(_ settings: MySQLSettings, _ handle: UnsafeMutablePointer<MYSQL>) {
            guard settings.mode != .disabled else { return }
            var (yes, verifies): (my_bool, my_bool) = (1, settings.mode == .identity ? 1 : 0)
            unsafe mysql_options(handle, MYSQL_OPT_SSL_ENFORCE, &yes)
            unsafe mysql_options(handle, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verifies)
            if let file = settings.authorities { unsafe mysql_options(handle, MYSQL_OPT_SSL_CA, file) }
            if let file = settings.url["ssl-cert"] { unsafe mysql_options(handle, MYSQL_OPT_SSL_CERT, file) }
            if let file = settings.url["ssl-key"] { unsafe mysql_options(handle, MYSQL_OPT_SSL_KEY, file) }
        }

        /// Whether the server is MariaDB; MySQL names a few things otherwise.
        var isMariaDB: Bool { unsafe mariadb_connection(handle) != 0 }

        /// Runs a statement without parameters or rows.
        func execute(_ sql: String) throws(StorageError) {
            guard unsafe mysql_real_query(handle, sql, UInt(sql.utf8.count)) == 0 else {
                throw noted(unsafe MySQLErrors.error(mysql_errno(handle), String(cString: mysql_error(handle))))
            }
        }

        /// Runs a statement with `?` parameters.
        func run(_ sql: String, _ parameters: [StoredValue]) throws(StorageError) -> (count: Int, sequence: Int64) {
            do throws(StorageError) {
                let statement = try prepared(sql)
                try statement.execute(parameters)
                return statement.changes
            } catch {
                throw noted(error)
            }
        }

        /// The rows of a query with `?` parameters.
        func query(
            _ sql: String, _ parameters: [StoredValue], kinds: [StoredValue.Kind]
        ) throws(StorageError) -> [[StoredValue]] {
            do throws(StorageError) {
                let statement = try prepared(sql)
                try statement.execute(parameters)
                return try statement.rows(kinds)
            } catch {
                throw noted(error)
            }
        }

        private func prepared(_ sql: String) throws(StorageError) -> MySQLStatement {
            if let known = statements[sql] { return known }
            if statements.count >= Self.statementsMax { statements = [:] }
            let statement = unsafe try MySQLStatement(handle, sql)
            statements[sql] = statement
            return statement
        }

        private func noted(_ error: StorageError) -> StorageError {
            if error.code == .unavailable { isBroken = true }
            return error
        }
    }
#endif
