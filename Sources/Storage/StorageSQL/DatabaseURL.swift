import Primitives
public import Storage

/// The parts of a database server's URL, `scheme://user:password@host:port/database?name=value`.
///
/// The password is kept apart, so that printing the value shows nothing of it.
public struct DatabaseURL: Sendable, CustomStringConvertible {
    /// Where Debian keeps the authorities that the system trusts.
    package static let systemAuthorities = "/etc/ssl/certs/ca-certificates.crt"

    public let scheme: String
    public let user: String
    public let password: DatabasePassword?
    /// A name or an address, without the brackets of IPv6; empty where a `socket` is named.
    public let host: String
    public let port: Int
    public let database: String
    private let parameters: [String: String]

    /// Reads a URL.
    ///
    /// - Parameters:
    ///   - schemes: those that the store takes.
    ///   - parameters: the names that may follow `?`.
    /// - Throws: `configuration`, in words that repeat neither the password nor the URL.
    public init(
        _ url: String, schemes: [String], portDefault: Int, parameters names: [String]
    ) throws(StorageError) {
        let wanted = schemes.map { "\($0)://" }.joined(separator: " or ")
        guard let mark = Self.index(of: "://", in: url) else {
            throw Self.wrong("a database URL begins with \(wanted)")
        }
        scheme = String(url[..<mark]).lowercased()
        guard schemes.contains(scheme) else {
            let named = ParameterName.isName(scheme) ? "the scheme \(scheme.prefix(16))" : "another scheme"
            throw Self.wrong("a database URL with \(named) is not for this store: \(wanted)")
        }
        let (before, query) = Self.split(url[url.index(mark, offsetBy: 3)...], at: "?")
        let (authority, path) = Self.split(before, at: "/")
        let (login, place) = Self.splitLast(authority, at: "@")
        let (name, secret) = Self.split(login ?? "", at: ":")
        user = try Self.decoded(name, "user")
        let word = try Self.decoded(secret ?? "", "password")
        password = word.isEmpty ? nil : DatabasePassword(word)
        (host, port) = try Self.place(place, portDefault)
        database = try Self.decoded(path ?? "", "database")
        parameters = try Self.parameters(query ?? "", names)
        guard !user.isEmpty else { throw Self.wrong("the URL names no user: \(scheme)://user:password@host/database") }
        guard !database.isEmpty, !database.utf8.contains(UInt8(ascii: "/")) else {
            throw Self.wrong("the URL names no database: \(scheme)://user:password@host/database")
        }
        guard !host.isEmpty || parameters["socket"] != nil else { throw Self.wrong("the URL names no host") }
    }

    /// A parameter's value; `nil` when it is not there.
    public subscript(_ name: String) -> String? { parameters[name] }

    /// A parameter that is a whole number in a range.
    public func integer(_ name: String, default: Int, in range: ClosedRange<Int>) throws(StorageError) -> Int {
        guard let text = parameters[name] else { return `default` }
        guard let number = Int(text), range.contains(number) else {
            throw Self.wrong("\(name) is a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// Whether the server is on this machine, so that nobody is in between.
    public var isLocal: Bool {
        parameters["socket"] != nil || Loopback.contains(host)
    }

    /// Without the password and the parameters.
    public var description: String {
        let place = host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host
        return "\(scheme)://\(user)@\(place):\(port)/\(database)"
    }

    static func wrong(_ message: String) -> StorageError { StorageError(.configuration, message) }

    // MARK: Parts

    private static func index(of text: String, in url: String) -> String.Index? {
        url.indices.first { url[$0...].hasPrefix(text) }
    }

    private static func split(_ text: Substring, at mark: Character) -> (Substring, Substring?) {
        guard let place = text.firstIndex(of: mark) else { return (text, nil) }
        return (text[..<place], text[text.index(after: place)...])
    }

    private static func splitLast(_ text: Substring, at mark: Character) -> (Substring?, Substring) {
        guard let place = text.lastIndex(of: mark) else { return (nil, text) }
        return (text[..<place], text[text.index(after: place)...])
    }

    private static func place(_ text: Substring, _ portDefault: Int) throws(StorageError) -> (String, Int) {
        var (host, port) = split(text, at: ":")
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { throw wrong("the host's bracket is not closed") }
            host = text[text.index(after: text.startIndex)..<end]
            port = split(text[end...], at: ":").1
        }
        guard let port else { return (try decoded(host, "host"), portDefault) }
        guard let number = Int(port), 1...65_535 ~= number else { throw wrong("the port is a number from 1 to 65535") }
        return (try decoded(host, "host"), number)
    }

    private static func parameters(_ query: Substring, _ names: [String]) throws(StorageError) -> [String: String] {
        var parameters: [String: String] = [:]
        for part in query.split(separator: "&") {
            let (name, value) = split(part, at: "=")
            guard names.contains(String(name)) else {
                let named = ParameterName.shown(part, in: query)
                throw wrong("\(named) is no parameter of the URL; there are \(names.joined(separator: ", "))")
            }
            let text = try decoded(value ?? "", String(name))
            guard !text.isEmpty else { throw wrong("the URL's parameter \(name) has no value") }
            guard parameters.updateValue(text, forKey: String(name)) == nil else {
                throw wrong("the URL's parameter \(name) is there twice")
            }
        }
        return parameters
    }

    /// Percent escapes read; no zero bytes, which C would take for the end.
    private static func decoded(_ text: Substring, _ what: String) throws(StorageError) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = rest.prefix(2).compactMap { Character(UnicodeScalar($0)).hexDigitValue }
            guard digits.count == 2 else {
                throw wrong("the URL's \(what) has an escape that is not % and two hex digits")
            }
            bytes.append(UInt8(digits[0] << 4 | digits[1]))
            rest = rest.dropFirst(2)
        }
        guard let decoded = String(validating: bytes, as: UTF8.self), !bytes.contains(0) else {
            throw wrong("the URL's \(what) is no text")
        }
        return decoded
    }
}

/// A password that is lent, and never printed.
///
/// A class, because a secret cannot be copied and connections share it.
public final class DatabasePassword: Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    private let bytes: SecretBytes

    init(_ text: String) {
        bytes = SecretBytes(copying: Array(text.utf8) + [0])
    }

    /// Lends it as C takes it, with a zero at the end.
    public func unsafeCString<Result>(_ body: (UnsafePointer<CChar>?) -> Result) -> Result {
        bytes.withBytes { span in
            unsafe span.withUnsafeBytes { raw in
                unsafe body(raw.baseAddress?.assumingMemoryBound(to: CChar.self))
            }
        }
    }

    public var description: String { "(password)" }
    public var debugDescription: String { description }
}
