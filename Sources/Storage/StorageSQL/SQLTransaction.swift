import Storage

/// Turns the store's words into SQL on one connection.
///
/// Only table and column names of the schema ever become part of a
/// statement; every value is a parameter.
final class SQLTransaction: WriteTransaction {
    let connection: any SQLConnection
    /// Whether the current unit of work has changed anything.
    private(set) var hasWritten = false
    /// Why the whole group can't go on; the engine may have rolled it back by itself, so that every further statement
    /// would be a commit of its own.
    private(set) var failure: StorageError?
    /// Whether a refused statement has spoiled the transaction, so that the unit must run again with
    /// ``guardsStatements``.
    private(set) var isSpoiled = false
    /// Whether each statement gets a savepoint, so that a refused one spoils nothing.
    ///
    /// Three statements for one: only for the unit that needs it.
    var guardsStatements = false
    private var inserts: [String: (columns: Int, sql: String)] = [:]
    private var selects: [String: (sql: String, kinds: [StoredValue.Kind])] = [:]

    init(connection: any SQLConnection) {
        self.connection = connection
    }

    func beginGroup() {
        failure = nil
        isSpoiled = false
        guardsStatements = false
    }

    func beginUnit() {
        hasWritten = false
        isSpoiled = false
    }

    @discardableResult
    func insert(into table: Table, _ values: [Assignment]) throws(StorageError) -> Int64 {
        let skipped = table.sequence == nil ? 0 : 1
        precondition(values.count + skipped == table.columns.count, "an insert names every column of \(table.name)")
        var parameters: [StoredValue] = []
        parameters.reserveCapacity(values.count)
        for (position, assignment) in values.enumerated() {
            precondition(
                table.columns[position + skipped].name == assignment.column,
                "\(table.name): \(assignment.column) is out of order")
            try Self.check(assignment.value, for: table.columns[position + skipped], table)
            parameters.append(assignment.value)
        }
        hasWritten = true
        do throws(StorageError) {
            if table.sequence != nil, connection.dialect.returnsSequence {
                let rows = try query(insertStatement(table), parameters, kinds: [.integer])
                guard case .integer(let number)? = rows.first?.first else {
                    throw StorageError(.corrupt, "an insert into \(table.name) returned no number")
                }
                return number
            }
            _ = try run(insertStatement(table), parameters)
        } catch {
            throw named(error, table)
        }
        return table.sequence == nil ? 0 : connection.lastSequence
    }

    @discardableResult
    func update(_ table: Table, set values: [Assignment], where terms: [Term]) throws(StorageError) -> Int {
        precondition(!values.isEmpty, "an update sets at least one column")
        var sql = "UPDATE \(table.name) SET "
        var parameters: [StoredValue] = []
        for (position, assignment) in values.enumerated() {
            if let column = table.columns.first(where: { $0.name == assignment.column }) {
                try Self.check(assignment.value, for: column, table)
            }
            if position > 0 { sql += ", " }
            sql += assignment.column
            sql += " = ?"
            parameters.append(assignment.value)
        }
        try append(terms, to: &sql, &parameters)
        hasWritten = true
        do {
            return try run(sql, parameters)
        } catch {
            throw named(error, table)
        }
    }

    @discardableResult
    func delete(from table: Table, where terms: [Term]) throws(StorageError) -> Int {
        var sql = "DELETE FROM \(table.name)"
        var parameters: [StoredValue] = []
        try append(terms, to: &sql, &parameters)
        hasWritten = true
        return try run(sql, parameters)
    }

    func select(_ query: Query) throws(StorageError) -> [Row] {
        let (statement, kinds) = selectStatement(query.table)
        var sql = statement
        var parameters: [StoredValue] = []
        try append(query.terms, to: &sql, &parameters)
        for (position, ordering) in query.totalOrder.enumerated() {
            sql += position == 0 ? " ORDER BY " : ", "
            sql += ordering.column
            if ordering.isDescending { sql += " DESC" }
            if connection.dialect.spellsNullOrder, isNullable(ordering.column, query.table) {
                sql += ordering.isDescending ? " NULLS LAST" : " NULLS FIRST"
            }
        }
        if let limit = query.limit {
            sql += " LIMIT ?"
            parameters.append(.integer(Int64(limit)))
        }
        let rows = try self.query(sql, parameters, kinds: kinds)
        return rows.map { Row(table: query.table, values: $0) }
    }

    func count(_ table: Table, where terms: [Term]) throws(StorageError) -> Int {
        var sql = "SELECT COUNT(*) FROM \(table.name)"
        var parameters: [StoredValue] = []
        try append(terms, to: &sql, &parameters)
        guard case .integer(let count)? = try query(sql, parameters, kinds: [.integer]).first?.first else {
            throw StorageError(.corrupt, "COUNT(*) of \(table.name) is no number")
        }
        return Int(count)
    }

    func counts(_ table: Table, by column: String, where terms: [Term]) throws(StorageError) -> [StoredValue: Int] {
        var sql = "SELECT \(column), COUNT(*) FROM \(table.name)"
        var parameters: [StoredValue] = []
        try append(terms, to: &sql, &parameters)
        sql += " GROUP BY \(column)"
        var counts: [StoredValue: Int] = [:]
        let kind = table.columns.first { $0.name == column }?.kind ?? .bytes
        for row in try query(sql, parameters, kinds: [kind, .integer]) {
            guard case .integer(let count) = row[1] else { continue }
            counts[row[0]] = Int(count)
        }
        return counts
    }

