public import Primitives

/// The life of a one-click authentication: asked, signed, checked, with a session if methods were authorised.
///
/// Each call has a key pair, a topic for the answer and a fallback proposal of its own, so any number may be under way.
extension SignEngine {
    /// Asks a wallet to sign in, and for a session if the request names methods (dApp).
    ///
    /// A wallet that does not know the method answers the proposal that goes with it; then the session comes without
    /// signatures.
    ///
    /// - Parameter universalLink: a wallet's link known to take messages in links; the request then travels in
    ///   ``Connecting/link`` alone.
    /// - Throws: ``SignError`` for a request that is not well-formed, or a limit.
    public mutating func authenticate(
        _ request: AuthRequest, universalLink: String? = nil, at now: Timestamp
    ) throws(SignError) -> (connecting: Connecting, decision: Decision) {
        try check(request)
        guard sentAuthentications.count + receivedAuthentications.count < settings.limits.authenticationsMax else {
            throw .limit("authentications")
        }
        try checkOutbox()
        let payload: AuthPayload
        do throws(AuthError) {
            payload = try request.payload(issuedAt: now)
        } catch {
            throw .invalidAuthentication(error)
        }
        let seconds = min(
            max(request.lifetimeSeconds ?? settings.lifetimes.authenticationSeconds, Lifetime.authenticateSecondsMin),
            Lifetime.requestSecondsRange.upperBound)
        let expiresAt = Self.moment(Self.seconds(now.adding(seconds: seconds)))
        let (pairing, uri) = try makePairing(
            methods: [WCMethod.sessionAuthenticate.rawValue], until: expiresAt, at: now)
        guard var channel = channel(of: pairing) else { throw .unknownPairing(pairing.pairing.topic) }

        let agreement = AgreementKey(random: random)
        let id = payloadIDs.next(at: now)
        let params = AuthenticateParams(
            requester: Participant(publicKey: agreement.publicKeyHex, metadata: settings.metadata),
            authPayload: payload, expiry: Self.seconds(expiresAt))
        let message = PeerMessage.request(
            id: .number(id), method: WCMethod.sessionAuthenticate.rawValue, params: params.json)
        let rule = WCMethod.sessionAuthenticate.rules.request
        let topic = pairing.pairing.topic
        var row = SentAuthenticationRow(
            pairingTopic: topic, agreement: agreement, payload: payload, expiresAt: expiresAt, link: universalLink)
        let call: OutboundCall

        if let universalLink {
            // The first message is not sealed: the link goes straight to the other app.
            channel.link = universalLink
            let text = Envelope.plain(message.encoded())
            let link = LinkModeURL(universalLink: universalLink, topic: topic, envelope: text).text
            var decision = Decision()
            store(pairing, into: &decision)
            store(row, id: id, into: &decision)
            enter([topic, agreement.responseTopic], into: &decision)
            decision.actions.append(.open(OutboundLink(id: id, topic: topic, url: link)))
            let connecting = Connecting(
                id: id, pairingTopic: topic, uri: uri, link: link, expiresAt: expiresAt)
            return (connecting, decision)
        }
        call = OutboundCall(text: try seal(message, for: channel), rule: rule)
        let fallback = try prepare(
            fallbackOffer(request), requests: [], agreement: agreement, pairing: pairing,
            expiresAt: Self.moment(Self.seconds(now.adding(seconds: settings.lifetimes.proposalSeconds))),
            authenticationID: id, at: now)
        row.fallback = fallback.id

        var decision = Decision()
        store(pairing, into: &decision)
        decision.actions.append(.emit(.pairingCreate(pairing.pairing)))
        store(row, id: id, into: &decision)
        store(fallback.row, id: fallback.id, into: &decision)
        enter([topic, agreement.responseTopic], into: &decision)
        send(
            call.text, over: channel, rule: call.rule, ttlSeconds: seconds,
            analytics: RelayAnalytics(correlationID: id), id: id, purpose: .authentication(id), at: now,
            into: &decision)
        send(
            fallback.text, over: channel, rule: WCMethod.sessionPropose.rules.request,
            analytics: RelayAnalytics(correlationID: fallback.id), id: fallback.id, purpose: .proposal(fallback.id),
            at: now, into: &decision)
        return (
            Connecting(id: id, pairingTopic: topic, uri: uri, link: nil, expiresAt: expiresAt), decision
        )
    }

    private struct OutboundCall {
        var text: String
        var rule: PublishRule
    }

    /// What JavaScript dApps ask of a wallet that does not know one-click authentication.
    private func fallbackOffer(_ request: AuthRequest) -> ConnectOffer {
        var methods = ["personal_sign"]
        for method in request.methods where !methods.contains(method) { methods.append(method) }
        return ConnectOffer(optionalNamespaces: [
            "eip155": ProposalNamespace(
                chains: request.chains, methods: methods, events: ["chainChanged", "accountsChanged"])
        ])
    }

