import Foundation
import Primitives
import WalletConnectProtocol

/// Our relay, one of our clients and a raw peer in the other role, with a session between them.
struct Stage: Sendable {
    let relay: String
    let client: OurClient
    let peer: PeerProcess
    let session: Session

    static func secondsFromNow(_ seconds: Int64) -> Int64 { Int64(Date().timeIntervalSince1970) + seconds }

    static let personalSign: JSON = [
        "request": ["method": "personal_sign", "params": ["0x00"]], "chainId": "eip155:1",
    ]

    /// A raw peer with an open socket.
    static func withPeer<Result>(
        _ relay: String, habits: JSON? = nil, _ body: (PeerProcess) async throws -> Result
    ) async throws -> Result {
        try await PeerProcess.running(Places.rawPeer, ["--relay", relay]) { peer in
            try await peer.tell("open")
            if let habits { try await peer.tell("habits", members: habits.members ?? []) }
            return try await body(peer)
        }
    }

    /// The raw wallet's side of a handshake; `approval` are arguments of its `approve`.
    static func approve(_ peer: PeerProcess, _ uri: String, _ approval: JSON = .object([])) async throws -> JSON {
        try await peer.tell("pair", ["uri": .string(uri)])
        let proposal = try await peer.request("wc_sessionPropose")
        let id = try proposal.required("payload").required("id")
        return try await peer.tell(
            "approve", members: [JSONMember(name: "id", value: id)] + (approval.members ?? []))
    }

    /// Our dApp and a raw wallet over a relay.
    static func dapp(
        on url: String, approval: JSON = .object([]), habits: JSON? = nil,
        _ body: @escaping @Sendable (Stage) async throws -> Void
    ) async throws {
        try await OurClient.running("DApp", url) { dapp in
            try await withPeer(url, habits: habits) { peer in
                let connecting = try await dapp.connect(Fixture.wanted)
                let made = try await approve(peer, connecting.uri, approval)
                let session = try await connecting.session()
                guard session.topic.hex == made["topic"]?.string else { throw OtherSession() }
                try await body(Stage(relay: url, client: dapp, peer: peer, session: session))
            }
        }
    }

    /// Our dApp and a raw wallet over our relay.
    static func dapp(
        approval: JSON = .object([]), habits: JSON? = nil, _ body: @escaping @Sendable (Stage) async throws -> Void
    ) async throws {
        try await RelayWorld.running { try await dapp(on: $0.url, approval: approval, habits: habits, body) }
    }

    /// Our wallet and a raw dApp over a relay.
    static func wallet(
        on url: String, proposal: JSON = .object([]), habits: JSON? = nil,
        _ body: @escaping @Sendable (Stage) async throws -> Void
    ) async throws {
        try await OurClient.running("Wallet", url) { wallet in
            try await withPeer(url, habits: habits) { peer in
                let offer = try await peer.tell("propose", members: proposal.members ?? [])
                try await wallet.pair(offer.requiredText("uri"))
                let received = try await wallet.proposal()
                let session = try await wallet.approve(received)
                _ = try await peer.request("wc_sessionSettle")
                try await body(Stage(relay: url, client: wallet, peer: peer, session: session))
            }
        }
    }

    /// Our wallet and a raw dApp over our relay.
    static func wallet(
        proposal: JSON = .object([]), habits: JSON? = nil, _ body: @escaping @Sendable (Stage) async throws -> Void
    ) async throws {
        try await RelayWorld.running { try await wallet(on: $0.url, proposal: proposal, habits: habits, body) }
    }

    /// Our wallet, and a raw dApp that asks for a sign-in.
    static func authentication(
        _ body: @escaping @Sendable (OurClient, PeerProcess, ReceivedAuthentication) async throws -> Void
    ) async throws {
        try await RelayWorld.running { world in
            try await OurClient.running("Wallet", world.url) { wallet in
                try await withPeer(world.url) { peer in
                    let payload: JSON = [
                        "type": "caip122", "chains": ["eip155:1"], "domain": "peer.example",
                        "aud": "https://peer.example/login", "version": "1", "nonce": "32891756",
                        "iat": "2026-11-21T03:00:00Z", "statement": "", "resources": [],
                    ]
                    let offer = try await peer.tell("authenticate", ["payload": payload])
                    try await wallet.pair(offer.requiredText("uri"))
                    try await body(wallet, peer, try await wallet.authentication())
                }
            }
        }
    }

    /// The raw peer sends a request of a method; returns its id.
    @discardableResult
    func say(_ method: String, _ params: JSON, id: JSON? = nil, on topic: Topic? = nil) async throws -> JSON {
        var members = [
            JSONMember(name: "topic", value: .string((topic ?? session.topic).hex)),
            JSONMember(name: "method", value: .string(method)), JSONMember(name: "params", value: params),
        ]
        if let id { members.append(JSONMember(name: "id", value: id)) }
        return try await peer.tell("ask", members: members).required("id")
    }

    /// The raw wallet answers a request; `outcome` has `result` or `error`.
    func answer(_ id: JSON, _ outcome: JSON) async throws {
        try await peer.tell(
            "answer",
            members: [
                JSONMember(name: "topic", value: .string(session.topic.hex)), JSONMember(name: "id", value: id),
                JSONMember(name: "tag", value: 1109),
            ] + (outcome.members ?? []))
    }

    /// Our dApp asks, `wallet` looks at the request and says how the raw wallet answers; returns how the call ended.
    func asked(
        _ method: String, answer wallet: @escaping @Sendable (JSON) async throws -> JSON
    ) async throws -> SignOutcome {
        async let outcome = client.request(session.topic, method, ["0x00"])
        let payload = try await peer.request("wc_sessionRequest").required("payload")
        try await answer(payload.required("id"), try await wallet(payload))
        return try await outcome
    }

    /// How a call ends that the raw wallet answers with this result.
    func answered(with result: JSON) async throws -> SignOutcome {
        try await asked("personal_sign") { _ in .object([JSONMember(name: "result", value: result)]) }
    }

    /// The session here is not the one there.
    struct OtherSession: Error {}
}
