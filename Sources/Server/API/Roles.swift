import Primitives

/// Scopes by name, and the sets that people ask for.
public enum Roles {
    /// Every scope that a key can have.
    public static let all: [String] = [
        "wallets:read", "wallets:write", "withdrawals:create", "withdrawals:read", "withdrawals:cancel", "ledger:read",
        "ledger:write", "connections:read", "connections:write", "policies:read", "policies:write", "apikeys:manage",
        "audit:read", "guard:manage",
        "seal:manage", "system:read", "admin",
    ]

    /// What a backend service needs.
    public static let service: ScopeSet = [
        "wallets:read", "wallets:write", "withdrawals:create", "withdrawals:read", "withdrawals:cancel", "ledger:read",
        "ledger:write", "connections:read", "connections:write", "system:read",
    ]

    /// Everything.
    public static let administrator = ScopeSet(all.compactMap { Scope($0) })

    /// `admin` implies all others.
    public static func expanded(_ scopes: ScopeSet) -> ScopeSet {
        scopes.contains("admin") ? administrator : scopes
    }
}
