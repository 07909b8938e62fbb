public import Primitives

/// The start: state back from records, what ran out meanwhile ended, what was under way resumed.
extension SignEngine {
    /// Takes back what was stored, before anything else is called.
    ///
    /// Sessions are not decoded, so thousands cost little. Then everything that was under way goes on: messages the relay
    /// has not taken go out again in their order and with the same bytes, topics are subscribed, dead ones unsubscribed,
    /// open questions asked again, and the app is told once more of proposals and requests it has not answered.
    ///
    /// - Throws: ``SignError`` of code `recordCorrupt` for a record that cannot be read, naming it.
    public mutating func restore(_ records: [StoredRecord], at now: Timestamp) throws(SignError) -> Decision {
        var messages: [OutboundMessage] = []
        var seen: [(topic: Topic, digest: MessageDigest, until: Timestamp)] = []
        for record in records where record.key.collection != .client {
            switch record.key.collection {
            case .seen:
                if let entry = Self.seen(record) { seen.append(entry) }
            case .farewells:
                guard let topic = try? Topic(hex: record.key.key), let until = record.expiresAt else {
                    throw .corruptRecord(record.key)
                }
                farewells[topic] = until
            default:
                guard let text = RecordText(record.value), restore(record.key, text, &messages) else {
                    throw .corruptRecord(record.key)
                }
            }
        }
        // Oldest first, so that the rings forget in the order of time.
        for entry in seen.sorted(by: { $0.until < $1.until }) where entry.until > now { restoreSeen(entry) }
        resumeIDs()
        rebuildDeadlines()
        outcomeOrder = outcomes.keys.sorted()

        var decision = tick(at: now)
        forgetOrphans(seen, into: &decision)
        resume(messages, at: now, into: &decision)
        return decision
    }

    private mutating func restore(
        _ key: RecordKey, _ text: borrowing RecordText, _ messages: inout [OutboundMessage]
    ) -> Bool {
        switch key.collection {
        case .pairings: restorePairing(text)
        case .proposals:
            key.key.hasPrefix("s:") ? restoreSentProposal(key, text) : restoreReceivedProposal(text)
        case .sessions: restoreSession(key, text)
        case .requests: restoreRequest(key, text)
        case .pending: restorePending(text)
        case .authentications:
            key.key.hasPrefix("s:") ? restoreSentAuthentication(key, text) : restoreReceivedAuthentication(text)
        case .outcomes: restoreOutcome(key, text)
        case .outbox: restoreOutbound(key, text, &messages)
        case .seen, .farewells, .client: true
        }
    }

    // MARK: Going on

    /// No id is used twice, even if the clock went back while this client was away.
    private mutating func resumeIDs() {
        var last: Int64 = 0
        for id in sentProposals.keys { last = max(last, id) }
        for id in sentRequests.keys { last = max(last, id) }
        for id in sentAuthentications.keys { last = max(last, id) }
        for id in outcomes.keys { last = max(last, id) }
        for row in receivedAuthentications.values { last = max(last, row.approval?.call ?? 0) }
        // Of changes only the milliseconds are kept: any of their thousand ids may have been used.
        let millisecondsMax = PayloadIDs.bound / 1000 - 1
        for row in sessions.values where row.isController {
            last = max(last, min(max(row.lastUpdate, row.lastExtend), millisecondsMax) * 1000 + 999)
        }
        payloadIDs = PayloadIDs(random: random, after: last)
        outboundIDs = PayloadIDs(random: random, after: outbox.keys.max() ?? 0)
    }

    /// Digests of topics that are gone.
    private func forgetOrphans(
        _ seen: [(topic: Topic, digest: MessageDigest, until: Timestamp)], into decision: inout Decision
    ) {
        for entry in seen where sessions[entry.topic] == nil && pairings[entry.topic] == nil {
            decision.changes.append(.delete(Self.seenKey(entry.digest, on: entry.topic)))
        }
    }

    private mutating func resume(_ messages: [OutboundMessage], at now: Timestamp, into decision: inout Decision) {
        let topics = topics
        if !topics.isEmpty { decision.actions.append(.subscribe(topics)) }
        if !farewells.isEmpty { decision.actions.append(.unsubscribe(farewells.keys.sorted())) }
        for message in messages.sorted(by: { $0.id < $1.id }) where outbox[message.id] != nil {
            decision.actions.append(.publish(message))
        }
        for (id, row) in sentProposals.sorted(by: { $0.key < $1.key }) {
            guard let pending = row.settlement, let settlement = try? Settlement.decode(pending.params),
                let cacaos = try? settlement.authentication()
            else { continue }
            ask(.settlement(id), id: pending.question, cacaos, into: &decision)
        }
        for (id, row) in sentAuthentications.sorted(by: { $0.key < $1.key }) {
            guard let answer = row.answer else { continue }
            ask(.sentAuthentication(id), id: payloadIDs.next(at: now), answer.cacaos, into: &decision)
        }
        for topic in Set(pairings.keys).sorted() { showAgain(on: topic, into: &decision) }
        for (key, row) in receivedAuthentications {
            guard let approval = row.approval else { continue }
            ask(.receivedAuthentication(key), id: approval.call, approval.cacaos, into: &decision)
        }
        showRequestsAgain(into: &decision)
        for (call, row) in outcomes.sorted(by: { $0.key < $1.key }) {
            decision.actions.append(.finish(call, row.outcome))
        }
    }

    private mutating func showRequestsAgain(into decision: inout Decision) {
        var rows: [(ReceivedKey, PendingRow)] = []
        for (topic, requests) in received {
            for (digits, row) in requests.waiting { rows.append((ReceivedKey(topic: topic, digits: digits), row)) }
        }
        for (key, row) in rows.sorted(by: { $0.1.sequence < $1.1.sequence }) {
            showOrLookUp(row, key, into: &decision)
        }
    }
}
