import ChainEVM
import Primitives
import Testing
import WalletConnectBackend
import WalletConnectClient
import WalletConnectProtocol
import WalletConnectRelay
import WalletConnectTesting

@Suite(.timeLimit(.minutes(10)))
struct ConnectionTests {
    @Test func `a user connects by the address, and is listed with what the wallet granted`() async throws {
        try await World.with { world in
            let backend = world.backend
            #expect(!backend.isConnected("alice"))
            let pending = try await backend.connect(
                ConnectionRequest(userID: "alice", chains: [World.mainnet, World.polygon], tenant: "shop"))
            #expect(pending.uri.hasPrefix("wc:\(pending.pairingTopic.hex)@2?"))
            #expect(try pending.qrSVG().hasPrefix("<svg"))
            #expect(try pending.qrPNG().starts(with: [0x89, 0x50, 0x4E, 0x47]))
            #expect(try pending.qrText().count > 100)
            #expect(pending.link(to: "https://wallet.example/").hasPrefix("https://wallet.example/wc?uri=wc%3A"))
            let waiting = try #require(backend.connection(pending.pairingTopic))
            #expect(waiting.state == .pending)
            #expect(waiting.topic == pending.pairingTopic)
            #expect(backend.figures.pending == 1)

            let session = try await world.wallet.connect(pending.uri)
            let connection = try await pending.connection()
            #expect(connection.state == .active)
            #expect(connection.topic == session.topic)
            #expect(connection.userID == "alice")
            #expect(connection.tenant == "shop")
            #expect(connection.chains == [World.mainnet, World.polygon])
            let address = world.wallet.keys.evm().address.description
            #expect(connection.accounts.map(\.description) == ["eip155:1:\(address)", "eip155:137:\(address)"])
            #expect(connection.methods.contains("eth_sendTransaction"))
            #expect(connection.peer?.name == "Scripted wallet")
            #expect(connection.expiresAt > connection.createdAt.adding(seconds: 6 * 86_400))
            #expect(backend.isConnected("alice", tenant: "shop"))
            #expect(backend.connection(of: "alice", tenant: "shop")?.topic == session.topic)
            #expect(backend.connection(pending.pairingTopic)?.topic == session.topic)
            #expect(try await backend.accounts(for: .user("alice", tenant: "shop")) == connection.accounts)
            #expect(backend.figures.active == 1)
            #expect(backend.figures.pending == 0)
            #expect(backend.figures.users == 1)
        }
    }

    @Test func `many users share one client and one socket, and a user may have several wallets`() async throws {
        try await World.with(
            World.Options { $0.wallet = { $0.hasAccountPerSession = true } }
        ) { world in
            try await withThrowingTaskGroup { group in
                for number in 0..<20 { group.addTask { try await world.connect("user \(number % 15)") } }
                try await group.waitForAll()
            }
            let backend = world.backend
            #expect(backend.figures.active == 20)
            #expect(backend.figures.users == 15)
            #expect(world.relay.connections == 2, "one socket of the backend, one of the wallet")
            #expect(backend.connections(of: "user 0").count == 2)
            #expect(Set(backend.connections(limit: 100).flatMap(\.accounts)).count == 20)
            // Pages begin behind the last one that is known.
            var (ids, after): ([Int64], Int64?) = ([], nil)
            while true {
                let page = backend.connections(state: .active, after: after, limit: 7)
                ids += page.map(\.id)
                guard page.count == 7 else { break }
                after = page.last?.id
            }
            #expect(ids.count == 20)
            #expect(ids == ids.sorted())
            #expect(try await backend.disconnect(user: "user 0") == 2)
            #expect(try await backend.disconnect(user: "user 0") == 0)
            #expect(!backend.isConnected("user 0"))
            #expect(backend.isConnected("user 1"))
        }
    }

    @Test func `users are told apart byte by byte`() async throws {
        try await World.with { world in
            try await world.connect("caf\u{e9}")
            #expect(world.backend.isConnected("caf\u{e9}"))
            #expect(!world.backend.isConnected("cafe\u{301}"))
        }
    }

    @Test func `limits of the whole and of one user count what waits, too`() async throws {
        let options = World.Options {
            $0.settings = { settings in
                settings.sessionsMax = 3
                settings.sessionsPerUserMax = 2
            }
        }
        try await World.with(options) { world in
            let backend = world.backend
            try await world.connect("alice")
            let second = try await backend.connect(ConnectionRequest(userID: "alice", chains: [World.mainnet]))
            let own = await World.failure {
                try await backend.connect(ConnectionRequest(userID: "alice", chains: [World.mainnet]))
            }
            #expect(own?.code == .tooManySessions)
            #expect(own?.field == "user_id")
            try await world.connect("bob")
            let whole = await World.failure {
                try await backend.connect(ConnectionRequest(userID: "carol", chains: [World.mainnet]))
            }
            #expect(whole?.code == .tooManySessions)
            #expect(whole?.isRetryable == true)
            try await backend.disconnect(second.pairingTopic)
            try await world.connect("carol")
            let gone = await World.failure { try await second.connection() }
            #expect(gone?.code == .notConnected)
        }
    }

