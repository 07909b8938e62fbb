/// Scheme, host and port of a web page's URL, normalised: lower case, no default port.
///
/// Only `http` and `https` have an origin here, and a host must be ASCII: one that is spelled with other letters is
/// compared with nothing, since such letters are how pages pose as others.
///
/// Standard: [WHATWG URL](https://url.spec.whatwg.org/#concept-url-origin).
public struct WebOrigin: Sendable, Hashable, CustomStringConvertible {
    /// The longest URL that is read, in bytes.
    public static let bytesMax = 8 << 10

    /// `http` or `https`.
    public let scheme: String
    /// The host in lower case.
    public let host: String
    /// The port; nil for the scheme's own.
    public let port: UInt16?

    /// Reads the origin of a URL; nil when it has none.
    ///
    /// - Parameter defaultScheme: what to take for a URL without `://`, such as `app.example.com`; nil to refuse it.
    public init?(_ url: String, defaultScheme: String? = nil) {
        guard url.utf8.count <= Self.bytesMax else { return nil }
        let bytes = Array(url.utf8)
        var rest = bytes[...]
        if let colon = Self.schemeEnd(bytes) {
            scheme = String(decoding: bytes[..<colon], as: UTF8.self).lowercased()
            rest = bytes[(colon + 3)...]
        } else if let defaultScheme {
            scheme = defaultScheme
        } else {
            return nil
        }
        guard scheme == "http" || scheme == "https" else { return nil }

        // A backslash ends the authority in browsers, too: `https://good.example\@bad.example` is at good.example.
        let ends: [UInt8] = [UInt8(ascii: "/"), UInt8(ascii: "\\"), UInt8(ascii: "?"), UInt8(ascii: "#")]
        var authority = rest.prefix { !ends.contains($0) }
        if let at = authority.lastIndex(of: UInt8(ascii: "@")) { authority = authority[(at + 1)...] }
        var name = authority
        var port: UInt16?
        // The colons of `[::1]` are not the port's.
        let portSearch = authority.lastIndex(of: UInt8(ascii: "]")).map { authority[$0...] } ?? authority
        if let colon = portSearch.lastIndex(of: UInt8(ascii: ":")) {
            name = authority[..<colon]
            let digits = authority[(colon + 1)...]
            if !digits.isEmpty {
                guard digits.count <= 5, digits.allSatisfy({ (0x30...0x39).contains($0) }),
                    let number = UInt16(String(decoding: digits, as: UTF8.self))
                else { return nil }
                port = number
            }
        }
        guard !name.isEmpty, name.count <= 255, name.allSatisfy(Self.isHostCharacter) else { return nil }
        host = String(decoding: name, as: UTF8.self).lowercased()
        self.port = port == (scheme == "https" ? 443 : 80) ? nil : port
    }

    /// As in `https://app.example.com:8443`.
    public var description: String { "\(scheme)://\(host)" + (port.map { ":\($0)" } ?? "") }

    /// The host without a leading `www.`.
    var hostWithoutWWW: String { host.hasPrefix("www.") ? String(host.dropFirst(4)) : host }

    /// Where the colon of `scheme://` is.
    private static func schemeEnd(_ bytes: [UInt8]) -> Int? {
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")), colon > 0,
            bytes[colon...].starts(with: "://".utf8),
            bytes[..<colon].allSatisfy({
                ($0 | 0x20) >= 0x61 && ($0 | 0x20) <= 0x7A || (0x30...0x39).contains($0) || $0 == 0x2B || $0 == 0x2D
                    || $0 == 0x2E
            })
        else { return nil }
        return colon
    }

    private static func isHostCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: ":"):
            true
        default: false
        }
    }
}
