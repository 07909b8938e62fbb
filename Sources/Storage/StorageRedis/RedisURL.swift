#if Redis
    import Storage

    /// The parts of a `redis://` URL.
    ///
    /// Standard: [RFC 3986](https://www.rfc-editor.org/rfc/rfc3986), as far as such URLs go.
    struct RedisURL {
        /// Bytes of a URL that are looked at.
        static let bytesMax = 4_096

        private(set) var isSecure = false
        private(set) var host = ""
        private(set) var port: Int?
        private(set) var user: String?
        private(set) var password: String?
        private(set) var database = 0
        private(set) var parameters: [(name: String, value: String)] = []

        /// - Throws: `KeyValueError` with code `invalid_settings`; the text is never quoted, for it may hold a password.
        init(_ text: String) throws(KeyValueError) {
            guard text.utf8.count <= Self.bytesMax, text.utf8.allSatisfy({ 0x21...0x7E ~= $0 }) else {
                throw Self.refusal("a URL has no blanks and no characters beyond ASCII")
            }
            let scheme = text.prefix { $0 != ":" }.lowercased()
            guard scheme == "redis" || scheme == "rediss", text.dropFirst(scheme.count).hasPrefix("://") else {
                throw Self.refusal("the scheme is redis:// or, with TLS, rediss://")
            }
            guard !text.contains("#") else {
                throw Self.refusal("there is no fragment; a # in a password is written %23")
            }
            isSecure = scheme == "rediss"
            let rest = text.dropFirst(scheme.count + 3)
            let authority = rest.prefix { $0 != "/" && $0 != "?" }
            let tail = rest.dropFirst(authority.count)
            var address = authority
            if let at = authority.lastIndex(of: "@") {
                try readLogin(authority[..<at])
                address = authority[authority.index(after: at)...]
            }
            try readAddress(address)
            let path = tail.prefix { $0 != "?" }.drop { $0 == "/" }
            if !path.isEmpty {
                guard path.utf8.allSatisfy({ 0x30...0x39 ~= $0 }), let number = Int(path) else {
                    throw Self.refusal("the path is the number of a database")
                }
                database = number
            }
            try readParameters(tail.drop { $0 != "?" }.dropFirst())
        }

        private mutating func readLogin(_ login: Substring) throws(KeyValueError) {
            let name = login.prefix { $0 != ":" }
            if !name.isEmpty { user = try Self.decoded(name) }
            guard name.count < login.count else {
                throw Self.refusal("a login is user:password; a password alone is written :password")
            }
            let word = login.dropFirst(name.count + 1)
            guard !word.isEmpty else { throw Self.refusal("the password is empty") }
            password = try Self.decoded(word)
        }

        private mutating func readAddress(_ address: Substring) throws(KeyValueError) {
            var name = address.prefix { $0 != ":" }
            var after = address.dropFirst(name.count)
            if address.hasPrefix("[") {
                guard let end = address.firstIndex(of: "]") else {
                    throw Self.refusal("an IPv6 address ends with a bracket")
                }
                name = address[address.index(after: address.startIndex)..<end]
                after = address[address.index(after: end)...]
            }
            guard !name.isEmpty else { throw Self.refusal("the host is missing") }
            host = String(name)
            guard !after.isEmpty else { return }
            guard after.hasPrefix(":"), let number = UInt16(after.dropFirst()), number > 0 else {
                throw Self.refusal("a port is 1 to 65535; an @, / or : in a password is percent-encoded")
            }
            port = Int(number)
        }

        private mutating func readParameters(_ query: Substring) throws(KeyValueError) {
            for pair in query.split(separator: "&") {
                let name = pair.prefix { $0 != "=" }
                let value = pair.dropFirst(name.count + 1)
                guard !parameters.contains(where: { $0.name == name }) else {
                    throw Self.refusal("\(ParameterName.shown(pair, in: query)) is given twice")
                }
                guard RedisSettings.parameters.contains(where: { $0 == name }) else {
                    let known = RedisSettings.parameters.joined(separator: ", ")
                    throw Self.refusal("\(ParameterName.shown(pair, in: query)) is no parameter; there are \(known)")
                }
                parameters.append((String(name), try Self.decoded(value)))
            }
        }

        /// Percent-encoding undone.
        private static func decoded(_ text: Substring) throws(KeyValueError) -> String {
            var bytes: [UInt8] = []
            var rest = text.utf8[...]
            while let byte = rest.popFirst() {
                guard byte == UInt8(ascii: "%") else {
                    bytes.append(byte)
                    continue
                }
                guard let high = rest.popFirst().flatMap(hexDigit), let low = rest.popFirst().flatMap(hexDigit) else {
                    throw refusal("a percent sign is followed by two hexadecimal digits, or written %25")
                }
                bytes.append(high << 4 | low)
            }
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw refusal("what percent signs stand for is no UTF-8")
            }
            return text
        }

        private static func hexDigit(_ byte: UInt8) -> UInt8? {
            switch byte {
            case 0x30...0x39: byte - 0x30
            case 0x41...0x46: byte - 0x41 + 10
            case 0x61...0x66: byte - 0x61 + 10
            default: nil
            }
        }

        static func isPrefixByte(_ byte: UInt8) -> Bool {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"): true
            default: false
            }
        }

        static func refusal(_ message: String) -> KeyValueError {
            KeyValueError(.invalidSettings, "redis: \(message)")
        }
    }
#endif
