/// Turns metric and label names as libraries write them into names Prometheus takes.
///
/// Rules: <https://prometheus.io/docs/concepts/data_model/> and <https://prometheus.io/docs/practices/naming/>.
enum PrometheusName {
    /// `http.server.activeRequests` becomes `http_server_active_requests`.
    static func base(_ label: String) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(label.utf8.count + 8)
        for byte in label.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"):
                bytes.append(byte)
            case UInt8(ascii: "A")...UInt8(ascii: "Z"):
                if let last = bytes.last, last != UInt8(ascii: "_") { bytes.append(UInt8(ascii: "_")) }
                bytes.append(byte | 0x20)
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                if bytes.isEmpty { bytes.append(UInt8(ascii: "_")) }
                bytes.append(byte)
            default:
                bytes.append(UInt8(ascii: "_"))
            }
        }
        return bytes.isEmpty ? "unnamed" : String(decoding: bytes, as: UTF8.self)
    }

    static func counter(_ label: String) -> String { suffixed(base(label), "_total") }

    static func timer(_ label: String) -> String { suffixed(base(label), "_seconds") }

    private static func suffixed(_ name: String, _ suffix: String) -> String {
        name.hasSuffix(suffix) ? name : name + suffix
    }

    /// The label set as it stands in the text, sorted by name so that order does not make a second series.
    static func labels(_ dimensions: [(String, String)]) -> String {
        guard !dimensions.isEmpty else { return "" }
        var byName: [String: String] = [:]
        for (name, value) in dimensions {
            let base = base(name)
            // `le` names the bucket of a histogram; a label of that name would be read as one.
            byName[base == "le" ? "exported_le" : base] = value
        }
        var text = "{"
        for (name, value) in byName.sorted(by: { $0.key < $1.key }) {
            if text.utf8.count > 1 { text += "," }
            text += "\(name)=\"\(escaped(value))\""
        }
        return text + "}"
    }

    /// Escapes a label value: backslash, quote and line feed.
    static func escaped(_ value: String) -> String {
        guard value.utf8.contains(where: { $0 == 0x5C || $0 == 0x22 || $0 == 0x0A }) else { return value }
        var text = ""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": text += "\\\\"
            case "\"": text += "\\\""
            case "\n": text += "\\n"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}
