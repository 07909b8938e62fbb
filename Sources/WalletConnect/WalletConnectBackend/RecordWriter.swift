import Logging
import Primitives
import Storage
import Synchronization
import WalletConnectClient

/// Writes the backend's records: everything that waits in one unit, the newest value of each record, in order.
///
/// What is to happen only when a change is stored is given along with it. So thousands of users share few commits, and
/// no event tells of what a crash would take back.
final class RecordWriter: Sendable {
    typealias Waiter = CheckedContinuation<Result<Void, BackendError>, Never>

    private struct Unit {
        var changes: [KeyValueKey: KeyValueChange] = [:]
        var order: [KeyValueKey] = []
        var then: [@Sendable () -> Void] = []
        var waiters: [Waiter] = []

        var isEmpty: Bool { order.isEmpty && then.isEmpty && waiters.isEmpty }
    }

    private struct State {
        var unit = Unit()
        var failure: BackendError?
    }

    private let state = Mutex(State())
    private let bell: AsyncStream<Void>
    private let ring: AsyncStream<Void>.Continuation

    init() {
        (bell, ring) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    /// Queues changes; `then` runs when they are stored, after that of everything queued before.
    func put(_ changes: [KeyValueChange], then: (@Sendable () -> Void)? = nil) {
        state.withLock { state in
            guard state.failure == nil else { return }
            Self.add(changes, then, to: &state.unit)
        }
        ring.yield()
    }

    /// Queues changes, and waits until they are stored.
    ///
    /// It does not end by cancellation, nor before the store is given up: what was queued is stored, and the caller has to
    /// know.
    func store(_ changes: [KeyValueChange], then: (@Sendable () -> Void)? = nil) async throws(BackendError) {
        let result = await withCheckedContinuation { (continuation: Waiter) in
            let failure = state.withLock { state in
                guard state.failure == nil else { return state.failure }
                Self.add(changes, then, to: &state.unit)
                state.unit.waiters.append(continuation)
                return nil
            }
            if let failure { continuation.resume(returning: .failure(failure)) } else { ring.yield() }
        }
        try result.get()
    }

    private static func add(_ changes: [KeyValueChange], _ then: (@Sendable () -> Void)?, to unit: inout Unit) {
        for change in changes {
            if unit.changes.updateValue(change, forKey: change.key) == nil { unit.order.append(change.key) }
        }
        if let then { unit.then.append(then) }
    }

    /// Works until it is cancelled, until the store fails for good or for longer than `patience` lasts, or until
    /// another backend has taken the records over.
    func run(
        _ records: any KeyValueStore, _ fence: OwnerFence, patience: StorePatience, metrics: BackendMetrics,
        logger: Logger
    ) async throws(BackendError) {
        var fence = fence
        for await _ in bell {
            let unit = state.withLock { state in
                defer { state.unit = Unit() }
                return state.unit
            }
            guard !unit.isEmpty else { continue }
            do throws(KeyValueError) {
                try await write(
                    unit.order.compactMap { unit.changes[$0] }, records, &fence, patience, metrics, logger)
            } catch {
                let failure = BackendError(.storeUnavailable, "the records are not written", cause: "\(error)")
                for waiter in unit.waiters { waiter.resume(returning: .failure(failure)) }
                fail(failure)
                throw failure
            }
            for then in unit.then { then() }
            for waiter in unit.waiters { waiter.resume(returning: .success(())) }
        }
        fail(BackendError(.closed, "the backend has ended"))
    }

    private func write(
        _ changes: [KeyValueChange], _ records: any KeyValueStore, _ fence: inout OwnerFence,
        _ patience: StorePatience, _ metrics: BackendMetrics, _ logger: Logger
    ) async throws(KeyValueError) {
        let start = ContinuousClock.now
        var changes = changes
        while !changes.isEmpty {
            do throws(KeyValueError) {
                try await fence.store(changes, in: records, patience) { error, attempt, isStored in
                    metrics.storeFailed()
                    guard !isStored, error.code != .valueTooLarge else { return }
                    logger.warning(
                        "backend records not stored", metadata: ["attempt": "\(attempt)", "error": "\(error)"])
                }
                return metrics.stored(changes.count, took: start.duration(to: .now))
            } catch {
                guard error.code == .valueTooLarge, let key = error.key,
                    changes.contains(where: { $0.key == key })
                else { throw error }
                // What a wallet sent must not end everybody else's work.
                logger.error("a record is too large and is left out", metadata: ["key": "\(key)"])
                changes.removeAll { $0.key == key }
            }
        }
    }

    /// Everybody who waits, now or later, is told.
    func fail(_ error: BackendError) {
        let waiters = state.withLock { state in
            defer { state.unit = Unit() }
            state.failure = state.failure ?? error
            return state.unit.waiters
        }
        for waiter in waiters { waiter.resume(returning: .failure(error)) }
    }
}
