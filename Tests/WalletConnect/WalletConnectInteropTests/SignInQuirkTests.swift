import Cryptography
import Primitives
import Testing
import WalletConnectClient
import WalletConnectProtocol

/// Sign-ins (`wc_sessionAuthenticate`) between one of our clients and a peer of other hands.
@Suite(.serialized, .enabled(if: Places.hasPeers, "\(Places.withoutPeers)"))
struct SignInQuirkTests {
    @Test func `30 a sign-in that our wallet grants is sealed to its asker and signed by the account`() async throws {
        try await Stage.authentication { wallet, peer, offered in
            let text = try SignInMessage.text(answering: offered.payload, issuer: Fixture.account)
            let signature = Cacao.Signature(type: "eip191", value: EthereumProof.sign(message: Array(text.utf8)))
            let cacao = Cacao(answering: offered.payload, issuer: Fixture.account, signature: signature)
            _ = try await wallet.client.approveAuthentication(
                offered.id, on: offered.pairingTopic, cacaos: [cacao])
            let answer = try await peer.message("the sign-in") { $0["result"]?["cacaos"] != nil }
            #expect(answer["tag"]?.int == 1117)
            #expect(try Base64.decode(answer.requiredText("sealed")).first == 1)
            let sent = try #require(answer["payload"]?["result"]?["cacaos"]?[0])
            #expect(sent["p"]?["iss"]?.string == "did:pkh:\(Fixture.account)")
            #expect(sent["p"]?["nonce"]?.string == "32891756")
            #expect(
                try EthereumProof.signer(ofMessage: Array(text.utf8), signature: sent["s"]?["s"]?.string ?? "")
                    == EthereumProof.address)
        }
    }

    @Test func `30 a signed answer with methods makes a session on our side`() async throws {
        try await asked(methods: ["personal_sign"]) { dapp, pending, peer, id in
            let made = try await peer.tell(
                "sign_in", ["id": id, "key": .string(EthereumProof.keyHex), "methods": ["personal_sign"]])
            let signedIn = try await pending.response()
            #expect(signedIn.cacaos.map(\.payload.issuer) == ["did:pkh:\(Fixture.account)"])
            let session = try #require(signedIn.session)
            #expect(session.topic.hex == made["topic"]?.string)
            #expect(session.namespaces["eip155"]?.methods == ["personal_sign"])
            #expect(session.namespaces["eip155"]?.accounts == [Fixture.account])
            async let outcome = dapp.request(session.topic, "personal_sign", ["0x00"])
            let request = try await peer.request("wc_sessionRequest").required("payload").required("id")
            try await peer.tell(
                "answer", ["topic": .string(session.topic.hex), "id": request, "tag": 1109, "result": "0x01"])
            #expect(try await outcome == .result("0x01"))
        }
    }

    @Test func `30 a signed answer without methods is a sign-in and no session`() async throws {
        try await asked(methods: []) { dapp, pending, peer, id in
            try await peer.tell("sign_in", ["id": id, "key": .string(EthereumProof.keyHex)])
            let signedIn = try await pending.response()
            #expect(signedIn.session == nil)
            #expect(dapp.client.sessionCount == 0)
        }
    }

    @Test func `30 an answer to another nonce is refused, and makes no session`() async throws {
        try await asked(methods: ["personal_sign"]) { dapp, pending, peer, id in
            try await peer.tell(
                "sign_in",
                [
                    "id": id, "key": .string(EthereumProof.keyHex), "methods": ["personal_sign"],
                    "nonce": "another1",
                ])
            await #expect(throws: SignError.self) { try await pending.response() }
            #expect(dapp.client.sessionCount == 0)
        }
    }

    @Test func `30 a wallet that does not know sign-ins takes the proposal behind it`() async throws {
        try await asked(methods: ["personal_sign"]) { dapp, pending, peer, id in
            let proposal = try await peer.request("wc_sessionPropose")
            let unsupported: JSON = ["code": 10_001, "message": "Unsupported wc_ method."]
            try await peer.tell(
                "answer", ["topic": .string(pending.pairingTopic.hex), "id": id, "tag": 1117, "error": unsupported])
            let made = try await peer.tell("approve", ["id": proposal.required("payload").required("id")])
            let session = try #require(try await pending.response().session)
            #expect(session.topic.hex == made["topic"]?.string)
        }
    }

    /// Our dApp has asked for a sign-in, and a raw wallet has the request.
    private func asked(
        methods: [String],
        _ body: @escaping @Sendable (OurClient, PendingAuthentication, PeerProcess, JSON) async throws -> Void
    ) async throws {
        try await RelayWorld.running { world in
            try await OurClient.running("DApp", world.url) { dapp in
                try await Stage.withPeer(world.url) { peer in
                    let request = AuthRequest(
                        domain: "dapp.example", uri: "https://dapp.example/login", chains: [Fixture.chain],
                        nonce: "32891756", statement: "Sign in to Example", methods: methods)
                    let pending = try await dapp.client.authenticate(request)
                    try await peer.tell("pair", ["uri": .string(try #require(pending.uri).text)])
                    let message = try await peer.request("wc_sessionAuthenticate")
                    #expect(message["tag"]?.int == 1116)
                    try await body(dapp, pending, peer, try message.required("payload").required("id"))
                }
            }
        }
    }
}
