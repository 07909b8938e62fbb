import WalletConnectClient

/// The parts of a `ws://` or `wss://` URL that a connection needs.
///
/// Standard: [RFC 6455 section 3](https://www.rfc-editor.org/rfc/rfc6455#section-3).
struct WebSocketURL: Equatable {
    let isSecure: Bool
    /// Without the brackets of an IPv6 address.
    let host: String
    let port: Int
    /// Path and query, as they are sent.
    let target: String

    /// The value of the `Host` header: without the port when it is the scheme's own.
    var hostHeader: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == (isSecure ? 443 : 80) ? name : "\(name):\(port)"
    }

    /// - Throws: `TransportError` with code `bad_url`, which says what is wrong and quotes nothing: the query holds a token.
    init(_ text: String) throws(TransportError) {
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }), !text.utf8.contains(UInt8(ascii: "#")) else {
            throw TransportError(.badURL, "a URL has no blanks, no fragment and no characters beyond ASCII")
        }
        let scheme = text.prefix { $0 != ":" }.lowercased()
        guard scheme == "ws" || scheme == "wss", text.dropFirst(scheme.count).hasPrefix("://") else {
            throw TransportError(.badURL, "the scheme is ws or wss")
        }
        let rest = text.dropFirst(scheme.count + 3)
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        let tail = rest.dropFirst(authority.count)
        guard !authority.contains("@") else { throw TransportError(.badURL, "user and password do not belong here") }
        var name = authority.prefix { $0 != ":" }
        var after = authority.dropFirst(name.count)
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else {
                throw TransportError(.badURL, "an IPv6 address ends with a bracket")
            }
            name = authority[authority.index(after: authority.startIndex)..<end]
            after = authority[authority.index(after: end)...]
        }
        guard !name.isEmpty else { throw TransportError(.badURL, "the host is missing") }
        isSecure = scheme == "wss"
        host = String(name)
        if after.isEmpty {
            port = isSecure ? 443 : 80
        } else {
            guard after.hasPrefix(":"), let number = UInt16(after.dropFirst()), number > 0 else {
                throw TransportError(.badURL, "a port is 1 to 65535")
            }
            port = Int(number)
        }
        target = tail.hasPrefix("/") ? String(tail) : "/" + tail
    }
}
