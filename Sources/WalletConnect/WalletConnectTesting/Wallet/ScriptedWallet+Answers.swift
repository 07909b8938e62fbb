import ChainEVM
import Primitives
import Synchronization
import WalletConnectClient
import WalletConnectProtocol

/// How a scripted wallet answers.
extension ScriptedWallet {
    // MARK: Requests

    /// Notes a request, and gives it the next step of its script.
    func step(for request: PendingRequest) -> WalletStep {
        let step = state.withLock {
            $0.script.next([.methodIn(request.method, request.topic), .method(request.method), .anything])
        }
        note(request)
        return step
    }

    func take(_ request: PendingRequest, _ step: WalletStep) async {
        do {
            try await carryOut(step, request)
        } catch is CancellationError {
            return
        } catch {
            fault("\(request.method) was not answered", error)
        }
    }

    private func carryOut(_ step: WalletStep, _ request: PendingRequest) async throws {
        switch step {
        case .approve: try await answer(request) { try await self.value(of: request, isForged: false) }
        case .forge: try await answer(request) { try await self.value(of: request, isForged: true) }
        case .answer(let value): try await answer(request) { value }
        case .compute(let compute): try await answer(request) { try await compute(request) }
        case .garbage: try await answer(request) { WalletStep.garbageValue }
        case .refuse(let error):
            let usual = error.code == nil && error.message == nil
            try await answer(request) { throw usual ? Self.rejected : error }
        case .never: return
        case .after(let milliseconds, let next):
            await settings.delays.sleep(milliseconds: milliseconds)
            try Task.checkCancellation()
            try await carryOut(next, request)
        case .disconnect: try await client.disconnect(request.topic)
        case .changeChain(let chain, let next):
            try await changeChain(to: chain, in: request.topic)
            try await carryOut(next, request)
        case .changeAccount(let label, let next):
            try await changeAccount(to: label, in: request.topic)
            try await carryOut(next, request)
        }
    }

    private static let rejected = PeerError(code: 4001, message: "User rejected the request.")

    private func answer(_ request: PendingRequest, _ compute: () async throws -> JSON) async throws {
        let answer: Answer
        do {
            answer = .result(try await compute())
        } catch let error as PeerError {
            answer = .failure(error)
        } catch let error as CancellationError {
            throw error
        } catch {
            answer = .failure(PeerError(code: -32603, message: "Internal error: \(error)"))
        }
        try await client.respond(to: request.id, on: request.topic, with: answer)
    }

    private func value(of request: PendingRequest, isForged: Bool) async throws -> JSON {
        guard let chain = try? ChainID(request.chain) else { throw EVMAnswers.invalid("the chain is malformed") }
        let params = request.params ?? []
        var value = JSON.null
        var failure = EVMAnswers.unsupported(request.method)
        // An account the session was changed to is asked about by its address: the first that knows it answers.
        for label in labels(of: request.topic) {
            do {
                value = try await self.value(request.method, params, chain, label, isForged: isForged)
                try await afterwards(request, params)
                return value
            } catch let error as PeerError {
                failure = error
                guard error == EVMAnswers.otherAccount else { throw error }
            }
        }
        throw failure
    }

    private func value(
        _ method: String, _ params: JSON, _ chain: ChainID, _ label: String, isForged: Bool
    ) async throws -> JSON {
        switch ScriptedWalletSettings.Family(rawValue: chain.namespace) {
        case .evm:
            let key = keys.evm(label)
            guard isForged else {
                return try await EVMAnswers(key: key, sender: settings.sender).answer(method, params, on: chain)
            }
            // The same question, asked of the wrong key in its own name.
            let forger = keys.evm("forger of \(label)")
            let renamed = params.replacing(key.address, by: forger.address)
            return try await EVMAnswers(key: forger, sender: nil).answer(method, renamed, on: chain)
        case .solana: return try keys.solana(isForged ? "forger of \(label)" : label).answer(method, params)
        case .bitcoin: return try keys.bitcoin(isForged ? "forger of \(label)" : label).answer(method, params)
        case nil: throw EVMAnswers.unsupported(method)
        }
    }

