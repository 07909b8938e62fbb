#if SQLite
    public import Storage
    public import StorageSQL

    /// Opens SQLite databases as stores.
    ///
    /// ```swift
    /// let store = try await SQLite.open(path: "/var/lib/coffer/coffer.db")
    /// try await store.migrate(StorageSchema.migrations)
    /// ```
    public enum SQLite {
        /// Reading connections beside the one that writes; two cores serve no more at once.
        public static let readersDefault = 2
        /// Five seconds: other processes (a backup, a shell) hold the database for moments.
        public static let busyTimeoutMillisecondsDefault = SQLiteConnection.busyTimeoutMillisecondsDefault

        /// Opens or creates a database: write-ahead log, `synchronous=FULL`, checked after opening.
        ///
        /// It happens on a thread of its own: after a crash the log is read back first, which may take seconds.
        ///
        /// A commit has reached the disk when `write` returns; that is the only setting under which "accepted" means
        /// accepted. From 16 rows a commit on it costs about a tenth against NORMAL.
        ///
        /// - Parameters:
        ///   - readers: reading connections beside the one that writes.
        ///   - busyTimeoutMilliseconds: how long a commit waits for another process before it says `busy`.
        ///   - pagesMax: the database never grows beyond so many pages of 4 KiB and says `full` instead; `nil` for the
        ///     disk's own limit.
        ///   - onCommit: called on the writer's thread after each commit.
        /// - Throws: `StorageError`: `unavailable` when the file can't be opened, `readOnly` when it can't be written,
        ///   `corrupt` when it is no database or a damaged one.
        public static func open(
            path: String, readers: Int = readersDefault,
            busyTimeoutMilliseconds: Int = busyTimeoutMillisecondsDefault, pagesMax: Int? = nil,
            onCommit: @escaping @Sendable (_ units: Int, _ nanoseconds: UInt64) -> Void = { _, _ in }
        ) async throws(StorageError) -> SQLStore {
            try await SQLStore.opening(readers: readers, onCommit: onCommit) { _ throws(StorageError) in
                try SQLiteConnection(
                    path: path, busyTimeoutMilliseconds: busyTimeoutMilliseconds, pagesMax: pagesMax)
            }
        }
    }
#endif
