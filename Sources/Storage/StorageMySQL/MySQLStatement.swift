#if MySQL
    import CMariaDB
    import Storage

    /// A prepared statement.
    @safe
    final class MySQLStatement {
        /// What a column gets at first; a longer value is fetched once more, in its own size.
        private static let columnBytesFirst = 1_024

        private let handle: UnsafeMutablePointer<MYSQL_STMT>

        init(_ connection: UnsafeMutablePointer<MYSQL>, _ sql: String) throws(StorageError) {
            guard let handle = unsafe mysql_stmt_init(connection) else { throw StorageError(.unavailable, "no memory") }
            unsafe self.handle = handle
            guard unsafe mysql_stmt_prepare(handle, sql, UInt(sql.utf8.count)) == 0 else { throw failure() }
        }

        deinit {
            unsafe mysql_stmt_close(handle)
        }

        /// How many rows it met, and the number that an insert got.
        var changes: (count: Int, sequence: Int64) {
            unsafe (
                Int(truncatingIfNeeded: mysql_stmt_affected_rows(handle)),
                Int64(truncatingIfNeeded: mysql_stmt_insert_id(handle))
            )
        }

        func execute(_ parameters: [StoredValue]) throws(StorageError) {
            var packed = PackedParameters(parameters)
            let isDone = unsafe packed.withBinds { binds in
                if let binds = unsafe binds, unsafe mysql_stmt_bind_param(handle, binds) != 0 { return false }
                return unsafe mysql_stmt_execute(handle) == 0
            }
            guard isDone else { throw failure() }
        }

        /// All rows of the answer.
        func rows(_ kinds: [StoredValue.Kind]) throws(StorageError) -> [[StoredValue]] {
            guard unsafe Int(mysql_stmt_field_count(handle)) == kinds.count else {
                throw StorageError(.corrupt, "a query has not \(kinds.count) columns")
            }
            let columns = ColumnBuffers(kinds, bytes: Self.columnBytesFirst)
            defer { unsafe mysql_stmt_free_result(handle) }
            guard unsafe mysql_stmt_bind_result(handle, columns.binds) == 0,
                unsafe mysql_stmt_store_result(handle) == 0
            else { throw failure() }
            var rows: [[StoredValue]] = []
            while true {
                switch unsafe mysql_stmt_fetch(handle) {
                case 0, MYSQL_DATA_TRUNCATED: break
                case MYSQL_NO_DATA: return rows
                default: throw failure()
                }
                var row: [StoredValue] = []
                row.reserveCapacity(kinds.count)
                for column in kinds.indices { row.append(try value(columns, column)) }
                rows.append(row)
            }
        }

        private func value(_ columns: ColumnBuffers, _ column: Int) throws(StorageError) -> StoredValue {
            guard !columns.isNull(column) else { return .null }
            let kind = columns.kinds[column]
            if kind == .integer { return .integer(columns.integer(column)) }
            let count = columns.length(column)
            var bytes: [UInt8]
            if count <= Self.columnBytesFirst {
                bytes = columns.bytes(column, count)
            } else {
                bytes = [UInt8](repeating: 0, count: count)
                let code = unsafe bytes.withUnsafeMutableBytes { raw in
                    var (bind, length, isNull) = unsafe (MYSQL_BIND(), UInt(0), my_bool(0))
                    return unsafe withUnsafeMutablePointer(to: &length) { length in
                        unsafe withUnsafeMutablePointer(to: &isNull) { isNull in
                            unsafe coffer_bind(
                                &bind, MYSQL_TYPE_BLOB, raw.baseAddress, UInt(count), length, isNull)
                            return unsafe mysql_stmt_fetch_column(handle, &bind, UInt32(column), 0)
                        }
                    }
                }
                guard code == 0 else { throw failure() }
            }
            return kind == .text ? .text(String(decoding: bytes, as: UTF8.self)) : .bytes(bytes)
        }

        private func failure() -> StorageError {
            unsafe MySQLErrors.error(mysql_stmt_errno(handle), String(cString: mysql_stmt_error(handle)))
        }
    }

    /// Parameters as the client takes them: values behind one another in memory, and places that point there.
    private struct PackedParameters {
        private var bytes: [UInt8] = []
        private var numbers: [Int64] = []
        private var lengths: [UInt] = []
        private let parameters: [StoredValue]

        init(_ parameters: [StoredValue]) {
            self.parameters = parameters
            for parameter in parameters {
                let before = bytes.count
                var number: Int64 = 0
                switch parameter {
                case .null: break
                case .integer(let value): number = value
                case .text(let text): bytes += text.utf8
                case .bytes(let value): bytes += value
                }
                numbers.append(number)
                lengths.append(UInt(bytes.count - before))
            }
            // So that there is a place even where there are no bytes.
            bytes.append(0)
        }

        mutating func withBinds(_ body: (UnsafeMutablePointer<MYSQL_BIND>?) -> Bool) -> Bool {
            guard !parameters.isEmpty else { return body(nil) }
            let parameters = parameters
            var binds = unsafe [MYSQL_BIND](repeating: MYSQL_BIND(), count: parameters.count)
            return unsafe bytes.withUnsafeMutableBufferPointer { bytes in
                unsafe numbers.withUnsafeMutableBufferPointer { numbers in
                    unsafe lengths.withUnsafeMutableBufferPointer { lengths in
                        unsafe binds.withUnsafeMutableBufferPointer { binds in
                            var offset = 0
                            for position in parameters.indices {
                                let bind = unsafe binds.baseAddress.map { unsafe $0 + position }
                                let length = unsafe lengths.baseAddress.map { unsafe $0 + position }
                                let place = unsafe bytes.baseAddress.map { unsafe $0 + offset }
                                let number = unsafe numbers.baseAddress.map { unsafe $0 + position }
                                let size = unsafe lengths[position]
                                switch parameters[position] {
                                case .null: unsafe coffer_bind(bind, MYSQL_TYPE_NULL, nil, 0, nil, nil)
                                case .integer:
                                    unsafe coffer_bind(bind, MYSQL_TYPE_LONGLONG, number, 8, nil, nil)
                                case .text: unsafe coffer_bind(bind, MYSQL_TYPE_STRING, place, size, length, nil)
                                case .bytes: unsafe coffer_bind(bind, MYSQL_TYPE_BLOB, place, size, length, nil)
                                }
                                offset += Int(size)
                            }
                            return unsafe body(binds.baseAddress)
                        }
                    }
                }
            }
        }
    }

    /// Where the client puts the values of a row.
    @safe
    private final class ColumnBuffers {
        let kinds: [StoredValue.Kind]
        let binds: UnsafeMutablePointer<MYSQL_BIND>
        private let memory: UnsafeMutableRawBufferPointer
        private let lengths: UnsafeMutablePointer<UInt>
        private let nulls: UnsafeMutablePointer<my_bool>
        private let size: Int

        init(_ kinds: [StoredValue.Kind], bytes size: Int) {
            self.kinds = kinds
            self.size = size
            let count = max(kinds.count, 1)
            unsafe memory = .allocate(byteCount: count * size, alignment: 16)
            unsafe lengths = .allocate(capacity: count)
            unsafe lengths.initialize(repeating: 0, count: count)
            unsafe nulls = .allocate(capacity: count)
            unsafe nulls.initialize(repeating: 0, count: count)
            unsafe binds = .allocate(capacity: count)
            for (column, kind) in kinds.enumerated() {
                let type = kind == .integer ? MYSQL_TYPE_LONGLONG : MYSQL_TYPE_BLOB
                unsafe coffer_bind(
                    binds + column, type, memory.baseAddress.map { unsafe $0 + column * size },
                    UInt(kind == .integer ? 8 : size), lengths + column, nulls + column)
            }
        }

        deinit {
            unsafe memory.deallocate()
            unsafe lengths.deallocate()
            unsafe nulls.deallocate()
            unsafe binds.deallocate()
        }

        func isNull(_ column: Int) -> Bool { unsafe nulls[column] != 0 }
        func length(_ column: Int) -> Int { unsafe Int(lengths[column]) }
        func integer(_ column: Int) -> Int64 {
            unsafe memory.load(fromByteOffset: column * size, as: Int64.self)
        }
        func bytes(_ column: Int, _ count: Int) -> [UInt8] {
            unsafe Array(memory[column * size..<column * size + count])
        }
    }
#endif
