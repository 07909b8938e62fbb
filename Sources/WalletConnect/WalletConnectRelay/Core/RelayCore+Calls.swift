import NIOCore
import Primitives
import WalletConnectProtocol

/// What each call does.
extension RelayCore {
    /// A frame that was read completely.
    mutating func receive(
        _ frame: RelayFrame, from id: ConnectionID, at now: Timestamp, _ out: inout RelayOutput
    ) {
        guard let connection = connections[id] else { return }
        switch frame {
        case .call(let request, let call):
            if let error = RelayFrame.requestIDError(request) { return refuse(connection, request, error, &out) }
            guard admits(call.weight, connection.client, at: now) else {
                return refuse(connection, request, RelayError(.tooManyRequests), &out)
            }
            carryOut(call, request, connection, at: now, &out)
        case .answer(let push, let result):
            // `false` is no acknowledgement.
            if let sequence = push.int64, result != .bool(false) { acknowledge(sequence, by: id, at: now, &out) }
        case .refusal: return
        case .push(let request, _): refuse(connection, request, RelayError(.invalidMethod), &out)
        }
    }

    /// The same for a publish whose content was already made ready.
    mutating func receivePublish(
        _ content: MessageContent, ttlSeconds: UInt32, id request: RPCID, from id: ConnectionID, at now: Timestamp,
        _ out: inout RelayOutput
    ) {
        guard let connection = connections[id] else { return }
        if let error = RelayFrame.requestIDError(request) { return refuse(connection, request, error, &out) }
        guard admits(1, connection.client, at: now) else {
            return refuse(connection, request, RelayError(.tooManyRequests), &out)
        }
        let call = WaitingCall(connection: connection, id: request)
        publish(content, ttlSeconds: ttlSeconds, from: connection.client, call, at: now, &out)
    }

    /// A frame that could not be read: answered with its id, or with 0.
    mutating func refuseFrame(_ id: ConnectionID, _ error: RelayFrameError, _ out: inout RelayOutput) {
        guard let connection = connections[id] else { return }
        refuse(connection, error.id ?? .number(0), error.error, &out)
    }

    func admits(_ weight: Int, _ client: RelayClient, at now: Timestamp) -> Bool {
        client.bucket.take(weight, perSecond: limits.callsPerSecond, burst: limits.callsBurst, at: now)
    }

    private mutating func carryOut(
        _ call: RelayCall, _ id: RPCID, _ connection: RelayConnection, at now: Timestamp, _ out: inout RelayOutput
    ) {
        switch call {
        case .publish(let message): publish([message], id, connection, at: now, &out)
        case .batchPublish(let messages): publish(messages, id, connection, at: now, &out)
        case .propose(let proposal):
            _ = subscribe([proposal.pairingTopic], connection, at: now, &out)
            publish([proposal.publish], id, connection, at: now, &out)
        case .approve(let approval):
            _ = subscribe([approval.sessionTopic], connection, at: now, &out)
            publish(approval.publishes, id, connection, at: now, &out)
        case .createTopic: answer(connection, id, nil, &out)
        case .subscribe(let topic, let blocking):
            subscribe(to: [topic], blocking: blocking, isBatch: false, id, connection, at: now, &out)
        case .batchSubscribe(let topics, let blocking):
            subscribe(to: topics, blocking: blocking, isBatch: true, id, connection, at: now, &out)
        case .unsubscribe(let topic, _):
            unsubscribe(topic, connection.client, &out)
            answer(connection, id, nil, &out)
        case .batchUnsubscribe(let subscriptions):
            for subscription in subscriptions { unsubscribe(subscription.topic, connection.client, &out) }
            answer(connection, id, nil, &out)
        case .fetch(let topics, _): fetch(topics, id, connection, &out)
        case .receive(let receipts):
            for receipt in receipts { take(receipt, connection, at: now, &out) }
            answer(connection, id, nil, &out)
        // Their tokens are verified before the core sees them; see `watch`.
        case .watchRegister, .watchUnregister: refuse(connection, id, RelayError(.invalidMethod), &out)
        }
    }

    private mutating func publish(
        _ messages: [RelayPublish], _ id: RPCID, _ connection: RelayConnection, at now: Timestamp,
        _ out: inout RelayOutput
    ) {
        let call = WaitingCall(connection: connection, id: id, remaining: messages.count)
        for message in messages {
            publish(
                MessageContent(message, publishedAt: now), ttlSeconds: message.ttlSeconds, from: connection.client,
                call, at: now, &out)
        }
    }

    // MARK: Subscriptions

