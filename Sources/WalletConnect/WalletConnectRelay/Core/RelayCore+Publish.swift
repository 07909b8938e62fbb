import NIOCore
import Primitives
import WalletConnectProtocol

/// From a publish to the pushes, the acknowledgements and the answer.
extension RelayCore {
    /// Why a message is not taken; nil when it is.
    func publishError(bytes: Int, ttlSeconds: UInt32, tag: UInt32) -> RelayError? {
        if bytes > limits.messageBytesMax { return limits.sizeError(tag: tag) }
        if ttlSeconds < limits.ttlSecondsMin { return RelayError(.ttlTooShort) }
        if ttlSeconds > limits.ttlSecondsMax { return RelayError(.ttlTooLong) }
        if unwrittenBytes > limits.unwrittenBytesMax {
            return RelayError(.storageError, "The store is behind; try again")
        }
        if mailboxBytes > limits.mailboxBytesMax { return RelayError(.mailboxLimitExceeded) }
        return nil
    }

    /// One message from a client that has passed its rate limit.
    mutating func publish(
        _ content: MessageContent, ttlSeconds: UInt32, from publisher: RelayClient, _ call: WaitingCall,
        at now: Timestamp, _ out: inout RelayOutput
    ) {
        if let error = publishError(bytes: content.message.readableBytes, ttlSeconds: ttlSeconds, tag: content.tag) {
            call.failure = error
            return finish(call, &out)
        }
        let key = RememberedMessages.Key(topic: content.topic, hash: content.hash)
        if remembered.contains(key, at: now) {
            counts.repeated += 1
            // The first one may not be safe yet; then both are answered together.
            guard let first = unsettled[key] else { return finish(call, &out) }
            first.calls.append(call)
            return
        }
        let topic = topic(content.topic)
        guard topic.held < limits.mailboxPerTopicMax else {
            call.failure = RelayError(.mailboxLimitExceeded)
            return finish(call, &out)
        }
        counts.published += 1
        let message = PublishedMessage(
            content: content, publisher: publisher, expiresAt: now.adding(seconds: Int64(ttlSeconds)))
        remembered.insert(key, until: message.expiresAt)
        message.calls.append(call)
        var hasReader = false
        for reader in topic.readers where reader.client !== publisher {
            hasReader = true
            deliver(message, to: reader, of: topic, at: now, &out)
        }
        if !hasReader {
            write(makeCopy(of: message, for: nil, at: topic, at: now), &out)
        }
        if !publisher.watches.isEmpty {
            tell(publisher, .publisher, .accepted, message, sequence: nextSequence(at: now), at: now, &out)
        }
        if message.awaited > 0 { unsettled[key] = message }
    }

    private mutating func deliver(
        _ message: PublishedMessage, to reader: RelayTopic.Reader, of topic: RelayTopic, at now: Timestamp,
        _ out: inout RelayOutput
    ) {
        let copy = makeCopy(of: message, for: reader.client, at: topic, at: now)
        if !reader.client.watches.isEmpty {
            tell(reader.client, .subscriber, .accepted, message, sequence: copy.sequence, at: now, &out)
            if reader.connection == nil {
                tell(reader.client, .subscriber, .queued, message, sequence: copy.sequence, at: now, &out)
            }
        }
        guard let connection = reader.connection else { return write(copy, &out) }
        guard connection.takesLive(topic.topic) else {
            write(copy, &out)
            note(topic.topic, after: copy.sequence - 1, for: connection)
            return startLoading(connection, &out)
        }
        push(copy, message.content, to: connection, reader.id, at: now, &out)
        lingering.append((uptime + limits.lingerMilliseconds, copy))
        if lingering.count - lingeringStart == 1 { out.wakesStore = true }
    }

    private mutating func makeCopy(
        of message: PublishedMessage, for reader: RelayClient?, at topic: RelayTopic, at now: Timestamp
    ) -> MailboxCopy {
        let copy = MailboxCopy(
            sequence: nextSequence(at: now), topic: topic, reader: reader, message: message)
        message.awaited += 1
        topic.held += 1
        unwrittenBytes += copy.sizeBytes
        mailboxBytes += copy.sizeBytes
        return copy
    }

    /// Puts a copy into the next unit of work.
    mutating func write(_ copy: MailboxCopy, _ out: inout RelayOutput) {
        urgent.append(copy)
        out.wakesStore = true
    }

    /// A copy that waited for its acknowledgement waits no longer: the reader has gone.
    mutating func hurry(_ copy: MailboxCopy, _ out: inout RelayOutput) {
        // It is found again among the lingering ones, where its state tells that it was taken.
        if copy.state == .fresh { write(copy, &out) }
    }

