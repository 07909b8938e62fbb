import Cryptography
import NIOCore
import Primitives
import WalletConnectProtocol

/// What time alone does, and what a start brings back.
extension RelayCore {
    /// How often expired messages are looked for, in milliseconds.
    static let sweepMilliseconds: Int64 = 10_000
    /// How often forgotten subscriptions are looked for, in milliseconds.
    static let subscriptionSweepMilliseconds: Int64 = 3_600_000

    /// About once a second.
    mutating func tick(at now: Timestamp, _ out: inout RelayOutput) {
        if now.milliseconds(since: sweptAt) >= Self.sweepMilliseconds {
            sweptAt = now
            batch.sweepsBefore = now
            out.wakesStore = true
        }
        if now.milliseconds(since: subscriptionsSweptAt) >= Self.subscriptionSweepMilliseconds {
            subscriptionsSweptAt = now
            endSubscriptions(at: now, &out)
        }
        if !retriedSubscriptions.isEmpty || !retriedClaims.isEmpty {
            batch.subscriptions = retriedSubscriptions + batch.subscriptions
            batch.claims = retriedClaims + batch.claims
            retriedSubscriptions = []
            retriedClaims = []
            out.wakesStore = true
        }
        let waiting = stalled
        stalled = []
        for id in waiting {
            if let connection = connections[id] { startLoading(connection, &out) }
        }
        let grown = young.prefix { id in
            guard let openedAt = connections[id]?.openedAt else { return true }
            return now.milliseconds(since: openedAt) >= limits.resubscribeGraceMilliseconds
        }
        for id in grown {
            guard let connection = connections[id] else { continue }
            adopt(connection)
            startLoading(connection, &out)
        }
        young.removeFirst(grown.count)
    }

    /// A client that connected again and did not subscribe relies on its subscriptions: they were kept for it.
    private func adopt(_ connection: RelayConnection) {
        for name in connection.client.topics where !connection.topics.contains(name) {
            guard let topic = topics[name], let index = topic.reader(of: connection.client),
                topic.readers[index].connection == nil
            else { continue }
            attach(connection, topic, index)
        }
    }

    private mutating func endSubscriptions(at now: Timestamp, _ out: inout RelayOutput) {
        let lifetime = limits.subscriptionSecondsMax * 1_000
        for client in Array(clients.values) where client.connections.isEmpty {
            client.watches.removeAll { $0.expiresAt <= now }
            guard now.milliseconds(since: client.seenAt) >= lifetime else { continue }
            for name in client.topics { unsubscribe(name, client, &out) }
            forgetIfUnused(client)
        }
    }

    // MARK: Start

    mutating func restore(client bytes: [UInt8], topic stored: [UInt8], seenAt: Timestamp) {
        guard let client = restoredClient(bytes, seenAt: seenAt), let name = Topic(stored: stored) else { return }
        let topic = topic(name)
        guard topic.reader(of: client) == nil else { return }
        topic.readers.append(
            RelayTopic.Reader(client: client, id: SubscriptionID(topic: name, client: client.key), connection: nil))
        client.topics.insert(name)
    }

    mutating func restore(_ row: MailboxRow, at now: Timestamp) {
        sequenceUsed(row.sequence)
        let topic = topic(row.content.topic)
        topic.held += 1
        mailboxBytes += row.content.message.readableBytes
        remembered.insert(
            RememberedMessages.Key(topic: row.content.topic, hash: row.content.hash), until: row.expiresAt)
    }

    mutating func restore(_ watch: Watch, client bytes: [UInt8], at now: Timestamp) {
        guard watch.expiresAt > now, let client = restoredClient(bytes, seenAt: now) else { return }
        client.watches.append(watch)
    }

    private mutating func restoredClient(_ bytes: [UInt8], seenAt: Timestamp) -> RelayClient? {
        if let known = clientsByKey[bytes] {
            known.seenAt = max(known.seenAt, seenAt)
            return known
        }
        guard let key = try? Ed25519.PublicKey(bytes: bytes) else { return nil }
        return client(DIDKey(key), at: seenAt)
    }

    // MARK: Watches

    /// A call with a token of the watched client, which need not be the caller.
    mutating func watch(
        _ verdict: Result<(client: DIDKey, claims: WatchToken.Claims), RelayError>, _ request: RPCID,
        from id: ConnectionID, relay: DIDKey, at now: Timestamp, _ out: inout RelayOutput
    ) {
        guard let connection = connections[id] else { return }
        if let error = RelayFrame.requestIDError(request) { return refuse(connection, request, error, &out) }
        guard admits(1, connection.client, at: now) else {
            return refuse(connection, request, RelayError(.tooManyRequests), &out)
        }
        switch verdict {
        case .failure(let error): refuse(connection, request, error, &out)
        case .success((let key, let claims)) where claims.action == .register:
            guard register(Watch(claims), of: key, at: now, &out) else {
                return refuse(connection, request, RelayError(.subscriberLimitExceeded), &out)
            }
            // Answered when it is stored: the server stops looking by itself.
            batchCalls.append(
                WaitingCall(connection: connection, id: request, result: ["relayId": .string(relay.text)]))
        case .success((let key, let claims)):
            unregister(service: claims.serviceURL, webhook: claims.webhookURL, of: key, &out)
            answer(connection, request, nil, &out)
        }
    }

    /// A watch takes the place of the last one with the same service and webhook.
    private mutating func register(
        _ watch: Watch, of key: DIDKey, at now: Timestamp, _ out: inout RelayOutput
    ) -> Bool {
        let client = client(key, at: now)
        client.watches.removeAll { $0.service == watch.service && $0.webhook == watch.webhook }
        guard client.watches.count < limits.watchesPerClientMax else { return false }
        client.watches.append(watch)
        batch.watches.append(.put(client: client.keyBytes, watch))
        out.wakesStore = true
        return true
    }

    private mutating func unregister(service: String, webhook: String, of key: DIDKey, _ out: inout RelayOutput) {
        guard let client = clients[key.text] else { return }
        client.watches.removeAll { $0.service == service && $0.webhook == webhook }
        batch.watches.append(.remove(client: client.keyBytes, service: service, webhook: webhook))
        out.wakesStore = true
        forgetIfUnused(client)
    }

    // MARK: End

    /// No new connections; those that are there are asked to go.
    mutating func drain(_ out: inout RelayOutput) {
        isDraining = true
        out.wakesStore = true
    }
}
