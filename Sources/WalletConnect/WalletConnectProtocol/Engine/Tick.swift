public import Primitives

/// Time: whatever has run out ends, whether the relay is reached or not.
extension SignEngine {
    /// Ends what has run out; call it at ``nextDeadline`` or every few seconds.
    public mutating func tick(at now: Timestamp) -> Decision {
        var decision = Decision()
        while let due = deadlines.takeDue(at: now) { expire(due, at: now, into: &decision) }
        let live =
            sessions.count + pairings.count + sentProposals.count + receivedProposals.count + sentRequests.count
            + receivedCount + sentAuthentications.count + receivedAuthentications.count + outcomes.count
            + farewells.count
        if deadlines.count > 4 * live + Self.staleDeadlinesMax { rebuildDeadlines() }
        return decision
    }

    /// This many stale entries are never worth a rebuild.
    private static let staleDeadlinesMax = 1024

    private mutating func expire(_ deadline: Deadline, at now: Timestamp, into decision: inout Decision) {
        switch deadline {
        case .pairing(let topic): expirePairing(topic, at: now, into: &decision)
        case .sentProposal(let id): expireSentProposal(id, at: now, into: &decision)
        case .receivedProposal(let key): expireReceivedProposal(key, at: now, into: &decision)
        case .session(let topic): expireSession(topic, at: now, into: &decision)
        case .sentRequest(let id): expireSentRequest(id, at: now, into: &decision)
        case .receivedRequest(let key): expireReceivedRequest(key, at: now, into: &decision)
        case .sentAuthentication(let id): expireSentAuthentication(id, at: now, into: &decision)
        case .receivedAuthentication(let key): expireReceivedAuthentication(key, at: now, into: &decision)
        case .outcome(let call): forgetOutcome(call, into: &decision)
        case .farewell(let topic):
            guard let until = farewells[topic], until <= now else { return }
            farewells[topic] = nil
            decision.changes.append(.delete(RecordKey(.farewells, topic.hex)))
        }
    }

    /// Notes every deadline anew, after a start or when most entries are of things that are gone.
    mutating func rebuildDeadlines() {
        deadlines.removeAll()
        for (topic, row) in pairings { deadlines.add(.pairing(topic), at: row.expiresAt) }
        for (id, row) in sentProposals { deadlines.add(.sentProposal(id), at: row.expiresAt) }
        for (key, row) in receivedProposals { deadlines.add(.receivedProposal(key), at: row.expiresAt) }
        for (topic, row) in sessions { deadlines.add(.session(topic), at: row.expiresAt) }
        for (id, row) in sentRequests { deadlines.add(.sentRequest(id), at: row.expiresAt) }
        for (topic, requests) in received {
            for (digits, row) in requests.waiting {
                deadlines.add(.receivedRequest(ReceivedKey(topic: topic, digits: digits)), at: row.expiresAt)
            }
            for row in requests.answered {
                deadlines.add(.receivedRequest(ReceivedKey(topic: topic, digits: row.digits)), at: row.expiresAt)
            }
        }
        for (id, row) in sentAuthentications { deadlines.add(.sentAuthentication(id), at: row.expiresAt) }
        for (key, row) in receivedAuthentications { deadlines.add(.receivedAuthentication(key), at: row.expiresAt) }
        for (topic, until) in farewells { deadlines.add(.farewell(topic), at: until) }
        for (call, row) in outcomes { deadlines.add(.outcome(call), at: row.expiresAt) }
    }
}
