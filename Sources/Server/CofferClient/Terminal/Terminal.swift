import Glibc

/// What one output stream can show.
package struct Terminal: Sendable, Equatable {
    /// Whether a person looks at it.
    package var isTerminal: Bool
    /// Whether colours are wanted.
    package var hasColour: Bool
    /// Whether lines can be redrawn.
    package var canRedraw: Bool
    /// Its columns; `nil` when it is no terminal, and then nothing is shortened.
    package var width: Int?
    /// Its lines.
    package var height: Int?

    /// Decides from what is known about the stream.
    ///
    /// - Parameters:
    ///   - isTerminal: what isatty(3) says.
    ///   - size: columns and lines, when the terminal tells.
    ///   - environment: `NO_COLOR` ([no-color.org](https://no-color.org)), `TERM` and `COLUMNS` matter.
    ///   - noColour: `--no-color`.
    package init(
        isTerminal: Bool, size: (columns: Int, lines: Int)?, environment: [String: String], noColour: Bool = false
    ) {
        self.isTerminal = isTerminal
        let isDumb = environment["TERM"] == "dumb"
        let refusesColour = !(environment["NO_COLOR"] ?? "").isEmpty
        hasColour = isTerminal && !isDumb && !refusesColour && !noColour
        canRedraw = isTerminal && !isDumb
        guard isTerminal else { return }
        let told = environment["COLUMNS"].flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
        width = size.map(\.columns) ?? told ?? 80
        height = size.map(\.lines) ?? 24
    }

    /// Asks the system about a stream.
    package static func of(_ descriptor: Int32, environment: [String: String], noColour: Bool = false) -> Terminal {
        var size = winsize()
        let answered = unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 && size.ws_row > 0
        return Terminal(
            isTerminal: isatty(descriptor) == 1,
            size: answered ? (columns: Int(size.ws_col), lines: Int(size.ws_row)) : nil,
            environment: environment, noColour: noColour)
    }

    /// `text` in a colour, where colours are wanted.
    package func painted(_ text: String, _ colour: Colour) -> String {
        hasColour && !text.isEmpty ? "\u{1B}[\(colour.rawValue)m\(text)\u{1B}[0m" : text
    }

    /// The few colours that read well on dark and on light.
    package enum Colour: Int, Sendable {
        /// Headings.
        case bold = 1
        /// What is less important.
        case faint = 2
        /// What went wrong.
        case red = 31
        /// What is well.
        case green = 32
        /// What needs a look.
        case yellow = 33
    }
}

/// Lines at the bottom of a terminal that are drawn again and again.
package struct LiveLines: Sendable {
    private var linesDrawn = 0

    /// Nothing is drawn yet.
    package init() {}

    /// The characters that put a passing note below what was drawn; the next drawing takes it away.
    package static func note(_ text: String, width: Int) -> String {
        // Without a newline, and never so long that the terminal makes one: the place of the drawing would be lost.
        "\r\u{1B}[2K\(SafeText.shortened(SafeText.line(text), to: max(0, width - 1)))"
    }

    /// The characters that replace what was drawn before by `lines`.
    package mutating func redraw(_ lines: [String]) -> String {
        var output = ""
        if linesDrawn > 0 { output += "\u{1B}[\(linesDrawn)A" }
        // Each line is cleared as it is written and the rest below once, which flickers less than an empty screen.
        for line in lines { output += "\r\u{1B}[2K\(line)\n" }
        output += "\u{1B}[0J"
        linesDrawn = lines.count
        return output
    }
}
