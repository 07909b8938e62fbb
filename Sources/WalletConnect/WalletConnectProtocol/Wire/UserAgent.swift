/// Which software a client is: `wc-2/js-2.23.4/linux-6.1.0/node`.
public enum UserAgent: Sendable, Hashable, CustomStringConvertible {
    /// A text of the agreed form.
    case known(Software)
    /// Another text, which relays take all the same.
    case unknown(String)

    /// The longest text that is read, in bytes.
    public static let textBytesMax = 512

    /// A text of the agreed form, in parts.
    public struct Software: Sendable, Hashable, CustomStringConvertible {
        /// The protocol: `wc` and 2.
        public var protocolKind: String
        /// The protocol's version.
        public var protocolVersion: UInt32
        /// The language of the library: `js`, `swift`, `kotlin`, `rust`.
        public var language: String
        /// The library's version.
        public var version: String
        /// What it runs on.
        public var system: System
        /// Where it runs, when that was said.
        public var environment: Environment?

        /// Software by its parts, with version 2 of the protocol.
        public init(language: String, version: String, system: System, environment: Environment? = nil) {
            protocolKind = "wc"
            protocolVersion = 2
            self.language = language
            self.version = version
            self.system = system
            self.environment = environment
        }

        /// The text that is sent.
        public var description: String {
            let head = "\(protocolKind)-\(protocolVersion)/\(language)-\(version)/\(system)"
            return environment.map { "\(head)/\($0)" } ?? head
        }
    }

    /// An operating system, and the browser on it when there is one: `windows7-edge-chromium-90.0.818`.
    public struct System: Sendable, Hashable, CustomStringConvertible {
        /// The system in lower case.
        public var family: String
        /// The browser in lower case.
        public var browser: String?
        /// The version of the last of both.
        public var version: String

        /// A system by its parts.
        public init(family: String, browser: String? = nil, version: String) {
            self.family = family
            self.browser = browser
            self.version = version
        }

        /// Reads a system.
        ///
        /// - Throws: `UserAgentError.malformed` without a version.
        public init(parsing text: String) throws(UserAgentError) {
            let parts = text.split(separator: "-", omittingEmptySubsequences: false)
            guard parts.count >= 2, let first = parts.first, let last = parts.last, !first.isEmpty, !last.isEmpty else {
                throw .malformed
            }
            let between = parts.dropFirst().dropLast().joined(separator: "-").lowercased()
            self.init(
                family: first.lowercased(), browser: between.isEmpty ? nil : between, version: String(last))
        }

        /// The parts with dashes between them.
        public var description: String {
            [family, browser, version].compactMap { $0 }.joined(separator: "-")
        }
    }

    /// Where a client runs: `browser:app.example.org`, `node`.
    public struct Environment: Sendable, Hashable, CustomStringConvertible {
        /// `browser`, `node`, `react-native` and the like.
        public var name: String
        /// The page's host.
        public var host: String?

        /// An environment by its parts.
        public init(name: String, host: String? = nil) {
            self.name = name
            self.host = host
        }

        /// Reads an environment.
        ///
        /// - Throws: `UserAgentError.empty`.
        public init(parsing text: String) throws(UserAgentError) {
            let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = parts.first, !name.isEmpty else { throw .empty }
            self.init(name: String(name), host: parts.count > 1 ? String(parts[1]) : nil)
        }

        /// The parts with a colon between them.
        public var description: String { host.map { "\(name):\($0)" } ?? name }
    }

    /// Reads a text; one that is not of the agreed form is `.unknown`.
    ///
    /// - Throws: `UserAgentError.empty` and `.tooLong`.
    public init(parsing text: String) throws(UserAgentError) {
        guard !text.isEmpty else { throw .empty }
        guard text.utf8.count <= Self.textBytesMax else { throw .tooLong(text.utf8.count) }
        guard let software = try? Self.software(text) else {
            self = .unknown(text)
            return
        }
        self = .known(software)
    }

    /// The text.
    public var description: String {
        switch self {
        case .known(let software): software.description
        case .unknown(let text): text
        }
    }

    private static func software(_ text: String) throws(UserAgentError) -> Software {
        let parts = text.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false).map(String.init)
        guard parts.count >= 3 else { throw .malformed }
        let (kind, version) = try protocolParts(parts[0])
        let (language, libraryVersion) = try libraryParts(parts[1])
        var software = Software(
            language: language, version: libraryVersion, system: try System(parsing: parts[2]),
            environment: parts.count > 3 ? try Environment(parsing: parts[3]) : nil)
        software.protocolKind = kind
        software.protocolVersion = version
        return software
    }

    /// Reads `wc-2`.
    package static func protocolParts(_ text: String) throws(UserAgentError) -> (kind: String, version: UInt32) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, let version = UInt32(parts[1]) else { throw .malformed }
        return (String(parts[0]), version)
    }

    /// Reads `js-2.0.0-rc.1`.
    package static func libraryParts(_ text: String) throws(UserAgentError) -> (language: String, version: String) {
        let parts = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else { throw .malformed }
        return (String(parts[0]), String(parts[1]))
    }
}

/// Why a text says nothing about a client's software.
public enum UserAgentError: Error, Equatable, Sendable {
    /// No text.
    case empty
    /// More than 512 bytes.
    case tooLong(Int)
    /// A part without its version.
    case malformed
}
