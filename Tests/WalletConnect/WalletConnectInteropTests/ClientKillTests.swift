#if SQLite
    import Primitives
    import Storage
    import StorageSQLite
    import Synchronization
    import Testing
    import WalletConnectClient
    import WalletConnectProtocol

    /// Our clients die at every write of a handshake and a request, and are started again on the same database.
    struct ClientKillTests {
        enum Victim: String, CaseIterable, Sendable { case dapp, wallet }

        @Test(arguments: Victim.allCases, [false, true])
        func `a client that is killed at any write goes on after its restart`(
            victim: Victim, isAfterCommit: Bool
        ) async throws {
            try await RelayWorld.running { world in
                var write = 1
                while true {
                    let death = MortalStore.Death(atWrite: write, isAfterCommit: isAfterCommit)
                    let life = try await Life.lived(world.url, victim: victim, death: death)
                    #expect(life.answer == Life.question, "killed at write \(write)")
                    guard life.died else { break }
                    write += 1
                }
                // A handshake and a request are never fewer steps than these.
                #expect(write > 6, "\(victim) made \(write) writes")
            }
        }

        @Test func `relay and clients all die, in no order, and the answer comes`() async throws {
            let random = RandomSource.seeded(interopSeed &+ 1)
            func deaths(_ count: Int, upTo writes: UInt64) -> [MortalStore.Death] {
                (0..<count).map { _ in
                    MortalStore.Death(
                        atWrite: 2 + Int(random.uint64(below: writes)), isAfterCommit: random.uint64(below: 2) == 1)
                }
            }
            let folder = try Folder()
            let relay = MortalRelay(path: folder.path("relay.db"))
            let planned = (
                relay: deaths(40, upTo: 6), lives: (0..<8).map { _ in (deaths(2, upTo: 9), deaths(2, upTo: 9)) }
            )
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await relay.live(planned.relay) }
                let port = try await eventually("the relay's port") { relay.port }
                for (index, clients) in planned.lives.enumerated() {
                    let life = try await Life.lived(
                        "ws://127.0.0.1:\(port)", deaths: [.dapp: clients.0, .wallet: clients.1])
                    #expect(life.answer == Life.question, "life \(index); \(interopSeed)")
                }
                #expect(relay.deaths > 0)
                group.cancelAll()
                while let ended = await group.nextResult() { _ = ended }
            }
        }

        @Test func `both clients are killed at random writes again and again`() async throws {
            let random = RandomSource.seeded(interopSeed)
            let deaths = (0..<12).map { _ in
                MortalStore.Death(
                    atWrite: 1 + Int(random.uint64(below: 14)), isAfterCommit: random.uint64(below: 2) == 1)
            }
            try await RelayWorld.running { world in
                for index in stride(from: 0, to: deaths.count, by: 2) {
                    let life = try await Life.lived(
                        world.url, deaths: [.dapp: [deaths[index], deaths[index + 1]], .wallet: [deaths[index + 1]]])
                    #expect(life.answer == Life.question, "deaths \(index); \(interopSeed)")
                }
            }
        }
    }

    /// One handshake and one request between our clients, however often they die on the way.
    private final class Life: Sendable {
        static let question: JSON = ["0x68656c6c6f"]

        private struct Progress {
            var uri: String?
            var connecting: Int64?
            var request: Int64?
            var answer: JSON?
            var deaths = 0
            var failure: String?
        }

        private let progress = Mutex(Progress())
        private let folder: Folder
        private let url: String

        var answer: JSON? { progress.withLock { $0.answer } }
        var died: Bool { progress.withLock { $0.deaths > 0 } }

        private init(_ url: String) throws {
            self.url = url
            folder = try Folder()
        }

        static func lived(_ url: String, victim: ClientKillTests.Victim, death: MortalStore.Death) async throws -> Life
        {
            try await lived(url, deaths: [victim: [death]])
        }

        /// Lives until the answer is there, and each client has died as often as was planned, or has had no occasion to.
        static func lived(_ url: String, deaths: [ClientKillTests.Victim: [MortalStore.Death]]) async throws -> Life {
            let life = try Life(url)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await life.lives("DApp", deaths[.dapp] ?? []) { try await life.ask($0) }
                }
                group.addTask {
                    try await life.lives("Wallet", deaths[.wallet] ?? []) { try await life.serve($0) }
                }
                try await eventually(within: 60, "the answer; \(life.progress.withLock { "\($0)" })") {
                    life.answer == nil ? nil : ()
                }
                group.cancelAll()
                while let ended = await group.nextResult() { _ = ended }
            }
            return life
        }

        /// One life after the other on one database; the last one has no planned end.
        private func lives(
            _ name: String, _ deaths: [MortalStore.Death], _ body: @escaping @Sendable (OurClient) async throws -> Void
        ) async throws {
            let path = folder.path("\(name).db")
            for death in deaths + [MortalStore.Death(atWrite: nil, isAfterCommit: false)] {
                let database: any Store = try await SQLite.open(path: path)
                let mortal = MortalStore(database, death: death)
                do {
                    try await OurClient.running(name, url, store: mortal, body)
                } catch {
                    guard mortal.isDead else {
                        if !(error is CancellationError) { progress.withLock { $0.failure = "\(name): \(error)" } }
                        throw error
                    }
                    progress.withLock { $0.deaths += 1 }
                }
                await database.close()
                if !mortal.isDead { return }
            }
        }

        /// The dApp's user: wants a session and an answer, and remembers only what it was told.
        private func ask(_ ours: OurClient) async throws {
            let client = ours.client
            let session = try await session(client)
            let known = progress.withLock { $0.request }
            let request: Int64
            if let known, client.status(of: known) != nil {
                request = known
            } else {
                let calling = try await client.requestWithoutWaiting(
                    SessionRequest(
                        topic: session.topic, chainID: Fixture.chain, method: "personal_sign", params: Self.question))
                request = calling.id
                progress.withLock { $0.request = request }
            }
            let answer = try await client.awaitResponse(request)
            progress.withLock { $0.answer = answer }
        }

        private func session(_ client: SignClient) async throws -> Session {
            if let session = client.sessions.first { return session }
            let known = progress.withLock { $0.connecting }
            if let known, client.status(of: known) != nil {
                return try await eventually("the session that was asked for before") { client.sessions.first }
            }
            let pending = try await client.connect(ConnectOffer(optionalNamespaces: Fixture.wanted))
            progress.withLock {
                $0.connecting = pending.id
                $0.uri = pending.uri?.text
            }
            return try await pending.session()
        }

        /// The wallet's user: scans what the dApp shows, and says yes to everything.
        private func serve(_ ours: OurClient) async throws {
            try await WalletApp().serving(ours) {
                var scanned: String?
                while true {
                    let uri = try await eventually(within: 60, "an address to scan") {
                        self.progress.withLock { $0.uri == scanned ? nil : $0.uri }
                    }
                    scanned = uri
                    do {
                        try await ours.pair(uri)
                    } catch let error as SignError where error.code == .pairingExists {
                        // It was scanned in an earlier life.
                    }
                }
            }
        }
    }
#endif
