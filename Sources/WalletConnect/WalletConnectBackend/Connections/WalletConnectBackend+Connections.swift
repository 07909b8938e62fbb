import Logging
import Primitives
import Storage
import Synchronization
import WalletConnectClient
public import WalletConnectProtocol

/// Connections: asked for, listed, ended.
extension WalletConnectBackend {
    /// Asks a wallet for a session for a user.
    ///
    /// When this returns, whose connection it will be is stored, and the address may be shown.
    ///
    /// - Throws: ``BackendError``: `invalid_params` naming the field, `too_many_sessions`, `relay_unreachable` when the
    ///   relay refuses this client, `store_unavailable`, `closed`.
    public func connect(_ request: ConnectionRequest) async throws(BackendError) -> PendingConnection {
        try requireRunning()
        try Self.check(request.userID, "user_id")
        if let tenant = request.tenant { try Self.check(tenant, "tenant") }
        let offered = try request.offered()
        try requireRelay()
        let owner = Directory.Owner(request.userID, tenant: request.tenant)
        try directory.withLock { (directory) throws(BackendError) in
            try directory.reserve(owner, settings: settings)
        }
        let pending: PendingSession
        do throws(SignError) {
            pending = try await client.connect(
                ConnectOffer(
                    requiredNamespaces: request.requiredNamespaces, optionalNamespaces: offered,
                    sessionProperties: request.sessionProperties))
        } catch {
            directory.withLock { $0.release(owner) }
            throw error.code == .limitReached ? BackendError(.tooManySessions, error.message) : BackendError(error)
        }
        let now = clock.now
        let connection = Connection(
            id: pending.id, pairingTopic: pending.pairingTopic, userID: request.userID, tenant: request.tenant,
            state: .pending, createdAt: now, updatedAt: now, lastActivityAt: now, expiresAt: pending.expiresAt)
        directory.withLock { directory in
            directory.release(owner)
            directory.put(connection)
            writer.put([Records.put(connection, endedSeconds: settings.endedSeconds)])
        }
        // Nobody can have seen the address before this is stored, so no wallet can have answered it.
        try await writer.store([])
        metrics.holds(directory.withLock(\.figures))
        spawn { await self.watchProposal(connection.id) }
        guard let uri = pending.uri else { throw BackendError(.closed, "the client made no address") }
        return PendingConnection(backend: self, initial: connection, uri: uri.text)
    }

    private static func check(_ text: String, _ field: String) throws(BackendError) {
        guard (1...BackendSettings.userIDBytesMax).contains(text.utf8.count) else {
            throw BackendError(
                .invalidParams, "\(field) has 1 to \(BackendSettings.userIDBytesMax) bytes", field: field)
        }
    }

    /// What waits longer than a moment is stored and sent later; what is refused is not worth waiting for.
    func requireRelay() throws(BackendError) {
        guard case .refused(let close) = client.relayStatus else { return }
        throw BackendError(.relayUnreachable, "the relay refuses this client: \(close.code) \(close.reason)")
    }

    // MARK: Reading

    /// The connection of a session's or a pairing's topic, also of one that has ended and is still listed.
    public func connection(_ topic: Topic) -> Connection? {
        directory.withLock { $0.connection(topic) }
    }

    /// The user's newest active connection, else the newest that waits for a wallet, else the newest.
    ///
    /// - Parameter tenant: whose user; nil is the user of no tenant.
    public func connection(of userID: String, tenant: String? = nil) -> Connection? {
        let all = connections(of: userID, tenant: tenant)
        return all.last { $0.state == .active } ?? all.last { $0.state == .pending } ?? all.last
    }

    /// The user's connections, the oldest first.
    ///
    /// - Parameter tenant: whose user; nil is the user of no tenant.
    public func connections(of userID: String, tenant: String? = nil) -> [Connection] {
        directory.withLock { $0.connections(of: Directory.Owner(userID, tenant: tenant)) }
    }

    /// A page of connections, the oldest first.
    ///
    /// - Parameters:
    ///   - userID: the users of this id; nil is everybody.
    ///   - tenant: of this tenant alone; nil is of all, and of none.
    ///   - after: the ``Connection/id`` of the last one that is known; the next page begins behind it.
    ///   - limit: the most that are returned; fewer are the last ones.
    public func connections(
        of userID: String? = nil, tenant: String? = nil, state: Connection.State? = nil, after: Int64? = nil,
        limit: Int = 100
    ) -> [Connection] {
        directory.withLock { $0.list(userID, tenant: tenant, state: state, after: after, limit: limit) }
    }