    mutating func store(_ row: SentAuthenticationRow, id: Int64, into decision: inout Decision) {
        if sentAuthentications[id] == nil { deadlines.add(.sentAuthentication(id), at: row.expiresAt) }
        sentAuthentications[id] = row
        responseTopics[row.agreement.responseTopic] = id
        decision.changes.append(.put(Self.record(row, id: id)))
    }

    // MARK: dApp: the answer

    /// An envelope on the topic of an answer: opened with our pair and the sender's key.
    mutating func receiveOnResponseTopic(
        _ message: PeerMessage, key: SymmetricKey, sender: String, id: Int64, row: SentAuthenticationRow,
        _ inbound: Inbound, into decision: inout Decision
    ) {
        guard let answered = message.id, answered.int64 == id else {
            decision.drop = .unexpectedAnswer
            return
        }
        guard row.answer == nil else {
            decision.drop = .duplicate
            return
        }
        switch message {
        case .failure(_, let error):
            receiveAuthenticationRefusal(.failure(error), id: id, at: inbound.now, into: &decision)
        case .result(_, let result):
            do throws(SignError) {
                let (cacaos, responder) = try readAuthentication(
                    result, sender: sender, payload: row.payload, at: inbound.now)
                var row = row
                row.answer = PendingAuthentication(
                    cacaos: cacaos, responder: responder, key: key, transport: inbound.transport)
                store(row, id: id, into: &decision)
                ask(.sentAuthentication(id), id: payloadIDs.next(at: inbound.now), cacaos, into: &decision)
            } catch {
                decision.drop = .refused
                endSentAuthentication(id, .failed(error), at: inbound.now, into: &decision)
            }
        case .request, .notification:
            decision.drop = .unexpectedAnswer
        }
    }

    private func readAuthentication(
        _ result: JSON, sender: String, payload: AuthPayload, at now: Timestamp
    ) throws(SignError) -> ([Cacao], Participant) {
        guard let answer = try? AuthenticateResult.decode(result), !answer.cacaos.isEmpty
        else { throw SignError(.malformedResponse) }
        guard answer.responder.publicKey.isExactly(sender) else { throw SignError(.messageCompromised) }
        for cacao in answer.cacaos {
            do throws(CacaoMismatch) {
                try CacaoRules.compare(request: payload, cacao: cacao, now: now)
            } catch {
                throw .notWhatWasAsked(error)
            }
        }
        return (answer.cacaos, answer.responder)
    }

    /// The wallet declined, or does not know the method: then the proposal that went with it decides.
    mutating func receiveAuthenticationRefusal(
        _ answer: Answer, id: Int64, at now: Timestamp, into decision: inout Decision
    ) {
        guard case .failure(let error) = answer, var row = sentAuthentications[id] else {
            decision.drop = .unexpectedAnswer
            return
        }
        if error.code == SDKError.wcMethodUnsupported.code, let fallback = row.fallback, sentProposals[fallback] != nil
        {
            row.isUnsupported = true
            store(row, id: id, into: &decision)
            return
        }
        endSentAuthentication(id, .refused(error), at: now, into: &decision)
    }

    /// Asks the outside to check signatures.
    mutating func ask(
        _ question: SignatureQuestion, id: Int64, _ cacaos: [Cacao], into decision: inout Decision
    ) {
        questions[id] = question
        decision.actions.append(.checkSignatures(SignatureQuery(id: id, cacaos: cacaos)))
    }

    /// What became of signatures that were to be checked; one result for each, in order.
    ///
    /// An answer about something that ended meanwhile is harmless. A missing result counts as ``SignatureResult/unknown``.
    public mutating func signaturesChecked(
        _ id: Int64, _ results: [SignatureResult], at now: Timestamp
    ) -> Decision {
        var decision = Decision()
        guard let question = questions.removeValue(forKey: id) else { return decision }
        switch question {
        case .settlement(let proposal):
            guard var row = sentProposals[proposal], let pending = row.settlement, let key = row.sessionKey,
                let settlement = try? Settlement.decode(pending.params)
            else { return decision }
            row.settlement = nil
            let count = (try? settlement.authentication())?.count ?? 0
            if let error = failure(results, count: count) {
                refuseSettlement(pending.id, id: proposal, key: key, error: error, at: now, into: &decision)
            } else {
                settled(
                    settlement, settleID: pending.id, id: proposal, row: row, key: key, at: now, into: &decision)
            }
        case .sentAuthentication(let id):
            guard let row = sentAuthentications[id], let answer = row.answer else { return decision }
            if let error = failure(results, count: answer.cacaos.count) {
                endSentAuthentication(id, .failed(error), at: now, into: &decision)
            } else {
                authenticated(id, row, answer, at: now, into: &decision)
            }
        case .receivedAuthentication(let key):
            guard let row = receivedAuthentications[key], let approval = row.approval else { return decision }
            if let error = failure(results, count: approval.cacaos.count) {
                var row = row
                row.approval = nil
                store(row, key, into: &decision)
                finish(approval.call, .failed(error), at: now, into: &decision)
            } else {
                sendAuthentication(key, row, approval, at: now, into: &decision)
            }
        }
        return decision
    }

