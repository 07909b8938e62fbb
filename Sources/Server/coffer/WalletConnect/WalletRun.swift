import CofferClient
import Primitives
import Synchronization
import WalletConnectClient
import WalletConnectProtocol

/// One run of `coffer wallet pair`.
///
/// A class, because what waits for a decision is shared by who listens to the dApp and who listens to the script.
final class WalletRun: Sendable {
    /// What waits for a yes or a no.
    enum Matter: Sendable {
        case proposal(ReceivedProposal)
        case authentication(ReceivedAuthentication)
        case request(PendingRequest)

        var id: RPCID {
            switch self {
            case .proposal(let received): received.proposal.id
            case .authentication(let received): received.id
            case .request(let request): request.id
            }
        }
    }

    let client: SignClient
    let plan: WalletPlan
    let node: EthereumRPC?
    let feed: Feed
    private let waiting = Mutex<[Matter]>([])
    /// The session that lines of a script are about: the newest.
    private let current = Mutex<Topic?>(nil)

    init(client: SignClient, plan: WalletPlan, node: EthereumRPC?, feed: Feed) {
        self.client = client
        self.plan = plan
        self.node = node
        self.feed = feed
    }

    /// Until there is nothing more to do, or the task is cancelled.
    func run(_ events: AsyncStream<SignEvent>) async throws {
        if let uri = plan.uri {
            try await client.pair(uri)
            feed.note("paired; waiting for the dApp")
        } else {
            try resume()
        }
        _ = try await Watched.run(
            { try await self.listen(events) },
            while: { try await self.readInput() })
    }

    /// Goes on with what an earlier run left; what it did not answer is told once more.
    private func resume() throws {
        let sessions = client.sessions.filter(\.isController)
        guard !sessions.isEmpty else {
            throw ClientError(.failed, "there is no session to go on with", fix: "pass the URI that the dApp shows")
        }
        for session in sessions { try show(session) }
        if let newest = sessions.max(by: { $0.expiry < $1.expiry }) { settled(newest.topic) }
    }

    // MARK: The dApp

    private func listen(_ events: AsyncStream<SignEvent>) async throws {
        for await event in events {
            switch event {
            case .sessionProposal(let received):
                if try await !take(.proposal(received)) { return }
            case .sessionAuthenticate(let received):
                if try await !take(.authentication(received)) { return }
            case .sessionRequest(let request):
                if try await !take(.request(request)) { return }
            case .sessionEvent(_, _, let event, let chain):
                try feed.show(.announced(name: event.name, data: event.data ?? .null, chain: chain))
            case .sessionExtend(let topic, _, let expiry):
                try feed.show(.extended(topic: topic.hex, expiry: expiry))
            case .sessionDelete(let topic, _, let reason):
                guard try ended(topic, reason) else { break }
                if plan.endsWithSession { return }
            case .proposalExpire(_, let id):
                waiting.withLock { $0.removeAll { $0.id == id } }
                try feed.show(.failed("proposal", code: nil, message: "the dApp no longer waits for \(id.json.text)"))
                if plan.endsWithSession { return }
            case .sessionRequestExpire(_, let id):
                waiting.withLock { $0.removeAll { $0.id == id } }
            default: break
            }
        }
    }

    /// - Returns: `false` when it was this side that ended the session, which was shown then.
    private func ended(_ topic: Topic, _ reason: SessionEnd) throws -> Bool {
        switch reason {
        case .local: return false
        case .peer(let error):
            try feed.show(.ended(topic: topic.hex, by: "the dApp", code: error?.code, message: error?.message))
        case .expired: try feed.show(.ended(topic: topic.hex, by: "time", code: nil, message: nil))
        }
        return true
    }

    // MARK: Deciding

    /// Shows what was asked and has it decided.
    ///
    /// - Returns: `false` when the program is to end.
    private func take(_ matter: Matter) async throws -> Bool {
        try show(matter)
        switch plan.decides {
        case .yes: return try await decide(matter, isGranted: true)
        case .no: return try await decide(matter, isGranted: false)
        case .input:
            waiting.withLock { $0.append(matter) }
            return true
        case .person:
            let answer = await Question.isYes("Say yes? [y/N] ")
            try Task.checkCancellation()
            return try await decide(matter, isGranted: answer == true)
        }
    }

