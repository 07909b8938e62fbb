/// The rows and the undo log of one ``MemoryStore``.
final class MemoryEngine: WriteTransaction {
    /// A class, so that a look at a table never copies it.
    private final class Rows {
        let table: Table
        var byKey: [[StoredValue]: [StoredValue]] = [:]
        /// For each unique index, its values and the key of the row that has them.
        var byUnique: [String: [[StoredValue]: [StoredValue]]] = [:]
        var lastSequence: Int64 = 0

        init(table: Table) {
            self.table = table
        }
    }

    private enum Undo {
        case inserted(table: String, key: [StoredValue])
        case replaced(table: String, row: [StoredValue])
        case deleted(table: String, row: [StoredValue])
    }

    var isOpen = true
    private var tables: [String: Rows] = [:]
    private var applied: [(name: String, fingerprint: String)] = []
    private var undo: [Undo] = []

    func requireOpen() throws(StorageError) {
        guard isOpen else { throw StorageError(.closed, "the store is closed") }
    }

    func migrate(_ migrations: [Migration]) throws(StorageError) {
        for migration in try MigrationPlan.missing(applied: applied, wanted: migrations) {
            for step in migration.steps {
                switch step {
                case .createTable(let table): tables[table.name] = Rows(table: table)
                case .addIndex: break  // nothing to build: every query looks at every row
                case .addColumn(let table, _):
                    guard let rows = tables[table] else { throw StorageError(.schema, "no table \(table)") }
                    for key in rows.byKey.keys { rows.byKey[key]?.append(.null) }
                }
            }
            applied.append((migration.name, migration.fingerprint))
        }
    }

    func begin() {
        undo.removeAll(keepingCapacity: true)
    }

    func commit() {
        undo.removeAll(keepingCapacity: true)
    }

    func rollback() {
        rollback(to: 0)
    }

    /// Takes back the changes after the first `mark`, newest first.
    private func rollback(to mark: Int) {
        while undo.count > mark, let step = undo.popLast() {
            switch step {
            case .inserted(let table, let key):
                remove(key, from: table)
                if tables[table]?.table.sequence != nil { tables[table]?.lastSequence -= 1 }
            case .replaced(let table, let row):
                if let rows = tables[table] { remove(key(of: row, rows.table), from: table) }
                put(row, into: table)
            case .deleted(let table, let row): put(row, into: table)
            }
        }
    }

    // MARK: Writing

    @discardableResult
    func insert(into table: Table, _ values: [Assignment]) throws(StorageError) -> Int64 {
        let rows = try existing(table)
        var row: [StoredValue] = []
        row.reserveCapacity(table.columns.count)
        let sequence = table.sequence == nil ? 0 : rows.lastSequence + 1
        if table.sequence != nil { row.append(.integer(sequence)) }
        precondition(
            values.count + row.count == table.columns.count, "an insert names every column of \(table.name)")
        for assignment in values {
            precondition(
                table.columns[row.count].name == assignment.column,
                "\(table.name): \(assignment.column) is out of order")
            row.append(assignment.value)
        }
        try table.check(row)
        let key = key(of: row, table)
        guard rows.byKey[key] == nil else {
            throw StorageError(.uniqueViolation, "\(table.name) has this key", constraint: table.name)
        }
        try checkUniques(row, key: key, rows)
        put(row, into: table.name)
        if table.sequence != nil { rows.lastSequence = sequence }
        undo.append(.inserted(table: table.name, key: key))
        return sequence
    }

    @discardableResult
    func update(_ table: Table, set values: [Assignment], where terms: [Term]) throws(StorageError) -> Int {
        precondition(!values.isEmpty, "an update sets at least one column")
        let matching = try rows(of: Query(table, where: terms))
        let mark = undo.count
        for old in matching {
            var row = old
            for assignment in values {
                row[table.position(of: assignment.column)] = assignment.value
            }
            let key = key(of: row, table)
            precondition(key == self.key(of: old, table), "\(table.name): an update never changes the key")
            do {
                try table.check(row)
                try checkUniques(row, key: key, existing(table))
            } catch {
                // A refused statement leaves nothing, even if the unit of work goes on.
                rollback(to: mark)
                throw error
            }
            remove(key, from: table.name)
            put(row, into: table.name)
            undo.append(.replaced(table: table.name, row: old))
        }
        return matching.count
    }

    @discardableResult
    func delete(from table: Table, where terms: [Term]) throws(StorageError) -> Int {
        let matching = try rows(of: Query(table, where: terms))
        for row in matching {
            remove(key(of: row, table), from: table.name)
            undo.append(.deleted(table: table.name, row: row))
        }
        return matching.count
    }

    // MARK: Reading

