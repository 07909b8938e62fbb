#if Redis
    import Contracts
    import Foundation
    import NIOPosix
    import Primitives
    import Storage
    import StorageRedis
    import TestServers
    import Testing

    /// Records in a real Redis server.
    @Suite(.enabled(if: RedisServer.missing == nil, "\(RedisServer.missing ?? "")"))
    struct RedisStoreTests {
        private func key(_ name: String) -> KeyValueKey { StoreChecks.key(name) }

        private func open(_ url: String) async throws(KeyValueError) -> RedisKeyValueStore {
            var settings = try RedisSettings(url: url)
            settings.connectDeadlineMilliseconds = 30_000
            return try await RedisKeyValueStore.open(settings, eventLoops: MultiThreadedEventLoopGroup.singleton)
        }

        @Test func `the contract of records`() async throws {
            let (server, prefixes) = (try await RedisServer(), Prefixes())
            try await checkKeyValueStore { try await server.open { $0.prefix = prefixes.next() } }
        }

        @Test func `the contract of records over TLS, with certificates on both sides, a user and a database`()
            async throws
        {
            let certificates = try Certificates()
            let server = try await RedisServer(
                RedisServer.durable + ["--tls-auth-clients", "yes"], tls: certificates, password: "s3:@/ret")
            let prefixes = Prefixes()
            try await checkKeyValueStore {
                try await open(
                    "rediss://default:s3%3A%40%2Fret@localhost:\(server.port)/3?ca=\(certificates.authority)"
                        + "&cert=\(certificates.client.certificate)&key=\(certificates.client.key)"
                        + "&prefix=\(prefixes.next())&pool=3&timeout=30000")
            }
            #expect(try server.ask("-n", "3", "DBSIZE").hasPrefix("0") == false)
            #expect(try server.ask("DBSIZE").hasPrefix("0"), "all went to the database that was named")
        }

        @Test func `scripts that the server has forgotten are sent again`() async throws {
            let server = try await RedisServer()
            let store = try await server.open()
            for number in 0..<3 {
                try server.ask("SCRIPT", "FLUSH")
                try await store.apply([.put(key("\(number)"), [1], expiresAt: Timestamp(milliseconds: 1), if: .absent)])
                try server.ask("SCRIPT", "FLUSH")
                #expect(try await store.list("notes", after: nil, limit: 10).count == number + 1)
            }
            try server.ask("SCRIPT", "FLUSH")
            #expect(try await store.removeExpired(before: Timestamp(milliseconds: 1), limit: 10) == 3)
            let left = try server.ask("KEYS", "*").split(whereSeparator: \.isNewline)
            #expect(left == ["{coffer}:format"], "nothing else is left behind")
        }

        @Test func `two stores count together`() async throws {
            let server = try await RedisServer()
            let stores = [try await server.open(), try await server.open { $0.connections = 1 }]
            try await StoreChecks.checkCounting(stores, tasks: 4, steps: 40)
        }

        @Test func `large values and many records come by pages`() async throws {
            let server = try await RedisServer()
            try await StoreChecks.checkLarge(try await server.open())
            try await StoreChecks.checkMany(try await server.open { $0.prefix = "many" })
            try await StoreChecks.checkTooLarge(
                try await server.open { $0.prefix = "ten" }, unitBytesMax: RedisKeyValueStore.applyBytesMax)
        }

        @Test func `an expired record stays until it is removed, and the server is not told of it`() async throws {
            let server = try await RedisServer()
            let store = try await server.open()
            let past = Timestamp(milliseconds: 1)
            try await store.apply([.put(key("a"), [7], expiresAt: past)])
            #expect(try server.ask("PTTL", "{coffer}:r:5:notes:a").hasPrefix("-1"), "Redis knows of no expiry")
            #expect(try await store.read([key("a")])[0]?.expiresAt == past)
            // Put again with another expiry: the old entry of the index must not remove it.
            try await store.apply([.put(key("a"), [8], expiresAt: Timestamp(milliseconds: 1_000))])
            #expect(try await store.removeExpired(before: Timestamp(milliseconds: 999), limit: 10) == 0)
            #expect(try await store.removeExpired(before: Timestamp(milliseconds: 1_000), limit: 10) == 1)
            #expect(try server.ask("DBSIZE").hasPrefix("1"), "the mark of the format alone")
        }

        @Test func `all keys of a prefix carry one hash tag, and prefixes do not see each other`() async throws {
            let server = try await RedisServer()
            let (one, other) = (
                try await server.open { $0.prefix = "one" }, try await server.open { $0.prefix = "other" }
            )
            let name = KeyValueKey(collection: "a:b", key: "c")
            try await one.apply([.put(name, [1], expiresAt: KeyValueStoreContract.farAhead)])
            try await one.apply([.put(KeyValueKey(collection: "a", key: "b:c"), [2])])
            #expect(try await other.read([name]) == [nil])
            #expect(try await one.read([name])[0]?.value == [1], "a colon in a collection is part of it")
            let keys = try server.ask("KEYS", "*").split(whereSeparator: \.isNewline)
            #expect(keys.count == 7)
            #expect(keys.filter { !$0.hasPrefix("{one}:") } == ["{other}:format"])
        }

        @Test func `a memory that is full refuses whole units`() async throws {
            let server = try await RedisServer()
            let store = try await server.open()
            try await store.apply([.put(key("old"), [1], expiresAt: Timestamp(milliseconds: 5))])
            try server.ask("CONFIG", "SET", "maxmemory", "1")
            let full = await failure { () throws(KeyValueError) in
                try await store.apply([.put(key("old"), [2]), .put(key("new"), [2])])
            }
            #expect(full?.code == .full)
            #expect(full?.isRetryable == true)
            #expect(await failure { () throws(KeyValueError) in try await store.health() }?.code == .full)
            #expect(try await server.open().notes.map(\.code) == ["takes_no_changes"], "it opens all the same")
            #expect(try await store.read([key("old"), key("new")]).map { $0?.value } == [[1], nil])
            try await store.apply([.delete(key("old"))])
            try server.ask("CONFIG", "SET", "maxmemory", "0")
            try await store.apply([.put(key("new"), [2])])
        }

        @Test func `a server that becomes a replica is left, with all connections, for one that takes changes`()
            async throws
        {
            let server = try await RedisServer()
            let store = try await server.open()
            try await store.apply([.put(key("old"), [1])])
            let before = try server.clients
            #expect(before.count == 2)
            try server.ask("REPLICAOF", "127.0.0.1", "1")
            let refused = await failure { () throws(KeyValueError) in try await store.apply([.put(key("a"), [1])]) }
            #expect(refused?.code == .unavailable)
            #expect(refused?.isRetryable == true)
            #expect(refused?.message.contains("replica") == true, "\(refused?.message ?? "")")
            #expect(await eventually { (try? server.clients.isDisjoint(with: before)) == true })
            let health = await failure { () throws(KeyValueError) in try await store.health() }
            #expect(health?.code == .unavailable)
            #expect(health?.message.contains("replica") == true, "\(health?.message ?? "")")
            #expect(try await store.read([key("old")])[0]?.value == [1], "reading goes on")
            #expect(try await store.inspect().map(\.code) == ["replica"])
            #expect(
                try await server.open().notes.map(\.code) == ["replica", "takes_no_changes"], "it opens all the same")
            try server.ask("REPLICAOF", "NO", "ONE")
            #expect(
                await eventually {
                    await failure { () throws(KeyValueError) in try await store.apply([.put(key("a"), [1])]) } == nil
                })
        }

        @Test func `a server that cannot write to its disk is asked again later`() async throws {
            let server = try await RedisServer([
                "--appendonly", "no", "--save", "3600 1000000", "--enable-protected-configs", "yes",
            ])
            let store = try await server.open()
            // Where nobody can make a file.
            try server.ask("CONFIG", "SET", "dir", "/proc")
            try server.ask("BGSAVE")
            #expect(await eventually { (try? server.ask("INFO", "persistence").contains("bgsave_status:err")) == true })
            let refused = await failure { () throws(KeyValueError) in try await store.apply([.put(key("a"), [1])]) }
            #expect(refused?.code == .unavailable)
            #expect(refused?.message.contains("disk") == true, "\(refused?.message ?? "")")
            #expect(await failure { () throws(KeyValueError) in try await store.health() }?.isRetryable == true)
            #expect(try await server.open().notes.map(\.code).contains("takes_no_changes"))
            // Nothing to save any more, also not when the server is stopped.
            try server.ask("CONFIG", "SET", "save", "")
            try await store.apply([.put(key("a"), [1])])
        }

        @Test func `records of a newer program are left alone`() async throws {
            let server = try await RedisServer()
            let store = try await server.open()
            #expect(try server.ask("GET", "{coffer}:format").hasPrefix("1"))
            try await store.apply([.put(key("a"), [1])])
            for format in ["2", "strange"] {
                try server.ask("SET", "{coffer}:format", format)
                let refused = await failure { () throws(KeyValueError) in try await server.reopen() }
                #expect(refused?.code == .schema, "\(format)")
            }
            // As programs left it that knew of no mark.
            try server.ask("DEL", "{coffer}:format")
            #expect(try await server.open().read([key("a")])[0]?.value == [1])
            #expect(try server.ask("GET", "{coffer}:format").hasPrefix("1"))
        }

        @Test func `a key of another program is not overwritten, and nothing is half done`() async throws {
            let server = try await RedisServer()
            let store = try await server.open()
            try server.ask("LPUSH", "{coffer}:c:strange", "x")
            try server.ask("LPUSH", "{coffer}:r:5:notes:list", "x")
            for name in [KeyValueKey(collection: "strange", key: "a"), key("list")] {
                let refused = await failure { () throws(KeyValueError) in
                    try await store.apply([.put(key("first"), [1]), .put(name, [1])])
                }
                #expect(refused?.code == .schema)
                #expect(try await store.read([key("first")]) == [nil])
            }
            try server.ask("SET", "{coffer}:r:5:notes:text", "hello")
            #expect(await failure { () throws(KeyValueError) in try await store.read([key("text")]) }?.code == .corrupt)
            #expect(
                await failure { () throws(KeyValueError) in try await store.apply([.put(key("text"), [1])]) }?.code
                    == .corrupt)
        }

        @Test func `a record that the server threw away is missed`() async throws {
            let server = try await RedisServer()
            let store = try await server.open()
            try await store.apply([.put(key("a"), [1]), .put(key("b"), [1])])
            try server.ask("DEL", "{coffer}:r:5:notes:a")
            let missed = await failure { () throws(KeyValueError) in
                try await store.list("notes", after: nil, limit: 10)
            }
            #expect(missed?.code == .corrupt)
        }

        @Test func `what a server does not keep is noted`() async throws {
            let durable = try await RedisServer()
            #expect(try await durable.open().notes == [])
            try durable.ask("CONFIG", "SET", "appendfsync", "everysec")
            try durable.ask("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
            #expect(try await durable.open().notes.map(\.code) == ["not_synced", "evicts_records"])
            let cache = try await RedisServer(["--appendonly", "no"])
            #expect(try await cache.open().notes.map(\.code) == ["not_persistent"])
        }

        @Test func `a user with few rights can keep records, and one with too few is told at once`() async throws {
            let server = try await RedisServer()
            let rights = "+select +ping +get +mget +set +del +getrange +setrange +zadd +zrem +zcard +zrangebylex +eval"
            try server.ask("ACL", "SETUSER", "few", "on", ">pw", "~{few}:*")
            for right in rights.split(separator: " ") { try server.ask("ACL", "SETUSER", "few", String(right)) }
            let url = "redis://few:pw@127.0.0.1:\(server.port)?prefix=few&timeout=30000"
            let store = try await open(url)
            #expect(store.notes.map(\.code) == ["unknown_persistence"])
            try await store.apply([.put(key("a"), [1])])
            #expect(try await store.list("notes", after: nil, limit: 1).count == 1)
            let foreign = await failure { () throws(KeyValueError) in
                try await open("redis://few:pw@127.0.0.1:\(server.port)?timeout=30000")
            }
            #expect(foreign?.code == .accessDenied, "another prefix is out of reach")
            try server.ask("ACL", "SETUSER", "few", "-del")
            #expect(await failure { () throws(KeyValueError) in try await open(url) }?.code == .accessDenied)
        }

        @Test func `wrong passwords, schemes and databases are told apart`() async throws {
            let server = try await RedisServer(password: "verysecret")
            let place = "127.0.0.1:\(server.port)"
            let cases: [(url: String, code: KeyValueError.Code, words: String)] = [
                ("redis://:wrong-word@\(place)", .accessDenied, "user or password are wrong"),
                ("redis://nobody:verysecret@\(place)", .accessDenied, "user or password are wrong"),
                ("redis://\(place)", .accessDenied, "wants a password"),
                ("redis://:verysecret@\(place)/99", .invalidSettings, "no database 99"),
                ("rediss://:verysecret@\(place)?ca=/nowhere.pem", .invalidSettings, "PEM"),
            ]
            for (url, code, words) in cases {
                let error = await failure { () throws(KeyValueError) in
                    try await open(url + (url.contains("?") ? "&" : "?") + "timeout=30000")
                }
                #expect(error?.code == code, "\(url)")
                #expect(error?.message.contains(words) == true, "\(url): \(error?.message ?? "")")
                let shown = String(reflecting: error)
                #expect(!shown.contains("verysecret") && !shown.contains("wrong-word"), "\(shown)")
            }
            let silent = await failure { () throws(KeyValueError) in
                var settings = try RedisSettings(url: "rediss://:verysecret@\(place)?timeout=1000")
                settings.connectDeadlineMilliseconds = 300
                return try await RedisKeyValueStore.open(settings, eventLoops: MultiThreadedEventLoopGroup.singleton)
            }
            #expect(silent?.code == .unavailable)
            #expect(silent?.message.contains("TLS") == true, "\(silent?.message ?? "")")
            let unlocked = try await RedisServer()
            let needless = await failure { () throws(KeyValueError) in
                try await open("redis://:pw@127.0.0.1:\(unlocked.port)?timeout=30000")
            }
            #expect(needless?.code == .accessDenied)
        }

        @Test func `certificates that do not fit are refused`() async throws {
            let certificates = try Certificates()
            let server = try await RedisServer(
                RedisServer.durable + ["--tls-auth-clients", "no"], tls: certificates)
            let place = "127.0.0.1:\(server.port)"
            let trusted = try await open("rediss://\(place)?ca=\(certificates.authority)&timeout=30000")
            #expect(trusted.notes == [], "an address in the certificate is a name")
            for url in [
                "rediss://\(place)?ca=\(certificates.strangeAuthority)&timeout=30000",
                "rediss://\(place)?timeout=30000",
                // Loopback has many addresses; the certificate names one.
                "rediss://127.0.0.2:\(server.port)?ca=\(certificates.authority)&timeout=30000",
            ] {
                let error = await failure { () throws(KeyValueError) in try await open(url) }
                #expect(error?.code == .accessDenied)
                #expect(error?.message.contains("TLS failed") == true)
            }
            let plain = await failure { () throws(KeyValueError) in
                var settings = server.settings()
                settings.deadlineMilliseconds = 1_000
                return try await RedisKeyValueStore.open(settings, eventLoops: MultiThreadedEventLoopGroup.singleton)
            }
            #expect(plain?.code == .unavailable)
            #expect(plain?.message.contains("rediss://") == true, "\(plain?.message ?? "")")
        }
    }
#endif
