public import Primitives
public import Storage

/// A column of somebody's table that holds records sealed by the keystore, so that a rotation finds them.
///
/// ```swift
/// SealedColumn(Endpoints.table, id: Endpoints.id, column: Endpoints.secret)
/// ```
/// A rotation reads the whole column; it is meant for thousands of rows.
public struct SealedColumn: Sendable, Hashable {
    let table: Table
    let idName: String
    let columnName: String

    /// A column that always holds a record.
    ///
    /// The row's key is `id` alone: records are sealed to it.
    public init(_ table: Table, id: Column<SortableID>, column: Column<[UInt8]>) {
        self.init(table, id: id, column: Column<[UInt8]?>(column.name))
    }

    /// A column that may be null.
    public init(_ table: Table, id: Column<SortableID>, column: Column<[UInt8]?>) {
        precondition(table.primaryKey == [id.name], "\(table.name): records are sealed to the row's key")
        precondition(table.columns.contains { $0.name == column.name }, "\(table.name) has no column \(column.name)")
        self.table = table
        self.idName = id.name
        self.columnName = column.name
    }

    var id: Column<SortableID> { Column(idName) }
    /// Reads a column that can't be null just as well.
    var column: Column<[UInt8]?> { Column(columnName) }
}
