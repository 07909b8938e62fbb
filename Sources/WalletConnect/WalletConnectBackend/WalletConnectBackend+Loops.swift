import Logging
import Primitives
import Storage
import Synchronization
import WalletConnectClient
import WalletConnectProtocol

/// What the backend does by itself: it restores, listens to its client, and cleans up.
extension WalletConnectBackend {
    /// Records read at once at the start.
    private static let pageSize = 500
    /// Expired records removed at once.
    private static let sweepMax = 1000

    // MARK: Start

    /// Reads what the last backend left, and compares it with what the client knows.
    func restore(_ records: any KeyValueStore) async throws(BackendError) {
        var count = 0
        for record in try await all(Records.connections, of: records) {
            guard let id = Int64(record.key.key),
                let connection = Records.json(record).flatMap({ Connection(record: $0, id: id) })
            else {
                logger.error("a connection's record cannot be read", metadata: ["key": "\(record.key)"])
                continue
            }
            count += 1
            directory.withLock { $0.put(connection) }
        }
        let sessions = Dictionary(
            client.sessions.map { ($0.pairingTopic, $0) }, uniquingKeysWith: { first, _ in first })
        for connection in directory.withLock({ Array($0.connections.values) }) {
            reconcile(connection, with: sessions[connection.pairingTopic])
        }
        for record in try await all(Records.calls, of: records) {
            guard let id = Int64(record.key.key),
                let call = Records.json(record).flatMap({ WalletCall(record: $0, id: id) })
            else {
                logger.error("a request's record cannot be read", metadata: ["key": "\(record.key)"])
                continue
            }
            guard wasMade(call, id) else {
                logger.warning(
                    "a request was not made before the last backend ended",
                    metadata: ["id": "\(id)", "user": "\(call.userID)", "topic": "\(call.topic)"])
                writer.put([.delete(record.key)])
                continue
            }
            directory.withLock { $0.put(call, id: id) }
            spawn { await self.watchCall(id) }
        }
        open(records)
        metrics.holds(directory.withLock(\.figures))
        let figures = directory.withLock(\.figures)
        logger.info(
            "walletconnect backend restored",
            metadata: [
                "connections": "\(count)", "active": "\(figures.active)", "requests": "\(figures.requests)",
            ])
    }

    private func all(_ collection: String, of records: any KeyValueStore) async throws(BackendError) -> [KeyValueRecord]
    {
        var found: [KeyValueRecord] = []
        while true {
            let page: [KeyValueRecord]
            do throws(KeyValueError) {
                page = try await patience.trying { () throws(KeyValueError) in
                    try await records.list(collection, after: found.last?.key.key, limit: Self.pageSize)
                }
            } catch {
                throw BackendError(.storeUnavailable, "the records cannot be read", cause: "\(error)")
            }
            found.append(contentsOf: page)
            guard page.count == Self.pageSize else { return found }
        }
    }

    /// Whether the wallet may have been asked, which is so unless it is certain that it was not.
    ///
    /// The client stores a request before it sends it, and keeps how it ended for a time. So one that it does not know
    /// within half that time, for the records' database has a clock of its own, was never sent, unless it had to forget
    /// for want of room.
    private func wasMade(_ call: WalletCall, _ id: Int64) -> Bool {
        let sign = settings.client.sign
        return client.status(of: id) != nil
            || call.createdAt.adding(seconds: sign.lifetimes.outcomeSeconds / 2) <= clock.now
            || client.counts.outcomes >= sign.limits.outcomesMax
    }

    /// Brings a connection up to what its client says, whatever happened between two records.
    func reconcile(_ connection: Connection, with session: Session?) {
        switch (connection.state, session) {
        case (.pending, _):
            let id = connection.id
            if client.status(of: id) != nil { spawn { await self.watchProposal(id) } } else { recover(id) }
        case (.active, .some(let session)):
            refresh(connection.id, session)
        case (.active, nil):
            let isOver = connection.expiresAt <= clock.now
            close(connection.id, ConnectionEnd(isOver ? .sessionExpired : .wallet))
        case (.expired, .some(let session)), (.disconnected, .some(let session)):
            // It was ended here, and the client was not told any more.
            spawn { [client] in try? await client.disconnect(session.topic) }
        case (.expired, nil), (.disconnected, nil):
            let (id, pairing) = (connection.id, connection.pairingTopic)
            guard client.status(of: id) != nil else { return }
            // The client still knows the proposal, and a wallet may still say yes to it: that session is ended at once.
            spawn { [client] in
                try? await client.disconnect(pairing)
                await self.watchProposal(id)
            }
        }
    }

    // MARK: What the client tells

