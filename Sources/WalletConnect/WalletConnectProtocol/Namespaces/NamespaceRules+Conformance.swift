extension NamespaceRules {
    /// Checks that what is approved covers what is required.
    ///
    /// The chains of accounts count as approved, not those that a namespace lists.
    ///
    /// - Parameter call: the call that the message names, such as `approve()`.
    /// - Throws: `SignError` with number 9; for the specification with 5000 to 5003.
    public static func conforms(
        _ approved: NamespaceMap<SessionNamespace>, to required: NamespaceMap<ProposalNamespace>,
        call: String = "approve()", strictness: Strictness = .javaScript
    ) throws(SignError) {
        if strictness == .specification { return try specification(approved, covers: required) }
        let coverage = Coverage(of: required, by: approved)
        guard coverage.chainsAreCovered else {
            // Two levels of indentation below the first line are part of the text that people search for.
            throw nonConforming(
                """
                \(call) namespaces chains don't satisfy required namespaces.
                      Required: \(coverage.requiredChains.joined(separator: ","))
                      Approved: \(coverage.approvedChains.joined(separator: ","))
                """)
        }
        let families = Set(approved.keys.map { ExactText(LenientCAIP.namespace(ofKey: $0)) })
        let missing = required.keys.map { LenientCAIP.namespace(ofKey: $0) }.unique
            .filter { !families.contains(ExactText($0)) }
        guard missing.isEmpty else {
            throw nonConforming(
                """
                \(call) namespaces keys don't satisfy requiredNamespaces.
                      Required: \(missing.joined(separator: ","))
                      Received: \(approved.keys.joined(separator: ","))
                """)
        }
        for entry in approved.entries where LenientCAIP.isInlineChain(entry.key) {
            guard !entry.value.accounts.contains(where: { LenientCAIP.isAccount($0, on: entry.key) }) else { continue }
            let chains = entry.value.accounts.map { LenientCAIP.chain(ofAccount: $0).map { String($0) } ?? $0 }
            throw nonConforming(
                """
                \(call) namespaces accounts don't satisfy namespace accounts for \(entry.key)
                        Required: \(entry.key)
                        Approved: \(chains.joined(separator: ","))
                """)
        }
        switch coverage.firstGap {
        case .methods(let chain)?:
            throw nonConforming("\(call) namespaces methods don't satisfy namespace methods for \(chain)")
        case .events(let chain)?:
            throw nonConforming("\(call) namespaces events don't satisfy namespace events for \(chain)")
        case nil: break
        }
    }

    /// Whether a session has everything an app asks for, and nothing in a namespace it does not ask for.
    ///
    /// Where JavaScript clients fail with a TypeError, over a namespace that was not asked for, this is false.
    public static func isSessionCompatible(
        _ namespaces: NamespaceMap<SessionNamespace>, with asked: NamespaceMap<ProposalNamespace>
    ) -> Bool {
        guard namespaces.keys.covers(asked.keys) else { return false }
        for entry in namespaces.entries {
            guard let wish = asked[entry.key] else { return false }
            let chains = LenientCAIP.isInlineChain(entry.key) ? [entry.key] : wish.chains ?? []
            guard Self.chains(ofAccounts: entry.value.accounts).covers(chains),
                entry.value.methods.covers(wish.methods), entry.value.events.covers(wish.events)
            else { return false }
        }
        return true
    }

    private static func nonConforming(_ context: String) -> SignError {
        SignError(.namespacesNotConforming, context)
    }
}
