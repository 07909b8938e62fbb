import Primitives

/// Arguments of calls, checked before anything is changed.
extension SignEngine {
    func check(_ offer: ConnectOffer, at now: Timestamp) throws(SignError) {
        try SignArguments.validateConnect(offer)
        guard let topic = offer.pairingTopic else { return }
        let record: SignRecord<Pairing> =
            if let row = pairings[topic] {
                row.expiresAt > now ? .live(row.pairing) : .expired
            } else {
                recentlyDeleted.record(topic.hex)
            }
        _ = try SignArguments.pairing(record, topic: topic.hex)
    }

    /// In the words of JavaScript clients, and as strict: one namespace, and that is `eip155`.
    func check(_ request: AuthRequest) throws(SignError) {
        guard !request.chains.isEmpty else {
            throw SignError(.invalidArgument, message: "chains is required and must be a non-empty array")
        }
        let required = [("uri", request.uri), ("domain", request.domain), ("nonce", request.nonce)]
        for (name, value) in required where value.isEmpty {
            throw SignError(.invalidArgument, message: "\(name) is required parameter")
        }
        let families = Set(request.chains.map { String($0.prefix { $0 != ":" }) })
        guard families.count == 1 else {
            throw SignError(
                .invalidArgument,
                message: "Multi-namespace requests are not supported. Please request single namespace only.")
        }
        guard families == ["eip155"], request.chains.allSatisfy({ (try? ChainID($0)) != nil }) else {
            throw SignError(
                .invalidArgument, message: "Only eip155 namespace is supported for authenticated sessions.")
        }
    }
}
