import CofferClient
import Glibc
import QRCode

/// Where a conversation is shown: what happens to standard output, what is going on to standard error.
struct Feed: Sendable {
    let isJSON: Bool
    /// Whether a person looks at standard output.
    let isWatched: Bool
    private let messages: Terminal

    init(_ options: WalletConnectOptions, environment: [String: String]) {
        isJSON = options.json
        let terminal = Terminal.of(STDOUT_FILENO, environment: environment, noColour: options.noColour)
        isWatched = terminal.isTerminal && !options.json
        messages = Terminal.of(STDERR_FILENO, environment: environment, noColour: options.noColour)
    }

    /// Whether somebody can be asked.
    var canAsk: Bool { !isJSON && isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1 }

    /// Shows what happened; one write, so that lines of several tasks stay whole.
    func show(_ line: WalletConnectLine) throws {
        guard LocalFile.write(Array("\(isJSON ? line.json : line.text)\n".utf8), to: STDOUT_FILENO) else {
            throw OutputClosed()
        }
    }

    /// Tells a person what is going on; programs are told by lines.
    func note(_ text: String) {
        if !isJSON { Output.message(messages.painted(SafeText.line(text), .faint)) }
    }

    /// Draws a code; light on dark, as most terminals are.
    func draw(_ text: String) throws {
        guard let code = try? QRCode(text) else { return }
        guard LocalFile.write(Array(code.terminalText().utf8), to: STDOUT_FILENO) else { throw OutputClosed() }
    }
}
