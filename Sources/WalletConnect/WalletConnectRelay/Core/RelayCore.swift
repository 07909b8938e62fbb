import NIOCore
import Primitives
import WalletConnectProtocol

/// Everything the relay knows, and every rule: who is connected, who reads what, what is on its way.
///
/// No clock, socket or store: inputs come with their time, what is to be done goes into a ``RelayOutput`` and a
/// ``StoreBatch``. One lock holds it, so its parts may point at one another.
struct RelayCore {
    let limits: RelayLimits
    var clients: [String: RelayClient] = [:]
    var clientsByKey: [[UInt8]: RelayClient] = [:]
    var connections: [ConnectionID: RelayConnection] = [:]
    var topics: [Topic: RelayTopic] = [:]
    /// Connections whose clients may still subscribe again by themselves, oldest first.
    var young: [ConnectionID] = []
    /// Connections that wait for a store that failed.
    var stalled: [ConnectionID] = []
    private var lastConnection: UInt64 = 0
    private var lastSequence: Int64 = 0

    // What waits for the store.
    /// A clock that nobody sets, in milliseconds; what waits for moments goes by it.
    var uptime: Int64 = 0
    /// Copies whose write waits for acknowledgements, by the uptime at which it stops waiting.
    var lingering: [(due: Int64, copy: MailboxCopy)] = []
    var lingeringStart = 0
    var urgent: [MailboxCopy] = []
    var batch = StoreBatch()
    var deletesDue: Int64?
    /// Calls that are answered when the batch under construction is stored.
    var batchCalls: [WaitingCall] = []
    var writing: WritingBatch?
    var claimed: [Int64: RelayClient] = [:]
    /// Rows whose removal is not stored yet.
    var removed: Set<Int64> = []
    var unwrittenBytes = 0
    var mailboxBytes = 0

    var remembered: RememberedMessages
    /// Messages whose publisher waits, so that a repetition waits with it.
    var unsettled: [RememberedMessages.Key: PublishedMessage] = [:]
    var attempts: [ConnectAttempt: TokenBucket] = [:]
    var earlierAttempts: [ConnectAttempt: TokenBucket] = [:]
    var counts = RelayCounts()
    /// A test's say in what becomes of pushes; nil everywhere else.
    var decideFate: DecidePushFate?
    var scratch: [UInt8] = []
    var sweptAt = Timestamp(milliseconds: 0)
    var subscriptionsSweptAt = Timestamp(milliseconds: 0)
    /// Changes of a unit of work that failed.
    var retriedSubscriptions: [SubscriptionChange] = []
    var retriedClaims: [(sequence: Int64, reader: [UInt8])] = []
    var isDraining = false

    init(limits: RelayLimits) {
        self.limits = limits
        remembered = RememberedMessages(max: limits.rememberedMessagesMax)
    }

    /// How long removals are collected, in milliseconds; losing one costs a repetition.
    static let deletesLingerMilliseconds: Int64 = 50
    /// A subscription's last sign of life is stored so often, in milliseconds.
    static let seenEveryMilliseconds: Int64 = 86_400_000

    // MARK: Numbers

    /// Sixteen digits, ascending: milliseconds and a counter, below 2^53 so that every client reads them exactly.
    mutating func nextSequence(at now: Timestamp) -> Int64 {
        lastSequence = max(lastSequence + 1, now.milliseconds * 1_000)
        return lastSequence
    }

    mutating func sequenceUsed(_ sequence: Int64) {
        lastSequence = max(lastSequence, sequence)
    }

    // MARK: Connections

    /// Whether another attempt of this claimed client from this address is looked at; cheap, before any signature.
    mutating func admitsAttempt(_ attempt: ConnectAttempt, at now: Timestamp) -> Bool {
        guard !isDraining, connections.count < limits.socketsMax else { return false }
        if attempts.count >= ConnectAttempt.rememberedMax {
            // Two halves, so that making room costs nothing: whoever hammers is found in one of them.
            earlierAttempts = attempts
            attempts = [:]
        }
        var bucket =
            attempts[attempt] ?? earlierAttempts[attempt] ?? TokenBucket(burst: limits.connectsBurst, at: now)
        let isAdmitted = bucket.take(perSecond: limits.connectsPerSecond, burst: limits.connectsBurst, at: now)
        attempts[attempt] = bucket
        return isAdmitted
    }

