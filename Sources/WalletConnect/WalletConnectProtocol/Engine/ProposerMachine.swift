public import Primitives

/// The life of a proposal on the dApp's side: sent, answered, settled; or refused, or out of time.
extension SignEngine {
    /// Asks a wallet for a session (dApp).
    ///
    /// The caller shows ``Connecting/uri`` as a code; the wallet's session comes as the outcome of ``Connecting/id``.
    ///
    /// - Throws: ``SignError`` for namespaces or properties that are not well-formed, an unknown pairing, or a limit.
    public mutating func connect(_ offer: ConnectOffer, at now: Timestamp) throws(SignError) -> (
        connecting: Connecting, decision: Decision
    ) {
        try check(offer, at: now)
        let seconds = offer.authentication.first?.lifetimeSeconds ?? settings.lifetimes.proposalSeconds
        let expiresAt = Self.moment(Self.seconds(now.adding(seconds: seconds)))
        let pairing: PairingRow
        var uri: PairingURI?
        if let topic = offer.pairingTopic, let known = pairings[topic], known.pairing.active {
            pairing = known
        } else {
            (pairing, uri) = try makePairing(until: expiresAt, at: now)
        }
        let prepared = try prepare(
            offer, requests: offer.authentication.map { $0.proposalPayload(issuedAt: now) },
            agreement: AgreementKey(random: random), pairing: pairing, expiresAt: expiresAt, authenticationID: nil,
            at: now)
        try checkOutbox()

        var decision = Decision()
        let topic = pairing.pairing.topic
        if uri != nil {
            store(pairing, into: &decision)
            decision.actions.append(.emit(.pairingCreate(pairing.pairing)))
        }
        keepPairing(topic, until: expiresAt, into: &decision)
        store(prepared.row, id: prepared.id, into: &decision)
        let analytics = RelayAnalytics(correlationID: prepared.id)
        let rule = WCMethod.sessionPropose.rules.request
        if settings.usesCompoundCalls {
            let call = RelayProposal(
                pairingTopic: topic, sessionProposal: prepared.text, ttlSeconds: rule.ttlSeconds,
                analytics: settings.sendsAnalytics ? analytics : nil)
            enter([topic], adopting: true, into: &decision)
            post(
                .propose(call, fallback: RelayFallback(subscribe: topic, publishes: [call.publish])),
                seconds: Int64(rule.ttlSeconds), purpose: .proposal(prepared.id), at: now, into: &decision)
        } else if let channel = channel(of: pairing) {
            enter([topic], into: &decision)
            send(
                prepared.text, over: channel, rule: rule, analytics: analytics, id: prepared.id,
                purpose: .proposal(prepared.id), at: now, into: &decision)
        }
        let connecting = Connecting(
            id: prepared.id, pairingTopic: topic, uri: uri, link: nil, expiresAt: expiresAt)
        return (connecting, decision)
    }

    /// A proposal that is sealed and stored nowhere yet: everything that can fail is behind it.
    struct PreparedProposal {
        var id: Int64
        var row: SentProposalRow
        var text: String
    }

    mutating func prepare(
        _ offer: ConnectOffer, requests: [AuthPayload], agreement: AgreementKey, pairing: PairingRow,
        expiresAt: Timestamp, authenticationID: Int64?, at now: Timestamp
    ) throws(SignError) -> PreparedProposal {
        guard sentProposals.count + receivedProposals.count < settings.limits.proposalsMax else {
            throw .limit("proposals")
        }
        let topic = pairing.pairing.topic
        guard let channel = channel(of: pairing) else { throw .unknownPairing(topic) }
        var required = offer.requiredNamespaces
        var optional = offer.optionalNamespaces
        if settings.mergesRequiredIntoOptional {
            optional = NamespaceRules.mergeRequiredIntoOptional(required: required, optional: optional)
            required = [:]
        }
        let id = payloadIDs.next(at: now)
        let proposal = SessionProposal(
            id: .number(id), pairingTopic: topic, expiry: Self.seconds(expiresAt), requiredNamespaces: required,
            optionalNamespaces: optional, relays: offer.relays.isEmpty ? [.irn] : offer.relays,
            proposer: Participant(publicKey: agreement.publicKeyHex, metadata: settings.metadata),
            sessionProperties: offer.sessionProperties, scopedProperties: offer.scopedProperties,
            requests: Self.requests(requests, offer.walletPay))
        let message = PeerMessage.request(
            id: .number(id), method: WCMethod.sessionPropose.rawValue, params: proposal.params)
        let text = try seal(message, for: channel)
        let row = SentProposalRow(
            proposal: proposal, agreement: agreement, expiresAt: expiresAt, authenticationID: authenticationID,
            requests: requests)
        return PreparedProposal(id: id, row: row, text: text)
    }

    /// What else a proposal asks for; nil when it is nothing.
    private static func requests(_ authentication: [AuthPayload], _ walletPay: JSON?) -> JSON? {
        guard !authentication.isEmpty || walletPay != nil else { return nil }
        return JSON.object(omittingNil: [
            "authentication": authentication.isEmpty ? nil : .array(authentication.map { $0.json }),
            "walletPay": walletPay,
        ])
    }

