/// What may be asked, approved and used: the rules about namespaces.
///
/// Texts and codes are those of JavaScript clients, whose users search for them.
public enum NamespaceRules {
    /// How much is refused.
    public enum Strictness: Sendable, Hashable {
        /// What JavaScript clients refuse, in their words: the rule on the wire.
        case javaScript
        /// Also what only the specification refuses: chains and accounts outside their namespace, malformed ids, no
        /// accounts.
        case specification
    }

    /// Whether there is an account on `chain`.
    public static func allows(_ namespaces: NamespaceMap<SessionNamespace>, chain: String) -> Bool {
        for entry in namespaces.entries where hasAccount(entry.value, on: chain) { return true }
        return false
    }

    /// Whether `method` may be called on `chain`: one namespace has an account there and names the method.
    public static func allows(
        _ namespaces: NamespaceMap<SessionNamespace>, chain: String, method: String
    ) -> Bool {
        for entry in namespaces.entries
        where names(entry.value.methods, method) && hasAccount(entry.value, on: chain) { return true }
        return false
    }

    /// Whether `event` may be told about `chain`: one namespace has an account there and names the event.
    public static func allows(_ namespaces: NamespaceMap<SessionNamespace>, chain: String, event: String) -> Bool {
        for entry in namespaces.entries
        where names(entry.value.events, event) && hasAccount(entry.value, on: chain) { return true }
        return false
    }

    private static func names(_ names: [String], _ name: String) -> Bool {
        for candidate in names where candidate.isExactly(name) { return true }
        return false
    }

    private static func hasAccount(_ namespace: SessionNamespace, on chain: String) -> Bool {
        for account in namespace.accounts where LenientCAIP.isAccount(account, on: chain) { return true }
        return false
    }
}
