import Primitives

/// The complete reader: any order of members, unknown ones ignored, both spellings of whatever has two.
extension RelayFrame {
    /// Reads a frame by way of a JSON value.
    static func parseJSON(_ bytes: [UInt8]) throws(RelayFrameError) -> RelayFrame {
        let json: JSON
        do throws(JSONError) {
            json = try JSON.parse(bytes, limits: limits)
        } catch {
            throw RelayFrameError(id: nil, error: RelayError(.serialization, error.description))
        }
        return try read(json)
    }

    private static func read(_ json: JSON) throws(RelayFrameError) -> RelayFrame {
        guard json.members != nil else {
            throw RelayFrameError(id: nil, error: RelayError(.serialization, "a frame is a JSON object"))
        }
        let id = json["id"].flatMap { RPCID(json: $0) }
        do throws(RelayError) {
            return try read(json, id: id)
        } catch {
            throw RelayFrameError(id: id, error: error)
        }
    }

    private static func read(_ json: JSON, id: RPCID?) throws(RelayError) -> RelayFrame {
        if let method = json["method"] {
            guard let id else { throw RelayError(.invalidRequestID) }
            guard json["jsonrpc"]?.string == "2.0" else { throw RelayError(.invalidJSONRPCVersion) }
            guard let name = method.string else { throw RelayError(.invalidMethod) }
            let params = json["params"] ?? .null
            if name == "irn_subscription" || name == "iridium_subscription" {
                return .push(id: id, try push(params))
            }
            return .call(id: id, try call(name, params))
        }
        // An acknowledgement without a version is one all the same.
        guard json["jsonrpc"] == nil || json["jsonrpc"]?.string == "2.0" else {
            throw RelayError(.invalidJSONRPCVersion)
        }
        switch (json["result"], json["error"]) {
        case (let result?, nil):
            guard let id else { throw RelayError(.invalidRequestID) }
            return .answer(id: id, result)
        case (nil, let error?):
            if id == nil, let member = json["id"], !member.isNull { throw RelayError(.invalidRequestID) }
            return .refusal(id: id, RelayError(json: error))
        default: throw RelayError(.invalidParams, "a frame is a call, a result or an error")
        }
    }

    // MARK: Calls

    private static func call(_ name: String, _ params: JSON) throws(RelayError) -> RelayCall {
        let known = name.utf8.starts(with: "iridium_".utf8) ? "irn_" + name.dropFirst("iridium_".count) : name
        switch known {
        case "irn_publish": return .publish(try publish(params))
        case "irn_batchPublish":
            var messages: [RelayPublish] = []
            for element in try batch(params, "messages") { messages.append(try publish(element)) }
            return .batchPublish(messages)
        case "irn_subscribe": return .subscribe(try topic(params, "topic"), blocking: false)
        case "irn_subscribeBlocking": return .subscribe(try topic(params, "topic"), blocking: true)
        case "irn_batchSubscribe": return .batchSubscribe(try topics(params), blocking: false)
        case "irn_batchSubscribeBlocking": return .batchSubscribe(try topics(params), blocking: true)
        case "irn_unsubscribe": return .unsubscribe(try topic(params, "topic"), id: params["id"]?.string)
        case "irn_batchUnsubscribe":
            var subscriptions: [RelayUnsubscription] = []
            for element in try batch(params, "subscriptions") {
                subscriptions.append(RelayUnsubscription(topic: try topic(element, "topic"), id: element["id"]?.string))
            }
            return .batchUnsubscribe(subscriptions)
        case "irn_fetchMessages": return .fetch([try topic(params, "topic")], batch: false)
        case "irn_batchFetchMessages": return .fetch(try topics(params), batch: true)
        case "irn_batchReceive":
            var receipts: [RelayReceipt] = []
            for element in try batch(params, "receipts") { receipts.append(try receipt(element)) }
            return .receive(receipts)
        case "irn_watchRegister": return .watchRegister(token: try text(params, "registerAuth"))
        case "irn_watchUnregister": return .watchUnregister(token: try text(params, "unregisterAuth"))
        case "wc_createTopic": return .createTopic(try topic(params, "topic"))
        case "wc_proposeSession": return .propose(try proposal(params))
        case "wc_approveSession": return .approve(try approval(params))
        default: throw RelayError(.invalidMethod)
        }
    }

    private static func publish(_ params: JSON) throws(RelayError) -> RelayPublish {
        RelayPublish(
            topic: try topic(params, "topic"), message: try text(params, "message"),
            ttlSeconds: try uint32(params, "ttl"), tag: try uint32(params, "tag"),
            prompt: try flag(params, "prompt"), attestation: try optionalText(params, "attestation"),
            analytics: analytics(params))
    }

    private static func proposal(_ params: JSON) throws(RelayError) -> RelayProposal {
        RelayProposal(
            pairingTopic: try topic(params, "pairingTopic"), sessionProposal: try text(params, "sessionProposal"),
            attestation: try optionalText(params, "attestation"), ttlSeconds: try optionalUInt32(params, "ttl"),
            analytics: analytics(params))
    }

