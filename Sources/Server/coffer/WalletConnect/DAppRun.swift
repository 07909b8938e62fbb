import CofferClient
import Primitives
import WalletConnectClient
import WalletConnectProtocol

/// One run of `coffer connect`, from the invitation to the end.
struct DAppRun: Sendable {
    let client: SignClient
    let plan: DAppPlan
    let feed: Feed
    let timeoutSeconds: Int64

    /// - Throws: what failed; ``SilentExit`` when a request was refused or its signature is not the account's.
    func run(_ events: AsyncStream<SignEvent>) async throws {
        guard let session = try await session() else { return }
        let hasFailed = Mark()
        let isComplete: Void? = try await Watched.run(
            { try await DAppEvents(topic: session.topic, feed: feed).follow(events) },
            while: { try await conversation(session, hasFailed) })
        // The wallet may have left before everything was asked.
        if hasFailed.isSet || (isComplete == nil && plan.endsAfterRequests) { throw SilentExit(exit: .failed) }
    }

    // MARK: The session

    /// The session to work with; `nil` when the wallet only signed in.
    private func session() async throws -> WalletSession? {
        if let wanted = plan.session { return try await kept(wanted) }
        if let signIn = plan.signIn { return try await signedIn(signIn) }
        let offer = ConnectOffer(optionalNamespaces: try namespaces())
        let pending = try await client.connect(offer)
        try invite(pending.uri)
        let session = try await pending.session()
        try show(session)
        return session
    }

    private func namespaces() throws -> NamespaceMap<ProposalNamespace> {
        try NamespaceMap<ProposalNamespace>.decode(plan.wish.namespaces)
    }

    private func kept(_ wanted: String) async throws -> WalletSession {
        let sessions = client.sessions.filter { !$0.isController }
        let found =
            wanted == "last" ? sessions.max { $0.expiry < $1.expiry } : sessions.first { $0.topic.hex == wanted }
        guard let found else {
            throw ClientError(.failed, "there is no such session", fix: "connect anew, without --session")
        }
        try show(found)
        return found
    }

    private func signedIn(_ wish: SignInWish) async throws -> WalletSession? {
        let request = AuthRequest(
            domain: wish.domain, uri: wish.url, chains: plan.wish.chains.map(\.description),
            nonce: Hex.encode(RandomSource.system.bytes(16)), statement: wish.statement, methods: plan.wish.methods)
        let pending = try await client.authenticate(request)
        try invite(pending.uri)
        let answer = try await pending.response()
        for cacao in answer.cacaos {
            let issuer = try? Issuer(cacao.payload.issuer)
            try feed.show(
                .authenticated(
                    issuer: cacao.payload.issuer, address: issuer?.address ?? cacao.payload.issuer, isVerified: true))
        }
        if let session = answer.session { try show(session) }
        return answer.session
    }

    private func invite(_ uri: PairingURI?) throws {
        guard let uri else { return }
        if plan.showsCode { try feed.draw(uri.text) }
        try feed.show(.uri(uri.text, expiry: uri.expiry))
        feed.note("waiting for a wallet, at most \(timeoutSeconds) s")
    }

    private func show(_ session: WalletSession) throws {
        try feed.show(
            .session(
                topic: session.topic.hex, peer: session.peer.metadata.json, namespaces: session.namespaces.json,
                expiry: session.expiry, pairingTopic: session.pairingTopic.hex))
    }

    // MARK: The conversation

    /// Everything that was asked for, in order.
    private func conversation(_ session: WalletSession, _ hasFailed: Mark) async throws {
        for request in plan.requests where try await !carryOut(request, session.topic) { hasFailed.set() }
        if plan.pings { try await ping(session.topic) }
        if plan.readsInput {
            try await LineInput.forEach { line in
                let (goesOn, isGood) = try await carryOut(line: line, session.topic)
                if !isGood { hasFailed.set() }
                return goesOn
            }
        } else if !plan.endsAfterRequests {
            feed.note("connected; Ctrl-C ends the program, and the session stays")
            try await Watched.forever()
        }
        if plan.disconnects, client.session(session.topic) != nil { try await disconnect(session.topic) }
    }

