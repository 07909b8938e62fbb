/// Reads rows inside one consistent view.
public protocol ReadTransaction: AnyObject {
    /// The rows of a query.
    func select(_ query: Query) throws(StorageError) -> [Row]
    /// How many rows satisfy the terms.
    func count(_ table: Table, where terms: [Term]) throws(StorageError) -> Int
    /// How many rows there are for each value of a column.
    func counts(_ table: Table, by column: String, where terms: [Term]) throws(StorageError) -> [StoredValue: Int]
}

extension ReadTransaction {
    /// The first row of a query.
    public func first(_ query: Query) throws(StorageError) -> Row? {
        try select(Query(query.table, where: query.terms, order: query.order, limit: 1)).first
    }
}

/// Reads and writes rows; all of it is stored or nothing.
///
/// A row refused by the schema (`uniqueViolation`, `checkViolation`) changes nothing, and the unit of work may catch the
/// error and go on. After a failure of the engine itself (`full`, `inputOutput` …) every further call throws it again and
/// nothing of the unit is stored, caught or not.
public protocol WriteTransaction: ReadTransaction {
    /// Adds a row. `values` names every column in the table's order, without the sequence column.
    ///
    /// - Returns: the row's number in a table with a sequence, else 0.
    /// - Throws: `uniqueViolation`, `checkViolation`.
    @discardableResult
    func insert(into table: Table, _ values: [Assignment]) throws(StorageError) -> Int64

    /// Changes the rows that satisfy the terms.
    ///
    /// - Returns: how many rows were changed: a guarded update that returns 0 met another state.
    @discardableResult
    func update(_ table: Table, set values: [Assignment], where terms: [Term]) throws(StorageError) -> Int

    /// Removes the rows that satisfy the terms and returns how many there were.
    @discardableResult
    func delete(from table: Table, where terms: [Term]) throws(StorageError) -> Int
}

/// Keeps rows: units of work in, committed state out.
///
/// ```swift
/// let id = try await store.write { tx in
///     try tx.insert(into: Notes.table, [Notes.id.set(id), Notes.text.set("hello")])
///     return id
/// }
/// ```
/// When `write` returns, the unit of work is on the disk. Many units share one commit. A unit of work runs on the
/// store's own thread and must not wait for anything; it may run more than once before it is stored once (when a neighbour
/// in the same commit fails, or a server goes away), so it has no effect but its writes and its result.
public protocol Store: Sendable {
    /// Runs a unit of work and answers after its commit; when `body` throws, nothing of it is stored.
    @discardableResult
    func write<Result: Sendable>(
        _ body: @escaping @Sendable (any WriteTransaction) throws -> Result
    ) async throws -> Result

    /// Reads one consistent view.
    func read<Result: Sendable>(
        _ body: @escaping @Sendable (any ReadTransaction) throws -> Result
    ) async throws -> Result

    /// Applies the migrations that are missing, in order.
    ///
    /// - Throws: code `schema` when an applied migration is unknown or differs: the database belongs to a newer or
    ///   another program, and is left untouched.
    func migrate(_ migrations: [Migration]) async throws

    /// A consistent copy of the whole store in a new file.
    func backup(to path: String) async throws

    /// Finishes what is queued, then refuses everything.
    func close() async
}