    private func run(_ sql: String, _ parameters: [StoredValue]) throws(StorageError) -> Int {
        try guarded { () throws(StorageError) in try connection.run(sql, parameters) }
    }

    private func query(
        _ sql: String, _ parameters: [StoredValue], kinds: [StoredValue.Kind]
    ) throws(StorageError) -> [[StoredValue]] {
        try guarded { () throws(StorageError) in try connection.query(sql, parameters, kinds: kinds) }
    }

    private func guarded<Result>(_ body: () throws(StorageError) -> Result) throws(StorageError) -> Result {
        if let failure { throw failure }
        // Another code than the first one: a body that tries until a rule holds must come to its end.
        if isSpoiled { throw StorageError(.busy, "the unit of work will run again") }
        do {
            guard guardsStatements else { return try body() }
            try connection.execute("SAVEPOINT statement")
            let result = try body()
            try connection.execute("RELEASE SAVEPOINT statement")
            return result
        } catch {
            if guardsStatements, connection.isInTransaction {
                try? connection.execute("ROLLBACK TO SAVEPOINT statement")
            }
            throw noted(error)
        }
    }

    private func noted(_ error: StorageError) -> StorageError {
        if error.code == .inputOutput || !connection.isInTransaction {
            failure = error
        } else if connection.isTransactionSpoiled {
            isSpoiled = true
        }
        return error
    }

    /// An engine may take text for bytes or turn one into a number without a word.
    private static func check(
        _ value: StoredValue, for column: ColumnDefinition, _ table: Table
    ) throws(StorageError) {
        guard let kind = value.kind, kind != column.kind else { return }
        throw StorageError(.checkViolation, "\(table.name).\(column.name) is not \(column.kind)")
    }

    private func isNullable(_ column: String, _ table: Table) -> Bool {
        table.columns.contains { $0.name == column && $0.isNullable }
    }

    /// An engine that names a violated rule by its columns gets the rule's name here.
    private func named(_ error: StorageError, _ table: Table) -> StorageError {
        guard error.code == .uniqueViolation, let columns = error.constraint else { return error }
        let unique = table.uniques.first { $0.columns.joined(separator: ",") == columns }
        let isKey =
            table.primaryKey.joined(separator: ",") == columns
            || connection.dialect.primaryKeyName(table.name) == columns
        return StorageError(
            .uniqueViolation, error.message, constraint: unique?.name ?? (isKey ? table.name : columns),
            cause: error.cause)
    }

    private func selectStatement(_ table: Table) -> (sql: String, kinds: [StoredValue.Kind]) {
        if let known = selects[table.name], known.kinds.count == table.columns.count { return known }
        let sql = "SELECT \(table.columns.map(\.name).joined(separator: ", ")) FROM \(table.name)"
        let statement = (sql, table.columns.map(\.kind))
        selects[table.name] = statement
        return statement
    }

    private func insertStatement(_ table: Table) -> String {
        // A table that has got a column since has another statement.
        if let known = inserts[table.name], known.columns == table.columns.count { return known.sql }
        let columns = table.columns.map(\.name).filter { $0 != table.sequence }
        let marks = columns.map { _ in "?" }.joined(separator: ", ")
        var sql = "INSERT INTO \(table.name) (\(columns.joined(separator: ", "))) VALUES (\(marks))"
        if let sequence = table.sequence, connection.dialect.returnsSequence { sql += " RETURNING \(sequence)" }
        inserts[table.name] = (table.columns.count, sql)
        return sql
    }

    private func append(_ terms: [Term], to sql: inout String, _ parameters: inout [StoredValue]) throws(StorageError) {
        try Query.checkSize(of: terms)
        for (position, term) in terms.enumerated() {
            sql += position == 0 ? " WHERE " : " AND "
            sql += term.column
            switch term.comparison {
            case .equal(let value):
                sql += " = ?"
                parameters.append(value)
            case .less(let value):
                sql += " < ?"
                parameters.append(value)
            case .lessOrEqual(let value):
                sql += " <= ?"
                parameters.append(value)
            case .greater(let value):
                sql += " > ?"
                parameters.append(value)
            case .greaterOrEqual(let value):
                sql += " >= ?"
                parameters.append(value)
            case .oneOf(let values):
                // An empty list is spelled so that it matches nothing in every engine.
                guard let last = values.last else {
                    sql += " IN (NULL)"
                    continue
                }
                // Filled up to a power of two, so that a few prepared statements serve lists of all lengths.
                let count = values.count <= 1 ? 1 : 1 << (Int.bitWidth - (values.count - 1).leadingZeroBitCount)
                sql += " IN (?\(String(repeating: ", ?", count: count - 1)))"
                parameters += values
                parameters += repeatElement(last, count: count - values.count)
            case .isNull: sql += " IS NULL"
            case .isNotNull: sql += " IS NOT NULL"
            }
        }
    }
}
