import Storage

/// Applies migrations in one transaction each and keeps what was applied.
struct SQLMigrator {
    private static let name = Column<String>("name")
    private static let position = Column<Int64>("position")
    private static let fingerprint = Column<String>("fingerprint")
    private static let table = Table("schema_migrations", [position, name, fingerprint], primaryKey: [position])

    let connection: any SQLConnection

    func apply(_ migrations: [Migration]) throws(StorageError) {
        let schema = SQLSchema(dialect: connection.dialect)
        let transaction = SQLTransaction(connection: connection)
        try connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_migrations (position \(integerType) PRIMARY KEY, name \(textType) NOT NULL, fingerprint \(textType) NOT NULL)"
        )
        // What is applied is read inside the transaction: two processes may start at once.
        while true {
            try connection.execute(connection.dialect.begin)
            transaction.beginGroup()
            do {
                let position = try appliedCount(transaction, checkedAgainst: migrations)
                guard let migration = migrations.dropFirst(position).first else {
                    try connection.execute("COMMIT")
                    return
                }
                for statement in migration.steps.flatMap(schema.statements) { try connection.execute(statement) }
                try transaction.insert(
                    into: Self.table,
                    [
                        Self.position.set(Int64(position)), Self.name.set(migration.name),
                        Self.fingerprint.set(migration.fingerprint),
                    ])
                try connection.execute("COMMIT")
            } catch {
                try? connection.execute("ROLLBACK")
                throw error
            }
        }
    }

    private func appliedCount(
        _ transaction: SQLTransaction, checkedAgainst migrations: [Migration]
    ) throws(StorageError) -> Int {
        var applied: [(name: String, fingerprint: String)] = []
        for row in try transaction.select(Query(Self.table, order: [.ascending(Self.position)])) {
            applied.append((try row.get(Self.name), try row.get(Self.fingerprint)))
        }
        try MigrationPlan.check(applied: applied, wanted: migrations)
        return applied.count
    }

    private var integerType: String { connection.dialect.columnType(Self.position.definition, true) }
    private var textType: String { connection.dialect.columnType(Self.name.definition, false) }
}