    @Test func `a wallet's no has its words`() async throws {
        try await World.with { world in
            world.wallet.scriptProposals(.reject(code: 5000, message: "Not today."))
            let pending = try await world.backend.connect(ConnectionRequest(userID: "alice", chains: [World.mainnet]))
            _ = try? await world.wallet.connect(pending.uri)
            let error = await World.failure { try await pending.connection() }
            #expect(error?.code == .rejectedByUser)
            #expect(error?.message == "Not today.")
            #expect(error?.peer?.code == 5000)
            let connection = try #require(world.backend.connection(pending.pairingTopic))
            #expect(connection.state == .disconnected)
            #expect(connection.end == ConnectionEnd(.rejected, message: "Not today.", code: 5000))
        }
    }

    @Test func `a proposal nobody answers runs out`() async throws {
        let time = TestTime(WallClock.system.now)
        let options = World.Options {
            $0.clock = time.clock
            $0.pace = time.pace
        }
        try await World.with(options) { world in
            let pending = try await world.backend.connect(ConnectionRequest(userID: "alice", chains: [World.mainnet]))
            let request = await World.failure {
                try await world.backend.request("personal_sign", [], on: World.mainnet, for: .user("alice"))
            }
            #expect(request?.code == .connectionPending)
            let error = await advancing(time) { await World.failure { try await pending.connection() } }
            #expect(error?.code == .connectionExpired)
            #expect(time.clock.now >= pending.expiresAt)
            #expect(world.backend.connection(pending.pairingTopic)?.state == .expired)
            #expect(world.backend.figures.pending == 0)
        }
    }

    @Test func `the wallet ends the session, and the user is told so`() async throws {
        try await World.with { world in
            let told = Told()
            let token = world.backend.on([.disconnect, .connect]) { told.add($0) }
            let connection = try await world.connect()
            try await world.wallet.disconnect(connection.topic)
            await until { !told.events.filter { $0.kind == .disconnect }.isEmpty }
            let ended = try #require(world.backend.connection(connection.topic))
            #expect(ended.state == .disconnected)
            #expect(ended.end?.reason == .wallet)
            #expect(told.kinds == [.connect, .disconnect])
            #expect(told.events.allSatisfy { $0.userID == "alice" && $0.topic == connection.topic })
            let error = await World.failure {
                try await world.backend.request("personal_sign", [], on: World.mainnet, for: .user("alice"))
            }
            #expect(error?.code == .notConnected)
            world.backend.off(token)
        }
    }

    @Test func `the wallet is told when this side ends the session`() async throws {
        try await World.with { world in
            let connection = try await world.connect()
            #expect(try await world.backend.disconnect(connection.topic))
            #expect(world.backend.connection(connection.topic)?.end?.reason == .local)
            await until { world.wallet.client.session(connection.topic) == nil }
            #expect(try await world.backend.disconnect(connection.topic) == false)
        }
    }

