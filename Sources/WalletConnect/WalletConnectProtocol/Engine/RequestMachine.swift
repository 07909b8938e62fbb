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

    /// Asks the wallet to do something (dApp).
    ///
    /// The outcome of ``Calling/id`` is the wallet's result, its refusal, or that time ran out; it is kept until it was
    /// handed over, so a client that starts again finds it by ``status(of:)``.
    ///
    /// - Throws: ``SignError`` for an unknown session, a chain or a method that was not approved, an expiry outside of 300
    ///   to 604,800 seconds, a message above the relay's size, or a limit.
    public mutating func request(_ request: SessionRequest, at now: Timestamp) throws(SignError) -> (
        calling: Calling, decision: Decision
    ) {
        let topic = request.topic
        let (session, row) = try liveSession(topic, at: now)
        try SignArguments.validateRequest(
            session, chain: request.chainID, method: request.method, expirySeconds: request.expirySeconds)
        let waiting = sentByTopic[topic]?.count ?? 0
        guard waiting < settings.limits.requestsPerTopicMax else { throw .limit("requests of this session") }
        let seconds = request.expirySeconds ?? settings.lifetimes.requestSeconds
        let id = payloadIDs.next(at: now)
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
        endRequest(id, .failed(row.kind == .request ? .expiredCall() : .unanswered()), at: now, into: &decision)
        withdraw(.request(id), into: &decision)
    }

    // MARK: Wallet

    mutating func receiveRequest(
        _ params: JSON, id: RPCID, _ inbound: Inbound, row: SessionRow, into decision: inout Decision
    ) {
        let now = inbound.now
        let key = ReceivedKey(inbound.topic, id)
        let channel = channel(of: row, inbound.topic)
        guard row.isController else {
            decision.drop = .wrongRole
            return
        }
        if let requests = received[key.topic] {
            if requests.waiting[key.digits] != nil {
                decision.drop = .duplicate
                return
            }
            if let answered = requests.answered.first(where: { $0.digits == key.digits }) {
                // The dApp, or the relay, says it again: so do we, in the same words.
                decision.drop = .duplicate
                send(
                    answered.message, over: channel, rule: WCMethod.sessionRequest.rules.response,
                    analytics: RelayAnalytics(correlationID: id.int64), id: id.int64 ?? 0, purpose: .answer, at: now,
                    into: &decision)
                return
            }
        }
        do throws(SignError) {
            let request = try readRequest(params, topic: key.topic)
            let latest = now.adding(seconds: Lifetime.requestSecondsRange.upperBound)
            let expiresAt =
                request.expiry.map { min(Self.moment($0), latest) }
                ?? now.adding(seconds: settings.lifetimes.requestSeconds)
            guard expiresAt > now else {
                decision.drop = .expired
                return
            }
            let waiting = received[key.topic]?.waiting.count ?? 0
            guard waiting < settings.limits.pendingPerTopicMax, receivedCount < settings.limits.pendingMax else {
                throw .limit("requests that wait for the user")
            }
            let session = decoded[key.topic]
            let url = session?.peer.metadata.url ?? ""
            let query = verifyQuery(.request, key, id: id, inbound, url: url)
            sequence += 1
            let pending = PendingRow(
                id: id, chainID: request.chainID, method: request.method, params: request.params,
                expiresAt: expiresAt, sequence: sequence,
                verifyContext: query == nil ? unknownOrigin(url) : nil, query: query)
            store(pending, key, into: &decision)
            showOrLookUp(pending, key, into: &decision)
        } catch {
            decision.drop = .refused
            answer(
                .failure(id: id, error.peerError), over: channel, rule: WCMethod.sessionRequest.rules.response,
                at: now, into: &decision)
        }
    }

    private mutating func readRequest(_ params: JSON, topic: Topic) throws(SignError) -> SessionRequestParams {
        let request: SessionRequestParams
        do throws(PayloadError) {
            request = try SessionRequestParams.decode(params)
        } catch {
            throw SignError(payload: error)
        }
        guard let session = loadSession(topic) else { throw .corrupt(topic) }
        guard session.allows(chain: request.chainID) else { throw SignError(.unauthorizedChain, request.chainID) }
        guard session.allows(chain: request.chainID, method: request.method) else {
            throw SignError(.unauthorizedMethod, request.method)
        }
        return request
    }

    func showOrLookUp(_ row: PendingRow, _ key: ReceivedKey, into decision: inout Decision) {
        if row.verifyContext != nil {
            decision.actions.append(.emit(.sessionRequest(row.shown(on: key.topic))))
        } else if let query = row.query {
            decision.actions.append(.verify(query))
        }
    }

    mutating func store(_ row: PendingRow, _ key: ReceivedKey, into decision: inout Decision) {
        if received[key.topic, default: TopicRequests()].waiting.updateValue(row, forKey: key.digits) == nil {
            receivedCount += 1
            deadlines.add(.receivedRequest(key), at: row.expiresAt)
        }
        decision.changes.append(.put(Self.record(row, key)))
    }

    /// Answers a request (wallet).
    ///
    /// - Throws: ``SignError`` for a request that is unknown, answered or expired, or an answer above the relay's size; the
    ///   request then still waits, so another answer can be given.
    public mutating func respond(
        to id: RPCID, on topic: Topic, with answer: Answer, at now: Timestamp
    ) throws(SignError) -> Decision {
        let key = ReceivedKey(topic, id)
        guard let row = sessions[topic] else { throw noSession(topic) }
        guard let pending = received[topic]?.waiting[key.digits] else {
            try checkTopic(of: key)
            throw .unknownRequest(key.digits, recently: recentlyDeleted.contains(key.digits))
        }
        guard pending.expiresAt > now else { throw .expiredRequest(key.digits) }
        try checkOutbox()
        let message: PeerMessage =
            switch answer {
            case .result(let result): .result(id: pending.id, result)
            case .failure(let error): .failure(id: pending.id, error)
            }
        let channel = channel(of: row, topic)
        let text = try seal(message, for: channel)

        var decision = Decision()
        dropPending(key, into: &decision)
        remember(AnsweredRow(digits: key.digits, message: text, expiresAt: pending.expiresAt), key, into: &decision)
        var analytics = RelayAnalytics(correlationID: pending.id.int64)
        if settings.sendsAnalytics {
            analytics.rpcMethods = [pending.method]
            analytics.chainID = pending.chainID
            let contracts = TransactionFields.contractAddresses(
                method: pending.method, params: pending.params ?? .null)
            analytics.contractAddresses = contracts.isEmpty ? nil : contracts
            if case .result(let result) = answer {
                let hashes = TransactionFields.transactionHashes(
                    method: pending.method, params: pending.params, result: result)
                analytics.txHashes = hashes.isEmpty ? nil : hashes
            }
        }
        send(
            text, over: channel, rule: WCMethod.sessionRequest.rules.response, analytics: analytics,
            id: pending.id.int64 ?? 0, purpose: .answer, at: now, into: &decision)
        return decision
    }

    /// Keeps an answer for the request's lifetime, in place of the oldest when there are many.
    private mutating func remember(_ row: AnsweredRow, _ key: ReceivedKey, into decision: inout Decision) {
        var requests = received[key.topic] ?? TopicRequests()
        if requests.answered.count >= settings.limits.answeredPerTopicMax {
            let oldest = requests.answered.removeFirst()
            let oldestKey = ReceivedKey(topic: key.topic, digits: oldest.digits)
            decision.changes.append(.delete(RecordKey(.pending, oldestKey.recordKey)))
        }
        requests.answered.append(row)
        received[key.topic] = requests
        deadlines.add(.receivedRequest(key), at: row.expiresAt)
        decision.changes.append(.put(Self.record(row, key)))
    }

    mutating func dropPending(_ key: ReceivedKey, into decision: inout Decision) {
        guard received[key.topic]?.waiting.removeValue(forKey: key.digits) != nil else { return }
        receivedCount -= 1
        if received[key.topic]?.isEmpty == true { received[key.topic] = nil }
        recentlyDeleted.add(key.digits, max: settings.limits.recentlyDeletedMax)
        decision.changes.append(.delete(RecordKey(.pending, key.recordKey)))
    }

    /// Forgets every request of a topic, answered or not.
    mutating func dropReceived(on topic: Topic, into decision: inout Decision) {
        guard let requests = received.removeValue(forKey: topic) else { return }
        receivedCount -= requests.waiting.count
        for digits in requests.waiting.keys.sorted() + requests.answered.map(\.digits) {
            let key = ReceivedKey(topic: topic, digits: digits)
            decision.changes.append(.delete(RecordKey(.pending, key.recordKey)))
        }
    }

    mutating func expireReceivedRequest(_ key: ReceivedKey, at now: Timestamp, into decision: inout Decision) {
        if let row = received[key.topic]?.waiting[key.digits] {
            guard row.expiresAt <= now else { return }
            dropPending(key, into: &decision)
            decision.actions.append(.emit(.sessionRequestExpire(topic: key.topic, id: row.id)))
        } else if let index = received[key.topic]?.answered.firstIndex(where: { $0.digits == key.digits }),
            received[key.topic]?.answered[index].expiresAt ?? now <= now
        {
            received[key.topic]?.answered.remove(at: index)
            if received[key.topic]?.isEmpty == true { received[key.topic] = nil }
            decision.changes.append(.delete(RecordKey(.pending, key.recordKey)))
        }
    }

    /// A request of that id waits on another topic: the caller mixed them up.
    private func checkTopic(of key: ReceivedKey) throws(SignError) {
        guard receivedCount > 0, receivedCount <= Self.topicSearchMax else { return }
        for (topic, requests) in received where requests.waiting[key.digits] != nil {
            throw SignArguments.mismatchedTopic(
                id: .text(key.digits), expected: topic, received: key.topic)
        }
    }

    /// Above this many requests the better error text is not worth the search.
    private static let topicSearchMax = 1000
}

extension PendingRow {
    /// The request as the app sees it.
    func shown(on topic: Topic) -> PendingRequest {
        PendingRequest(
            topic: topic, id: id, chain: chainID, method: method, params: params,
            expiry: SignEngine.seconds(expiresAt),
            verifyContext: verifyContext ?? VerifyContext(origin: "", validation: .unknown, verifyURL: ""))
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
