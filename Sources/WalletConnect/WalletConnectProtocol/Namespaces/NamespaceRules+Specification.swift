public import Primitives

/// What only the specification refuses.
///
/// Standard: [WalletConnect 2.0 namespaces](https://specs.walletconnect.com/2.0/specs/clients/sign/namespaces).
extension NamespaceRules {
    /// Cases 1.1 to 1.9: keys and chains of a proposal.
    static func specification(proposal members: [JSONMember]) throws(SignError) {
        for member in members {
            let inline = try chain(ofKey: member.name)
            guard case .array(let chains)? = member.value["chains"] else {
                guard inline != nil else { throw SignError(.unsupportedChains, "Chains must not be empty") }
                continue
            }
            guard !chains.isEmpty else { throw SignError(.unsupportedChains, "Chains must not be empty") }
            for chain in chains {
                guard let text = chain.string, let id = try? ChainID(text) else {
                    throw SignError(.unsupportedChains, "Chains must be CAIP-2 compliant")
                }
                guard inline.map({ $0 == id }) ?? id.namespace.isExactly(member.name) else {
                    throw SignError(.unsupportedChains, "Chains must be defined in matching namespace")
                }
            }
        }
    }

    /// Cases 2.1, 2.2 and 2.7: keys and accounts of a session.
    static func specification(session members: [JSONMember]) throws(SignError) {
        for member in members {
            let inline = try chain(ofKey: member.name)
            guard case .array(let accounts)? = member.value["accounts"], !accounts.isEmpty else {
                throw SignError(.userRejectedChains, "Accounts must not be empty")
            }
            for account in accounts {
                guard let chain = account.string.flatMap({ strictChain(ofAccount: $0) }) else {
                    throw SignError(.userRejectedChains, "Accounts must be CAIP-10 compliant")
                }
                guard inline.map({ $0 == chain }) ?? chain.namespace.isExactly(member.name) else {
                    throw SignError(.unsupportedAccounts, "Accounts must be defined in matching namespace")
                }
            }
        }
    }

    /// Cases 2.3 to 2.11: whether what is approved covers what is required.
    static func specification(
        _ approved: NamespaceMap<SessionNamespace>, covers required: NamespaceMap<ProposalNamespace>
    ) throws(SignError) {
        let families = Set(approved.keys.map { ExactText(LenientCAIP.namespace(ofKey: $0)) })
        for key in required.keys where !families.contains(ExactText(LenientCAIP.namespace(ofKey: key))) {
            throw SignError(.userRejected, "All namespaces must be approved")
        }
        let coverage = Coverage(of: required, by: approved)
        guard coverage.chainsAreCovered else {
            throw SignError(.userRejectedChains, "All chains must have at least one account")
        }
        switch coverage.firstGap {
        case .methods?: throw SignError(.userRejectedMethods, "All methods must be approved")
        case .events?: throw SignError(.userRejectedEvents, "All events must be approved")
        case nil: break
        }
    }

    /// The chain of an account that CAIP-10 allows; nil when it does not.
    ///
    /// An underscore in the address passes too: TON has it in its own form, and wallets send it as it is.
    public static func strictChain(ofAccount account: String) -> ChainID? {
        guard let chain = LenientCAIP.chain(ofAccount: account) else { return nil }
        let address = account.utf8.dropFirst(chain.utf8.count + 1)
            .map { $0 == UInt8(ascii: "_") ? UInt8(ascii: "-") : $0 }
        return (try? AccountID("\(chain):\(String(decoding: address, as: UTF8.self))"))?.chain
    }

    /// The chain that a key names; nil for a family of chains.
    private static func chain(ofKey key: String) throws(SignError) -> ChainID? {
        if let chain = try? ChainID(key) { return chain }
        // A family is what a chain id has before its colon.
        guard !LenientCAIP.isInlineChain(key), (try? ChainID(namespace: key, reference: "0")) != nil else {
            throw SignError(.unsupportedNamespaceKey, "Namespace formatting must match CAIP-2")
        }
        return nil
    }
}
