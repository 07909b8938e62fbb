/// A column and the value it gets.
public struct Assignment: Sendable, Hashable {
    public let column: String
    public let value: StoredValue

    @usableFromInline
    init(column: String, value: StoredValue) {
        self.column = column
        self.value = value
    }
}

/// One comparison of a column; `column == value` and its relatives make it.
public struct Term: Sendable, Hashable {
    public enum Comparison: Sendable, Hashable {
        case equal(StoredValue)
        case less(StoredValue)
        case lessOrEqual(StoredValue)
        case greater(StoredValue)
        case greaterOrEqual(StoredValue)
        case oneOf([StoredValue])
        case isNull
        case isNotNull
    }

    /// How many values `isIn` may name: half of [SQLite's limit](https://www.sqlite.org/limits.html) on parameters.
    public static let valuesMax = 16_384

    public let column: String
    public let comparison: Comparison

    /// Whether a value in the column satisfies it; null satisfies `isNull` alone, as in SQL.
    public func matches(_ value: StoredValue) -> Bool {
        switch comparison {
        case .isNull: value == .null
        case .isNotNull: value != .null
        case .equal(let other): value != .null && value == other
        case .less(let other): value != .null && other != .null && value < other
        case .lessOrEqual(let other): value != .null && other != .null && value <= other
        case .greater(let other): value != .null && other != .null && value > other
        case .greaterOrEqual(let other): value != .null && other != .null && value >= other
        case .oneOf(let values): value != .null && values.contains(value)
        }
    }
}

/// The order of a query's rows by one column.
public struct Ordering: Sendable, Hashable {
    public let column: String
    public let isDescending: Bool

    public static func ascending(_ column: some ColumnReference) -> Ordering {
        Ordering(column: column.name, isDescending: false)
    }
    public static func descending(_ column: some ColumnReference) -> Ordering {
        Ordering(column: column.name, isDescending: true)
    }
}

/// Rows of one table: all terms hold, in this order, at most so many.
///
/// Rows that are equal in the order follow their primary key, in the direction of the last ordering, so that pages never
/// overlap. Without any order the rows come as they lie.
///
/// ```swift
/// let rows = try tx.select(Query(Notes.table, where: [Notes.text == "x"], order: [.descending(Notes.id)], limit: 50))
/// ```
public struct Query: Sendable, Hashable {
    public let table: Table
    public let terms: [Term]
    public let order: [Ordering]
    public let limit: Int?

    public init(_ table: Table, where terms: [Term] = [], order: [Ordering] = [], limit: Int? = nil) {
        self.table = table
        self.terms = terms
        self.order = order
        // SQLite takes a negative limit for none at all.
        self.limit = limit.map { max(0, $0) }
    }

    /// The order with the primary key behind it, empty when no order was asked for: no two rows are equal in it.
    public var totalOrder: [Ordering] {
        guard let last = order.last else { return [] }
        // Orders have a column or two: looking is faster than a set.
        var total = order
        for column in table.primaryKey where !order.contains(where: { $0.column == column }) {
            total.append(Ordering(column: column, isDescending: last.isDescending))
        }
        return total
    }

    /// Refuses terms that an engine's limit on parameters would refuse, in every store alike.
    public static func checkSize(of terms: [Term]) throws(StorageError) {
        for term in terms {
            guard case .oneOf(let values) = term.comparison, values.count > Term.valuesMax else { continue }
            throw StorageError(
                .schema, "\(term.column) is compared with \(values.count) values; \(Term.valuesMax) is most")
        }
    }
}

/// One row of a query, read by column.
public struct Row: Sendable {
    @usableFromInline let table: Table
    /// The values in the order of the table's columns.
    public let values: [StoredValue]

    public init(table: Table, values: [StoredValue]) {
        self.table = table
        self.values = values
    }

    /// The column's value in its Swift type.
    ///
    /// - Throws: `StorageError` with code `corrupt` when the stored value is not of that type: somebody wrote past us.
    // Inlinable, so that the type is known where it is called: each value of each row comes through here.
    @inlinable
    public func get<Value: Storable>(_ column: Column<Value>) throws(StorageError) -> Value {
        guard let value = Value(stored: values[position(of: column.name)]) else { throw otherType(column.name) }
        return value
    }

    @usableFromInline
    func position(of column: String) -> Int {
        for index in table.columns.indices where table.columns[index].name == column { return index }
        preconditionFailure("table \(table.name) has no column \(column)")
    }

    @usableFromInline
    func otherType(_ column: String) -> StorageError {
        StorageError(.corrupt, "\(table.name).\(column) holds a value of another type")
    }
}