    private mutating func subscribe(
        to names: [Topic], blocking: Bool, isBatch: Bool, _ id: RPCID, _ connection: RelayConnection,
        at now: Timestamp, _ out: inout RelayOutput
    ) {
        let outcomes = subscribe(names, connection, at: now, &out)
        let result: JSON
        if blocking, isBatch {
            result = .array(
                outcomes.map { outcome in
                    switch outcome {
                    case .success(let id): .object(["id": .string(id.hex)])
                    case .failure(let error): .object(["error": error.json])
                    }
                })
        } else {
            var ids: [JSON] = []
            for outcome in outcomes {
                switch outcome {
                case .success(let id): ids.append(.string(id.hex))
                case .failure(let error): return refuse(connection, id, error, &out)
                }
            }
            result = isBatch ? .array(ids) : ids[0]
        }
        // What was subscribed before may still be on its way.
        guard blocking, !batch.subscriptions.isEmpty || writing != nil else {
            return answer(connection, id, result, &out)
        }
        batchCalls.append(WaitingCall(connection: connection, id: id, result: result))
        out.wakesStore = true
    }

    mutating func subscribe(
        _ names: [Topic], _ connection: RelayConnection, at now: Timestamp, _ out: inout RelayOutput
    ) -> [Result<SubscriptionID, RelayError>] {
        let results = names.map { name in subscribe(name, connection, at: now, &out) }
        startLoading(connection, &out)
        return results
    }

    private mutating func subscribe(
        _ name: Topic, _ connection: RelayConnection, at now: Timestamp, _ out: inout RelayOutput
    ) -> Result<SubscriptionID, RelayError> {
        let client = connection.client
        let topic = topic(name)
        let index: Int
        if let known = topic.reader(of: client) {
            index = known
        } else {
            guard client.topics.count < limits.topicsPerClientMax, topic.readers.count < limits.clientsPerTopicMax
            else {
                forgetIfUnused(topic)
                return .failure(RelayError(.subscriberLimitExceeded))
            }
            index = topic.readers.count
            topic.readers.append(
                RelayTopic.Reader(
                    client: client, id: SubscriptionID(topic: name, client: client.key), connection: nil))
            client.topics.insert(name)
            batch.subscriptions.append(.add(client: client.keyBytes, name, seenAt: now))
            out.wakesStore = true
        }
        if connection.peer.takesPushes { attach(connection, topic, index) }
        return .success(topic.readers[index].id)
    }

    /// The topic's messages for this client go to this connection from now on, those that wait first.
    func attach(_ connection: RelayConnection, _ topic: RelayTopic, _ index: Int) {
        connection.topics.insert(topic.topic)
        if topic.readers[index].connection !== connection {
            topic.readers[index].others.removeAll { $0 === connection }
            if let last = topic.readers[index].connection { topic.readers[index].others.append(last) }
            topic.readers[index].connection = connection
        }
        if topic.held > 0 { note(topic.topic, after: 0, for: connection) }
    }

    mutating func unsubscribe(_ name: Topic, _ client: RelayClient, _ out: inout RelayOutput) {
        guard client.topics.remove(name) != nil, let topic = topics[name] else { return }
        topic.readers.removeAll { $0.client === client }
        for connection in client.connections {
            connection.topics.remove(name)
            connection.backlog.removeValue(forKey: name)
        }
        client.fetchCursors.removeValue(forKey: name)
        batch.subscriptions.append(.remove(client: client.keyBytes, name))
        out.wakesStore = true
        forgetIfUnused(topic)
    }

    // MARK: Fetching

    private mutating func fetch(
        _ names: [Topic], _ id: RPCID, _ connection: RelayConnection, _ out: inout RelayOutput
    ) {
        let client = connection.client
        guard names.contains(where: { (topics[$0]?.held ?? 0) > 0 }) else {
            return answer(connection, id, ["messages": [], "hasMore": false], &out)
        }
        // What the last call of this kind returned is not returned again while there was more behind it.
        let after = names.compactMap { client.fetchCursors[$0] }.min() ?? 0
        batch.loads.append(
            LoadRequest(
                purpose: .answer(connection.id, id, names), topics: names, reader: client.keyBytes, after: after))
        out.wakesStore = true
    }

    private mutating func take(
        _ receipt: RelayReceipt, _ connection: RelayConnection, at now: Timestamp, _ out: inout RelayOutput
    ) {
        if let sequence = receipt.messageID.int64 {
            return acknowledge(sequence, by: connection.id, at: now, &out)
        }
        guard case .text(let text) = receipt.messageID, let digest = try? Hash32(hex: text) else { return }
        receive(.hash(MessageHash(digest: digest), receipt.topic), connection.client, at: now, &out)
    }
}

extension RelayCall {
    /// What the call costs of its client's rate: one, or as many as its messages.
    ///
    /// Topics of a subscription are not counted: after a restart a server names all of its own at once.
    var weight: Int {
        switch self {
        case .batchPublish(let messages): max(1, messages.count)
        case .approve: 2
        default: 1
        }
    }
    /// The token of a call about watching.
    var watchToken: String? {
        switch self {
        case .watchRegister(let token), .watchUnregister(let token): token
        default: nil
        }
    }
}