    /// Whether the user has an active connection.
    ///
    /// - Parameter tenant: whose user; nil is the user of no tenant.
    public func isConnected(_ userID: String, tenant: String? = nil) -> Bool {
        livingConnection(of: userID, tenant: tenant)?.state == .active
    }

    /// The user's newest connection that is active and not overdue, else the newest that waits for a wallet.
    package func livingConnection(of userID: String, tenant: String? = nil) -> Connection? {
        let (all, now) = (connections(of: userID, tenant: tenant), clock.now)
        return all.last { $0.state == .active && overdue($0, at: now) == nil } ?? all.last { $0.state == .pending }
    }

    /// How much there is.
    public var figures: BackendFigures { directory.withLock(\.figures) }

    // MARK: Ending

    /// Ends a connection, pending ones too, and tells the wallet as soon as the relay can be reached.
    ///
    /// - Returns: whether there was one to end; a second time it is false.
    /// - Throws: ``BackendError``: `store_unavailable`, `closed`.
    @discardableResult
    public func disconnect(_ topic: Topic) async throws(BackendError) -> Bool {
        try requireRunning()
        guard let connection = connection(topic), connection.isLiving else { return false }
        return try await end(connection.id, ConnectionEnd(.local))
    }

    /// Ends every connection of a user.
    ///
    /// - Parameter tenant: whose user; nil is the user of no tenant.
    /// - Returns: how many there were to end.
    /// - Throws: ``BackendError``: `store_unavailable`, `closed`.
    @discardableResult
    public func disconnect(user userID: String, tenant: String? = nil) async throws(BackendError) -> Int {
        try requireRunning()
        var count = 0
        for connection in connections(of: userID, tenant: tenant) where connection.isLiving {
            if try await end(connection.id, ConnectionEnd(.local)) { count += 1 }
        }
        return count
    }

    /// Ends a connection on this side: first in the records, then for the wallet.
    ///
    /// A crash between the two is mended at the next start.
    @discardableResult
    func end(_ id: Int64, _ end: ConnectionEnd) async throws(BackendError) -> Bool {
        guard let ended = close(id, end) else { return false }
        try await writer.store([])
        do throws(SignError) {
            try await client.disconnect(ended.topic)
            if ended.sessionTopic != nil { try await client.disconnect(ended.pairingTopic) }
        } catch {
            throw BackendError(error)
        }
        return true
    }

    // MARK: Changes

    /// Changes a connection, and queues its record; `told` says what follows once it is stored.
    ///
    /// - Parameter body: returns whether anything changed.
    func change(
        _ id: Int64, _ body: (inout Connection) -> Bool, then: @escaping @Sendable (Connection) -> Void = { _ in }
    ) -> Connection? {
        directory.withLock { directory in
            guard var connection = directory.connections[id], body(&connection) else { return nil }
            directory.put(connection)
            let changed = connection
            var records = [Records.put(changed, endedSeconds: settings.endedSeconds)]
            if !changed.isLiving {
                let surplus = directory.surplus(beside: changed, endedMax: settings.endedPerUserMax)
                directory.remove(surplus)
                records += surplus.map { .delete(Records.key(Records.connections, $0)) }
            }
            // Queued under the lock, so that records are written in the order of the changes.
            writer.put(records) { then(changed) }
            return changed
        }
    }

    /// A session came to be.
    func activate(_ id: Int64, _ session: Session) {
        let now = clock.now
        // What the wallet changed since came as an event of a session that was nobody's yet.
        let newest = client.session(session.topic) ?? session
        let changed = change(id) { connection in
            guard connection.state == .pending else { return false }
            _ = connection.take(newest)
            connection.state = .active
            (connection.updatedAt, connection.lastActivityAt) = (now, now)
            return true
        } then: { connection in
            self.client.handOver(id)
            self.metrics.connection("connected")
            self.log("wallet connected", connection)
            self.connecting.resume(id, with: connection)
            self.tell([self.event(.connect, connection, at: now)])
        }
        if changed != nil {
            // The wallet may have changed or ended it before it was anybody's.
            if let now = client.session(session.topic) {
                refresh(id, now)
            } else {
                close(id, ConnectionEnd(.wallet))
            }
            return
        }
        client.handOver(id)
        // Somebody ended the connection while the wallet said yes; by now it may be forgotten.
        if directory.withLock({ $0.connections[id]?.isLiving }) == true { return }
        spawn { [client] in try? await client.disconnect(session.topic) }
    }

