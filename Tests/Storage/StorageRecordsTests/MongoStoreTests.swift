#if MongoDB
    import Contracts
    import Foundation
    import Primitives
    import Storage
    import StorageMongoDB
    import Synchronization
    import TestServers
    import Testing

    /// Records in the stand-in for MongoDB, through the real libmongoc.
    @Suite(.enabled(if: MongoServer.missing == nil, "\(MongoServer.missing ?? "")"))
    struct MongoStoreTests {
        private func key(_ name: String) -> KeyValueKey { StoreChecks.key(name) }

        @Test func `the contract of records`() async throws {
            let server = try await MongoServer()
            var count = 0
            try await checkKeyValueStore {
                count += 1
                return try await server.open("records-\(count)")
            }
        }

        @Test func `the contract of records over TLS, with a user`() async throws {
            let certificates = try Certificates()
            let server = try await MongoServer(["--user", "coffer", "--password", "s3:@ret"], tls: certificates)
            var count = 0
            try await checkKeyValueStore {
                count += 1
                return try await MongoKeyValueStore.open(
                    MongoSettings(
                        url: server.url(
                            "records-\(count)", login: "coffer:s3%3A%40ret@",
                            more: "&tls=true&tlsCAFile=\(certificates.authority)&pool=2")))
            }
        }

        @Test func `what a deployment does not do is noted`() async throws {
            let server = try await MongoServer()
            #expect(try await server.open().notes.map(\.code) == ["one_member"])
            let nameless = try await MongoKeyValueStore.open(
                MongoSettings(url: "mongodb://127.0.0.1:\(server.port)/?timeout=30000"))
            #expect(nameless.notes.map(\.code) == ["one_member", "not_retried"])
        }

        @Test func `two stores count together`() async throws {
            let server = try await MongoServer()
            try await StoreChecks.checkCounting(
                [try await server.open(), try await server.open()], tasks: 3, steps: 20)
        }

        @Test func `large values and many records come in batches`() async throws {
            let server = try await MongoServer()
            try await StoreChecks.checkLarge(try await server.open("large"))
            try await StoreChecks.checkMany(try await server.open("many"))
            try await StoreChecks.checkTooLarge(
                try await server.open("ten"), unitBytesMax: MongoKeyValueStore.applyBytesMax)
        }

        @Test func `a connection that breaks before or after a change is asked again, and the change is made once`()
            async throws
        {
            let server = try await MongoServer()
            let store = try await server.open()
            let (one, other) = (key("one"), key("other"))
            for place in ["before", "after"] {
                try await server.order(#"{"fail": ["insert"], "close": "\#(place)"}"#)
                try await store.apply([.put(one, [1], if: .absent)])
                try await server.order(#"{"fail": ["update"], "close": "\#(place)"}"#)
                try await store.apply([.put(one, [2])])
                #expect(try await store.read([one])[0]?.revision == 2)
                try await server.order(#"{"fail": ["update"], "close": "\#(place)"}"#)
                try await store.apply([.put(one, [3], if: .revision(2))])
                try await server.order(#"{"fail": ["find"], "close": "\#(place)"}"#)
                #expect(try await store.read([one])[0]?.revision == 3)
                for step in ["find", "insert", "update", "commitTransaction"] {
                    try await server.order(#"{"fail": ["\#(step)"], "close": "\#(place)"}"#)
                    let revision = try await store.read([one])[0]?.revision ?? 0
                    try await store.apply([
                        .put(other, [4], if: .absent), .put(one, [5], if: .revision(revision)),
                    ])
                    let records = try await store.read([one, other])
                    #expect(records.map { $0?.revision } == [revision + 1, 1], "\(step), \(place)")
                    try await store.apply([.delete(other)])
                }
                try await server.order(#"{"fail": ["delete"], "close": "\#(place)"}"#)
                let revision = try await store.read([one])[0]?.revision ?? 0
                try await store.apply([.delete(one, if: .revision(revision))])
                #expect(try await store.read([one]) == [nil])
            }
        }

        @Test func `what nobody knows is unavailable`() async throws {
            let server = try await MongoServer()
            let store = try await server.open { $0.deadlineMilliseconds = 3_000 }
            try await server.order(#"{"fail": ["insert"], "times": 2, "close": "after"}"#)
            let broken = await failure { () throws(KeyValueError) in
                try await store.apply([.put(key("a"), [1], if: .absent)])
            }
            #expect(broken?.code == .unavailable)
            try await server.order(#"{"fail": ["insert"], "concern": 64}"#)
            let doubted = await failure { () throws(KeyValueError) in
                try await store.apply([.put(key("b"), [1], if: .absent)])
            }
            #expect(doubted?.code == .unavailable)
            try await server.order(#"{"fail": ["commitTransaction"], "times": 1000, "close": "before"}"#)
            let lost = await failure { () throws(KeyValueError) in
                try await store.apply([.put(key("c"), [1]), .put(key("d"), [1])])
            }
            #expect(lost?.code == .unavailable)
        }

        @Test func `transactions that meet are tried again, and give up in the end`() async throws {
            let server = try await MongoServer()
            let store = try await server.open()
            let unit: [KeyValueChange] = [.put(key("a"), [1]), .put(key("b"), [1])]
            try await server.order(
                #"{"fail": ["insert"], "times": 3, "code": 112, "labels": ["TransientTransactionError"]}"#)
            try await store.apply(unit)
            try await server.order(
                #"{"fail": ["update"], "times": 1000, "code": 112, "labels": ["TransientTransactionError"]}"#)
            let refused = await failure { () throws(KeyValueError) in try await store.apply(unit) }
            #expect(refused?.code == .overloaded)
            #expect(try await store.read([key("a")])[0]?.revision == 1)
        }

        @Test func `refusals of the server are told apart`() async throws {
            let server = try await MongoServer()
            let store = try await server.open()
            for (number, code) in [
                (13, KeyValueError.Code.accessDenied), (14_031, .full), (10_334, .valueTooLarge), (121, .schema),
                (91, .unavailable),
            ] {
                // Twice: some of them libmongoc asks again by itself.
                try await server.order(#"{"fail": ["insert"], "times": 1, "code": \#(number)}"#)
                let error = await failure { () throws(KeyValueError) in
                    try await store.apply([.put(key("\(number)"), [1], if: .absent)])
                }
                if number != 91 { #expect(error?.code == code, "\(number)") }
            }
        }

        @Test func `a server alone refuses units and takes single changes`() async throws {
            let server = try await MongoServer(["--standalone"])
            let store = try await MongoKeyValueStore.open(
                MongoSettings(url: "mongodb://127.0.0.1:\(server.port)/?timeout=30000"))
            #expect(store.notes.map(\.code) == ["no_transactions"])
            try await store.apply([.put(key("a"), [1])])
            try await store.apply([.put(key("a"), [2], if: .revision(1))])
            let refused = await failure { () throws(KeyValueError) in
                try await store.apply([.put(key("a"), [1]), .put(key("b"), [1])])
            }
            #expect(refused?.code == .invalidSettings)
            #expect(try await store.read([key("a"), key("b")]).map { $0?.value } == [[2], nil])
        }

        @Test func `a collection that orders as a language does is refused`() async throws {
            let server = try await MongoServer()
            try await server.order(#"{"create": "german", "collation": {"locale": "de"}}"#)
            let refused = await failure { () throws(KeyValueError) in
                try await MongoKeyValueStore.open(MongoSettings(url: server.url("german")))
            }
            #expect(refused?.code == .schema)
        }

        @Test func `records of a newer program are left alone`() async throws {
            let server = try await MongoServer()
            try await server.open("new").apply([.put(key("a"), [1])])
            // The stand-in keeps documents as they came; a sum behind each commit is made anew.
            try await server.order(#"{"put": "new", "document": {"_id": "format", "format": 2}}"#)
            let refused = await failure { () throws(KeyValueError) in
                try await MongoKeyValueStore.open(MongoSettings(url: server.url("new")))
            }
            #expect(refused?.code == .schema)
            #expect(try await server.open("other").notes.map(\.code) == ["one_member"])
        }

        @Test func `a name that cannot be looked up is unavailable`() async throws {
            let error = await failure { () throws(KeyValueError) in
                try await MongoKeyValueStore.open(MongoSettings(url: "mongodb+srv://records.db.invalid/?timeout=5000"))
            }
            #expect(error?.code == .unavailable, "\(String(describing: error))")
        }

        @Test func `wrong passwords, certificates and addresses are told apart`() async throws {
            let certificates = try Certificates()
            let server = try await MongoServer(["--user", "coffer", "--password", "verysecret"], tls: certificates)
            func open(
                _ login: String, _ more: String, host: String = "127.0.0.1", timeout: Int = 30_000
            ) async -> KeyValueError? {
                await failure { () throws(KeyValueError) in
                    try await MongoKeyValueStore.open(
                        MongoSettings(
                            url: "mongodb://\(login)\(host):\(server.port)/?replicaSet=rs0&timeout=\(timeout)\(more)")
                    )
                }
            }
            let tls = "&tls=true&tlsCAFile=\(certificates.authority)"
            let password = await open("coffer:wrong-word@", tls)
            #expect(password?.code == .accessDenied)
            #expect(password?.message.contains("user or password") == true, "\(String(describing: password))")
            #expect(await open("", tls)?.code == .accessDenied)
            let strange = await open(
                "coffer:verysecret@", "&tls=true&tlsCAFile=\(certificates.strangeAuthority)", timeout: 6_000)
            #expect(strange?.code == .accessDenied)
            #expect(strange?.message.contains("TLS failed") == true, "\(String(describing: strange))")
            let plain = await open("coffer:verysecret@", "", timeout: 1_000)
            #expect(plain?.code == .unavailable)
            // Loopback has many addresses; the certificate names one.
            let misnamed = await open("coffer:verysecret@", tls, host: "127.0.0.2", timeout: 6_000)
            #expect(misnamed?.code == .accessDenied, "\(String(describing: misnamed))")
            for error in [password, strange, plain, misnamed] {
                #expect(!String(reflecting: error).contains("verysecret"))
            }
        }

        @Test func `a server that hangs is given up in time, and more than may wait is refused`() async throws {
            let server = try await MongoServer()
            let store = try await server.open { $0.healthDeadlineMilliseconds = 200 }
            server.process.freeze()
            let start = ContinuousClock.now
            let health = await failure { () throws(KeyValueError) in try await store.health() }
            #expect(health?.code == .unavailable)
            #expect(start.duration(to: .now) < .seconds(20))
            let count = 2_000
            let refusedMin = count - MongoKeyValueStore.questionsMax - MongoSettings.connectionsDefault
            let codes = await withTaskGroup(of: KeyValueError.Code?.self) { group in
                for number in 0..<count {
                    group.addTask {
                        await failure { () throws(KeyValueError) in
                            try await store.read([StoreChecks.key("\(number)")])
                        }?.code
                    }
                }
                var codes: [KeyValueError.Code?] = []
                for await code in group {
                    codes.append(code)
                    if codes.count == refusedMin { server.process.thaw() }
                }
                return codes
            }
            #expect(codes.count { $0 == .overloaded } >= refusedMin)
            #expect(
                codes.allSatisfy { $0 == nil || $0 == .overloaded }, "\(Set(codes.map { "\(String(describing: $0))" }))"
            )
            store.close()
            #expect(await failure { () throws(KeyValueError) in try await store.read([key("a")]) }?.code == .closed)
        }

        @Test func `a server that is killed under load loses nothing that it acknowledged, and keeps no halves`()
            async throws
        {
            let server = try await MongoServer()
            let ledger = StoreChecks.Ledger()
            let store = try await server.open()
            for round in 0..<2 {
                let isOver = Atomic(false)
                let before = ledger.count
                async let load: Void = StoreChecks.load(store, ledger, round: round) {
                    isOver.load(ordering: .relaxed)
                }
                #expect(await eventually { ledger.count > before + 60 })
                server.process.kill()
                isOver.store(true, ordering: .relaxed)
                try await server.process.start()
                await load
                #expect(
                    await eventually { await failure { () throws(KeyValueError) in try await store.health() } == nil })
                try await StoreChecks.checkLoad(store, ledger)
            }
            var count = 0
            try await checkKeyValueStore {
                count += 1
                return try await server.open("again-\(count)")
            }
            print("stand-in for mongodb: \(ledger.count) units acknowledged around two kills")
        }
    }
#endif
