/// Percent-encoding as HTML forms and JavaScript's `URLSearchParams` use it.
///
/// Standard: [URL](https://url.spec.whatwg.org/#application/x-www-form-urlencoded).
enum PercentCoding {
    /// Writes a name or value of a query: letters, digits and `*-._` stay, a space becomes `+`.
    static func encode(_ text: String) -> String {
        var out: [UInt8] = []
        out.reserveCapacity(text.utf8.count + 16)
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2A, 0x2D, 0x2E, 0x5F: out.append(byte)
            case 0x20: out.append(0x2B)
            default:
                out.append(0x25)
                out.append(digit(byte >> 4))
                out.append(digit(byte & 15))
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// Reads an encoded text; nil for an escape that is none and for bytes that are no UTF-8.
    ///
    /// - Parameter plusIsSpace: whether `+` stands for a space, as in a query.
    static func decode(_ text: some StringProtocol, plusIsSpace: Bool) -> String? {
        let bytes = Array(text.utf8)
        guard bytes.contains(where: { $0 == 0x25 || $0 == 0x2B }) else { return String(text) }
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            switch byte {
            case 0x25:
                guard index + 2 < bytes.count, let high = value(bytes[index + 1]), let low = value(bytes[index + 2])
                else { return nil }
                out.append(high << 4 | low)
                index += 3
            case 0x2B where plusIsSpace:
                out.append(0x20)
                index += 1
            default:
                out.append(byte)
                index += 1
            }
        }
        return String(validating: out, as: UTF8.self)
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? 0x30 + value : 0x41 + value - 10
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit - 0x30
        case 0x41...0x46: digit - 0x41 + 10
        case 0x61...0x66: digit - 0x61 + 10
        default: nil
        }
    }
}
