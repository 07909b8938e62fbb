#if Redis
    import Contracts
    import Foundation
    import NIOPosix
    import Primitives
    import Storage
    import StorageRedis
    import Testing

    /// Records in a real Redis server.
    @Suite(.enabled(if: RedisServer.path != nil, "redis-server is not installed; scripts/setup installs it"))
    struct RedisStoreTests {
        private func key(_ name: String) -> KeyValueKey { KeyValueKey(collection: "notes", key: name) }

        @Test func `the contract of records`() async throws {
            let (server, prefixes) = (try RedisServer(), Prefixes())
            try await checkKeyValueStore { try await server.open { $0.prefix = prefixes.next() } }
        }

        @Test func `the contract of records, over TLS with certificates on both sides, a user and a database`()
            async throws
        {
            let certificates = try Certificates()
            let server = try RedisServer(
                RedisServer.durable + ["--tls-auth-clients", "yes"], tls: certificates, password: "s3:@/ret")
            let prefixes = Prefixes()
            try await checkKeyValueStore {
                let url =
                    "rediss://default:s3%3A%40%2Fret@localhost:\(server.port)/3?ca=\(certificates.authority)"
                    + "&cert=\(certificates.client.certificate)&key=\(certificates.client.key)"
                    + "&prefix=\(prefixes.next())&pool=3&timeout=30000"
                return try await RedisKeyValueStore.open(
                    RedisSettings(url: url), eventLoops: MultiThreadedEventLoopGroup.singleton)
            }
            #expect(try server.ask("-n", "3", "DBSIZE").hasPrefix("0") == false)
            #expect(try server.ask("DBSIZE").hasPrefix("0"), "all went to the database that was named")
        }
    }
#endif
