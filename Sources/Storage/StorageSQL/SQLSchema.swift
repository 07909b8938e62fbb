import Storage

/// Renders tables, indexes and checks for one dialect.
struct SQLSchema {
    let dialect: SQLDialect

    func statements(for step: Migration.Step) -> [String] {
        switch step {
        case .createTable(let table): [create(table)] + table.indexes.map { index($0, on: table.name, unique: false) }
        case .addIndex(let table, let added): [index(added, on: table, unique: false)]
        case .addColumn(let table, let column):
            ["ALTER TABLE \(table) ADD COLUMN \(column.name) \(dialect.columnType(column, false))\(size(column))"]
        }
    }

    private func size(_ column: ColumnDefinition) -> String {
        column.sizeBytes.map { " CHECK (\(dialect.lengthFunction)(\(column.name)) = \($0))" } ?? ""
    }

    private func create(_ table: Table) -> String {
        let indexed = Set(table.primaryKey + (table.uniques + table.indexes).flatMap(\.columns))
        var lines = table.columns.map { column in
            if column.name == table.sequence { return "\(column.name) \(dialect.sequenceType)" }
            let type = dialect.columnType(column, indexed.contains(column.name))
            return "\(column.name) \(type)\(column.isNullable ? "" : " NOT NULL")\(size(column))"
        }
        if table.sequence == nil {
            lines.append("PRIMARY KEY (\(table.primaryKey.joined(separator: ", ")))")
        }
        lines += table.uniques.map { "CONSTRAINT \($0.name) UNIQUE (\($0.columns.joined(separator: ", ")))" }
        lines += table.checks.map { "CHECK (\(condition($0, table)))" }
        return "CREATE TABLE \(table.name) (\n  \(lines.joined(separator: ",\n  "))\n)\(dialect.tableSuffix(table))"
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
            return "\(column) <> X'\(String(repeating: "00", count: size))'"
        }
    }

    private func index(_ index: Index, on table: String, unique: Bool) -> String {
        let present = index.presentColumn.map { " WHERE \($0) IS NOT NULL" } ?? ""
        return "CREATE \(unique ? "UNIQUE " : "")INDEX \(index.name) ON \(table) "
            + "(\(index.columns.joined(separator: ", ")))\(present)"
    }
}
