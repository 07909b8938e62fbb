import Primitives

/// How messages to the relay are stored: with the very bytes that are published, however often.
extension OutboundMessage.Kind {
    var json: JSON {
        switch self {
        case .plain(let publish): ["publish": publish.record]
        case .propose(let call, let fallback): ["propose": call.record, "fallback": fallback.record]
        case .approve(let call, let fallback): ["approve": call.record, "fallback": fallback.record]
        }
    }

    init?(_ json: JSON?) {
        guard let json else { return nil }
        if let publish = RelayPublish(record: json["publish"]) {
            self = .plain(publish)
            return
        }
        guard let fallback = RelayFallback(record: json["fallback"]) else { return nil }
        if let call = RelayProposal(record: json["propose"]) {
            self = .propose(call, fallback: fallback)
        } else if let call = RelayApproval(record: json["approve"]) {
            self = .approve(call, fallback: fallback)
        } else {
            return nil
        }
    }
}

extension RelayPublish {
    var record: JSON {
        JSON.object(omittingNil: [
            "topic": .string(topic.hex), "message": .string(message), "ttl": JSON(Int64(ttlSeconds)),
            "tag": JSON(Int64(tag)), "prompt": prompt ? true : nil, "attestation": attestation.map { .string($0) },
            "analytics": analytics.map { $0.record },
        ])
    }

    init?(record json: JSON?) {
        guard let json, let topic = Topic(json["topic"]), let message = json["message"]?.string,
            let ttl = json["ttl"]?.int, let tag = json["tag"]?.int
        else { return nil }
        self.init(
            topic: topic, message: message, ttlSeconds: UInt32(clamping: ttl), tag: UInt32(clamping: tag),
            prompt: json["prompt"]?.bool ?? false, attestation: json["attestation"]?.string,
            analytics: RelayAnalytics(record: json["analytics"]))
    }
}

extension RelayAnalytics {
    var record: JSON {
        JSON.object(omittingNil: [
            "id": correlationID.map { JSON($0) }, "chain": chainID.map { .string($0) },
            "methods": rpcMethods.map { .strings($0) }, "hashes": txHashes.map { .strings($0) },
            "contracts": contractAddresses.map { .strings($0) },
        ])
    }

    init?(record json: JSON?) {
        guard let json else { return nil }
        self.init(
            correlationID: json["id"]?.int, chainID: json["chain"]?.string, rpcMethods: json["methods"]?.strings,
            txHashes: json["hashes"]?.strings, contractAddresses: json["contracts"]?.strings)
    }
}

extension RelayFallback {
    var record: JSON {
        ["subscribe": .string(subscribe.hex), "publishes": .array(publishes.map { $0.record })]
    }

    init?(record json: JSON?) {
        guard let json, let topic = Topic(json["subscribe"]), let list = json["publishes"]?.array else { return nil }
        self.init(subscribe: topic, publishes: list.compactMap { RelayPublish(record: $0) })
    }
}

extension RelayProposal {
    var record: JSON {
        JSON.object(omittingNil: [
            "pairing": .string(pairingTopic.hex), "proposal": .string(sessionProposal),
            "attestation": attestation.map { .string($0) }, "ttl": ttlSeconds.map { JSON(Int64($0)) },
            "analytics": analytics.map { $0.record },
        ])
    }

    init?(record json: JSON?) {
        guard let json, let topic = Topic(json["pairing"]), let proposal = json["proposal"]?.string else { return nil }
        self.init(
            pairingTopic: topic, sessionProposal: proposal, attestation: json["attestation"]?.string,
            ttlSeconds: json["ttl"]?.int.map { UInt32(clamping: $0) },
            analytics: RelayAnalytics(record: json["analytics"]))
    }
}

extension RelayApproval {
    var record: JSON {
        JSON.object(omittingNil: [
            "session": .string(sessionTopic.hex), "pairing": .string(pairingTopic.hex),
            "response": .string(sessionProposalResponse), "settlement": .string(sessionSettlementRequest),
            "chains": approvedChains.map { .strings($0) }, "methods": approvedMethods.map { .strings($0) },
            "accounts": approvedAccounts.map { .strings($0) }, "events": approvedEvents.map { .strings($0) },
            "sessionProperties": sessionProperties, "scopedProperties": scopedProperties,
            "ttl": ttlSeconds.map { JSON(Int64($0)) }, "analytics": analytics.map { $0.record },
        ])
    }

    init?(record json: JSON?) {
        guard let json, let session = Topic(json["session"]), let pairing = Topic(json["pairing"]),
            let response = json["response"]?.string, let settlement = json["settlement"]?.string
        else { return nil }
        self.init(
            sessionTopic: session, pairingTopic: pairing, sessionProposalResponse: response,
            sessionSettlementRequest: settlement, ttlSeconds: json["ttl"]?.int.map { UInt32(clamping: $0) },
            analytics: RelayAnalytics(record: json["analytics"]))
        approvedChains = json["chains"]?.strings
        approvedMethods = json["methods"]?.strings
        approvedAccounts = json["accounts"]?.strings
        approvedEvents = json["events"]?.strings
        sessionProperties = json["sessionProperties"]
        scopedProperties = json["scopedProperties"]
    }
}

extension JSON {
    fileprivate static func strings(_ texts: [String]) -> JSON { .array(texts.map { .string($0) }) }

    fileprivate var strings: [String]? { array?.compactMap(\.string) }
}