    mutating func open(
        _ peer: any RelayPeer, client key: DIDKey, subject: String? = nil, at now: Timestamp, _ out: inout RelayOutput
    ) -> ConnectionID {
        let client = client(key, at: now)
        lastConnection += 1
        let connection = RelayConnection(
            id: ConnectionID(number: lastConnection), peer: peer, client: client, openedAt: now,
            subjectHash: subject?.hashValue)
        connections[connection.id] = connection
        if peer.takesPushes {
            let sockets = client.connections.filter { $0.peer.takesPushes }
            if sockets.count >= limits.socketsPerClientMax, let oldest = sockets.first {
                out.close(oldest.peer, .replaced)
            }
            if now.milliseconds(since: client.seenAt) > Self.seenEveryMilliseconds, !client.topics.isEmpty {
                batch.subscriptions.append(.seen(client: client.keyBytes, now))
                out.wakesStore = true
            }
            young.append(connection.id)
            counts.opened += 1
        }
        client.connections.append(connection)
        client.seenAt = now
        takeOver(connection, at: now, &out)
        return connection.id
    }

    /// The topics of a program's older sockets are pushed to its newest.
    ///
    /// JavaScript clients that connect several times at once forget all sockets but the last, and acknowledge nothing that
    /// comes to the others, which stay open. They are known by their tokens' subject, which is one program's own.
    private mutating func takeOver(_ connection: RelayConnection, at now: Timestamp, _ out: inout RelayOutput) {
        guard connection.peer.takesPushes, let subject = connection.subjectHash else { return }
        let client = connection.client
        var copies: [MailboxCopy] = []
        for older in client.connections where older !== connection && older.subjectHash == subject {
            for name in older.topics {
                guard let topic = topics[name], let index = topic.reader(of: client) else { continue }
                attach(connection, topic, index)
            }
            copies.append(contentsOf: older.inFlight.values)
            older.inFlight = [:]
        }
        for copy in copies.sorted(by: { $0.sequence < $1.sequence }) {
            copy.connection = nil
            deliverElsewhere(copy, client, at: now, &out)
        }
        startLoading(connection, &out)
    }

    mutating func close(_ id: ConnectionID, at now: Timestamp, _ out: inout RelayOutput) {
        guard let connection = connections.removeValue(forKey: id) else { return }
        connection.isOpen = false
        let client = connection.client
        client.connections.removeAll { $0 === connection }
        client.seenAt = now
        for topic in connection.topics { leave(topic, connection) }
        let copies = connection.inFlight.values.sorted { $0.sequence < $1.sequence }
        connection.inFlight = [:]
        for copy in copies {
            copy.connection = nil
            deliverElsewhere(copy, client, at: now, &out)
        }
        forgetIfUnused(client)
    }

    /// The topic's pushes for this client go to its next newest socket.
    private func leave(_ name: Topic, _ connection: RelayConnection) {
        guard let topic = topics[name], let index = topic.reader(of: connection.client) else { return }
        topic.readers[index].others.removeAll { $0 === connection }
        if topic.readers[index].connection === connection {
            topic.readers[index].connection = topic.readers[index].others.popLast()
        }
    }

    private mutating func deliverElsewhere(
        _ copy: MailboxCopy, _ client: RelayClient, at now: Timestamp, _ out: inout RelayOutput
    ) {
        guard let index = copy.topic.reader(of: client) else { return hurry(copy, &out) }
        let reader = copy.topic.readers[index]
        guard let other = reader.connection else { return hurry(copy, &out) }
        if let content = copy.message?.content, other.takesLive(copy.topic.topic) {
            push(copy, content, to: other, reader.id, at: now, &out)
        } else {
            hurry(copy, &out)
            note(copy.topic.topic, after: copy.sequence - 1, for: other)
            startLoading(other, &out)
        }
    }

    /// A client without socket and topics leaves nothing behind.
    mutating func forgetIfUnused(_ client: RelayClient) {
        guard client.connections.isEmpty, client.topics.isEmpty, client.watches.isEmpty else { return }
        clients.removeValue(forKey: client.key.text)
        clientsByKey.removeValue(forKey: client.keyBytes)
    }

