public import Primitives
import Storage

extension EmbeddedQueue {
    public func deadLetters(of queue: QueueName, after id: SortableID?, limit: Int) async throws -> [DeadLetter] {
        let after = id.map { [DeadLetterTable.id > $0] } ?? []
        return try await read { tx in
            let rows = try tx.select(
                Query(
                    DeadLetterTable.table, where: [DeadLetterTable.queue == queue.text] + after,
                    order: [.ascending(DeadLetterTable.id)], limit: min(limit, QueueLimits.deadLettersMax)))
            return try rows.map { try DeadLetter($0, queue: queue) }
        }
    }

    public func redrive(_ id: SortableID, in queue: QueueName) async throws {
        let now = clock.now
        try await write { tx in
            let (message, token) = try taken(id, queue, in: tx)
            try UnpublishedMessage(
                id: message.id, queue: queue, body: message.body, attributes: message.attributes,
                enqueuedAt: message.enqueuedAt, dueAt: now, token: token
            ).insert(in: tx)
        }
    }

    public func discard(_ id: SortableID, in queue: QueueName) async throws {
        try await write { tx in _ = try taken(id, queue, in: tx) }
    }

    /// Removes the dead letter from the list.
    private func taken(
        _ id: SortableID, _ queue: QueueName, in tx: any WriteTransaction
    ) throws -> (message: Message, token: Int64) {
        let terms = [DeadLetterTable.id == id, DeadLetterTable.queue == queue.text]
        guard let row = try tx.first(Query(DeadLetterTable.table, where: terms)) else {
            throw QueueError(.notFound, "\(queue) has no dead letter \(id)")
        }
        try tx.delete(from: DeadLetterTable.table, where: terms)
        return (try DeadLetter(row, queue: queue).message, try row.get(DeadLetterTable.token))
    }
}

extension DeadLetter {
    fileprivate init(_ row: Row, queue: QueueName) throws {
        self.init(
            queue: queue,
            message: Message(
                id: try row.get(DeadLetterTable.id), body: try row.get(DeadLetterTable.body),
                attributes: try Attributes.read(row.get(DeadLetterTable.attributes)),
                attempts: try row.get(DeadLetterTable.attempts), enqueuedAt: try row.get(DeadLetterTable.enqueuedAt)),
            reason: try row.get(DeadLetterTable.reason), diedAt: try row.get(DeadLetterTable.diedAt))
    }
}
