/// Writes text into a log line so that it stays one line.
enum LogText {
    /// Longest value written, in bytes; a log is no place for documents.
    static let valueBytesMax = 8192

    private static let hexDigits = Array("0123456789abcdef".utf8)

    /// Appends a JSON string with its quotes; control characters are escaped as RFC 8259 asks.
    static func appendJSON(_ text: String, to line: inout [UInt8]) {
        line.append(UInt8(ascii: "\""))
        var written = 0
        for scalar in text.unicodeScalars {
            guard written < valueBytesMax else {
                line.append(contentsOf: "…".utf8)
                break
            }
            written += 1
            switch scalar {
            case "\"": line.append(contentsOf: [0x5C, 0x22])
            case "\\": line.append(contentsOf: [0x5C, 0x5C])
            case "\n": line.append(contentsOf: [0x5C, UInt8(ascii: "n")])
            case "\r": line.append(contentsOf: [0x5C, UInt8(ascii: "r")])
            case "\t": line.append(contentsOf: [0x5C, UInt8(ascii: "t")])
            default:
                if isControl(scalar) {
                    appendEscape(scalar, to: &line)
                } else {
                    line.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
                }
            }
        }
        line.append(UInt8(ascii: "\""))
    }

    /// Appends text for a terminal: control characters become visible escapes.
    static func appendPlain(_ text: String, to line: inout [UInt8]) {
        var written = 0
        for scalar in text.unicodeScalars {
            guard written < valueBytesMax else {
                line.append(contentsOf: "…".utf8)
                break
            }
            written += 1
            if isControl(scalar) {
                appendEscape(scalar, to: &line)
            } else {
                line.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            }
        }
    }

    /// C0, DEL, C1, and the line and paragraph separators some viewers break lines at.
    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || scalar.value == 0x2028 || scalar.value == 0x2029
    }

    private static func appendEscape(_ scalar: Unicode.Scalar, to line: inout [UInt8]) {
        line.append(contentsOf: [0x5C, UInt8(ascii: "u")])
        for shift in [12, 8, 4, 0] {
            line.append(hexDigits[Int(scalar.value >> UInt32(shift)) & 0xF])
        }
    }
}
