#if SQLite
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
        static let lanes = 6

        @Test func `a relay killed fifty times mid publish loses nothing and delivers nothing twice`() async throws {
            let folder = try Folder()
            let random = RandomSource.seeded(interopSeed)
            let deaths = (0..<Self.kills).map { _ in
                MortalStore.Death(
                    atWrite: 4 + Int(random.uint64(below: 12)), isAfterCommit: random.uint64(below: 2) == 1)
            }
            let relay = MortalRelay(path: folder.path("relay.db"))
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await relay.live(deaths) }
                let port = try await eventually("the relay's port") { relay.port }
                let asked = try await Self.work(relay, url: "ws://127.0.0.1:\(port)")
                #expect(relay.deaths == Self.kills)
                #expect(asked >= Self.kills, "only \(asked) requests; \(interopSeed)")
                group.cancelAll()
                while let ended = await group.nextResult() { _ = ended }
            }
        }

        @Test(.timeLimit(.minutes(1)))
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
        private static func work(_ relay: MortalRelay, url: String) async throws -> Int {
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

    /// A relay that dies as planned and is started again on its database and its port.
    final class MortalRelay: Sendable {
        private let path: String
        private let state = Mutex<(port: Int?, deaths: Int)>((nil, 0))

        init(path: String) { self.path = path }

        var port: Int? { state.withLock { $0.port } }
        var deaths: Int { state.withLock { $0.deaths } }

        /// Lives once for each planned death, and then until it is cancelled.
        func live(_ deaths: [MortalStore.Death]) async throws {
            for death in deaths + [MortalStore.Death(atWrite: nil, isAfterCommit: false)] {
                let database: any Store = try SQLite.open(path: path)
                let store = MortalStore(database, death: death)
                try await RelayWorld.running(store: store, port: port ?? 0) { world in
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
