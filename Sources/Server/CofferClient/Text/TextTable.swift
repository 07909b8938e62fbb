/// Rows under headings, aligned.
///
/// ```swift
/// var table = TextTable([.init("ID"), .init("AMOUNT", .right), .init("LABEL", shrinks: true)])
/// table.add(["wa_01J…", "100", "main"])
/// print(table.lines(width: 80).joined(separator: "\n"))
/// ```
package struct TextTable: Sendable, Equatable {
    /// On which side of its column a value stands.
    package enum Side: Sendable, Equatable {
        /// Text.
        case left
        /// Numbers, so that digits stand under digits.
        case right
    }

    /// One column.
    package struct Column: Sendable, Equatable {
        /// The heading.
        package var title: String
        /// The side its values stand on.
        package var side: Side
        /// Whether values may be shortened when the terminal is narrow; ids never are, because people copy them.
        package var shrinks: Bool

        /// Makes a column.
        package init(_ title: String, _ side: Side = .left, shrinks: Bool = false) {
            self.title = title
            self.side = side
            self.shrinks = shrinks
        }
    }

    /// The columns.
    package let columns: [Column]
    /// The values, already safe for a terminal.
    package private(set) var rows: [[String]] = []

    /// An empty table.
    package init(_ columns: [Column]) {
        precondition(!columns.isEmpty, "a table has a column")
        self.columns = columns
    }

    /// Adds a row; control characters in it become harmless.
    package mutating func add(_ row: [String]) {
        precondition(row.count == columns.count, "a row has a value for each column")
        rows.append(row.map(SafeText.line))
    }

    /// The lines, headings first.
    ///
    /// - Parameters:
    ///   - width: the columns of the terminal; `nil` shortens nothing.
    ///   - heading: what the heading line is put through, for example colour.
    ///   - paint: what a cell's text is put through after it was padded: row, column, padded text.
    package func lines(
        width: Int? = nil, heading: (String) -> String = { $0 },
        paint: (_ row: Int, _ column: Int, _ padded: String) -> String = { $2 }
    ) -> [String] {
        let widths = columnWidths(fitting: width)
        var lines = [heading(line(columns.map(\.title), widths) { $1 })]
        for (number, row) in rows.enumerated() {
            lines.append(line(row, widths) { column, padded in paint(number, column, padded) })
        }
        return lines
    }

    /// The table without the rightmost columns that have no room even when they are shortened.
    ///
    /// For tables that are drawn over again: a line that wraps would throw the drawing off.
    package func fitting(_ width: Int) -> TextTable {
        var kept = Array(columns.indices)
        let natural = columnWidths(fitting: nil)
        func least(_ index: Int) -> Int {
            columns[index].shrinks ? min(natural[index], floor(of: index)) : natural[index]
        }
        while kept.reduce(0, { $0 + least($1) }) + Self.gap * (kept.count - 1) > width {
            guard let last = kept.last(where: { columns[$0].shrinks }) else { break }
            kept.removeAll { $0 == last }
        }
        var table = TextTable(kept.map { columns[$0] })
        for row in rows { table.add(kept.map { row[$0] }) }
        return table
    }

    /// One row a line, values separated by tabs, no headings: for `cut` and `awk`.
    package var plainLines: [String] { rows.map { $0.joined(separator: "\t") } }

    private static let gap = 2
    private static let shrunkWidthMin = 9

    private func columnWidths(fitting width: Int?) -> [Int] {
        var widths = columns.map { SafeText.columns($0.title) }
        for row in rows {
            for (index, value) in row.enumerated() { widths[index] = max(widths[index], SafeText.columns(value)) }
        }
        guard let width else { return widths }
        var excess = widths.reduce(0, +) + Self.gap * (columns.count - 1) - width
        // The widest column that may shrink gives up one place at a time, so that they end up evenly wide.
        while excess > 0 {
            var widest: Int?
            for index in columns.indices where columns[index].shrinks && widths[index] > floor(of: index) {
                if widest.map({ widths[index] > widths[$0] }) ?? true { widest = index }
            }
            guard let widest else { break }
            widths[widest] -= 1
            excess -= 1
        }
        return widths
    }

    private func floor(of column: Int) -> Int { max(Self.shrunkWidthMin, SafeText.columns(columns[column].title)) }

    private func line(_ values: [String], _ widths: [Int], _ paint: (Int, String) -> String) -> String {
        var output = ""
        for (index, value) in values.enumerated() {
            let text = SafeText.shortened(value, to: widths[index])
            let padding = String(repeating: " ", count: max(0, widths[index] - SafeText.columns(text)))
            let isLast = index == values.count - 1
            switch columns[index].side {
            case .left: output += paint(index, isLast ? text : text + padding)
            case .right: output += paint(index, padding + text)
            }
            if !isLast { output += String(repeating: " ", count: Self.gap) }
        }
        while output.last == " " { output.removeLast() }
        return output
    }
}

/// Names and values of one thing, a line each.
package struct KeyValueList: Sendable, Equatable {
    /// The pairs in order.
    package private(set) var pairs: [(name: String, value: String)] = []

    /// An empty list.
    package init() {}

    /// Adds a line; a missing value shows as `-`.
    package mutating func add(_ name: String, _ value: String?) {
        pairs.append((name, value.map(SafeText.line) ?? "-"))
    }

    /// The lines, values aligned.
    package func lines(name paint: (String) -> String = { $0 }) -> [String] {
        let width = pairs.map { SafeText.columns($0.name) }.max() ?? 0
        return pairs.map { pair in
            let padding = String(repeating: " ", count: width - SafeText.columns(pair.name))
            return paint(pair.name) + padding + "  " + pair.value
        }
    }

    /// The lines with one tab between name and value.
    package var plainLines: [String] { pairs.map { "\($0.name)\t\($0.value)" } }

    /// Whether both have the same lines.
    package static func == (left: Self, right: Self) -> Bool { left.lines() == right.lines() }
}
