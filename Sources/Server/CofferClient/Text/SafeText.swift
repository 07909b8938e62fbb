/// Text from a server, made safe for a terminal.
///
/// A label or a reference may hold anything. An escape sequence in it could repaint the screen or set the window's
/// title, and a direction override could show an address backwards; so each of those becomes a visible `�`.
package enum SafeText {
    /// One line: newlines and tabs become spaces, control and direction characters become `�`.
    package static func line(_ text: String) -> String {
        var output = String.UnicodeScalarView()
        output.reserveCapacity(text.unicodeScalars.count)
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x09, 0x0A, 0x0D: output.append(" ")
            case 0x00...0x1F, 0x7F...0x9F, 0x2028, 0x2029: output.append("\u{FFFD}")
            case 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069, 0xFEFF: output.append("\u{FFFD}")
            default: output.append(scalar)
            }
        }
        return String(output)
    }

    /// How many columns a terminal uses for `text`: none for marks that combine, two for wide letters and pictures.
    package static func columns(_ text: String) -> Int {
        var count = 0
        for scalar in text.unicodeScalars { count += columns(scalar) }
        return count
    }

    private static func columns(_ scalar: Unicode.Scalar) -> Int {
        switch scalar.value {
        case 0x20...0x7E: return 1
        case 0x200B...0x200D, 0xFE00...0xFE0F: return 0
        // The blocks of East Asian Width W and F (UAX #11), and the pictures, which terminals draw in two columns.
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
            0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F900...0x1F9FF, 0x20000...0x3FFFD:
            return 2
        default:
            switch scalar.properties.generalCategory {
            case .nonspacingMark, .enclosingMark, .format: return 0
            default: return 1
            }
        }
    }

    /// `text` in at most `width` columns: the middle goes, because ids and addresses differ at both ends.
    package static func shortened(_ text: String, to width: Int) -> String {
        guard columns(text) > width else { return text }
        guard width > 1 else { return width == 1 ? "…" : "" }
        let tail = (width - 1) / 2
        var end: [Character] = []
        var used = 0
        for character in text.reversed() {
            let wide = columns(String(character))
            guard used + wide <= tail else { break }
            used += wide
            end.append(character)
        }
        var start = ""
        for character in text {
            let wide = columns(String(character))
            guard used + wide <= width - 1 else { break }
            used += wide
            start.append(character)
        }
        return start + "…" + String(end.reversed())
    }
}
