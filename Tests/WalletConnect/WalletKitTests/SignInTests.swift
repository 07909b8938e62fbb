import Primitives
import Testing
import WalletConnectClient
import WalletConnectProtocol
import WalletKit

/// One-click sign-ins, and who decides whether they are shown.
struct SignInTests {
    private static func request(
        chains: [String] = ["eip155:1"], methods: [String] = ["personal_sign"]
    ) -> AuthRequest {
        AuthRequest(
            domain: "dapp.example", uri: "https://dapp.example/login", chains: chains, nonce: "32891756",
            statement: "Sign in to Example", methods: methods)
    }

    /// The dApp asks, the wallet pairs.
    private static func ask(_ stage: Stage, _ request: AuthRequest = request()) async throws -> PendingAuthentication {
        let pending = try await stage.dapp.authenticate(request)
        try await stage.kit.pair(try #require(pending.uri).text)
        return pending
    }

    /// What the wallet answers: a signature for each chain.
    private static func sign(
        _ stage: Stage, _ received: ReceivedAuthentication, chains: [String], methods: [String]
    ) throws -> [Cacao] {
        let payload = try WalletKit.populateAuthPayload(received.payload, chains: chains, methods: methods)
        return try payload.chains.map { chain in
            let issuer = "\(chain):\(Signer.address)"
            let text = try stage.kit.formatAuthMessage(payload, issuer: issuer)
            return WalletKit.buildAuthObject(payload, issuer: issuer, signature: try Signer.sign(text))
        }
    }

    @Test func `a sign-in is approved, and brings a session with the methods that both know`() async throws {
        try await Stage.running { stage in
            let pending = try await Self.ask(
                stage, Self.request(chains: ["eip155:1", "eip155:137"], methods: ["personal_sign", "eth_sign"]))
            let received = try await stage.told.authentication()
            #expect(received.requester.metadata == Stage.metadata("DApp"))
            #expect(received.payload.statement?.contains("Sign in to Example") == true)
            let cacaos = try Self.sign(
                stage, received, chains: ["eip155:1", "eip155:137", "eip155:10"], methods: ["personal_sign"])
            #expect(cacaos.count == 2)
            let approved = try await stage.kit.approveSessionAuthenticate(
                received.id, on: received.pairingTopic, cacaos: cacaos)
            let answer = try await pending.response()
            #expect(answer.cacaos == cacaos)
            let session = try #require(approved.session)
            #expect(answer.session?.topic == session.topic)
            #expect(session.namespaces["eip155"]?.methods == ["personal_sign"])
            #expect(
                session.namespaces["eip155"]?.accounts.sorted()
                    == ["eip155:137:\(Signer.address)", "eip155:1:\(Signer.address)"])
            #expect(stage.kit.activeSessions[session.topic] != nil)

            let call = try await stage.ask(session.topic)
            try await stage.kit.respondSessionRequest(try await stage.told.request(), with: .result("0x01"))
            #expect(try await stage.dapp.awaitResponse(call.id) == "0x01")
        }
    }

    @Test func `a sign-in without methods brings signatures and no session`() async throws {
        try await Stage.running { stage in
            let pending = try await Self.ask(stage, Self.request(methods: []))
            let received = try await stage.told.authentication()
            let cacaos = try Self.sign(stage, received, chains: ["eip155:1"], methods: [])
            let approved = try await stage.kit.approveSessionAuthenticate(received.id, cacaos: cacaos)
            #expect(approved.session == nil)
            let answer = try await pending.response()
            #expect(answer == approved)
            #expect(stage.kit.activeSessions.isEmpty)
        }
    }

    @Test func `a sign-in is rejected in the wallet's words`() async throws {
        try await Stage.running { stage in
            let pending = try await Self.ask(stage)
            let received = try await stage.told.authentication()
            try await stage.kit.rejectSessionAuthenticate(
                received.id, on: received.pairingTopic, reason: Reason(code: 12_001, message: "User rejected."))
            let error = await #expect(throws: SignError.self) { try await pending.response() }
            #expect(error?.peer == PeerError(code: 12_001, message: "User rejected."))
            #expect(stage.kit.pendingAuthentications.isEmpty)
        }
    }

