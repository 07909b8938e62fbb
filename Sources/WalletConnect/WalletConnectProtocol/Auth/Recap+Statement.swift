extension Recap {
    /// How every statement of a ReCap begins; where it is found, the statement is there already.
    public static let statementOpening =
        "I further authorize the stated URI to perform the following actions on my behalf: "

    /// How the abilities of one resource are put in order; with one ability and lower-case actions both are the same.
    public enum StatementOrder: Sendable, Hashable {
        /// By action in the order of the locale, then grouped by ability in the order in which abilities come: the
        /// JavaScript client. From the third ability of a resource on, it writes a comma between them.
        case action
        /// By ability and then by action, both byte by byte: reown-swift.
        case ability
    }

    /// The sentence that tells the person what is allowed, behind `statement`.
    ///
    /// ```
    /// Hello I further authorize the stated URI to perform the following actions on my behalf:
    /// (1) 'request': 'eth_sendTransaction', 'personal_sign' for 'eip155'.
    /// ```
    ///
    /// A statement that has the sentence already is left alone.
    public func statement(after statement: String? = nil, order: StatementOrder = .action) -> String {
        let statement = statement ?? ""
        if statement.contains(Self.statementOpening) { return statement }
        var count = 0
        var parts: [String] = []
        for resource in resources {
            var part = ""
            for (index, group) in Self.groups(of: resource, order: order).enumerated() {
                count += 1
                if index > 0 { part += index > 1 && order == .action ? ", " : " " }
                part += "(\(count)) '\(group.ability)': \(group.actions) for '\(resource.name)'."
            }
            parts.append(part)
        }
        let sentence = Self.statementOpening + parts.joined(separator: " ")
        return statement.isEmpty ? sentence : "\(statement) \(sentence)"
    }

    /// The abilities of a resource, each with its actions in quotes.
    private static func groups(of resource: Resource, order: StatementOrder) -> [(ability: String, actions: String)] {
        let sorted = resource.abilities.map { (ability: $0.ability, action: $0.action ?? "") }.sorted { left, right in
            switch order {
            case .action: LocaleOrder.precedes(left.action, right.action)
            case .ability:
                left.ability.isSameText(as: right.ability)
                    ? left.action.utf8.lexicographicallyPrecedes(right.action.utf8)
                    : left.ability.utf8.lexicographicallyPrecedes(right.ability.utf8)
            }
        }
        var groups: [(ability: String, actions: String)] = []
        for entry in sorted {
            if let index = groups.firstIndex(where: { $0.ability.isSameText(as: entry.ability) }) {
                groups[index].actions += ", '\(entry.action)'"
            } else {
                groups.append((entry.ability, "'\(entry.action)'"))
            }
        }
        return groups
    }
}