    mutating func client(_ key: DIDKey, at now: Timestamp) -> RelayClient {
        if let known = clients[key.text] { return known }
        let client = RelayClient(key: key, bucket: TokenBucket(burst: limits.callsBurst, at: now), seenAt: now)
        clients[key.text] = client
        clientsByKey[client.keyBytes] = client
        return client
    }

    /// The socket takes more, or no more for now.
    mutating func writability(_ id: ConnectionID, _ isWritable: Bool, _ out: inout RelayOutput) {
        guard let connection = connections[id] else { return }
        connection.isWritable = isWritable
        if isWritable { startLoading(connection, &out) }
    }

    // MARK: Answers

    func answer(_ connection: RelayConnection, _ id: RPCID, _ result: JSON?, _ out: inout RelayOutput) {
        guard connection.isOpen else { return }
        let text: ByteBuffer
        if let result {
            text = ByteBuffer(bytes: RelayFrame.answer(id: id, result).encoded())
        } else {
            text = id.trueAnswer
        }
        out.send(text, to: connection.peer)
    }

    mutating func refuse(
        _ connection: RelayConnection, _ id: RPCID?, _ error: RelayError, _ out: inout RelayOutput
    ) {
        counts.refused += 1
        guard connection.isOpen else { return }
        out.send(ByteBuffer(bytes: RelayFrame.refusal(id: id, error).encoded()), to: connection.peer)
    }

    mutating func finish(_ call: WaitingCall, _ out: inout RelayOutput) {
        call.remaining -= 1
        guard call.remaining == 0 else { return }
        if let failure = call.failure {
            refuse(call.connection, call.id, failure, &out)
        } else {
            answer(call.connection, call.id, call.result, &out)
        }
    }
}

/// Who seems to connect from where; looked at before anything is proved.
struct ConnectAttempt: Hashable, Sendable {
    var client: String
    var address: String

    /// Attempts that are remembered at least; twice as many at most.
    static let rememberedMax = 10_000
}

/// A batch in the store's hands.
struct WritingBatch {
    var copies: [MailboxCopy]
    var calls: [WaitingCall]
    var deletes: [Int64]
    var claims: [Int64]
    var loads: [LoadRequest]
}

/// What happened since the numbers were last taken.
struct RelayCounts: Sendable {
    var opened = 0
    var published = 0
    var repeated = 0
    var pushed = 0
    var acknowledged = 0
    var written = 0
    var elided = 0
    var expired = 0
    var refused = 0
}

/// The latest messages, so that their repetitions are noticed; the oldest are forgotten first.
struct RememberedMessages {
    struct Key: Hashable {
        var topic: Topic
        var hash: MessageHash
    }

    private var expiries: [Key: Timestamp] = [:]
    private var order: [Key] = []
    private var start = 0
    private let max: Int

    init(max: Int) {
        self.max = max
    }

    func contains(_ key: Key, at now: Timestamp) -> Bool {
        expiries[key].map { now < $0 } ?? false
    }

    mutating func insert(_ key: Key, until expiry: Timestamp) {
        if expiries.updateValue(expiry, forKey: key) == nil { order.append(key) }
        while order.count - start > max {
            expiries.removeValue(forKey: order[start])
            start += 1
        }
        if start > 1_024, start * 2 > order.count {
            order.removeFirst(start)
            start = 0
        }
    }

    mutating func remove(_ key: Key) {
        // Its place in the order stays until it comes round.
        expiries.removeValue(forKey: key)
    }
}

extension RPCID {
    /// `{"id":…,"jsonrpc":"2.0","result":true}` with the id as it was sent.
    var trueAnswer: ByteBuffer {
        guard case .number(let number) = self else {
            return ByteBuffer(bytes: RelayFrame.answer(id: self, .bool(true)).encoded())
        }
        var text = ByteBuffer()
        text.reserveCapacity(64)
        text.writeStaticString(#"{"id":"#)
        text.writeDecimal(number)
        text.writeStaticString(#","jsonrpc":"2.0","result":true}"#)
        return text
    }
}
