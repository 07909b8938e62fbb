public import Storage

/// One connection to an SQL engine, used by one thread at a time.
///
/// A driver is this protocol and nothing else: everything above it is written once, in this module.
public protocol SQLConnection: AnyObject {
    /// How the engine spells things.
    var dialect: SQLDialect { get }

    /// Runs a statement without parameters or rows.
    func execute(_ sql: String) throws(StorageError)

    /// Runs a statement with `?` parameters and returns the number of rows it changed. The statement is prepared once
    /// and kept.
    func run(_ sql: String, _ parameters: [StoredValue]) throws(StorageError) -> Int

    /// The rows of a query with `?` parameters, each with `columns` values. The statement is prepared once and kept.
    func query(_ sql: String, _ parameters: [StoredValue], columns: Int) throws(StorageError) -> [[StoredValue]]

    /// Whether the transaction that was begun is still there: some engines roll back by themselves, on a full disk for
    /// example.
    var isInTransaction: Bool { get }

    /// The number that the last insert got from a sequence.
    var lastSequence: Int64 { get }

    /// A consistent copy of the database in a new file, on the disk when it returns. Runs on a reading connection.
    func backup(to path: String) throws(StorageError)

    /// Ends the connection; nothing else is called afterwards.
    func close()
}

/// What differs between SQL engines.
public struct SQLDialect: Sendable {
    /// The column type for a definition; `isKey` where an index needs a bounded size.
    public let columnType: @Sendable (_ column: ColumnDefinition, _ isKey: Bool) -> String
    /// The type of a self-numbering primary key.
    public let sequenceType: String
    /// What follows a table's closing parenthesis.
    public let tableSuffix: @Sendable (Table) -> String
    /// The function that gives a value's length in bytes.
    public let lengthFunction: String
    /// Starts a unit of work that will write.
    public let begin: String

    public init(
        columnType: @escaping @Sendable (ColumnDefinition, Bool) -> String, sequenceType: String,
        tableSuffix: @escaping @Sendable (Table) -> String, lengthFunction: String, begin: String
    ) {
        self.columnType = columnType
        self.sequenceType = sequenceType
        self.tableSuffix = tableSuffix
        self.lengthFunction = lengthFunction
        self.begin = begin
    }
}
