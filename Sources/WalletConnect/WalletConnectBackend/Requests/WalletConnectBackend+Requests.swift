import Logging
public import Primitives
import Storage
import Synchronization
import WalletConnectClient
import WalletConnectProtocol

/// Requests to wallets: checked, stored, sent; their answers kept until they are read.
extension WalletConnectBackend {
    /// Asks a wallet for anything; the answer is waited for with ``PendingCall/value()``, or read later by the id.
    ///
    /// - Parameters:
    ///   - method: any that is in the session.
    ///   - params: sent as they are, at most ``BackendSettings/paramsBytesMax`` bytes of JSON.
    /// The request's record is stored before anything is sent. After a crash its outcome is told as usual, and one that
    /// was not sent is forgotten.
    ///
    /// - Throws: ``BackendError``: `unknown_user`, `not_connected`, `connection_pending`, `session_expired`,
    ///   `unsupported_chain`, `unsupported_method`, `params_too_large`, `invalid_params`, `refused_by_plugin`,
    ///   `too_many_requests`, `relay_unreachable`, `store_unavailable`, `closed`: nothing was asked; `request_in_doubt` when
    ///   only the next start will know, by the id.
    public func request(
        _ method: String, _ params: JSON?, on chain: ChainID, for target: ConnectionTarget,
        options: CallOptions = CallOptions()
    ) async throws(BackendError) -> PendingCall {
        do throws(BackendError) {
            return try await begin(method, params, chain, target, options)
        } catch {
            metrics.failed(error.code)
            throw error
        }
    }

    /// An id for one request, for ``CallOptions/id``: who writes it down first finds out after a crash whether the wallet
    /// was asked.
    ///
    /// For as long as answers are kept, ``status(of:)`` of an id finds its request, or throws `unknown_request`, and then
    /// nobody was asked.
    package func reserveRequestID() -> Int64 { client.reserveRequestID() }

    private func begin(
        _ method: String, _ params: JSON?, _ chain: ChainID, _ target: ConnectionTarget, _ options: CallOptions
    ) async throws(BackendError) -> PendingCall {
        try requireRunning()
        try checkSizes(params, options)
        let connection = try await live(target, chain: chain, method: method)
        try requireRelay()
        let now = clock.now
        let expirySeconds = options.expirySeconds ?? settings.requestSeconds
        var call = WalletCall(
            id: nil, userID: connection.userID, tenant: connection.tenant, topic: connection.topic, chain: chain,
            method: method, params: params, createdAt: now,
            expiresAt: now.adding(seconds: expirySeconds))
        try await askPlugins(call)
        let id = options.id ?? reserveRequestID()
        call.id = id
        try await keep(call, id)
        do throws(SignError) {
            let calling = try await client.requestWithoutWaiting(
                SessionRequest(
                    topic: connection.topic, chainID: chain.description, method: method, params: params,
                    expirySeconds: expirySeconds), reserved: id)
            call.expiresAt = calling.expiresAt
        } catch {
            let failure = BackendError(making: error)
            // In doubt the record stays: the next start compares it with what the client has stored.
            if failure.code != .requestInDoubt { unmake(id) }
            throw failure
        }
        let (made, told) = (call.withoutParams, request(call))
        directory.withLock { $0.put(made, id: id) }
        writer.put([]) { self.tell([told]) }
        touch(connection.id, at: now)
        logger.info(
            "wallet asked",
            metadata: [
                "id": "\(id)", "user": "\(call.userID)", "topic": "\(call.topic)", "chain": "\(chain)",
                "method": "\(method)",
            ])
        spawn { await self.watchCall(id) }
        return PendingCall(backend: self, call: call, deepLink: deepLink(call, connection), id: id)
    }

    /// Stores the record of a request that nobody was asked yet.
    private func keep(_ call: WalletCall, _ id: Int64) async throws(BackendError) {
        let isNew = directory.withLock { directory in
            guard directory.calls[id] == nil else { return false }
            directory.put(call.withoutParams, id: id)
            return true
        }
        guard isNew else { throw BackendError(.invalidParams, "the id \(id) is another request's", field: "id") }
        do throws(BackendError) {
            try await writer.store([Records.put(call, id: id)])
        } catch {
            _ = directory.withLock { $0.removeCall(id) }
            throw error
        }
    }

    /// Nobody was asked: there is no such request.
    private func unmake(_ id: Int64) {
        directory.withLock { directory in
            _ = directory.removeCall(id)
            writer.put([.delete(Records.key(Records.calls, id))])
        }
    }

    private func checkSizes(_ params: JSON?, _ options: CallOptions) throws(BackendError) {
        if let params {
            let bytes = params.serialized().count
            guard bytes <= settings.paramsBytesMax else {
                throw BackendError(
                    .paramsTooLarge, "the params have \(bytes) bytes; \(settings.paramsBytesMax) is most",
                    field: "params")
            }
        }
        if let seconds = options.expirySeconds, !BackendSettings.requestSecondsRange.contains(seconds) {
            let range = BackendSettings.requestSecondsRange
            throw BackendError(
                .invalidParams, "a request waits \(range.lowerBound) to \(range.upperBound) seconds",
                field: "expiry_seconds")
        }
        guard directory.withLock(\.figures.requests) < settings.requestsMax else {
            throw BackendError(.tooManyRequests, "\(settings.requestsMax) requests wait, as many as allowed")
        }
    }

