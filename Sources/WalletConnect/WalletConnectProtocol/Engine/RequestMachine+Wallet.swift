public import Primitives

/// The life of a request a dApp made: shown once, answered once, the answer kept in case it is asked again.
extension SignEngine {
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
            if let answered = requests.answered.last(where: { $0.digits == key.digits }) {
                // The dApp, or the relay, says it again: so do we, in the same words, as long as they are kept.
                decision.drop = .duplicate
                guard let message = answered.message, outbox.count < settings.limits.outboxMax else { return }
                send(
                    message, over: channel, rule: WCMethod.sessionRequest.rules.response,
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
            throw .endedRequest(key.digits, recentlyDeleted[key.digits])
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

    /// Keeps an answer for the request's lifetime.
    ///
    /// When there are many, the text of the oldest goes first, and much later its id: a request that was answered must
    /// not be shown to the app again, however many came since.
    private mutating func remember(_ row: AnsweredRow, _ key: ReceivedKey, into decision: inout Decision) {
        received[key.topic, default: TopicRequests()].answered.append(row)
        let count = received[key.topic]?.answered.count ?? 0
        let silenced = count - settings.limits.answerTextsPerTopicMax - 1
        if silenced >= 0, var older = received[key.topic]?.answered[silenced], older.message != nil {
            older.message = nil
            received[key.topic]?.answered[silenced] = older
            decision.changes.append(
                .put(Self.record(older, ReceivedKey(topic: key.topic, digits: older.digits))))
        }
        if count > settings.limits.answeredPerTopicMax, let oldest = received[key.topic]?.answered.removeFirst() {
            let oldestKey = ReceivedKey(topic: key.topic, digits: oldest.digits)
            decision.changes.append(.delete(RecordKey(.pending, oldestKey.recordKey)))
        }
        deadlines.add(.receivedRequest(key), at: row.expiresAt)
        decision.changes.append(.put(Self.record(row, key)))
    }

    mutating func dropPending(
        _ key: ReceivedKey, _ end: RecentlyDeleted.End = .deleted, into decision: inout Decision
    ) {
        guard received[key.topic]?.waiting.removeValue(forKey: key.digits) != nil else { return }
        receivedCount -= 1
        if received[key.topic]?.isEmpty == true { received[key.topic] = nil }
        recentlyDeleted.add(key.digits, end, max: settings.limits.recentlyDeletedMax)
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
            dropPending(key, .expired, into: &decision)
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
