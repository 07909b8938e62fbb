/// The names of commands and of the commands below them.
package struct CommandTree: Sendable, Equatable {
    /// What is typed.
    package let name: String
    /// What may follow; empty for a command that does something.
    package let children: [CommandTree]

    /// Makes a command.
    package init(_ name: String, _ children: [CommandTree] = []) {
        self.name = name
        self.children = children
    }

    /// The error for the first word that should name a command and does not, with the command that was probably meant.
    package func misspelling(in arguments: [String]) -> ClientError? {
        var node = self
        var path = name
        for argument in arguments {
            // After an option one cannot know what is its value and what a command.
            guard !node.children.isEmpty, !argument.hasPrefix("-"), argument != "help" else { return nil }
            guard let child = node.children.first(where: { $0.name == argument }) else {
                let meant = Suggestion.nearest(to: argument, among: node.children.map(\.name))
                return ClientError(
                    .usage, "\(path) has no command \(SafeText.shortened(SafeText.line(argument), to: 40))",
                    fix: meant.map { "did you mean `\(path) \($0)`?" } ?? "see `\(path) --help`")
            }
            node = child
            path += " \(child.name)"
        }
        return nil
    }
}
