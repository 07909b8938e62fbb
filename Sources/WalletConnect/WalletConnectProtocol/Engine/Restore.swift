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

    // MARK: Rows

    private mutating func restorePairing(_ text: borrowing RecordText) -> Bool {
        guard let pairing = text.state["pairing"].flatMap({ try? Pairing.decode($0) }),
            let until = Timestamp(text.state["until"])
        else { return false }
        pairings[pairing.topic] = PairingRow(
            pairing: pairing, key: text.symmetricKey(0), isOurs: text.state["ours"]?.bool ?? false, expiresAt: until)
        return true
    }

    private mutating func restoreSentProposal(_ key: RecordKey, _ text: borrowing RecordText) -> Bool {
        let state = text.state
        guard let id = Int64(key.key.dropFirst(2)), let until = Timestamp(state["until"]),
            let proposal = state["proposal"].flatMap({ try? SessionProposal.decode($0) })
        else { return false }
        var row = SentProposalRow(proposal: proposal, expiresAt: until, requests: [])
        var secret = 0
        if state["agreement"]?.bool == true {
            guard let agreement = text.agreementKey(secret) else { return false }
            row.agreement = agreement
            secret += 1
        }
        if state["session"]?.bool == true {
            guard let sessionKey = text.symmetricKey(secret) else { return false }
            row.sessionKey = sessionKey
            settling[sessionKey.topic] = id
        }
        row.responderKey = state["responder"]?.string
        row.authenticationID = state["authentication"]?.int
        row.requests = state["requests"]?.array?.compactMap { try? AuthPayload(json: $0) } ?? []
        if let settlement = state["settlement"], let settleID = settlement["id"].flatMap({ RPCID(json: $0) }),
            let params = settlement["params"], let question = settlement["question"]?.int
        {
            row.settlement = PendingSettlement(id: settleID, params: params, question: question)
        }
        sentProposals[id] = row
        return true
    }

    private mutating func restoreReceivedProposal(_ text: borrowing RecordText) -> Bool {
        let state = text.state
        guard let proposal = state["proposal"].flatMap({ try? SessionProposal.decode($0) }),
            let until = Timestamp(state["until"])
        else { return false }
        let key = ReceivedKey(proposal.pairingTopic, proposal.id)
        let reference = VerifyReference(kind: .proposal, topic: key.topic, id: proposal.id)
        var row = ReceivedProposalRow(id: proposal.id, proposal: proposal, expiresAt: until)
        (row.verifyContext, row.query) = origin(state, reference, url: proposal.proposer.metadata.url)
        row.approved = Topic(state["approved"])
        receivedProposals[key] = row
        return true
    }

    private mutating func restoreSession(_ key: RecordKey, _ text: borrowing RecordText) -> Bool {
        let state = text.state
        guard let topic = try? Topic(hex: key.key), let symmetric = text.symmetricKey(0),
            let until = Timestamp(state["until"]), let isController = state["controller"]?.bool
        else { return false }
        var row = SessionRow(key: symmetric, expiresAt: until, isController: isController, body: text.body)
        row.settleID = state["settle"].flatMap { RPCID(json: $0) }
        row.lastUpdate = state["update"]?.int ?? 0
        row.lastExtend = state["extend"]?.int ?? 0
        row.link = state["link"]?.string
        for member in state["events"]?.members ?? [] { row.lastEvents[member.name] = member.value.int }
        sessions[topic] = row
        return true
    }

    private mutating func restoreRequest(_ key: RecordKey, _ text: borrowing RecordText) -> Bool {
        let state = text.state
        guard let id = Int64(key.key), let kind = state["kind"]?.string.flatMap(SentRequestRow.Kind.init),
            let topic = Topic(state["topic"]), let until = Timestamp(state["until"])
        else { return false }
        sentRequests[id] = SentRequestRow(kind: kind, topic: topic, expiresAt: until, previous: state["previous"])
        sentByTopic[topic, default: []].insert(id)
        return true
    }

    private mutating func restorePending(_ text: borrowing RecordText) -> Bool {
        let state = text.state
        guard let topic = Topic(state["topic"]), let until = Timestamp(state["until"]) else { return false }
        if let answer = state["answer"]?.string, let digits = state["digits"]?.string {
            received[topic, default: TopicRequests()].answered.append(
                AnsweredRow(digits: digits, message: answer, expiresAt: until))
            return true
        }
        guard let id = state["id"].flatMap({ RPCID(json: $0) }), let chain = state["chain"]?.string,
            let method = state["method"]?.string, let number = state["sequence"]?.uint64
        else { return false }
        let key = ReceivedKey(topic, id)
        var row = PendingRow(
            id: id, chainID: chain, method: method, params: state["params"], expiresAt: until, sequence: number)
        (row.verifyContext, row.query) = origin(
            state, VerifyReference(kind: .request, topic: topic, id: id), url: "")
        sequence = max(sequence, number)
        if received[topic, default: TopicRequests()].waiting.updateValue(row, forKey: key.digits) == nil {
            receivedCount += 1
        }
        return true
    }

    private mutating func restoreSentAuthentication(_ key: RecordKey, _ text: borrowing RecordText) -> Bool {
        let state = text.state
        guard let id = Int64(key.key.dropFirst(2)), let pairing = Topic(state["pairing"]),
            let payload = state["payload"].flatMap({ try? AuthPayload(json: $0) }),
            let until = Timestamp(state["until"]), let agreement = text.agreementKey(0)
        else { return false }
        var row = SentAuthenticationRow(
            pairingTopic: pairing, agreement: agreement, payload: payload, expiresAt: until)
        row.fallback = state["fallback"]?.int
        row.isUnsupported = state["unsupported"]?.bool ?? false
        row.link = state["link"]?.string
        if let answer = state["answer"] {
            guard let cacaos = answer["cacaos"].flatMap({ try? Cacao.list(json: $0) }),
                let responder = answer["responder"].flatMap({ try? Participant.decode($0) }),
                let sessionKey = text.symmetricKey(1),
                let transport = answer["transport"]?.string.flatMap(MessageTransport.init)
            else { return false }
            row.answer = PendingAuthentication(
                cacaos: cacaos, responder: responder, key: sessionKey, transport: transport)
        }
        sentAuthentications[id] = row
        responseTopics[agreement.responseTopic] = id
        return true
    }

    private mutating func restoreReceivedAuthentication(_ text: borrowing RecordText) -> Bool {
        let state = text.state
        guard let topic = Topic(state["topic"]), let id = state["id"].flatMap({ RPCID(json: $0) }),
            let requester = state["requester"].flatMap({ try? Participant.decode($0) }),
            let payload = state["payload"].flatMap({ try? AuthPayload(json: $0) }),
            let until = Timestamp(state["until"]),
            let transport = state["transport"]?.string.flatMap(MessageTransport.init)
        else { return false }
        var row = ReceivedAuthenticationRow(
            id: id, requester: requester, payload: payload, expiresAt: until, transport: transport)
        (row.verifyContext, row.query) = origin(
            state, VerifyReference(kind: .authentication, topic: topic, id: id), url: requester.metadata.url)
        if let approval = state["approval"], let call = approval["call"]?.int,
            let cacaos = approval["cacaos"].flatMap({ try? Cacao.list(json: $0) })
        {
            row.approval = PendingApproval(call: call, cacaos: cacaos)
        }
        receivedAuthentications[ReceivedKey(topic, id)] = row
        return true
    }

    /// What was known of an origin, or the question that is open.
    private func origin(
        _ state: JSON, _ reference: VerifyReference, url: String
    ) -> (VerifyContext?, VerifyQuery?) {
        if let context = VerifyContext(record: state["context"]) { return (context, nil) }
        if let query = VerifyQuery(state["query"], reference) { return (nil, query) }
        return (unknownOrigin(url), nil)
    }

    private mutating func restoreOutcome(_ key: RecordKey, _ text: borrowing RecordText) -> Bool {
        guard let call = Int64(key.key), let until = Timestamp(text.state["until"]),
            let outcome = SignOutcome(text.state["outcome"])
        else { return false }
        outcomes[call] = OutcomeRow(outcome: outcome, expiresAt: until)
        return true
    }

    private mutating func restoreOutbound(
        _ key: RecordKey, _ text: borrowing RecordText, _ messages: inout [OutboundMessage]
    ) -> Bool {
        guard let id = Int64(key.key), let until = Timestamp(text.state["until"]),
            let purpose = OutboundPurpose(text.state["purpose"]),
            let kind = OutboundMessage.Kind(text.state["message"])
        else { return false }
        outbox[id] = OutboxRow(purpose: purpose, expiresAt: until)
        messages.append(OutboundMessage(id: id, kind: kind, expiresAt: until))
        return true
    }

    private static func seen(
        _ record: StoredRecord
    ) -> (topic: Topic, digest: MessageDigest, until: Timestamp)? {
        let parts = record.key.key.split(separator: ":")
        guard parts.count == 2, let topic = try? Topic(hex: String(parts[0])),
            let digest = MessageDigest(text: String(parts[1])), let until = record.expiresAt
        else { return nil }
        return (topic, digest, until)
    }

    private mutating func restoreSeen(_ entry: (topic: Topic, digest: MessageDigest, until: Timestamp)) {
        let limit = settings.limits.seenPerTopicMax
        if sessions[entry.topic] != nil {
            _ = sessions[entry.topic]?.seen.add(entry.digest, max: limit)
        } else {
            _ = pairings[entry.topic]?.seen.add(entry.digest, max: limit)
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
        for row in sessions.values where row.isController { last = max(last, max(row.lastUpdate, row.lastExtend)) }
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