    func failure(_ results: [SignatureResult], count: Int) -> SignError? {
        if results.contains(.invalid) { return SignError(.signatureInvalid) }
        let isUnsure = results.count < count || results.contains(.unknown)
        return isUnsure && !settings.acceptsUncheckedSignatures ? SignError(.signatureUnchecked) : nil
    }

    /// The signatures hold: with authorised methods there is a session, without there is none.
    private mutating func authenticated(
        _ id: Int64, _ row: SentAuthenticationRow, _ answer: PendingAuthentication, at now: Timestamp,
        into decision: inout Decision
    ) {
        let own = Participant(publicKey: row.agreement.publicKeyHex, metadata: settings.metadata)
        var session: Session?
        if sessions.count < settings.limits.sessionsMax {
            session = authenticatedSession(
                answer.cacaos, key: answer.key, pairingTopic: row.pairingTopic, own: own, peer: answer.responder,
                controller: answer.responder.publicKey, chains: row.payload.chains, transport: answer.transport,
                at: now)
        }
        if let session {
            let sessionRow = SessionRow(
                key: answer.key, expiresAt: Self.moment(session.expiry), isController: false,
                link: session.transport == .linkMode ? answer.responder.metadata.redirect?.universal : nil, body: [])
            store(session, sessionRow, into: &decision)
            enter([session.topic], into: &decision)
            decision.actions.append(.emit(.sessionConnect(session, proposalID: id)))
        }
        activatePairing(row.pairingTopic, peer: answer.responder.metadata, at: now, into: &decision)
        endSentAuthentication(id, .authenticated(answer.cacaos, session), at: now, into: &decision)
    }

    /// The session that signatures authorise; nil when they authorise no methods.
    func authenticatedSession(
        _ cacaos: [Cacao], key: SymmetricKey, pairingTopic: Topic, own: Participant, peer: Participant,
        controller: String, chains: [String], transport: MessageTransport, at now: Timestamp
    ) -> Session? {
        guard let grant = try? CacaoGrant(of: cacaos), !grant.methods.isEmpty else { return nil }
        // A ReCap may name chains nobody asked for; they are not part of the session.
        let accounts = grant.accounts.filter { account in chains.contains { account.hasPrefix("\($0):") } }
        guard !accounts.isEmpty else { return nil }
        var namespaces: NamespaceMap<SessionNamespace> = [:]
        for account in accounts {
            let parts = account.split(separator: ":")
            let family = String(parts[0])
            let chain = "\(parts[0]):\(parts[1])"
            var namespace =
                namespaces[family]
                ?? SessionNamespace(
                    chains: [], accounts: [], methods: grant.methods, events: ["chainChanged", "accountsChanged"])
            namespace.accounts.append(account)
            if namespace.chains?.contains(chain) == false { namespace.chains?.append(chain) }
            namespaces[family] = namespace
        }
        return Session(
            topic: key.topic, pairingTopic: pairingTopic,
            expiry: Self.seconds(now.adding(seconds: settings.lifetimes.sessionSeconds)), acknowledged: true,
            controller: controller, namespaces: namespaces, own: own, peer: peer,
            authentication: cacaos, transport: transport)
    }

    /// Ends a one-click authentication and the proposal that went with it.
    mutating func endSentAuthentication(
        _ id: Int64, _ outcome: SignOutcome, at now: Timestamp, into decision: inout Decision
    ) {
        guard let row = sentAuthentications.removeValue(forKey: id) else { return }
        responseTopics[row.agreement.responseTopic] = nil
        for (question, subject) in questions where subject == .sentAuthentication(id) { questions[question] = nil }
        decision.changes.append(.delete(RecordKey(.authentications, "s:\(id)")))
        withdraw(.authentication(id), into: &decision)
        var topics = [row.agreement.responseTopic]
        if let fallback = row.fallback, let proposal = sentProposals[fallback] {
            dropSentProposal(fallback, into: &decision)
            if let key = proposal.sessionKey { topics.append(key.topic) }
        }
        leave(topics, at: now, into: &decision)
        finish(id, outcome, at: now, into: &decision)
        removePairingIfIdle(row.pairingTopic, at: now, into: &decision)
    }

    /// The proposal that went with an authentication ended without a session.
    mutating func endIfNothingIsLeft(
        _ id: Int64, _ outcome: SignOutcome, at now: Timestamp, into decision: inout Decision
    ) {
        guard var row = sentAuthentications[id] else { return }
        row.fallback = nil
        if row.isUnsupported {
            endSentAuthentication(id, outcome, at: now, into: &decision)
        } else {
            store(row, id: id, into: &decision)
        }
    }

    mutating func expireSentAuthentication(_ id: Int64, at now: Timestamp, into decision: inout Decision) {
        guard let row = sentAuthentications[id], row.expiresAt <= now else { return }
        endSentAuthentication(id, .failed(.expiredCall()), at: now, into: &decision)
    }
}
