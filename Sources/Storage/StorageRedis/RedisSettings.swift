#if Redis
    public import Primitives
    public import Storage

    /// Where a Redis server is, and how it is spoken to.
    ///
    /// ```swift
    /// let settings = try RedisSettings(url: "rediss://coffer:secret@redis.example:6380/2?ca=/etc/coffer/ca.pem&pool=4")
    /// ```
    /// Printed, it shows no password.
    public struct RedisSettings: Sendable, CustomStringConvertible {
        /// Connections to keep; the server does one thing at a time, so a second one only fills its pauses.
        public static let connectionsDefault = 2
        /// Connections that may be kept.
        public static let connectionsMax = 64
        /// Bytes in ``prefix``.
        public static let prefixBytesMax = 64
        /// What may follow the `?` of a URL.
        static let parameters = ["ca", "cert", "key", "pool", "prefix", "timeout"]
        /// The port without one in the URL.
        public static let portDefault = 6379

        /// Name or address of the server; an IPv6 address without brackets.
        public var host: String
        /// Its port.
        public var port = portDefault
        /// Whether the connection has TLS; the certificate is always verified.
        public var isSecure = false
        /// Who logs in; nil for the user `default`.
        public var user: String?
        /// The number of the database, as `SELECT` takes it.
        public var database = 0
        /// What all keys begin with, in braces, so that a cluster keeps them in one place; letters, digits, `.`, `_`, `-`.
        public var prefix = "coffer"
        /// Connections to keep: 1 to ``connectionsMax``.
        public var connections = connectionsDefault
        /// Authorities to trust, a PEM file; nil for the system's.
        public var authoritiesFile: String?
        /// The client's own certificate, a PEM file, where the server asks for one.
        public var certificateFile: String?
        /// The key of ``certificateFile``, a PEM file.
        public var keyFile: String?
        /// Milliseconds until a question must be answered, waiting for a connection included.
        public var deadlineMilliseconds: Int64 = 5_000
        /// Milliseconds until ``RedisKeyValueStore/health()`` must be answered.
        public var healthDeadlineMilliseconds: Int64 = 2_000
        /// Milliseconds until a connection must be open and logged in.
        public var connectDeadlineMilliseconds: Int64 = 5_000

        private var secret: Password?

        /// Settings with everything else as it is by default.
        public init(host: String) {
            self.host = host
        }

        /// Reads `redis://` or, with TLS, `rediss://` and `user:password@host:port/database?name=value`.
        ///
        /// User and password may be percent-encoded. Names: `ca`, `cert`, `key` (paths of PEM files), `pool`
        /// (connections), `prefix`, `timeout` (milliseconds).
        ///
        /// - Throws: `KeyValueError` with code `invalid_settings`, which quotes neither URL nor password.
        public init(url: String) throws(KeyValueError) {
            let parts = try RedisURL(url)
            self.init(host: parts.host)
            isSecure = parts.isSecure
            port = parts.port ?? Self.portDefault
            user = parts.user
            database = parts.database
            if let password = parts.password { setPassword(SecretBytes(copying: Array(password.utf8))) }
            for (name, value) in parts.parameters { try set(name, value) }
            try check()
        }

        /// Gives the password; nil for none.
        public mutating func setPassword(_ password: consuming SecretBytes?) {
            secret = if let password { Password(password) } else { nil }
        }

        /// Whether there is a password.
        public var hasPassword: Bool { secret != nil }

        public var description: String {
            let login = secret == nil ? user.map { "\($0)@" } ?? "" : "\(user ?? ""):***@"
            return "redis\(isSecure ? "s" : "")://\(login)\(address)/\(database)?prefix=\(prefix)"
        }

        /// Host and port.
        var address: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

        /// What to say when passwords and records cross a network that others may read; nil when they do not.
        package var plainNote: KeyValueNote? {
            guard !isSecure, !Loopback.contains(host) else { return nil }
            return KeyValueNote(
                "not_encrypted", "\(address) is spoken to without TLS: others may read along; use rediss://")
        }

        /// The words that log in; nil without a password.
        func authentication() -> RESPCommand? {
            guard let secret else { return nil }
            var command = RESPCommand(parts: user == nil ? 2 : 3)
            command.add("AUTH")
            if let user { command.add(user) }
            command.add(secret.bytes)
            return command
        }

        private mutating func set(_ name: String, _ value: String) throws(KeyValueError) {
            switch name {
            case "ca": authoritiesFile = value
            case "cert": certificateFile = value
            case "key": keyFile = value
            case "prefix": prefix = value
            case "pool":
                guard let number = Int(value) else { throw RedisURL.refusal("pool is a number") }
                connections = number
            case "timeout":
                guard let number = Int64(value) else { throw RedisURL.refusal("timeout is a number of milliseconds") }
                deadlineMilliseconds = number
            default: throw RedisURL.refusal("there is a parameter that is none")
            }
        }

        /// Refuses what cannot work, before anything is opened.
        func check() throws(KeyValueError) {
            guard !host.isEmpty else { throw RedisURL.refusal("the host is missing") }
            guard 1...65_535 ~= port else { throw RedisURL.refusal("a port is 1 to 65535") }
            guard database >= 0 else { throw RedisURL.refusal("a database is a number from 0") }
            guard 1...Self.connectionsMax ~= connections else {
                throw RedisURL.refusal("pool is 1 to \(Self.connectionsMax)")
            }
            guard 1...Self.prefixBytesMax ~= prefix.utf8.count, prefix.utf8.allSatisfy(RedisURL.isPrefixByte) else {
                throw RedisURL.refusal(
                    "prefix has 1 to \(Self.prefixBytesMax) letters, digits, dots, underscores and hyphens")
            }
            for milliseconds in [deadlineMilliseconds, healthDeadlineMilliseconds, connectDeadlineMilliseconds] {
                guard 1...3_600_000 ~= milliseconds else {
                    throw RedisURL.refusal("a deadline is 1 ms to an hour")
                }
            }
            guard (certificateFile == nil) == (keyFile == nil) else {
                throw RedisURL.refusal("cert and key go together")
            }
            guard isSecure || (authoritiesFile == nil && certificateFile == nil) else {
                throw RedisURL.refusal("ca, cert and key are for rediss://")
            }
        }
    }

    /// A password that several copies of the settings share.
    ///
    /// A class, because a secret cannot be copied.
    private final class Password: Sendable {
        let bytes: SecretBytes

        init(_ bytes: consuming SecretBytes) {
            self.bytes = bytes
        }
    }
#endif
