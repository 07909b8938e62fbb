import Primitives

/// How rows are written; ``SignEngine/restore(_:at:)`` reads them back.
extension SignEngine {
    static func record(_ row: PairingRow) -> StoredRecord {
        var writer = RecordWriter()
        if let key = row.key { writer.add(key) }
        let state = JSON.object(omittingNil: [
            "pairing": row.pairing.json, "ours": .bool(row.isOurs), "until": row.expiresAt.json,
            "signIn": row.tookSignIn ? true : nil,
        ])
        return StoredRecord(
            key: RecordKey(.pairings, row.pairing.topic.hex), value: writer.value(state: state))
    }

    static func record(_ row: SentProposalRow, id: Int64) -> StoredRecord {
        var writer = RecordWriter()
        if let agreement = row.agreement { writer.add(agreement) }
        if let key = row.sessionKey { writer.add(key) }
        let settlement: JSON? = row.settlement.map {
            ["id": $0.id.json, "params": $0.params, "question": JSON($0.question)]
        }
        let state = JSON.object(omittingNil: [
            "proposal": row.proposal.json, "agreement": .bool(row.agreement != nil),
            "session": .bool(row.sessionKey != nil), "responder": row.responderKey.map { .string($0) },
            "until": row.expiresAt.json, "authentication": row.authenticationID.map { JSON($0) },
            "requests": row.requests.isEmpty ? nil : .array(row.requests.map { $0.json }), "settlement": settlement,
        ])
        return StoredRecord(key: RecordKey(.proposals, "s:\(id)"), value: writer.value(state: state))
    }

    static func record(_ row: ReceivedProposalRow, _ key: ReceivedKey) -> StoredRecord {
        let state = JSON.object(omittingNil: [
            "proposal": row.proposal.json, "until": row.expiresAt.json,
            "context": row.verifyContext.map { $0.json }, "query": row.query.map { $0.json },
            "approved": row.approved.map { .string($0.hex) },
        ])
        return StoredRecord(
            key: RecordKey(.proposals, key.recordKey), value: RecordWriter().value(state: state))
    }

    static func record(_ row: SessionRow, _ topic: Topic) -> StoredRecord {
        var writer = RecordWriter()
        writer.add(row.key)
        let events = row.lastEvents.sorted { $0.key < $1.key }.map { JSONMember(name: $0.key, value: JSON($0.value)) }
        let state = JSON.object(omittingNil: [
            "until": row.expiresAt.json, "controller": .bool(row.isController),
            "settle": row.settleID.map { $0.json }, "update": row.lastUpdate == 0 ? nil : JSON(row.lastUpdate),
            "extend": row.lastExtend == 0 ? nil : JSON(row.lastExtend),
            "events": events.isEmpty ? nil : .object(events), "link": row.link.map { .string($0) },
        ])
        return StoredRecord(
            key: RecordKey(.sessions, topic.hex), value: writer.value(state: state, body: row.body))
    }

    static func record(_ row: SentRequestRow, id: Int64) -> StoredRecord {
        let state = JSON.object(omittingNil: [
            "kind": .string(row.kind.rawValue), "topic": .string(row.topic.hex), "until": row.expiresAt.json,
            "previous": row.previous,
        ])
        return StoredRecord(key: RecordKey(.requests, String(id)), value: RecordWriter().value(state: state))
    }

    static func record(_ row: PendingRow, _ key: ReceivedKey) -> StoredRecord {
        let state = JSON.object(omittingNil: [
            "topic": .string(key.topic.hex), "id": row.id.json, "chain": .string(row.chainID),
            "method": .string(row.method), "params": row.params, "until": row.expiresAt.json,
            "sequence": JSON(row.sequence), "context": row.verifyContext.map { $0.json },
            "query": row.query.map { $0.json },
        ])
        return StoredRecord(key: RecordKey(.pending, key.recordKey), value: RecordWriter().value(state: state))
    }

    static func record(_ row: AnsweredRow, _ key: ReceivedKey) -> StoredRecord {
        let state = JSON.object(omittingNil: [
            "topic": .string(key.topic.hex), "digits": .string(row.digits),
            "answer": row.message.map { .string($0) }, "until": row.expiresAt.json,
        ])
        return StoredRecord(
            key: RecordKey(.pending, key.recordKey), value: RecordWriter().value(state: state),
            expiresAt: row.expiresAt)
    }

    static func record(_ row: SentAuthenticationRow, id: Int64) -> StoredRecord {
        var writer = RecordWriter()
        writer.add(row.agreement)
        if let answer = row.answer { writer.add(answer.key) }
        let answer: JSON? = row.answer.map {
            [
                "cacaos": .array($0.cacaos.map { $0.json }), "responder": $0.responder.json,
                "transport": .string($0.transport.rawValue),
            ]
        }
        let state = JSON.object(omittingNil: [
            "pairing": .string(row.pairingTopic.hex), "payload": row.payload.json, "until": row.expiresAt.json,
            "fallback": row.fallback.map { JSON($0) }, "unsupported": .bool(row.isUnsupported), "answer": answer,
            "link": row.link.map { .string($0) },
        ])
        return StoredRecord(key: RecordKey(.authentications, "s:\(id)"), value: writer.value(state: state))
    }

