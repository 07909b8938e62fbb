public import Primitives

/// The life of a proposal on the wallet's side: received, looked up, shown, approved or rejected.
extension SignEngine {
    mutating func receiveProposal(
        _ params: JSON, id: RPCID, _ inbound: Inbound, row pairing: PairingRow, channel: Channel,
        into decision: inout Decision
    ) {
        let key = ReceivedKey(pairing.pairing.topic, id)
        guard !pairing.isOurs else {
            decision.drop = .wrongRole
            return
        }
        if pairing.tookSignIn, pairing.pairing.methods.contains(WCMethod.sessionAuthenticate.rawValue) {
            decision.drop = .fallback
            return
        }
        guard receivedProposals[key] == nil else {
            decision.drop = .duplicate
            return
        }
        let onPairing = receivedProposals.keys.count { $0.topic == key.topic }
        guard onPairing < settings.limits.proposalsPerPairingMax,
            sentProposals.count + receivedProposals.count < settings.limits.proposalsMax
        else {
            decision.drop = .limitReached
            return
        }
        rememberSeen(inbound, into: &decision)
        var proposal: SessionProposal
        do throws(SignError) {
            proposal = try readProposal(params, id: id, topic: key.topic)
        } catch {
            decision.drop = .refused
            let rules = WCMethod.sessionPropose.rules
            answer(
                .failure(id: id, error.peerError), over: channel, rule: rules.autoReject ?? rules.response,
                at: inbound.now, into: &decision)
            return
        }
        proposal.attestation = inbound.attestation
        let latest = inbound.now.adding(seconds: Lifetime.requestSecondsRange.upperBound)
        let expiresAt =
            proposal.expiry.map { min(Self.moment($0), latest) }
            ?? inbound.now.adding(seconds: settings.lifetimes.proposalSeconds)
        guard expiresAt > inbound.now else {
            decision.drop = .expired
            return
        }
        let query = verifyQuery(
            .proposal, key, id: id, inbound, url: proposal.proposer.metadata.url)
        let row = ReceivedProposalRow(
            id: id, proposal: proposal, expiresAt: expiresAt,
            verifyContext: query == nil ? unknownOrigin(proposal.proposer.metadata.url) : nil, query: query)
        store(row, key, into: &decision)
        showOrLookUp(row, into: &decision)
        keepPairing(key.topic, until: expiresAt, into: &decision)
    }

    private func readProposal(_ params: JSON, id: RPCID, topic: Topic) throws(SignError) -> SessionProposal {
        let proposal: SessionProposal
        do throws(PayloadError) {
            proposal = try SessionProposal.decode(params: params, id: id, pairingTopic: topic)
        } catch {
            throw SignError(payload: error)
        }
        try SignArguments.validateProposal(proposal)
        return proposal
    }

    func showOrLookUp(_ row: ReceivedProposalRow, into decision: inout Decision) {
        if let context = row.verifyContext {
            decision.actions.append(
                .emit(.sessionProposal(ReceivedProposal(proposal: row.proposal, verifyContext: context))))
        } else if let query = row.query {
            decision.actions.append(.verify(query))
        }
    }

    /// Shows what waits on a pairing once more.
    func showAgain(on topic: Topic, into decision: inout Decision) {
        for row in receivedProposals.values where row.proposal.pairingTopic == topic && row.approved == nil {
            showOrLookUp(row, into: &decision)
        }
        for (key, row) in receivedAuthentications where key.topic == topic && row.approval == nil {
            showOrLookUp(row, key, into: &decision)
        }
    }

    mutating func store(_ row: ReceivedProposalRow, _ key: ReceivedKey, into decision: inout Decision) {
        if receivedProposals[key] == nil { deadlines.add(.receivedProposal(key), at: row.expiresAt) }
        receivedProposals[key] = row
        decision.changes.append(.put(Self.record(row, key)))
    }

    mutating func dropReceivedProposal(
        _ key: ReceivedKey, _ end: RecentlyDeleted.End = .deleted, into decision: inout Decision
    ) {
        guard receivedProposals.removeValue(forKey: key) != nil else { return }
        recentlyDeleted.add(key.digits, end, max: settings.limits.recentlyDeletedMax)
        decision.changes.append(.delete(RecordKey(.proposals, key.recordKey)))
    }

    mutating func expireReceivedProposal(
        _ key: ReceivedKey, at now: Timestamp, into decision: inout Decision, evenIfEarly: Bool = false
    ) {
        guard let row = receivedProposals[key], evenIfEarly || row.expiresAt <= now else { return }
        dropReceivedProposal(key, .expired, into: &decision)
        if row.approved == nil {
            decision.actions.append(.emit(.proposalExpire(pairingTopic: key.topic, id: row.id)))
            removePairingIfIdle(key.topic, at: now, into: &decision)
        }
    }

