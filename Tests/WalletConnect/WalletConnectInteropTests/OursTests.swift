import Primitives
import Testing
import WalletConnectClient
import WalletConnectProtocol

/// Our dApp with our wallet over our relay, on real sockets.
struct OursTests {
    @Test func `our dApp and our wallet settle, ask, tell, update, extend, ping and part`() async throws {
        try await couple { dapp, wallet, session in
            let topic = session.topic
            async let result = dapp.result(topic, "personal_sign", ["0x68656c6c6f", .string(Fixture.account)])
            let pending = try await wallet.pendingRequest()
            #expect(pending.method == "personal_sign")
            #expect(pending.params == ["0x68656c6c6f", .string(Fixture.account)])
            try await wallet.respond(pending, .result(["any": [1, nil, "JSON"]]))
            #expect(try await result == ["any": [1, nil, "JSON"]])

            async let refused = dapp.request(topic, "personal_sign", [])
            try await wallet.respond(
                try await wallet.pendingRequest(), .failure(PeerError(code: 4001, message: "User rejected")))
            #expect(try await refused == .refused(PeerError(code: 4001, message: "User rejected")))

            try await wallet.emit(topic, "accountsChanged", [.string(Fixture.account)])
            let event = try await dapp.event("an event") { event -> SessionEvent? in
                guard case .sessionEvent(topic, _, let event, _) = event else { return nil }
                return event
            }
            #expect(event == SessionEvent(name: "accountsChanged", data: [.string(Fixture.account)]))

            var wider = Fixture.granted
            wider["eip155"]?.methods.append("eth_sign")
            try await wallet.client.update(topic, namespaces: wider)
            #expect(dapp.session(topic)?.namespaces == wider)
            try await wallet.extend(topic)
            try await dapp.ping(topic)
            try await wallet.ping(topic)

            try await wallet.disconnect(topic)
            guard case .peer(let reason) = try await dapp.deletion(of: topic) else {
                Issue.record("the peer ended the session")
                return
            }
            #expect(reason?.code == 6000)
            #expect(dapp.session(topic) == nil)
        }
    }

    @Test func `a wallet declines, and the dApp is told in its words`() async throws {
        try await RelayWorld.running { world in
            try await OurClient.running("DApp", world.url) { dapp in
                try await OurClient.running("Wallet", world.url) { wallet in
                    let connecting = try await dapp.connect(Fixture.wanted)
                    try await wallet.pair(connecting.uri)
                    let proposal = try await wallet.proposal()
                    try await wallet.client.reject(
                        proposal.id, on: proposal.pairingTopic, reason: Reason(code: 5000, message: "User rejected."))
                    #expect(
                        try await connecting.outcome() == .refused(PeerError(code: 5000, message: "User rejected.")))
                }
            }
        }
    }

    @Test func `a hundred requests at once each get their own answer`() async throws {
        try await couple { dapp, wallet, session in
            let app = WalletApp()
            try await app.serving(wallet) {
                try await withThrowingTaskGroup(of: (Int, JSON).self) { group in
                    for number in 0..<100 {
                        group.addTask {
                            (number, try await dapp.result(session.topic, "personal_sign", [JSON(number)]))
                        }
                    }
                    for try await (number, answer) in group { #expect(answer == [JSON(number)]) }
                }
            }
            #expect(app.shown.count == 100)
            #expect(app.shown.values.allSatisfy { $0 == 1 })
        }
    }

    /// Both clients with a session between them.
    private func couple(
        _ body: @escaping @Sendable (OurClient, OurClient, Session) async throws -> Void
    ) async throws {
        try await RelayWorld.running { world in
            try await OurClient.running("DApp", world.url) { dapp in
                try await OurClient.running("Wallet", world.url) { wallet in
                    let connecting = try await dapp.connect(Fixture.wanted)
                    try await wallet.pair(connecting.uri)
                    let approved = try await wallet.approve(try await wallet.proposal())
                    let session = try await connecting.session()
                    #expect(approved.topic == session.topic)
                    try await body(dapp, wallet, session)
                }
            }
        }
    }
}