    @Test func `what the wallet changes is seen at once`() async throws {
        try await World.with { world in
            let told = Told()
            let token = world.backend.on([.update]) { told.add($0) }
            let connection = try await world.connect()
            try await world.wallet.changeChain(to: World.polygon, in: connection.topic)
            await until { told.events.count >= 2 }
            let changed = try #require(world.backend.connection(connection.topic))
            #expect(changed.chains == [World.mainnet, World.polygon])
            #expect(changed.accounts.count == 2)
            guard case .walletEvent(_, let name, let data, let chain) = try #require(told.events.last).detail else {
                Issue.record("no event of the wallet")
                return
            }
            #expect(name == "chainChanged")
            #expect(data == 137)
            #expect(chain == "eip155:137")
            world.backend.off(token)
        }
    }

    @Test func `sessions end after silence and after their time, by themselves and when they are used`() async throws {
        let clock = ManualClock(WallClock.system.now)
        let options = World.Options {
            $0.clock = clock.clock
            $0.settings = { settings in
                settings.idleSeconds = 600
                settings.absoluteSeconds = 1500
                settings.endedSeconds = 1000
            }
        }
        try await World.with(options) { world in
            let backend = world.backend
            let (idle, used) = (try await world.connect("idle"), try await world.connect("used"))
            clock.advance(seconds: 500)
            _ = try await backend.signMessage("hello", on: World.mainnet, for: .user("used"))
            clock.advance(seconds: 200)
            #expect(!backend.isConnected("idle"))
            #expect(backend.isConnected("used"))
            let error = await World.failure {
                try await backend.signMessage("hello", on: World.mainnet, for: .user("idle"))
            }
            #expect(error?.code == .sessionExpired)
            #expect(backend.connection(idle.topic)?.end?.reason == .idle)
            #expect(try await backend.cleanup().ended == 0)
            clock.advance(seconds: 300)
            _ = try await backend.signMessage("hello", on: World.mainnet, for: .user("used"))
            clock.advance(seconds: 500)
            #expect(try await backend.cleanup().ended == 1)
            #expect(backend.connection(used.topic)?.end?.reason == .absolute)
            #expect(backend.connection(used.topic)?.state == .expired)
            clock.advance(seconds: 1001)
            #expect(try await backend.cleanup().forgotten == 2)
            #expect(backend.connections().isEmpty)
            #expect(backend.figures == BackendFigures())
            await until { world.wallet.client.sessions.isEmpty }
        }
    }

    @Test func `sessions are cleaned up by themselves`() async throws {
        let time = TestTime(WallClock.system.now)
        let options = World.Options {
            $0.clock = time.clock
            $0.pace = time.pace
            $0.settings = { settings in
                settings.idleSeconds = 600
                settings.cleanupSeconds = 60
            }
        }
        try await World.with(options) { world in
            let connection = try await world.connect()
            let backend = world.backend
            await advancing(time) { await until { backend.connection(connection.topic)?.state == .expired } }
            #expect(backend.connection(connection.topic)?.end?.reason == .idle)
            #expect(time.clock.now >= connection.lastActivityAt.adding(seconds: 600))
        }
    }

    @Test func `a wallet makes its session last longer, and without that it ends after its days`() async throws {
        let clock = ManualClock(WallClock.system.now)
        try await World.with(World.Options { $0.clock = clock.clock }) { world in
            let told = Told()
            let token = world.backend.on([.update, .expire]) { told.add($0) }
            let connection = try await world.connect()
            // Later by the wallet's own clock, so that there is something to extend.
            await until {
                WallClock.system.now.adding(seconds: SessionExpiry.lifetimeSeconds)
                    > connection.expiresAt.adding(seconds: 1)
            }
            // This side takes no more than seven days by its own.
            clock.advance(seconds: 60)
            try await world.wallet.client.extend(connection.topic)
            await until { told.kinds == [.update] }
            let extended = try #require(world.backend.connection(connection.topic))
            #expect(extended.expiresAt > connection.expiresAt)
            clock.set(extended.expiresAt)
            #expect(!world.backend.isConnected("alice"))
            _ = try await world.backend.cleanup()
            await until { told.kinds == [.update, .expire] }
            #expect(world.backend.connection(connection.topic)?.end?.reason == .sessionExpired)
            world.backend.off(token)
        }
    }

    @Test(arguments: [("", "user_id"), (String(repeating: "x", count: 129), "user_id")])
    func `a user id has its bounds`(userID: String, field: String) async throws {
        try await World.with { world in
            let error = await World.failure {
                try await world.backend.connect(ConnectionRequest(userID: userID, chains: [World.mainnet]))
            }
            #expect(error?.code == .invalidParams)
            #expect(error?.field == field)
        }
    }

    @Test func `a relay that refuses the client is unreachable, for what waits and for what comes`() async throws {
        try await withTestRelay(settings: { $0.projects = [RelayProject(id: "another")] }) { relay in
            try await withBackend(try World.backend(relay.url, World.Options())) { backend in
                let request = ConnectionRequest(userID: "alice", chains: [World.mainnet])
                let pending = try await backend.connect(request)
                let first = await World.failure { try await pending.connection() }
                #expect(first?.code == .relayUnreachable)
                #expect(backend.connection(pending.pairingTopic)?.end?.reason == .relay)
                let second = await World.failure { try await backend.connect(request) }
                #expect(second?.code == .relayUnreachable)
                #expect(await backend.health().status == .down)
            }
        }
    }

    @Test func `before it runs and after its end nothing is taken`() async throws {
        try await World.withRelayAndWallet { relay, _ in
            let backend = try World.backend(relay.url, World.Options())
            let early = await World.failure {
                try await backend.connect(ConnectionRequest(userID: "alice", chains: [World.mainnet]))
            }
            #expect(early?.code == .closed)
            #expect(backend.state == .restoring)
            let events = backend.events()
            try await withBackend(backend) { #expect($0.state == .running) }
            #expect(backend.state == .ended)
            let late = await World.failure {
                try await backend.connect(ConnectionRequest(userID: "alice", chains: [World.mainnet]))
            }
            #expect(late?.code == .closed)
            for await _ in events {}
            for await _ in backend.events() {}
            #expect(await World.failure { try await backend.ready() }?.code == .closed)
            #expect(await backend.health().status == .down)
        }
    }
}
