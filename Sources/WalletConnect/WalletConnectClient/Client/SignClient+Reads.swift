import Primitives
import Synchronization
public import WalletConnectProtocol

/// What a client knows, and what it tells.
extension SignClient {
    /// Every session, those that end last first.
    public var sessions: [Session] { core.withLock(\.engine.allSessions) }

    /// How many sessions there are.
    public var sessionCount: Int { core.withLock(\.engine.sessionCount) }

    /// The session of a topic.
    public func session(_ topic: Topic) -> Session? { core.withLock { $0.engine.session(topic) } }

    /// The pairings, in no order.
    public var pairings: [Pairing] { core.withLock(\.engine.allPairings) }

    /// Proposals that wait for an answer (wallet), the oldest first.
    public var pendingProposals: [ReceivedProposal] { core.withLock(\.engine.pendingProposals) }

    /// Requests that wait for an answer (wallet), the oldest first; of one session or of all.
    public func pendingRequests(of topic: Topic? = nil) -> [PendingRequest] {
        core.withLock { $0.engine.pendingRequests(of: topic) }
    }

    /// Requests of a session that were told and wait for an answer (wallet), the oldest first.
    package func shownRequests(of topic: Topic) -> [PendingRequest] {
        core.withLock { $0.engine.shownRequests(of: topic) }
    }

    /// One-click authentications that wait for an answer (wallet), the oldest first.
    public var pendingAuthentications: [ReceivedAuthentication] { core.withLock(\.engine.pendingAuthentications) }

    /// How much is held.
    public var counts: SignCounts { core.withLock(\.engine.counts) }

    /// The client's address at its relay, `did:key:…`; nil until the records are read.
    public var clientID: String? { core.withLock(\.clientID) }

    /// Whether the relay can be reached.
    public var relayStatus: RelayStatus {
        switch core.withLock(\.link.status) {
        case .idle: .idle
        case .connecting, .waiting: .connecting
        case .online: .online
        case .refused(let close): .refused(close)
        }
    }

    /// Tries the relay at once, also after it has refused this client.
    public func reconnect() {
        act { core, after in
            core.link.reconnect(at: pace.now)
            core.settle(now: clock.now, steady: pace.now, into: &after)
        }
    }

    /// Waits until the relay has taken all that was said, for at most so many milliseconds.
    ///
    /// For an orderly end; what it has not taken stays in the records, and the next start sends it.
    ///
    /// - Returns: whether everything was taken.
    public func drain(milliseconds: Int64) async -> Bool {
        let deadline = pace.now.adding(milliseconds: milliseconds)
        while counts.outbox > 0 {
            guard pace.now < deadline, !Task.isCancelled else { return false }
            await pace.sleep(milliseconds: Self.drainGlanceMilliseconds)
        }
        return true
    }

    private static let drainGlanceMilliseconds: Int64 = 10

    /// What happens from now on, for one listener.
    ///
    /// Begin to listen before ``run()``: at the start the app is told once more of what it has not answered. A listener that
    /// is slow loses the newest events beyond ``SignClientSettings/eventsWaitingMax``; what is pending can always be read.
    /// The stream ends with the client, or with the listener.
    public func events() -> AsyncStream<SignEvent> { subscribers.events() }

    /// Links to open, for sessions in link mode; as ``events()``.
    public func links() -> AsyncStream<OutboundLink> { subscribers.links() }
}

/// Whether a client reaches its relay.
public enum RelayStatus: Sendable, Hashable {
    /// It has nothing to do there, so it is not connected.
    case idle
    /// It tries.
    case connecting
    /// It is connected, and every topic is subscribed.
    case online
    /// Every address refuses it: the project, its token or its origin.
    case refused(RelayClose)
}
