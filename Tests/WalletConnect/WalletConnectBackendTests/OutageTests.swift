import Primitives
import Storage
import Testing
import WalletConnectBackend
import WalletConnectClient
import WalletConnectTesting

@Suite(.timeLimit(.minutes(10)))
struct OutageTests {
    private static func options(_ records: OutageRecords, _ time: TestTime) -> World.Options {
        World.Options {
            $0.records = records
            $0.pace = time.pace
        }
    }

    /// A minute passes, slowly enough for everybody who sleeps to wake up now and then.
    private static func minute(of time: TestTime) async {
        for _ in 0..<60 {
            time.advance(seconds: 1)
            try? await Task.sleep(for: .milliseconds(2))
        }
    }

    /// Of all records, and of the backend's own alone.
    @Test(arguments: ["", "backend_"])
    func `a minute without the database is survived, and who waits goes on`(prefix: String) async throws {
        let (time, records) = (TestTime(), OutageRecords(of: prefix))
        try await World.withRelayAndWallet { relay, wallet in
            try await withBackend(try World.backend(relay.url, Self.options(records, time))) { backend in
                records.fail(.unavailable)
                let connecting = Task {
                    try await backend.connect(ConnectionRequest(userID: "alice", chains: [World.mainnet]))
                }
                await until { records.failures > 0 }
                await Self.minute(of: time)
                records.fail(nil)
                let pending = try await advancing(time) { try await connecting.value }
                #expect(backend.connection(pending.pairingTopic)?.state == .pending)
                _ = try await backend.connect(ConnectionRequest(userID: "bob", chains: [World.mainnet]))
            }
        }
    }

    @Test(arguments: ["", "backend_"])
    func `a minute without the database at the start is survived`(prefix: String) async throws {
        let (time, records) = (TestTime(), OutageRecords(of: prefix))
        records.fail(.overloaded)
        try await World.withRelayAndWallet { relay, _ in
            let backend = try World.backend(relay.url, Self.options(records, time))
            let running = Task { try await backend.run() }
            await until { records.failures > 0 }
            await Self.minute(of: time)
            records.fail(nil)
            try await advancing(time) { try await backend.ready() }
            running.cancel()
            _ = await running.result
        }
    }

    @Test(arguments: ["", "backend_"])
    func `a database that is away for longer than the settings say ends the backend`(prefix: String) async throws {
        let (time, records) = (TestTime(), OutageRecords(of: prefix))
        try await World.withRelayAndWallet { relay, _ in
            let backend = try World.backend(relay.url, Self.options(records, time))
            let running = Task { await World.failure { try await backend.run() } }
            try await backend.ready()
            records.fail(.unavailable)
            let connecting = Task {
                await World.failure {
                    try await backend.connect(ConnectionRequest(userID: "alice", chains: [World.mainnet]))
                }
            }
            await until { records.failures > 0 }
            await Self.minute(of: time)
            let error = await advancing(time) { await connecting.value }
            #expect(error?.code == .storeUnavailable)
            #expect(await running.value?.code == .storeUnavailable)
        }
    }

    @Test(arguments: ["", "backend_"])
    func `an error that does not pass ends the backend at once`(prefix: String) async throws {
        let (time, records) = (TestTime(), OutageRecords(of: prefix))
        try await World.withRelayAndWallet { relay, _ in
            let backend = try World.backend(relay.url, Self.options(records, time))
            let running = Task { await World.failure { try await backend.run() } }
            try await backend.ready()
            records.fail(.readOnly)
            let error = await World.failure {
                try await backend.connect(ConnectionRequest(userID: "alice", chains: [World.mainnet]))
            }
            #expect(error?.code == .storeUnavailable)
            #expect(await running.value?.code == .storeUnavailable)
            #expect(records.failures == 1)
        }
    }
}