    static func record(_ row: ReceivedAuthenticationRow, _ key: ReceivedKey) -> StoredRecord {
        let approval: JSON? = row.approval.map {
            ["call": JSON($0.call), "cacaos": .array($0.cacaos.map { $0.json })]
        }
        let state = JSON.object(omittingNil: [
            "topic": .string(key.topic.hex), "id": row.id.json, "requester": row.requester.json,
            "payload": row.payload.json, "until": row.expiresAt.json, "transport": .string(row.transport.rawValue),
            "context": row.verifyContext.map { $0.json }, "query": row.query.map { $0.json }, "approval": approval,
        ])
        return StoredRecord(
            key: RecordKey(.authentications, key.recordKey), value: RecordWriter().value(state: state))
    }

    static func record(_ call: Int64, _ outcome: SignOutcome, expiresAt: Timestamp) -> StoredRecord {
        let state: JSON = ["until": expiresAt.json, "outcome": outcome.json]
        return StoredRecord(
            key: RecordKey(.outcomes, String(call)), value: RecordWriter().value(state: state), expiresAt: expiresAt)
    }

    static func record(_ message: OutboundMessage, purpose: OutboundPurpose) -> StoredRecord {
        let state: JSON = [
            "until": message.expiresAt.json, "purpose": purpose.json, "message": message.kind.json,
        ]
        return StoredRecord(
            key: RecordKey(.outbox, String(message.id)), value: RecordWriter().value(state: state))
    }
}

extension Timestamp {
    /// Unix milliseconds.
    var json: JSON { JSON(milliseconds) }

    init?(_ json: JSON?) {
        guard let milliseconds = json?.int else { return nil }
        self.init(milliseconds: milliseconds)
    }
}

extension Topic {
    init?(_ json: JSON?) {
        guard let hex = json?.string, let topic = try? Topic(hex: hex) else { return nil }
        self = topic
    }
}

extension VerifyQuery {
    var json: JSON {
        JSON.object(omittingNil: [
            "attestation": attestation.map { .string($0) }, "message": .string(messageHash),
            "payload": .string(payloadHash), "url": .string(claimedURL),
        ])
    }

    init?(_ json: JSON?, _ reference: VerifyReference) {
        guard let json, let message = json["message"]?.string, let payload = json["payload"]?.string,
            let url = json["url"]?.string
        else { return nil }
        self.init(
            reference: reference, attestation: json["attestation"]?.string, messageHash: message, payloadHash: payload,
            claimedURL: url)
    }
}

extension VerifyContext {
    /// Reads what `json` wrote.
    init?(record json: JSON?) {
        guard let json = json?["verified"], let validation = json["validation"]?.string.flatMap(Validation.init)
        else { return nil }
        self.init(
            origin: json["origin"]?.string ?? "", validation: validation, verifyURL: json["verifyUrl"]?.string ?? "",
            isScam: json["isScam"]?.bool)
    }
}

extension OutboundPurpose {
    var json: JSON {
        switch self {
        case .answer: ["for": "answer"]
        case .request(let id): ["for": "request", "id": JSON(id)]
        case .proposal(let id): ["for": "proposal", "id": JSON(id)]
        case .authentication(let id): ["for": "authentication", "id": JSON(id)]
        case .approval(let id, let session, let proposal):
            [
                "for": "approval", "id": JSON(id), "session": .string(session.hex),
                "pairing": .string(proposal.topic.hex), "proposal": .string(proposal.digits),
            ]
        }
    }

    init?(_ json: JSON?) {
        guard let kind = json?["for"]?.string else { return nil }
        let id = json?["id"]?.int
        switch (kind, id) {
        case ("answer", _): self = .answer
        case ("request", let id?): self = .request(id)
        case ("proposal", let id?): self = .proposal(id)
        case ("authentication", let id?): self = .authentication(id)
        case ("approval", let id?):
            guard let session = Topic(json?["session"]), let pairing = Topic(json?["pairing"]),
                let digits = json?["proposal"]?.string
            else { return nil }
            self = .approval(id, session: session, proposal: ReceivedKey(topic: pairing, digits: digits))
        default: return nil
        }
    }
}

extension SignOutcome {
    var json: JSON {
        switch self {
        case .session(let session): ["is": "session", "session": session.json]
        case .result(let result): ["is": "result", "result": result]
        case .acknowledged: ["is": "acknowledged"]
        case .authenticated(let cacaos, let session):
            JSON.object(omittingNil: [
                "is": "authenticated", "cacaos": .array(cacaos.map { $0.json }), "session": session.map { $0.json },
            ])
        case .refused(let error): ["is": "refused", "error": error.json]
        case .failed(let error):
            JSON.object(omittingNil: [
                "is": "failed", "code": .string(error.code.rawValue), "message": .string(error.message),
                "cause": error.cause.map { .string($0) }, "peer": error.peer.map { $0.json },
            ])
        }
    }

    init?(_ json: JSON?) {
        guard let json, let kind = json["is"]?.string else { return nil }
        switch kind {
        case "session":
            guard let session = json["session"].flatMap({ try? Session.decode($0) }) else { return nil }
            self = .session(session)
        case "result": self = .result(json["result"] ?? .null)
        case "acknowledged": self = .acknowledged
        case "authenticated":
            guard let cacaos = json["cacaos"].flatMap({ try? Cacao.list(json: $0) }) else { return nil }
            self = .authenticated(cacaos, json["session"].flatMap { try? Session.decode($0) })
        case "refused": self = .refused(PeerError(json: json["error"] ?? .null))
        case "failed":
            guard let code = json["code"]?.string.flatMap(SignError.Code.init) else { return nil }
            self = .failed(
                SignError(
                    code, message: json["message"]?.string ?? code.text, cause: json["cause"]?.string,
                    peer: json["peer"].map { PeerError(json: $0) }))
        default: return nil
        }
    }
}
