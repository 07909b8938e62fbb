#if SQLite
    import Logging
    import Primitives
    import Storage
    import StorageSQLite
    import Synchronization
    import Testing
    import WalletConnectProtocol
    import WalletConnectRelay

    /// Our relay dies in the middle of publishes, again and again, while two of our clients go on working.
    struct RelayKillTests {
        static let kills = 50
        static let processKills = 10
        static let lanes = 6

        @Test func `a relay killed fifty times mid publish loses nothing and delivers nothing twice`() async throws {
            let folder = try Folder()
            let random = RandomSource.seeded(interopSeed)
            let deaths = (0..<Self.kills).map { _ in
                MortalStore.Death(
                    atWrite: 4 + Int(random.uint64(below: 12)), isAfterCommit: random.uint64(below: 2) == 1)
            }
            let relay = MortalRelay(path: folder.path("relay.db"))
            // Whichever fails ends the other: without deaths the load would go on for ever.
            try await withThrowingTaskGroup(of: Int?.self) { group in
                group.addTask {
                    try await relay.live(deaths)
                    return nil
                }
                group.addTask {
                    let port = try await eventually("the relay's port") { relay.port }
                    return try await Self.work(relay, kills: Self.kills, url: "ws://127.0.0.1:\(port)")
                }
                let asked = try await group.next() ?? nil
                #expect(relay.deaths == Self.kills)
                #expect((asked ?? 0) >= Self.kills, "only \(asked ?? 0) requests; \(interopSeed)")
                group.cancelAll()
                while let ended = await group.nextResult() { _ = ended }
            }
        }

        /// The same with the program and a signal: nothing of it can tidy up, and the clients see a port that is closed.
        @Test(.enabled(if: Places.hasBinary, "coffer is not built"))
        func `the relay's process killed ten times under load loses nothing and delivers nothing twice`() async throws {
            let relay = RelayProcess(folder: try Folder())
            defer { relay.end() }
            let url = try await relay.start()
            try await withThrowingTaskGroup(of: Int?.self) { group in
                group.addTask {
                    try await relay.live(deaths: Self.processKills, random: .seeded(interopSeed))
                    return nil
                }
                group.addTask { try await Self.work(relay, kills: Self.processKills, url: url) }
                var asked = 0
                for try await ended in group { asked += ended ?? 0 }
                #expect(relay.deaths == Self.processKills)
                #expect(asked >= Self.processKills, "only \(asked) requests; \(interopSeed)")
            }
        }

        @Test(.timeLimit(.minutes(10)))
        func `a relay whose disk has failed stops when it is told to`() async throws {
            let store = MortalStore(MemoryStore(), death: MortalStore.Death(atWrite: nil, isAfterCommit: false))
            // Acknowledgements wait to be stored, and are still waiting when the disk fails.
            try await RelayWorld.running(store: store, settings: { $0.limits.lingerMilliseconds = 60_000 }) { world in
                try await OurClient.running("DApp", world.url) { dapp in
                    try await OurClient.running("Wallet", world.url) { wallet in
                        try await WalletApp().serving(wallet) {
                            let connecting = try await dapp.connect(Fixture.wanted)
                            try await wallet.pair(connecting.uri)
                            let session = try await connecting.session()
                            _ = try await dapp.result(session.topic, "personal_sign", ["0x00"])
                        }
                    }
                }
                store.kill()
            }
            #expect(store.isDead)
        }

        /// Our dApp asks in several lanes until the relay has died often enough; returns how many requests there were.
        private static func work(_ relay: some Mortal, kills: Int, url: String) async throws -> Int {
            try await OurClient.running("DApp", url) { dapp in
                try await OurClient.running("Wallet", url) { wallet in
                    let app = WalletApp()
                    let asked = try await app.serving(wallet) {
                        let connecting = try await dapp.connect(Fixture.wanted)
                        try await wallet.pair(connecting.uri)
                        let session = try await connecting.session()
                        return try await withThrowingTaskGroup(of: Int.self) { group in
                            for lane in 0..<lanes {
                                group.addTask {
                                    var asked = 0
                                    while relay.deaths < kills || asked == 0 {
                                        let question: JSON = [.string("lane \(lane), request \(asked)")]
                                        let answer = try await dapp.result(session.topic, "personal_sign", question)
                                        #expect(answer == question)
                                        relay.answered()
                                        asked += 1
                                    }
                                    return asked
                                }
                            }
                            var sum = 0
                            for try await asked in group { sum += asked }
                            return sum
                        }
                    }
                    let twice = app.shown.filter { $0.value != 1 }
                    #expect(twice.isEmpty, "shown more than once: \(twice); seed \(interopSeed)")
                    #expect(app.shown.count == asked)
                    return asked
                }
            }
        }
    }

    /// A relay that does not live for long.
    protocol Mortal: Sendable {
        var deaths: Int { get }
        /// A request went through it and came back.
        func answered()
    }

    /// A relay's process that is killed after so many answers more, and started again on its folder and its port.
    final class RelayProcess: Mortal {
        private struct State {
            var process: PeerProcess?
            var port = 0
            var deaths = 0
            var answers = 0
        }

        private let folder: Folder
        private let state = Mutex(State())

        init(folder: Folder) { self.folder = folder }

        private var port: Int { state.withLock { $0.port } }

        var deaths: Int { state.withLock { $0.deaths } }
        func answered() { state.withLock { $0.answers += 1 } }
        func end() { state.withLock { $0.process }?.end() }

        /// Starts the program and waits until it says where it listens.
        func start(port: Int = 0) async throws -> String {
            let process = try PeerProcess.launch(
                Places.binary, ["relay", "--json", "--port", "\(port)", "--data-dir", folder.path("relay")])
            state.withLock { $0.process = process }
            let said = try await process.line("the relay's address") { $0["relay_url"] != nil }
            let url = try said.requiredText("relay_url")
            state.withLock { $0.port = Int(url.split(separator: ":").last ?? "") ?? 0 }
            return url
        }

        func live(deaths: Int, random: RandomSource) async throws {
            for _ in 0..<deaths {
                let until = state.withLock { $0.answers } + 1 + Int(random.uint64(below: 20))
                let process = try await eventually("\(until) answers") {
                    self.state.withLock { $0.answers >= until ? $0.process : nil }
                }
                process.end()
                _ = try await process.exit()
                _ = try await start(port: port)
                state.withLock { $0.deaths += 1 }
            }
        }
    }

    /// A relay that dies as planned and is started again on its database and its port.
    final class MortalRelay: Mortal {
        private let path: String
        private let state = Mutex<(port: Int?, deaths: Int)>((nil, 0))

        init(path: String) { self.path = path }

        var port: Int? { state.withLock { $0.port } }
        var deaths: Int { state.withLock { $0.deaths } }
        func answered() {}

        /// Lives once for each planned death, and then until it is cancelled.
        func live(_ deaths: [MortalStore.Death]) async throws {
            for death in deaths + [MortalStore.Death(atWrite: nil, isAfterCommit: false)] {
                let database: any Store = try await SQLite.open(path: path)
                let store = MortalStore(database, death: death)
                // Its store fails as planned, and says so with every write.
                let quiet = Logger(label: "relay") { _ in SwiftLogNoOpLogHandler() }
                try await RelayWorld.running(store: store, port: port ?? 0, logger: quiet) { world in
                    self.state.withLock { $0.port = world.port }
                    while !store.isDead { try await Task.sleep(for: .milliseconds(1)) }
                    world.server.kill()
                }
                await database.close()
                state.withLock { $0.deaths += 1 }
            }
        }
    }
#endif
