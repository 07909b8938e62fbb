/// What a credential may do, for example `withdrawals:write`.
public struct Scope: Sendable, Hashable, CustomStringConvertible, ExpressibleByStringLiteral {
    /// The name as it stands in keys and tokens.
    public let name: String

    /// Parses a scope: lower-case words joined by `:`, or `*` for everything.
    ///
    /// - Returns: `nil` for any other text.
    public init?(_ name: String) {
        guard Self.isValid(name) else { return nil }
        self.name = name
    }

    /// A scope written in code.
    public init(stringLiteral name: String) {
        precondition(Self.isValid(name), "a scope is lower-case words joined by a colon")
        self.name = name
    }

    /// Everything; for administrators' keys.
    public static let everything: Scope = "*"

    /// The name.
    public var description: String { name }

    private static func isValid(_ name: String) -> Bool {
        if name == "*" { return true }
        guard !name.isEmpty, name.utf8.count <= 64 else { return false }
        var previousIsLetter = false
        for byte in name.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "_"):
                previousIsLetter = true
            case UInt8(ascii: ":") where previousIsLetter:
                previousIsLetter = false
            default:
                return false
            }
        }
        return previousIsLetter
    }
}

/// A set of scopes; `*` contains every scope.
public struct ScopeSet: Sendable, Hashable, ExpressibleByArrayLiteral {
    private var scopes: Set<Scope>
    private var holdsEverything: Bool

    /// A set of the given scopes.
    public init(_ scopes: some Sequence<Scope>) {
        self.scopes = Set(scopes)
        self.holdsEverything = self.scopes.contains(.everything)
    }

    /// A set of the given scopes.
    public init(arrayLiteral elements: Scope...) { self.init(elements) }

    /// Parses space-separated scopes as OAuth writes them ([RFC 8693](https://www.rfc-editor.org/rfc/rfc8693) `scope`).
    ///
    /// - Returns: `nil` when a part is not a scope.
    public init?(text: String) {
        var scopes: [Scope] = []
        for part in text.split(separator: " ", omittingEmptySubsequences: true) {
            guard scopes.count < 64, let scope = Scope(String(part)) else { return nil }
            scopes.append(scope)
        }
        self.init(scopes)
    }

    /// Whether `scope` is granted.
    public func contains(_ scope: Scope) -> Bool { holdsEverything || scopes.contains(scope) }

    /// The names, sorted.
    public var names: [String] { scopes.map(\.name).sorted() }
}

/// Who may call an operation.
///
/// There is no default, so that nobody forgets to decide.
public enum Permission: Sendable, Hashable {
    /// Anyone, without a credential.
    case everyone
    /// Any valid credential.
    case authenticated
    /// A credential with this scope.
    case scope(Scope)
    /// A credential with at least one of these scopes.
    case anyScope([Scope])

    /// Anyone, without a credential.
    public static var `public`: Permission { .everyone }

    func allows(_ scopes: ScopeSet) -> Bool {
        switch self {
        case .everyone, .authenticated: true
        case .scope(let scope): scopes.contains(scope)
        case .anyScope(let any): any.contains { scopes.contains($0) }
        }
    }

    /// The scopes for documents and messages.
    var scopeNames: [String] {
        switch self {
        case .everyone, .authenticated: []
        case .scope(let scope): [scope.name]
        case .anyScope(let any): any.map(\.name)
        }
    }
}
