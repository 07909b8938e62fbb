import Primitives
import Testing

/// The peers themselves: a test that leans on them must be able to fail.
@Suite(.serialized, .enabled(if: Places.hasPeers, "\(Places.withoutPeers)"))
struct PeerProcessTests {
    @Test func `a peer that is told nonsense says so and lives on`() async throws {
        try await PeerProcess.running(Places.rawPeer, ["--relay", "ws://127.0.0.1:9"]) { peer in
            _ = try await peer.event("ready")
            await #expect(throws: PeerProcess.PeerRefused.self) { try await peer.tell("sing") }
            await #expect(throws: PeerProcess.PeerRefused.self) { try await peer.tell("open") }
            try await peer.tell("habits", ["answers": false])
        }
    }

    @Test func `a scenario against no relay fails`() async throws {
        try await PeerProcess.running(
            Places.rawPeer, ["--relay", "ws://127.0.0.1:9", "--scenario", "compound-calls"]
        ) { peer in
            let verdict = try await peer.line("a verdict") { $0["verdict"] != nil }
            #expect(verdict["verdict"]?.string == "failed")
            #expect(try await peer.exit() == 1)
        }
    }

    @Test func `waiting for what does not come ends with a sentence`() async throws {
        try await PeerProcess.running(Places.rawPeer, ["--relay", "ws://127.0.0.1:9"]) { peer in
            _ = try await peer.event("ready")
            await #expect(throws: Late.self) { try await peer.line("rain", within: 0.2) { $0["rain"] != nil } }
        }
    }
}
