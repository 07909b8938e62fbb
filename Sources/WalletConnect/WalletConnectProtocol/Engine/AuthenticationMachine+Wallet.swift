public import Primitives

/// The wallet's side of a one-click authentication: asked, signed by the app, checked, sent.
extension SignEngine {
    mutating func receiveAuthentication(
        _ params: JSON, id: RPCID, _ inbound: Inbound, row pairing: PairingRow, channel: Channel?,
        into decision: inout Decision
    ) {
        let key = ReceivedKey(pairing.pairing.topic, id)
        guard !pairing.isOurs else {
            decision.drop = .wrongRole
            return
        }
        guard handlesAuthentication else {
            decision.drop = .unknownMethod
            guard let channel else { return }
            answer(
                .failure(id: id, SDKError.wcMethodUnsupported.peerError(WCMethod.sessionAuthenticate.rawValue)),
                over: channel, rule: WCMethod.unregistered.response, at: inbound.now, into: &decision)
            return
        }
        guard receivedAuthentications[key] == nil else {
            decision.drop = .duplicate
            return
        }
        let onPairing = receivedAuthentications.keys.count { $0.topic == key.topic }
        guard onPairing < settings.limits.proposalsPerPairingMax,
            sentAuthentications.count + receivedAuthentications.count < settings.limits.authenticationsMax
        else {
            decision.drop = .limitReached
            return
        }
        rememberSeen(inbound, into: &decision)
        guard let request = try? AuthenticateParams.decode(params),
            (try? AgreementKey(random: random).agree(with: request.requester.publicKey)) != nil
        else {
            decision.drop = .refused
            guard let channel else { return }
            let rules = WCMethod.sessionAuthenticate.rules
            answer(
                .failure(id: id, SDKError.malformedRequestParams.peerError()), over: channel,
                rule: rules.autoReject ?? rules.response, at: inbound.now, into: &decision)
            return
        }
        let latest = inbound.now.adding(seconds: Lifetime.requestSecondsRange.upperBound)
        let expiresAt =
            request.expiry.map { min(Self.moment($0), latest) }
            ?? inbound.now.adding(seconds: settings.lifetimes.authenticationSeconds)
        guard expiresAt > inbound.now else {
            decision.drop = .expired
            return
        }
        let url = request.requester.metadata.url
        let query = verifyQuery(.authentication, key, id: id, inbound, url: url)
        let row = ReceivedAuthenticationRow(
            id: id, requester: request.requester, payload: request.authPayload, expiresAt: expiresAt,
            transport: inbound.transport, verifyContext: query == nil ? unknownOrigin(url) : nil, query: query)
        store(row, key, into: &decision)
        showOrLookUp(row, key, into: &decision)
        takeSignIn(on: key.topic, until: expiresAt, into: &decision)
    }

    func showOrLookUp(_ row: ReceivedAuthenticationRow, _ key: ReceivedKey, into decision: inout Decision) {
        if row.verifyContext != nil {
            decision.actions.append(.emit(.sessionAuthenticate(row.shown(on: key.topic))))
        } else if let query = row.query {
            decision.actions.append(.verify(query))
        }
    }

    mutating func store(_ row: ReceivedAuthenticationRow, _ key: ReceivedKey, into decision: inout Decision) {
        if receivedAuthentications[key] == nil { deadlines.add(.receivedAuthentication(key), at: row.expiresAt) }
        receivedAuthentications[key] = row
        decision.changes.append(.put(Self.record(row, key)))
    }

    mutating func dropReceivedAuthentication(_ key: ReceivedKey, into decision: inout Decision) {
        guard receivedAuthentications.removeValue(forKey: key) != nil else { return }
        for (question, subject) in questions where subject == .receivedAuthentication(key) {
            questions[question] = nil
        }
        recentlyDeleted.add(key.digits, .deleted, max: settings.limits.recentlyDeletedMax)
        decision.changes.append(.delete(RecordKey(.authentications, key.recordKey)))
    }

    mutating func expireReceivedAuthentication(
        _ key: ReceivedKey, at now: Timestamp, into decision: inout Decision
    ) {
        guard let row = receivedAuthentications[key], row.expiresAt <= now else { return }
        if let approval = row.approval { finish(approval.call, .failed(.expiredCall()), at: now, into: &decision) }
        dropReceivedAuthentication(key, into: &decision)
        removePairingIfIdle(key.topic, at: now, into: &decision)
    }

    /// Gives the signatures that were asked for (wallet).
    ///
    /// They are compared with the request here and checked outside before they are sent; then the outcome of the call has
    /// them and the session, if methods were authorised.
    ///
    /// - Throws: ``SignError`` for an unknown or expired request, or signatures of something else.
    public mutating func approveAuthentication(
        _ id: RPCID, on pairingTopic: Topic? = nil, cacaos: [Cacao], at now: Timestamp
    ) throws(SignError) -> (calling: Calling, decision: Decision) {
        let key = try findAuthentication(id, on: pairingTopic, at: now)
        guard var row = receivedAuthentications[key] else { throw .unknownAuthentication(key.digits) }
        guard !cacaos.isEmpty else { throw SignError(.invalidArgument, "approveSessionAuthenticate() auths") }
        for cacao in cacaos {
            do throws(CacaoMismatch) {
                try CacaoRules.compare(request: row.payload, cacao: cacao, now: now)
            } catch {
                throw .notWhatWasAsked(error)
            }
        }
        var decision = Decision()
        let call = payloadIDs.next(at: now)
        row.approval = PendingApproval(call: call, cacaos: cacaos)
        store(row, key, into: &decision)
        ask(.receivedAuthentication(key), id: call, cacaos, into: &decision)
        return (Calling(id: call, expiresAt: row.expiresAt), decision)
    }

