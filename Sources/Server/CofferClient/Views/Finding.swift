package import Primitives

/// What one check of `coffer doctor` found.
package struct Finding: Sendable, Equatable {
    /// How it stands.
    package enum Verdict: String, Sendable {
        /// As it should be.
        case ok
        /// Works, and deserves a look.
        case warn
        /// Does not work.
        case fail
        /// Could not be looked at.
        case skip
    }

    /// The check.
    package var name: String
    /// How it stands.
    package var verdict: Verdict
    /// One sentence.
    package var detail: String
    /// What to do about it.
    package var fix: String?

    /// Makes a finding.
    package init(_ name: String, _ verdict: Verdict, _ detail: String, fix: String? = nil) {
        self.name = name
        self.verdict = verdict
        self.detail = detail
        self.fix = fix
    }

    /// The finding for programs.
    package var json: JSON {
        .object(omittingNil: [
            "name": .string(name), "result": .string(verdict.rawValue), "detail": .string(detail),
            "fix": fix.map { .string($0) },
        ])
    }

    /// The lines for people.
    package func lines(_ terminal: Terminal) -> [String] {
        let colour: Terminal.Colour =
            switch verdict {
            case .ok: .green
            case .warn: .yellow
            case .fail: .red
            case .skip: .faint
            }
        let word = verdict.rawValue.padded(to: 4)
        var lines = ["\(terminal.painted(word, colour))  \(name.padded(to: 12))  \(SafeText.line(detail))"]
        if let fix { lines.append("      \("".padded(to: 12))  fix: \(SafeText.line(fix))") }
        return lines
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - SafeText.columns(self)))
    }
}
