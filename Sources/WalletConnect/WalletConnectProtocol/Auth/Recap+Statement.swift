extension Recap {
    /// How every statement of a ReCap begins; where it is found, the statement is there already.
    public static let statementOpening =
        "I further authorize the stated URI to perform the following actions on my behalf: "

    /// How the abilities of one resource are put in order; with a single ability both are the same.
    public enum StatementOrder: Sendable, Hashable {
        /// By action, then grouped by ability in the order in which abilities come: the JavaScript client.
        case action
        /// By ability and then by action: reown-swift.
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
        var items: [String] = []
        for resource in resources {
            let sorted = resource.abilities.sorted { left, right in
                switch order {
                case .action: LocaleOrder.precedes(left.action ?? "", right.action ?? "")
                case .ability: LocaleOrder.precedes(left.name, right.name)
                }
            }
            var groups: [(ability: String, actions: [String])] = []
            for entry in sorted {
                let ability = entry.ability
                let action = "'\(entry.action ?? "")'"
                if let index = groups.firstIndex(where: { $0.ability.isSameText(as: ability) }) {
                    groups[index].actions.append(action)
                } else {
                    groups.append((ability, [action]))
                }
            }
            for group in groups {
                let actions = group.actions.joined(separator: ", ")
                items.append("(\(items.count + 1)) '\(group.ability)': \(actions) for '\(resource.name)'.")
            }
        }
        let sentence = Self.statementOpening + items.joined(separator: " ")
        return statement.isEmpty ? sentence : "\(statement) \(sentence)"
    }
}
