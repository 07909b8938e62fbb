import Primitives
import Storage
import Synchronization
import Testing
import WalletConnectBackend
import WalletConnectClient
import WalletConnectProtocol
import WalletConnectTesting

@Suite(.timeLimit(.minutes(10)))
struct RecoveryTests {
    /// What an application remembers by itself, from one process to the next: nothing but what it was given.
    private final class App: Sendable {
        private let state = Mutex((pairing: Topic?.none, request: Int64?.none))

        /// Goes on from wherever the last process came to, until a message is signed.
        func work(_ backend: WalletConnectBackend, _ wallet: ScriptedWallet) async throws -> JSON {
            let connection = try await connection(backend, wallet)
            #expect(connection.userID == "alice")
            if let request = state.withLock(\.request) { return try await backend.outcome(of: request).value() }
            let pending = try await backend.request(
                "personal_sign", ["0x68656c6c6f", .string(connection.accounts[0].address)], on: World.mainnet,
                for: .user("alice"))
            state.withLock { $0.request = pending.id }
            return try await pending.value()
        }

        private func connection(_ backend: WalletConnectBackend, _ wallet: ScriptedWallet) async throws -> Connection {
            if let pairing = state.withLock(\.pairing) {
                // Whose it is was stored before the address was shown.
                let known = try #require(backend.connection(pairing))
                if known.state == .active { return known }
                #expect(known.state == .pending)
                await until { backend.connection(pairing)?.state != .pending }
                return try #require(backend.connection(pairing))
            }
            let pending = try await backend.connect(ConnectionRequest(userID: "alice", chains: [World.mainnet]))
            state.withLock { $0.pairing = pending.pairingTopic }
            _ = try await wallet.client.pair(pending.uri)
            return try await pending.connection()
        }
    }

