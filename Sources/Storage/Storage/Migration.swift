/// A named step of the schema.
///
/// Migrations are only ever appended to their series; an applied one never changes. Names are unique in a database.
public struct Migration: Sendable, Hashable {
    public enum Step: Sendable, Hashable {
        case createTable(Table)
        case addIndex(table: String, Index)
        /// Adds a nullable column.
        case addColumn(table: String, ColumnDefinition)
    }

    public let name: String
    public let steps: [Step]

    public init(_ name: String, _ steps: [Step]) {
        self.name = name
        self.steps = steps
    }

    /// The steps in words; kept with the applied migration, so that a changed one is noticed.
    public var fingerprint: String {
        steps.map { step in
            switch step {
            case .createTable(let table): "table \(table.fingerprint)"
            case .addIndex(let table, let index):
                "index \(table) \(index.fingerprint)"
            case .addColumn(let table, let column): "column \(table) \(column.fingerprint)"
            }
        }
        .joined(separator: "\n")
    }
}

extension Table {
    var fingerprint: String {
        let columns = columns.map(\.fingerprint).joined(separator: ", ")
        let uniques = uniques.map(\.fingerprint).joined(separator: " ")
        let indexes = indexes.map(\.fingerprint).joined(separator: " ")
        let checks = checks.map(\.fingerprint).joined(separator: " ")
        let key = "\(sequence == nil ? "key" : "sequence")(\(primaryKey.joined(separator: ",")))"
        return "\(name)[\(columns)] \(key) unique \(uniques) index \(indexes) check \(checks)"
    }
}

extension Index {
    var fingerprint: String {
        "\(name)(\(columns.joined(separator: ",")))\(presentColumn.map { " where \($0)" } ?? "")"
    }
}

extension Check {
    // Spelled out: how the compiler prints a value may change, what a database has kept must not.
    var fingerprint: String {
        switch self {
        case .oneOf(let column, let values): "\(column) in (\(values.joined(separator: ",")))"
        case .range(let column, let range): "\(column) in \(range.lowerBound)...\(range.upperBound)"
        case .lessOrEqual(let first, let second): "\(first)<=\(second)"
        case .different(let first, let second): "\(first)<>\(second)"
        case .notZero(let column): "\(column)<>0"
        }
    }
}

extension ColumnDefinition {
    var fingerprint: String {
        "\(name) \(kind.rawValue)\(sizeBytes.map { "(\($0))" } ?? "")\(isNullable ? "?" : "")"
    }
}