    /// - Returns: whether to go on, and whether it was granted.
    private func carryOut(line: String, _ topic: Topic) async throws -> (goesOn: Bool, wasGood: Bool) {
        do {
            switch try DriverCommand(line: line) {
            case .request(let request): return (true, try await carryOut(request, topic))
            case .ping: try await ping(topic)
            case .emit(let name, let data, let chain):
                guard let session = client.session(topic), let on = chain ?? session.chains.first else {
                    throw ClientError(.failed, "the session is over")
                }
                try await client.emit(SessionEvent(name: name, data: data), chainID: on.description, on: topic)
            case .disconnect:
                try await disconnect(topic)
                return (false, true)
            case .quit: return (false, true)
            case .approve, .reject, .update, .extend:
                throw ClientError(.usage, "this is the wallet's to do")
            }
            return (true, true)
        } catch let error as OutputClosed {
            throw error
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            // A script goes on with its next line.
            try feed.show(.failed("line", code: nil, message: ClientError(walletConnect: error).message))
            return (true, false)
        }
    }

    private func carryOut(_ request: PlannedRequest, _ topic: Topic) async throws -> Bool {
        guard let session = client.session(topic) else { throw ClientError(.failed, "the session is over") }
        guard let chain = request.chain ?? session.chains.first else {
            throw ClientError(.failed, "the session has no account")
        }
        let account = session.account(on: chain)
        let params = request.params(account: account?.address ?? "", on: chain)
        feed.note("asking the wallet for \(request.method)")
        var id: Int64?
        do {
            let calling = try await client.requestWithoutWaiting(
                SessionRequest(
                    topic: topic, chainID: chain.description, method: request.method, params: params,
                    expirySeconds: max(timeoutSeconds, Lifetime.requestSecondsRange.lowerBound)))
            id = calling.id
            let result = try await client.awaitResponse(calling.id)
            let check = account.flatMap { ResultCheck.of(request.method, params, result: result, account: $0) }
            try feed.show(
                .response(
                    id: calling.id, method: request.method, chain: chain.description, result: result, check: check,
                    account: account))
            return check == nil || check == .verified
        } catch let error as SignError where error.code != .cancelled {
            // The wallet's words if it has refused, else why the request failed.
            let words: JSON =
                error.peer?.json ?? ["code": .string(error.code.rawValue), "message": .string(error.message)]
            try feed.show(.refusal(id: id, method: request.method, chain: chain.description, error: words))
            return false
        }
    }

    private func ping(_ topic: Topic) async throws {
        let began = ContinuousClock.now
        try await client.ping(topic)
        let took = began.duration(to: .now)
        try feed.show(.pong(milliseconds: Int64(took / .milliseconds(1))))
    }

    private func disconnect(_ topic: Topic) async throws {
        try await client.disconnect(topic)
        try feed.show(.ended(topic: topic.hex, by: "us", code: nil, message: nil))
    }
}

/// Shows what the wallet tells about one session.
struct DAppEvents: Sendable {
    let topic: Topic
    let feed: Feed

    /// Until the session is over.
    func follow(_ events: AsyncStream<SignEvent>) async throws {
        for await event in events {
            switch event {
            case .sessionEvent(topic, _, let event, let chain):
                try feed.show(.announced(name: event.name, data: event.data ?? .null, chain: chain))
            case .sessionUpdate(topic, _, let namespaces):
                try feed.show(.updated(topic: topic.hex, namespaces: namespaces.json))
            case .sessionExtend(topic, _, let expiry):
                try feed.show(.extended(topic: topic.hex, expiry: expiry))
            case .sessionDelete(topic, _, let reason):
                switch reason {
                case .peer(let error):
                    try feed.show(
                        .ended(topic: topic.hex, by: "the wallet", code: error?.code, message: error?.message))
                    return
                case .expired:
                    try feed.show(.ended(topic: topic.hex, by: "time", code: nil, message: nil))
                    return
                case .local: break
                }
            default: break
            }
        }
    }
}