    mutating func store(_ row: SentProposalRow, id: Int64, into decision: inout Decision) {
        if sentProposals[id]?.expiresAt != row.expiresAt { deadlines.add(.sentProposal(id), at: row.expiresAt) }
        sentProposals[id] = row
        if let key = row.sessionKey { settling[key.topic] = id }
        decision.changes.append(.put(Self.record(row, id: id)))
    }

    // MARK: The wallet's answer

    mutating func receiveProposalAnswer(
        _ answer: Answer, row: SentProposalRow, id: Int64, at now: Timestamp, into decision: inout Decision
    ) {
        // The first answer counts: a second wallet that scanned the same code is too late.
        guard let agreement = row.agreement, row.sessionKey == nil else {
            decision.drop = .duplicate
            return
        }
        switch answer {
        case .failure(let error):
            endSentProposal(id, .refused(error), at: now, into: &decision)
        case .result(let result):
            guard let answer = try? ProposalAnswer.decode(result),
                let key = try? agreement.agree(with: answer.responderPublicKey)
            else {
                decision.drop = .malformed
                return
            }
            var row = row
            // The key pair has done its work, and is kept only while a one-click answer may need it there.
            row.agreement = nil
            row.sessionKey = key
            row.responderKey = answer.responderPublicKey
            row.expiresAt = max(
                row.expiresAt, Self.moment(Self.seconds(now.adding(seconds: settings.lifetimes.settlementSeconds))))
            store(row, id: id, into: &decision)
            withdraw(.proposal(id), into: &decision)
            enter([key.topic], into: &decision)
            activatePairing(row.proposal.pairingTopic, peer: nil, at: now, into: &decision)
        }
    }

    // MARK: The settlement

    mutating func receiveOnSettling(
        _ message: PeerMessage, _ inbound: Inbound, id: Int64, row: SentProposalRow, key: SymmetricKey,
        into decision: inout Decision
    ) {
        guard case .request(let settleID, let method, let params) = message,
            WCMethod(rawValue: method) == .sessionSettle
        else {
            decision.drop = .unexpectedAnswer
            return
        }
        guard row.settlement == nil else {
            decision.drop = .duplicate
            return
        }
        let settlement: Settlement
        do throws(SignError) {
            settlement = try settle(params, row: row, at: inbound.now)
        } catch {
            refuseSettlement(settleID, id: id, key: key, error: error, at: inbound.now, into: &decision)
            return
        }
        guard !row.requests.isEmpty else {
            settled(settlement, settleID: settleID, id: id, row: row, key: key, at: inbound.now, into: &decision)
            return
        }
        // Signatures were asked for: they are compared here and checked outside before there is a session.
        do throws(SignError) {
            let cacaos = try cacaos(of: settlement, answering: row.requests, at: inbound.now)
            var row = row
            let question = payloadIDs.next(at: inbound.now)
            row.settlement = PendingSettlement(id: settleID, params: params, question: question)
            store(row, id: id, into: &decision)
            ask(.settlement(id), id: question, cacaos, into: &decision)
        } catch {
            refuseSettlement(settleID, id: id, key: key, error: error, at: inbound.now, into: &decision)
        }
    }

    /// What the wallet settles, if it keeps to the proposal.
    func settle(
        _ params: JSON, row: SentProposalRow, at now: Timestamp
    ) throws(SignError) -> Settlement {
        let settlement: Settlement
        do throws(PayloadError) {
            settlement = try Settlement.decode(params)
        } catch {
            throw .settlementFailed("\(error)")
        }
        guard let responder = row.responderKey, settlement.controller.publicKey.isExactly(responder) else {
            throw .settlementFailed("the controller is not the one who answered the proposal")
        }
        let latest = now.adding(
            seconds: settings.lifetimes.sessionSeconds + settings.lifetimes.clockSkewSeconds)
        let ends = Self.moment(settlement.expiry)
        guard ends <= latest else { throw .settlementFailed("the session ends too late") }
        do throws(SignError) {
            try SignArguments.validateSettlement(
                settlement, required: settings.checksSettlement ? row.proposal.requiredNamespaces : [:], at: now)
        } catch {
            throw error.asSettlementFailure()
        }
        return settlement
    }

    /// Signatures of the settlement that answer what the proposal asked for: all of it, by accounts of the session.
    private func cacaos(
        of settlement: Settlement, answering requests: [AuthPayload], at now: Timestamp
    ) throws(SignError) -> [Cacao] {
        guard let cacaos = try? settlement.authentication(), !cacaos.isEmpty else {
            throw .settlementFailed("the signatures that were asked for are missing")
        }
        for cacao in cacaos {
            let answersOne = requests.contains { request in
                (try? CacaoRules.compare(request: request, cacao: cacao, now: now)) != nil
            }
            guard answersOne else { throw .settlementFailed("a signature does not answer what was asked for") }
            guard let issuer = try? Issuer(cacao.payload.issuer), settlement.hasAccount(of: issuer) else {
                throw .settlementFailed("an account that signed is not one of the session")
            }
        }
        let isComplete = requests.allSatisfy { request in
            cacaos.contains { (try? CacaoRules.compare(request: request, cacao: $0, now: now)) != nil }
        }
        guard isComplete else { throw .settlementFailed("not every sign-in that was asked for is answered") }
        return cacaos
    }

