import Primitives
import Testing
import WalletConnectRelay

/// What real clients ask of a relay, each played by clients of other hands against ours.
@Suite(.serialized, .enabled(if: Places.hasPeers, "\(Places.withoutPeers)"))
struct RelayQuirkTests {
    @Test func `1 compound and classic calls settle a session, whichever side uses which`() async throws {
        try await play("compound-calls", "classic-calls", "mixed-calls")
    }

    @Test func `2 the id of a call comes back with its digits and its type`() async throws {
        try await play("call-ids")
    }

    @Test func `3 ids of pushes survive a double, and may come back with an n`() async throws {
        try await play("push-ids")
    }

    @Test func `4 a subscription is ended by a computed id, the given one, a foreign one or none`() async throws {
        try await play("subscription-ids")
    }

    @Test func `4 five hundred topics in one call, and not one more`() async throws {
        try await play("batch-subscribe")
    }

    @Test func `5 a client that never acknowledges is served on, and served again when it returns`() async throws {
        try await play("no-acknowledgements", "lost-socket")
    }

    @Test func `5 an acknowledgement that comes late counts`() async throws {
        try await play("late-acknowledgements")
    }

    @Test func `7 the mailbox keeps what comes before anyone listens, in either order`() async throws {
        try await play("mailbox")
    }

    @Test func `8 no client gets its own message, on none of its sockets`() async throws {
        try await play("own-messages", "several-sockets")
    }

    @Test func `9 equal batches and a fetch beside them do no harm`() async throws {
        try await play("repeated-batches", "fetch")
    }

    @Test func `10 the relay pings before clients give up`() async throws {
        try await play("pings") { $0.limits.pingSeconds = 1 }
        #expect(RelayWorld.standardPingSeconds <= 30)
    }

    @Test func `10 a socket that answers no ping is given up`() async throws {
        try await play("silent-sockets") {
            $0.limits.pingSeconds = 1
            $0.limits.pingsMissedMax = 2
        }
    }

    @Test func `11 only bad tokens are refused with 3000, the code after which clients stay away`() async throws {
        try await play("refusals") { $0.audiences = [RelayWorld.audience] }
    }

    @Test func `12 a storm of sockets of one client leaves others served`() async throws {
        try await play("storm")
    }

    @Test func `13 the same publish again is answered and delivered once`() async throws {
        try await play("republish")
    }

    @Test func `14 unknown fields, analytics and tag 0 are taken`() async throws {
        try await play("extra-fields")
    }

    @Test func `15 every frame of ours is text and begins with a brace and a quote, theirs may be binary`() async throws
    {
        try await play("text-frames", "binary-acknowledgements")
    }

    @Test func `16 tokens for the hosted relay, used twice or sent in a header, are admitted`() async throws {
        try await play("tokens") { $0.audiences = [RelayWorld.audience] }
    }

    @Test func `17 a client without a socket misses nothing`() async throws {
        try await play("nothing-before-a-topic")
    }

    @Test func `what no client sends is answered or ends that socket alone`() async throws {
        try await play("garbage")
    }

    @Test func `a reader that does not read burdens nobody`() async throws {
        try await play("slow-reader")
    }

    @Test func `fragments, the size limit and lifetimes are as clients expect`() async throws {
        try await play("fragments", "size-limit", "lifetimes")
    }

    @Test func `a call by HTTP is the same call`() async throws {
        try await play("http-calls")
    }

    /// Plays scenarios one after the other against one relay.
    private func play(_ scenarios: String..., settings: (inout WalletConnectRelay.RelaySettings) -> Void = { _ in })
        async throws
    {
        try await RelayWorld.running(settings: settings) { world in
            for scenario in scenarios {
                let arguments = ["--relay", world.url, "--audience", RelayWorld.audience, "--scenario", scenario]
                try await PeerProcess.running(Places.rawPeer, arguments) { peer in
                    let verdict = try await peer.line("a verdict on \(scenario)", within: 100) { $0["verdict"] != nil }
                    #expect(verdict["verdict"]?.string == "passed", "\(verdict.text)\n\(peer.complaints)")
                }
            }
        }
    }
}
