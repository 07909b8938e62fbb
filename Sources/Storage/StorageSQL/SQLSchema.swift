import Storage

/// Renders tables, indexes and checks for one dialect.
struct SQLSchema {
    /// A statement and what it makes.
    struct Statement {
        let sql: String
        let makes: SQLObject
    }

    let dialect: SQLDialect
    /// The columns of all tables that the migrations name: an index that is added later must know them.
    private var columns: [String: [String: ColumnDefinition]] = [:]
    /// Columns that an index has given a bounded size.
    private var bounded: Set<String> = []

    init(dialect: SQLDialect, migrations: [Migration]) {
        self.dialect = dialect
        for step in migrations.flatMap(\.steps) {
            switch step {
            case .createTable(let table):
                for column in table.columns { columns[table.name, default: [:]][column.name] = column }
                for column in Self.indexed(table) { bounded.insert("\(table.name).\(column)") }
            case .addColumn(let table, let column): columns[table, default: [:]][column.name] = column
            case .addIndex: break
            }
        }
    }

    func statements(for step: Migration.Step) -> [Statement] {
        switch step {
        case .createTable(let table): [create(table)] + table.indexes.map { index($0, on: table.name) }
        case .addIndex(let table, let added): [index(added, on: table)]
        case .addColumn(let table, let column):
            [
                Statement(
                    sql: "ALTER TABLE \(table) ADD COLUMN \(column.name) \(dialect.columnType(column, nil))"
                        + size(column),
                    makes: .column(table: table, name: column.name))
            ]
        }
    }

    private static func indexed(_ table: Table) -> Set<String> {
        Set(table.primaryKey + (table.uniques + table.indexes).flatMap(\.columns))
    }

    private func size(_ column: ColumnDefinition) -> String {
        column.sizeBytes.map { " CHECK (\(dialect.lengthFunction)(\(column.name)) = \($0))" } ?? ""
    }

    /// The bytes that the tightest index leaves a column: what the columns of known size don't need, in equal parts.
    private func keyBytes(_ column: ColumnDefinition, in table: Table) -> Int? {
        let lists = ([table.primaryKey] + (table.uniques + table.indexes).map(\.columns))
            .filter { $0.contains(column.name) }
        return lists.map { list in
            let definitions = table.columns.filter { list.contains($0.name) }
            let known = definitions.reduce(0) { $0 + (Self.knownBytes($1) ?? 0) }
            let unknown = definitions.count { Self.knownBytes($0) == nil }
            return (dialect.indexBytesMax - known) / max(unknown, 1)
        }.min()
    }

    private static func knownBytes(_ column: ColumnDefinition) -> Int? {
        column.kind == .integer ? 8 : column.sizeBytes
    }

    private func create(_ table: Table) -> Statement {
        var lines = table.columns.map { column in
            if column.name == table.sequence { return "\(column.name) \(dialect.sequenceType)" }
            let type = dialect.columnType(column, keyBytes(column, in: table))
            return "\(column.name) \(type)\(column.isNullable ? "" : " NOT NULL")\(size(column))"
        }
        if table.sequence == nil {
            lines.append("PRIMARY KEY (\(table.primaryKey.joined(separator: ", ")))")
        }
        lines += table.uniques.map { "CONSTRAINT \($0.name) UNIQUE (\($0.columns.joined(separator: ", ")))" }
        lines += table.checks.map { "CHECK (\(condition($0, table)))" }
        return Statement(
            sql: "CREATE TABLE \(table.name) (\n  \(lines.joined(separator: ",\n  "))\n)\(dialect.tableSuffix(table))",
            makes: .table(table.name))
    }

    private func condition(_ check: Check, _ table: Table) -> String {
        switch check {
        case .oneOf(let column, let values):
            return "\(column) IN (\(values.map { "'\($0)'" }.joined(separator: ", ")))"
        case .range(let column, let range):
            return "\(column) BETWEEN \(range.lowerBound) AND \(range.upperBound)"
        case .lessOrEqual(let first, let second):
            return "\(first) <= \(second)"
        case .different(let first, let second):
            return "\(first) <> \(second)"
        case .notZero(let column):
            let size = table.columns.first { $0.name == column }?.sizeBytes ?? 32
            return "\(column) <> \(dialect.bytesLiteral(String(repeating: "00", count: size)))"
        }
    }

    private func index(_ index: Index, on table: String) -> Statement {
        let present = dialect.hasPartialIndexes ? index.presentColumn.map { " WHERE \($0) IS NOT NULL" } ?? "" : ""
        let parts = index.columns.map { name in
            guard let column = columns[table]?[name] else { return name }
            let isUnbounded = Self.knownBytes(column) == nil && !bounded.contains("\(table).\(name)")
            let order = dialect.spellsNullOrder && column.isNullable ? " NULLS FIRST" : ""
            return name + (isUnbounded ? dialect.unboundedIndexSuffix : "") + order
        }
        return Statement(
            sql: "CREATE INDEX \(index.name) ON \(table) (\(parts.joined(separator: ", ")))\(present)",
            makes: .index(table: table, name: index.name))
    }
}
