#if MongoDB
    import Primitives
    public import Storage

    /// Where a MongoDB deployment is, and how it is spoken to.
    ///
    /// ```swift
    /// let settings = try MongoSettings(
    ///     url: "mongodb://coffer:secret@a.example,b.example/coffer?replicaSet=rs0&tls=true&tlsCAFile=/etc/coffer/ca.pem")
    /// ```
    /// Writes are acknowledged by a majority with their journals, reads see what a majority has: no setting weakens that.
    /// Printed, it shows no password.
    public struct MongoSettings: Sendable, CustomStringConvertible {
        /// Connections, each with a thread of its own.
        public static let connectionsDefault = 8
        /// Connections that may be kept.
        public static let connectionsMax = 64
        /// Bytes of a URL that are looked at.
        static let urlBytesMax = 8_192
        /// Options that go to libmongoc as they are, beside ours: `collection`, `pool` and `timeout`.
        private static let optionsPassed = [
            "appName", "authMechanism", "authSource", "directConnection", "replicaSet", "tls", "tlsCAFile",
            "tlsCertificateKeyFile",
        ]
        private static let optionsOwn = ["collection", "pool", "timeout"]

        /// The database, from the URL's path.
        public private(set) var database = "coffer"
        /// The collection that holds the records.
        public private(set) var collection = "coffer_records"
        /// Connections and threads: 1 to ``connectionsMax``.
        public private(set) var connections = connectionsDefault
        /// Milliseconds until a question must be answered.
        public var deadlineMilliseconds: Int64 = 5_000
        /// Milliseconds until ``MongoKeyValueStore/health()`` must be answered.
        public var healthDeadlineMilliseconds: Int64 = 2_000

        private let scheme: String
        private let hosts: String
        private let passed: [String]
        /// User and password as they stand in the URL; nil without.
        private let login: Login?

        /// Reads `mongodb://` or `mongodb+srv://` and `user:password@host:port,host:port/database?name=value`.
        ///
        /// - Throws: `KeyValueError` with code `invalid_settings`, which quotes neither URL nor password.
        public init(url: String) throws(KeyValueError) {
            guard url.utf8.count <= Self.urlBytesMax, url.utf8.allSatisfy({ 0x21...0x7E ~= $0 }) else {
                throw Self.refusal("a URL has no blanks and no characters beyond ASCII")
            }
            scheme = url.prefix { $0 != ":" }.lowercased()
            guard scheme == "mongodb" || scheme == "mongodb+srv", url.dropFirst(scheme.count).hasPrefix("://") else {
                throw Self.refusal("the scheme is mongodb:// or mongodb+srv://")
            }
            let rest = url.dropFirst(scheme.count + 3)
            let authority = rest.prefix { $0 != "/" && $0 != "?" }
            if let at = authority.lastIndex(of: "@") {
                login = Login(String(authority[...at]))
                hosts = String(authority[authority.index(after: at)...])
            } else {
                login = nil
                hosts = String(authority)
            }
            guard !hosts.isEmpty else { throw Self.refusal("the host is missing") }
            let tail = rest.dropFirst(authority.count)
            let path = tail.prefix { $0 != "?" }.dropFirst()
            var values: [String] = []
            var own: [(name: Substring, value: Substring)] = []
            let query = tail.drop { $0 != "?" }.dropFirst()
            for pair in query.split(separator: "&") {
                let name = pair.prefix { $0 != "=" }
                if Self.optionsPassed.contains(where: { $0 == name }) {
                    values.append(String(pair))
                } else if Self.optionsOwn.contains(where: { $0 == name }) {
                    own.append((name, pair.dropFirst(name.count + 1)))
                } else {
                    let known = (Self.optionsPassed + Self.optionsOwn).sorted().joined(separator: ", ")
                    throw Self.refusal(
                        "\(ParameterName.shown(pair, in: query)) is no parameter; there are \(known)")
                }
            }
            passed = values
            if !path.isEmpty { database = String(path) }
            for (name, value) in own { try set(name, value) }
            try check()
        }

        public var description: String {
            "\(scheme)://\(login == nil ? "" : "***@")\(hosts)/\(database)?collection=\(collection)"
        }

        /// What libmongoc is given, with its zero byte; wiped when it is let go.
        func address() -> SecretBytes {
            let seconds = min(deadlineMilliseconds, Int64(Int32.max))
            let options =
                passed + [
                    "retryWrites=true", "retryReads=true", "w=majority", "journal=true", "readConcernLevel=majority",
                    "readPreference=primary", "serverSelectionTryOnce=false", "maxPoolSize=\(connections + 1)",
                    "serverSelectionTimeoutMS=\(seconds)", "connectTimeoutMS=\(seconds)", "socketTimeoutMS=\(seconds)",
                ]
            let head = Array("\(scheme)://".utf8)
            let tail = Array("\(hosts)/\(database)?\(options.joined(separator: "&"))\0".utf8)
            let middle = login?.text.count ?? 0
            return unsafe SecretBytes(
                count: head.count + middle + tail.count,
                unsafeFill: { place in
                    unsafe place.copyBytes(from: head)
                    unsafe login?.text.withUnsafeBytes { secret in
                        unsafe UnsafeMutableRawBufferPointer(rebasing: place[head.count...]).copyMemory(from: secret)
                    }
                    unsafe UnsafeMutableRawBufferPointer(rebasing: place[(head.count + middle)...]).copyBytes(
                        from: tail)
                })
        }

        /// Whether the driver looks for a primary, rather than taking one server for all there is.
        var namesReplicaSet: Bool { scheme == "mongodb+srv" || passed.contains { $0.hasPrefix("replicaSet=") } }

        /// What to say when passwords and records cross a network that others may read; nil when they do not.
        package var plainNote: KeyValueNote? {
            let isSecure =
                scheme == "mongodb+srv" ? !passed.contains("tls=false") : passed.contains("tls=true")
            let isLocal = hosts.split(separator: ",").allSatisfy { place in
                let name = place.hasPrefix("[") ? place.dropFirst().prefix { $0 != "]" } : place.prefix { $0 != ":" }
                return Loopback.contains(String(name))
            }
            guard !isSecure, !isLocal else { return nil }
            return KeyValueNote(
                "not_encrypted", "\(hosts) is spoken to without TLS: others may read along; add tls=true")
        }

        /// Hosts alone, for messages.
        var place: String { hosts }

        private mutating func set(_ name: Substring, _ value: Substring) throws(KeyValueError) {
            switch name {
            case "collection": collection = String(value)
            case "pool":
                guard let number = Int(value) else { throw Self.refusal("pool is a number") }
                connections = number
            case "timeout":
                guard let number = Int64(value) else { throw Self.refusal("timeout is a number of milliseconds") }
                deadlineMilliseconds = number
            default: throw Self.refusal("there is a parameter that is none")
            }
        }

        private func check() throws(KeyValueError) {
            guard 1...Self.connectionsMax ~= connections else {
                throw Self.refusal("pool is 1 to \(Self.connectionsMax)")
            }
            for name in [database, collection] {
                guard 1...63 ~= name.utf8.count, name.utf8.allSatisfy(Self.isNameByte) else {
                    throw Self.refusal("database and collection have 1 to 63 letters, digits, underscores and hyphens")
                }
            }
            guard 1...3_600_000 ~= deadlineMilliseconds else { throw Self.refusal("a timeout is 1 ms to an hour") }
        }

        private static func isNameByte(_ byte: UInt8) -> Bool {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "-"): true
            default: false
            }
        }

        static func refusal(_ message: String) -> KeyValueError {
            KeyValueError(.invalidSettings, "mongodb: \(message)")
        }
    }

    /// User and password, which several copies of the settings share.
    ///
    /// A class, because a secret cannot be copied.
    private final class Login: Sendable {
        let text: SecretBytes

        init(_ text: String) {
            self.text = SecretBytes(copying: Array(text.utf8))
        }
    }
#endif