    // MARK: The app's decision

    /// Grants a session (wallet).
    ///
    /// The session lives here at once, and is acknowledged when the dApp has answered: that, or why there is none after
    /// all, is the outcome of ``Approving/id``.
    ///
    /// - Throws: ``SignError`` for an unknown, ended or expired proposal, or for namespaces that do not fit it.
    public mutating func approve(_ approval: Approval, at now: Timestamp) throws(SignError) -> (
        approving: Approving, decision: Decision
    ) {
        let key = try findProposal(approval.id, on: approval.pairingTopic, at: now)
        guard var row = receivedProposals[key], let pairing = pairings[key.topic],
            let pairingChannel = channel(of: pairing)
        else { throw .unknownPairing(key.topic) }
        try SignArguments.validateApprove(
            row.proposal, namespaces: approval.namespaces, relayProtocol: approval.relayProtocol,
            sessionProperties: approval.sessionProperties, scopedProperties: approval.scopedProperties)
        guard sessions.count < settings.limits.sessionsMax else { throw .limit("sessions") }
        try checkOutbox()

        let agreement = AgreementKey(random: random)
        let proposal = row.proposal
        let sessionKey: SymmetricKey
        do throws(KeyMaterialError) {
            sessionKey = try agreement.agree(with: proposal.proposer.publicKey)
        } catch {
            throw .invalidKey("proposer.publicKey")
        }
        let relay = approval.relayProtocol.map { RelayProtocol(name: $0) } ?? proposal.relays.first ?? .irn
        let own = Participant(publicKey: agreement.publicKeyHex, metadata: settings.metadata)
        let expiry = Self.seconds(now.adding(seconds: settings.lifetimes.sessionSeconds))
        let cacaos = approval.authentication
        let settlement = Settlement(
            relay: relay, namespaces: approval.namespaces, controller: own, expiry: expiry,
            sessionProperties: approval.sessionProperties, scopedProperties: approval.scopedProperties,
            sessionConfig: approval.sessionConfig,
            proposalRequestsResponses: Self.responses(cacaos, approval.walletPay))
        let session = Session(
            topic: sessionKey.topic, pairingTopic: key.topic, relay: relay, expiry: expiry, acknowledged: false,
            controller: own.publicKey, namespaces: approval.namespaces,
            requiredNamespaces: proposal.requiredNamespaces, optionalNamespaces: proposal.optionalNamespaces,
            sessionProperties: approval.sessionProperties, scopedProperties: approval.scopedProperties,
            sessionConfig: approval.sessionConfig, own: own, peer: proposal.proposer,
            authentication: cacaos.isEmpty ? nil : cacaos, walletPayResult: approval.walletPay)
        let channel = Channel(topic: sessionKey.topic, key: sessionKey)
        let response = try seal(
            .result(id: row.id, ProposalAnswer(relay: relay, responderPublicKey: own.publicKey).json),
            for: pairingChannel)
        let settleID = payloadIDs.next(at: now)
        let settle = try seal(
            .request(id: .number(settleID), method: WCMethod.sessionSettle.rawValue, params: settlement.json),
            for: channel)

        var decision = Decision()
        store(
            session,
            SessionRow(
                key: sessionKey, expiresAt: Self.moment(expiry), isController: true, settleID: .number(settleID),
                body: []), into: &decision)
        row.approved = session.topic
        store(row, key, into: &decision)
        let until = now.adding(seconds: settings.lifetimes.acknowledgementSeconds)
        store(
            SentRequestRow(kind: .settle, topic: session.topic, expiresAt: until), id: settleID, into: &decision)
        activatePairing(key.topic, peer: proposal.proposer.metadata, at: now, into: &decision)
        sendApproval(
            session, response: response, settlement: settle, settleID: settleID, key, row, at: now, into: &decision)
        return (Approving(session: session, id: settleID), decision)
    }

    /// Answers to the proposal's further requests; nil when there are none.
    private static func responses(_ cacaos: [Cacao], _ walletPay: JSON?) -> JSON? {
        guard !cacaos.isEmpty || walletPay != nil else { return nil }
        return JSON.object(omittingNil: [
            "authentication": cacaos.isEmpty ? nil : .array(cacaos.map { $0.json }), "walletPay": walletPay,
        ])
    }

