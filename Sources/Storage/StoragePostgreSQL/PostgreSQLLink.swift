#if PostgreSQL
    import CPostgreSQL
    import Glibc
    import Storage
    import StorageSQL

    /// One session with a server: sends statements and waits for their answers, never longer than it was told.
    ///
    /// libpq by itself waits for ever. A link that broke stays broken; the connection makes another.
    @safe
    final class PostgreSQLLink {
        /// How much longer than a statement may take its answer may: the server's own limit speaks first.
        private static let graceMilliseconds = 2_000

        private let handle: OpaquePointer
        private let timeoutMilliseconds: Int
        private(set) var isBroken = false
        private var names: [String: String] = [:]

        /// How many statements are prepared.
        var preparedCount: Int { names.count }

        /// Connects.
        ///
        /// - Throws: `configuration` when the server refuses, `unavailable` when there is no answer in time.
        init(_ settings: PostgreSQLSettings, for use: SQLUse, statementSeconds: Int) throws(StorageError) {
            timeoutMilliseconds = statementSeconds * 1_000 + Self.graceMilliseconds
            var options = settings.options
            if use == .writing { options.append(("target_session_attrs", "read-write")) }
            let connected = unsafe Self.connect(options, settings.url.password)
            guard let connected = unsafe connected else { throw StorageError(.unavailable, "no memory for libpq") }
            unsafe handle = connected
            unsafe coffer_ignore_notices(connected)
            guard unsafe PQstatus(connected) == CONNECTION_OK else {
                let text = unsafe String(cString: PQerrorMessage(connected))
                throw PostgreSQLErrors.refusal(text, server: settings.url.description)
            }
            unsafe PQsetnonblocking(connected, 1)
        }

        deinit {
            unsafe PQfinish(handle)
        }

        private static func connect(
            _ options: [(name: String, value: String)], _ secret: DatabasePassword?
        ) -> OpaquePointer? {
            let names = options.map(\.name) + ["password"]
            return unsafe withCStrings(names) { keys in
                unsafe withCStrings(options.map(\.value)) { values in
                    func connected(_ password: UnsafePointer<CChar>?) -> OpaquePointer? {
                        let (keys, values) = unsafe (keys + [nil], values + [password, nil])
                        return unsafe PQconnectdbParams(keys, values, 0)
                    }
                    guard let secret else { return unsafe connected(nil) }
                    return unsafe secret.unsafeCString { unsafe connected($0) }
                }
            }
        }

        private static func withCStrings(
            _ texts: [String], _ body: ([UnsafePointer<CChar>?]) -> OpaquePointer?
        ) -> OpaquePointer? {
            var bytes: [CChar] = []
            var offsets: [Int] = []
            for text in texts {
                offsets.append(bytes.count)
                bytes += text.utf8CString
            }
            return unsafe bytes.withUnsafeBufferPointer { buffer in
                var pointers: [UnsafePointer<CChar>?] = unsafe []
                for offset in offsets { unsafe pointers.append(buffer.baseAddress.map { unsafe $0 + offset }) }
                return unsafe body(pointers)
            }
        }

        /// Where the transaction stands.
        var transaction: PGTransactionStatusType {
            isBroken ? PQTRANS_UNKNOWN : unsafe PQtransactionStatus(handle)
        }

        /// Runs statements without parameters; the answer to the last.
        @discardableResult
        func execute(_ sql: String) throws(StorageError) -> PostgreSQLResult {
            try answer(to: unsafe PQsendQuery(handle, sql))
        }

        /// Runs what begins a transaction that writes; a server that takes no changes any more breaks the link.
        func begin(_ sql: String) throws(StorageError) {
            _ = try answer(to: unsafe PQsendQuery(handle, sql), begins: true)
        }

        /// Runs a prepared statement with `?` parameters.
        func run(_ sql: String, _ parameters: [StoredValue]) throws(StorageError) -> PostgreSQLResult {
            let name = try prepared(sql)
            let packed = PackedParameters(parameters)
            let sent = unsafe packed.withPointers { values, lengths, formats in
                unsafe PQsendQueryPrepared(handle, name, Int32(parameters.count), values, lengths, formats, 1)
            }
            return try answer(to: sent)
        }

        private func prepared(_ sql: String) throws(StorageError) -> String {
            if let known = names[sql] { return known }
            let name = "c\(names.count)"
            _ = try answer(to: unsafe PQsendPrepare(handle, name, Self.numbered(sql), 0, nil))
            names[sql] = name
            return name
        }

        /// Forgets all prepared statements, here and at the server.
        func forgetStatements() throws(StorageError) {
            try execute("DEALLOCATE ALL")
            names = [:]
        }

        /// `?` becomes `$1`, `$2` …; the statements of StorageSQL hold no text in which a `?` could stand.
        private static func numbered(_ sql: String) -> String {
            var (numbered, count) = ("", 0)
            for character in sql {
                if character == "?" {
                    count += 1
                    numbered += "$\(count)"
                } else {
                    numbered.append(character)
                }
            }
            return numbered
        }

        // MARK: Waiting

        private func answer(to sent: Int32, begins: Bool = false) throws(StorageError) -> PostgreSQLResult {
            guard !isBroken else { throw StorageError(.unavailable, "the connection is broken") }
            guard sent == 1 else { throw broken() }
            let deadline = monotonicMilliseconds() + timeoutMilliseconds
            while true {
                let flushed = unsafe PQflush(handle)
                if flushed == 0 { break }
                guard flushed == 1 else { throw broken() }
                try wait(for: Int16(POLLIN | POLLOUT), until: deadline)
                guard unsafe PQconsumeInput(handle) == 1 else { throw broken() }
            }
            var last: PostgreSQLResult?
            while true {
                while unsafe PQisBusy(handle) == 1 {
                    try wait(for: Int16(POLLIN), until: deadline)
                    guard unsafe PQconsumeInput(handle) == 1 else { throw broken() }
                }
                guard let result = unsafe PQgetResult(handle) else { break }
                // Of several statements the first failure counts: those behind it were not run.
                let next = unsafe PostgreSQLResult(result)
                if last?.failure == nil { last = next }
            }
            if unsafe PQstatus(handle) == CONNECTION_BAD { throw broken(last?.failure) }
            guard let last else { throw broken() }
            if let failure = last.failure {
                throw PostgreSQLErrors.isDemotion(last.state, begins: begins) ? broken(failure) : failure
            }
            return last
        }

        private func wait(for events: Int16, until deadline: Int) throws(StorageError) {
            var poll = pollfd(fd: unsafe PQsocket(handle), events: events, revents: 0)
            while true {
                let left = deadline - monotonicMilliseconds()
                guard left > 0 else {
                    throw broken(StorageError(.unavailable, "no answer within \(timeoutMilliseconds) ms"))
                }
                let count = unsafe Glibc.poll(&poll, 1, Int32(clamping: left))
                if count > 0 { return }
                guard count == 0 || errno == EINTR else { throw broken() }
            }
        }

        /// Whatever the server said last, a link that broke is an outage.
        private func broken(_ cause: StorageError? = nil) -> StorageError {
            isBroken = true
            if let cause { return StorageError(.unavailable, cause.message) }
            let text = unsafe String(cString: PQerrorMessage(handle))
            return StorageError(
                .unavailable, text.split(separator: "\n").first.map(String.init) ?? "the connection broke")
        }
    }

    /// Parameters as libpq takes them: binary, behind one another in one piece of memory.
    struct PackedParameters {
        private var bytes: [UInt8] = []
        private var places: [(offset: Int, isNull: Bool)] = []
        private var lengths: [Int32] = []

        init(_ parameters: [StoredValue]) {
            for parameter in parameters {
                let offset = bytes.count
                switch parameter {
                case .null: break
                case .integer(let number):
                    for shift in stride(from: 56, through: 0, by: -8) {
                        bytes.append(UInt8(truncatingIfNeeded: number >> Int64(shift)))
                    }
                case .text(let text): PostgreSQLText.append(text, to: &bytes)
                case .bytes(let value): bytes += value
                }
                places.append((offset, parameter == .null))
                lengths.append(Int32(bytes.count - offset))
            }
            // A value without bytes needs a place all the same: no place means null.
            bytes.append(0)
        }

        func withPointers(
            _ body: (UnsafePointer<UnsafePointer<CChar>?>?, UnsafePointer<Int32>?, UnsafePointer<Int32>?) -> Int32
        ) -> Int32 {
            unsafe bytes.withUnsafeBytes { raw in
                let base = unsafe raw.baseAddress?.assumingMemoryBound(to: CChar.self)
                var values: [UnsafePointer<CChar>?] = unsafe []
                for place in places {
                    unsafe values.append(place.isNull ? nil : base.map { unsafe $0 + place.offset })
                }
                let formats = [Int32](repeating: 1, count: lengths.count)
                return unsafe body(values, lengths, formats)
            }
        }
    }

    /// The answer to one statement.
    @safe
    final class PostgreSQLResult {
        private let handle: OpaquePointer
        /// What went wrong; `nil` when it did not.
        let failure: StorageError?
        /// The five characters of the failure; empty without one.
        let state: String

        init(_ handle: OpaquePointer) {
            unsafe self.handle = handle
            switch unsafe PQresultStatus(handle) {
            case PGRES_COMMAND_OK, PGRES_TUPLES_OK: (failure, state) = (nil, "")
            default: (failure, state) = unsafe PostgreSQLErrors.error(handle)
            }
        }

        deinit {
            unsafe PQclear(handle)
        }

        /// How many rows the statement met.
        var count: Int { unsafe Int(String(cString: PQcmdTuples(handle))) ?? 0 }

        /// The command's name, for example `COMMIT`.
        var command: String { unsafe String(cString: PQcmdStatus(handle)) }

        /// A text in the first row; `nil` when there is none.
        var word: String? {
            guard unsafe PQntuples(handle) > 0, let text = unsafe PQgetvalue(handle, 0, 0) else { return nil }
            return unsafe String(cString: text)
        }

        /// The rows, which came in the binary format.
        ///
        /// - Throws: `corrupt` when a number has not eight bytes.
        func rows(_ kinds: [StoredValue.Kind]) throws(StorageError) -> [[StoredValue]] {
            var rows: [[StoredValue]] = []
            let count = unsafe PQntuples(handle)
            guard unsafe PQnfields(handle) == Int32(kinds.count) else {
                throw StorageError(.corrupt, "a query has not \(kinds.count) columns")
            }
            rows.reserveCapacity(Int(count))
            for row in 0..<count {
                var values: [StoredValue] = []
                values.reserveCapacity(kinds.count)
                for (column, kind) in kinds.enumerated() { values.append(try value(row, Int32(column), kind)) }
                rows.append(values)
            }
            return rows
        }

        private func value(_ row: Int32, _ column: Int32, _ kind: StoredValue.Kind) throws(StorageError) -> StoredValue
        {
            guard unsafe PQgetisnull(handle, row, column) == 0, let start = unsafe PQgetvalue(handle, row, column)
            else {
                return .null
            }
            let raw = unsafe UnsafeRawBufferPointer(start: start, count: Int(PQgetlength(handle, row, column)))
            switch kind {
            case .integer:
                guard raw.count == 8 else { throw StorageError(.corrupt, "a number has not eight bytes") }
                return unsafe .integer(raw.reduce(0) { $0 << 8 | Int64($1) })
            case .text: return unsafe .text(PostgreSQLText.decoded(raw))
            case .bytes: return unsafe .bytes(Array(raw))
            }
        }
    }
#endif
