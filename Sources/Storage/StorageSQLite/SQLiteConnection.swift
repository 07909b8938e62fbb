#if SQLite
    import CSQLite
    import Glibc
    import Storage
    import StorageSQL

    /// One connection to an SQLite database.
    ///
    /// Not Sendable: one thread at a time.
    @safe
    final class SQLiteConnection: SQLConnection {
        /// How long a statement waits for another process before it says `busy`.
        static let busyTimeoutMillisecondsDefault = 5_000
        /// Pages in the log at which a commit also checkpoints: 16 MiB of 4 KiB pages.
        private static let checkpointPages = 4_000
        private static let cacheKibibytes = 65_536
        /// The log is cut back to this after a backup or a long read has let it grow.
        private static let logSizeBytesMax = 67_108_864
        /// Prepared statements kept; the schema's words make some hundred different ones.
        private static let statementsMax = 1_024

        let dialect = SQLDialect(
            columnType: { column, _ in
                switch column.kind {
                case .integer: "INTEGER"
                case .text: "TEXT"
                case .bytes: "BLOB"
                }
            },
            // AUTOINCREMENT never gives a number twice, even after a delete.
            sequenceType: "INTEGER PRIMARY KEY AUTOINCREMENT",
            // Rows stand in the order of their key: time-ordered ids append.
            tableSuffix: { $0.sequence == nil ? " WITHOUT ROWID, STRICT" : " STRICT" },
            lengthFunction: "length")

        /// Counting memory takes a lock for each piece of it, and nobody reads the counts.
        ///
        /// Once, before the first connection; where SQLite is in use already it stays as it is.
        private static let configured: Void = { _ = coffer_configure() }()

        private let database: OpaquePointer
        private var statements: [String: OpaquePointer] = unsafe [:]

        init(
            path: String, busyTimeoutMilliseconds: Int = busyTimeoutMillisecondsDefault, pagesMax: Int? = nil
        ) throws(StorageError) {
            Self.configured
            var handle: OpaquePointer?
            let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX
            let code = unsafe sqlite3_open_v2(path, &handle, flags, nil)
            guard code == SQLITE_OK, let handle = unsafe handle else {
                unsafe sqlite3_close_v2(handle)
                throw StorageError(.unavailable, "can't open \(path): \(unsafe String(cString: sqlite3_errstr(code)))")
            }
            unsafe database = handle
            unsafe sqlite3_busy_timeout(handle, Int32(clamping: busyTimeoutMilliseconds))
            // SQLite falls back to reading alone where it may not write.
            guard unsafe sqlite3_db_readonly(handle, "main") == 0 else {
                throw StorageError(.readOnly, "\(path) can't be written")
            }
            try execute("PRAGMA journal_mode = WAL")
            try execute("PRAGMA synchronous = FULL")
            try execute("PRAGMA temp_store = MEMORY")
            try execute("PRAGMA cache_size = -\(Self.cacheKibibytes)")
            try execute("PRAGMA wal_autocheckpoint = \(Self.checkpointPages)")
            try execute("PRAGMA journal_size_limit = \(Self.logSizeBytesMax)")
            if let pagesMax { try execute("PRAGMA max_page_count = \(pagesMax)") }
            // Read back: a setting that did not take would cost money at the next power cut.
            guard try query("PRAGMA synchronous", [], kinds: [.integer]) == [[.integer(2)]] else {
                throw StorageError(.unavailable, "\(path): synchronous=FULL did not take")
            }
            guard try query("PRAGMA journal_mode", [], kinds: [.text]) == [[.text("wal")]] else {
                throw StorageError(.unavailable, "\(path): the file system does not carry a write-ahead log")
            }
        }

        deinit {
            close()
        }

        private var isClosed = false

        func close() {
            guard !isClosed else { return }
            isClosed = true
            finalizeStatements()
            unsafe sqlite3_close_v2(database)
        }

        var isInTransaction: Bool { unsafe sqlite3_get_autocommit(database) == 0 }

        var lastSequence: Int64 { unsafe sqlite3_last_insert_rowid(database) }

        func beginWriting() throws(StorageError) {
            try execute("BEGIN IMMEDIATE")
        }

        // Prepared, for two statements in a read of one are many.
        func beginReading() throws(StorageError) {
            _ = try run("BEGIN", [])
        }

        func commit() throws(StorageError) {
            try execute("COMMIT")
        }

        func rollback() throws(StorageError) {
            _ = try run("ROLLBACK", [])
        }

        func execute(_ sql: String) throws(StorageError) {
            let code = unsafe sqlite3_exec(database, sql, nil, nil, nil)
            guard code == SQLITE_OK else { throw error(code, sql) }
        }

        func run(_ sql: String, _ parameters: [StoredValue]) throws(StorageError) -> Int {
            let statement = unsafe try prepared(sql)
            defer { unsafe reset(statement) }
            unsafe try bind(parameters, to: statement, sql)
            let code = unsafe sqlite3_step(statement)
            guard code == SQLITE_DONE || code == SQLITE_ROW else { throw error(code, sql) }
            return Int(unsafe sqlite3_changes(database))
        }

        func query(
            _ sql: String, _ parameters: [StoredValue], kinds: [StoredValue.Kind]
        ) throws(StorageError) -> [[StoredValue]] {
            let statement = unsafe try prepared(sql)
            defer { unsafe reset(statement) }
            unsafe try bind(parameters, to: statement, sql)
            var rows: [[StoredValue]] = []
            while true {
                let code = unsafe sqlite3_step(statement)
                if code == SQLITE_DONE { return rows }
                guard code == SQLITE_ROW else { throw error(code, sql) }
                var row: [StoredValue] = []
                row.reserveCapacity(kinds.count)
                for column in 0..<Int32(kinds.count) { row.append(unsafe value(statement, column)) }
                rows.append(row)
            }
        }

        /// `VACUUM INTO` writes one consistent file while others read and write.
        func backup(to path: String) throws(StorageError) {
            guard unsafe access(path, F_OK) != 0 else {
                throw StorageError(.unavailable, "\(path) exists already")
            }
            // Under another name until it is whole and on the disk, for which SQLite does not wait here: a file with the
            // backup's name is a backup.
            let partial = path + ".partial"
            unsafe unlink(partial)
            do {
                _ = try run("VACUUM INTO ?", [.text(partial)])
                try sync(partial)
            } catch {
                unsafe unlink(partial)
                throw error
            }
            guard unsafe rename(partial, path) == 0 else {
                throw StorageError(.inputOutput, "can't rename \(partial) to \(path)")
            }
            try sync(path.lastIndex(of: "/").map { String(path[...$0]) } ?? ".")
        }

        private func sync(_ path: String) throws(StorageError) {
            let file = unsafe open(path, O_RDONLY)
            guard file >= 0 else { throw StorageError(.inputOutput, "can't open \(path) to sync it") }
            defer { Glibc.close(file) }
            guard fsync(file) == 0 else { throw StorageError(.inputOutput, "can't sync \(path)") }
        }

        // MARK: Statements

        private func prepared(_ sql: String) throws(StorageError) -> OpaquePointer {
            if let known = unsafe statements[sql] { return unsafe known }
            if unsafe statements.count >= Self.statementsMax {
                finalizeStatements()
            }
            var statement: OpaquePointer?
            let code = unsafe sqlite3_prepare_v3(database, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil)
            guard code == SQLITE_OK, let statement = unsafe statement else { throw error(code, sql) }
            unsafe statements[sql] = statement
            return unsafe statement
        }

        private func finalizeStatements() {
            while let entry = unsafe statements.popFirst() { unsafe sqlite3_finalize(entry.value) }
        }

        private func reset(_ statement: OpaquePointer) {
            unsafe sqlite3_reset(statement)
            unsafe sqlite3_clear_bindings(statement)
        }

        private func bind(_ parameters: [StoredValue], to statement: OpaquePointer, _ sql: String) throws(StorageError)
        {
            var position: Int32 = 0
            for parameter in parameters {
                position += 1
                let code: Int32
                switch parameter {
                case .null: code = unsafe sqlite3_bind_null(statement, position)
                case .integer(let number): code = unsafe sqlite3_bind_int64(statement, position, number)
                case .text(var text):
                    code = text.withUTF8 { utf8 in
                        unsafe utf8.withMemoryRebound(to: CChar.self) { characters in
                            unsafe coffer_bind_text(
                                statement, position, characters.baseAddress, Int32(characters.count))
                        }
                    }
                case .bytes(let bytes):
                    code = unsafe bytes.withUnsafeBytes { raw in
                        // An empty blob is not null: SQLite tells them apart by the pointer.
                        unsafe raw.isEmpty
                            ? unsafe sqlite3_bind_zeroblob(statement, position, 0)
                            : unsafe coffer_bind_blob(statement, position, raw.baseAddress, Int32(raw.count))
                    }
                }
                guard code == SQLITE_OK else { throw error(code, sql) }
            }
        }

        private func value(_ statement: OpaquePointer, _ column: Int32) -> StoredValue {
            switch unsafe sqlite3_column_type(statement, column) {
            case SQLITE_INTEGER: return .integer(unsafe sqlite3_column_int64(statement, column))
            case SQLITE_TEXT:
                guard let text = unsafe sqlite3_column_text(statement, column) else { return .text("") }
                let count = Int(unsafe sqlite3_column_bytes(statement, column))
                return unsafe .text(String(decoding: UnsafeBufferPointer(start: text, count: count), as: UTF8.self))
            case SQLITE_BLOB:
                guard let blob = unsafe sqlite3_column_blob(statement, column) else { return .bytes([]) }
                let count = Int(unsafe sqlite3_column_bytes(statement, column))
                return .bytes(unsafe Array(UnsafeRawBufferPointer(start: blob, count: count)))
            default: return .null
            }
        }

        // MARK: Errors

        private func error(_ code: Int32, _ sql: String) -> StorageError {
            let message = unsafe String(cString: sqlite3_errmsg(database))
            let extended = unsafe sqlite3_extended_errcode(database)
            switch code & 0xff {
            case SQLITE_CONSTRAINT:
                // SQLITE_CONSTRAINT_UNIQUE (8 << 8) and _PRIMARYKEY (6 << 8), https://www.sqlite.org/rescode.html
                if extended == SQLITE_CONSTRAINT | (8 << 8) || extended == SQLITE_CONSTRAINT | (6 << 8) {
                    return StorageError(.uniqueViolation, message, constraint: UniqueViolation.columns(message))
                }
                return StorageError(.checkViolation, message)
            case SQLITE_BUSY, SQLITE_LOCKED, SQLITE_PROTOCOL: return StorageError(.busy, message)
            case SQLITE_FULL: return StorageError(.full, message)
            case SQLITE_READONLY, SQLITE_PERM, SQLITE_AUTH: return StorageError(.readOnly, message)
            case SQLITE_IOERR where isOutOfSpace(extended): return StorageError(.full, message)
            case SQLITE_IOERR: return StorageError(.inputOutput, message)
            case SQLITE_CORRUPT, SQLITE_NOTADB: return StorageError(.corrupt, message)
            case SQLITE_CANTOPEN, SQLITE_NOMEM: return StorageError(.unavailable, message)
            default: return StorageError(.schema, "\(message) in: \(sql)")
            }
        }

        /// Whether an input or output error is only a full disk, met while a file was to grow.
        ///
        /// A failed sync never is: SQLITE_IOERR_FSYNC (4 << 8) and _DIR_FSYNC (5 << 8) say that earlier writes may be gone.
        private func isOutOfSpace(_ extended: Int32) -> Bool {
            if extended == SQLITE_IOERR | (4 << 8) || extended == SQLITE_IOERR | (5 << 8) { return false }
            let cause = unsafe sqlite3_system_errno(database)
            return cause == ENOSPC || cause == EDQUOT
        }
    }
#endif