    private mutating func sendApproval(
        _ session: Session, response: String, settlement: String, settleID: Int64, _ key: ReceivedKey,
        _ row: ReceivedProposalRow, at now: Timestamp, into decision: inout Decision
    ) {
        let purpose = OutboundPurpose.approval(settleID, session: session.topic, proposal: key)
        let rule = RelayApproval.responseRule
        var call = RelayApproval(
            sessionTopic: session.topic, pairingTopic: key.topic, sessionProposalResponse: response,
            sessionSettlementRequest: settlement, ttlSeconds: rule.ttlSeconds)
        if settings.sendsAnalytics {
            call.analytics = RelayAnalytics(correlationID: row.id.int64)
            let namespaces = session.namespaces.values
            call.approvedChains = namespaces.flatMap { $0.chains ?? [] }
            call.approvedMethods = namespaces.flatMap(\.methods)
            call.approvedEvents = namespaces.flatMap(\.events)
            call.approvedAccounts = namespaces.flatMap(\.accounts)
            call.sessionProperties = session.sessionProperties
            call.scopedProperties = session.scopedProperties
        }
        if settings.usesCompoundCalls {
            enter([session.topic], adopting: true, into: &decision)
            post(
                .approve(call, fallback: RelayFallback(subscribe: session.topic, publishes: call.publishes)),
                seconds: Int64(rule.ttlSeconds), purpose: purpose, at: now, into: &decision)
        } else {
            enter([session.topic], into: &decision)
            // The settlement first: it waits in the mailbox until the answer has told the dApp of its topic.
            for publish in call.publishes {
                post(.plain(publish), seconds: Int64(publish.ttlSeconds), purpose: purpose, at: now, into: &decision)
            }
        }
    }

    /// The relay has the approval: the proposal is done.
    mutating func endApproved(_ key: ReceivedKey, into decision: inout Decision) {
        if receivedProposals[key]?.approved != nil { dropReceivedProposal(key, into: &decision) }
    }

    /// The relay will never have the approval: there is no session, and the app may decide again.
    ///
    /// - Parameter mayBeThere: the dApp may have it all the same, and is told that the session is none.
    mutating func takeBackApproval(
        _ id: Int64, session topic: Topic, proposal key: ReceivedKey, failure: SignError, mayBeThere: Bool = false,
        at now: Timestamp, into decision: inout Decision
    ) {
        if loadSession(topic)?.acknowledged == true {
            // Only the relay's word was lost: the dApp has answered.
            endApproved(key, into: &decision)
            return
        }
        if mayBeThere, let row = sessions[topic] { sayGoodbye(on: topic, row, at: now, into: &decision) }
        if var row = receivedProposals[key], row.approved == topic {
            row.approved = nil
            store(row, key, into: &decision)
        }
        endRequest(id, .failed(failure), at: now, into: &decision)
        endSession(topic, .local, at: now, into: &decision)
    }

    /// Declines a proposal (wallet).
    ///
    /// - Throws: ``SignError`` for an unknown, ended or expired proposal, or a reason without code or text.
    public mutating func reject(
        _ id: RPCID, on pairingTopic: Topic? = nil, reason: Reason, at now: Timestamp
    ) throws(SignError) -> Decision {
        let key = try findProposal(id, on: pairingTopic, at: now)
        guard let row = receivedProposals[key], let pairing = pairings[key.topic], let channel = channel(of: pairing)
        else { throw .unknownPairing(key.topic) }
        try SignArguments.validateReject(reason)
        try checkOutbox()
        let error = PeerError(code: reason.code, message: reason.message)
        let text = try seal(.failure(id: row.id, error), for: channel)
        var decision = Decision()
        dropReceivedProposal(key, into: &decision)
        let rules = WCMethod.sessionPropose.rules
        send(
            text, over: channel, rule: rules.reject ?? rules.response,
            analytics: RelayAnalytics(correlationID: row.id.int64), id: row.id.int64 ?? 0, purpose: .answer, at: now,
            into: &decision)
        removePairingIfIdle(key.topic, at: now, into: &decision)
        return decision
    }

    /// The row of a proposal the app names.
    private func findProposal(_ id: RPCID, on topic: Topic?, at now: Timestamp) throws(SignError) -> ReceivedKey {
        let digits = ReceivedKey.digits(of: id)
        let keys =
            topic.map { [ReceivedKey(topic: $0, digits: digits)] }
            ?? receivedProposals.keys.filter { $0.digits == digits }
        guard keys.count < 2 else { throw .ambiguousProposal(digits) }
        guard let key = keys.first, let row = receivedProposals[key] else {
            _ = try SignArguments.proposal(recentlyDeleted.record(digits), id: digits)
            throw SignError(.proposalNotFound)
        }
        let record: SignRecord<SessionProposal> =
            row.approved != nil ? .recentlyDeleted : row.expiresAt > now ? .live(row.proposal) : .expired
        _ = try SignArguments.proposal(record, id: digits)
        return key
    }
}
