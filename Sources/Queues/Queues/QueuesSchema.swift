import Primitives
public import Storage

/// The tables of ``EmbeddedQueue``.
public enum QueuesSchema {
    /// Append these to the migrations of the store that carries the queue.
    public static let migrations = [
        Migration("0001 queues", [.createTable(MessageTable.table), .createTable(DeadLetterTable.table)])
    ]
}

enum MessageTable {
    static let id = Column<SortableID>("id")
    static let queue = Column<String>("queue")
    /// When it is handed out next; while it is lent, when its visibility ends.
    static let dueAt = Column<Timestamp>("due_at")
    static let isLent = Column<Bool>("is_lent")
    /// The fencing token: one more with every handing out.
    static let token = Column<Int64>("token")
    static let attempts = Column<Int>("attempts")
    static let enqueuedAt = Column<Timestamp>("enqueued_at")
    static let lastReason = Column<String?>("last_reason")
    static let attributes = Column<String>("attributes")
    static let body = Column<[UInt8]>("body")
    static let table = Table(
        "queue_messages",
        [id, queue, dueAt, isLent, token, attempts, enqueuedAt, lastReason, attributes, body],
        primaryKey: [id],
        indexes: [Index("queue_messages_by_due", [queue, dueAt, id])],
        checks: [.range(column: "is_lent", 0...1), .range(column: "attempts", 0...Int64(QueueLimits.attemptsMax))])
}

enum DeadLetterTable {
    static let id = Column<SortableID>("id")
    static let queue = Column<String>("queue")
    static let token = Column<Int64>("token")
    static let attempts = Column<Int>("attempts")
    static let enqueuedAt = Column<Timestamp>("enqueued_at")
    static let diedAt = Column<Timestamp>("died_at")
    static let reason = Column<String>("reason")
    static let attributes = Column<String>("attributes")
    static let body = Column<[UInt8]>("body")
    static let table = Table(
        "queue_dead_letters",
        [id, queue, token, attempts, enqueuedAt, diedAt, reason, attributes, body],
        primaryKey: [id],
        indexes: [Index("queue_dead_letters_by_queue", [queue, id])])
}
