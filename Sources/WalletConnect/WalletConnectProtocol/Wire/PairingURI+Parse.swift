import Primitives

extension PairingURI {
    /// Reads an invitation, in whichever wrapping it came.
    ///
    /// Whether it has expired is not looked at.
    ///
    /// - Throws: `PairingURIError`.
    public init(parsing text: String) throws(PairingURIError) {
        guard text.utf8.count <= Self.textBytesMax else { throw .tooLong(text.utf8.count) }
        var rest = Self.trimmed(text)
        guard !rest.isEmpty else { throw .empty }
        // Every round takes off one wrapping and makes the text shorter.
        for _ in 0...Self.wrappingsMax {
            if Self.hasPrefix(rest, "wc:") {
                try self.init(unwrapped: rest.dropFirst(3))
                return
            }
            rest = try Self.unwrapped(rest)
        }
        throw .notPairingURI
    }

    // MARK: Wrappings

    /// Takes one wrapping off.
    private static func unwrapped(_ text: Substring) throws(PairingURIError) -> Substring {
        if hasPrefix(text, "wc%") { return try decoded(text) }
        if let value = linkedURI(text) {
            // What is not encoded reaches to the end, its own `&` included.
            if hasPrefix(value, "wc:") { return value }
            return try decoded(value.prefix { $0 != "&" })
        }
        guard let bytes = base64(text), let inner = String(validating: bytes, as: UTF8.self) else {
            throw .notPairingURI
        }
        let rest = trimmed(inner)
        guard hasPrefix(rest, "wc:") else { throw .notPairingURI }
        return rest
    }

    /// What follows `uri=` in the query of a deep link.
    private static func linkedURI(_ text: Substring) -> Substring? {
        var start = text.startIndex
        while let mark = text[start...].firstIndex(where: { $0 == "?" || $0 == "&" }) {
            start = text.index(after: mark)
            if hasPrefix(text[start...], "uri=") { return text[start...].dropFirst(4) }
        }
        return nil
    }

    private static func decoded(_ text: Substring) throws(PairingURIError) -> Substring {
        guard let decoded = PercentCoding.decode(text, plusIsSpace: false) else { throw .invalidEncoding }
        return Substring(decoded)
    }

    /// Base64 of either alphabet, with or without padding.
    private static func base64(_ text: Substring) -> [UInt8]? {
        var digits = Array(text.utf8)
        while digits.last == UInt8(ascii: "="), digits.count > 1 { digits.removeLast() }
        for (index, byte) in digits.enumerated() {
            if byte == UInt8(ascii: "+") { digits[index] = UInt8(ascii: "-") }
            if byte == UInt8(ascii: "/") { digits[index] = UInt8(ascii: "_") }
        }
        return try? Base64URL.decode(String(decoding: digits, as: UTF8.self))
    }

    // MARK: The invitation itself

    /// Reads what follows `wc:`.
    private init(unwrapped text: Substring) throws(PairingURIError) {
        let body = text.hasPrefix("//") ? text.dropFirst(2) : text
        guard let at = body.utf8.firstIndex(of: UInt8(ascii: "@")) else { throw .notPairingURI }
        let afterAt = body[body.utf8.index(after: at)...]
        let version = afterAt.prefix { $0 != "?" }
        switch version {
        case "2": break
        case "1": throw .version1
        default: throw .unsupportedVersion
        }
        guard let topic = try? Topic(hex: String(body[..<at])) else { throw .invalidTopic }
        let values = try Self.values(afterAt.dropFirst(version.count + 1))
        guard let relay = values["relay-protocol"], !relay.isEmpty else { throw .missingRelayProtocol }
        guard relay == RelayProtocol.irn.name else { throw .unsupportedRelayProtocol }
        guard let hex = values["symKey"], let symKey = try? SymmetricKey(hex: hex) else { throw .invalidSymKey }
        self.init(
            topic: topic, symKey: symKey, relay: RelayProtocol(name: relay, data: values["relay-data"]),
            expiry: try Self.expiry(values["expiryTimestamp"]), methods: Self.methods(values["methods"]))
    }

    private static let names: Set<String> = ["symKey", "relay-protocol", "relay-data", "expiryTimestamp", "methods"]

    /// The values that count, by name; others are skipped.
    private static func values(_ query: Substring) throws(PairingURIError) -> [String: String] {
        var values: [String: String] = [:]
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = PercentCoding.decode(parts[0], plusIsSpace: true) else { throw .invalidEncoding }
            guard names.contains(name) else { continue }
            guard let value = PercentCoding.decode(parts.count > 1 ? parts[1] : "", plusIsSpace: true) else {
                throw .invalidEncoding
            }
            guard values.updateValue(value, forKey: name) == nil else { throw .duplicateKey(name) }
        }
        return values
    }

    private static func expiry(_ text: String?) throws(PairingURIError) -> Int64? {
        guard let text, !text.isEmpty else { return nil }
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let seconds = Int64(text) else {
            throw .invalidExpiry
        }
        return seconds
    }

    /// A list with commas, or the specification's groups: `[a],[b,c]`.
    private static func methods(_ text: String?) -> [String] {
        guard let text else { return [] }
        return text.split { ",[] ".contains($0) }.map(String.init)
    }

    // MARK: Text

    /// Without the white space that copying leaves at the ends.
    private static func trimmed(_ text: String) -> Substring {
        let isSpace: (UInt8) -> Bool = { $0 == 0x20 || (0x09...0x0D).contains($0) }
        let bytes = text.utf8
        guard let start = bytes.firstIndex(where: { !isSpace($0) }),
            let last = bytes.lastIndex(where: { !isSpace($0) })
        else { return "" }
        return text[start...last]
    }

    /// Whether `text` begins with an ASCII prefix of either case.
    private static func hasPrefix(_ text: Substring, _ prefix: StaticString) -> Bool {
        let bytes = text.utf8.prefix(prefix.utf8CodeUnitCount)
        guard bytes.count == prefix.utf8CodeUnitCount else { return false }
        return prefix.withUTF8Buffer { expected in
            unsafe zip(bytes, expected).allSatisfy { $0 == $1 || ($0 | 0x20 == $1 && (0x61...0x7A).contains($1)) }
        }
    }
}