    /// A connection ended, by whomever; nil when it had ended before.
    @discardableResult
    func close(_ id: Int64, _ end: ConnectionEnd) -> Connection? {
        let now = clock.now
        return change(id) { connection in
            guard connection.isLiving else { return false }
            connection.state = end.state
            connection.end = end
            connection.updatedAt = now
            return true
        } then: { connection in
            self.client.handOver(id)
            if connection.sessionTopic == nil { self.metrics.connection(end.reason.rawValue) }
            self.log("connection ended", connection)
            self.connecting.resume(id, with: connection)
            self.tell([self.event(connection.state == .expired ? .expire : .disconnect, connection, at: now)])
        }
    }

    private func log(_ what: Logger.Message, _ connection: Connection) {
        logger.info(
            what,
            metadata: [
                "user": "\(connection.userID)", "topic": "\(connection.topic)", "state": "\(connection.state)",
                "reason": "\(connection.end?.reason.rawValue ?? "-")",
            ])
    }

    func event(_ kind: BackendEvent.Kind, _ connection: Connection, at now: Timestamp) -> BackendEvent {
        BackendEvent(kind, userID: connection.userID, topic: connection.topic, at: now, detail: .connection(connection))
    }

    /// Waits for a wallet's answer to a proposal, and takes it over; of a connection that has ended, it is let go.
    func watchProposal(_ id: Int64) async {
        do throws(SignError) {
            let outcome = try await client.outcome(keeping: id)
            if directory.withLock({ $0.connections[id]?.isLiving != true }) {
                // Nobody's records will take the outcome over; not before it is stored that the connection has ended.
                writer.put([]) { self.client.handOver(id) }
            }
            switch outcome {
            case .session(let session), .authenticated(_, .some(let session)): activate(id, session)
            case .refused(let peer):
                let error = BackendError(refusal: peer)
                let reason: ConnectionEnd.Reason = error.code == .rejectedByUser ? .rejected : .failed
                close(id, ConnectionEnd(reason, message: error.message, code: peer.code))
            case .failed(let error):
                let reason: ConnectionEnd.Reason =
                    switch BackendError(error).code {
                    case .connectionExpired: .proposalExpired
                    case .relayUnreachable: .relay
                    default: .failed
                    }
                close(id, ConnectionEnd(reason, message: error.message))
            case .result, .acknowledged, .authenticated:
                close(id, ConnectionEnd(.failed, message: "the wallet granted no session"))
            }
        } catch {
            guard error.code == .requestNotFound else { return }
            recover(id)
        }
    }

    /// The client knows the proposal no more: there is a session of its pairing, or there will be none.
    func recover(_ id: Int64) {
        guard let connection = directory.withLock({ $0.connections[id] }), connection.state == .pending else { return }
        if let session = client.sessions.first(where: { $0.pairingTopic == connection.pairingTopic }) {
            activate(id, session)
        } else {
            close(id, ConnectionEnd(.proposalExpired))
        }
    }

    /// Waits until a pending connection is none any more.
    func settled(_ id: Int64) async throws(BackendError) -> Connection {
        guard directory.withLock({ $0.connections[id] }) != nil else {
            try requireRunning()
            throw BackendError(.notConnected, "the connection ended long ago")
        }
        let found = await connecting.wait(for: id) {
            directory.withLock { $0.connections[id] }.flatMap { $0.state == .pending ? nil : $0 }
        }
        guard let connection = found else {
            try requireRunning()
            throw BackendError(.cancelled, "the wait was cancelled")
        }
        if connection.state == .active { return connection }
        throw Self.refusal(connection)
    }

    /// Why a connection cannot be used.
    static func refusal(_ connection: Connection) -> BackendError {
        let end = connection.end
        let peer = end.flatMap { end in
            end.code.map { PeerError(code: $0, message: end.message) }
        }
        return switch end?.reason {
        case .proposalExpired: BackendError(.connectionExpired, "nobody answered the proposal in time")
        case .rejected: BackendError(.rejectedByUser, end?.message ?? "the wallet said no", peer: peer)
        case .failed: BackendError(.peerError, end?.message ?? "the handshake failed", peer: peer)
        case .relay: BackendError(.relayUnreachable, end?.message ?? "the relay cannot be reached")
        case .sessionExpired, .idle, .absolute: BackendError(.sessionExpired, "the session's time is over")
        case .local, .wallet: BackendError(.notConnected, "the session was ended")
        case nil: BackendError(.connectionPending, "the wallet has not answered yet")
        }
    }
}
