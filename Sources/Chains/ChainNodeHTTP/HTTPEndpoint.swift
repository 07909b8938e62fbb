import Primitives

/// Why a text is no endpoint.
///
/// Says nothing of the text itself: it may hold a password or an API key.
public enum HTTPEndpointError: Error, Equatable, Sendable {
    /// The scheme is not `http` or `https`.
    case unsupportedScheme
    /// There is no host.
    case missingHost
    /// A character that no URL holds, or a broken percent escape in user or password.
    case invalidCharacter
    /// The port is not 1...65535.
    case invalidPort
    /// The name is empty.
    case missingName
}

/// Where a node is reached, under a name that may be shown.
///
/// A user and password in the URL become an `Authorization` header and leave the URL. Providers put keys into path and query, so
/// `description` shows the name, scheme and host alone.
public struct HTTPEndpoint: Sendable, CustomStringConvertible, CustomReflectable {
    /// What logs and metrics call it.
    public let name: String
    /// Scheme, host and port: what may be shown.
    public let origin: String
    let url: String
    let headers: [(name: String, value: String)]

    /// Reads an absolute `http` or `https` URL, for example `https://user:password@node.example:8545/key`.
    ///
    /// - Parameter headers: sent with every request, for example an API key.
    public init(
        name: String, url: String, headers: [(name: String, value: String)] = []
    ) throws(HTTPEndpointError) {
        guard !name.isEmpty else { throw HTTPEndpointError.missingName }
        guard url.utf8.allSatisfy({ (0x21...0x7E).contains($0) }), !url.contains("#") else {
            throw HTTPEndpointError.invalidCharacter
        }
        let lowercased = url.lowercased()
        guard let scheme = ["http://", "https://"].first(where: { lowercased.hasPrefix($0) }) else {
            throw HTTPEndpointError.unsupportedScheme
        }
        let rest = url.dropFirst(scheme.count)
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        let path = rest.dropFirst(authority.count)
        // The last "@": a password may hold one although it should be escaped.
        let at = authority.lastIndex(of: "@")
        let host = at.map { authority[authority.index(after: $0)...] } ?? authority
        try Self.check(host)
        var all = headers
        if let at { all.append((name: "Authorization", value: try Self.basic(authority[..<at]))) }
        self.name = name
        self.origin = scheme + host.lowercased()
        self.url = scheme + host + (path.hasPrefix("/") ? path : "/" + path)
        self.headers = all
    }

    /// The name, scheme and host.
    public var description: String { "\(name) (\(origin))" }

    /// Only what may be shown, so that no dump prints a key.
    public var customMirror: Mirror { Mirror(self, children: ["name": name, "origin": origin]) }

    private static func check(_ host: Substring) throws(HTTPEndpointError) {
        var name = host
        if host.hasPrefix("[") {
            guard let close = host.firstIndex(of: "]") else { throw HTTPEndpointError.missingHost }
            name = host[...close]
        } else {
            name = host.prefix { $0 != ":" }
        }
        guard !name.isEmpty else { throw HTTPEndpointError.missingHost }
        let port = host.dropFirst(name.count)
        guard port.isEmpty || (port.hasPrefix(":") && (UInt16(port.dropFirst()) ?? 0) > 0) else {
            throw HTTPEndpointError.invalidPort
        }
    }

    /// [RFC 7617](https://www.rfc-editor.org/rfc/rfc7617), the percent escapes of the URL resolved.
    private static func basic(_ userInfo: Substring) throws(HTTPEndpointError) -> String {
        var bytes: [UInt8] = []
        var rest = Array(userInfo.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(nibble), let low = rest.popFirst().flatMap(nibble) else {
                throw HTTPEndpointError.invalidCharacter
            }
            bytes.append(high << 4 | low)
        }
        if !bytes.contains(UInt8(ascii: ":")) { bytes.append(UInt8(ascii: ":")) }
        return "Basic " + Base64.encode(bytes)
    }

    private static func nibble(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x37
        case 0x61...0x66: byte - 0x57
        default: nil
        }
    }
}
