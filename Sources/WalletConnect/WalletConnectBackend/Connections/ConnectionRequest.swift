public import Primitives
public import WalletConnectProtocol

/// What is asked of a wallet for a user.
///
/// Everything is asked as optional: a wallet that lacks a chain still connects, and ``Connection`` says what it granted.
public struct ConnectionRequest: Sendable {
    /// Whose connection it will be; 1 to ``BackendSettings/userIDBytesMax`` bytes, compared byte by byte.
    public var userID: String
    /// Whose user it is, where several applications share a backend: users of two tenants are two, whatever their ids.
    public var tenant: String?
    /// The chains, CAIP-2, of any namespaces; at least one.
    public var chains: [ChainID]
    /// The methods, given to the namespaces they belong to by their names; empty is ``usualMethods(of:)``.
    ///
    /// Those that belong to none of the namespaces are asked for in the first chain's.
    public var methods: [String]
    /// The events, given to namespaces as ``methods`` are; empty is ``usualEvents(of:)``.
    public var events: [String]
    /// Wishes for the whole session.
    public var sessionProperties: JSON?
    /// Namespaces as they are sent, in place of chains, methods and events.
    public var namespaces: NamespaceMap<ProposalNamespace>?
    /// Namespaces that the wallet must grant, for wallets that know the difference.
    public var requiredNamespaces: NamespaceMap<ProposalNamespace>

    /// Asks for a connection.
    public init(
        userID: String, chains: [ChainID], methods: [String] = [], events: [String] = [],
        sessionProperties: JSON? = nil, tenant: String? = nil, namespaces: NamespaceMap<ProposalNamespace>? = nil,
        requiredNamespaces: NamespaceMap<ProposalNamespace> = [:]
    ) {
        self.userID = userID
        self.chains = chains
        self.methods = methods
        self.events = events
        self.sessionProperties = sessionProperties
        self.tenant = tenant
        self.namespaces = namespaces
        self.requiredNamespaces = requiredNamespaces
    }

    /// The methods of a namespace that are asked for when none are named.
    public static func usualMethods(of namespace: String) -> [String] {
        switch namespace {
        case "eip155":
            [
                "eth_sendTransaction", "eth_signTransaction", "personal_sign", "eth_signTypedData_v4",
                "wallet_switchEthereumChain", "wallet_addEthereumChain",
            ]
        case "solana":
            [
                "solana_getAccounts", "solana_requestAccounts", "solana_signMessage", "solana_signTransaction",
                "solana_signAllTransactions", "solana_signAndSendTransaction",
            ]
        case "bip122": ["sendTransfer", "getAccountAddresses", "signPsbt", "signMessage"]
        default: []
        }
    }

    /// The events of a namespace that are asked for when none are named.
    public static func usualEvents(of namespace: String) -> [String] {
        switch namespace {
        case "eip155": ["chainChanged", "accountsChanged"]
        case "bip122": ["bip122_addressesChanged"]
        default: []
        }
    }

    /// The namespaces that are offered.
    ///
    /// - Throws: ``BackendError`` `invalid_params` for no chain.
    func offered() throws(BackendError) -> NamespaceMap<ProposalNamespace> {
        if let namespaces { return namespaces }
        guard !chains.isEmpty else {
            throw BackendError(.invalidParams, "at least one chain is asked for", field: "chains")
        }
        var names: [String] = []
        for chain in chains where !names.contains(chain.namespace) { names.append(chain.namespace) }
        var offered = NamespaceMap<ProposalNamespace>()
        for name in names {
            let own = methods.filter { Self.namespace(of: $0, among: names) == name }
            let ownEvents = events.filter { Self.namespace(ofEvent: $0, among: names) == name }
            var unique: [String] = []
            for chain in chains where chain.namespace == name && !unique.contains(chain.description) {
                unique.append(chain.description)
            }
            offered[name] = ProposalNamespace(
                chains: unique, methods: methods.isEmpty ? Self.usualMethods(of: name) : own,
                events: events.isEmpty ? Self.usualEvents(of: name) : ownEvents)
        }
        return offered
    }

    /// The namespace that a method is offered in; one namespace takes all, several take what is theirs.
    private static func namespace(of method: String, among names: [String]) -> String? {
        if names.count == 1 { return names[0] }
        if let usual = names.first(where: { usualMethods(of: $0).contains(method) }) { return usual }
        if let prefixed = names.first(where: { method.hasPrefix("\($0)_") }) { return prefixed }
        return ["eth_", "personal_", "wallet_"].contains { method.hasPrefix($0) } && names.contains("eip155")
            ? "eip155" : names[0]
    }

    private static func namespace(ofEvent event: String, among names: [String]) -> String? {
        if let own = names.first(where: { event.hasPrefix("\($0)_") || usualEvents(of: $0).contains(event) }) {
            return own
        }
        return !event.contains("_") && names.contains("eip155") ? "eip155" : names.first
    }
}
