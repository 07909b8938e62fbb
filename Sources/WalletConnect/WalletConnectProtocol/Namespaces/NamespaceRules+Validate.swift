public import Primitives

extension NamespaceRules {
    /// Which namespaces of a proposal are meant.
    public enum ProposalPart: String, Sendable, Hashable {
        /// What the session has to have.
        case required = "requiredNamespaces"
        /// What the session may have.
        case optional = "optionalNamespaces"
    }

    /// Checks the namespaces of a proposal, as they came or as a caller gave them.
    ///
    /// - Parameters:
    ///   - json: the namespaces; nil when there are none.
    ///   - call: the call that the message names, such as `connect()`.
    /// - Throws: `SignError` with number 5 when this is no object with members, else 5100 to 5104.
    public static func validateProposal(
        _ json: JSON?, part: ProposalPart, call: String = "connect()", strictness: Strictness = .javaScript
    ) throws(SignError) {
        guard case .object(let members)? = json, !members.isEmpty else {
            throw SignError(.invalidArgument, "\(call), \(part.rawValue) should be an object with data")
        }
        if strictness == .specification { try specification(proposal: members) }
        // A fault of the chains is told before one of the methods, wherever it stands.
        for member in members { try chains(of: member, "\(call) \(part.rawValue)") }
        for member in members { try actions(of: member, call) }
    }

    /// Checks the namespaces of a proposal; see `validateProposal(_:part:call:strictness:)` for JSON.
    ///
    /// - Throws: `SignError` with number 5 when there are none, else 5100 to 5104.
    public static func validateProposal(
        _ namespaces: NamespaceMap<ProposalNamespace>, part: ProposalPart, call: String = "connect()",
        strictness: Strictness = .javaScript
    ) throws(SignError) {
        try validateProposal(namespaces.json, part: part, call: call, strictness: strictness)
    }

    /// Checks the namespaces of a session, as they came or as a caller gave them.
    ///
    /// A namespace without accounts passes, as with JavaScript clients, unless the specification is asked for.
    ///
    /// - Throws: `SignError` with number 5 when this is no object with members, else 5101 to 5104.
    public static func validateSession(
        _ json: JSON?, call: String = "approve()", strictness: Strictness = .javaScript
    ) throws(SignError) {
        guard case .object(let members)? = json, !members.isEmpty else {
            throw SignError(.invalidArgument, "\(call), namespaces should be an object with data")
        }
        if strictness == .specification { try specification(session: members) }
        for member in members { try accounts(of: member.value, "\(call) namespace") }
        for member in members { try actions(of: member, call) }
    }

    /// Checks the namespaces of a session; see `validateSession(_:call:strictness:)` for JSON.
    ///
    /// - Throws: `SignError` with number 5 when there are none, else 5101 to 5104.
    public static func validateSession(
        _ namespaces: NamespaceMap<SessionNamespace>, call: String = "approve()", strictness: Strictness = .javaScript
    ) throws(SignError) {
        try validateSession(namespaces.json, call: call, strictness: strictness)
    }

    private static func chains(of member: JSONMember, _ context: String) throws(SignError) {
        if case .array(let chains)? = member.value["chains"], !chains.isEmpty {
            for chain in chains {
                guard let text = chain.filledText, LenientCAIP.isChain(text) else {
                    let name = JavaScriptText.template(chain)
                    throw SignError(
                        .unsupportedChains,
                        "\(context), chain \(name) should be a string and conform to \"namespace:chainId\" format")
                }
            }
        } else if !LenientCAIP.isChain(member.name) {
            throw SignError(
                .unsupportedChains,
                "\(context), chains must be defined as \"namespace:chainId\" e.g. \"eip155:1\": {...} in the namespace "
                    + "key OR as an array of CAIP-2 chainIds e.g. eip155: { chains: [\"eip155:1\", \"eip155:5\"] }")
        }
    }

    private static func accounts(of namespace: JSON, _ context: String) throws(SignError) {
        guard case .array(let accounts)? = namespace["accounts"] else {
            throw SignError(
                .unsupportedAccounts,
                "\(context), accounts should be an array of strings conforming to \"namespace:chainId:address\" format")
        }
        for account in accounts {
            guard let text = account.filledText, LenientCAIP.isAccount(text) else {
                let name = JavaScriptText.template(account)
                throw SignError(
                    .unsupportedAccounts,
                    "\(context), account \(name) should be a string and conform to \"namespace:chainId:address\" format"
                )
            }
        }
    }

    private static func actions(of member: JSONMember, _ call: String) throws(SignError) {
        guard isNames(member.value["methods"]) else {
            throw SignError(
                .unsupportedMethods,
                "\(call), namespace, methods should be an array of strings or empty array for no methods")
        }
        guard isNames(member.value["events"]) else {
            throw SignError(
                .unsupportedEvents,
                "\(call), namespace, events should be an array of strings or empty array for no events")
        }
    }

    private static func isNames(_ json: JSON?) -> Bool {
        guard case .array(let names)? = json else { return false }
        return names.allSatisfy { $0.filledText != nil }
    }
}
