public import Primitives

/// The life of a pairing: made or scanned, used, ended by its time.
extension SignEngine {
    /// Scans a dApp's URI (wallet).
    ///
    /// Scanning the URI of a pairing that is known and not used yet shows its proposals once more.
    ///
    /// - Throws: ``SignError`` for a URI that is none, has expired, or belongs to a pairing in use.
    public mutating func pair(_ text: String, at now: Timestamp) throws(SignError) -> (
        pairing: Pairing, decision: Decision
    ) {
        let uri: PairingURI
        do throws(PairingURIError) {
            uri = try PairingURI(parsing: text)
        } catch {
            throw .invalidURI(error)
        }
        var decision = Decision()
        if let row = pairings[uri.topic], row.expiresAt > now {
            guard !row.pairing.active, !row.isOurs else { throw .pairingExists(uri.topic) }
            enter([uri.topic], into: &decision)
            showAgain(on: uri.topic, into: &decision)
            return (row.pairing, decision)
        }
        // Whoever wrote the URI chose its topic: it must not be one that is left when the pairing ends.
        guard sessions[uri.topic] == nil, settling[uri.topic] == nil, responseTopics[uri.topic] == nil else {
            throw .pairingExists(uri.topic)
        }
        let latest = now.adding(seconds: Lifetime.activePairingSecondsSpecified)
        let expiresAt =
            uri.expiry.map { min(Self.moment($0), latest) }
            ?? now.adding(seconds: settings.lifetimes.pairingSeconds)
        guard expiresAt > now else { throw .expiredURI() }
        guard pairings.count < settings.limits.pairingsMax else { throw .limit("pairings") }

        let pairing = Pairing(
            topic: uri.topic, expiry: Self.seconds(expiresAt), relay: uri.relay, methods: uri.methods)
        let row = PairingRow(pairing: pairing, key: uri.symKey, isOurs: false, expiresAt: expiresAt)
        store(row, into: &decision)
        enter([uri.topic], into: &decision)
        decision.actions.append(.emit(.pairingCreate(pairing)))
        return (pairing, decision)
    }

    /// A new pairing (dApp), stored and subscribed by the caller.
    func makePairing(
        methods: [String] = [], until: Timestamp, at now: Timestamp
    ) throws(SignError) -> (row: PairingRow, uri: PairingURI) {
        guard pairings.count < settings.limits.pairingsMax else { throw .limit("pairings") }
        let key = SymmetricKey(random: random)
        let expiry = Self.seconds(max(until, now.adding(seconds: settings.lifetimes.pairingSeconds)))
        let pairing = Pairing(topic: key.topic, expiry: expiry, methods: methods)
        let row = PairingRow(pairing: pairing, key: key, isOurs: true, expiresAt: Self.moment(expiry))
        return (row, PairingURI(symKey: key, expiry: expiry, methods: methods))
    }

    mutating func store(_ row: PairingRow, into decision: inout Decision) {
        let topic = row.pairing.topic
        if pairings[topic]?.expiresAt != row.expiresAt { deadlines.add(.pairing(topic), at: row.expiresAt) }
        pairings[topic] = row
        decision.changes.append(.put(Self.record(row)))
    }

    /// The pairing is needed for as long as something on it may be answered.
    mutating func keepPairing(_ topic: Topic, until: Timestamp, into decision: inout Decision) {
        guard var row = pairings[topic], row.expiresAt < until else { return }
        row.expiresAt = until
        row.pairing.expiry = Self.seconds(until)
        store(row, into: &decision)
    }

    /// The app is asked for a sign-in, so the proposal that comes beside it is not needed.
    mutating func takeSignIn(on topic: Topic, until: Timestamp, into decision: inout Decision) {
        guard var row = pairings[topic] else { return }
        row.tookSignIn = true
        row.expiresAt = max(row.expiresAt, until)
        row.pairing.expiry = max(row.pairing.expiry, Self.seconds(until))
        store(row, into: &decision)
    }

    /// The peer answered: the pairing lives on for a while.
    mutating func activatePairing(
        _ topic: Topic, peer: Metadata?, at now: Timestamp, into decision: inout Decision
    ) {
        guard var row = pairings[topic] else { return }
        row.pairing.active = true
        row.pairing.peerMetadata = peer ?? row.pairing.peerMetadata
        row.expiresAt = max(row.expiresAt, now.adding(seconds: settings.lifetimes.pairingSeconds))
        row.pairing.expiry = Self.seconds(row.expiresAt)
        store(row, into: &decision)
    }

    /// Forgets a pairing, its key and everything that waits on it, and leaves its topic.
    mutating func removePairing(
        _ topic: Topic, _ end: RecentlyDeleted.End = .deleted, at now: Timestamp, into decision: inout Decision
    ) {
        guard let row = pairings.removeValue(forKey: topic) else { return }
        decision.changes.append(.delete(RecordKey(.pairings, topic.hex)))
        forgetSeen(row.seen, on: topic, into: &decision)
        recentlyDeleted.add(topic.hex, end, max: settings.limits.recentlyDeletedMax)
        for (key, _) in receivedProposals where key.topic == topic { dropReceivedProposal(key, into: &decision) }
        for (key, row) in receivedAuthentications where key.topic == topic {
            // The app may be waiting for its signatures to be checked.
            if let approval = row.approval { finish(approval.call, .failed(.expiredCall()), at: now, into: &decision) }
            dropReceivedAuthentication(key, into: &decision)
        }
        endRequests(of: topic, .failed(.expiredCall()), at: now, into: &decision)
        leave([topic], at: now, into: &decision)
    }

