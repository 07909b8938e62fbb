import Primitives

extension AuthPayload {
    /// The payload with what the wallet supports: the JavaScript client's `populateAuthPayload`.
    ///
    /// Chains become those that both have. When the last resource is a ReCap with the resource `eip155`, its methods
    /// become those that both have, limited to these chains, and the statement is rewritten to say so. A payload without
    /// a ReCap stays as it was, its chains too.
    ///
    /// - Parameters:
    ///   - chains: what the wallet supports, as CAIP-2 ids; when empty, the payload stays as it was.
    ///   - methods: what the wallet supports.
    /// - Throws: ``AuthError/noSupportedChains``, ``AuthError/unsupportedMethods(requested:supported:)`` or
    ///   ``AuthError/recap(_:)``.
    public func limited(toChains chains: [String], methods: [String]) throws(AuthError) -> AuthPayload {
        guard !chains.isEmpty else { return self }
        let common = self.chains.filter { chains.containsText($0) }
        guard !common.isEmpty else { throw .noSupportedChains }
        guard let requested = try Recap.last(in: resources) else { return self }

        var payload = self
        payload.chains = common
        var recap = requested
        if !requested.abilities(of: Self.namespace).isEmpty {
            let actions = requested.methods(of: Self.namespace)
            let approved = actions.filter { methods.containsText($0) }
            guard !approved.isEmpty else { throw .unsupportedMethods(requested: actions, supported: methods) }
            let limits: JSON = ["chains": .array(common.map { JSON.string($0) })]
            let granted = Recap(resource: Self.namespace, ability: "request", actions: approved, limits: limits)
            recap = requested.replacing(granted.resources[0])
            payload.resources?.removeLast()
            payload.resources?.append(recap.encoded)
        }
        payload.statement = recap.statement(after: statement)
        return payload
    }

    /// The one namespace in which methods are asked for by ReCap.
    private static let namespace = "eip155"
}
