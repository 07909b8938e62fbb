import Primitives

/// How rows are read; what wrote them is in `Records.swift`.
extension SignEngine {
    mutating func restorePairing(_ text: borrowing RecordText) -> Bool {
        guard let pairing = text.state["pairing"].flatMap({ try? Pairing.decode($0) }),
            let until = Timestamp(text.state["until"])
        else { return false }
        pairings[pairing.topic] = PairingRow(
            pairing: pairing, key: text.symmetricKey(0), isOurs: text.state["ours"]?.bool ?? false, expiresAt: until,
            tookSignIn: text.state["signIn"]?.bool ?? false)
        return true
    }

    mutating func restoreSentProposal(_ key: RecordKey, _ text: borrowing RecordText) -> Bool {
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

    mutating func restoreReceivedProposal(_ text: borrowing RecordText) -> Bool {
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

    mutating func restoreSession(_ key: RecordKey, _ text: borrowing RecordText) -> Bool {
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

    mutating func restoreRequest(_ key: RecordKey, _ text: borrowing RecordText) -> Bool {
        let state = text.state
        guard let id = Int64(key.key), let kind = state["kind"]?.string.flatMap(SentRequestRow.Kind.init),
            let topic = Topic(state["topic"]), let until = Timestamp(state["until"])
        else { return false }
        sentRequests[id] = SentRequestRow(kind: kind, topic: topic, expiresAt: until, previous: state["previous"])
        sentByTopic[topic, default: []].insert(id)
        return true
    }

    mutating func restorePending(_ text: borrowing RecordText) -> Bool {
        let state = text.state
        guard let topic = Topic(state["topic"]), let until = Timestamp(state["until"]) else { return false }
        if let digits = state["digits"]?.string {
            received[topic, default: TopicRequests()].answered.append(
                AnsweredRow(digits: digits, message: state["answer"]?.string, expiresAt: until))
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

    mutating func restoreSentAuthentication(_ key: RecordKey, _ text: borrowing RecordText) -> Bool {
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

    mutating func restoreReceivedAuthentication(_ text: borrowing RecordText) -> Bool {
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
    func origin(
        _ state: JSON, _ reference: VerifyReference, url: String
    ) -> (VerifyContext?, VerifyQuery?) {
        if let context = VerifyContext(record: state["context"]) { return (context, nil) }
        if let query = VerifyQuery(state["query"], reference) { return (nil, query) }
        return (unknownOrigin(url), nil)
    }

    mutating func restoreOutcome(_ key: RecordKey, _ text: borrowing RecordText) -> Bool {
        guard let call = Int64(key.key), let until = Timestamp(text.state["until"]),
            let outcome = SignOutcome(text.state["outcome"])
        else { return false }
        outcomes[call] = OutcomeRow(outcome: outcome, expiresAt: until)
        return true
    }

    mutating func restoreOutbound(
        _ key: RecordKey, _ text: borrowing RecordText, _ messages: inout [OutboundMessage]
    ) -> Bool {
        guard let id = Int64(key.key), let until = Timestamp(text.state["until"]),
            let purpose = OutboundPurpose(text.state["purpose"]),
            let kind = OutboundMessage.Kind(text.state["message"])
        else { return false }
        // Nobody wrote down whether the process that is gone had sent it.
        outbox[id] = OutboxRow(purpose: purpose, expiresAt: until, mayBeThere: true)
        messages.append(OutboundMessage(id: id, kind: kind, expiresAt: until, mayBeThere: true))
        return true
    }

    static func seen(
        _ record: StoredRecord
    ) -> (topic: Topic, digest: MessageDigest, until: Timestamp)? {
        let parts = record.key.key.split(separator: ":")
        guard parts.count == 2, let topic = try? Topic(hex: String(parts[0])),
            let digest = MessageDigest(text: String(parts[1])), let until = record.expiresAt
        else { return nil }
        return (topic, digest, until)
    }

    mutating func restoreSeen(_ entry: (topic: Topic, digest: MessageDigest, until: Timestamp)) {
        let limit = settings.limits.seenPerTopicMax
        if sessions[entry.topic] != nil {
            _ = sessions[entry.topic]?.seen.add(entry.digest, max: limit)
        } else {
            _ = pairings[entry.topic]?.seen.add(entry.digest, max: limit)
        }
    }
}
