public import Storage

/// What a store uses a connection for.
public enum SQLUse: Sendable {
    case writing, reading
}

/// A ``Store`` over an SQL engine: one writer with group commit, a few readers.
///
/// While one commit waits for the disk, the units of work that arrive queue up; the next commit takes them all. So the
/// disk itself sets the pace and no timer is needed: one request alone pays one sync, a thousand at once share one.
///
/// Units of work in a group first run without savepoints. If one fails after it has written, the group is rolled back
/// and each unit runs again inside a savepoint of its own; that is why a unit may run more than once.
public final class SQLStore: Store {
    /// How many units of work share a commit at most.
    ///
    /// Beyond some hundred the commit itself takes longer than the sync.
    public static let groupUnitsMax = 512
    /// How many units of work may wait; at ten thousand a second that is more than half a second of work.
    public static let queuedUnitsMax = 8_192

    private let writer: WorkerThreads<WriteJob>
    private let readers: WorkerThreads<ReadJob>?

    /// Opens one writing and `readers` reading connections.
    ///
    /// `connect` blocks, and so runs on a thread of its own.
    ///
    /// - Parameters:
    ///   - readers: reading connections; 0 where a second connection would see another database.
    ///   - queuedMax: how many units of work may wait for the writer, and as many reads for the readers; more are
    ///     refused as `overloaded`.
    ///   - onCommit: called on the writer's thread after each commit, with the units in it and its duration in
    ///     nanoseconds.
    /// - Throws: what `connect` throws; then no connection is left open.
    public static func opening(
        readers: Int, queuedMax: Int = queuedUnitsMax,
        onCommit: @escaping @Sendable (_ units: Int, _ nanoseconds: UInt64) -> Void,
        connect: @escaping @Sendable (SQLUse) throws(StorageError) -> sending any SQLConnection
    ) async throws(StorageError) -> SQLStore {
        let thread = WorkerThreads<@Sendable () -> Void>(
            batchMax: 1, queuedMax: 1, runs: [{ jobs in for job in jobs ?? [] { job() } }])
        let opened = await withCheckedContinuation { continuation in
            let refusal = thread.submit {
                continuation.resume(
                    returning: Result { () throws(StorageError) in
                        try SQLStore(readers: readers, queuedMax: queuedMax, onCommit: onCommit, connect: connect)
                    })
            }
            if refusal != nil { continuation.resume(returning: .failure(StorageError(.closed, "no thread"))) }
        }
        thread.stop()
        return try opened.get()
    }

    private init(
        readers: Int, queuedMax: Int, onCommit: @escaping @Sendable (_ units: Int, _ nanoseconds: UInt64) -> Void,
        connect: (SQLUse) throws(StorageError) -> sending any SQLConnection
    ) throws(StorageError) {
        // All of them before the first thread starts: a store that can't be opened leaves none behind.
        let writing = try connect(.writing)
        var reading: [any SQLConnection] = []
        for _ in 0..<readers { reading.append(try connect(.reading)) }
        writer = WorkerThreads.writing(on: writing, queuedMax: queuedMax, onCommit: onCommit)
        self.readers = reading.isEmpty ? nil : WorkerThreads.reading(on: reading, queuedMax: queuedMax)
    }

    deinit {
        // A store let go without `close` ends its threads all the same.
        writer.stop()
        readers?.stop()
    }

    @discardableResult
    public func write<Result: Sendable>(
        _ body: @escaping @Sendable (any WriteTransaction) throws -> Result
    ) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            let job = WriteUnit(body: body, continuation: continuation)
            if let refusal = writer.submit(WriteJob(unit: job)) { job.finish(failure: refusal.error) }
        }
    }

    public func read<Result: Sendable>(
        _ body: @escaping @Sendable (any ReadTransaction) throws -> Result
    ) async throws -> Result {
        guard let readers else { return try await write { try body($0) } }
        return try await withCheckedThrowingContinuation { continuation in
            let answer: @Sendable (Swift.Result<any ReadTransaction, StorageError>) -> Void = { view in
                continuation.resume(with: Swift.Result { try body(view.get()) })
            }
            if let refusal = readers.submit(.view(answer)) { continuation.resume(throwing: refusal.error) }
        }
    }

    public func migrate(_ migrations: [Migration]) async throws {
        try await alone { try SQLMigrator(connection: $0).apply(migrations) }
    }

    public func backup(to path: String) async throws {
        // On a reading connection, so that no unit of work waits for the copy.
        guard let readers else { return try await alone { try $0.backup(to: path) } }
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            let job = ReadJob.alone { connection in
                continuation.resume(with: Result { try connection.backup(to: path) })
            }
            if let refusal = readers.submit(job) { continuation.resume(throwing: refusal.error) }
        }
    }

    public func close() async {
        // The writer goes last: the last connection to close writes the log back into the database.
        if let readers { await ended(readers) }
        await ended(writer)
    }

    /// How many units of work wait for the writer; what `/metrics` and load shedding look at.
    public var queuedUnits: Int { writer.queued }

    private func alone(_ body: @escaping @Sendable (any SQLConnection) throws -> Void) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            let job = WriteJob(alone: body, done: { continuation.resume(with: $0) })
            if let refusal = writer.submit(job) { continuation.resume(throwing: refusal.error) }
        }
    }

    private func ended(_ threads: WorkerThreads<some Sendable>) async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            threads.stop { continuation.resume() }
        }
    }
}

extension WorkerThreads.Refusal {
    fileprivate var error: StorageError {
        switch self {
        case .full: StorageError(.overloaded, "too many units of work wait")
        case .stopping: StorageError(.closed, "the store is closed")
        }
    }
}
