import Primitives
import Storage

/// A message that is not in the queue yet.
struct UnpublishedMessage: Sendable {
    let id: SortableID
    let queue: QueueName
    let body: [UInt8]
    let attributes: [String: String]
    let enqueuedAt: Timestamp
    let dueAt: Timestamp
    /// Where the fencing tokens go on: a redriven message must not honour a delivery from before its death.
    var token: Int64 = 0

    func insert(in tx: any WriteTransaction) throws {
        try tx.insert(
            into: MessageTable.table,
            [
                MessageTable.id.set(id), MessageTable.queue.set(queue.text), MessageTable.dueAt.set(dueAt),
                MessageTable.isLent.set(false), MessageTable.token.set(token), MessageTable.attempts.set(0),
                MessageTable.enqueuedAt.set(enqueuedAt), MessageTable.lastReason.set(nil),
                MessageTable.attributes.set(Attributes.written(attributes)), MessageTable.body.set(body),
            ])
    }
}

/// A row of the queue and the ways it changes hands.
struct StoredMessage {
    let queue: QueueName
    let message: Message
    let token: Int64
    let isLent: Bool
    let dueAt: Timestamp
    let lastReason: String?

    init(_ row: Row, queue: QueueName) throws {
        self.queue = queue
        message = Message(
            id: try row.get(MessageTable.id), body: try row.get(MessageTable.body),
            attributes: try Attributes.read(row.get(MessageTable.attributes)),
            attempts: try row.get(MessageTable.attempts), enqueuedAt: try row.get(MessageTable.enqueuedAt))
        token = try row.get(MessageTable.token)
        isLent = try row.get(MessageTable.isLent)
        dueAt = try row.get(MessageTable.dueAt)
        lastReason = try row.get(MessageTable.lastReason)
    }

    var receipt: Receipt { Receipt("\(token)") }

    /// Hands it out: a new token, one attempt more.
    func lend(until end: Timestamp, in tx: any WriteTransaction) throws -> Delivery {
        let attempts = message.attempts + 1
        try tx.update(
            MessageTable.table,
            set: [
                MessageTable.dueAt.set(end), MessageTable.isLent.set(true), MessageTable.token.set(token + 1),
                MessageTable.attempts.set(attempts),
            ],
            where: [MessageTable.id == message.id])
        let lent = Message(
            id: message.id, body: message.body, attributes: message.attributes, attempts: attempts,
            enqueuedAt: message.enqueuedAt)
        return Delivery(queue: queue, message: lent, receipt: Receipt("\(token + 1)"), visibleAgainAt: end)
    }

    /// Moves the end of its visibility.
    func extend(until end: Timestamp, in tx: any WriteTransaction) throws -> Delivery {
        try tx.update(
            MessageTable.table, set: [MessageTable.dueAt.set(end)], where: [MessageTable.id == message.id])
        return Delivery(queue: queue, message: message, receipt: receipt, visibleAgainAt: end)
    }

    /// Gives it back, due at a moment.
    func release(dueAt: Timestamp, reason: String?, in tx: any WriteTransaction) throws {
        try tx.update(
            MessageTable.table,
            set: [
                MessageTable.dueAt.set(dueAt), MessageTable.isLent.set(false),
                MessageTable.lastReason.set(reason.map(QueueLimits.cut(reason:)) ?? lastReason),
            ],
            where: [MessageTable.id == message.id])
    }

    /// Makes it a dead letter.
    func bury(reason: String, at now: Timestamp, in tx: any WriteTransaction) throws {
        try remove(in: tx)
        try tx.insert(
            into: DeadLetterTable.table,
            [
                DeadLetterTable.id.set(message.id), DeadLetterTable.queue.set(queue.text),
                DeadLetterTable.token.set(token), DeadLetterTable.attempts.set(message.attempts),
                DeadLetterTable.enqueuedAt.set(message.enqueuedAt), DeadLetterTable.diedAt.set(now),
                DeadLetterTable.reason.set(QueueLimits.cut(reason: reason)),
                DeadLetterTable.attributes.set(Attributes.written(message.attributes)),
                DeadLetterTable.body.set(message.body),
            ])
    }

    func remove(in tx: any WriteTransaction) throws {
        try tx.delete(from: MessageTable.table, where: [MessageTable.id == message.id])
    }
}

/// Attributes as one JSON object, names in order.
enum Attributes {
    static func written(_ attributes: [String: String]) -> String {
        let sorted = attributes.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        return JSON.object(sorted.map { JSONMember(name: $0.key, value: .string($0.value)) }).text
    }

    static func read(_ text: String) throws(QueueError) -> [String: String] {
        var attributes: [String: String] = [:]
        guard let members = (try? JSON.parse(Array(text.utf8)))?.members else {
            throw QueueError(.corrupt, "stored attributes are no JSON object")
        }
        for member in members {
            guard let value = member.value.string else { throw QueueError(.corrupt, "a stored attribute is no text") }
            attributes[member.name] = value
        }
        return attributes
    }
}
