public import Primitives

/// The writer: members in the order that the published texts have, no spaces, nothing that is not said.
extension RelayFrame {
    /// Adds the frame to a text under construction.
    func write(into out: inout [UInt8]) {
        switch self {
        case .call(let id, let call):
            out.reserveCapacity(out.count + Self.headBytes + call.bytesExpected)
            Self.open(id, into: &out)
            out.append(#","method":""#)
            out.append(contentsOf: call.method.utf8)
            out.append(#"","params":{"#)
            call.write(into: &out)
            out.append("}}")
        case .answer(let id, let result):
            Self.open(id, into: &out)
            out.append(#","result":"#)
            result.write(into: &out)
            out.append("}")
        case .refusal(let id, let error):
            Self.open(id ?? .number(0), into: &out)
            out.append(#","error":"#)
            error.json.write(into: &out)
            out.append("}")
        case .push(let id, let push):
            out.reserveCapacity(out.count + Self.headBytes + 2 * Words32.digits + push.message.utf8.count)
            Self.open(id, into: &out)
            out.append(#","method":"irn_subscription","params":{"id":""#)
            push.subscription.appendHex(to: &out)
            out.append(#"","data":{"#)
            push.write(into: &out)
            out.append("}}}")
        }
    }

    /// Room for everything around topics and messages.
    private static let headBytes = 256

    private static func open(_ id: RPCID, into out: inout [UInt8]) {
        out.append(#"{"id":"#)
        id.write(into: &out)
        out.append(#","jsonrpc":"2.0""#)
    }
}

extension RelayPush {
    /// The delivery as it stands in irn_subscription and in the answer to irn_fetchMessages.
    public var json: JSON {
        .object(omittingNil: [
            "topic": .string(topic.hex), "message": .string(message), "attestation": attestation.map { .string($0) },
            "publishedAt": JSON(publishedAt.milliseconds), "tag": JSON(Int64(tag)),
        ])
    }

    /// Adds the members of `data`.
    func write(into out: inout [UInt8]) {
        var members = MemberWriter()
        members.topic("topic", topic, into: &out)
        members.text("message", message, into: &out)
        members.text("attestation", attestation, into: &out)
        members.number("publishedAt", publishedAt.milliseconds, into: &out)
        members.number("tag", Int64(tag), into: &out)
    }
}

extension RelayCall {
    /// Room for the messages; topics are added where there are many.
    fileprivate var bytesExpected: Int {
        switch self {
        case .publish(let publish): publish.message.utf8.count
        case .batchPublish(let messages): messages.reduce(0) { $0 + $1.message.utf8.count + 128 }
        case .batchSubscribe(let topics, _), .fetch(let topics, _): 68 * topics.count
        case .propose(let proposal): proposal.sessionProposal.utf8.count
        case .approve(let approval):
            approval.sessionProposalResponse.utf8.count + approval.sessionSettlementRequest.utf8.count
        default: 128
        }
    }

    /// Adds the members of `params`.
    fileprivate func write(into out: inout [UInt8]) {
        var members = MemberWriter()
        switch self {
        case .publish(let publish): publish.write(into: &out)
        case .batchPublish(let messages):
            members.array("messages", messages, into: &out) { message, out in
                out.append("{")
                message.write(into: &out)
                out.append("}")
            }
        case .subscribe(let topic, _), .createTopic(let topic): members.topic("topic", topic, into: &out)
        case .batchSubscribe(let topics, _): members.topics(topics, into: &out)
        case .unsubscribe(let topic, let id):
            members.topic("topic", topic, into: &out)
            members.text("id", id, into: &out)
        case .batchUnsubscribe(let subscriptions):
            members.array("subscriptions", subscriptions, into: &out) { subscription, out in
                var members = MemberWriter()
                out.append("{")
                members.topic("topic", subscription.topic, into: &out)
                members.text("id", subscription.id, into: &out)
                out.append("}")
            }
        case .fetch(let topics, let batch):
            if batch {
                members.topics(topics, into: &out)
            } else if let topic = topics.first {
                members.topic("topic", topic, into: &out)
            }
        case .receive(let receipts):
            members.array("receipts", receipts, into: &out) { receipt, out in
                var members = MemberWriter()
                out.append("{")
                members.topic("topic", receipt.topic, into: &out)
                members.json("message_id", receipt.messageID.json, into: &out)
                out.append("}")
            }
        case .watchRegister(let token): members.text("registerAuth", token, into: &out)
        case .watchUnregister(let token): members.text("unregisterAuth", token, into: &out)
        case .propose(let proposal): proposal.write(into: &out)
        case .approve(let approval): approval.write(into: &out)
        }
    }
}

extension RelayPublish {
    fileprivate func write(into out: inout [UInt8]) {
        var members = MemberWriter()
        members.topic("topic", topic, into: &out)
        members.text("message", message, into: &out)
        members.text("attestation", attestation, into: &out)
        members.number("ttl", Int64(ttlSeconds), into: &out)
        members.number("tag", Int64(tag), into: &out)
        if prompt { members.json("prompt", true, into: &out) }
        members.analytics(analytics, into: &out)
    }
}

extension RelayProposal {
    fileprivate func write(into out: inout [UInt8]) {
        var members = MemberWriter()
        members.topic("pairingTopic", pairingTopic, into: &out)
        members.text("sessionProposal", sessionProposal, into: &out)
        members.text("attestation", attestation, into: &out)
        members.number("ttl", ttlSeconds.map(Int64.init), into: &out)
        members.analytics(analytics, into: &out)
    }
}

extension RelayApproval {
    fileprivate func write(into out: inout [UInt8]) {
        var members = MemberWriter()
        members.topic("pairingTopic", pairingTopic, into: &out)
        members.topic("sessionTopic", sessionTopic, into: &out)
        members.text("sessionProposalResponse", sessionProposalResponse, into: &out)
        members.text("sessionSettlementRequest", sessionSettlementRequest, into: &out)
        members.texts("approvedChains", approvedChains, into: &out)
        members.texts("approvedMethods", approvedMethods, into: &out)
        members.texts("approvedAccounts", approvedAccounts, into: &out)
        members.texts("approvedEvents", approvedEvents, into: &out)
        members.json("sessionProperties", sessionProperties, into: &out)
        members.json("scopedProperties", scopedProperties, into: &out)
        members.number("ttl", ttlSeconds.map(Int64.init), into: &out)
        members.analytics(analytics, into: &out)
    }
}

/// Adds members of one object, with commas between them; what is nil is left out.
private struct MemberWriter {
    private var isFirst = true

    mutating func name(_ name: StaticString, into out: inout [UInt8]) {
        out.append(isFirst ? "\"" : ",\"")
        out.append(name)
        out.append("\":")
        isFirst = false
    }

    mutating func topic(_ name: StaticString, _ topic: Topic, into out: inout [UInt8]) {
        self.name(name, into: &out)
        out.append("\"")
        topic.appendHex(to: &out)
        out.append("\"")
    }

    mutating func topics(_ topics: [Topic], into out: inout [UInt8]) {
        array("topics", topics, into: &out) { topic, out in
            out.append("\"")
            topic.appendHex(to: &out)
            out.append("\"")
        }
    }

    mutating func text(_ name: StaticString, _ text: String?, into out: inout [UInt8]) {
        guard let text else { return }
        self.name(name, into: &out)
        JSON.string(text).write(into: &out)
    }

    mutating func texts(_ name: StaticString, _ texts: [String]?, into out: inout [UInt8]) {
        guard let texts else { return }
        array(name, texts, into: &out) { text, out in JSON.string(text).write(into: &out) }
    }

    mutating func number(_ name: StaticString, _ value: Int64?, into out: inout [UInt8]) {
        guard let value else { return }
        self.name(name, into: &out)
        out.append(decimal: value)
    }

    mutating func json(_ name: StaticString, _ value: JSON?, into out: inout [UInt8]) {
        guard let value else { return }
        self.name(name, into: &out)
        value.write(into: &out)
    }

    mutating func array<Element>(
        _ name: StaticString, _ elements: [Element], into out: inout [UInt8],
        _ write: (Element, inout [UInt8]) -> Void
    ) {
        self.name(name, into: &out)
        out.append("[")
        for (index, element) in elements.enumerated() {
            if index > 0 { out.append(",") }
            write(element, &out)
        }
        out.append("]")
    }

    mutating func analytics(_ analytics: RelayAnalytics?, into out: inout [UInt8]) {
        guard let analytics else { return }
        number("correlationId", analytics.correlationID, into: &out)
        text("chainId", analytics.chainID, into: &out)
        texts("rpcMethods", analytics.rpcMethods, into: &out)
        texts("txHashes", analytics.txHashes, into: &out)
        texts("contractAddresses", analytics.contractAddresses, into: &out)
    }
}
