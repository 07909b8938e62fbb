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
        var begun: (position: Int, migration: Migration)?
        let isWhole = try together(transaction) { () throws(StorageError) in
            let position = try appliedCount(transaction, checkedAgainst: migrations)
            guard let migration = migrations.dropFirst(position).first else { return true }
            if connection.dialect.rollsBackSchema {
                for statement in migration.steps.flatMap(schema.statements) { try connection.execute(statement.sql) }
                try record(migration, at: Int64(position), transaction)
            } else {
                begun = (position, migration)
            }
            return false
        }
        if let begun { try applyStepwise(begun.migration, at: begun.position, schema, transaction) }
        return isWhole
    }

    private func applyStepwise(
        _ migration: Migration, at position: Int, _ schema: SQLSchema, _ transaction: SQLTransaction
    ) throws(StorageError) {
        // Below zero, where no applied one is.
        let mark = Int64(-1 - position)
        let statements = migration.steps.flatMap(schema.statements)
        try together(transaction) { () throws(StorageError) in
            if try transaction.count(Self.table, where: [Self.position == mark]) > 0 { return }
            for statement in statements where try connection.has(statement.makes) {
                throw StorageError(.schema, "\(statement.makes) is there, and no migration made it")
            }
            try record(migration, at: mark, transaction)
        }
        for statement in statements where try !connection.has(statement.makes) {
            try connection.execute(statement.sql)
        }
        try together(transaction) { () throws(StorageError) in
            try transaction.delete(from: Self.table, where: [Self.position == mark])
            try record(migration, at: Int64(position), transaction)
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

    private func appliedCount(
        _ transaction: SQLTransaction, checkedAgainst migrations: [Migration]
    ) throws(StorageError) -> Int {
        var applied: [(name: String, fingerprint: String)] = []
        let rows = try transaction.select(
            Query(Self.table, where: [Self.position >= 0], order: [.ascending(Self.position)]))
        for row in rows {
            applied.append((try row.get(Self.name), try row.get(Self.fingerprint)))
        }
        try MigrationPlan.check(applied: applied, wanted: migrations)
        return applied.count
    }

    private var integerType: String { connection.dialect.columnType(Self.position.definition, 8) }
    private var textType: String { connection.dialect.columnType(Self.name.definition, nil) }
}
