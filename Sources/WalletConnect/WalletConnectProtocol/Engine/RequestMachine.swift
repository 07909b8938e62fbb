public import Primitives

/// The life of a call to a peer, and of a request a peer made: asked once, answered once.
extension SignEngine {
    /// A call that is sealed and stored nowhere yet: everything that can fail is behind it.
    struct PreparedCall {
        var calling: Calling
        var row: SentRequestRow
        var channel: Channel
        var text: String
        var rule: PublishRule
        var ttlSeconds: Int64?
        var analytics: RelayAnalytics
    }

    // MARK: dApp

    /// An id for a request that is made later; no two are the same.
    package mutating func reserveRequestID(at now: Timestamp) -> Int64 { payloadIDs.next(at: now) }

    /// Asks the wallet to do something (dApp).
    ///
    /// The outcome of ``Calling/id`` is the wallet's result, its refusal, or that time ran out: `request_expired`, unless
    /// it surely never left, which is `publish_failed`. It is kept until it was handed over, so a client that starts again
    /// finds it by ``status(of:)``.
    ///
    /// - Throws: ``SignError`` for an unknown session, a chain or a method that was not approved, an expiry outside of 300
    ///   to 604,800 seconds, a message above the relay's size, or a limit.
    public mutating func request(_ request: SessionRequest, at now: Timestamp) throws(SignError) -> (
        calling: Calling, decision: Decision
    ) {
        try self.request(request, reserved: nil, at: now)
    }

    /// As above, with an id of ``reserveRequestID(at:)``.
    package mutating func request(
        _ request: SessionRequest, reserved: Int64?, at now: Timestamp
    ) throws(SignError) -> (calling: Calling, decision: Decision) {
        let topic = request.topic
        let (session, row) = try liveSession(topic, at: now)
        try SignArguments.validateRequest(
            session, chain: request.chainID, method: request.method, expirySeconds: request.expirySeconds)
        let waiting = sentByTopic[topic]?.count ?? 0
        guard waiting < settings.limits.requestsPerTopicMax else { throw .limit("requests of this session") }
        let seconds = request.expirySeconds ?? settings.lifetimes.requestSeconds
        let id = reserved ?? payloadIDs.next(at: now)
        guard status(of: id) == nil else { throw SignError(.invalidArgument, "request() id: \(id) was used before") }
        let params = SessionRequestParams(
            method: request.method, params: request.params, expiry: Self.seconds(now.adding(seconds: seconds)),
            chainID: request.chainID)
        var call = try callPeer(
            .request, id: id, params: params.json, method: .sessionRequest, row: row, topic: topic, previous: nil,
            seconds: seconds, at: now)
        call.ttlSeconds = seconds
        if settings.sendsAnalytics {
            let contracts = TransactionFields.contractAddresses(
                method: request.method, params: request.params ?? .null)
            call.analytics.rpcMethods = [request.method]
            call.analytics.chainID = request.chainID
            call.analytics.contractAddresses = contracts.isEmpty ? nil : contracts
        }
        var decision = Decision()
        start(call, at: now, into: &decision)
        decision.actions.append(
            .emit(
                .sessionRequestSent(
                    topic: topic, id: id, method: request.method, params: request.params, chainID: request.chainID)))
        return (call.calling, decision)
    }

    /// Seals a call in a session.
    func callPeer(
        _ kind: SentRequestRow.Kind, id: Int64, params: JSON, method: WCMethod, row: SessionRow, topic: Topic,
        previous: JSON?, seconds: Int64? = nil, at now: Timestamp
    ) throws(SignError) -> PreparedCall {
        try callPeer(
            kind, id: id, params: params, method: method, channel: channel(of: row, topic), previous: previous,
            seconds: seconds, at: now)
    }

    /// Seals a call.
    func callPeer(
        _ kind: SentRequestRow.Kind, id: Int64, params: JSON, method: WCMethod, channel: Channel,
        previous: JSON? = nil, seconds: Int64? = nil, at now: Timestamp
    ) throws(SignError) -> PreparedCall {
        guard sentRequests.count < settings.limits.requestsMax else { throw .limit("requests") }
        try checkOutbox()
        let text = try seal(.request(id: .number(id), method: method.rawValue, params: params), for: channel)
        let expiresAt = now.adding(seconds: seconds ?? settings.lifetimes.acknowledgementSeconds)
        return PreparedCall(
            calling: Calling(id: id, expiresAt: expiresAt),
            row: SentRequestRow(kind: kind, topic: channel.topic, expiresAt: expiresAt, previous: previous),
            channel: channel, text: text, rule: method.rules.request, ttlSeconds: nil,
            analytics: RelayAnalytics(correlationID: id))
    }

