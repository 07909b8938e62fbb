import Foundation

/// A relational database server that tests run against.
public protocol DatabaseServer: Sendable {
    /// Why it can't be started here; `nil` when it can.
    static var missing: String? { get }
    /// The one that the running suite has started.
    static var current: Self? { get }
    static func started() async throws -> Self
    static func running(_ server: Self, _ body: () async throws -> Void) async throws

    var process: ServerProcess { get }
    var folder: ServerFolder { get }
    var certificates: Certificates { get }
    /// The schemes and parts that the URL is made of.
    var scheme: String { get }
    var port: Int { get }
    /// The parameter that names an authority, and what asks for encryption with or without looking at the name.
    var authorityParameter: String { get }
    var modeParameter: String { get }
    var modes: (plain: String, encrypted: String, authority: String, full: String) { get }
    /// A user who is let in with TLS alone.
    var secureUser: String { get }

    /// A new and empty place for tables; what follows the port in its URL.
    func makePlace() throws -> String
    /// Runs a statement as an administrator.
    @discardableResult func administer(_ sql: String) throws -> String
    /// How many connections the stores have to a place.
    func connectionCount(_ place: String) throws -> Int
    /// Ends the connections of all stores, as a server does that has had enough of them.
    func disconnectAll() throws
}

extension DatabaseServer {
    public static var password: String { "p@ss:w/rd?" }
    public static var escapedPassword: String { "p%40ss%3Aw%2Frd%3F" }

    /// A store's URL; `place` as ``makePlace()`` made it.
    public func url(
        _ place: String, _ parameters: [String] = [], user: String = "coffer", password: String = escapedPassword,
        host: String = "127.0.0.1"
    ) -> String {
        let mark = parameters.isEmpty ? "" : place.contains("?") ? "&" : "?"
        return "\(scheme)://\(user):\(password)@\(host):\(port)/\(place)\(mark)\(parameters.joined(separator: "&"))"
    }
}
