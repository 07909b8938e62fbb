/// A server and the credentials for it, with where each came from.
package struct Connection: Sendable, Equatable {
    /// Whose credential a request uses.
    package enum Role: Sendable, Equatable {
        /// The application's.
        case user
        /// The administrator's, where it is known; else the application's.
        case administrator
    }

    /// A credential and where it came from.
    package struct Credential: Sendable, Equatable {
        /// What goes into the Authorization header.
        package var key: String
        /// For messages: a flag, a variable or a file.
        package var source: String
        /// The file it was read from, if any.
        package var file: String?

        /// Makes a credential.
        package init(key: String, source: String, file: String? = nil) {
            self.key = key
            self.source = source
            self.file = file
        }
    }

    /// The server.
    package var base: BaseURL
    /// Where the URL came from.
    package var urlSource: String
    /// The application's credential.
    package var user: Credential?
    /// The administrator's credential.
    package var administrator: Credential?

    /// Makes a connection.
    package init(
        base: BaseURL, urlSource: String, user: Credential? = nil, administrator: Credential? = nil
    ) {
        self.base = base
        self.urlSource = urlSource
        self.user = user
        self.administrator = administrator
    }

    /// The credential for a role.
    package func credential(for role: Role) -> Credential? {
        switch role {
        case .user: user ?? administrator
        case .administrator: administrator ?? user
        }
    }

    /// What goes into the Authorization header.
    package func key(for role: Role) -> String? { credential(for: role)?.key }

    /// Whether a credential would cross a network that anybody can read.
    package var exposesCredential: Bool { base.scheme == "http" && !base.isLoopback && credential(for: .user) != nil }
}
