import NIOCore
import Primitives
import WalletConnectProtocol

/// Between memory and the store: batches out, pages and confirmations in.
extension RelayCore {
    /// Rows in one unit of work.
    static let batchRowsMax = 2_000

    // MARK: Loading

    /// Something waits in the store for this connection, behind that sequence.
    func note(_ topic: Topic, after sequence: Int64, for connection: RelayConnection) {
        connection.backlog[topic] = min(connection.backlog[topic] ?? .max, sequence)
    }

    /// Asks for the next page of what waits for a connection.
    mutating func startLoading(_ connection: RelayConnection, _ out: inout RelayOutput) {
        guard connection.isOpen, connection.isWritable, !connection.isLoading else { return }
        if connection.chain == nil {
            guard !connection.backlog.isEmpty else { return }
            var chain = LoadChain(topics: [], after: .max)
            for (topic, after) in connection.backlog.prefix(RelayCall.batchMax) {
                chain.topics.insert(topic)
                chain.after = min(chain.after, after)
            }
            for topic in chain.topics { connection.backlog.removeValue(forKey: topic) }
            connection.chain = chain
        }
        guard let chain = connection.chain else { return }
        connection.isLoading = true
        batch.loads.append(
            LoadRequest(
                purpose: .push(connection.id), topics: Array(chain.topics), reader: connection.client.keyBytes,
                after: chain.after))
        out.wakesStore = true
    }

    private mutating func loaded(_ result: LoadResult, at now: Timestamp, _ out: inout RelayOutput) {
        switch result.request.purpose {
        case .push(let id):
            guard let connection = connections[id] else { return }
            connection.isLoading = false
            for row in result.rows { push(row, to: connection, at: now, &out) }
            if result.isFull, let last = result.rows.last {
                connection.chain?.after = last.sequence
            } else {
                connection.chain = nil
            }
            startLoading(connection, &out)
        case .answer(let id, let request, let names):
            guard let connection = connections[id] else { return }
            answerFetch(result, names, request, connection, at: now, &out)
        }
    }

    private mutating func push(
        _ row: MailboxRow, to connection: RelayConnection, at now: Timestamp, _ out: inout RelayOutput
    ) {
        let client = connection.client
        guard now < row.expiresAt, !removed.contains(row.sequence), let topic = topics[row.content.topic],
            let index = topic.reader(of: client)
        else { return }
        if row.reader.isEmpty {
            guard row.publisher != client.keyBytes else { return }
            if let owner = claimed[row.sequence] {
                guard owner === client else { return }
            } else {
                claimed[row.sequence] = client
                batch.claims.append((row.sequence, client.keyBytes))
                out.wakesStore = true
            }
        }
        let copy: MailboxCopy
        if let known = connection.inFlight[row.sequence] {
            let pushed = known.pushedAt.map { now.milliseconds(since: $0) } ?? .max
            guard pushed >= limits.redeliveryQuietMilliseconds else { return }
            copy = known
        } else if let other = takeInFlight(row.sequence, from: client) {
            copy = other
        } else {
            copy = MailboxCopy(
                sequence: row.sequence, topic: topic, reader: client,
                sizeBytes: row.content.message.readableBytes)
        }
        push(copy, row.content, to: connection, topic.readers[index].id, at: now, &out)
        if !client.watches.isEmpty, copy.message == nil {
            copy.message = PublishedMessage(content: row.content, publisher: client, expiresAt: row.expiresAt)
        }
        if connection.inFlight.count > limits.inFlightMax, copy.state == .stored {
            connection.inFlight.removeValue(forKey: copy.sequence)
        }
    }

    /// What is in flight at another socket of the client is taken from there.
    func takeInFlight(_ sequence: Int64, from client: RelayClient) -> MailboxCopy? {
        for connection in client.connections {
            if let copy = connection.inFlight.removeValue(forKey: sequence) { return copy }
        }
        return nil
    }

