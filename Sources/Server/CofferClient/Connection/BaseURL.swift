/// Where a server is: scheme, host, port, and the path that a proxy may put before ours.
package struct BaseURL: Sendable, Hashable {
    /// `http` or `https`.
    package let scheme: String
    /// A name or an address, in lower case; an IPv6 address with its brackets.
    package let host: String
    /// The port, also when the text leaves it out.
    package let port: Int
    /// Empty, or beginning with a slash and not ending with one.
    package let path: String

    /// Reads a URL.
    ///
    /// - Throws: ``ClientError`` with `configuration`. The text is not repeated, because people paste secrets into URLs.
    package init(_ text: String, source: String) throws(ClientError) {
        func refused(_ reason: String) -> ClientError {
            ClientError(
                .configuration, "the URL from \(source) \(reason)", fix: "write it like http://127.0.0.1:8080")
        }
        let lower = text.lowercased()
        guard let scheme = ["http", "https"].first(where: { lower.hasPrefix($0 + "://") }) else {
            throw refused("does not begin with http:// or https://")
        }
        let rest = text.dropFirst(scheme.count + 3)
        guard rest.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw refused("holds spaces or odd characters")
        }
        guard !rest.contains("?"), !rest.contains("#") else { throw refused("has a query or a fragment") }
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        let authority = rest[..<slash]
        guard !authority.contains("@") else { throw refused("carries a user name or a secret") }
        var host = authority
        var port = scheme == "https" ? 443 : 80
        let bracket = authority.lastIndex(of: "]")
        let colon = authority.lastIndex(of: ":")
        if let colon, bracket.map({ $0 < colon }) ?? true {
            let digits = authority[authority.index(after: colon)...]
            guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(digits),
                (1...65_535).contains(number)
            else { throw refused("has no valid port") }
            host = authority[..<colon]
            port = number
        }
        guard !host.isEmpty, bracket != nil || !host.contains(":") else { throw refused("names no host") }
        var path = String(rest[slash...])
        while path.last == "/" { path.removeLast() }
        self.scheme = scheme
        self.host = host.lowercased()
        self.port = port
        self.path = path
    }

    /// The URL without a slash at its end.
    package var text: String {
        let standard = scheme == "https" ? 443 : 80
        return "\(scheme)://\(host)\(port == standard ? "" : ":\(port)")\(path)"
    }

    /// Whether the server is on this machine.
    package var isLoopback: Bool {
        if host == "localhost" || host == "[::1]" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    /// Whether both lead to the same server; the names of this machine count as one.
    package func isSameServer(as other: BaseURL) -> Bool {
        scheme == other.scheme && port == other.port && (host == other.host || (isLoopback && other.isLoopback))
    }
}
