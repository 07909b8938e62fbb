public import Primitives

/// Where requests come from, looked up before the app is told of them.
extension SignEngine {
    /// The question where a message came from; nil when nobody asks.
    func verifyQuery(
        _ kind: VerifyReference.Kind, _ key: ReceivedKey, id: RPCID, _ inbound: Inbound, url: String
    ) -> VerifyQuery? {
        guard settings.verifiesOrigins, inbound.attestation != "" else { return nil }
        return VerifyQuery(
            reference: VerifyReference(kind: kind, topic: key.topic, id: id), attestation: inbound.attestation,
            messageHash: MessageHash(of: inbound.text).hex, payloadHash: MessageHash(of: inbound.plaintext).hex,
            claimedURL: url)
    }

    func unknownOrigin(_ url: String) -> VerifyContext {
        VerifyContext(origin: url, validation: .unknown, verifyURL: "")
    }

    /// What was found out about where a request came from; the app is told of the request now.
    ///
    /// An answer about something that ended meanwhile is harmless.
    public mutating func verified(
        _ reference: VerifyReference, _ context: VerifyContext, at now: Timestamp
    ) -> Decision {
        var decision = Decision()
        let key = ReceivedKey(reference.topic, reference.id)
        switch reference.kind {
        case .proposal:
            guard var row = receivedProposals[key], row.verifyContext == nil else { return decision }
            row.verifyContext = context
            row.query = nil
            store(row, key, into: &decision)
            showOrLookUp(row, into: &decision)
        case .request:
            guard var row = received[key.topic]?.waiting[key.digits], row.verifyContext == nil else { return decision }
            row.verifyContext = context
            row.query = nil
            store(row, key, into: &decision)
            showOrLookUp(row, key, into: &decision)
        case .authentication:
            guard var row = receivedAuthentications[key], row.verifyContext == nil else { return decision }
            row.verifyContext = context
            row.query = nil
            store(row, key, into: &decision)
            showOrLookUp(row, key, into: &decision)
        }
        return decision
    }
}