    @Test func `a backend killed after any write goes on, and nobody's session is lost`() async throws {
        var last = 0
        for unit in 0..<40 {
            let store = MemoryKeyValueStore()
            let mortal = MortalRecords(store, diesAfter: unit)
            let app = App()
            try await World.withRelayAndWallet { relay, wallet in
                var answer: JSON?
                do {
                    answer = try await withBackend(try World.backend(relay.url, World.Options { $0.records = mortal }))
                    {
                        try await app.work($0, wallet)
                    }
                } catch let error as BackendError {
                    #expect(
                        [.storeUnavailable, .requestInDoubt, .closed, .cancelled].contains(error.code),
                        "unit \(unit): \(error)")
                }
                if answer == nil {
                    let second = try World.backend(relay.url, World.Options { $0.records = store })
                    answer = try await withBackend(second) { backend in
                        let answer = try await app.work(backend, wallet)
                        #expect(backend.isConnected("alice"), "unit \(unit)")
                        #expect(backend.figures.requests == 0, "unit \(unit)")
                        return answer
                    }
                }
                #expect(answer?.string?.count == 132, "unit \(unit)")
            }
            last = unit
            // It lived to the end: there is nothing more to kill.
            if mortal.count <= unit { break }
        }
        #expect(last > 8, "there were writes to die after")
        #expect(last < 39, "the flow ends")
    }

    @Test func `a wallet that answered while nobody listened is attributed to who asked`() async throws {
        let records = MemoryKeyValueStore()
        let options = World.Options { $0.records = records }
        try await World.withRelayAndWallet(options) { relay, wallet in
            let uris = try await withBackend(try World.backend(relay.url, options)) { backend in
                var uris: [String: String] = [:]
                for user in ["alice", "bob"] {
                    uris[user] = try await backend.connect(
                        ConnectionRequest(userID: user, chains: [World.mainnet], tenant: "shop")
                    ).uri
                }
                // The relay has the proposals before the process ends.
                await until { backend.client.counts.outbox == 0 }
                return uris
            }
            for uri in uris.values { _ = try await wallet.client.pair(uri) }
            await until { wallet.client.sessions.count == 2 }
            try await withBackend(try World.backend(relay.url, options)) { backend in
                await until { backend.figures.active == 2 }
                for (user, uri) in uris {
                    let connection = try #require(backend.connection(of: user, tenant: "shop"))
                    #expect(backend.connection(of: user) == nil, "it is another user's")
                    #expect(uri.contains(connection.pairingTopic.hex))
                    #expect(connection.tenant == "shop")
                    #expect(wallet.client.session(connection.topic) != nil)
                    _ = try await backend.signMessage("hello", on: World.mainnet, for: .user(user, tenant: "shop"))
                }
            }
        }
    }

    @Test func `a proposal that was called off just before a crash makes no session of nobody's`() async throws {
        for unit in 0..<40 {
            let store = MemoryKeyValueStore()
            let mortal = MortalRecords(store, diesAfter: unit)
            let app = Mutex(PendingConnection?.none)
            try await World.withRelayAndWallet { relay, wallet in
                _ = try? await withBackend(try World.backend(relay.url, World.Options { $0.records = mortal })) {
                    let pending = try await $0.connect(ConnectionRequest(userID: "alice", chains: [World.mainnet]))
                    app.withLock { $0 = pending }
                    try await $0.disconnect(pending.pairingTopic)
                }
                guard let pending = app.withLock({ $0 }) else { return }
                try await withBackend(try World.backend(relay.url, World.Options { $0.records = store })) { backend in
                    guard backend.connection(pending.pairingTopic)?.state == .disconnected else { return }
                    await until { backend.client.counts.proposals == 0 }
                    _ = try? await wallet.client.pair(pending.uri)
                    await until { backend.client.counts.outcomes == 0 }
                    #expect(backend.client.sessions.isEmpty)
                }
            }
            if mortal.count <= unit { break }
        }
    }

    @Test func `killed after any write, a backend knows at the next start whether the wallet was asked`() async throws {
        let ends = Mutex(Set<String>())
        for unit in 0..<40 {
            let store = MemoryKeyValueStore()
            let mortal = MortalRecords(store, diesAfter: unit)
            try await World.withRelayAndWallet { relay, wallet in
                wallet.script("personal_sign", .never)
                func options(_ records: any KeyValueStore) -> World.Options { World.Options { $0.records = records } }
                let topic = try await withBackend(try World.backend(relay.url, options(store))) { backend in
                    try await World(relay: relay, wallet: wallet, backend: backend).connect().topic
                }
                // Its id is known in advance, as to a server that keeps it with an idempotency key.
                let reserved = Mutex(Int64?.none)
                _ = try? await withBackend(try World.backend(relay.url, options(mortal))) { backend in
                    var call = CallOptions()
                    call.id = backend.reserveRequestID()
                    reserved.withLock { [id = call.id] in $0 = id }
                    _ = try await backend.request(
                        "personal_sign", ["0x00"], on: World.mainnet, for: .topic(topic), options: call)
                    _ = try await wallet.request(of: "personal_sign")
                }
                guard let id = reserved.withLock({ $0 }) else { return }
                try await withBackend(try World.backend(relay.url, options(store))) { backend in
                    let isKnown: Bool
                    do throws(BackendError) {
                        isKnown = try await backend.status(of: id).call.userID == "alice"
                    } catch {
                        #expect(error.code == .unknownRequest, "unit \(unit): \(error)")
                        isKnown = false
                    }
                    ends.withLock { _ = $0.insert(isKnown ? "asked" : "not asked") }
                    if isKnown {
                        #expect(try await wallet.request(of: "personal_sign").id == .number(id), "unit \(unit)")
                        try await wallet.client.respond(to: .number(id), on: topic, with: .result(["yes": true]))
                        #expect(try await backend.outcome(of: id) == .result(["yes": true]), "unit \(unit)")
                    } else {
                        #expect(backend.figures.requests == 0, "unit \(unit)")
                        // The first that the wallet sees is the one that is made now.
                        let again = try await backend.request(
                            "personal_sign", ["0x00"], on: World.mainnet, for: .topic(topic))
                        #expect(try await wallet.request(of: "personal_sign").id == .number(again.id), "unit \(unit)")
                    }
                }
            }
            if mortal.count <= unit { break }
        }
        #expect(ends.withLock { $0 } == ["asked", "not asked"])
    }

    @Test func `a request whose record cannot be stored is not made`() async throws {
        let records = OutageRecords(MemoryKeyValueStore(), of: "backend_call")
        try await World.withRelayAndWallet { relay, wallet in
            let refused = await World.failure {
                try await withBackend(try World.backend(relay.url, World.Options { $0.records = records })) { backend in
                    try await World(relay: relay, wallet: wallet, backend: backend).connect()
                    records.fail(.readOnly)
                    _ = try await backend.request(
                        "personal_sign", ["0x00"], on: World.mainnet, for: .user("alice"))
                }
            }
            #expect(refused?.code == .storeUnavailable)
        }
    }

    @Test func `a session that the wallet ended while nobody listened is gone for its user`() async throws {
        let options = World.Options { [records = MemoryKeyValueStore()] in $0.records = records }
        try await World.withRelayAndWallet(options) { relay, wallet in
            let topic = try await withBackend(try World.backend(relay.url, options)) { backend in
                try await World(relay: relay, wallet: wallet, backend: backend).connect().topic
            }
            try await wallet.disconnect(topic)
            try await withBackend(try World.backend(relay.url, options)) { backend in
                await until { !backend.isConnected("alice") }
                #expect(backend.connection(topic)?.end?.reason == .wallet)
            }
        }
    }

    @Test func `an answer that came while nobody listened is read by its id, and more than once`() async throws {
        let options = World.Options { [records = MemoryKeyValueStore()] in $0.records = records }
        try await World.withRelayAndWallet(options) { relay, wallet in
            wallet.script("personal_sign", .never)
            let (id, topic) = try await withBackend(try World.backend(relay.url, options)) { backend in
                try await World(relay: relay, wallet: wallet, backend: backend).connect()
                let pending = try await backend.request(
                    "personal_sign", ["0x00"], on: World.mainnet, for: .user("alice"))
                _ = try await wallet.request(of: "personal_sign")
                return (pending.id, pending.call.topic)
            }
            try await wallet.client.respond(to: .number(id), on: topic, with: .result(["late": true]))
            for _ in 0..<2 {
                try await withBackend(try World.backend(relay.url, options)) { backend in
                    let told = Told()
                    let token = backend.on([.signResponse]) { told.add($0) }
                    #expect(try await backend.outcome(of: id) == .result(["late": true]))
                    let status = try await backend.status(of: id)
                    #expect(status.call.userID == "alice")
                    #expect(status.call.method == "personal_sign")
                    #expect(status.call.params == nil, "params are not kept")
                    #expect(status.answeredAt != nil)
                    backend.off(token)
                }
            }
        }
    }

    @Test func `what stands in the database is sealed`() async throws {
        let records = MemoryKeyValueStore()
        try await World.with(World.Options { $0.records = records }) { world in
            try await world.connect("a very private name")
            _ = try await world.backend.signMessage("secret text", on: World.mainnet, for: .user("a very private name"))
            for collection in ["backend_connection", "backend_call", "backend_answer"] {
                let rows = try await records.list(collection, after: nil, limit: 100)
                if collection != "backend_call" { #expect(!rows.isEmpty) }
                for row in rows {
                    let text = String(decoding: row.value, as: UTF8.self)
                    #expect(!text.contains("private") && !text.contains("personal_sign"))
                }
            }
        }
    }

    @Test func `a backend that was replaced ends nobody's session, however late it wakes up`() async throws {
        let options = World.Options { [records = MemoryKeyValueStore()] in $0.records = records }
        let late = TestTime(WallClock.system.now)
        try await World.withRelayAndWallet(options) { relay, wallet in
            let first = try World.backend(
                relay.url,
                World.Options {
                    $0 = options
                    $0.settings = { $0.idleSeconds = 60 }
                    $0.clock = late.clock
                })
            let running = Task { await World.failure { try await first.run() } }
            try await first.ready()
            let connection = try await World(relay: relay, wallet: wallet, backend: first).connect("alice")
            try await withBackend(try World.backend(relay.url, options)) { second in
                // To the first everybody has been idle for long; its clean-up comes before anything tells it of the second.
                late.advance(seconds: 3600)
                await #expect(throws: BackendError.self) { try await first.cleanup() }
                #expect(await running.value?.code == .storeUnavailable)
                #expect(second.connection(connection.topic)?.state == .active)
            }
            try await withBackend(try World.backend(relay.url, options)) { third in
                #expect(third.connection(connection.topic)?.state == .active)
                _ = try await third.signMessage("hello", on: World.mainnet, for: .topic(connection.topic))
            }
        }
    }

    @Test func `a second backend on the same records ends the first`() async throws {
        let options = World.Options { [records = MemoryKeyValueStore()] in $0.records = records }
        try await World.withRelayAndWallet(options) { relay, wallet in
            let first = try World.backend(relay.url, options)
            let running = Task { await World.failure { try await first.run() } }
            try await first.ready()
            try await withBackend(try World.backend(relay.url, options)) { second in
                _ = try? await first.connect(ConnectionRequest(userID: "alice", chains: [World.mainnet]))
                #expect(await running.value?.code == .storeUnavailable)
                try await World(relay: relay, wallet: wallet, backend: second).connect("bob")
            }
        }
    }
}