    /// - Returns: `false` when the program is to end.
    func decide(_ matter: Matter, isGranted: Bool) async throws -> Bool {
        do {
            switch matter {
            case .proposal(let received):
                if isGranted, try await approve(received) { break }
                if !isGranted { try await reject(received) }
                return !plan.endsWithSession
            case .authentication(let received):
                if isGranted, try await sign(received) { break }
                if !isGranted { try await reject(received) }
                return !plan.endsWithSession
            case .request(let request): try await answer(request, isGranted: isGranted)
            }
        } catch let error as SignError {
            // The dApp may have left meanwhile; the next one is served.
            try feed.show(.failed("answer", code: nil, message: error.message))
        }
        return true
    }

    private func show(_ matter: Matter) throws {
        switch matter {
        case .proposal(let received):
            let proposal = received.proposal
            try feed.show(
                .proposal(
                    id: proposal.id.int64 ?? 0, proposer: proposal.proposer.metadata.json,
                    required: proposal.requiredNamespaces.json, optional: proposal.optionalNamespaces.json))
        case .authentication(let received):
            try feed.show(
                .signIn(
                    id: received.id.int64 ?? 0, requester: received.requester.metadata.json,
                    payload: received.payload.json))
        case .request(let request):
            try feed.show(
                .request(
                    id: request.id.int64 ?? 0, topic: request.topic.hex, method: request.method,
                    params: request.params ?? .null, chain: request.chain))
        }
    }

    func show(_ session: WalletSession) throws {
        try feed.show(
            .session(
                topic: session.topic.hex, peer: session.peer.metadata.json, namespaces: session.namespaces.json,
                expiry: session.expiry, pairingTopic: session.pairingTopic.hex))
    }

    // MARK: The script

    private func readInput() async throws {
        guard plan.readsInput else { return try await Watched.forever() }
        try await LineInput.forEach { line in
            do {
                return try await carryOut(try DriverCommand(line: line))
            } catch let error as OutputClosed {
                throw error
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                try feed.show(.failed("line", code: nil, message: ClientError(walletConnect: error).message))
                return true
            }
        }
    }

    /// - Returns: `false` when the program is to end.
    private func carryOut(_ command: DriverCommand) async throws -> Bool {
        switch command {
        case .approve(let id): return try await decide(try taken(id), isGranted: true)
        case .reject(let id): return try await decide(try taken(id), isGranted: false)
        case .request: throw ClientError(.usage, "this is the dApp's to do")
        case .ping:
            let began = ContinuousClock.now
            try await client.ping(try topic())
            try feed.show(.pong(milliseconds: Int64(began.duration(to: .now) / .milliseconds(1))))
        case .emit(let name, let data, let chain):
            try await announce(Announcement(chain: chain, name: name, data: data), in: try topic())
        case .update(let namespaces): try await update(try topic(), namespaces)
        case .extend: try await extend(try topic())
        case .disconnect:
            let topic = try topic()
            try await client.disconnect(topic)
            try feed.show(.ended(topic: topic.hex, by: "us", code: nil, message: nil))
            return !plan.endsWithSession
        case .quit: return false
        }
        return true
    }

    private func taken(_ id: Int64?) throws(ClientError) -> Matter {
        let matter = waiting.withLock { waiting -> Matter? in
            let index = id == nil ? waiting.indices.first : waiting.firstIndex { $0.id.int64 == id }
            return index.map { waiting.remove(at: $0) }
        }
        guard let matter else { throw ClientError(.failed, "nothing waits for a decision") }
        return matter
    }

    private func topic() throws(ClientError) -> Topic {
        guard let topic = current.withLock({ $0 }) else { throw ClientError(.failed, "there is no session") }
        return topic
    }

    func settled(_ topic: Topic) { current.withLock { $0 = topic } }
}
