public import Primitives
public import Storage

/// A queue in the tables of a ``Store``: as durable as the store, and part of its units of work.
///
/// ```swift
/// try await store.write { tx in
///     …                                                     // what became true
///     try queue.publish(body, to: .withdrawals, in: tx)     // and who must hear of it: both or neither
/// }
/// ```
/// On a `MemoryStore` it is the twin that simulations use. Several processes may share it over one database.
public struct EmbeddedQueue: MessageQueue {
    let store: any Store
    let clock: WallClock
    let retryPolicy: RetryPolicy
    private let ids: IDGenerator
    private let random: RandomSource

    /// A queue over a store that has ``QueuesSchema/migrations``.
    ///
    /// - Parameter random: draws identities and the jitter of retries.
    public init(store: any Store, clock: WallClock, random: RandomSource, retryPolicy: RetryPolicy = .standard) {
        self.store = store
        self.clock = clock
        self.retryPolicy = retryPolicy
        self.ids = IDGenerator(clock: clock, random: random)
        self.random = random
    }

    @discardableResult
    public func publish(
        _ body: [UInt8], attributes: [String: String], to queue: QueueName, notBefore: Timestamp?
    ) async throws -> SortableID {
        let unpublished = try prepared(body, attributes, queue, notBefore)
        return try await write { tx in
            try unpublished.insert(in: tx)
            return unpublished.id
        }
    }

    /// Stores a message in the caller's unit of work: it is published when that is stored, and not otherwise.
    ///
    /// - Throws: `QueueError` `invalidMessage`, `invalidDelay`; `StorageError`.
    @discardableResult
    public func publish(
        _ body: [UInt8], attributes: [String: String] = [:], to queue: QueueName, notBefore: Timestamp? = nil,
        in tx: any WriteTransaction
    ) throws -> SortableID {
        let unpublished = try prepared(body, attributes, queue, notBefore)
        try unpublished.insert(in: tx)
        return unpublished.id
    }

    public func receive(from queue: QueueName, max: Int, visibilitySeconds: Int64) async throws -> [Delivery] {
        try QueueLimits.check(visibilitySeconds: visibilitySeconds)
        let count = min(max, QueueLimits.receiveMax)
        guard count > 0 else { return [] }
        let (now, attemptsMax) = (clock.now, retryPolicy.attemptsMax)
        return try await write { tx in
            var deliveries: [Delivery] = []
            var buried = 0
            // The second bound keeps the unit of work short when many messages are poison.
            while deliveries.count < count, buried < QueueLimits.receiveMax {
                let due = try tx.select(
                    Query(
                        MessageTable.table, where: [MessageTable.queue == queue.text, MessageTable.dueAt <= now],
                        order: [.ascending(MessageTable.dueAt)], limit: count - deliveries.count))
                // Each row is moved past `now` or removed below, so that the loop ends.
                if due.isEmpty { break }
                for row in due {
                    let stored = try StoredMessage(row, queue: queue)
                    if stored.message.attempts >= attemptsMax {
                        let reason = stored.lastReason ?? "handed out \(stored.message.attempts) times, never answered"
                        try stored.bury(reason: reason, at: now, in: tx)
                        buried += 1
                    } else {
                        deliveries.append(
                            try stored.lend(until: now.adding(seconds: visibilitySeconds), in: tx))
                    }
                }
            }
            return deliveries
        }
    }

    public func acknowledge(_ delivery: Delivery) async throws {
        try await write { tx in try acknowledge(delivery, in: tx) }
    }

    /// Ends the message in the caller's unit of work: what the handler wrote and the end of the message are one, so that
    /// the effects in this store happen exactly once.
    ///
    /// - Throws: `QueueError` `receiptExpired`, which must undo the unit of work; `StorageError`.
    public func acknowledge(_ delivery: Delivery, in tx: any WriteTransaction) throws {
        let stored = try held(delivery, in: tx)
        try stored.remove(in: tx)
    }

    public func extend(_ delivery: Delivery, visibilitySeconds: Int64) async throws -> Delivery {
        try QueueLimits.check(visibilitySeconds: visibilitySeconds)
        return try await write { tx in
            let stored = try held(delivery, in: tx)
            return try stored.extend(until: clock.now.adding(seconds: visibilitySeconds), in: tx)
        }
    }