    func select(_ query: Query) throws(StorageError) -> [Row] {
        try rows(of: query).map { Row(table: query.table, values: $0) }
    }

    func count(_ table: Table, where terms: [Term]) throws(StorageError) -> Int {
        try rows(of: Query(table, where: terms)).count
    }

    func counts(_ table: Table, by column: String, where terms: [Term]) throws(StorageError) -> [StoredValue: Int] {
        let position = table.position(of: column)
        return try rows(of: Query(table, where: terms)).reduce(into: [:]) { $0[$1[position], default: 0] += 1 }
    }

    private func existing(_ table: Table) throws(StorageError) -> Rows {
        guard let rows = tables[table.name] else { throw StorageError(.schema, "no table \(table.name)") }
        return rows
    }

    private func rows(of query: Query) throws(StorageError) -> [[StoredValue]] {
        let table = query.table
        let rows = try existing(table)
        try Query.checkSize(of: query.terms)
        let terms = query.terms.map { (table.position(of: $0.column), $0) }
        func matches(_ row: [StoredValue]) -> Bool { terms.allSatisfy { $1.matches(row[$0]) } }
        let found: [[StoredValue]]
        if let key = equalities(query.terms, over: table.primaryKey) {
            found = rows.byKey[key].map { matches($0) ? [$0] : [] } ?? []
        } else {
            found = rows.byKey.values.filter(matches)
        }
        // Without an order the key decides, so that a simulation runs the same way twice.
        let order =
            query.order.isEmpty
            ? table.primaryKey.map { (table.position(of: $0), false) }
            : query.totalOrder.map { (table.position(of: $0.column), $0.isDescending) }
        func precedes(_ left: [StoredValue], _ right: [StoredValue]) -> Bool {
            for (position, isDescending) in order where left[position] != right[position] {
                return (left[position] < right[position]) != isDescending
            }
            return false
        }
        guard let limit = query.limit, limit < found.count else { return found.sorted(by: precedes) }
        return lowest(limit, of: found, by: precedes)
    }

    /// The first `count` rows of the order, without sorting all the others.
    private func lowest(
        _ count: Int, of rows: [[StoredValue]], by precedes: ([StoredValue], [StoredValue]) -> Bool
    ) -> [[StoredValue]] {
        var lowest: [[StoredValue]] = []
        for row in rows where lowest.count < count || lowest.last.map({ precedes(row, $0) }) == true {
            var (low, high) = (0, lowest.count)
            while low < high {
                let middle = (low + high) / 2
                if precedes(lowest[middle], row) { low = middle + 1 } else { high = middle }
            }
            lowest.insert(row, at: low)
            if lowest.count > count { lowest.removeLast() }
        }
        return lowest
    }

    private func checkUniques(_ row: [StoredValue], key: [StoredValue], _ rows: Rows) throws(StorageError) {
        // The last index first: SQLite's order, where a row violates several.
        for unique in rows.table.uniques.reversed() {
            guard let values = uniqueValues(unique, row, rows.table) else { continue }
            if let holder = rows.byUnique[unique.name]?[values], holder != key {
                throw StorageError(
                    .uniqueViolation, "\(rows.table.name): \(unique.name) is taken", constraint: unique.name)
            }
        }
    }

    /// The index's values; `nil` when one is null, which is distinct from every other null.
    private func uniqueValues(_ unique: Index, _ row: [StoredValue], _ table: Table) -> [StoredValue]? {
        let values = unique.columns.map { row[table.position(of: $0)] }
        return values.contains(.null) ? nil : values
    }

    private func put(_ row: [StoredValue], into name: String) {
        guard let rows = tables[name] else { return }
        let table = rows.table
        let key = key(of: row, table)
        rows.byKey[key] = row
        for unique in table.uniques {
            guard let values = uniqueValues(unique, row, table) else { continue }
            rows.byUnique[unique.name, default: [:]][values] = key
        }
    }

    private func remove(_ key: [StoredValue], from name: String) {
        guard let rows = tables[name], let row = rows.byKey.removeValue(forKey: key) else { return }
        let table = rows.table
        for unique in table.uniques {
            guard let values = uniqueValues(unique, row, table) else { continue }
            rows.byUnique[unique.name]?[values] = nil
        }
    }

    private func key(of row: [StoredValue], _ table: Table) -> [StoredValue] {
        table.primaryKey.map { row[table.position(of: $0)] }
    }

    /// The values that the terms fix for all of `columns`, if they do.
    private func equalities(_ terms: [Term], over columns: [String]) -> [StoredValue]? {
        var values: [StoredValue] = []
        for column in columns {
            guard
                case .equal(let value)? = terms.first(where: {
                    if case .equal = $0.comparison { $0.column == column } else { false }
                })?.comparison
            else { return nil }
            values.append(value)
        }
        return values
    }
}
