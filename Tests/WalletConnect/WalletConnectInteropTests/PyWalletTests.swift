import ChainEVM
import Cryptography
import Primitives
import Testing
import WalletConnectProtocol

/// pyWalletConnect 1.6.2 as a wallet in its own process, with our dApp and our relay.
///
/// It sends unpadded Base64, 19-digit numbers as ids, tag 0 on its answers and a foreign audience in its token.
@Suite(.serialized, .enabled(if: Places.hasPeers, "\(Places.withoutPeers)"))
struct PyWalletTests {
    @Test func `a message, typed data and a transaction come back signed by the account that was settled`()
        async throws
    {
        try await settled { dapp, wallet, session in
            let namespace = try #require(session.namespaces["eip155"])
            #expect(namespace.accounts == [Fixture.account])
            #expect(session.peer.metadata.name == "pyWalletConnect")
            let address = "\(EthereumProof.address)"

            let message: [UInt8] = Array("Sign in to Coffer: žluťoučký kůň".utf8)
            let signed = try await dapp.result(
                session.topic, "personal_sign", [.string(Hex.encodePrefixed(message)), .string(address)])
            #expect(
                try EthereumProof.signer(ofMessage: message, signature: signed.string ?? "")
                    == EthereumProof.address)

            let typed = try await dapp.result(
                session.topic, "eth_signTypedData_v4", [.string(address), .string(EthereumProof.typedData)])
            #expect(
                try EthereumProof.signer(ofTypedData: EthereumProof.typedData, signature: typed.string ?? "")
                    == EthereumProof.address)

            let hash = try await dapp.result(session.topic, "eth_sendTransaction", [EthereumProof.transaction])
            let raw = try await wallet.line("the signed transaction") { $0["raw"]?.string != nil }
            let sent = try EthereumProof.transaction(raw: raw.requiredText("raw"))
            #expect(sent.hash == hash.string)
            #expect(sent.sender == EthereumProof.address)
        }
    }

    @Test func `a ping is answered, and a rejected request ends with the wallet's words`() async throws {
        try await settled { dapp, wallet, session in
            try await dapp.ping(session.topic)
            try wallet.send(["do": "refuse-next"])
            _ = try await wallet.event("refusing")
            let outcome = try await dapp.request(session.topic, "personal_sign", ["0x00"])
            #expect(outcome == .refused(PeerError(code: 5002, message: "User rejected.")))
            let after = try await dapp.request(session.topic, "personal_sign", ["0x00"])
            guard case .result = after else {
                Issue.record("the request after a rejected one: \(after)")
                return
            }
        }
    }

    @Test func `the wallet leaves, and our dApp knows`() async throws {
        try await settled { dapp, wallet, session in
            try wallet.send(["do": "close"])
            let reason = try await dapp.deletion(of: session.topic)
            #expect(reason == .peer(PeerError(code: 6000, message: "User disconnected.")))
            #expect(try await wallet.exit() == 0)
            #expect(dapp.session(session.topic) == nil)
        }
    }

    @Test func `our dApp leaves, and the wallet knows`() async throws {
        try await settled { dapp, wallet, session in
            try await dapp.disconnect(session.topic)
            let message = try await wallet.line("a deletion") { $0["method"]?.string == "wc_sessionDelete" }
            #expect(message["params"]?["code"]?.int == 6000)
            _ = try await wallet.event("ended")
        }
    }

    @Test func `a rejected proposal ends our dApp's call`() async throws {
        try await RelayWorld.running { world in
            try await OurClient.running("DApp", world.url) { dapp in
                let connecting = try await dapp.connect(Fixture.wanted)
                let arguments = ["--relay", world.hostAndPort, "--uri", connecting.uri, "--reject-proposal"]
                try await PeerProcess.running(Places.pyWallet, arguments) { wallet in
                    let outcome = try await connecting.outcome()
                    #expect(outcome == .refused(PeerError(code: 5000, message: "User rejected the session.")))
                    #expect(try await wallet.exit() == 0)
                }
            }
        }
    }

    /// Our relay, our dApp and a session with the foreign wallet.
    private func settled(
        _ body: @escaping @Sendable (OurClient, PeerProcess, Session) async throws -> Void
    ) async throws {
        try await RelayWorld.running { world in
            try await OurClient.running("DApp", world.url) { dapp in
                let connecting = try await dapp.connect(Fixture.wanted)
                let arguments = ["--relay", world.hostAndPort, "--uri", connecting.uri]
                try await PeerProcess.running(Places.pyWallet, arguments) { wallet in
                    let session = try await connecting.session()
                    let settled = try await wallet.event("settled")
                    #expect(settled["topic"]?.string == session.topic.hex)
                    try await body(dapp, wallet, session)
                }
            }
        }
    }
}