    /// Forgets a pairing that was never used once nothing waits on it.
    mutating func removePairingIfIdle(_ topic: Topic, at now: Timestamp, into decision: inout Decision) {
        guard let row = pairings[topic], !row.pairing.active else { return }
        let isNeeded =
            sentProposals.values.contains { $0.proposal.pairingTopic == topic }
            || sentAuthentications.values.contains { $0.pairingTopic == topic }
            || receivedProposals.keys.contains { $0.topic == topic }
            || receivedAuthentications.keys.contains { $0.topic == topic }
        if !isNeeded { removePairing(topic, at: now, into: &decision) }
    }

    mutating func expirePairing(_ topic: Topic, at now: Timestamp, into decision: inout Decision) {
        guard let row = pairings[topic], row.expiresAt <= now else { return }
        // A settlement may still be on its way over the session's topic; the pairing is not needed for it.
        for (id, sent) in sentProposals where sent.proposal.pairingTopic == topic && sent.sessionKey == nil {
            expireSentProposal(id, at: max(now, sent.expiresAt), into: &decision)
        }
        for (key, _) in receivedProposals where key.topic == topic {
            expireReceivedProposal(key, at: now, into: &decision, evenIfEarly: true)
        }
        removePairing(topic, .expired, at: now, into: &decision)
        decision.actions.append(.emit(.pairingExpire(topic: topic)))
    }

    // MARK: Messages on a pairing's topic

    mutating func receiveOnPairing(
        _ message: PeerMessage, _ inbound: Inbound, row: PairingRow, into decision: inout Decision
    ) {
        let topic = row.pairing.topic
        guard let channel = channel(of: row) else {
            decision.drop = .unknownTopic
            return
        }
        switch message {
        case .request(let id, let method, let params):
            switch WCMethod(rawValue: method) {
            case .sessionPropose:
                receiveProposal(params, id: id, inbound, row: row, channel: channel, into: &decision)
            case .sessionAuthenticate:
                receiveAuthentication(params, id: id, inbound, row: row, channel: channel, into: &decision)
            case .pairingPing:
                answer(
                    .result(id: id, true), over: channel, rule: WCMethod.pairingPing.rules.response, at: inbound.now,
                    into: &decision)
                decision.actions.append(.emit(.pairingPing(topic: topic, id: id)))
            case .pairingDelete:
                removePairing(topic, at: inbound.now, into: &decision)
                decision.actions.append(.emit(.pairingDelete(topic: topic, id: id)))
            default:
                decision.drop = .unknownMethod
                answer(
                    .failure(id: id, SDKError.wcMethodUnsupported.peerError(method)), over: channel,
                    rule: WCMethod.unregistered.response, at: inbound.now, into: &decision)
            }
        case .notification(let method, _):
            guard WCMethod(rawValue: method) == .pairingDelete else {
                decision.drop = .unknownMethod
                return
            }
            removePairing(topic, at: inbound.now, into: &decision)
            decision.actions.append(.emit(.pairingDelete(topic: topic, id: nil)))
        case .result(let id, let result):
            receiveOnPairing(answer: .result(result), to: id, topic: topic, at: inbound.now, into: &decision)
        case .failure(let id, let error):
            receiveOnPairing(answer: .failure(error), to: id, topic: topic, at: inbound.now, into: &decision)
        }
    }

    private mutating func receiveOnPairing(
        answer: Answer, to id: RPCID, topic: Topic, at now: Timestamp, into decision: inout Decision
    ) {
        guard let number = id.int64 else {
            decision.drop = .unexpectedAnswer
            return
        }
        if let row = sentProposals[number], row.proposal.pairingTopic == topic {
            receiveProposalAnswer(answer, row: row, id: number, at: now, into: &decision)
        } else if let row = sentAuthentications[number], row.pairingTopic == topic {
            receiveAuthenticationRefusal(answer, id: number, at: now, into: &decision)
        } else if let row = sentRequests[number], row.topic == topic, row.kind == .pairingPing {
            endRequest(number, answer.outcome, at: now, into: &decision)
        } else {
            decision.drop = .unexpectedAnswer
        }
    }

    func channel(of row: PairingRow) -> Channel? {
        row.key.map { Channel(topic: row.pairing.topic, key: $0, link: nil) }
    }

    /// A moment from Unix seconds; what no calendar has becomes the latest moment that counts.
    static func moment(_ seconds: Int64) -> Timestamp {
        Timestamp(milliseconds: min(max(seconds, 0), Int64.max / 2000) * 1000)
    }

    /// Unix seconds of a moment, rounded down as all clients do.
    static func seconds(_ moment: Timestamp) -> Int64 { moment.milliseconds / 1000 }
}