    private mutating func answerFetch(
        _ result: LoadResult, _ names: [Topic], _ id: RPCID, _ connection: RelayConnection, at now: Timestamp,
        _ out: inout RelayOutput
    ) {
        let client = connection.client
        var messages: [JSON] = []
        var bytes = 0
        var last = result.request.after
        var hasMore = result.isFull
        for row in result.rows {
            if bytes > Self.fetchBytesMax {
                hasMore = true
                break
            }
            last = row.sequence
            guard now < row.expiresAt, !removed.contains(row.sequence),
                !row.reader.isEmpty || row.publisher != client.keyBytes
            else { continue }
            bytes += row.content.message.readableBytes
            messages.append(row.json)
        }
        for name in names {
            if hasMore, client.fetchCursors.count < Self.fetchCursorsMax {
                client.fetchCursors[name] = last
            } else {
                client.fetchCursors.removeValue(forKey: name)
            }
        }
        answer(connection, id, ["messages": .array(messages), "hasMore": .bool(hasMore)], &out)
    }

    /// Bytes of messages in one answer to a fetch, beyond which the rest is for the next.
    static let fetchBytesMax = 1 << 20
    /// Topics for which one client's place in its mailbox is remembered.
    static let fetchCursorsMax = 1_000

    // MARK: Batches

    /// The next unit of work, or the uptime at which there will be one.
    mutating func takeBatch() -> (batch: StoreBatch?, due: Int64?) {
        guard writing == nil else { return (nil, nil) }
        gatherLingering()
        let isDue = isDraining || deletesDue.map { $0 <= uptime } ?? false
        guard (isDue && !batch.deletes.isEmpty) || !urgent.isEmpty || batch.isUrgent || !batchCalls.isEmpty else {
            let lingeringDue = lingeringStart < lingering.count ? lingering[lingeringStart].due : nil
            return (nil, [lingeringDue, deletesDue].compactMap { $0 }.min())
        }
        var taken = batch
        batch = StoreBatch()
        deletesDue = nil
        var copies: [MailboxCopy] = []
        for copy in urgent.prefix(Self.batchRowsMax) where copy.state == .fresh {
            guard let message = copy.message else { continue }
            copy.state = .writing
            copies.append(copy)
            taken.inserts.append(
                MailboxRow(
                    sequence: copy.sequence, content: message.content, reader: copy.reader?.keyBytes ?? [],
                    publisher: message.publisher.keyBytes, expiresAt: message.expiresAt))
        }
        if urgent.count > Self.batchRowsMax {
            urgent.removeFirst(Self.batchRowsMax)
        } else {
            urgent.removeAll(keepingCapacity: true)
        }
        writing = WritingBatch(
            copies: copies, calls: batchCalls, deletes: taken.deletes, claims: taken.claims.map { $0.sequence },
            loads: taken.loads)
        batchCalls = []
        return (taken, nil)
    }

    private mutating func gatherLingering() {
        while lingeringStart < lingering.count {
            let (due, copy) = lingering[lingeringStart]
            guard copy.state != .fresh || due <= uptime || isDraining else { break }
            if copy.state == .fresh { urgent.append(copy) }
            lingeringStart += 1
        }
        if lingeringStart == lingering.count {
            lingering.removeAll(keepingCapacity: true)
            lingeringStart = 0
        } else if lingeringStart > 4_096 {
            lingering.removeFirst(lingeringStart)
            lingeringStart = 0
        }
    }