    /// The dApp learns of the chain that it switched to; its own wish is not enough.
    private func afterwards(_ request: PendingRequest, _ params: JSON) async throws {
        guard request.method == "wallet_switchEthereumChain", let text = params[0]?["chainId"]?.string,
            let number = (try? UInt256(hexQuantity: text))?.uint64,
            let chain = try? ChainID(namespace: "eip155", reference: String(number)),
            let session = client.session(request.topic)
        else { return }
        guard session.allows(chain: chain.description) else {
            throw PeerError(code: 4902, message: "Unrecognized chain ID \(text).")
        }
        try await changeChain(to: chain, in: request.topic)
    }

    // MARK: Proposals

    /// Notes a proposal, and gives it the next step of its script.
    func step(for received: ReceivedProposal) -> WalletStep {
        state.withLock { state in
            state.proposals.append(received.proposal)
            return state.script.next([.proposal])
        }
    }

    func take(_ received: ReceivedProposal, _ step: WalletStep) async {
        let proposal = received.proposal
        do {
            try await carryOut(step, proposal)
        } catch is CancellationError {
            return
        } catch let error as TestingError {
            settled.set(proposal.pairingTopic, .failure(error))
        } catch {
            fault("a proposal was not answered", error)
            settled.set(proposal.pairingTopic, .failure(TestingError(.proposalRejected, "\(error)")))
        }
    }

    private func carryOut(_ step: WalletStep, _ proposal: SessionProposal) async throws {
        switch step {
        case .refuse(let error):
            try await refuse(
                proposal, Reason(code: error.code ?? 5000, message: error.message ?? "User rejected."))
        case .never: return
        case .after(let milliseconds, let next):
            await settings.delays.sleep(milliseconds: milliseconds)
            try Task.checkCancellation()
            try await carryOut(next, proposal)
        case .disconnect:
            let session = try await approve(proposal)
            try await client.disconnect(session.topic)
        default: _ = try await approve(proposal)
        }
    }

    private func approve(_ proposal: SessionProposal) async throws -> Session {
        let namespaces: NamespaceMap<SessionNamespace>
        do {
            namespaces = try NamespaceRules.buildApproved(
                required: proposal.requiredNamespaces, optional: proposal.optionalNamespaces,
                supported: supported(proposal))
        } catch {
            try await refuse(proposal, Reason(code: 5100, message: error.message))
            throw error
        }
        guard !namespaces.isEmpty else {
            let reason = Reason(code: 5100, message: "Unsupported chains.")
            try await refuse(proposal, reason)
            throw TestingError(.proposalRejected, reason.message)
        }
        let approval = Approval(id: proposal.id, pairingTopic: proposal.pairingTopic, namespaces: namespaces)
        let session = try await client.approve(approval).acknowledged()
        settled.set(proposal.pairingTopic, .success(session))
        return session
    }

    private func refuse(_ proposal: SessionProposal, _ reason: Reason) async throws {
        try await client.reject(proposal.id, on: proposal.pairingTopic, reason: reason)
        throw TestingError(.proposalRejected, "\(reason.code) \(reason.message)")
    }

    /// What it has of what is asked for: a namespace for each family, with its account on each chain.
    private func supported(_ proposal: SessionProposal) -> NamespaceMap<SessionNamespace> {
        let label = settings.hasAccountPerSession ? proposal.pairingTopic.hex : TestKeys.first
        let asked = (proposal.requiredNamespaces.entries + proposal.optionalNamespaces.entries).flatMap { entry in
            entry.value.chains ?? [entry.key]
        }
        var chains: [ChainID] = []
        for chain in settings.chains ?? asked.compactMap({ try? ChainID($0) }) where !chains.contains(chain) {
            chains.append(chain)
        }
        var namespaces: NamespaceMap<SessionNamespace> = [:]
        for family in ScriptedWalletSettings.Family.allCases where settings.families.contains(family) {
            let own = chains.filter { $0.namespace == family.rawValue }
            guard !own.isEmpty else { continue }
            namespaces[family.rawValue] = SessionNamespace(
                chains: own.map(\.description), accounts: own.map { "\($0):\(address(family, label))" },
                methods: family.methods + settings.extraMethods, events: EVMAnswers.events)
        }
        return namespaces
    }

