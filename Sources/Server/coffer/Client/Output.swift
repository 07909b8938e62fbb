import CofferClient
import Glibc
import Primitives

/// The reader of standard output is gone.
struct OutputClosed: Error {}

/// Data to standard output, messages to standard error.
struct Output: Sendable {
    let isJSON: Bool
    let isPlain: Bool
    let terminal: Terminal
    let messages: Terminal

    init(_ options: ClientOptions) {
        isJSON = options.json
        isPlain = options.plain
        let environment = Environment.all
        terminal = Terminal.of(STDOUT_FILENO, environment: environment, noColour: options.noColour)
        messages = Terminal.of(STDERR_FILENO, environment: environment, noColour: options.noColour)
    }

    /// A line for the person, whatever becomes of the data.
    static func message(_ text: String) {
        LocalFile.write(Array("\(text)\n".utf8), to: STDERR_FILENO)
    }

    /// A hint for the person; left out when a program reads.
    func hint(_ text: String) {
        if !isJSON, !isPlain { Self.message(messages.painted(text, .faint)) }
    }

    func problem(_ error: ClientError) {
        let lines = error.description.split(separator: "\n", omittingEmptySubsequences: false)
        let head = messages.painted("error:", .red) + " " + (lines.first ?? "")
        Self.message(([head] + lines.dropFirst().map(String.init)).joined(separator: "\n"))
    }

    func write(_ text: String) throws {
        guard LocalFile.write(Array(text.utf8), to: STDOUT_FILENO) else { throw OutputClosed() }
    }

    func lines(_ lines: [String]) throws {
        try write(lines.map { $0 + "\n" }.joined())
    }

    /// A body as it came, with the newline that a terminal wants.
    func raw(_ body: [UInt8]) throws {
        if body.isEmpty { return }
        guard LocalFile.write(body.last == 0x0A ? body : body + [0x0A], to: STDOUT_FILENO) else { throw OutputClosed() }
    }

    /// A document, to standard output or into a new file that only its owner can read.
    func document(_ body: [UInt8], to path: String?) throws {
        guard let path else { return try raw(body) }
        do {
            try LocalFile.create(path, body)
        } catch {
            throw ClientError(.failed, "nothing was written: \(error)")
        }
        hint("written to \(path)")
    }

    /// One thing: its members, a line each.
    @discardableResult
    func object(_ answer: APIAnswer) throws -> JSON {
        let json = try answer.json()
        if isJSON {
            try raw(answer.body)
        } else {
            try keyValues(ValueText.list(json))
        }
        return json
    }

    func keyValues(_ list: KeyValueList) throws {
        try lines(isPlain ? list.plainLines : list.lines { terminal.painted($0, .bold) })
    }

    /// A listing: a table, and on standard error how to see the next page.
    func list(_ answer: APIAnswer, as view: ListView, nothing: String) throws {
        if isJSON { return try raw(answer.body) }
        let json = try answer.json()
        let items = json["data"]?.array ?? []
        try table(view.table(items), nothing: nothing)
        if let cursor = json["next_cursor"]?.string { hint("more: add --cursor \(SafeText.line(cursor))") }
    }

    func table(_ table: TextTable, nothing: String = "") throws {
        if isPlain { return try lines(table.plainLines) }
        if table.rows.isEmpty {
            if !nothing.isEmpty { Self.message(nothing) }
            return
        }
        try lines(tableLines(table))
    }

    func tableLines(_ table: TextTable) -> [String] {
        let state = table.columns.firstIndex { $0.title == "STATE" }
        return table.lines(
            width: terminal.width, heading: { terminal.painted($0, .bold) },
            paint: { row, column, padded in
                guard column == state, let colour = WithdrawalState.colour(table.rows[row][column]) else {
                    return padded
                }
                return terminal.painted(padded, colour)
            })
    }
}
