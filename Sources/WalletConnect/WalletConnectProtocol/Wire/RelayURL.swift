/// The address under which a client opens its connection: the relay's URL with the client's papers in the query.
public struct RelayURL: Sendable, Hashable {
    /// The relay's URL as configured; also the audience of the token.
    public var base: String
    /// The token of this connection.
    public var token: String
    /// The project at the relay's operator.
    public var projectID: String?
    /// Which software this is.
    public var userAgent: String?
    /// The application on iOS.
    public var bundleID: String?
    /// The application on Android.
    public var packageName: String?
    /// Whether the relay is asked to say no with a close frame instead of an HTTP status.
    public var usesCloseEvent: Bool

    /// An address.
    public init(
        base: String, token: String, projectID: String? = nil, userAgent: String? = nil, bundleID: String? = nil,
        packageName: String? = nil, usesCloseEvent: Bool = false
    ) {
        self.base = base
        self.token = token
        self.projectID = projectID
        self.userAgent = userAgent
        self.bundleID = bundleID
        self.packageName = packageName
        self.usesCloseEvent = usesCloseEvent
    }

    /// The whole address: what the URL had already, then ours in alphabetical order.
    public var text: String {
        let parts = base.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let existing = parts.count > 1 ? String(parts[1]) : ""
        return "\(parts[0])?\(query(existing: existing))"
    }

    /// The query alone.
    public func query(existing: String = "") -> String {
        let added: KeyValuePairs<String, String?> = [
            "auth": token, "bundleId": bundleID, "packageName": packageName, "projectId": projectID,
            "ua": userAgent, "useOnCloseEvent": usesCloseEvent ? "true" : nil,
        ]
        var pairs = existing.isEmpty ? [] : [existing]
        for (name, value) in added {
            if let value { pairs.append("\(name)=\(PercentCoding.encode(value))") }
        }
        return pairs.joined(separator: "&")
    }
}

/// The query of a URL, read one name at a time.
public enum QueryText {
    /// The longest URL that is read, in bytes.
    public static let urlBytesMax = 2 << 20

    /// The first value of `name` in the query of `url`, its escapes resolved; nil when there is none.
    public static func value(of name: String, in url: String) -> String? {
        guard url.utf8.count <= urlBytesMax, let mark = url.utf8.firstIndex(of: UInt8(ascii: "?")) else { return nil }
        let end = url.utf8[mark...].firstIndex(of: UInt8(ascii: "#")) ?? url.endIndex
        return value(of: name, inQuery: url[url.utf8.index(after: mark)..<end])
    }

    /// The first value of `name` in a query, its escapes resolved; nil when there is none.
    public static func value(of name: String, inQuery query: some StringProtocol) -> String? {
        var rest = Substring(query).utf8
        while !rest.isEmpty {
            let pair = rest.prefix { $0 != UInt8(ascii: "&") }
            rest = rest.dropFirst(pair.count + 1)
            let key = pair.prefix { $0 != UInt8(ascii: "=") }
            guard PercentCoding.decode(Substring(key), plusIsSpace: true) == name else { continue }
            return PercentCoding.decode(Substring(pair.dropFirst(key.count + 1)), plusIsSpace: true)
        }
        return nil
    }
}
