import Storage

/// One unit of work in the writer's queue, or one thing that the writer does alone.
struct WriteJob: Sendable {
    enum Kind: Sendable {
        case unit(any AnyWriteUnit)
        case alone(@Sendable (any SQLConnection) throws -> Void, done: @Sendable (Result<Void, any Error>) -> Void)
    }

    let kind: Kind

    init(unit: some AnyWriteUnit) {
        kind = .unit(unit)
    }

    init(
        alone: @escaping @Sendable (any SQLConnection) throws -> Void,
        done: @escaping @Sendable (Result<Void, any Error>) -> Void
    ) {
        kind = .alone(alone, done: done)
    }
}

/// A unit of work whose result type is hidden.
protocol AnyWriteUnit: AnyObject, Sendable {
    /// Runs the body and keeps its outcome; `true` when it succeeded.
    func run(in transaction: SQLTransaction) -> Bool
    /// Answers the waiting task: with the kept outcome, or with `failure` when the commit itself failed.
    func finish(failure: StorageError?)
}

/// Sendable: `outcome` is touched by the writer's thread alone.
final class WriteUnit<Value: Sendable>: AnyWriteUnit, @unchecked Sendable {
    private let body: @Sendable (any WriteTransaction) throws -> Value
    private let continuation: CheckedContinuation<Value, any Error>
    private var outcome: Result<Value, any Error>?

    init(
        body: @escaping @Sendable (any WriteTransaction) throws -> Value,
        continuation: CheckedContinuation<Value, any Error>
    ) {
        self.body = body
        self.continuation = continuation
    }

    func run(in transaction: SQLTransaction) -> Bool {
        transaction.beginUnit()
        do {
            outcome = .success(try body(transaction))
            return true
        } catch {
            outcome = .failure(error)
            return false
        }
    }

    func finish(failure: StorageError?) {
        // A failed commit outweighs the body's own error, which may rest on a neighbour's row that is not stored now.
        switch (outcome, failure) {
        case (_, let failure?): continuation.resume(throwing: failure)
        case (.failure(let error), nil): continuation.resume(throwing: error)
        case (.success(let value), nil): continuation.resume(returning: value)
        case (nil, nil): continuation.resume(throwing: StorageError(.closed, "the unit of work never ran"))
        }
    }
}

/// One read in a reader's queue, or one thing that a reading connection does outside a transaction.
enum ReadJob: Sendable {
    case view(@Sendable (Result<any ReadTransaction, StorageError>) -> Void)
    case alone(@Sendable (any SQLConnection) -> Void)
}

extension WorkerThreads where Job == WriteJob {
    static func writing(
        on connection: sending any SQLConnection, queuedMax: Int,
        onCommit: @escaping @Sendable (Int, UInt64) -> Void
    ) -> WorkerThreads {
        let group = CommitGroup(connection: connection, onCommit: onCommit)
        return WorkerThreads(
            batchMax: SQLStore.groupUnitsMax, queuedMax: queuedMax,
            runs: [
                { jobs in
                    guard let jobs else { return group.close() }
                    group.run(jobs)
                }
            ])
    }
}

extension WorkerThreads where Job == ReadJob {
    static func reading(on connections: sending [any SQLConnection], queuedMax: Int) -> WorkerThreads {
        WorkerThreads(
            batchMax: 1, queuedMax: queuedMax,
            runs: connections.map { connection in
                let transaction = SQLTransaction(connection: connection)
                return { jobs in
                    guard let jobs else { return connection.close() }
                    for job in jobs { job.run(in: transaction) }
                }
            })
    }
}

extension ReadJob {
    fileprivate func run(in transaction: SQLTransaction) {
        let connection = transaction.connection
        switch self {
        case .alone(let body): body(connection)
        case .view(let body):
            // A read of several queries needs one snapshot.
            transaction.beginGroup()
            do throws(StorageError) {
                try connection.beginReading()
                body(.success(transaction))
            } catch {
                body(.failure(error))
            }
            // There is nothing to store, and a rollback can't fail halfway.
            try? connection.rollback()
        }
    }
}