    /// Stores a call and sends it.
    mutating func start(_ call: PreparedCall, at now: Timestamp, into decision: inout Decision) {
        store(call.row, id: call.calling.id, into: &decision)
        send(
            call.text, over: call.channel, rule: call.rule, ttlSeconds: call.ttlSeconds, analytics: call.analytics,
            id: call.calling.id, purpose: .request(call.calling.id), at: now, into: &decision)
    }

    mutating func store(_ row: SentRequestRow, id: Int64, into decision: inout Decision) {
        sentRequests[id] = row
        sentByTopic[row.topic, default: []].insert(id)
        deadlines.add(.sentRequest(id), at: row.expiresAt)
        decision.changes.append(.put(Self.record(row, id: id)))
    }

    /// A peer answered in a session.
    mutating func receiveAnswer(
        _ answer: Answer, to id: RPCID, topic: Topic, at now: Timestamp, into decision: inout Decision
    ) {
        guard let number = id.int64, let row = sentRequests[number], row.topic == topic else {
            guard let session = sessions[topic], session.isController, session.settleID?.matches(id) == true,
                loadSession(topic)?.acknowledged == false
            else {
                decision.drop = .unexpectedAnswer
                return
            }
            // Nobody waits for it any more, but the session still wants to know.
            settleAnswered(answer, id: id.int64 ?? 0, topic: topic, at: now, into: &decision)
            return
        }
        switch (row.kind, answer) {
        case (.settle, _):
            settleAnswered(answer, id: number, topic: topic, at: now, into: &decision)
        case (.request, .result(let result)):
            endRequest(number, .result(result), at: now, into: &decision)
        default:
            endRequest(number, answer.outcome, at: now, into: &decision)
        }
    }

    /// Ends a call, however it ended.
    mutating func endRequest(
        _ id: Int64, _ outcome: SignOutcome, at now: Timestamp, into decision: inout Decision
    ) {
        guard let row = sentRequests.removeValue(forKey: id) else { return }
        sentByTopic[row.topic]?.remove(id)
        if sentByTopic[row.topic]?.isEmpty == true { sentByTopic[row.topic] = nil }
        decision.changes.append(.delete(RecordKey(.requests, String(id))))
        switch outcome {
        case .refused, .failed: takeBack(row, id: id, into: &decision)
        case .session, .result, .acknowledged, .authenticated: break
        }
        finish(id, outcome, at: now, into: &decision)
    }

    /// Ends every call on a topic.
    mutating func endRequests(
        of topic: Topic, _ outcome: SignOutcome, at now: Timestamp, into decision: inout Decision
    ) {
        guard let ids = sentByTopic[topic] else { return }
        for id in ids.sorted() {
            endRequest(id, outcome, at: now, into: &decision)
            withdraw(.request(id), into: &decision)
        }
    }

    mutating func expireSentRequest(_ id: Int64, at now: Timestamp, into decision: inout Decision) {
        guard let row = sentRequests[id], row.expiresAt <= now else { return }
        // A change that was sent and not answered may hold at the peer, so it holds here; JavaScript does the same.
        var kept = row
        kept.previous = nil
        sentRequests[id] = kept
        // As a change holds here, it goes out for as long as it may; of the others nobody wants an answer any more.
        let isChange = row.kind == .update || row.kind == .extend
        let neverLeft = !isChange && withdraw(.request(id), into: &decision)
        let failure: SignError = row.kind == .request ? .expiredCall() : .unanswered()
        endRequest(id, .failed(neverLeft ? .undeliverable() : failure), at: now, into: &decision)
    }
}

extension Answer {
    /// What a call that wanted no more than a yes ends with.
    var outcome: SignOutcome {
        switch self {
        case .result: .acknowledged
        case .failure(let error): .refused(error)
        }
    }
}