    private func askPlugins(_ call: WalletCall) async throws(BackendError) {
        for plugin in plugins {
            switch await plugin.run(call.userID, call.topic, { try await plugin.plugin.before(call) }) {
            case .value: break
            case .refused(let refusal):
                throw BackendError(.refusedByPlugin, refusal.reason, cause: plugin.plugin.name)
            case .failed:
                guard plugin.plugin.isRequired else { continue }
                throw BackendError(
                    .refusedByPlugin, "\(plugin.plugin.name) does not answer", cause: plugin.plugin.name)
            }
        }
    }

    private func deepLink(_ call: WalletCall, _ connection: Connection) -> String? {
        guard let id = call.id, let redirect = connection.peer?.redirect,
            let wallet = redirect.universal ?? redirect.native, !wallet.isEmpty
        else { return nil }
        return DeepLink.request(wallet: wallet, requestID: id, sessionTopic: call.topic.hex)
    }

    // MARK: Which connection

    /// The connection that a call is for; it allows the chain and the method.
    func live(_ target: ConnectionTarget, chain: ChainID, method: String) async throws(BackendError) -> Connection {
        let connection = try await live(target) { $0.chains.contains(chain) && self.allows($0, chain, method) }
        guard connection.chains.contains(chain) else {
            throw BackendError(.unsupportedChain, "the session has no \(chain)", field: "chain")
        }
        guard client.session(connection.topic) != nil else {
            throw BackendError(.notConnected, "the session was ended")
        }
        guard allows(connection, chain, method) else {
            throw BackendError(.unsupportedMethod, "the session has no \(method) on \(chain)", field: "method")
        }
        return connection
    }

    /// The active connection of a target; of several the newest that `fits`, else the newest.
    func live(
        _ target: ConnectionTarget, fits: (Connection) -> Bool = { _ in true }
    ) async throws(BackendError) -> Connection {
        let candidates: [Connection]
        switch target {
        case .topic(let topic):
            guard let connection = connection(topic) else {
                throw BackendError(.notConnected, "there is no such connection", field: "topic")
            }
            candidates = [connection]
        case .user(let userID, let tenant):
            candidates = connections(of: userID, tenant: tenant)
            guard !candidates.isEmpty else {
                throw BackendError(.unknownUser, "the user has no connection", field: "user_id")
            }
        }
        let now = clock.now
        var active: [Connection] = []
        for connection in candidates where connection.state == .active {
            guard let reason = overdue(connection, at: now) else {
                active.append(connection)
                continue
            }
            try await end(connection.id, ConnectionEnd(reason))
        }
        if let connection = active.last(where: fits) ?? active.last { return connection }
        // Why not, in the words of the newest.
        let known = candidates.compactMap { connection($0.topic) }
        throw Self.refusal(known.last { $0.state == .pending } ?? known.last ?? candidates[candidates.count - 1])
    }

    private func allows(_ connection: Connection, _ chain: ChainID, _ method: String) -> Bool {
        client.session(connection.topic)?.allows(chain: chain.description, method: method) == true
    }

    /// Somebody used the connection; written once in a while, for a wallet or a caller could do it all the time.
    func touch(_ id: Int64, at now: Timestamp) {
        _ = change(id) { connection in
            guard connection.state == .active,
                connection.lastActivityAt.adding(seconds: Connection.activityGrainSeconds) <= now
            else { return false }
            connection.lastActivityAt = now
            return true
        }
    }

    // MARK: Answers

    /// Waits for a wallet's answer, and keeps it.
    func watchCall(_ id: Int64) async {
        let outcome: CallOutcome
        do throws(SignError) {
            outcome = CallOutcome(try await client.outcome(keeping: id))
        } catch {
            // Everything else is the end of this process: the next one goes on.
            guard error.code == .requestNotFound else { return }
            outcome = .failure(BackendError(.requestTimeout, "the request was forgotten"))
        }
        answered(id, outcome)
    }

    private func answered(_ id: Int64, _ outcome: CallOutcome) {
        let now = clock.now
        let ended = directory.withLock { directory -> WalletCall? in
            guard let call = directory.removeCall(id) else { return nil }
            let told = self.answer(call, outcome, at: now)
            writer.put(Records.end(call, id: id, outcome, at: now, answerSeconds: settings.answerSeconds)) {
                self.client.handOver(id)
                self.answering.resume(id, with: outcome)
                self.count(call, outcome, at: now)
                self.tell(told)
                self.tellPlugins(call, outcome)
            }
            return call
        }
        guard let ended, case .result = outcome, let connection = connection(ended.topic) else { return }
        touch(connection.id, at: now)
    }

