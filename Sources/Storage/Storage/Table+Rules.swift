/// The schema's rules for one row, as a database holds them.
extension Table {
    /// - Throws: `checkViolation` when the row breaks a type, a size, a not-null rule or a check.
    func check(_ row: [StoredValue]) throws(StorageError) {
        for (definition, value) in zip(columns, row) {
            guard let kind = value.kind else {
                guard definition.isNullable else {
                    throw StorageError(.checkViolation, "\(name).\(definition.name) is null")
                }
                continue
            }
            guard kind == definition.kind else {
                throw StorageError(.checkViolation, "\(name).\(definition.name) is not \(definition.kind)")
            }
            if let size = definition.sizeBytes, case .bytes(let bytes) = value, bytes.count != size {
                throw StorageError(.checkViolation, "\(name).\(definition.name) is not \(size) bytes")
            }
        }
        for check in checks where !holds(check, row) {
            throw StorageError(.checkViolation, "\(name): \(check)")
        }
    }

    private func holds(_ check: Check, _ row: [StoredValue]) -> Bool {
        switch check {
        case .oneOf(let column, let values):
            guard case .text(let text) = row[position(of: column)] else { return true }
            return values.contains { $0.utf8.elementsEqual(text.utf8) }
        case .range(let column, let range):
            guard case .integer(let number) = row[position(of: column)] else { return true }
            return range.contains(number)
        case .lessOrEqual(let first, let second):
            let (a, b) = (row[position(of: first)], row[position(of: second)])
            return a == .null || b == .null || a <= b
        case .different(let first, let second):
            let (a, b) = (row[position(of: first)], row[position(of: second)])
            return a == .null || b == .null || a != b
        case .notZero(let column):
            guard case .bytes(let bytes) = row[position(of: column)] else { return true }
            return bytes.contains { $0 != 0 }
        }
    }

    /// Where the column stands in a row; one that the table hasn't is the caller's mistake.
    func position(of column: String) -> Int {
        guard let index = columns.firstIndex(where: { $0.name == column }) else {
            preconditionFailure("table \(name) has no column \(column)")
        }
        return index
    }
}
