extension Recap {
    /// How every statement of a ReCap begins; where it is found, the statement is there already.
    public static let statementOpening =
        "I further authorize the stated URI to perform the following actions on my behalf: "

    /// The sentence that tells the person what is allowed, behind `statement`.
    ///
    /// ```
    /// Hello I further authorize the stated URI to perform the following actions on my behalf:
    /// (1) 'request': 'eth_sendTransaction', 'personal_sign' for 'eip155'.
    /// ```
    ///
    /// Within a resource the actions are sorted, and grouped by ability in the order in which abilities then come.
    /// A statement that has the sentence already is left alone.
    public func statement(after statement: String? = nil) -> String {
        let statement = statement ?? ""
        if statement.contains(Self.statementOpening) { return statement }
        var items: [String] = []
        for resource in resources {
            let sorted = resource.abilities.sorted { LocaleOrder.precedes($0.action ?? "", $1.action ?? "") }
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
