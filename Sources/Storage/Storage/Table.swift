/// A column with the Swift type of its values.
public struct Column<Value: Storable>: Sendable, ColumnReference {
    /// The name in the schema.
    public let name: String

    public init(_ name: String) {
        self.name = name
    }

    public var definition: ColumnDefinition {
        ColumnDefinition(
            name: name, kind: Value.kind, isNullable: Value.isNullable, sizeBytes: Value.sizeBytes)
    }

    /// The column set to `value`, for an insert or an update.
    // Inlinable, so that the type is known where it is called: each value that is written comes through here.
    @inlinable
    public func set(_ value: Value) -> Assignment {
        Assignment(column: name, value: value.stored)
    }

    public static func == (column: Self, value: Value) -> Term {
        Term(column: column.name, comparison: value.stored == .null ? .isNull : .equal(value.stored))
    }
    public static func < (column: Self, value: Value) -> Term {
        Term(column: column.name, comparison: .less(value.stored))
    }
    public static func <= (column: Self, value: Value) -> Term {
        Term(column: column.name, comparison: .lessOrEqual(value.stored))
    }
    public static func > (column: Self, value: Value) -> Term {
        Term(column: column.name, comparison: .greater(value.stored))
    }
    public static func >= (column: Self, value: Value) -> Term {
        Term(column: column.name, comparison: .greaterOrEqual(value.stored))
    }
    /// True for any of `values`, at most ``Term/valuesMax``; an empty list matches nothing.
    public func isIn(_ values: [Value]) -> Term {
        Term(column: name, comparison: .oneOf(values.map(\.stored)))
    }
    /// True where the column is null.
    public var isNull: Term { Term(column: name, comparison: .isNull) }
    /// True where the column is not null.
    public var isNotNull: Term { Term(column: name, comparison: .isNotNull) }
}

/// What a table needs to know of a column, whatever its Swift type.
public protocol ColumnReference: Sendable {
    var name: String { get }
    var definition: ColumnDefinition { get }
}

/// A column as the schema sees it.
public struct ColumnDefinition: Sendable, Hashable {
    public let name: String
    public let kind: StoredValue.Kind
    public let isNullable: Bool
    /// The exact size of its bytes, checked by the schema; `nil` for any.
    public let sizeBytes: Int?
}

/// A rule that the schema holds, in memory as in a database.
///
/// Money invariants are checks and unique indexes, never code alone: whoever writes past the code meets them too.
public enum Check: Sendable, Hashable {
    /// The text is one of these.
    case oneOf(column: String, values: [String])
    /// The integer lies in this range.
    case range(column: String, ClosedRange<Int64>)
    /// The first column never exceeds the second (both bytes or both integers).
    case lessOrEqual(String, String)
    /// The two columns differ; a null differs from everything.
    case different(String, String)
    /// The bytes are not all zero: an amount is positive. The column's bytes have an exact size.
    case notZero(column: String)
}

/// A named list of columns.
public struct Index: Sendable, Hashable {
    public let name: String
    public let columns: [String]
    /// Rows with a null here are left out, where the engine can do so: they cost nothing when they are written, and only
    /// queries that compare the column use the index.
    public let presentColumn: String?

    public init(_ name: String, _ columns: [any ColumnReference], wherePresent present: (any ColumnReference)? = nil) {
        self.name = name
        self.columns = columns.map(\.name)
        presentColumn = present?.name
    }
}

/// The shape of a table: the same value creates it in a database, checks it in memory, and names it in queries.
///
/// ```swift
/// enum Notes {
///     static let id = Column<SortableID>("id")
///     static let text = Column<String>("text")
///     static let table = Table("notes", [id, text], primaryKey: [id])
/// }
/// ```
public struct Table: Sendable, Hashable {
    public let name: String
    public let columns: [ColumnDefinition]
    public let primaryKey: [String]
    public let uniques: [Index]
    public let indexes: [Index]
    public let checks: [Check]
    /// The integer key that the store counts up by itself; then it is the whole primary key.
    public let sequence: String?

    /// A table with its own key.
    public init(
        _ name: String, _ columns: [any ColumnReference], primaryKey: [any ColumnReference], uniques: [Index] = [],
        indexes: [Index] = [], checks: [Check] = []
    ) {
        precondition(!primaryKey.isEmpty, "a table has a primary key")
        self.name = name
        self.columns = columns.map(\.definition)
        self.primaryKey = primaryKey.map(\.name)
        self.uniques = uniques
        self.indexes = indexes
        self.checks = checks
        self.sequence = nil
        checkDefinitions()
    }

    /// A table whose first column is numbered 1, 2, 3 … by the store, in the order of commits on one writer.
    public init(
        _ name: String, sequence: Column<Int64>, _ columns: [any ColumnReference], uniques: [Index] = [],
        indexes: [Index] = [], checks: [Check] = []
    ) {
        self.name = name
        self.columns = [sequence.definition] + columns.map(\.definition)
        self.primaryKey = [sequence.name]
        self.uniques = uniques
        self.indexes = indexes
        self.checks = checks
        self.sequence = sequence.name
        checkDefinitions()
    }

    private func checkDefinitions() {
        for case .notZero(let name) in checks {
            precondition(
                columns.contains { $0.name == name && $0.sizeBytes != nil },
                "\(self.name).\(name) has an exact size, so that its zero is known")
        }
    }
}
