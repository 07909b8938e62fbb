public import Primitives

/// The life of a session: stored, updated, extended, pinged, told of events, ended.
extension SignEngine {
    // MARK: Reading and storing

    func readSession(_ topic: Topic) -> Session? {
        guard let row = sessions[topic] else { return nil }
        return try? Session.decode(bytes: row.body)
    }

    /// The session of a topic, kept decoded for the next time.
    mutating func loadSession(_ topic: Topic) -> Session? {
        if let session = decoded[topic] { return session }
        guard let session = readSession(topic) else { return nil }
        remember(session)
        return session
    }

    private mutating func remember(_ session: Session) {
        if decoded.count >= settings.limits.decodedSessionsMax { decoded.removeAll(keepingCapacity: true) }
        decoded[session.topic] = session
    }

    mutating func store(_ session: Session, _ row: SessionRow, into decision: inout Decision) {
        var row = row
        row.body = session.encoded()
        row.expiresAt = Self.moment(session.expiry)
        if sessions[session.topic]?.expiresAt != row.expiresAt {
            deadlines.add(.session(session.topic), at: row.expiresAt)
        }
        remember(session)
        store(row, session.topic, into: &decision)
    }

    mutating func store(_ row: SessionRow, _ topic: Topic, into decision: inout Decision) {
        sessions[topic] = row
        decision.changes.append(.put(Self.record(row, topic)))
    }

    func channel(of row: SessionRow, _ topic: Topic) -> Channel {
        Channel(topic: topic, key: row.key, link: row.link)
    }

    /// The session the app names, if it lives.
    mutating func liveSession(_ topic: Topic, at now: Timestamp) throws(SignError) -> (
        session: Session, row: SessionRow
    ) {
        guard let row = sessions[topic] else { throw noSession(topic) }
        guard row.expiresAt > now else { throw .expiredSession(topic) }
        guard let session = loadSession(topic) else { throw .corrupt(topic) }
        return (session, row)
    }

    /// What is said of a topic without a session.
    func noSession(_ topic: Topic) -> SignError {
        do throws(SignError) {
            _ = try SignArguments.session(recentlyDeleted.record(topic.hex), topic: topic.hex)
        } catch {
            return error
        }
        return SignError(.sessionNotFound)
    }

    // MARK: Calls of the app

    /// Changes what a session allows (wallet).
    ///
    /// The change holds here at once. It is taken back if the dApp refuses or the relay will not carry it; while the dApp is
    /// silent it stays, and goes on being delivered.
    ///
    /// - Throws: ``SignError`` for an unknown session, a session of which this side is not the wallet, or namespaces that
    ///   do not conform to what was required.
    public mutating func update(
        _ topic: Topic, namespaces: NamespaceMap<SessionNamespace>, at now: Timestamp
    ) throws(SignError) -> (calling: Calling, decision: Decision) {
        var (session, row) = try liveSession(topic, at: now)
        guard row.isController else { throw .onlyTheWallet("update()") }
        try SignArguments.validateUpdate(session, namespaces: namespaces)
        let previous = session.namespaces.json
        session.namespaces = namespaces
        let id = payloadIDs.next(at: now)
        row.lastUpdate = id / 1000
        let call = try callPeer(
            .update, id: id, params: SessionUpdateParams(namespaces: namespaces).json, method: .sessionUpdate,
            row: row, topic: topic, previous: previous, at: now)
        var decision = Decision()
        store(session, row, into: &decision)
        start(call, at: now, into: &decision)
        return (call.calling, decision)
    }

    /// Lets a session live for its full time again (wallet).
    ///
    /// - Throws: ``SignError`` for an unknown session, or one of which this side is not the wallet.
    public mutating func extend(_ topic: Topic, at now: Timestamp) throws(SignError) -> (
        calling: Calling, decision: Decision
    ) {
        var (session, row) = try liveSession(topic, at: now)
        guard row.isController else { throw .onlyTheWallet("extend()") }
        let previous = JSON(session.expiry)
        session.expiry = Self.seconds(now.adding(seconds: settings.lifetimes.sessionSeconds))
        let id = payloadIDs.next(at: now)
        row.lastExtend = id / 1000
        let call = try callPeer(
            .extend, id: id, params: SessionExtendParams(expiry: session.expiry).json, method: .sessionExtend,
            row: row, topic: topic, previous: previous, at: now)
        var decision = Decision()
        store(session, row, into: &decision)
        start(call, at: now, into: &decision)
        return (call.calling, decision)
    }

    /// Asks the peer of a session or a pairing for a sign of life.
    ///
    /// - Throws: ``SignError`` for an unknown topic.
    public mutating func ping(_ topic: Topic, at now: Timestamp) throws(SignError) -> (
        calling: Calling, decision: Decision
    ) {
        let id = payloadIDs.next(at: now)
        let empty = JSON.object([JSONMember]())
        var decision = Decision()
        if let row = pairings[topic], row.expiresAt > now, let channel = channel(of: row) {
            let call = try callPeer(
                .pairingPing, id: id, params: empty, method: .pairingPing, channel: channel, at: now)
            start(call, at: now, into: &decision)
            return (call.calling, decision)
        }
        let (_, row) = try liveSession(topic, at: now)
        let call = try callPeer(
            .ping, id: id, params: empty, method: .sessionPing, row: row, topic: topic, previous: nil, at: now)
        start(call, at: now, into: &decision)
        return (call.calling, decision)
    }

