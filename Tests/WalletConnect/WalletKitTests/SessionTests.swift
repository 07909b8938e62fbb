import Primitives
import Testing
import WalletConnectClient
import WalletConnectProtocol
import WalletKit

/// Sessions, from the dApp's address to the end.
struct SessionTests {
    @Test func `a session is approved with what the wallet supports`() async throws {
        try await Stage.running { stage in
            let wish = ProposalNamespace(
                chains: ["eip155:1", "eip155:137"], methods: ["personal_sign", "eth_sign"], events: ["chainChanged"])
            let pending = try await stage.propose(optional: ["eip155": wish])
            let received = try await stage.told.proposal()
            #expect(received.proposal.proposer.metadata == Stage.metadata("DApp"))
            #expect(received.verifyContext.validation == .unknown)
            let namespaces = try WalletKit.buildApprovedNamespaces(for: received.proposal, supported: Stage.supported)
            let session = try await stage.kit.approveSession(received, namespaces: namespaces)
            #expect(
                session.namespaces["eip155"]
                    == SessionNamespace(
                        chains: ["eip155:1"], accounts: [Stage.account], methods: ["personal_sign"],
                        events: ["chainChanged"]))
            #expect(session.isController)
            let other = try await pending.session()
            #expect(other.topic == session.topic)
            #expect(other.peer.metadata == Stage.metadata("Wallet"))
            try await eventually("acknowledged") { stage.kit.activeSessions[session.topic]?.acknowledged == true }
        }
    }

    @Test func `a proposal is rejected in the wallet's words`() async throws {
        try await Stage.running { stage in
            let pending = try await stage.propose()
            try await stage.kit.rejectSession(try await stage.told.proposal())
            let error = await #expect(throws: SignError.self) { try await pending.session() }
            #expect(error?.peer == PeerError(code: 5000, message: "User rejected."))

            let second = try await stage.propose()
            try await stage.kit.rejectSession(
                try await stage.told.proposal().proposal.id, reason: WalletKit.reason(.unsupportedChains, "eip155:5"))
            let told = await #expect(throws: SignError.self) { try await second.session() }
            #expect(told?.peer == PeerError(code: 5100, message: "Unsupported chains. eip155:5"))
            #expect(stage.kit.pendingSessionProposals.isEmpty)
        }
    }

    @Test func `what does not cover the required namespaces is not approved, and may be approved better`() async throws
    {
        try await Stage.running(dapp: { $0.sign.mergesRequiredIntoOptional = false }) { stage in
            let pending = try await stage.propose(required: Stage.wanted, optional: [:])
            let received = try await stage.told.proposal()
            var poor = Stage.supported
            poor["eip155"]?.methods = ["personal_sign"]
            let code = await #expect(throws: SignError.self) {
                try await stage.kit.approveSession(received, namespaces: poor)
            }?.code
            #expect(code == .namespacesNotConforming)
            #expect(throws: SignError.self) {
                try WalletKit.buildApprovedNamespaces(for: received.proposal, supported: poor)
            }
            let session = try await stage.kit.approveSession(
                Approval(id: received.proposal.id, namespaces: Stage.supported))
            #expect(try await pending.session().topic == session.topic)
        }
    }

    @Test func `a session is updated, and the dApp acknowledges it`() async throws {
        try await Stage.running { stage in
            let session = try await stage.settle()
            var wider = session.namespaces
            wider["eip155"]?.methods.append("eth_signTypedData_v4")
            let change = try await stage.kit.updateSession(session.topic, namespaces: wider)
            #expect(stage.kit.activeSessions[session.topic]?.namespaces == wider)
            try await change.acknowledged()
            #expect(stage.dapp.session(session.topic)?.namespaces == wider)
            try await stage.heard.event("an update") { event -> Void? in
                guard case .sessionUpdate(session.topic, _, wider) = event else { return nil }
                return ()
            }
        }
    }

    @Test func `a session is extended, and the dApp acknowledges it`() async throws {
        try await Stage.running(
            {
                var wallet = Stage.Wallet()
                wallet.change = { $0.client.sign.lifetimes.sessionSeconds = 604_000 }
                return wallet
            }()
        ) { stage in
            let session = try await stage.settle()
            // An extension within the second of the settlement changes nothing.
            let change = try await eventually("an extension that extends") { () -> SessionChange? in
                let change = try await stage.kit.extendSession(session.topic)
                guard let now = stage.kit.activeSessions[session.topic], now.expiry > session.expiry else { return nil }
                return change
            }
            try await change.acknowledged()
            #expect(stage.dapp.session(session.topic)?.expiry == stage.kit.activeSessions[session.topic]?.expiry)
        }
    }

    @Test func `a request is answered with a result, and another with an error`() async throws {
        try await Stage.running { stage in
            let session = try await stage.settle()
            let first = try await stage.ask(session.topic, ["0x68656c6c6f", "any"])
            let request = try await stage.told.request()
            #expect(request.topic == session.topic)
            #expect(request.chain == Stage.chain)
            #expect(request.method == "personal_sign")
            #expect(request.params == ["0x68656c6c6f", "any"])
            #expect(stage.kit.pendingSessionRequests.map(\.id) == [request.id])
            try await stage.kit.respondSessionRequest(request, with: .result(["signed": [1, nil]]))
            #expect(try await stage.dapp.awaitResponse(first.id) == ["signed": [1, nil]])
            #expect(stage.kit.pendingSessionRequests.isEmpty)

            let second = try await stage.ask(session.topic)
            let refused = try await stage.told.request()
            try await stage.kit.respondSessionRequest(
                refused.id, on: refused.topic, with: .failure(SDKError.userRejected.peerError()))
            let error = await #expect(throws: SignError.self) { try await stage.dapp.awaitResponse(second.id) }
            #expect(error?.peer?.code == 5000)
            let code = await #expect(throws: SignError.self) {
                try await stage.kit.respondSessionRequest(refused, with: .result(true))
            }?.code
            #expect(code == .recentlyDeleted)
        }
    }

    @Test func `requests sent right after the settlement are all shown`() async throws {
        try await Stage.running { stage in
            let pending = try await stage.propose()
            let received = try await stage.told.proposal()
            async let settled = pending.session()
            try await stage.kit.approveSession(received, namespaces: Stage.supported)
            let topic = try await settled.topic
            var calls: [Calling] = []
            for number in 0..<3 { calls.append(try await stage.ask(topic, [JSON(number)])) }
            for _ in 0..<3 {
                let request = try await stage.told.request()
                try await stage.kit.respondSessionRequest(request, with: .result(request.params ?? .null))
            }
            for (number, call) in calls.enumerated() {
                #expect(try await stage.dapp.awaitResponse(call.id) == [JSON(number)])
            }
        }
    }

    @Test func `an event is told to the dApp, and one that was not approved is refused`() async throws {
        try await Stage.running { stage in
            let session = try await stage.settle()
            let event = SessionEvent(name: "chainChanged", data: 1)
            try await stage.kit.emitSessionEvent(event, chainID: Stage.chain, on: session.topic)
            let heard = try await stage.heard.event("an event") { told -> SessionEvent? in
                guard case .sessionEvent(session.topic, _, let event, Stage.chain) = told else { return nil }
                return event
            }
            #expect(heard == event)
            await #expect(throws: SignError.self) {
                try await stage.kit.emitSessionEvent(
                    SessionEvent(name: "never", data: 1), chainID: Stage.chain, on: session.topic)
            }
        }
    }

    @Test func `the wallet ends a session, and a second time nothing happens`() async throws {
        try await Stage.running { stage in
            let session = try await stage.settle()
            try await stage.kit.disconnectSession(session.topic)
            #expect(stage.kit.activeSessions.isEmpty)
            let reason = try await stage.heard.event("the end") { event -> SessionEnd? in
                guard case .sessionDelete(session.topic, _, let reason) = event else { return nil }
                return reason
            }
            #expect(reason == .peer(PeerError(code: 6000, message: "User disconnected.")))
            try await stage.kit.disconnectSession(session.topic)
        }
    }

    @Test func `the dApp ends a session, and it is gone when the wallet is told`() async throws {
        try await Stage.running { stage in
            let session = try await stage.settle()
            let seen = Notes<Int>()
            stage.kit.on(.sessionDelete) { [kit = stage.kit] _ in seen.add(kit.activeSessions.count) }
            try await stage.dapp.disconnect(session.topic)
            guard case .peer = try await stage.told.deletion(of: session.topic).reason else {
                Issue.record("the dApp ended it")
                return
            }
            try await eventually("the listener") { seen.all == [0] }
        }
    }

    @Test func `sessions, proposals and requests are listed`() async throws {
        try await Stage.running { stage in
            #expect(stage.kit.activeSessions.isEmpty)
            let first = try await stage.settle()
            let second = try await stage.settle()
            #expect(Set(stage.kit.activeSessions.keys) == [first.topic, second.topic])
            #expect(stage.kit.activeSessions[first.topic]?.peer.metadata.name == "DApp")

            _ = try await stage.propose()
            let received = try await stage.told.proposal()
            #expect(stage.kit.pendingSessionProposals == [received])

            _ = try await stage.ask(first.topic, [1])
            _ = try await stage.ask(second.topic, [2])
            let asked = [try await stage.told.request(), try await stage.told.request()]
            #expect(Set(stage.kit.pendingSessionRequests) == Set(asked))
            #expect(Set(asked.map(\.topic)) == [first.topic, second.topic])
        }
    }

    @Test func `a proposal and a request that nobody answers run out, and the wallet is told`() async throws {
        let time = MovedClock()
        try await Stage.running(Stage.Wallet(clock: time.clock)) { stage in
            let session = try await stage.settle()
            _ = try await stage.propose()
            let proposal = try await stage.told.proposal().proposal
            _ = try await stage.ask(session.topic)
            let request = try await stage.told.request()
            try await time.move(bySeconds: 901, for: stage.kit)
            let ended = try await stage.told.event("the proposal's end") { event -> ProposalExpiration? in
                guard case .proposalExpire(let expiration) = event else { return nil }
                return expiration
            }
            #expect(ended.id == proposal.id)
            #expect(ended.pairingTopic == proposal.pairingTopic)
            let expired = try await stage.told.event("the request's end") { event -> RequestExpiration? in
                guard case .sessionRequestExpire(let expiration) = event else { return nil }
                return expiration
            }
            #expect(expired.id == request.id)
            #expect(expired.topic == session.topic)
            #expect(stage.kit.pendingSessionProposals.isEmpty)
            #expect(stage.kit.pendingSessionRequests.isEmpty)
            let code = await #expect(throws: SignError.self) {
                try await stage.kit.respondSessionRequest(request, with: .result(true))
            }?.code
            #expect(code == .requestExpired)
        }
    }

    @Test func `a settlement that the dApp refuses ends the session, and the wallet is told why`() async throws {
        let wallet = Stage.Wallet(change: { $0.client.sign.lifetimes.sessionSeconds = 60 * 86_400 })
        try await Stage.running(wallet) { stage in
            let pending = try await stage.propose()
            let received = try await stage.told.proposal()
            let session = try await stage.kit.approveSession(received, namespaces: Stage.supported)
            #expect(!session.acknowledged)
            guard case .peer(let words) = try await stage.told.deletion(of: session.topic).reason else {
                Issue.record("the dApp ended it")
                return
            }
            #expect(words?.code == 7000)
            #expect(stage.kit.activeSessions.isEmpty)
            let error = await #expect(throws: SignError.self) { try await pending.session() }
            #expect(error?.code == .settlementFailed)
        }
    }

    @Test func `proposals and sessions that are not there can be neither answered nor changed`() async throws {
        try await Stage.running { stage in
            func code(_ body: () async throws -> Void) async -> SignError.Code? {
                await #expect(throws: SignError.self) { try await body() }?.code
            }
            let nowhere = Topic(Hash32(repeating: 9))
            #expect(await code { try await stage.kit.rejectSession(.number(1)) } == .proposalNotFound)
            #expect(
                await code {
                    try await stage.kit.approveSession(Approval(id: .number(1), namespaces: Stage.supported))
                } == .proposalNotFound)
            #expect(
                await code { try await stage.kit.updateSession(nowhere, namespaces: Stage.supported) }
                    == .sessionNotFound)
            #expect(await code { try await stage.kit.extendSession(nowhere) } == .sessionNotFound)
            #expect(
                await code {
                    try await stage.kit.emitSessionEvent(
                        SessionEvent(name: "chainChanged", data: "0x1"), chainID: Stage.chain, on: nowhere)
                } == .sessionNotFound)
            // Ending what is not there is no error.
            try await stage.kit.disconnectSession(nowhere)

            let pending = try await stage.propose()
            let received = try await stage.told.proposal()
            try await stage.kit.rejectSession(received)
            #expect(await code { try await stage.kit.rejectSession(received) } == .recentlyDeleted)
            #expect(await code { _ = try await pending.session() } == .peerRejected)

            let session = try await stage.settle()
            var wrong = session.namespaces
            wrong["eip155"]?.accounts = ["eip155:1"]
            #expect(
                await code { try await stage.kit.updateSession(session.topic, namespaces: wrong) }
                    == .unsupportedAccounts)
            #expect(stage.kit.activeSessions[session.topic]?.namespaces == session.namespaces)
            try await stage.dapp.disconnect(session.topic)
            _ = try await stage.told.deletion(of: session.topic)
            #expect(await code { try await stage.kit.extendSession(session.topic) } == .recentlyDeleted)
        }
    }

    @Test func `a pairing is told when it is made`() async throws {
        try await Stage.running { stage in
            let pending = try await stage.propose()
            let pairing = try await stage.told.event("a pairing") { event -> Pairing? in
                guard case .pairingCreate(let pairing) = event else { return nil }
                return pairing
            }
            #expect(pairing.topic == pending.pairingTopic)
            try await stage.dapp.ping(pairing.topic)
            try await stage.told.event("a sign of life") { event -> Void? in
                guard case .pairingPing(pairing.topic) = event else { return nil }
                return ()
            }
        }
    }

    @Test func `the end of a session's time and signs of life are told, which the JavaScript kit keeps to itself`()
        async throws
    {
        let time = MovedClock()
        try await Stage.running(Stage.Wallet(clock: time.clock)) { stage in
            let session = try await stage.settle()
            try await stage.dapp.ping(session.topic)
            try await stage.told.event("a ping") { event -> Void? in
                guard case .sessionPing(session.topic) = event else { return nil }
                return ()
            }
            try await time.move(bySeconds: 604_801, for: stage.kit)
            #expect(try await stage.told.deletion(of: session.topic).reason == .expired)
            try await stage.told.event("the end") { event -> Void? in
                guard case .sessionExpire(session.topic) = event else { return nil }
                return ()
            }
            #expect(stage.kit.activeSessions.isEmpty)
        }
    }

    @Test func `addresses that cannot be paired are refused, and an expired one too`() async throws {
        let time = MovedClock()
        try await Stage.running(Stage.Wallet(clock: time.clock)) { stage in
            for text in ["", "nonsense", "wc:1234", "wc:8097df5f-a8f1-4af8-b2a1-3ebc2b4a5b0c@1?bridge=x&key=y"] {
                let code = await #expect(throws: SignError.self) { try await stage.kit.pair(text) }?.code
                #expect(code == .invalidURI, "\(text)")
            }
            let link = "https://pay.example.com/invoice?id=1"
            #expect(WalletKit.isPaymentLink(link))
            let error = await #expect(throws: SignError.self) { try await stage.kit.pair(link) }
            #expect(error?.code == .invalidURI)
            #expect(error?.message.contains("payment link") == true)

            let pending = try await stage.dapp.connect(ConnectOffer(optionalNamespaces: Stage.wanted))
            let uri = try #require(pending.uri).text
            try await time.move(bySeconds: 301, for: stage.kit)
            let code = await #expect(throws: SignError.self) { try await stage.kit.pair(uri) }?.code
            #expect(code == .pairingExpired)
        }
    }
}