    mutating func settled(
        _ settlement: Settlement, settleID: RPCID, id: Int64, row: SentProposalRow, key: SymmetricKey,
        at now: Timestamp, into decision: inout Decision
    ) {
        guard sessions.count < settings.limits.sessionsMax else {
            refuseSettlement(
                settleID, id: id, key: key, error: .limit("sessions"), at: now, into: &decision)
            return
        }
        let proposal = row.proposal
        let session = Session(
            topic: key.topic, pairingTopic: proposal.pairingTopic, relay: settlement.relay, expiry: settlement.expiry,
            acknowledged: true, controller: settlement.controller.publicKey, namespaces: settlement.namespaces,
            requiredNamespaces: proposal.requiredNamespaces, optionalNamespaces: proposal.optionalNamespaces,
            sessionProperties: settlement.sessionProperties, scopedProperties: settlement.scopedProperties,
            sessionConfig: settlement.sessionConfig, own: proposal.proposer, peer: settlement.controller,
            // What nobody asked for was not checked, and is not passed off as if it were.
            authentication: row.requests.isEmpty ? nil : (try? settlement.authentication()) ?? nil,
            walletPayResult: settlement.proposalRequestsResponses?["walletPay"])
        dropSentProposal(id, into: &decision)
        settling[key.topic] = nil
        let sessionRow = SessionRow(
            key: key, expiresAt: Self.moment(session.expiry), isController: false, settleID: settleID, body: [])
        store(session, sessionRow, into: &decision)
        activatePairing(proposal.pairingTopic, peer: settlement.controller.metadata, at: now, into: &decision)
        answer(
            .result(id: settleID, true), over: Channel(topic: key.topic, key: key),
            rule: WCMethod.sessionSettle.rules.response, at: now, into: &decision)
        decision.actions.append(.emit(.sessionConnect(session, proposalID: id)))
        if let authentication = row.authenticationID {
            endSentAuthentication(authentication, .authenticated([], session), at: now, into: &decision)
        } else {
            finish(id, .session(session), at: now, into: &decision)
        }
    }

    mutating func refuseSettlement(
        _ settleID: RPCID, id: Int64, key: SymmetricKey, error: SignError, at now: Timestamp,
        into decision: inout Decision
    ) {
        decision.drop = .refused
        answer(
            .failure(id: settleID, error.peerError), over: Channel(topic: key.topic, key: key),
            rule: WCMethod.sessionSettle.rules.response, at: now, into: &decision)
        endSentProposal(id, .failed(error), at: now, into: &decision)
    }

    // MARK: The end

    /// Ends a proposal without a session: its keys go, and a pairing made for it too.
    mutating func endSentProposal(
        _ id: Int64, _ outcome: SignOutcome, at now: Timestamp, into decision: inout Decision
    ) {
        guard let row = sentProposals[id] else { return }
        dropSentProposal(id, into: &decision)
        if let key = row.sessionKey { leave([key.topic], at: now, into: &decision) }
        if let authentication = row.authenticationID {
            endIfNothingIsLeft(authentication, outcome, at: now, into: &decision)
        } else {
            finish(id, outcome, at: now, into: &decision)
        }
        removePairingIfIdle(row.proposal.pairingTopic, at: now, into: &decision)
    }

    mutating func dropSentProposal(_ id: Int64, into decision: inout Decision) {
        guard let row = sentProposals.removeValue(forKey: id) else { return }
        if let key = row.sessionKey { settling[key.topic] = nil }
        if let settlement = row.settlement { questions[settlement.question] = nil }
        decision.changes.append(.delete(RecordKey(.proposals, "s:\(id)")))
        withdraw(.proposal(id), into: &decision)
    }

    mutating func expireSentProposal(_ id: Int64, at now: Timestamp, into decision: inout Decision) {
        guard let row = sentProposals[id], row.expiresAt <= now else { return }
        decision.actions.append(.emit(.proposalExpire(pairingTopic: row.proposal.pairingTopic, id: .number(id))))
        endSentProposal(id, .failed(.proposalExpired()), at: now, into: &decision)
    }
}

extension Settlement {
    /// Whether the signer holds one of the session's accounts, on whichever chain of its family.
    fileprivate func hasAccount(of issuer: Issuer) -> Bool {
        let family = issuer.chain.namespace
        return namespaces.values.contains { namespace in
            namespace.accounts.contains { account in
                let parts = account.split(separator: ":", maxSplits: 2)
                guard parts.count == 3, parts[0] == family else { return false }
                // Only there is the case of letters no part of the address.
                return family == "eip155"
                    ? parts[2].lowercased() == issuer.address.lowercased() : parts[2] == issuer.address
            }
        }
    }
}
