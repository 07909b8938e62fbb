import Primitives

/// What a sign-in gives: the accounts, and the methods that its ReCap allows.
public struct CacaoGrant: Sendable, Hashable {
    /// The issuer's address on its own chain and on each chain of the ReCap, in the form of CAIP-10, each once.
    public var accounts: [String]
    /// The methods of the ReCap; without any there is no session.
    public var methods: [String]

    /// What several sign-ins of one answer give together: each account and method once, in order.
    ///
    /// Compare each with the request and check its signature first.
    ///
    /// - Throws: ``AuthError/invalidIssuer(_:)`` or ``AuthError/recap(_:)``.
    public init(of cacaos: [Cacao]) throws(AuthError) {
        accounts = []
        methods = []
        for cacao in cacaos {
            let issuer = try Issuer(cacao.payload.issuer)
            var chains = [issuer.chain.description]
            if let recap = try Recap.signed(in: cacao.payload.resources) {
                let namespace = issuer.chain.namespace
                chains += recap.chains(of: namespace).filter { $0.hasPrefix("\(namespace):") }
                for method in recap.methods(of: namespace) where !methods.containsText(method) {
                    methods.append(method)
                }
            }
            for chain in chains {
                let account = "\(chain):\(issuer.address)"
                if !accounts.containsText(account) { accounts.append(account) }
            }
        }
    }
}