    private func address(_ family: ScriptedWalletSettings.Family, _ label: String) -> String {
        switch family {
        case .evm: keys.evm(label).address.description
        case .solana: keys.solana(label).address
        case .bitcoin: keys.bitcoin(label).address
        }
    }

    // MARK: Sign-ins

    /// Notes a sign-in, and gives it the next step of its script.
    func step(for received: ReceivedAuthentication) -> WalletStep {
        state.withLock { state in
            state.signIns.append(received)
            return state.script.next([.signIn])
        }
    }

    func take(_ received: ReceivedAuthentication, _ step: WalletStep) async {
        do {
            try await carryOut(step, received)
        } catch is CancellationError {
            return
        } catch let error as TestingError {
            settled.set(received.pairingTopic, .failure(error))
        } catch {
            fault("a sign-in was not answered", error)
            settled.set(received.pairingTopic, .failure(TestingError(.proposalRejected, "\(error)")))
        }
    }

    private func carryOut(_ step: WalletStep, _ received: ReceivedAuthentication) async throws {
        switch step {
        case .refuse(let error):
            let reason = Reason(code: error.code ?? 12_001, message: error.message ?? "User rejected.")
            try await client.rejectAuthentication(received.id, on: received.pairingTopic, reason: reason)
            throw TestingError(.proposalRejected, "\(reason.code) \(reason.message)")
        case .never: return
        case .after(let milliseconds, let next):
            await settings.delays.sleep(milliseconds: milliseconds)
            try Task.checkCancellation()
            try await carryOut(next, received)
        default: try await signIn(received)
        }
    }

    private func signIn(_ received: ReceivedAuthentication) async throws {
        let label = settings.hasAccountPerSession ? received.pairingTopic.hex : TestKeys.first
        let account = keys.evm(label)
        let chains = received.payload.chains.compactMap { try? ChainID($0) }
            .filter { $0.namespace == "eip155" && settings.chains?.contains($0) ?? true }
        let payload = try received.payload.limited(
            toChains: chains.map(\.description), methods: EVMAnswers.methods + settings.extraMethods)
        var cacaos: [Cacao] = []
        for chain in chains {
            let issuer = try Issuer(chain: chain, address: account.address.description)
            let text = try SignInMessage.text(answering: payload, issuer: issuer.did)
            cacaos.append(
                Cacao(
                    answering: payload, issuer: issuer.did,
                    signature: Cacao.Signature(type: "eip191", value: account.sign(text: text))))
        }
        let granted = try await client.approveAuthentication(
            received.id, on: received.pairingTopic, cacaos: cacaos)
        let nothing = TestingError(.noSession, "the sign-in was for no session")
        settled.set(received.pairingTopic, granted.session.map { .success($0) } ?? .failure(nothing))
    }

    // MARK: Labels

    /// The labels of a session's accounts: the one it began with, and those it was changed to.
    func labels(of topic: Topic) -> [String] {
        let first = client.session(topic).map { settings.hasAccountPerSession ? $0.pairingTopic.hex : TestKeys.first }
        return [first ?? TestKeys.first] + state.withLock { $0.labels[topic] ?? [] }
    }
}

extension ScriptedWalletSettings.Family {
    var methods: [String] {
        switch self {
        case .evm: EVMAnswers.methods
        case .solana: SolanaTestKey.methods
        case .bitcoin: BitcoinTestKey.methods
        }
    }
}

extension JSON {
    /// The same with another address wherever one stands.
    fileprivate func replacing(_ address: Address, by other: Address) -> JSON {
        switch self {
        case .string(let text):
            (try? Address(ignoringChecksum: text)) == address ? .string(other.description) : self
        case .array(let values): .array(values.map { $0.replacing(address, by: other) })
        case .object(let members):
            .object(members.map { JSONMember(name: $0.name, value: $0.value.replacing(address, by: other)) })
        default: self
        }
    }
}
