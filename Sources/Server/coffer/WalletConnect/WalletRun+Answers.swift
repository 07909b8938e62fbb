import ChainEVM
import CofferClient
import Primitives
import WalletConnectClient
import WalletConnectProtocol

/// What the test wallet does once it was decided.
extension WalletRun {
    // MARK: Sessions

    /// - Returns: whether there is a session.
    func approve(_ received: ReceivedProposal) async throws -> Bool {
        let proposal = received.proposal
        let approved: NamespaceMap<SessionNamespace>
        do throws(SignError) {
            approved = try NamespaceRules.buildApproved(
                required: proposal.requiredNamespaces, optional: proposal.optionalNamespaces,
                supported: supported(proposal))
            guard !approved.isEmpty else { throw SignError(.unsupportedChains, message: "Unsupported chains.") }
        } catch {
            // What is missing is said to the dApp in its own terms.
            let reason = Reason(code: 5100, message: error.message)
            try await client.reject(proposal.id, on: proposal.pairingTopic, reason: reason)
            try feed.show(
                .refused(
                    id: proposal.id.int64 ?? 0, what: "proposal",
                    TestWalletRefusal(code: 5100, message: error.message)))
            return false
        }
        let approving = try await client.approve(
            Approval(id: proposal.id, pairingTopic: proposal.pairingTopic, namespaces: approved))
        try show(approving.session)
        settled(approving.session.topic)
        try await approving.acknowledged()
        try await afterwards(approving.session.topic)
        return true
    }

    func reject(_ received: ReceivedProposal) async throws {
        let reason = Reason(code: SDKError.userRejected.code, message: SDKError.userRejected.text)
        try await client.reject(received.proposal.id, on: received.proposal.pairingTopic, reason: reason)
        try feed.show(
            .refused(
                id: received.proposal.id.int64 ?? 0, what: "proposal",
                TestWalletRefusal(code: reason.code, message: reason.message)))
    }

    /// The account on every chain that the wallet is on.
    private func supported(_ proposal: SessionProposal) -> NamespaceMap<SessionNamespace> {
        let asked = (proposal.requiredNamespaces.entries + proposal.optionalNamespaces.entries).flatMap { entry in
            entry.value.chains ?? [entry.key]
        }
        let wanted = asked.compactMap { try? ChainID($0) }.filter { EVMChain.number($0) != nil }
        var chains: [ChainID] = []
        // A dApp that asks for nothing takes what it gets, and a session without an account is good for nothing.
        let named = plan.chains ?? (asked.isEmpty ? [EVMChain.id(hexQuantity: "0x1")].compactMap(\.self) : wanted)
        for chain in named where !chains.contains(chain) { chains.append(chain) }
        return [
            "eip155": SessionNamespace(
                chains: chains.map(\.description), accounts: chains.map { "\($0):\(plan.wallet.address)" },
                methods: TestWallet.methods, events: TestWallet.events)
        ]
    }

    private func afterwards(_ topic: Topic) async throws {
        if let namespaces = plan.update { try await update(topic, namespaces) }
        for announcement in plan.announcements { try await announce(announcement, in: topic) }
        if plan.extends { try await extend(topic) }
    }

    func update(_ topic: Topic, _ namespaces: JSON) async throws {
        let decoded = try NamespaceMap<SessionNamespace>.decode(namespaces)
        try await client.update(topic, namespaces: decoded)
        try feed.show(.updated(topic: topic.hex, namespaces: namespaces))
    }

    func extend(_ topic: Topic) async throws {
        let full = Expiry.after(Lifetime.sessionSeconds, from: WallClock.system.now)
        // Peers refuse an extension that extends nothing, such as one in the session's first second.
        if let session = client.session(topic), session.expiry < full { try await client.extend(topic) }
        if let session = client.session(topic) {
            try feed.show(.extended(topic: topic.hex, expiry: session.expiry))
        }
    }

    func announce(_ announcement: Announcement, in topic: Topic) async throws {
        guard let session = client.session(topic), let chain = announcement.chain ?? session.chains.first else {
            throw ClientError(.failed, "the session is over")
        }
        try await client.emit(
            SessionEvent(name: announcement.name, data: announcement.data), chainID: chain.description, on: topic)
        feed.note("told the dApp about \(announcement.name)")
    }

    // MARK: Signing in

