public import Primitives

/// Carries messages from a publisher to one receiver each, at least once.
///
/// ```swift
/// try await queue.publish(body, to: .withdrawals)
/// for delivery in try await queue.receive(from: .withdrawals, max: 10, visibilitySeconds: 30) {
///     …
///     try await queue.acknowledge(delivery)
/// }
/// ```
/// A message can be handed out twice: a receiver dies between its work and `acknowledge`. So a handler can be run again
/// on the same message. All methods throw ``QueueError``.
public protocol MessageQueue: Sendable {
    /// Stores a message; when the call returns, the message is safe.
    ///
    /// - Parameter notBefore: the earliest moment it is handed out, at most ``QueueLimits/delaySecondsMax`` ahead.
    /// - Throws: `invalidMessage`, `invalidDelay`.
    /// - Returns: the message's identity.
    @discardableResult
    func publish(
        _ body: [UInt8], attributes: [String: String], to queue: QueueName, notBefore: Timestamp?
    ) async throws -> SortableID

    /// Hands out up to `max` messages, those that are due longest first, and hides them from others for
    /// `visibilitySeconds`. Empty when nothing is due; it never waits.
    ///
    /// A message that was handed out ``QueueLimits/attemptsMax`` times without an answer becomes a dead letter here.
    func receive(from queue: QueueName, max: Int, visibilitySeconds: Int64) async throws -> [Delivery]

    /// Ends the message: its work is done.
    ///
    /// - Throws: `receiptExpired` when its visibility has ended; then somebody else may do the work again.
    func acknowledge(_ delivery: Delivery) async throws

    /// Hides the message for `visibilitySeconds` from now on; the delivery returned replaces the one given.
    ///
    /// - Throws: `receiptExpired`.
    func extend(_ delivery: Delivery, visibilitySeconds: Int64) async throws -> Delivery

    /// Gives the message back, to be handed out again after `delaySeconds`; `reason` is kept in case it was the last
    /// attempt, which makes it a dead letter.
    ///
    /// - Throws: `receiptExpired`.
    func release(_ delivery: Delivery, delaySeconds: Int64, reason: String?) async throws

    /// Gives the message back after a failure, to be tried again after a growing, random delay, or makes it a dead
    /// letter after the last attempt.
    ///
    /// - Throws: `receiptExpired`.
    func retry(_ delivery: Delivery, reason: String) async throws

    /// Makes the message a dead letter: trying again is pointless.
    ///
    /// - Throws: `receiptExpired`.
    func reject(_ delivery: Delivery, reason: String) async throws

    /// How much the queue holds.
    func depth(of queue: QueueName) async throws -> QueueDepth

    /// Dead letters by identity, those after `id`.
    func deadLetters(of queue: QueueName, after id: SortableID?, limit: Int) async throws -> [DeadLetter]

    /// Puts a dead letter back into its queue: the same identity, body and attributes, its attempts counted anew.
    ///
    /// - Throws: `notFound`.
    func redrive(_ id: SortableID, in queue: QueueName) async throws

    /// Removes a dead letter for good.
    ///
    /// - Throws: `notFound`.
    func discard(_ id: SortableID, in queue: QueueName) async throws
}

extension MessageQueue {
    /// Stores a message without attributes, due at once or at `notBefore`.
    @discardableResult
    public func publish(
        _ body: [UInt8], to queue: QueueName, notBefore: Timestamp? = nil
    ) async throws -> SortableID {
        try await publish(body, attributes: [:], to: queue, notBefore: notBefore)
    }

    /// Gives the message back, to be handed out again after `delaySeconds`.
    public func release(_ delivery: Delivery, delaySeconds: Int64 = 0) async throws {
        try await release(delivery, delaySeconds: delaySeconds, reason: nil)
    }

    /// Receives one batch and runs `handler` on each message in turn: acknowledges when it returns, retries later when
    /// it throws, and makes a dead letter of what it throws ``MessageRejection`` for.
    ///
    /// A delivery that expired meanwhile is left to its next receiver.
    ///
    /// - Returns: how many messages were handed out; 0 when nothing is due.
    public func handle(
        from queue: QueueName, max: Int = 10, visibilitySeconds: Int64,
        _ handler: (Message) async throws -> Void
    ) async throws -> Int {
        let deliveries = try await receive(from: queue, max: max, visibilitySeconds: visibilitySeconds)
        for delivery in deliveries {
            do {
                do {
                    try await handler(delivery.message)
                } catch let rejection as MessageRejection {
                    try await reject(delivery, reason: rejection.reason)
                    continue
                } catch {
                    try await retry(delivery, reason: "\(error)")
                    continue
                }
                try await acknowledge(delivery)
            } catch let error as QueueError where error.code == .receiptExpired {
                continue
            }
        }
        return deliveries.count
    }
}

/// Thrown by a handler to say that a message will never succeed.
public struct MessageRejection: Error, Sendable {
    /// Why, for whoever looks at the dead letter.
    public let reason: String

    public init(_ reason: String) {
        self.reason = reason
    }
}
