public import Primitives
import Synchronization
public import WalletConnectProtocol

/// Calls of both roles, and how a call waits.
extension SignClient {
    // MARK: Both roles

    /// Asks the peer of a session or a pairing for a sign of life, and waits for it.
    ///
    /// - Throws: ``SignError``: `session_not_found`, `timed_out` after five minutes, `cancelled`.
    public func ping(_ topic: Topic) async throws(SignError) {
        let calling = try begin { (engine, now) throws(SignError) in try engine.ping(topic, at: now) }
        _ = try await outcome(of: calling.id)
    }

    /// Tells the peer of an event; nobody answers it.
    ///
    /// - Throws: ``SignError``: `session_not_found`; `unauthorized_chain` or `unauthorized_event` for what was not approved.
    public func emit(_ event: SessionEvent, chainID: String, on topic: Topic) async throws(SignError) {
        _ = try await store { (engine, now) throws(SignError) in
            try engine.emit(event, chainID: chainID, on: topic, at: now)
        }
    }

    /// Ends a session or a pairing here, and tells the peer as soon as the relay can be reached.
    ///
    /// A second time it does nothing.
    ///
    /// - Throws: ``SignError``: `not_initialized`, `storage_failed`.
    public func disconnect(_ topic: Topic) async throws(SignError) {
        try await store { (engine, now) throws(SignError) in ((), engine.disconnect(topic, at: now)) }
    }

    /// Waits for the outcome of a call that was started before, perhaps by a client that is gone.
    ///
    /// Cancelling ends this wait, and nothing else: the outcome can be asked for again.
    ///
    /// - Returns: the peer's result, exactly as it came.
    /// - Throws: ``SignError``: `request_not_found`; `peer_rejected` with the peer's words; why the call failed.
    public func awaitResponse(_ id: Int64) async throws(SignError) -> JSON {
        try requireRunning()
        return try Self.result(await outcome(of: id))
    }

    /// Waits for the session of a ``connect(_:)`` or an approval that was started before, perhaps by a client that is gone.
    ///
    /// - Throws: as ``PendingSession/session()``, and `request_not_found`.
    public func awaitSession(_ id: Int64) async throws(SignError) -> Session {
        try requireRunning()
        return try Self.session(await outcome(of: id))
    }

    /// Waits for the signatures of an ``authenticate(_:universalLink:)`` that was started before, perhaps by a client that
    /// is gone.
    ///
    /// - Throws: as ``PendingAuthentication/response()``, and `request_not_found`.
    public func awaitAuthentication(_ id: Int64) async throws(SignError) -> Authenticated {
        try requireRunning()
        return try Self.authenticated(await outcome(of: id))
    }

    /// Waits for how a call ended, and leaves the outcome in the records until ``handOver(_:)``.
    ///
    /// For those who write outcomes to records of their own: whatever happens between, the outcome is in one of both.
    ///
    /// - Throws: ``SignError``: `request_not_found`, `cancelled`, `not_initialized`, or why the client has ended.
    public func outcome(keeping call: Int64) async throws(SignError) -> SignOutcome {
        try requireRunning()
        return try await outcome(of: call, keeps: true)
    }

    /// Drops an outcome that was taken with ``outcome(keeping:)``; one that is not there stays so.
    public func handOver(_ call: Int64) {
        act { core, after in core.handOver(call, steady: pace.now, into: &after) }
    }

    /// What is known of a call; nil when there is none of this id, or its outcome was fetched.
    public func status(of id: Int64) -> CallStatus? {
        core.withLock { $0.engine.status(of: id) }
    }

    /// Takes a link that another app opened, with a message in it (link mode).
    ///
    /// - Throws: ``SignError`` with code `invalid_uri` for a link that carries no message.
    public func dispatchEnvelope(_ url: String) async throws(SignError) {
        try await store { (engine, now) throws(SignError) in ((), try engine.dispatchEnvelope(url, at: now)) }
    }

