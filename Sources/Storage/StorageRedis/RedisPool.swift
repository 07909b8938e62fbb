#if Redis
    import NIOCore
    import Primitives
    import Storage
    import Synchronization

    /// A few connections that are opened again whenever they break, and the questions that wait for one.
    ///
    /// Driven by event loops alone: no task of its own has to be kept running. ``close()`` ends it.
    final class RedisPool: Sendable {
        /// Questions asked and not answered; more are refused as `overloaded`.
        static let requestsMax = 4_096
        /// Bytes of such questions.
        static let requestBytesMax = 128 << 20
        /// Milliseconds before a connection is tried again; doubled with each failure, up to ``backoffMaxMilliseconds``.
        static let backoffMilliseconds: UInt64 = 50
        /// Milliseconds between two attempts at most.
        static let backoffMaxMilliseconds: UInt64 = 5_000
        /// Milliseconds between two times that a server which takes no changes is left for good.
        static let moveMilliseconds: Int64 = 1_000
        /// Times that a question which changes nothing is asked when connections break.
        private static let attemptsMax = 3

        private struct Slot {
            var connection: RedisConnection?
            var pending = 0
            var failures: UInt64 = 0
            var retry: Scheduled<Void>?
        }

        private struct State {
            var slots: [Slot]
            var waiting: [RedisRequest] = []
            var requests = 0
            var bytes = 0
            var isClosed = false
            var failure: KeyValueError?
            /// Not before this moment connections are closed because the server takes no changes.
            var movesAt = NIODeadline.uptimeNanoseconds(0)
        }

        private let connector: RedisConnector
        private let eventLoops: [any EventLoop]
        private let random: RandomSource
        private let place: String
        private let state: Mutex<State>

        init(_ settings: RedisSettings, eventLoops: any EventLoopGroup, random: RandomSource) throws(KeyValueError) {
            connector = try RedisConnector(settings)
            place = settings.address
            self.random = random
            self.eventLoops = (0..<settings.connections).map { _ in eventLoops.next() }
            state = Mutex(State(slots: Array(repeating: Slot(), count: settings.connections)))
        }

        /// Begins to open the connections.
        func start() {
            for index in eventLoops.indices { connect(index) }
        }

        /// Closes the connections; what is under way fails, as its outcome is unknown.
        func close() {
            let (slots, waiting) = state.withLock { state in
                defer {
                    state.isClosed = true
                    state.waiting = []
                }
                return (state.slots, state.waiting)
            }
            for slot in slots {
                slot.retry?.cancel()
                slot.connection?.close()
            }
            for request in waiting { request.finish(.failure(Self.closed)) }
        }

        // MARK: Questions

        /// Asks; waits for a connection when there is none.
        ///
        /// - Throws: `KeyValueError`: `overloaded` and `closed` before anything is sent; `unavailable` when the answer did
        ///   not come in time or the connection broke, after which nobody knows whether it happened.
        func ask(_ command: RESPCommand, before deadline: NIODeadline) async throws(KeyValueError) -> RESPValue {
            let result = await withCheckedContinuation { continuation in
                submit(command, deadline) { continuation.resume(returning: $0) }
            }
            return try result.get()
        }

        /// As above; what changes nothing is asked `again` when its connection breaks.
        func ask(
            _ command: RESPCommand, before deadline: NIODeadline, again: Bool
        ) async throws(KeyValueError) -> RESPValue {
            var attempt = 1
            while true {
                do throws(KeyValueError) {
                    return try await ask(command, before: deadline)
                } catch {
                    guard again, error.code == .unavailable, deadline > .now(), attempt < Self.attemptsMax else {
                        throw error
                    }
                    attempt += 1
                }
            }
        }

        private func submit(
            _ command: RESPCommand, _ deadline: NIODeadline,
            _ completion: @escaping @Sendable (Result<RESPValue, KeyValueError>) -> Void
        ) {
            let size = command.bytes.readableBytes
            let outcome = state.withLock { state -> Result<(RedisRequest, RedisConnection?), KeyValueError> in
                if state.isClosed { return .failure(Self.closed) }
                guard state.requests < Self.requestsMax, state.bytes + size <= Self.requestBytesMax else {
                    return .failure(
                        KeyValueError(
                            .overloaded, "redis \(place): \(state.requests) questions wait for answers already"))
                }
                state.requests += 1
                state.bytes += size
                guard let index = Self.leastBusy(state.slots) else {
                    let request = request(command, deadline, slot: nil, completion)
                    state.waiting.append(request)
                    return .success((request, nil))
                }
                state.slots[index].pending += 1
                let request = request(command, deadline, slot: index, completion)
                return .success((request, state.slots[index].connection))
            }
            switch outcome {
            case .failure(let error): completion(.failure(error))
            case .success((let request, let connection?)): connection.send(request)
            case .success((let request, nil)):
                eventLoops[0].scheduleTask(deadline: deadline) { self.giveUp(request) }
            }
        }

        /// A question that counts as long as its answer is to come, late or not.
        private func request(
            _ command: RESPCommand, _ deadline: NIODeadline, slot: Int?,
            _ completion: @escaping @Sendable (Result<RESPValue, KeyValueError>) -> Void
        ) -> RedisRequest {
            let size = command.bytes.readableBytes
            return RedisRequest(command, deadline: deadline, whenOver: { self.answered(size, slot: slot) }) { result in
                if case .success(.error(let line)) = result, RedisRefusal.word(line) == .readOnly { self.move() }
                completion(result)
            }
        }

        private static func leastBusy(_ slots: [Slot]) -> Int? {
            slots.indices.lazy.filter { slots[$0].connection != nil }
                .min { slots[$0].pending < slots[$1].pending }
        }

        private func answered(_ size: Int, slot: Int?) {
            state.withLock { state in
                state.requests -= 1
                state.bytes -= size
                if let slot { state.slots[slot].pending -= 1 }
            }
        }

        /// A question that found no connection in time was not asked.
        private func giveUp(_ request: RedisRequest) {
            let (isWaiting, failure) = state.withLock { state in
                guard let index = state.waiting.firstIndex(where: { $0 === request }) else {
                    return (false, state.failure)
                }
                state.waiting.remove(at: index)
                return (true, state.failure)
            }
            guard isWaiting else { return }
            request.finish(
                .failure(failure ?? KeyValueError(.unavailable, "redis \(place): no connection was open in time")))
        }

        // MARK: Connections

        /// Leaves a server that takes no changes any more: after a switchover the same address leads to another one.
        ///
        /// All connections, for a read there would see what is past.
        private func move() {
            let now = NIODeadline.now()
            let connections = state.withLock { state in
                guard state.movesAt <= now else { return [RedisConnection]() }
                state.movesAt = now + .milliseconds(Self.moveMilliseconds)
                return state.slots.compactMap(\.connection)
            }
            for connection in connections { connection.close() }
        }

        private func connect(_ index: Int) {
            guard !state.withLock(\.isClosed) else { return }
            connector.open(on: eventLoops[index]).whenComplete { result in
                switch result {
                case .success(let connection): self.opened(connection, index)
                case .failure(let error):
                    self.failed(
                        error as? KeyValueError
                            ?? KeyValueError(.unavailable, "redis \(self.place) cannot be reached", cause: error), index
                    )
                }
            }
        }

        private func opened(_ connection: RedisConnection, _ index: Int) {
            let (isClosed, waiting) = state.withLock { state in
                guard !state.isClosed else { return (true, [RedisRequest]()) }
                defer { state.waiting = [] }
                state.slots[index].connection = connection
                state.slots[index].failures = 0
                state.failure = nil
                return (false, state.waiting)
            }
            guard !isClosed else { return connection.close() }
            connection.closed.whenComplete { _ in
                self.state.withLock { $0.slots[index].connection = nil }
                self.retry(index)
            }
            for request in waiting { connection.send(request) }
        }

        private func failed(_ error: KeyValueError, _ index: Int) {
            let waiting = state.withLock { state in
                state.failure = error
                state.slots[index].failures += 1
                // What waiting does not mend is said at once.
                guard !error.isRetryable, state.slots.allSatisfy({ $0.connection == nil }) else {
                    return [RedisRequest]()
                }
                defer { state.waiting = [] }
                return state.waiting
            }
            for request in waiting { request.finish(.failure(error)) }
            retry(index)
        }

        private func retry(_ index: Int) {
            let failures = state.withLock { $0.slots[index].failures }
            let most = min(Self.backoffMaxMilliseconds, Self.backoffMilliseconds << min(failures, 16))
            // Between half and all of it, so that many clients do not come back in step.
            let delay = most / 2 + random.uint64(below: most / 2 + 1)
            state.withLock { state in
                guard !state.isClosed else { return }
                state.slots[index].retry = eventLoops[index].scheduleTask(in: .milliseconds(Int64(delay))) {
                    self.connect(index)
                }
            }
        }

        private static let closed = KeyValueError(.closed, "redis: the store is closed")
    }
#endif
