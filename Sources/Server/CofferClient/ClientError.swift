/// Why a command did not do what it was asked: what to tell the shell, what to tell the person, what to do about it.
package struct ClientError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What the shell sees.
    package var exit: CommandExit
    /// One sentence or several lines; never a secret.
    package var message: String
    /// What to do, when there is an obvious thing.
    package var fix: String?
    /// What the server said, when it said something.
    package var problem: ProblemText?

    /// Makes an error.
    package init(_ exit: CommandExit, _ message: String, fix: String? = nil, problem: ProblemText? = nil) {
        self.exit = exit
        self.message = message
        self.fix = fix
        self.problem = problem
    }

    /// The lines for standard error, without a newline at the end.
    package var description: String {
        let body = problem?.lines(fix: fix).joined(separator: "\n") ?? message
        guard problem == nil, let fix else { return body }
        return "\(body)\n  fix: \(fix)"
    }
}