    mutating func sendAuthentication(
        _ key: ReceivedKey, _ row: ReceivedAuthenticationRow, _ approval: PendingApproval, at now: Timestamp,
        into decision: inout Decision
    ) {
        let agreement = AgreementKey(random: random)
        let own = Participant(publicKey: agreement.publicKeyHex, metadata: settings.metadata)
        let result = AuthenticateResult(cacaos: approval.cacaos, responder: own)
        let sessionKey: SymmetricKey
        do throws(SignError) {
            sessionKey = try respond(
                .result(id: row.id, result.json), agreement: agreement, row: row,
                rule: WCMethod.sessionAuthenticate.rules.response, at: now, into: &decision)
        } catch {
            finish(approval.call, .failed(error), at: now, into: &decision)
            return
        }
        var session: Session?
        if sessions.count < settings.limits.sessionsMax {
            session = authenticatedSession(
                approval.cacaos, key: sessionKey, pairingTopic: key.topic, own: own, peer: row.requester,
                controller: own.publicKey, chains: row.payload.chains, transport: row.transport, at: now)
        }
        if let session {
            let sessionRow = SessionRow(
                key: sessionKey, expiresAt: Self.moment(session.expiry), isController: true,
                link: session.transport == .linkMode ? row.requester.metadata.redirect?.universal : nil, body: [])
            store(session, sessionRow, into: &decision)
            enter([session.topic], into: &decision)
        }
        activatePairing(key.topic, peer: row.requester.metadata, at: now, into: &decision)
        dropReceivedAuthentication(key, into: &decision)
        finish(approval.call, .authenticated(approval.cacaos, session), at: now, into: &decision)
    }

    /// Declines a one-click authentication (wallet).
    ///
    /// - Throws: ``SignError`` for an unknown or expired request, or a reason without code or text.
    public mutating func rejectAuthentication(
        _ id: RPCID, on pairingTopic: Topic? = nil, reason: Reason, at now: Timestamp
    ) throws(SignError) -> Decision {
        let key = try findAuthentication(id, on: pairingTopic, at: now)
        guard let row = receivedAuthentications[key] else { throw .unknownAuthentication(key.digits) }
        try SignArguments.validateReject(reason)
        try checkOutbox()
        var decision = Decision()
        let rules = WCMethod.sessionAuthenticate.rules
        _ = try respond(
            .failure(id: row.id, PeerError(code: reason.code, message: reason.message)),
            agreement: AgreementKey(random: random), row: row, rule: rules.reject ?? rules.response, at: now,
            into: &decision)
        dropReceivedAuthentication(key, into: &decision)
        removePairingIfIdle(key.topic, at: now, into: &decision)
        return decision
    }

    /// Seals an answer for the requester's key and sends it to the topic where it waits.
    private mutating func respond(
        _ message: PeerMessage, agreement: AgreementKey, row: ReceivedAuthenticationRow, rule: PublishRule,
        at now: Timestamp, into decision: inout Decision
    ) throws(SignError) -> SymmetricKey {
        guard let receiver = try? KeyMaterial.publicKey(hex: row.requester.publicKey),
            let key = try? agreement.agree(with: receiver)
        else { throw .invalidKey("requester.publicKey") }
        let link = row.transport == .linkMode ? row.requester.metadata.redirect?.universal : nil
        let text = Envelope.seal(
            message.encoded(), key: key, sender: agreement.publicKey, encoding: link == nil ? .base64 : .base64URL,
            random: random)
        try checkSize(text)
        let channel = Channel(topic: Topic(hashing: receiver), key: key, link: link)
        send(
            text, over: channel, rule: rule, analytics: RelayAnalytics(correlationID: row.id.int64),
            id: row.id.int64 ?? 0, purpose: .answer, at: now, into: &decision)
        return key
    }

    private func findAuthentication(
        _ id: RPCID, on topic: Topic?, at now: Timestamp
    ) throws(SignError) -> ReceivedKey {
        let digits = ReceivedKey.digits(of: id)
        let keys =
            topic.map { [ReceivedKey(topic: $0, digits: digits)] }
            ?? receivedAuthentications.keys.filter { $0.digits == digits }
        guard keys.count < 2 else { throw .ambiguousProposal(digits) }
        guard let key = keys.first, let row = receivedAuthentications[key], row.approval == nil else {
            throw .unknownAuthentication(digits)
        }
        guard row.expiresAt > now else { throw .expiredAuthentication(digits) }
        return key
    }
}

extension ReceivedAuthenticationRow {
    /// The request as the app sees it.
    func shown(on topic: Topic) -> ReceivedAuthentication {
        ReceivedAuthentication(
            pairingTopic: topic, id: id, requester: requester, payload: payload, expiresAt: expiresAt,
            verifyContext: verifyContext ?? VerifyContext(origin: "", validation: .unknown, verifyURL: ""),
            transport: transport)
    }
}