    /// The unit of work is on the disk.
    mutating func stored(_ outcome: StoreOutcome, at now: Timestamp, _ out: inout RelayOutput) {
        guard let batch = writing else { return }
        writing = nil
        counts.written += batch.copies.count
        for copy in batch.copies {
            unwrittenBytes -= copy.sizeBytes
            settle(copy, &out)
            guard copy.state == .writing else { continue }
            copy.state = .stored
            copy.message = copy.isWatched ? copy.message : nil
            if let connection = copy.connection, connection.inFlight.count > limits.inFlightMax {
                connection.inFlight.removeValue(forKey: copy.sequence)
                copy.connection = nil
            }
        }
        removed.subtract(batch.deletes)
        for sequence in batch.claims { claimed.removeValue(forKey: sequence) }
        for call in batch.calls { finish(call, &out) }
        for row in outcome.removed { forget(row.sequence, row.topic, row.sizeBytes, reader: row.reader) }
        for row in outcome.expired where !removed.contains(row.sequence) {
            counts.expired += 1
            if let client = clientsByKey[row.reader], let copy = takeInFlight(row.sequence, from: client) {
                retire(copy, at: now, &out)
            } else {
                remove(row.sequence, at: now, &out)
                if let topic = topics[row.topic] { release(topic, bytes: row.sizeBytes) }
            }
        }
        // There may be more; the removals of these go first.
        if outcome.expired.count == StoreBatch.sweptRowsMax { self.batch.sweepsBefore = now }
        for load in outcome.loads { loaded(load, at: now, &out) }
        if !self.batch.isEmpty || !urgent.isEmpty || !batchCalls.isEmpty { out.wakesStore = true }
    }

    /// A row that a receipt removed.
    private mutating func forget(_ sequence: Int64, _ name: Topic, _ sizeBytes: Int, reader: [UInt8]) {
        if let client = clientsByKey[reader], let copy = takeInFlight(sequence, from: client) { copy.state = .done }
        counts.acknowledged += 1
        if let topic = topics[name] { release(topic, bytes: sizeBytes) }
    }

    /// The unit of work was not stored; nothing of it is promised.
    mutating func notStored(_ failed: StoreBatch, at now: Timestamp, _ out: inout RelayOutput) {
        guard let batch = writing else { return }
        writing = nil
        let error = RelayError(.storageError)
        for copy in batch.copies {
            unwrittenBytes -= copy.sizeBytes
            guard copy.state == .writing else { continue }
            copy.state = .done
            if let message = copy.message { remembered.remove(message.key) }
            release(copy.topic, bytes: copy.sizeBytes)
            settle(copy, failure: error, &out)
        }
        for call in batch.calls {
            call.failure = error
            finish(call, &out)
        }
        for load in batch.loads { fail(load, error, &out) }
        // A relay that stops does not wait for its store: what was acknowledged is delivered once more.
        guard !isDraining else { return }
        // What is only memory's own wish goes into the next unit of work, after a while.
        self.batch.deletes = failed.deletes + self.batch.deletes
        deletesDue = uptime + Self.retryMilliseconds
        retriedSubscriptions = failed.subscriptions + retriedSubscriptions
        // Their readers may have them already: nobody else may get them.
        retriedClaims = failed.claims + retriedClaims
    }

    /// How long a store that failed is left alone, in milliseconds.
    static let retryMilliseconds: Int64 = 1_000

    private mutating func fail(_ load: LoadRequest, _ error: RelayError, _ out: inout RelayOutput) {
        switch load.purpose {
        case .push(let id):
            // The chain stays; the next tick asks again.
            connections[id]?.isLoading = false
            stalled.append(id)
        case .answer(let id, let request, _):
            if let connection = connections[id] { refuse(connection, request, error, &out) }
        }
    }
}

extension StoreBatch {
    /// Whether it waits for nothing; removals alone are collected.
    fileprivate var isUrgent: Bool {
        !inserts.isEmpty || !receipts.isEmpty || !claims.isEmpty || !subscriptions.isEmpty || !watches.isEmpty
            || !loads.isEmpty || sweepsBefore != nil
    }
}

extension MailboxCopy {
    fileprivate var isWatched: Bool { connection != nil && !(reader?.watches.isEmpty ?? true) }
}

extension MailboxRow {
    /// A message in the answer to a fetch, with the number that receipts name.
    fileprivate var json: JSON {
        .object(
            omittingNil: [
                "topic": .string(content.topic.hex),
                "message": .string(String(buffer: content.message)),
                "publishedAt": JSON(content.publishedAt.milliseconds), "tag": JSON(Int64(content.tag)),
                "attestation": content.attestation.map { .string($0) },
                "message_id": JSON(sequence),
            ])
    }
}
