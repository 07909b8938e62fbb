@testable import Storage

/// Copies every row: a backup and its restoring.
func copy(_ from: any Store, to: any Store, _ migrations: [Migration] = Ground.migrations) async throws {
    for case .createTable(let table) in migrations.flatMap(\.steps) {
        let rows = try await from.read { tx in try tx.select(Query(table)).map(\.values) }
        try await to.write { tx in
            for row in rows {
                let assignments = zip(table.columns, row).map { Assignment(column: $0.0.name, value: $0.1) }
                try tx.insert(into: table, assignments.filter { $0.column != table.sequence })
            }
        }
    }
}

extension Assignment {
    /// A value that no typed column would take.
    static func raw(_ column: String, _ value: StoredValue) -> Assignment { Assignment(column: column, value: value) }
}
