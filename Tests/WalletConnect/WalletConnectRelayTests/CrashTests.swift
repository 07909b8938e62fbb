import Foundation
import Primitives
import Storage
import Synchronization
import Testing
import WalletConnectProtocol
import WalletConnectRelay

/// A memory store that outlives its relays.
struct MemoryTwin {
    let store = MemoryStore()
}

/// A store that dies: from a moment on nothing is stored any more, and what was under way is lost or not, as it falls.
final class DyingStore: Store {
    struct Dead: Error {}

    private struct Life {
        var writesLeft: Int
        var isDead = false
    }

    private let inner: MemoryStore
    private let life: Mutex<Life>

    init(_ inner: MemoryStore, writes: Int) {
        self.inner = inner
        life = Mutex(Life(writesLeft: writes))
    }

    var isDead: Bool { life.withLock { $0.isDead } }

    func write<Result: Sendable>(
        _ body: @escaping @Sendable (any WriteTransaction) throws -> Result
    ) async throws -> Result {
        let isLast = try life.withLock { life in
            if life.isDead { throw Dead() }
            life.writesLeft -= 1
            if life.writesLeft < 0 { life.isDead = true }
            return life.isDead
        }
        guard isLast else { return try await inner.write(body) }
        // The last one is committed in half of the cases, but nobody hears of it.
        if Bool.random() { _ = try await inner.write(body) }
        throw Dead()
    }

    func read<Result: Sendable>(
        _ body: @escaping @Sendable (any ReadTransaction) throws -> Result
    ) async throws -> Result {
        if isDead { throw Dead() }
        return try await inner.read(body)
    }

    func migrate(_ migrations: [Migration]) async throws { try await inner.migrate(migrations) }
    func backup(to path: String) async throws {}
    func close() async {}
}

struct CrashTests {
    @Test(.timeLimit(.minutes(10)))
    func `of fifty relays killed in the middle of publishing none loses what it acknowledged`() async throws {
        var random = SystemRandomNumberGenerator()
        var (lost, repeatedFrames, acknowledgedInAll) = (0, 0, 0)
        for round in 0..<50 {
            let twin = MemoryStore()
            let writes = Int.random(in: 1...25, using: &random)
            let dying = DyingStore(twin, writes: writes)
            let (aliceKey, bobKey) = (TestClient.key(), TestClient.key())
            var acknowledged: Set<String> = []
            var seen: [String: Int] = [:]
            // Bob is away in every third round, and slow to acknowledge in another third.
            try await RunningRelay.with(store: dying) { relay in
                let alice = try await TestClient.connect(relay, key: aliceKey)
                let bob = try await TestClient.connect(relay, key: bobKey)
                try await bob.subscribe(.test(1))
                if round % 3 == 0 { await bob.socket.close() }
                bob.acknowledges = round % 3 == 1
                let reading = Task { [bob = Held(bob)] in
                    while (try? await bob.client.nextFrame(seconds: 0.5)) != nil {}
                }
                var sent = 0
                while !dying.isDead, sent < 60 {
                    let message = "round \(round) message \(sent)"
                    sent += 1
                    do {
                        try await alice.publish(.test(1), message)
                        acknowledged.insert(message)
                    } catch is RelayError {
                        break
                    }
                }
                relay.server.kill()
                await bob.socket.close()
                _ = await reading.value
                for push in bob.pushes { seen[push.message, default: 0] += 1 }
                // What Bob acknowledged he has; what he only saw he may see again.
                if !bob.acknowledges { repeatedFrames += bob.pushes.count }
            }
            try await RunningRelay.with(store: twin) { relay in
                let bob = try await TestClient.connect(relay, key: bobKey)
                try await bob.subscribe(.test(1))
                try await bob.settle()
                let missing = { acknowledged.subtracting(seen.keys).subtracting(bob.pushes.map { $0.message }) }
                while !missing().isEmpty {
                    guard (try? await bob.nextFrame(seconds: 0.5)) != nil else { break }
                }
                lost += missing().count
                let again = Set(bob.pushes.map { $0.message })
                // Twice in the same life would be the relay's fault; over a crash it is allowed.
                #expect(again.count == bob.pushes.count, "round \(round): the same message twice in one life")
            }
            acknowledgedInAll += acknowledged.count
        }
        #expect(lost == 0)
        #expect(acknowledgedInAll > 100)
        print(
            "killed 50 relays: \(acknowledgedInAll) acknowledged, \(lost) lost, \(repeatedFrames) pushes to a slow reader"
        )
    }
}

/// Carries a test client into a task while its maker lets it alone.
///
/// Unchecked: the maker awaits the task before it looks again.
struct Held: @unchecked Sendable {
    let client: TestClient
    init(_ client: TestClient) { self.client = client }
}
