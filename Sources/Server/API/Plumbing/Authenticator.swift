public import Primitives

/// Who sends a request, after their credential was checked.
public struct Principal: Sendable, Hashable {
    /// What kind of credential proved it.
    public enum Kind: String, Sendable, Hashable {
        /// A backend service's key.
        case apiKey
        /// A signed token.
        case token
        /// A person at the dashboard.
        case session
    }

    /// How often the principal may call.
    public enum Rate: Sendable, Hashable {
        /// The server's default policy.
        case standard
        /// A policy of its own.
        case policy(RatePolicy)
        /// No limit, for benchmarks and trusted batch work.
        case unlimited
    }

    /// The identity in logs and audit records, for example a key's id; never the credential.
    public let id: String
    /// What kind of credential proved it.
    public let kind: Kind
    /// Whose data the principal sees.
    public let tenant: String
    /// What it may do.
    public let scopes: ScopeSet
    /// How often it may call.
    public let rate: Rate

    /// Makes a principal.
    public init(id: String, kind: Kind, tenant: String, scopes: ScopeSet, rate: Rate = .standard) {
        self.id = id
        self.kind = kind
        self.tenant = tenant
        self.scopes = scopes
        self.rate = rate
    }
}

/// Turns a bearer credential into a principal.
///
/// Two honest answers exist besides the principal: `nil` means the credential is not valid (answered 401 without
/// saying why), an error means that it could not be checked (answered 503).
public protocol Authenticator: Sendable {
    /// Checks a credential.
    ///
    /// - Parameters:
    ///   - credential: the text after `Bearer `, at most 8 KiB, untrusted.
    ///   - time: the present.
    func authenticate(_ credential: String, at time: Timestamp) async throws -> Principal?
}

/// Asks authenticators in turn; the first principal counts.
///
/// List the one that recognises its credentials by their prefix first: API keys, then tokens.
public struct ChainedAuthenticator: Authenticator {
    private let links: [any Authenticator]

    /// Makes a chain.
    public init(_ links: [any Authenticator]) {
        self.links = links
    }

    /// The first principal that a link finds.
    public func authenticate(_ credential: String, at time: Timestamp) async throws -> Principal? {
        for link in links {
            if let principal = try await link.authenticate(credential, at: time) { return principal }
        }
        return nil
    }
}

/// Accepts nobody; for servers whose keystore is not set up yet.
public struct DenyAllAuthenticator: Authenticator {
    /// Makes one.
    public init() {}

    /// Always `nil`.
    public func authenticate(_ credential: String, at time: Timestamp) async throws -> Principal? { nil }
}
