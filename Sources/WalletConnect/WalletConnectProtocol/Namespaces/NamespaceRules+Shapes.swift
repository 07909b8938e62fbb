extension NamespaceRules {
    /// The same namespaces by family of chains: `eip155:1` becomes a chain of `eip155`.
    ///
    /// A later key's chains, methods and events come before those of earlier keys of its family, as with JavaScript
    /// clients: wallets show chains in this order.
    public static func normalize(_ namespaces: NamespaceMap<ProposalNamespace>) -> NamespaceMap<ProposalNamespace> {
        var families: NamespaceMap<ProposalNamespace> = [:]
        for entry in namespaces.entries {
            let chains = LenientCAIP.isInlineChain(entry.key) ? [entry.key] : entry.value.chains ?? []
            let family = LenientCAIP.namespace(ofKey: entry.key)
            let known = families[family]
            families[family] = ProposalNamespace(
                chains: chains.merged(with: known?.chains ?? []),
                methods: entry.value.methods.merged(with: known?.methods ?? []),
                events: entry.value.events.merged(with: known?.events ?? []))
        }
        return families
    }

    /// What is asked for as optional once nothing is required any more: both together by family, required first.
    public static func mergeRequiredIntoOptional(
        required: NamespaceMap<ProposalNamespace>, optional: NamespaceMap<ProposalNamespace>
    ) -> NamespaceMap<ProposalNamespace> {
        var merged = normalize(required)
        for entry in normalize(optional).entries {
            guard let known = merged[entry.key] else {
                merged[entry.key] = entry.value
                continue
            }
            merged[entry.key] = ProposalNamespace(
                chains: (known.chains ?? []).merged(with: entry.value.chains ?? []),
                methods: known.methods.merged(with: entry.value.methods),
                events: known.events.merged(with: entry.value.events))
        }
        return merged
    }

    /// What a session made by a sign-in allows: the accounts by family of chains, and for each the methods.
    ///
    /// - Parameter accounts: CAIP-10, with `did:pkh:` before it or without.
    public static func namespaces(methods: [String], accounts: [String]) -> NamespaceMap<SessionNamespace> {
        var families: NamespaceMap<SessionNamespace> = [:]
        for account in accounts {
            let prefix = "did:pkh:"
            let account = account.hasPrefix(prefix) ? String(account.dropFirst(prefix.count)) : account
            guard let chain = LenientCAIP.chain(ofAccount: account) else { continue }
            let family = LenientCAIP.namespace(ofKey: account)
            var namespace =
                families[family]
                ?? SessionNamespace(
                    chains: [], accounts: [], methods: methods, events: ["chainChanged", "accountsChanged"])
            namespace.accounts = namespace.accounts.merged(with: [account])
            namespace.chains = namespace.chains?.merged(with: [String(chain)])
            families[family] = namespace
        }
        return families
    }

    /// What would have to be required to get these namespaces.
    public static func required(
        from namespaces: NamespaceMap<SessionNamespace>
    ) -> NamespaceMap<ProposalNamespace> {
        NamespaceMap<ProposalNamespace>(
            unique: namespaces.entries.map { entry in
                NamespaceMap<ProposalNamespace>.Entry(
                    key: entry.key,
                    value: ProposalNamespace(
                        chains: chains(ofAccounts: entry.value.accounts), methods: entry.value.methods,
                        events: entry.value.events))
            })
    }

    // MARK: What is approved, as lists

    /// The chains of accounts, each once, in order; what is no account is passed over.
    public static func chains(ofAccounts accounts: [String]) -> [String] {
        accounts.compactMap { account in LenientCAIP.chain(ofAccount: account).map { String($0) } }.unique
    }

    /// The chains with an account.
    public static func approvedChains(_ namespaces: NamespaceMap<SessionNamespace>) -> [String] {
        chains(ofAccounts: approvedAccounts(namespaces))
    }

    /// The accounts.
    public static func approvedAccounts(_ namespaces: NamespaceMap<SessionNamespace>) -> [String] {
        namespaces.values.flatMap(\.accounts).unique
    }

    /// The methods, for one chain or for all.
    public static func approvedMethods(
        _ namespaces: NamespaceMap<SessionNamespace>, chain: String? = nil
    ) -> [String] {
        on(chain, namespaces).flatMap(\.methods).unique
    }

    /// The events, for one chain or for all.
    public static func approvedEvents(
        _ namespaces: NamespaceMap<SessionNamespace>, chain: String? = nil
    ) -> [String] {
        on(chain, namespaces).flatMap(\.events).unique
    }

    /// The namespaces with an account on the chain.
    private static func on(_ chain: String?, _ namespaces: NamespaceMap<SessionNamespace>) -> [SessionNamespace] {
        guard let chain else { return namespaces.values }
        return namespaces.values.filter { $0.accounts.contains { LenientCAIP.isAccount($0, on: chain) } }
    }
}
