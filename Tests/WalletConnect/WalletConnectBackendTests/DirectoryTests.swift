import Primitives
import Storage
import Testing
import WalletConnectClient
import WalletConnectProtocol
import WalletConnectTesting

@testable import WalletConnectBackend

@Suite(.timeLimit(.minutes(10)))
struct DirectoryTests {
    private static func request(_ user: String, _ tenant: String?) -> ConnectionRequest {
        ConnectionRequest(userID: user, chains: [World.mainnet], tenant: tenant)
    }

    @Test func `users of two tenants are two, whatever their ids`() async throws {
        try await World.with(World.Options { $0.settings = { $0.sessionsPerUserMax = 1 } }) { world in
            let backend = world.backend
            let pending = try await backend.connect(Self.request("alice", "shop"))
            _ = try await backend.connect(Self.request("alice", "bank"))
            _ = try await backend.connect(Self.request("alice", nil))
            let full = await World.failure { try await backend.connect(Self.request("alice", "shop")) }
            #expect(full?.code == .tooManySessions)
            #expect(backend.figures.users == 3)
            #expect(backend.connection(of: "alice")?.tenant == nil)
            #expect(backend.connections(of: "alice", tenant: "shop").map(\.pairingTopic) == [pending.pairingTopic])
            #expect(backend.connections(of: "alice", limit: 10).count == 3, "a list without a tenant is of all")
            #expect(backend.connections(tenant: "bank", limit: 10).count == 1)

            try await world.wallet.connect(pending.uri)
            _ = try await pending.connection()
            #expect(backend.isConnected("alice", tenant: "shop"))
            #expect(!backend.isConnected("alice", tenant: "bank"))
            let call = try await backend.request(
                "personal_sign", ["0x00"], on: World.mainnet, for: .user("alice", tenant: "shop"))
            #expect(call.call.tenant == "shop")
            let other = await World.failure {
                try await backend.request("personal_sign", ["0x00"], on: World.mainnet, for: .user("alice"))
            }
            #expect(other?.code == .connectionPending)
            #expect(try await backend.disconnect(user: "alice", tenant: "bank") == 1)
            #expect(backend.isConnected("alice", tenant: "shop"))
        }
    }

    @Test func `connections that ended are listed up to a number for each user, the last ones`() async throws {
        let records = MemoryKeyValueStore()
        let options = World.Options {
            $0.records = records
            $0.settings = { $0.endedPerUserMax = 3 }
        }
        try await World.with(options) { world in
            let backend = world.backend
            let living = try await backend.connect(Self.request("alice", nil))
            _ = try await backend.connect(Self.request("bob", nil))
            var ended: [Topic] = []
            for _ in 0..<10 {
                let pending = try await backend.connect(Self.request("alice", nil))
                try await backend.disconnect(pending.pairingTopic)
                ended.append(pending.pairingTopic)
            }
            #expect(
                backend.connections(of: "alice").map(\.pairingTopic) == [living.pairingTopic] + ended.suffix(3))
            #expect(backend.figures.disconnected == 3)
            #expect(backend.figures.pending == 2)
            #expect(backend.connections(limit: 100).count == 5)
            // The oldest by its beginning, and the last to end: it stays.
            try await backend.disconnect(living.pairingTopic)
            #expect(backend.connection(living.pairingTopic)?.state == .disconnected)
            #expect(backend.figures.disconnected == 3)
            _ = try await backend.connect(Self.request("alice", nil))
            #expect(try await records.list("backend_connection", after: nil, limit: 100).count == 5)
        }
    }
}
