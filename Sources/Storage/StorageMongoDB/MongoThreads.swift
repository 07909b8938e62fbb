#if MongoDB
    import Primitives
    import Storage
    import Synchronization

    /// Threads with a client each, and the questions that wait for one.
    final class MongoThreads: Sendable {
        typealias Job = @Sendable (Result<MongoConnection, KeyValueError>) -> Void

        let settings: MongoSettings
        private let workers: WorkerThreads<Job>
        private let random: RandomSource

        init(_ settings: MongoSettings, random: RandomSource) {
            self.settings = settings
            self.random = random
            let source = MongoPoolSource(settings)
            let runs = (0..<settings.connections).map { _ in Self.run(source) }
            workers = WorkerThreads(batchMax: 1, queuedMax: MongoKeyValueStore.questionsMax, runs: runs)
        }

        /// What a thread does; its client is made when there is something to ask.
        private static func run(_ source: MongoPoolSource) -> ([Job]?) -> Void {
            var connection: MongoConnection?
            return { jobs in
                guard let jobs else {
                    connection = nil
                    return
                }
                for job in jobs {
                    job(
                        Result { () throws(KeyValueError) in
                            if let connection { return connection }
                            let new = try MongoConnection(source.pool())
                            connection = new
                            return new
                        })
                }
            }
        }

        func stop() { workers.stop() }

        /// Does something on a thread and returns what came of it.
        ///
        /// - Throws: `KeyValueError`: `overloaded` when it was not begun in time, `unavailable` when it was begun and not
        ///   done, so that nobody knows what comes of it.
        func ask<Value: Sendable>(
            within milliseconds: Int64? = nil,
            _ body: @escaping @Sendable (MongoRecords) throws(KeyValueError) -> Value
        ) async throws(KeyValueError) -> Value {
            let milliseconds = milliseconds ?? settings.deadlineMilliseconds
            let deadline = ContinuousClock.now + .milliseconds(milliseconds)
            let answer = MongoAnswer<Value>()
            let random = random
            let refusal = workers.submit { connection in
                guard answer.begin() else { return }
                answer.finish(
                    Result { () throws(KeyValueError) in
                        try body(MongoRecords(connection: try connection.get(), random: random, deadline: deadline))
                    })
            }
            switch refusal {
            case .full: throw KeyValueError(.overloaded, "mongodb \(settings.place): too many questions wait already")
            case .stopping: throw KeyValueError(.closed, "mongodb: the store is closed")
            case nil: break
            }
            let place = settings.place
            // Cancelled below as soon as there is an answer.
            let timer = Task {
                guard (try? await Task.sleep(until: deadline)) != nil else { return }
                answer.giveUp(place)
            }
            defer { timer.cancel() }
            return try await answer.value().get()
        }
    }

    /// An answer that a thread gives, or the clock: the first one counts.
    private final class MongoAnswer<Value: Sendable>: Sendable {
        private struct State {
            var result: Result<Value, KeyValueError>?
            var waiter: CheckedContinuation<Result<Value, KeyValueError>, Never>?
            var hasBegun = false
        }

        private let state = Mutex(State())

        /// Whether anybody still waits for it.
        func begin() -> Bool {
            state.withLock { state in
                guard state.result == nil else { return false }
                state.hasBegun = true
                return true
            }
        }

        func finish(_ result: Result<Value, KeyValueError>) {
            finish { _ in result }
        }

        func giveUp(_ place: String) {
            finish { hasBegun in
                .failure(
                    hasBegun
                        ? KeyValueError(.unavailable, "mongodb \(place) did not answer in time")
                        : KeyValueError(.overloaded, "mongodb \(place): no thread was free in time"))
            }
        }

        private func finish(_ result: (_ hasBegun: Bool) -> Result<Value, KeyValueError>) {
            let (waiter, answer) = state.withLock { state in
                let answer = state.result ?? result(state.hasBegun)
                state.result = answer
                return (state.waiter.take(), answer)
            }
            waiter?.resume(returning: answer)
        }

        func value() async -> Result<Value, KeyValueError> {
            await withCheckedContinuation { continuation in
                let result = state.withLock { state in
                    if state.result == nil { state.waiter = continuation }
                    return state.result
                }
                if let result { continuation.resume(returning: result) }
            }
        }
    }
#endif
