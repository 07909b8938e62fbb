import Storage

/// Changes rows on their way into a store.
struct TamperingStore: Store {
    let base: any Store
    var insert: @Sendable (Table, [Assignment]) -> [Assignment]? = { $1 }
    var update: @Sendable (Table, [Assignment]) -> [Assignment] = { $1 }

    func write<Result: Sendable>(
        _ body: @escaping @Sendable (any WriteTransaction) throws -> Result
    ) async throws -> Result {
        try await base.write { tx in
            try body(TamperingTransaction(base: tx, insert: insert, update: update))
        }
    }
    func read<Result: Sendable>(
        _ body: @escaping @Sendable (any ReadTransaction) throws -> Result
    ) async throws -> Result { try await base.read(body) }
    func migrate(_ migrations: [Migration]) async throws { try await base.migrate(migrations) }
    func backup(to path: String) async throws { try await base.backup(to: path) }
    func close() async {}
}

private final class TamperingTransaction: WriteTransaction {
    private let base: any WriteTransaction
    private let change: (Table, [Assignment]) -> [Assignment]?
    private let alter: (Table, [Assignment]) -> [Assignment]

    init(
        base: any WriteTransaction, insert: @escaping (Table, [Assignment]) -> [Assignment]?,
        update: @escaping (Table, [Assignment]) -> [Assignment]
    ) {
        self.base = base
        change = insert
        alter = update
    }

    func select(_ query: Query) throws(StorageError) -> [Row] { try base.select(query) }
    func count(_ table: Table, where terms: [Term]) throws(StorageError) -> Int { try base.count(table, where: terms) }
    func counts(_ table: Table, by column: String, where terms: [Term]) throws(StorageError) -> [StoredValue: Int] {
        try base.counts(table, by: column, where: terms)
    }
    func insert(into table: Table, _ values: [Assignment]) throws(StorageError) -> Int64 {
        guard let values = change(table, values) else { return 0 }
        return try base.insert(into: table, values)
    }
    func update(_ table: Table, set values: [Assignment], where terms: [Term]) throws(StorageError) -> Int {
        let values = alter(table, values)
        return values.isEmpty ? try base.count(table, where: terms) : try base.update(table, set: values, where: terms)
    }
    func delete(from table: Table, where terms: [Term]) throws(StorageError) -> Int {
        try base.delete(from: table, where: terms)
    }
}