    /// - Returns: whether there is a session.
    func sign(_ received: ReceivedAuthentication) async throws -> Bool {
        let asked = received.payload.chains.compactMap { try? ChainID($0) }.filter { EVMChain.number($0) != nil }
        let chains = plan.chains.map { own in asked.filter { own.contains($0) } } ?? asked
        let payload: AuthPayload
        do {
            payload = try received.payload.limited(
                toChains: chains.map(\.description), methods: TestWallet.methods)
        } catch {
            try await client.rejectAuthentication(
                received.id, on: received.pairingTopic, reason: Reason(code: 5100, message: "\(error)"))
            try feed.show(
                .refused(
                    id: received.id.int64 ?? 0, what: "sign-in", TestWalletRefusal(code: 5100, message: "\(error)")))
            return false
        }
        var cacaos: [Cacao] = []
        for chain in chains {
            let issuer = try Issuer(chain: chain, address: plan.wallet.address.description)
            let text = try SignInMessage.text(answering: payload, issuer: issuer.did)
            cacaos.append(
                Cacao(
                    answering: payload, issuer: issuer.did,
                    signature: Cacao.Signature(type: "eip191", value: plan.wallet.sign(text: text))))
        }
        let answer = try await client.approveAuthentication(received.id, on: received.pairingTopic, cacaos: cacaos)
        try feed.show(
            .answered(
                id: received.id.int64 ?? 0, method: "sign-in",
                result: .array(cacaos.map { .string($0.payload.issuer) }), note: nil))
        guard let session = answer.session else { return false }
        try show(session)
        settled(session.topic)
        try await afterwards(session.topic)
        return true
    }

    func reject(_ received: ReceivedAuthentication) async throws {
        let reason = Reason(code: SDKError.userRejected.code, message: SDKError.userRejected.text)
        try await client.rejectAuthentication(received.id, on: received.pairingTopic, reason: reason)
        try feed.show(
            .refused(
                id: received.id.int64 ?? 0, what: "sign-in",
                TestWalletRefusal(code: reason.code, message: reason.message)))
    }

    // MARK: Requests

    func answer(_ request: PendingRequest, isGranted: Bool) async throws {
        let id = request.id.int64 ?? 0
        do {
            guard isGranted else { throw TestWalletRefusal.rejected }
            let (result, note) = try await result(of: request)
            try await client.respond(to: request.id, on: request.topic, with: .result(result))
            try feed.show(.answered(id: id, method: request.method, result: result, note: note))
            if request.method == "wallet_switchEthereumChain" { try await tellChain(request) }
        } catch let refusal as TestWalletRefusal {
            let error = PeerError(code: refusal.code, message: refusal.message)
            try await client.respond(to: request.id, on: request.topic, with: .failure(error))
            try feed.show(.refused(id: id, what: request.method, refusal))
        }
    }

    private func result(of request: PendingRequest) async throws -> (JSON, note: String?) {
        guard let chain = try? ChainID(request.chain) else {
            throw TestWalletRefusal(code: -32602, message: "Invalid params: the chain is malformed")
        }
        let chains = client.session(request.topic)?.chains ?? []
        switch plan.wallet.answer(request.method, request.params ?? [], on: chain, among: chains) {
        case .result(let result): return (result, nil)
        case .refusal(let refusal): throw refusal
        case .chain: return (.null, nil)
        case .transaction(let draft, let isSent):
            var answers: [String: JSON] = [:]
            if let node {
                for question in draft.questions {
                    answers[question.method] = try await node.call(question.method, question.params)
                }
            }
            let signed = plan.wallet.sign(try draft.transaction(node: answers))
            let raw = JSON.string(Hex.encodePrefixed(signed.raw))
            guard isSent else { return (raw, nil) }
            guard let node else {
                return (
                    .string(signed.hash.description), "signed, and NOT broadcast: no --rpc-url was given"
                )
            }
            return (try await node.call("eth_sendRawTransaction", [raw]), "broadcast")
        }
    }

    /// The dApp learns of the chain it switched to; its own wish is not enough for most.
    private func tellChain(_ request: PendingRequest) async throws {
        guard let text = request.params?[0]?["chainId"]?.string, let chain = EVMChain.id(hexQuantity: text),
            let number = EVMChain.number(chain),
            let session = client.session(request.topic),
            session.allows(chain: chain.description, event: "chainChanged")
        else { return }
        try await announce(Announcement(chain: chain, name: "chainChanged", data: JSON(number)), in: request.topic)
    }
}

/// A session between a dApp and a wallet; the program's own `Session` is one with a server.
typealias WalletSession = WalletConnectProtocol.Session

extension WalletSession {
    /// The chains of the accounts, each once and in order.
    var chains: [ChainID] {
        var chains: [ChainID] = []
        for account in accounts where !chains.contains(account.chain) { chains.append(account.chain) }
        return chains
    }

    /// The first account on a chain.
    func account(on chain: ChainID) -> AccountID? { accounts.first { $0.chain == chain } }

    private var accounts: [AccountID] {
        namespaces.values.flatMap(\.accounts).compactMap { try? AccountID($0) }
    }
}
