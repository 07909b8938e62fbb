public import Storage

/// One connection to an SQL engine, used by one thread at a time.
///
/// A driver is this protocol and nothing else: everything above it is written once, in this module. A connection to a
/// server connects anew by itself, in `beginWriting` and `beginReading` alone: there nothing is lost.
public protocol SQLConnection: AnyObject {
    /// How the engine spells things.
    var dialect: SQLDialect { get }

    /// Starts a transaction that will write; nobody else writes until it ends.
    ///
    /// - Throws: `busy` when others keep the lock too long, `unavailable` when the server can't be reached.
    func beginWriting() throws(StorageError)

    /// Starts a transaction that sees one consistent view and writes nothing.
    func beginReading() throws(StorageError)

    /// Stores the transaction.
    ///
    /// - Throws: `outcomeUnknown` when the answer was lost.
    func commit() throws(StorageError)

    /// Ends the transaction and keeps nothing of it; without one it may fail.
    func rollback() throws(StorageError)

    /// Makes sure that no other process changes the schema before ``endMigration()``, and allows for slow statements.
    func beginMigration() throws(StorageError)

    /// Ends what ``beginMigration()`` began.
    func endMigration()

    /// Whether a table, an index or a column is there; asked where schema changes can't be rolled back.
    func has(_ object: SQLObject) throws(StorageError) -> Bool

    /// Runs a statement without parameters or rows.
    func execute(_ sql: String) throws(StorageError)

    /// Runs a statement with `?` parameters and returns the number of rows it met. The statement is prepared once and
    /// kept.
    func run(_ sql: String, _ parameters: [StoredValue]) throws(StorageError) -> Int

    /// The rows of a query with `?` parameters, each with a value of one of the `kinds`, or null. The statement is
    /// prepared once and kept.
    func query(_ sql: String, _ parameters: [StoredValue], kinds: [StoredValue.Kind]) throws(StorageError)
        -> [[StoredValue]]

    /// Whether the transaction that was begun is still there: some engines roll back by themselves, on a full disk for
    /// example, and a connection that broke takes its transaction along.
    var isInTransaction: Bool { get }

    /// Whether a refused statement has spoiled the transaction: until it is rolled back, to a savepoint at least, the
    /// engine refuses everything.
    var isTransactionSpoiled: Bool { get }

    /// Whether the server still listens, as far as is known.
    var isConnected: Bool { get }

    /// The number that the last insert got from a sequence; not asked where ``SQLDialect/returnsSequence``.
    var lastSequence: Int64 { get }

    /// A consistent copy of the database in a new file, on the disk when it returns. Runs on a reading connection.
    func backup(to path: String) throws(StorageError)

    /// Ends the connection; nothing else is called afterwards.
    func close()
}

// What an embedded engine has no use for.
extension SQLConnection {
    public func beginMigration() throws(StorageError) {}
    public func endMigration() {}
    public func has(_ object: SQLObject) throws(StorageError) -> Bool { false }
    public var isTransactionSpoiled: Bool { false }
    public var isConnected: Bool { true }
}

/// Something that a migration makes.
public enum SQLObject: Sendable, Hashable, CustomStringConvertible {
    case table(String)
    case index(table: String, name: String)
    case column(table: String, name: String)

    public var description: String {
        switch self {
        case .table(let name): "table \(name)"
        case .index(let table, let name): "index \(name) of \(table)"
        case .column(let table, let name): "column \(table).\(name)"
        }
    }
}

/// What differs between SQL engines.
public struct SQLDialect: Sendable {
    /// The column type for a definition.
    ///
    /// `keyBytes` is the size that an index leaves it, `nil` where no index of the table names it.
    public let columnType: @Sendable (_ column: ColumnDefinition, _ keyBytes: Int?) -> String
    /// The type of a self-numbering primary key.
    public let sequenceType: String
    /// What follows a table's closing parenthesis.
    public let tableSuffix: @Sendable (Table) -> String
    /// The function that gives a value's length in bytes.
    public let lengthFunction: String
    /// A literal of the bytes that are written in hex.
    public let bytesLiteral: @Sendable (_ hex: String) -> String
    /// How many bytes the columns of one index have together at most.
    public let indexBytesMax: Int
    /// What follows a column without a bounded size in an index that was added later.
    public let unboundedIndexSuffix: String
    /// Whether an index can leave out rows.
    public let hasPartialIndexes: Bool
    /// Whether an order must say that nulls are the smallest values.
    public let spellsNullOrder: Bool
    /// Whether an insert returns its number as a row, `RETURNING …`.
    public let returnsSequence: Bool
    /// Whether a rollback undoes changes of the schema as well.
    public let rollsBackSchema: Bool
    /// What the engine calls a table's primary key when a row violates it.
    public let primaryKeyName: @Sendable (_ table: String) -> String

    public init(
        columnType: @escaping @Sendable (ColumnDefinition, Int?) -> String, sequenceType: String,
        tableSuffix: @escaping @Sendable (Table) -> String, lengthFunction: String,
        bytesLiteral: @escaping @Sendable (String) -> String = { "X'\($0)'" }, indexBytesMax: Int = .max,
        unboundedIndexSuffix: String = "", hasPartialIndexes: Bool = true, spellsNullOrder: Bool = false,
        returnsSequence: Bool = false, rollsBackSchema: Bool = true,
        primaryKeyName: @escaping @Sendable (String) -> String = { $0 }
    ) {
        self.columnType = columnType
        self.sequenceType = sequenceType
        self.tableSuffix = tableSuffix
        self.lengthFunction = lengthFunction
        self.bytesLiteral = bytesLiteral
        self.indexBytesMax = indexBytesMax
        self.unboundedIndexSuffix = unboundedIndexSuffix
        self.hasPartialIndexes = hasPartialIndexes
        self.spellsNullOrder = spellsNullOrder
        self.returnsSequence = returnsSequence
        self.rollsBackSchema = rollsBackSchema
        self.primaryKeyName = primaryKeyName
    }
}
