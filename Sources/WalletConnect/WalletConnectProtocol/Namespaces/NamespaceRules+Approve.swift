extension NamespaceRules {
    /// What a wallet approves of a proposal: what is asked for, as far as the wallet supports it.
    ///
    /// ```swift
    /// let namespaces = try NamespaceRules.buildApproved(
    ///     required: proposal.requiredNamespaces, optional: proposal.optionalNamespaces,
    ///     supported: ["eip155": SessionNamespace(
    ///         chains: ["eip155:1"], accounts: ["eip155:1:0xab…"], methods: ["personal_sign"], events: [])])
    /// ```
    ///
    /// A proposal that asks for nothing gets everything. Namespaces that end up without chains or accounts are left out,
    /// so the result may be empty: then the proposal can only be rejected.
    ///
    /// - Parameter supported: by family of chains or by single chain; without `chains`, those of the accounts.
    /// - Throws: `SignError` with number 9 when something required is not supported, and one whose message is
    ///   `No accounts provided for chain …` when a chain has no account.
    public static func buildApproved(
        required: NamespaceMap<ProposalNamespace>, optional: NamespaceMap<ProposalNamespace>,
        supported: NamespaceMap<SessionNamespace>
    ) throws(SignError) -> NamespaceMap<SessionNamespace> {
        for entry in supported.entries {
            // The account has to be on exactly this chain. JavaScript clients look for the chain's text anywhere in
            // the account, so that an account on `eip155:10` would pass for `eip155:1`.
            for chain in listedChains(entry.key, entry.value)
            where !entry.value.accounts.contains(where: { LenientCAIP.isAccount($0, on: chain) }) {
                throw SignError(
                    .unsupportedAccounts,
                    message: "No accounts provided for chain \(chain) in namespace \(entry.key)")
            }
        }
        try conforms(supported, to: required, call: "approve()")
        if required.isEmpty && optional.isEmpty { return supported }

        let offer = folded(supported)
        var approved: NamespaceMap<SessionNamespace> = [:]
        for wish in normalize(required).entries {
            guard let have = offer[wish.key] else { continue }
            let wanted = Set((wish.value.chains ?? []).map { ExactText($0) })
            // The order of what is required is the wallet's.
            let chains = (have.chains ?? []).filter { wanted.contains(ExactText($0)) }
            approved[wish.key] = pick(from: have, wish.value, chains: chains)
        }
        for wish in normalize(optional).entries {
            guard let have = offer[wish.key] else { continue }
            let known = Set((have.chains ?? []).map { ExactText($0) })
            // The order of what is optional is the app's.
            let chains = (wish.value.chains ?? []).filter { known.contains(ExactText($0)) }
            let added = pick(from: have, wish.value, chains: chains)
            approved[wish.key] = approved[wish.key].map { union($0, added) } ?? union(added, added)
        }
        return NamespaceMap(
            unique: approved.entries.filter { entry in
                entry.value.chains?.isEmpty == false && !entry.value.accounts.isEmpty
            })
    }

    /// What is approved of one namespace: the chains given, the wished methods and events that there are, in the
    /// wallet's order, and the accounts on the chains.
    private static func pick(
        from have: SessionNamespace, _ wish: ProposalNamespace, chains: [String]
    ) -> SessionNamespace {
        let methods = Set(wish.methods.map { ExactText($0) })
        let events = Set(wish.events.map { ExactText($0) })
        return SessionNamespace(
            chains: chains,
            accounts: chains.flatMap { chain in have.accounts.filter { LenientCAIP.isAccount($0, on: chain) } },
            methods: have.methods.filter { methods.contains(ExactText($0)) },
            events: have.events.filter { events.contains(ExactText($0)) })
    }

    private static func union(_ first: SessionNamespace, _ second: SessionNamespace) -> SessionNamespace {
        SessionNamespace(
            chains: (first.chains ?? []).merged(with: second.chains ?? []),
            accounts: first.accounts.merged(with: second.accounts), methods: first.methods.merged(with: second.methods),
            events: first.events.merged(with: second.events))
    }

    /// What a wallet supports by family of chains, its namespaces of single chains added to their family.
    private static func folded(_ supported: NamespaceMap<SessionNamespace>) -> NamespaceMap<SessionNamespace> {
        var families: NamespaceMap<SessionNamespace> = [:]
        for entry in supported.entries {
            var namespace = entry.value
            namespace.chains = listedChains(entry.key, namespace)
            let family = LenientCAIP.namespace(ofKey: entry.key)
            families[family] = families[family].map { union($0, namespace) } ?? namespace
        }
        return families
    }

    /// The chains a wallet means: those it lists, else the key, else those of its accounts.
    private static func listedChains(_ key: String, _ namespace: SessionNamespace) -> [String] {
        if let chains = namespace.chains { return chains }
        return LenientCAIP.isInlineChain(key) ? [key] : chains(ofAccounts: namespace.accounts)
    }
}
