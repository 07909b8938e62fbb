import Cryptography
import NIOCore
import Primitives
import WalletConnectProtocol

// The parts of the core's state. They are classes because several indexes point at the same one; all of them live
// behind the core's one lock and never leave it.

/// One open connection.
final class RelayConnection {
    let id: ConnectionID
    let peer: any RelayPeer
    let client: RelayClient
    let openedAt: Timestamp
    /// Of the token's subject, by which a program that opens a second socket is known; nil for a call over HTTP.
    let subjectHash: Int?
    /// Topics that were subscribed to on this connection.
    var topics: Set<Topic> = []
    /// Pushed here and not acknowledged, by sequence.
    var inFlight: [Int64: MailboxCopy] = [:]
    /// Topics of which something waits in the store, and the sequence behind which to look.
    var backlog: [Topic: Int64] = [:]
    /// The part of the backlog that is being delivered.
    var chain: LoadChain?
    /// The store was asked for the chain's next page.
    var isLoading = false
    /// Its socket takes more.
    var isWritable = true
    var isOpen = true

    init(id: ConnectionID, peer: any RelayPeer, client: RelayClient, openedAt: Timestamp, subjectHash: Int?) {
        self.id = id
        self.peer = peer
        self.client = client
        self.openedAt = openedAt
        self.subjectHash = subjectHash
    }

    /// Whether a new message at the topic can go straight to the socket without passing older ones.
    func takesLive(_ topic: Topic) -> Bool {
        isWritable && (backlog.isEmpty || backlog[topic] == nil) && (chain?.topics.contains(topic) ?? false) == false
    }
}

/// Topics whose stored messages are being delivered, page by page.
struct LoadChain {
    var topics: Set<Topic>
    var after: Int64
}

/// One client, by its key; it may have several sockets or none.
final class RelayClient {
    let key: DIDKey
    let keyBytes: [UInt8]
    /// Open connections, oldest first.
    var connections: [RelayConnection] = []
    var topics: Set<Topic> = []
    var bucket: TokenBucket
    var seenAt: Timestamp
    /// Where the last fetch of a topic stopped.
    var fetchCursors: [Topic: Int64] = [:]
    var watches: [Watch] = []

    init(key: DIDKey, bucket: TokenBucket, seenAt: Timestamp) {
        self.key = key
        keyBytes = key.publicKey.bytes
        self.bucket = bucket
        self.seenAt = seenAt
    }
}

/// A topic with readers or with messages.
final class RelayTopic {
    struct Reader {
        let client: RelayClient
        let id: SubscriptionID
        /// The newest connection that subscribed, and the ones before it.
        var connection: RelayConnection?
        var others: [RelayConnection] = []
    }

    let topic: Topic
    var readers: [Reader] = []
    /// Copies that nobody has acknowledged, in memory or in the store.
    var held = 0

    init(_ topic: Topic) {
        self.topic = topic
    }

    func reader(of client: RelayClient) -> Int? {
        readers.firstIndex { $0.client === client }
    }
}

/// One message for one reader.
final class MailboxCopy {
    enum State {
        /// In memory alone.
        case fresh
        /// In a unit of work that has not ended.
        case writing
        /// In the store.
        case stored
        /// Acknowledged or expired.
        case done
    }

    let sequence: Int64
    let topic: RelayTopic
    /// Who reads it; nil while nobody subscribes to the topic.
    let reader: RelayClient?
    /// The message; let go once the store has it.
    var message: PublishedMessage?
    var state = State.fresh
    /// It is neither durable nor acknowledged, and its publisher waits.
    var isAwaited = true
    var connection: RelayConnection?
    var pushedAt: Timestamp?
    let sizeBytes: Int

    init(sequence: Int64, topic: RelayTopic, reader: RelayClient?, message: PublishedMessage) {
        self.sequence = sequence
        self.topic = topic
        self.reader = reader
        self.message = message
        sizeBytes = message.sizeBytes
    }

    /// A copy that only the store has.
    init(sequence: Int64, topic: RelayTopic, reader: RelayClient, sizeBytes: Int) {
        self.sequence = sequence
        self.topic = topic
        self.reader = reader
        self.sizeBytes = sizeBytes
        state = .stored
        isAwaited = false
    }
}

/// A message on its way from its publisher to all readers.
final class PublishedMessage {
    let content: MessageContent
    let publisher: RelayClient
    let expiresAt: Timestamp
    /// Copies that are neither durable nor acknowledged.
    var awaited = 0
    var calls: [WaitingCall] = []

    init(content: MessageContent, publisher: RelayClient, expiresAt: Timestamp) {
        self.content = content
        self.publisher = publisher
        self.expiresAt = expiresAt
    }

    var sizeBytes: Int { content.message.readableBytes }
}

/// A call that is answered when everything it caused is safe.
final class WaitingCall {
    let connection: RelayConnection
    let id: RPCID
    let result: JSON?
    var remaining: Int
    var failure: RelayError?

    /// - Parameter result: what the answer says; nil for `true`.
    init(connection: RelayConnection, id: RPCID, result: JSON? = nil, remaining: Int = 1) {
        self.connection = connection
        self.id = id
        self.result = result
        self.remaining = remaining
    }
}

/// Lets so many through at once, and so many in a second.
struct TokenBucket {
    private var tokens: Double
    private var filledAt: Timestamp

    init(burst: Int, at now: Timestamp) {
        tokens = Double(burst)
        filledAt = now
    }

    /// Takes `count` tokens; false when there are not so many.
    mutating func take(_ count: Int = 1, perSecond: Int, burst: Int, at now: Timestamp) -> Bool {
        let elapsed = now.milliseconds(since: filledAt)
        if elapsed > 0 {
            tokens = min(Double(burst), tokens + Double(elapsed) * Double(perSecond) / 1_000)
            filledAt = now
        }
        guard tokens >= Double(count) else { return false }
        tokens -= Double(count)
        return true
    }
}
