public import Primitives

/// What a queue carries.
public struct Message: Sendable, Hashable {
    /// Its identity, from publishing to its end; a redelivery and a redrive keep it.
    public let id: SortableID
    /// Its content, at most ``QueueLimits/bodyBytesMax`` bytes, never changed by the queue.
    public let body: [UInt8]
    /// Small facts beside the body: a type, a trace.
    public let attributes: [String: String]
    /// How often it was handed out, this time included.
    public let attempts: Int
    /// When it was published.
    public let enqueuedAt: Timestamp

    /// A message as a queue hands it out.
    public init(id: SortableID, body: [UInt8], attributes: [String: String], attempts: Int, enqueuedAt: Timestamp) {
        self.id = id
        self.body = body
        self.attributes = attributes
        self.attempts = attempts
        self.enqueuedAt = enqueuedAt
    }
}

/// A message lent to one receiver until ``visibleAgainAt``.
///
/// Whoever has it answers with `acknowledge`, `release`, `retry` or `reject`; without an answer in time the message is
/// handed out again and this delivery is void.
public struct Delivery: Sendable, Hashable {
    /// The queue it came from.
    public let queue: QueueName
    public let message: Message
    /// Which handing out this is.
    ///
    /// Only the newest one of a message is honoured.
    public let receipt: Receipt
    /// When the message is handed out again unless it was answered.
    public let visibleAgainAt: Timestamp

    /// A delivery as a queue hands it out.
    public init(queue: QueueName, message: Message, receipt: Receipt, visibleAgainAt: Timestamp) {
        self.queue = queue
        self.message = message
        self.receipt = receipt
        self.visibleAgainAt = visibleAgainAt
    }
}

/// A broker's own words for one handing out of a message; only the broker that wrote it reads it.
public struct Receipt: Sendable, Hashable {
    public let text: String

    public init(_ text: String) {
        self.text = text
    }
}

/// A message that is no longer handed out, with the reason why.
public struct DeadLetter: Sendable, Hashable {
    public let queue: QueueName
    /// The message as it was; `attempts` says how often it was tried.
    public let message: Message
    /// The last reason, at most ``QueueLimits/reasonBytesMax`` bytes.
    public let reason: String
    public let diedAt: Timestamp

    /// A dead letter as a queue lists it.
    public init(queue: QueueName, message: Message, reason: String, diedAt: Timestamp) {
        self.queue = queue
        self.message = message
        self.reason = reason
        self.diedAt = diedAt
    }
}

/// How much a queue holds.
public struct QueueDepth: Sendable, Hashable {
    /// Ready to be handed out.
    public var ready: Int
    /// Put off to a later moment.
    public var delayed: Int
    /// With a receiver.
    public var inFlight: Int
    /// In the dead-letter list.
    public var dead: Int

    public init(ready: Int, delayed: Int, inFlight: Int, dead: Int) {
        self.ready = ready
        self.delayed = delayed
        self.inFlight = inFlight
        self.dead = dead
    }
}