    @Test func `a signature of somebody else is not sent, and a right one may follow`() async throws {
        try await Stage.running { stage in
            let pending = try await Self.ask(stage)
            let received = try await stage.told.authentication()
            var wrong = try Self.sign(stage, received, chains: ["eip155:1"], methods: ["personal_sign"])
            wrong[0].signature = try Signer.sign("something else")
            let code = await #expect(throws: SignError.self) {
                try await stage.kit.approveSessionAuthenticate(received.id, cacaos: wrong)
            }?.code
            #expect(code == .signatureInvalid)
            let right = try Self.sign(stage, received, chains: ["eip155:1"], methods: ["personal_sign"])
            try await stage.kit.approveSessionAuthenticate(received.id, cacaos: right)
            #expect(try await pending.response().cacaos == right)
        }
    }

    @Test func `a stream listens to sign-ins only where they are named`() throws {
        let kit = try Stage.kit("Wallet", "ws://127.0.0.1:1")
        let usual = kit.events()
        #expect(kit.listenerCount(of: .sessionProposal) == 1)
        #expect(kit.listenerCount(of: .sessionAuthenticate) == 0)
        #expect(!kit.client.handlesAuthentication)
        let all = kit.events(.all)
        #expect(kit.listenerCount(of: .sessionAuthenticate) == 1)
        #expect(kit.client.handlesAuthentication)
        withExtendedLifetime((usual, all)) {}
    }

    @Test func `while nobody listens to sign-ins the dApp's proposal is shown instead`() async throws {
        try await Stage.running(Stage.Wallet(listens: [.sessionProposal])) { stage in
            #expect(stage.kit.listenerCount(of: .sessionAuthenticate) == 0)
            let pending = try await Self.ask(stage)
            let received = try await stage.told.proposal()
            let namespaces = try WalletKit.buildApprovedNamespaces(for: received.proposal, supported: Stage.supported)
            let session = try await stage.kit.approveSession(received, namespaces: namespaces)
            let answer = try await pending.response()
            #expect(answer.session?.topic == session.topic)
            #expect(answer.cacaos.isEmpty)
            #expect(stage.kit.pendingAuthentications.isEmpty)
        }
    }

    @Test func `the last listener of sign-ins decides, and nobody else`() async throws {
        try await Stage.running(Stage.Wallet(listens: [.sessionProposal])) { stage in
            let shown = Counter()
            let first = stage.kit.on(.sessionAuthenticate) { _ in shown.add() }
            let second = stage.kit.on(.sessionAuthenticate) { _ in shown.add() }
            stage.kit.off(first)
            _ = try await Self.ask(stage)
            try await eventually("the second listener") { shown.value == 1 }
            #expect(stage.told.rest.isEmpty)
            stage.kit.off(second)
            _ = try await Self.ask(stage)
            _ = try await stage.told.proposal()
            #expect(shown.value == 1)
        }
    }

    @Test(arguments: [SignInShowing.always, .never])
    func `the settings may decide instead of the listeners`(signIns: SignInShowing) async throws {
        let listens: Set<WalletKitEvent.Name> =
            signIns == .always ? [.sessionProposal] : [.sessionProposal, .sessionAuthenticate]
        try await Stage.running(Stage.Wallet(listens: listens, change: { $0.signIns = signIns })) { stage in
            let pending = try await Self.ask(stage)
            guard signIns == .always else {
                _ = try await stage.told.proposal()
                #expect(stage.kit.pendingAuthentications.isEmpty)
                return
            }
            let received = try await eventually("a pending sign-in") { stage.kit.pendingAuthentications.first }
            let cacaos = try Self.sign(stage, received, chains: ["eip155:1"], methods: ["personal_sign"])
            try await stage.kit.approveSessionAuthenticate(received.id, cacaos: cacaos)
            #expect(try await pending.response().cacaos == cacaos)
        }
    }

    @Test func `what nobody can sign is said before anything is sent`() async throws {
        try await Stage.running { stage in
            _ = try await Self.ask(stage)
            let received = try await stage.told.authentication()
            #expect(throws: AuthError.noSupportedChains) {
                try WalletKit.populateAuthPayload(received.payload, chains: ["eip155:5"], methods: ["personal_sign"])
            }
            #expect(throws: AuthError.self) {
                try stage.kit.formatAuthMessage(received.payload, issuer: "no account")
            }
        }
    }
}