    /// Takes what happened to a session.
    func take(_ event: SignEvent) {
        switch event {
        case .sessionUpdate(let topic, _, _), .sessionExtend(let topic, _, _):
            guard let connection = connection(topic), let session = client.session(topic) else { return }
            refresh(connection.id, session)
        case .sessionDelete(let topic, _, let reason):
            guard let connection = connection(topic) else { return }
            let end: ConnectionEnd =
                switch reason {
                case .peer(let peer): ConnectionEnd(.wallet, message: peer?.message, code: peer?.code)
                case .local: ConnectionEnd(.local)
                case .expired: ConnectionEnd(.sessionExpired)
                }
            close(connection.id, end)
        case .sessionExpire(let topic):
            guard let connection = connection(topic) else { return }
            close(connection.id, ConnectionEnd(.sessionExpired))
        case .sessionEvent(let topic, _, let told, let chain):
            heard(told, chain, topic)
        default: break
        }
    }

    /// A wallet told of something; only what its session grants is told on.
    private func heard(_ told: SessionEvent, _ chain: String, _ topic: Topic) {
        guard let known = connection(topic), known.state == .active else { return }
        guard client.session(topic)?.allows(chain: chain, event: told.name) == true else {
            metrics.walletEventDropped("not_granted")
            return
        }
        let now = clock.now
        touch(known.id, at: now)
        guard isTold(known.id) else { return }
        writer.put([]) {
            self.tell([
                BackendEvent(
                    .update, userID: known.userID, topic: topic, at: now,
                    detail: .walletEvent(
                        self.connection(topic) ?? known, name: told.name, data: told.data, chain: chain))
            ])
        }
    }

    /// Whether one more word of a wallet is told on in this minute.
    private func isTold(_ id: Int64) -> Bool {
        let isTold = directory.withLock {
            $0.takesEvent(of: id, at: pace.now, perMinuteMax: settings.walletEventsPerMinuteMax)
        }
        if !isTold { metrics.walletEventDropped("too_many") }
        return isTold
    }

    /// Takes over what a session says now.
    func refresh(_ id: Int64, _ session: Session) {
        let now = clock.now
        _ = change(id) { connection in
            guard connection.state == .active, connection.take(session) else { return false }
            (connection.updatedAt, connection.lastActivityAt) = (now, now)
            return true
        } then: { connection in
            guard self.isTold(id) else { return }
            self.tell([self.event(.update, connection, at: now)])
        }
    }

    // MARK: Cleaning up

    func cleanupLoop() async {
        while !Task.isCancelled {
            await pace.sleep(milliseconds: settings.cleanupSeconds * 1000)
            guard !Task.isCancelled else { return }
            do throws(BackendError) {
                _ = try await cleanup()
            } catch {
                report(error, userID: nil, topic: nil)
            }
        }
    }

    /// Why a session is over although its wallet has not ended it; nil when it is not.
    func overdue(_ connection: Connection, at now: Timestamp) -> ConnectionEnd.Reason? {
        guard connection.state == .active else { return nil }
        if connection.expiresAt <= now { return .sessionExpired }
        if let seconds = settings.absoluteSeconds, connection.createdAt.adding(seconds: seconds) <= now {
            return .absolute
        }
        if let seconds = settings.idleSeconds, connection.lastActivityAt.adding(seconds: seconds) <= now {
            return .idle
        }
        return nil
    }

    /// Ends sessions whose time is over, and forgets connections and answers that were kept long enough.
    ///
    /// It happens by itself every ``BackendSettings/cleanupSeconds``; a request on an overdue session is refused before.
    ///
    /// - Throws: ``BackendError``: `store_unavailable`, `closed`.
    public func cleanup() async throws(BackendError) -> CleanupReport {
        let records = try requireRunning()
        let now = clock.now
        var report = CleanupReport()
        let sessions = Dictionary(
            client.sessions.map { ($0.pairingTopic, $0) }, uniquingKeysWith: { first, _ in first })
        var forgotten: Set<Int64> = []
        for connection in directory.withLock({ Array($0.connections.values) }) {
            if let reason = overdue(connection, at: now) {
                if try await end(connection.id, ConnectionEnd(reason)) { report.ended += 1 }
            } else if connection.state == .active, sessions[connection.pairingTopic] == nil,
                client.session(connection.topic) == nil
            {
                // An event that was lost on the way from the client.
                close(connection.id, ConnectionEnd(.wallet))
                report.ended += 1
            } else if !connection.isLiving, connection.updatedAt.adding(seconds: settings.endedSeconds) <= now {
                forgotten.insert(connection.id)
            }
        }
        if !forgotten.isEmpty {
            let ids = forgotten
            try await writer.store(ids.sorted().map { .delete(Records.key(Records.connections, $0)) })
            directory.withLock { $0.remove(ids) }
            report.forgotten = ids.count
        }
        do throws(KeyValueError) {
            report.records = try await records.removeExpired(before: now, limit: Self.sweepMax)
        } catch {
            throw BackendError(.storeUnavailable, "expired records are not removed", cause: "\(error)")
        }
        metrics.holds(directory.withLock(\.figures))
        return report
    }
}

/// What a clean-up did.
public struct CleanupReport: Sendable, Hashable {
    /// Sessions that were ended.
    public internal(set) var ended = 0
    /// Connections that had ended and are no longer listed.
    public internal(set) var forgotten = 0
    /// Records that had run out and were removed from the store, of whatever kind.
    public internal(set) var records = 0
}