    /// Tells the peer of an event; nobody answers it, so there is nothing to wait for.
    ///
    /// - Throws: ``SignError`` for an unknown session, or an event that was not approved for the chain.
    public mutating func emit(
        _ event: SessionEvent, chainID: String, on topic: Topic, at now: Timestamp
    ) throws(SignError) -> (id: Int64, decision: Decision) {
        let (session, row) = try liveSession(topic, at: now)
        try SignArguments.validateEmit(session, chain: chainID, event: event)
        try checkOutbox()
        let id = payloadIDs.next(at: now)
        let params = SessionEventParams(event: event, chainID: chainID).json
        let channel = channel(of: row, topic)
        let text = try seal(
            .request(id: .number(id), method: WCMethod.sessionEvent.rawValue, params: params), for: channel)
        var decision = Decision()
        send(
            text, over: channel, rule: WCMethod.sessionEvent.rules.request,
            analytics: RelayAnalytics(correlationID: id), id: id, purpose: .answer, at: now, into: &decision)
        return (id, decision)
    }

    /// Ends a session or a pairing here and tells the peer.
    ///
    /// It works without a connection, and a second time does nothing: an unknown topic is as it should be.
    public mutating func disconnect(_ topic: Topic, at now: Timestamp) -> Decision {
        var decision = Decision()
        if let row = sessions[topic] {
            // The peer is told first, for the key goes with the session; what is sealed needs none any more.
            sayGoodbye(on: topic, row, at: now, into: &decision)
            endSession(topic, .local, at: now, into: &decision)
        } else if let row = pairings[topic] {
            if let channel = channel(of: row) {
                farewell(method: .pairingDelete, over: channel, at: now, into: &decision)
            }
            for (id, sent) in sentProposals where sent.proposal.pairingTopic == topic {
                endSentProposal(id, .failed(.cancelled()), at: now, into: &decision)
            }
            for (id, sent) in sentAuthentications where sent.pairingTopic == topic {
                endSentAuthentication(id, .failed(.cancelled()), at: now, into: &decision)
            }
            removePairing(topic, at: now, into: &decision)
        }
        return decision
    }

    /// Tells the peer that a session is over.
    mutating func sayGoodbye(
        on topic: Topic, _ row: SessionRow, at now: Timestamp, into decision: inout Decision
    ) {
        farewell(method: .sessionDelete, over: channel(of: row, topic), at: now, into: &decision)
    }

    private mutating func farewell(
        method: WCMethod, over channel: Channel, at now: Timestamp, into decision: inout Decision
    ) {
        let reason = Reason(code: SDKError.userDisconnected.code, message: SDKError.userDisconnected.text).json
        let id = payloadIDs.next(at: now)
        let message = PeerMessage.request(id: .number(id), method: method.rawValue, params: reason)
        guard outbox.count < settings.limits.outboxMax, let text = try? seal(message, for: channel) else { return }
        send(
            text, over: channel, rule: method.rules.request, analytics: RelayAnalytics(correlationID: id), id: id,
            purpose: .answer, at: now, into: &decision)
    }

    // MARK: Answers to changes

    /// The dApp answered the settlement.
    mutating func settleAnswered(
        _ answer: Answer, id: Int64, topic: Topic, at now: Timestamp, into decision: inout Decision
    ) {
        guard var session = loadSession(topic), let row = sessions[topic] else { return }
        for (key, proposal) in receivedProposals where proposal.approved == topic {
            dropReceivedProposal(key, into: &decision)
        }
        switch answer {
        case .result:
            session.acknowledged = true
            store(session, row, into: &decision)
            endRequest(id, .session(session), at: now, into: &decision)
        case .failure(let error):
            endRequest(id, .refused(error), at: now, into: &decision)
            endSession(topic, .peer(error), at: now, into: &decision)
        }
    }

    /// A change of ours was refused, or never arrived: what was before holds again, unless something newer does.
    mutating func takeBack(_ request: SentRequestRow, id: Int64, into decision: inout Decision) {
        guard let previous = request.previous, let row = sessions[request.topic],
            var session = loadSession(request.topic)
        else { return }
        switch request.kind {
        case .update where row.lastUpdate == id / 1000:
            guard let namespaces = try? NamespaceMap<SessionNamespace>.decode(previous) else { return }
            session.namespaces = namespaces
        case .extend where row.lastExtend == id / 1000:
            guard let expiry = previous.int else { return }
            session.expiry = expiry
        default: return
        }
        store(session, row, into: &decision)
    }

    // MARK: The end

    /// Forgets a session, its key and everything that waits on it, then leaves its topic.
    mutating func endSession(
        _ topic: Topic, _ end: SessionEnd, id: RPCID? = nil, at now: Timestamp, into decision: inout Decision
    ) {
        guard let row = sessions.removeValue(forKey: topic) else { return }
        decoded[topic] = nil
        decision.changes.append(.delete(RecordKey(.sessions, topic.hex)))
        forgetSeen(row.seen, on: topic, into: &decision)
        recentlyDeleted.add(
            topic.hex, end == .expired ? .expired : .deleted, max: settings.limits.recentlyDeletedMax)
        let outcome: SignOutcome =
            end == .expired
            ? .failed(.expiredSession(topic))
            : .refused(SDKError.userDisconnected.peerError())
        endRequests(of: topic, outcome, at: now, into: &decision)
        dropReceived(on: topic, into: &decision)
        for (key, proposal) in receivedProposals where proposal.approved == topic {
            dropReceivedProposal(key, into: &decision)
        }
        leave([topic], at: now, into: &decision)
        decision.actions.append(.emit(.sessionDelete(topic: topic, id: id, reason: end)))
    }

    mutating func expireSession(_ topic: Topic, at now: Timestamp, into decision: inout Decision) {
        guard let row = sessions[topic], row.expiresAt <= now else { return }
        endSession(topic, .expired, at: now, into: &decision)
        decision.actions.append(.emit(.sessionExpire(topic: topic)))
    }
}
