#if Redis
    import Contracts
    import NIOPosix
    import Primitives
    import Storage
    import StorageRedis
    import Synchronization
    import TestServers
    import Testing

    /// A Redis server that is killed while it works.
    @Suite(.enabled(if: RedisServer.missing == nil, "\(RedisServer.missing ?? "")"))
    struct RedisCrashTests {
        @Test func `a server that is killed under load loses nothing that it acknowledged, and keeps no halves`()
            async throws
        {
            let server = try await RedisServer()
            let ledger = StoreChecks.Ledger()
            let store = try await server.open()
            for round in 0..<3 {
                let isOver = Atomic(false)
                let before = ledger.count
                async let load: Void = StoreChecks.load(store, ledger, round: round) {
                    isOver.load(ordering: .relaxed)
                }
                #expect(await eventually { ledger.count > before + 200 })
                server.process.kill()
                isOver.store(true, ordering: .relaxed)
                try await server.process.start()
                // The same store finds the server again by itself; what had not gone out waits for it.
                await load
                #expect(
                    await eventually { await failure { () throws(KeyValueError) in try await store.health() } == nil })
                try await StoreChecks.checkLoad(store, ledger)
            }
            let prefixes = Prefixes()
            try await checkKeyValueStore { try await server.open { $0.prefix = prefixes.next() } }
            print("redis: \(ledger.count) units acknowledged around three kills")
        }

        @Test func `questions wait for a server that comes back, and fail in time when it does not`() async throws {
            let server = try await RedisServer()
            let store = try await server.open()
            let impatient = try await server.open { $0.healthDeadlineMilliseconds = 200 }
            try await store.apply([.put(StoreChecks.key("a"), [1])])
            server.process.kill()
            let start = ContinuousClock.now
            let dead = await failure { () throws(KeyValueError) in try await impatient.health() }
            #expect(dead?.code == .unavailable)
            #expect(dead?.isRetryable == true)
            #expect(start.duration(to: .now) < .seconds(20))
            async let waiting = store.read([StoreChecks.key("a")])
            try await server.process.start()
            #expect(try await waiting[0]?.value == [1])
        }

        @Test func `a server that hangs is given up after the deadline`() async throws {
            let server = try await RedisServer()
            let store = try await server.open {
                $0.deadlineMilliseconds = 4_000
                $0.healthDeadlineMilliseconds = 1_000
            }
            #expect(await eventually { await failure { () throws(KeyValueError) in try await store.health() } == nil })
            server.process.freeze()
            let start = ContinuousClock.now
            let health = await failure { () throws(KeyValueError) in try await store.health() }
            #expect(health?.code == .unavailable)
            let change = await failure { () throws(KeyValueError) in
                try await store.apply([.put(StoreChecks.key("a"), [1])])
            }
            #expect(change?.code == .unavailable)
            // Less than the half minute that a connection may take to open.
            #expect(start.duration(to: .now) < .seconds(25))
            server.process.thaw()
            #expect(await eventually { await failure { () throws(KeyValueError) in try await store.health() } == nil })
        }

        @Test func `a late question takes nothing else along`() async throws {
            let server = try await RedisServer()
            let store = try await server.open {
                $0.connections = 1
                $0.healthDeadlineMilliseconds = 200
            }
            try await store.apply([.put(StoreChecks.key("old"), [1])])
            let before = try server.clients
            server.process.freeze()
            async let change = failure { () throws(KeyValueError) in
                try await store.apply([.put(StoreChecks.key("new"), [2])])
            }
            async let old = store.read([StoreChecks.key("old")])
            let health = await failure { () throws(KeyValueError) in try await store.health() }
            #expect(health?.code == .unavailable)
            server.process.thaw()
            #expect(await change == nil, "it had more time")
            #expect(try await old[0]?.value == [1], "the late answer is taken for no other's")
            let both = try await store.read([StoreChecks.key("old"), StoreChecks.key("new")])
            #expect(both.map { $0?.value } == [[1], [2]])
            #expect(try server.clients == before, "the same connection")
        }

        @Test func `a connection that says nothing for a whole deadline is given up`() async throws {
            let server = try await RedisServer()
            let store = try await server.open {
                $0.connections = 1
                $0.deadlineMilliseconds = 1_500
                // Longer, so that the question ends because its connection does.
                $0.healthDeadlineMilliseconds = 20_000
            }
            let before = try server.clients
            server.process.freeze()
            #expect(await failure { () throws(KeyValueError) in try await store.health() }?.code == .unavailable)
            server.process.thaw()
            #expect(await eventually { await failure { () throws(KeyValueError) in try await store.health() } == nil })
            #expect(await eventually { (try? server.clients.isDisjoint(with: before)) == true })
        }

        @Test func `more questions than may wait are refused`() async throws {
            let server = try await RedisServer()
            let store = try await server.open()
            server.process.freeze()
            let count = 6_000
            let codes = await withTaskGroup(of: KeyValueError.Code?.self) { group in
                for number in 0..<count {
                    group.addTask {
                        await failure { () throws(KeyValueError) in
                            try await store.read([StoreChecks.key("\(number)")])
                        }?.code
                    }
                }
                var codes: [KeyValueError.Code?] = []
                var refused = 0
                for await code in group {
                    codes.append(code)
                    if code == .overloaded { refused += 1 }
                    // Nobody else is answered before the server goes on.
                    if refused == count - 4_096 { server.process.thaw() }
                }
                return codes
            }
            #expect(codes.count { $0 == .overloaded } == count - 4_096)
            #expect(codes.count { $0 == nil } == 4_096)
        }

        @Test func `a closed store says so`() async throws {
            let server = try await RedisServer()
            let store = try await server.open()
            store.close()
            let closed = await failure { () throws(KeyValueError) in try await store.read([StoreChecks.key("a")]) }
            #expect(closed?.code == .closed)
        }
    }
#endif
