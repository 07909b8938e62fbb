import ChainEVM
import Cryptography
import Primitives
import Testing

/// The foreign peers with each other over the foreign relay: nothing of ours but the judge of signatures.
///
/// When one of these fails, the peers are to blame, and what the other suites say of our client and relay is void.
@Suite(.serialized, .enabled(if: Places.hasPeers, "\(Places.withoutPeers)"))
struct ForeignPeersTests {
    @Test func `two raw peers settle, ask, answer and part`() async throws {
        try await ForeignRelay.running { relay in
            try await raw(relay) { dapp in
                try await raw(relay) { wallet in
                    let offer = try await dapp.tell("propose")
                    try await wallet.tell("pair", ["uri": offer.required("uri")])
                    let proposal = try await wallet.request("wc_sessionPropose")
                    #expect(proposal["tag"]?.int == 1100)
                    let made = try await wallet.tell("approve", ["id": offer.required("id")])
                    _ = try await dapp.request("wc_sessionSettle")
                    #expect(try await wallet.answer(to: made.required("settle"))["result"] == true)

                    let topic = try made.required("topic")
                    let asked = try await dapp.tell(
                        "ask",
                        [
                            "topic": topic, "method": "wc_sessionRequest",
                            "params": ["request": ["method": "x", "params": []], "chainId": "eip155:1"],
                        ])
                    let id = try asked.required("id")
                    _ = try await wallet.request("wc_sessionRequest")
                    try await wallet.tell(
                        "answer", ["topic": topic, "id": id, "tag": 1109, "error": .object([])])
                    #expect(try await dapp.answer(to: id)["error"]?.members?.isEmpty == true)
                }
            }
        }
    }

    @Test func `pyWalletConnect signs what our own recovery finds to be its account`() async throws {
        try await ForeignRelay.running { relay in
            try await raw(relay) { dapp in
                let offer = try await dapp.tell("propose")
                let arguments = ["--relay", relay.hostAndPort, "--uri", try offer.requiredText("uri")]
                try await PeerProcess.running(Places.pyWallet, arguments) { wallet in
                    let settled = try await wallet.event("settled")
                    let topic = try settled.required("topic")
                    func result(_ method: String, _ params: JSON) async throws -> JSON {
                        let request: JSON = [
                            "request": ["method": .string(method), "params": params], "chainId": "eip155:1",
                        ]
                        let asked = try await dapp.tell(
                            "ask", ["topic": topic, "method": "wc_sessionRequest", "params": request])
                        return try await dapp.answer(to: asked.required("id")).required("result")
                    }
                    _ = try await dapp.request("wc_sessionSettle")
                    let address: JSON = .string("\(EthereumProof.address)")
                    let message = Array("žluťoučký kůň".utf8)
                    let hex = "0x" + Hex.encode(message)
                    let signature = try await result("personal_sign", [.string(hex), address])
                    #expect(
                        try EthereumProof.signer(ofMessage: message, signature: signature.string ?? "")
                            == EthereumProof.address)
                    let typed = try await result("eth_signTypedData_v4", [address, .string(EthereumProof.typedData)])
                    #expect(
                        try EthereumProof.signer(
                            ofTypedData: EthereumProof.typedData, signature: typed.string ?? "")
                            == EthereumProof.address)
                    let hash = try await result("eth_sendTransaction", [EthereumProof.transaction])
                    let line = try await wallet.line("the signed transaction") { $0["raw"]?.string != nil }
                    let sent = try EthereumProof.transaction(raw: line.requiredText("raw"))
                    #expect(sent.hash == hash.string)
                    #expect(sent.sender == EthereumProof.address)
                }
            }
        }
    }

    /// A raw peer with an open socket.
    private func raw<Result>(
        _ relay: ForeignRelay, _ body: (PeerProcess) async throws -> Result
    ) async throws -> Result {
        try await PeerProcess.running(Places.rawPeer, ["--relay", relay.url]) { peer in
            try await peer.tell("open")
            return try await body(peer)
        }
    }
}