    private static func approval(_ params: JSON) throws(RelayError) -> RelayApproval {
        var approval = RelayApproval(
            sessionTopic: try topic(params, "sessionTopic"), pairingTopic: try topic(params, "pairingTopic"),
            sessionProposalResponse: try text(params, "sessionProposalResponse"),
            sessionSettlementRequest: try text(params, "sessionSettlementRequest"),
            ttlSeconds: try optionalUInt32(params, "ttl"), analytics: analytics(params))
        approval.approvedChains = texts(params, "approvedChains")
        approval.approvedMethods = texts(params, "approvedMethods")
        approval.approvedAccounts = texts(params, "approvedAccounts")
        approval.approvedEvents = texts(params, "approvedEvents")
        approval.sessionProperties = params["sessionProperties"]
        approval.scopedProperties = params["scopedProperties"]
        return approval
    }

    private static func receipt(_ json: JSON) throws(RelayError) -> RelayReceipt {
        let topic = try topic(json, "topic")
        guard let member = json["message_id"] ?? json["messageId"], let id = RPCID(json: member) else {
            throw RelayError(.invalidParams, "a receipt names a message_id")
        }
        return RelayReceipt(topic: topic, messageID: id)
    }

    private static func push(_ params: JSON) throws(RelayError) -> RelayPush {
        guard let name = params["id"]?.string, let id = try? SubscriptionID(hex: name) else {
            throw RelayError(.invalidSubscriptionID)
        }
        let data = params["data"] ?? .null
        let topic = try topic(data, "topic")
        guard let publishedAt = data["publishedAt"]?.int else { throw missing("publishedAt") }
        return RelayPush(
            subscription: id, topic: topic, message: try text(data, "message"),
            publishedAt: Timestamp(milliseconds: publishedAt), tag: try uint32(data, "tag"),
            attestation: try optionalText(data, "attestation"))
    }

    /// What is said about the content; what cannot be read of it is left out, since a relay may ignore it all.
    private static func analytics(_ params: JSON) -> RelayAnalytics? {
        var source = params
        if let nested = params["tvf"], nested.members != nil { source = nested }
        let analytics = RelayAnalytics(
            correlationID: source["correlationId"]?.int, chainID: source["chainId"]?.string,
            rpcMethods: texts(source, "rpcMethods"), txHashes: texts(source, "txHashes"),
            contractAddresses: texts(source, "contractAddresses"))
        return analytics.isEmpty ? nil : analytics
    }

    // MARK: Members

    private static func topic(_ json: JSON, _ name: String) throws(RelayError) -> Topic {
        guard let member = json[name] else { throw missing(name) }
        return try topic(member)
    }

    private static func topic(_ json: JSON) throws(RelayError) -> Topic {
        guard let text = json.string, let topic = try? Topic(hex: text) else { throw RelayError(.invalidTopic) }
        return topic
    }

    private static func topics(_ params: JSON) throws(RelayError) -> [Topic] {
        var topics: [Topic] = []
        for element in try batch(params, "topics") { topics.append(try topic(element)) }
        return topics
    }

    /// The elements of a batch, counted before any of them is read.
    private static func batch(_ params: JSON, _ name: String) throws(RelayError) -> [JSON] {
        guard let elements = params[name]?.array else { throw missing(name) }
        guard !elements.isEmpty else { throw RelayError(.batchEmpty) }
        guard elements.count <= RelayCall.batchMax else { throw RelayError(.batchLimitExceeded) }
        return elements
    }

    private static func text(_ json: JSON, _ name: String) throws(RelayError) -> String {
        guard let text = json[name]?.string else { throw missing(name) }
        guard !text.isEmpty else { throw RelayError(.invalidParams, "\(name) is empty") }
        return text
    }

    private static func optionalText(_ json: JSON, _ name: String) throws(RelayError) -> String? {
        guard let member = json[name], !member.isNull else { return nil }
        guard let text = member.string else { throw missing(name) }
        return text
    }

    private static func texts(_ json: JSON, _ name: String) -> [String]? {
        json[name]?.array?.compactMap(\.string)
    }

    private static func uint32(_ json: JSON, _ name: String) throws(RelayError) -> UInt32 {
        guard let value = try optionalUInt32(json, name) else { throw missing(name) }
        return value
    }

    private static func optionalUInt32(_ json: JSON, _ name: String) throws(RelayError) -> UInt32? {
        guard let member = json[name], !member.isNull else { return nil }
        guard let value = member.int, let number = UInt32(exactly: value) else { throw missing(name) }
        return number
    }

    private static func flag(_ json: JSON, _ name: String) throws(RelayError) -> Bool {
        guard let member = json[name], !member.isNull else { return false }
        guard let value = member.bool else { throw missing(name) }
        return value
    }

    private static func missing(_ name: String) -> RelayError {
        RelayError(.invalidParams, "\(name) is missing or invalid")
    }
}