    mutating func push(
        _ copy: MailboxCopy, _ content: MessageContent, to connection: RelayConnection, _ id: SubscriptionID,
        at now: Timestamp, _ out: inout RelayOutput
    ) {
        let fate = decideFate?(content.topic, content.tag) ?? .arrives
        if case .isLost = fate { return retire(copy, at: now, &out) }
        copy.connection = connection
        copy.pushedAt = now
        connection.inFlight[copy.sequence] = copy
        counts.pushed += 1
        let text = content.push(sequence: copy.sequence, subscription: id, scratch: &scratch)
        out.send(text, to: connection.peer, fate)
    }

    // MARK: Acknowledgements

    /// A client answered a push.
    mutating func acknowledge(_ sequence: Int64, by id: ConnectionID, at now: Timestamp, _ out: inout RelayOutput) {
        guard let connection = connections[id] else { return }
        if let copy = connection.inFlight.removeValue(forKey: sequence) {
            acknowledged(copy, at: now, &out)
        } else if let copy = takeInFlight(sequence, from: connection.client) {
            // The client answered on a socket what it got on another.
            acknowledged(copy, at: now, &out)
        } else {
            receive(.sequence(sequence), connection.client, at: now, &out)
        }
    }

    private mutating func acknowledged(_ copy: MailboxCopy, at now: Timestamp, _ out: inout RelayOutput) {
        copy.connection = nil
        counts.acknowledged += 1
        if let reader = copy.reader, !reader.watches.isEmpty, let message = copy.message {
            tell(reader, .subscriber, .delivered, message, sequence: copy.sequence, at: now, &out)
        }
        retire(copy, at: now, &out)
    }

    /// The copy has done its duty: acknowledged, or its time is over.
    mutating func retire(_ copy: MailboxCopy, at now: Timestamp, _ out: inout RelayOutput) {
        switch copy.state {
        case .done: return
        case .fresh:
            counts.elided += 1
            unwrittenBytes -= copy.sizeBytes
        case .writing:
            // Its row is on the way; it is removed by the unit of work after.
            remove(copy.sequence, at: now, &out)
        case .stored: remove(copy.sequence, at: now, &out)
        }
        let wasWriting = copy.state == .writing
        copy.state = .done
        release(copy.topic, bytes: copy.sizeBytes)
        settle(copy, &out)
        if !wasWriting { copy.message = nil }
    }

    mutating func remove(_ sequence: Int64, at now: Timestamp, _ out: inout RelayOutput) {
        guard removed.insert(sequence).inserted else { return }
        batch.deletes.append(sequence)
        if deletesDue == nil {
            deletesDue = uptime + Self.deletesLingerMilliseconds
            out.wakesStore = true
        }
    }

    /// A topic holds one copy less.
    mutating func release(_ topic: RelayTopic, bytes: Int) {
        topic.held -= 1
        mailboxBytes -= bytes
        forgetIfUnused(topic)
    }

    /// The copy is safe, one way or another; when all are, the publisher is answered.
    mutating func settle(_ copy: MailboxCopy, failure: RelayError? = nil, _ out: inout RelayOutput) {
        guard copy.isAwaited, let message = copy.message else { return }
        copy.isAwaited = false
        message.awaited -= 1
        if let failure { for call in message.calls { call.failure = failure } }
        guard message.awaited == 0 else { return }
        unsettled.removeValue(forKey: message.key)
        for call in message.calls { finish(call, &out) }
        message.calls = []
    }

    /// A receipt for a message that this connection has not in flight: the store looks for it.
    mutating func receive(
        _ message: StoredReceipt.Message, _ client: RelayClient, at now: Timestamp, _ out: inout RelayOutput
    ) {
        if case .sequence(let sequence) = message {
            guard sequence > 0, !removed.contains(sequence) else { return }
        }
        guard client.bucket.take(perSecond: limits.callsPerSecond, burst: limits.callsBurst, at: now) else { return }
        batch.receipts.append(StoredReceipt(message: message, reader: client.keyBytes))
        out.wakesStore = true
    }

    mutating func topic(_ name: Topic) -> RelayTopic {
        if let known = topics[name] { return known }
        let topic = RelayTopic(name)
        topics[name] = topic
        return topic
    }

    mutating func forgetIfUnused(_ topic: RelayTopic) {
        if topic.held <= 0, topic.readers.isEmpty { topics.removeValue(forKey: topic.topic) }
    }

    // MARK: Watches

    mutating func tell(
        _ client: RelayClient, _ role: WatchToken.Role, _ status: WatchToken.Status, _ message: PublishedMessage,
        sequence: Int64, at now: Timestamp, _ out: inout RelayOutput
    ) {
        for watch in client.watches where watch.wants(role, status, tag: message.content.tag, at: now) {
            out.watched.append(
                WatchedMessage(
                    watch: watch, client: client.key, sequence: sequence, status: status, content: message.content,
                    expiresAt: message.expiresAt))
        }
    }
}

extension PublishedMessage {
    var key: RememberedMessages.Key {
        RememberedMessages.Key(topic: content.topic, hash: content.hash)
    }
}
