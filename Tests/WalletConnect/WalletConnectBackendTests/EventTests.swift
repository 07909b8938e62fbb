import ChainEVM
import Primitives
import Storage
import Synchronization
import Testing
import WalletConnectBackend
import WalletConnectClient
import WalletConnectProtocol
import WalletConnectTesting

@Suite(.timeLimit(.minutes(10)))
struct EventTests {
    @Test func `everything that happens is told in order, with user, topic and time`() async throws {
        let clock = ManualClock(WallClock.system.now)
        try await World.with(World.Options { $0.clock = clock.clock }) { world in
            let backend = world.backend
            let told = Told()
            let listening = Task { [events = backend.events()] in for await event in events { told.add(event) } }
            let connection = try await world.connect()
            _ = try await backend.signMessage("a", on: World.mainnet, for: .user("alice"))
            world.wallet.script("eth_sendTransaction", .reject)
            _ = await World.failure {
                try await backend.sendTransaction(
                    TransactionCall(to: world.wallet.keys.evm().address), on: World.mainnet, for: .user("alice"))
            }
            try await backend.disconnect(connection.topic)
            await until { told.kinds.contains(.disconnect) }
            #expect(
                told.kinds == [
                    .connect, .signRequest, .signResponse, .transactionRequest, .transactionResponse, .error,
                    .disconnect,
                ])
            for event in told.events {
                #expect(event.userID == "alice")
                #expect(event.topic == connection.topic)
                #expect(event.at == clock.now)
            }
            guard case .outcome(let call, .failure(let error)) = told.events[4].detail else {
                Issue.record("no outcome")
                return
            }
            #expect(call.method == "eth_sendTransaction")
            #expect(error.code == .rejectedByUser)
            listening.cancel()
        }
    }

    @Test func `events have the names that are written down`() {
        #expect(
            BackendEvent.Kind.allCases.map(\.rawValue) == [
                "session_connect", "session_disconnect", "session_update", "session_expire", "transaction_request",
                "transaction_response", "sign_request", "sign_response", "wallet_request", "wallet_response", "error",
            ])
    }

    @Test func `a callback that hangs holds up neither the others nor the end`() async throws {
        try await World.with { world in
            let (told, hangs) = (Told(), Told())
            _ = world.backend.on { event in
                hangs.add(event)
                // Nothing wakes it up, and it does not listen to cancellation.
                await Task.detached { try? await Task.sleep(for: .seconds(60)) }.value
            }
            let token = world.backend.on([.connect]) { told.add($0) }
            try await world.connect("alice")
            try await world.connect("bob")
            await until { told.events.count == 2 }
            await until { hangs.events.count == 1 }
            world.backend.off(token)
            try await world.connect("carol")
            #expect(told.events.count == 2)
        }
    }

    @Test func `a listener that is slow loses the newest, and is told no more than it can hold`() async throws {
        try await World.with(World.Options { $0.settings = { $0.eventsWaitingMax = 2 } }) { world in
            let events = world.backend.events([.connect])
            for user in ["a", "b", "c"] { try await world.connect(user) }
            var users: [String?] = []
            for await event in events {
                users.append(event.userID)
                if users.count == 2 { break }
            }
            #expect(users == ["a", "b"])
        }
    }
}
