import Storage

/// Applies migrations one by one and keeps what was applied.
///
/// Each is one transaction where the engine rolls changes of the schema back. Where it doesn't, a row says before which
/// one is being applied, so that after a crash what is there already is known to be ours and the rest is made up for.
struct SQLMigrator {
    private static let name = Column<String>("name")
    private static let position = Column<Int64>("position")
    private static let fingerprint = Column<String>("fingerprint")
    private static let table = Table("schema_migrations", [position, name, fingerprint], primaryKey: [position])

    /// A migration that is to be applied now.
    private struct Next {
        let migration: Migration
        /// In the order of being applied.
        let position: Int64
        /// Where the row stands that says that it was begun: below zero, where no applied one is.
        let mark: Int64
        /// Whether that row is there: what the migration makes may be there as well, and is ours.
        let isMarked: Bool
    }

    let connection: any SQLConnection

    func apply(_ migrations: [Migration]) throws(StorageError) {
        try connection.beginMigration()
        defer { connection.endMigration() }
        let schema = SQLSchema(dialect: connection.dialect, migrations: migrations)
        let transaction = SQLTransaction(connection: connection)
        try together(transaction) { () throws(StorageError) in
            try connection.execute(
                "CREATE TABLE IF NOT EXISTS schema_migrations (position \(integerType) PRIMARY KEY, name \(textType) NOT NULL, fingerprint \(textType) NOT NULL)"
            )
        }
        // What is applied is read inside the transaction: two processes may start at once.
        while try !applyNext(migrations, schema, transaction) {}
    }

    /// `true` when none is missing.
    private func applyNext(
        _ migrations: [Migration], _ schema: SQLSchema, _ transaction: SQLTransaction
    ) throws(StorageError) -> Bool {
        var stepwise: Next?
        let isWhole = try together(transaction) { () throws(StorageError) in
            guard let next = try next(of: migrations, transaction) else { return true }
            if connection.dialect.rollsBackSchema {
                let statements = next.migration.steps.flatMap(schema.statements)
                for statement in statements { try connection.execute(statement.sql) }
                try record(next.migration, at: next.position, transaction)
            } else {
                stepwise = next
            }
            return false
        }
        if let stepwise { try applyStepwise(stepwise, schema, transaction) }
        return isWhole
    }

    private func applyStepwise(
        _ next: Next, _ schema: SQLSchema, _ transaction: SQLTransaction
    ) throws(StorageError) {
        let statements = next.migration.steps.flatMap(schema.statements)
        if !next.isMarked {
            try together(transaction) { () throws(StorageError) in
                for statement in statements where try connection.has(statement.makes) {
                    throw StorageError(.schema, "\(statement.makes) is there, and no migration made it")
                }
                try record(next.migration, at: next.mark, transaction)
            }
        }
        for statement in statements where try !connection.has(statement.makes) {
            try connection.execute(statement.sql)
        }
        try together(transaction) { () throws(StorageError) in
            try transaction.delete(from: Self.table, where: [Self.position == next.mark])
            try record(next.migration, at: next.position, transaction)
        }
    }

    private func together<Result>(
        _ transaction: SQLTransaction, _ body: () throws(StorageError) -> Result
    ) throws(StorageError) -> Result {
        try connection.beginWriting()
        transaction.beginGroup()
        do {
            let result = try body()
            try connection.commit()
            return result
        } catch {
            try? connection.rollback()
            throw error
        }
    }

    private func record(
        _ migration: Migration, at position: Int64, _ transaction: SQLTransaction
    ) throws(StorageError) {
        try transaction.insert(
            into: Self.table,
            [
                Self.position.set(position), Self.name.set(migration.name),
                Self.fingerprint.set(migration.fingerprint),
            ])
    }

    /// The first migration that is missing; nil when none is.
    private func next(of migrations: [Migration], _ transaction: SQLTransaction) throws(StorageError) -> Next? {
        var applied: [(name: String, fingerprint: String)] = []
        var marks: [String: Int64] = [:]
        let rows = try transaction.select(Query(Self.table, order: [.ascending(Self.position)]))
        for row in rows {
            let (position, name) = (try row.get(Self.position), try row.get(Self.name))
            if position < 0 { marks[name] = position } else { applied.append((name, try row.get(Self.fingerprint))) }
        }
        let missing = try MigrationPlan.missing(applied: applied, wanted: migrations)
        if let unknown = marks.keys.first(where: { name in !missing.contains { $0.name == name } }) {
            throw StorageError(
                .schema, "migration \(unknown) was begun by a program that is newer than this one, or by another")
        }
        // What was begun is made whole before anything else.
        guard let migration = missing.first(where: { marks[$0.name] != nil }) ?? missing.first else { return nil }
        let mark = marks[migration.name]
        return Next(
            migration: migration, position: Int64(applied.count), mark: mark ?? -1 - Int64(applied.count),
            isMarked: mark != nil)
    }

    private var integerType: String { connection.dialect.columnType(Self.position.definition, 8) }
    private var textType: String { connection.dialect.columnType(Self.name.definition, nil) }
}