    public func release(_ delivery: Delivery, delaySeconds: Int64, reason: String?) async throws {
        try QueueLimits.check(delaySeconds: delaySeconds)
        try await giveBack(delivery, delayMilliseconds: delaySeconds * 1_000, reason: reason)
    }

    public func retry(_ delivery: Delivery, reason: String) async throws {
        let delay = retryPolicy.delayMilliseconds(afterAttempt: delivery.message.attempts, random: random)
        try await giveBack(delivery, delayMilliseconds: delay, reason: reason)
    }

    public func reject(_ delivery: Delivery, reason: String) async throws {
        try await write { tx in
            let stored = try held(delivery, in: tx)
            try stored.bury(reason: reason, at: clock.now, in: tx)
        }
    }

    public func depth(of queue: QueueName) async throws -> QueueDepth {
        let now = clock.now
        return try await read { tx in
            func count(_ terms: [Term]) throws -> Int {
                try tx.count(MessageTable.table, where: [MessageTable.queue == queue.text] + terms)
            }
            return QueueDepth(
                ready: try count([MessageTable.dueAt <= now]),
                delayed: try count([MessageTable.dueAt > now, MessageTable.isLent == false]),
                inFlight: try count([MessageTable.dueAt > now, MessageTable.isLent == true]),
                dead: try tx.count(DeadLetterTable.table, where: [DeadLetterTable.queue == queue.text]))
        }
    }

    // MARK: Steps

    private func giveBack(_ delivery: Delivery, delayMilliseconds: Int64, reason: String?) async throws {
        try await write { tx in
            let stored = try held(delivery, in: tx)
            let now = clock.now
            if stored.message.attempts >= retryPolicy.attemptsMax {
                let last =
                    reason ?? stored.lastReason ?? "released after the last of \(stored.message.attempts) attempts"
                try stored.bury(reason: last, at: now, in: tx)
            } else {
                try stored.release(dueAt: now.adding(milliseconds: delayMilliseconds), reason: reason, in: tx)
            }
        }
    }

    /// The message that the delivery still holds.
    private func held(_ delivery: Delivery, in tx: any WriteTransaction) throws -> StoredMessage {
        let row = try tx.first(Query(MessageTable.table, where: [MessageTable.id == delivery.message.id]))
        let stored = try row.map { try StoredMessage($0, queue: delivery.queue) }
        // The token tells who took the message last, the time whether it may be taken again any moment.
        guard let stored, stored.receipt == delivery.receipt, stored.isLent, stored.dueAt > clock.now else {
            throw QueueError(
                .receiptExpired, "\(delivery.queue): \(delivery.message.id) is no longer held by this delivery")
        }
        return stored
    }

    private func prepared(
        _ body: [UInt8], _ attributes: [String: String], _ queue: QueueName, _ notBefore: Timestamp?
    ) throws(QueueError) -> UnpublishedMessage {
        try QueueLimits.check(body: body, attributes: attributes)
        let now = clock.now
        if let notBefore, notBefore > now.adding(seconds: QueueLimits.delaySecondsMax) {
            throw QueueError(.invalidDelay, "not before \(notBefore): more than \(QueueLimits.delaySecondsMax) s ahead")
        }
        return UnpublishedMessage(
            id: ids.next(), queue: queue, body: body, attributes: attributes, enqueuedAt: now,
            dueAt: max(now, notBefore ?? now))
    }

    func write<Result: Sendable>(
        _ body: @escaping @Sendable (any WriteTransaction) throws -> Result
    ) async throws -> Result {
        do {
            return try await store.write(body)
        } catch let error as StorageError {
            throw QueueError(error)
        }
    }

    func read<Result: Sendable>(
        _ body: @escaping @Sendable (any ReadTransaction) throws -> Result
    ) async throws -> Result {
        do {
            return try await store.read(body)
        } catch let error as StorageError {
            throw QueueError(error)
        }
    }
}

extension QueueError {
    init(_ error: StorageError) {
        let code: Code =
            switch error.code {
            case .closed: .closed
            case .overloaded: .overloaded
            case .corrupt: .corrupt
            default: .unavailable
            }
        self.init(code, error.message, cause: error)
    }
}
