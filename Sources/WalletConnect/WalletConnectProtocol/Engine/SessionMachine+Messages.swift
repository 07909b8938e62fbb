import Primitives

/// What a peer says in a session: requests are passed on, changes made, everything answered that is answered.
extension SignEngine {
    mutating func receiveOnSession(
        _ message: PeerMessage, _ inbound: Inbound, row: SessionRow, into decision: inout Decision
    ) {
        let topic = inbound.topic
        switch message {
        case .request(let id, let method, let params):
            receiveOnSession(method, params, id: id, inbound, row: row, into: &decision)
        case .notification(let method, let params):
            // Some clients end a session without an id; nothing else is taken without one.
            guard WCMethod(rawValue: method) == .sessionDelete else {
                decision.drop = .unknownMethod
                return
            }
            endSession(topic, .peer(Self.reason(params)), at: inbound.now, into: &decision)
        case .result(let id, let result):
            receiveAnswer(.result(result), to: id, topic: topic, at: inbound.now, into: &decision)
        case .failure(let id, let error):
            receiveAnswer(.failure(error), to: id, topic: topic, at: inbound.now, into: &decision)
        }
    }

    private mutating func receiveOnSession(
        _ method: String, _ params: JSON, id: RPCID, _ inbound: Inbound, row: SessionRow,
        into decision: inout Decision
    ) {
        let topic = inbound.topic
        let now = inbound.now
        let channel = channel(of: row, topic)
        switch WCMethod(rawValue: method) {
        case .sessionRequest:
            receiveRequest(params, id: id, inbound, row: row, into: &decision)
        case .sessionEvent:
            receiveEvent(params, id: id, inbound, row: row, into: &decision)
        case .sessionUpdate:
            receiveUpdate(params, id: id, inbound, row: row, into: &decision)
        case .sessionExtend:
            receiveExtend(params, id: id, inbound, row: row, into: &decision)
        case .sessionPing:
            answer(
                .result(id: id, true), over: channel, rule: WCMethod.sessionPing.rules.response, at: now,
                into: &decision)
            decision.actions.append(.emit(.sessionPing(topic: topic, id: id)))
        case .sessionDelete:
            answer(
                .result(id: id, true), over: channel, rule: WCMethod.sessionDelete.rules.response, at: now,
                into: &decision)
            endSession(topic, .peer(Self.reason(params)), id: id, at: now, into: &decision)
        case .sessionSettle:
            // The wallet did not get our answer: the same settlement is answered again, another one is not.
            guard !row.isController, let settled = row.settleID, settled.matches(id) else {
                decision.drop = .duplicate
                return
            }
            answer(
                .result(id: id, true), over: channel, rule: WCMethod.sessionSettle.rules.response, at: now,
                into: &decision)
        default:
            // Clients in use stay silent here, and so do we.
            decision.drop = .unknownMethod
        }
    }

    private static func reason(_ params: JSON) -> PeerError? {
        guard let reason = try? Reason.decode(params) else { return nil }
        return PeerError(code: reason.code, message: reason.message)
    }

    private mutating func receiveUpdate(
        _ params: JSON, id: RPCID, _ inbound: Inbound, row: SessionRow, into decision: inout Decision
    ) {
        change(id, inbound, row: row, method: .sessionUpdate, into: &decision) {
            (engine, decision) throws(SignError) in
            guard !row.isController else { throw SignError(.unauthorizedUpdateRequest) }
            guard let order = id.int64.map({ $0 / 1000 }), order >= row.lastUpdate else {
                throw SignError(.invalidUpdateRequest)
            }
            guard var session = engine.loadSession(inbound.topic) else { throw .corrupt(inbound.topic) }
            let update: SessionUpdateParams
            do throws(PayloadError) { update = try SessionUpdateParams.decode(params) } catch {
                throw SignError(.invalidUpdateRequest, error.description)
            }
            try SignArguments.validateUpdate(session, namespaces: update.namespaces)
            session.namespaces = update.namespaces
            var row = row
            row.lastUpdate = order
            engine.store(session, row, into: &decision)
            return .sessionUpdate(topic: inbound.topic, id: id, namespaces: update.namespaces)
        }
    }

    private mutating func receiveExtend(
        _ params: JSON, id: RPCID, _ inbound: Inbound, row: SessionRow, into decision: inout Decision
    ) {
        if row.lastExtend > 0, id.int64.map({ $0 / 1000 }) == row.lastExtend {
            // Said again, perhaps by the relay alone: answered again, and not prolonged again.
            decision.drop = .duplicate
            answer(
                .result(id: id, true), over: channel(of: row, inbound.topic),
                rule: WCMethod.sessionExtend.rules.response, at: inbound.now, into: &decision)
            return
        }
        change(id, inbound, row: row, method: .sessionExtend, into: &decision) {
            (engine, decision) throws(SignError) in
            guard let order = id.int64.map({ $0 / 1000 }), order >= row.lastExtend else {
                throw SignError(.invalidExtendRequest)
            }
            guard var session = engine.loadSession(inbound.topic) else { throw .corrupt(inbound.topic) }
            guard let extend = try? SessionExtendParams.decode(params) else { throw SignError(.invalidExtendRequest) }
            // JavaScript wallets send no expiry, and mean the full time from now.
            let expiry = try SessionExpiry.extended(
                current: session.expiry, requested: extend.expiry,
                byController: !row.isController || engine.settings.acceptsExtensionsByDApp, at: inbound.now)
            session.expiry = expiry
            var row = row
            row.lastExtend = order
            engine.store(session, row, into: &decision)
            return .sessionExtend(topic: inbound.topic, id: id, expirySeconds: expiry)
        }
    }

    /// A change the wallet makes: done once, answered, told to the app; or refused with the reason.
    private mutating func change(
        _ id: RPCID, _ inbound: Inbound, row: SessionRow, method: WCMethod, into decision: inout Decision,
        _ body: (inout SignEngine, inout Decision) throws(SignError) -> SignEvent
    ) {
        let channel = channel(of: row, inbound.topic)
        do throws(SignError) {
            let event = try body(&self, &decision)
            rememberSeen(inbound, into: &decision)
            answer(
                .result(id: id, true), over: channel, rule: method.rules.response, at: inbound.now, into: &decision)
            decision.actions.append(.emit(event))
        } catch {
            decision.drop = .refused
            answer(
                .failure(id: id, error.peerError), over: channel, rule: method.rules.response, at: inbound.now,
                into: &decision)
        }
    }

    private mutating func receiveEvent(
        _ params: JSON, id: RPCID, _ inbound: Inbound, row: SessionRow, into decision: inout Decision
    ) {
        guard let event = try? SessionEventParams.decode(params) else {
            decision.drop = .malformed
            return
        }
        var row = row
        let name = event.event.name
        if let order = id.int64.map({ $0 / 1000 }) {
            guard order >= row.lastEvents[name] ?? 0 else {
                decision.drop = .outOfOrder
                return
            }
            if row.lastEvents[name] != nil || row.lastEvents.count < settings.limits.eventNamesPerSessionMax {
                row.lastEvents[name] = order
                store(row, inbound.topic, into: &decision)
            }
        }
        rememberSeen(inbound, into: &decision)
        decision.actions.append(
            .emit(.sessionEvent(topic: inbound.topic, id: id, event: event.event, chainID: event.chainID)))
    }
}