    // MARK: Starting and waiting

    func requireRunning() throws(SignError) {
        try core.withLock { (core) throws(SignError) in try core.requireRunning() }
    }

    /// Lets the engine decide, and queues the decision; it is stored soon, and carried out then.
    func begin<Value: Sendable>(
        _ body: (inout SignEngine, Timestamp) throws(SignError) -> (Value, Decision)
    ) throws(SignError) -> Value {
        try beginWithTicket(body).value
    }

    /// Lets the engine decide, and waits until that is stored.
    @discardableResult
    func store<Value: Sendable>(
        _ body: (inout SignEngine, Timestamp) throws(SignError) -> (Value, Decision)
    ) async throws(SignError) -> Value {
        let (value, ticket) = try beginWithTicket(body)
        let result = await withCheckedContinuation { continuation in
            let known = act { core, after in core.wait(forTicket: ticket, continuation, into: &after) }
            if let known { continuation.resume(returning: known) }
        }
        try result.get()
        return value
    }

    private func beginWithTicket<Value: Sendable>(
        _ body: (inout SignEngine, Timestamp) throws(SignError) -> (Value, Decision)
    ) throws(SignError) -> (value: Value, ticket: UInt64) {
        try act { (core, after) throws(SignError) -> (value: Value, ticket: UInt64) in
            try core.requireRunning()
            let (value, decision) = try body(&core.engine, clock.now)
            return (value, core.add(decision, steady: pace.now, into: &after))
        }
    }

    /// Waits for the outcome of a call.
    ///
    /// - Parameter keeps: whether the outcome stays in the records.
    func outcome(of call: Int64, keeps: Bool = false) async throws(SignError) -> SignOutcome {
        let number = core.withLock { $0.nextWaiterNumber() }
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let known = act { core, after in
                    core.wait(
                        forCall: call, CallWaiter(number: number, keeps: keeps, continuation: continuation),
                        steady: pace.now, into: &after)
                }
                if let known { continuation.resume(returning: known) }
                // A cancellation before the wait began found nobody.
                if Task.isCancelled { forget(call, number) }
            }
        } onCancel: {
            forget(call, number)
        }
        return try result.get()
    }

    private func forget(_ call: Int64, _ number: UInt64) {
        let continuation = core.withLock { $0.forget(call: call, number: number) }
        continuation?.resume(returning: .failure(SignError(.cancelled)))
    }

    // MARK: Outcomes

    static func result(_ outcome: SignOutcome) throws(SignError) -> JSON {
        switch outcome {
        case .result(let json): return json
        case .acknowledged, .session, .authenticated: return true
        case .refused(let peer): throw SignError(peer: peer)
        case .failed(let error): throw error
        }
    }

    static func session(_ outcome: SignOutcome) throws(SignError) -> Session {
        switch outcome {
        case .session(let session): return session
        case .authenticated(_, let session?): return session
        case .refused(let peer): throw SignError(peer: peer)
        case .failed(let error): throw error
        case .result, .acknowledged, .authenticated:
            throw SignError(.settlementFailed, "the call brought no session")
        }
    }

    static func authenticated(_ outcome: SignOutcome) throws(SignError) -> Authenticated {
        switch outcome {
        case .authenticated(let cacaos, let session): return Authenticated(cacaos: cacaos, session: session)
        case .session(let session): return Authenticated(cacaos: session.authentication ?? [], session: session)
        case .refused(let peer): throw SignError(peer: peer)
        case .failed(let error): throw error
        case .result, .acknowledged: throw SignError(.malformedResponse, "the call brought no signatures")
        }
    }

    static func acknowledged(_ outcome: SignOutcome) throws(SignError) {
        _ = try result(outcome)
    }
}

/// What a one-click authentication brought.
public struct Authenticated: Sendable, Hashable {
    /// The signatures, checked and compared with what was asked.
    public let cacaos: [Cacao]
    /// The session, when one was agreed.
    public let session: Session?
}
