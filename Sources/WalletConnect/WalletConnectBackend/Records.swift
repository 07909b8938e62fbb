import Primitives
import Storage
import WalletConnectProtocol

/// The backend's own records, beside those of its client in the same store.
enum Records {
    static let connections = "backend_connection"
    static let calls = "backend_call"
    static let answers = "backend_answer"
    /// Which backend writes.
    static let owner = KeyValueKey(collection: "backend", key: "owner")

    static func key(_ collection: String, _ id: Int64) -> KeyValueKey {
        KeyValueKey(collection: collection, key: String(id))
    }

    static func put(_ connection: Connection, endedSeconds: Int64) -> KeyValueChange {
        // What lives is removed by name alone: a record that runs out by itself could be missed by a session.
        let expiresAt = connection.isLiving ? nil : connection.updatedAt.adding(seconds: endedSeconds)
        return .put(key(connections, connection.id), connection.record.serialized(), expiresAt: expiresAt)
    }

    static func put(_ call: WalletCall, id: Int64) -> KeyValueChange {
        .put(key(calls, id), call.record.serialized())
    }

    /// The request waits no more, and its answer can be read.
    static func end(
        _ call: WalletCall, id: Int64, _ outcome: CallOutcome, at now: Timestamp, answerSeconds: Int64
    ) -> [KeyValueChange] {
        let answer = JSON.object(["call": call.record, "at": JSON(now.milliseconds), "outcome": outcome.record])
        return [
            .delete(key(calls, id)),
            .put(key(answers, id), answer.serialized(), expiresAt: now.adding(seconds: answerSeconds)),
        ]
    }

    /// A record that was read; nil for one of another make.
    static func json(_ record: KeyValueRecord) -> JSON? {
        try? JSON.parse(record.value, limits: .walletConnectRecord)
    }

    static func status(_ record: KeyValueRecord, id: Int64) -> CallStatus? {
        guard let json = json(record), let call = json["call"].flatMap({ WalletCall(record: $0, id: id) }),
            let at = json["at"]?.int, let outcome = json["outcome"].flatMap({ CallOutcome(record: $0) })
        else { return nil }
        return CallStatus(call: call, outcome: outcome, answeredAt: Timestamp(milliseconds: at))
    }
}

extension Connection {
    var record: JSON {
        .object(omittingNil: [
            "user": .string(userID), "tenant": tenant.map { .string($0) }, "pairing": .string(pairingTopic.hex),
            "session": sessionTopic.map { .string($0.hex) }, "state": .string(state.rawValue),
            "end": end.map {
                .object(omittingNil: [
                    "reason": .string($0.reason.rawValue), "message": $0.message.map { .string($0) },
                    "code": $0.code.map { JSON($0) },
                ])
            },
            "accounts": .array(accounts.map { .string($0.description) }),
            "chains": .array(chains.map { .string($0.description) }),
            "methods": .array(methods.map { .string($0) }), "events": .array(events.map { .string($0) }),
            "peer": peer?.json, "created": JSON(createdAt.milliseconds), "updated": JSON(updatedAt.milliseconds),
            "active": JSON(lastActivityAt.milliseconds), "expires": JSON(expiresAt.milliseconds),
        ])
    }

    init?(record: JSON, id: Int64) {
        func moment(_ name: String) -> Timestamp? { record[name]?.int.map { Timestamp(milliseconds: $0) } }
        func texts(_ name: String) -> [String] { record[name]?.array?.compactMap(\.string) ?? [] }
        guard let userID = record["user"]?.string,
            let pairing = record["pairing"]?.string.flatMap({ try? Topic(hex: $0) }),
            let state = record["state"]?.string.flatMap({ State(rawValue: $0) }),
            let created = moment("created"), let updated = moment("updated"), let active = moment("active"),
            let expires = moment("expires")
        else { return nil }
        self.id = id
        self.userID = userID
        tenant = record["tenant"]?.string
        pairingTopic = pairing
        sessionTopic = record["session"]?.string.flatMap { try? Topic(hex: $0) }
        self.state = state
        end = record["end"].flatMap { end in
            end["reason"]?.string.flatMap { ConnectionEnd.Reason(rawValue: $0) }.map {
                ConnectionEnd($0, message: end["message"]?.string, code: end["code"]?.int)
            }
        }
        accounts = texts("accounts").compactMap { try? AccountID($0) }
        chains = texts("chains").compactMap { try? ChainID($0) }
        methods = texts("methods")
        events = texts("events")
        peer = record["peer"].flatMap { try? Metadata.decode($0) }
        createdAt = created
        updatedAt = updated
        lastActivityAt = active
        expiresAt = expires
    }

    /// Takes over what a session says; whether that changed anything.
    mutating func take(_ session: Session) -> Bool {
        let old = self
        sessionTopic = session.topic
        accounts = NamespaceRules.approvedAccounts(session.namespaces).compactMap { try? AccountID($0) }
        chains = NamespaceRules.approvedChains(session.namespaces).compactMap { try? ChainID($0) }
        var (methods, events): ([String], [String]) = ([], [])
        for namespace in session.namespaces.values {
            for method in namespace.methods where !methods.contains(method) { methods.append(method) }
            for event in namespace.events where !events.contains(event) { events.append(event) }
        }
        (self.methods, self.events) = (methods, events)
        var metadata = session.peer.metadata
        metadata.icons = Array(
            metadata.icons.filter { $0.utf8.count <= Self.iconBytesMax }.prefix(Self.iconsMax))
        peer = metadata
        expiresAt = Timestamp(milliseconds: session.expiry * 1000)
        return self != old
    }
}

extension WalletCall {
    var record: JSON {
        .object(omittingNil: [
            "user": .string(userID), "tenant": tenant.map { .string($0) }, "topic": .string(topic.hex),
            "chain": .string(chain.description), "method": .string(method), "created": JSON(createdAt.milliseconds),
            "expires": JSON(expiresAt.milliseconds),
        ])
    }

    init?(record: JSON, id: Int64) {
        guard let userID = record["user"]?.string,
            let topic = record["topic"]?.string.flatMap({ try? Topic(hex: $0) }),
            let chain = record["chain"]?.string.flatMap({ try? ChainID($0) }),
            let method = record["method"]?.string, let created = record["created"]?.int,
            let expires = record["expires"]?.int
        else { return nil }
        self.init(
            id: id, userID: userID, tenant: record["tenant"]?.string, topic: topic, chain: chain, method: method,
            params: nil,
            createdAt: Timestamp(milliseconds: created), expiresAt: Timestamp(milliseconds: expires))
    }
}

extension CallOutcome {
    var record: JSON {
        switch self {
        case .result(let json): .object(["result": json])
        case .failure(let error):
            .object(omittingNil: [
                "code": .string(error.code.rawValue), "message": .string(error.message),
                "field": error.field.map { .string($0) }, "peer": error.peer?.json,
                "cause": error.cause.map { .string($0) },
            ])
        }
    }

    init?(record: JSON) {
        if let result = record["result"] {
            self = .result(result)
            return
        }
        guard let code = record["code"]?.string.flatMap({ BackendError.Code(rawValue: $0) }),
            let message = record["message"]?.string
        else { return nil }
        self = .failure(
            BackendError(
                code, message, field: record["field"]?.string, peer: record["peer"].map { PeerError(json: $0) },
                cause: record["cause"]?.string))
    }
}