    private func count(_ call: WalletCall, _ outcome: CallOutcome, at now: Timestamp) {
        let took = now.milliseconds(since: call.createdAt)
        var ending = "ok"
        if case .failure(let error) = outcome {
            ending = error.code.rawValue
            metrics.failed(error.code)
        }
        metrics.call(call.kind, ending, took: took)
        logger.info(
            "wallet answered",
            metadata: [
                "id": "\(call.id ?? 0)", "user": "\(call.userID)", "topic": "\(call.topic)", "chain": "\(call.chain)",
                "method": "\(call.method)", "outcome": "\(ending)", "milliseconds": "\(took)",
            ])
    }

    private func tellPlugins(_ call: WalletCall, _ outcome: CallOutcome) {
        for plugin in plugins {
            spawn { _ = await plugin.run(call.userID, call.topic) { try await plugin.plugin.after(call, outcome) } }
        }
    }

    private func request(_ call: WalletCall) -> BackendEvent {
        let kind: BackendEvent.Kind =
            switch call.kind {
            case .transaction: .transactionRequest
            case .signature: .signRequest
            case .other: .request
            }
        return BackendEvent(kind, userID: call.userID, topic: call.topic, at: call.createdAt, detail: .call(call))
    }

    private func answer(_ call: WalletCall, _ outcome: CallOutcome, at now: Timestamp) -> [BackendEvent] {
        let kind: BackendEvent.Kind =
            switch call.kind {
            case .transaction: .transactionResponse
            case .signature: .signResponse
            case .other: .response
            }
        let told = BackendEvent(
            kind, userID: call.userID, topic: call.topic, at: now, detail: .outcome(call, outcome))
        guard case .failure(let error) = outcome else { return [told] }
        return [
            told, BackendEvent(.error, userID: call.userID, topic: call.topic, at: now, detail: .failure(error)),
        ]
    }

    /// What is known of a request, also after a restart; answers are kept ``BackendSettings/answerSeconds``.
    ///
    /// - Throws: ``BackendError``: `unknown_request` for one that was never made, or ended so long ago; `store_unavailable`,
    ///   also for an answer whose record cannot be read; `closed`.
    public func status(of id: Int64) async throws(BackendError) -> CallStatus {
        let records = try requireRunning()
        if let call = directory.withLock({ $0.calls[id] }) {
            return CallStatus(call: call, outcome: nil, answeredAt: nil)
        }
        // An answer that is being stored is there when everything queued is.
        try await writer.store([])
        let found: [KeyValueRecord?]
        do throws(KeyValueError) {
            found = try await records.read([Records.key(Records.answers, id)])
        } catch {
            throw BackendError(.storeUnavailable, "the answer cannot be read", cause: "\(error)")
        }
        guard let record = found.first ?? nil else {
            throw BackendError(.unknownRequest, "there is no request \(id)", field: "id")
        }
        guard let status = Records.status(record, id: id) else {
            // The wallet may have signed: nobody may take this for a request that never was, and ask again.
            logger.error("an answer's record cannot be read", metadata: ["id": "\(id)"])
            throw BackendError(
                .storeUnavailable, "there is an answer to request \(id), and its record cannot be read",
                cause: "\(record.key) is no answer's record")
        }
        return status
    }

    /// Waits for how a request ends, also one of a process that is gone.
    ///
    /// - Throws: ``BackendError``: `unknown_request`, `cancelled`, `store_unavailable`, `closed`.
    public func outcome(of id: Int64) async throws(BackendError) -> CallOutcome {
        while true {
            if let outcome = try await status(of: id).outcome { return outcome }
            let answer = await answering.wait(for: id) {
                // It ended just now: it is read from the records then.
                directory.withLock { $0.calls[id] } == nil ? .failure(BackendError(.unknownRequest, "")) : nil
            }
            switch answer {
            case .failure(let error) where error.code == .unknownRequest: continue
            case .some(let outcome): return outcome
            case nil:
                try requireRunning()
                throw BackendError(.cancelled, "the wait was cancelled; the request goes on")
            }
        }
    }

    /// Waits at most so long for how a request ends; nil when it has not.
    ///
    /// - Throws: as ``outcome(of:)``.
    public func poll(_ id: Int64, waitMilliseconds: Int64) async throws(BackendError) -> CallOutcome? {
        if let outcome = try await status(of: id).outcome { return outcome }
        let result = await withTaskGroup(of: Result<CallOutcome?, BackendError>.self) { group in
            group.addTask {
                do throws(BackendError) {
                    return .success(try await self.outcome(of: id))
                } catch {
                    return .failure(error)
                }
            }
            group.addTask { [pace] in
                await pace.sleep(milliseconds: waitMilliseconds)
                return .success(nil)
            }
            defer { group.cancelAll() }
            return await group.next() ?? .success(nil)
        }
        if Task.isCancelled { throw BackendError(.cancelled, "the wait was cancelled; the request goes on") }
        return try result.get()
    }
}
