import Foundation
import Primitives
import TestServers
import Testing

extension EndToEnd {
    /// Users' wallets in databases of their own, behind `coffer serve`: the server and the database are killed in turn.
    @Suite struct ConnectionDatabaseTests {
        #if PostgreSQL
            @Test(.enabled(if: PostgreSQLServer.missing == nil, "\(PostgreSQLServer.missing ?? "")"))
            func `connections in PostgreSQL outlive a kill of the server and of the database`() async throws {
                let server = try await PostgreSQLServer.started()
                defer { server.process.stop() }
                try await Self.check(server.process, try server.url(server.makePlace()))
            }
        #endif

        #if MySQL
            @Test(.enabled(if: MariaDBServer.missing == nil, "\(MariaDBServer.missing ?? "")"))
            func `connections in MariaDB outlive a kill of the server and of the database`() async throws {
                let server = try await MariaDBServer.started()
                defer { server.process.stop() }
                try await Self.check(server.process, try server.url(server.makePlace()))
            }
        #endif

        #if Redis
            @Test(.enabled(if: RedisServer.missing == nil, "\(RedisServer.missing ?? "")"))
            func `connections in Redis outlive a kill of the server and of the database`() async throws {
                let server = try await RedisServer(password: "verysecret")
                try await Self.check(server.process, "redis://:verysecret@127.0.0.1:\(server.port)/0")
            }
        #endif

        #if MongoDB
            @Test(.enabled(if: MongoServer.missing == nil, "\(MongoServer.missing ?? "")"))
            func `connections in the stand-in for MongoDB outlive a kill of the server and of the database`()
                async throws
            {
                let server = try await MongoServer(["--user", "coffer", "--password", "verysecret"])
                try await Self.check(server.process, server.url("connections", login: "coffer:verysecret@"))
            }
        #endif

        /// A wallet signs, and signs again after each kill.
        private static func check(_ database: ServerProcess, _ url: String) async throws {
            try await Wallets.with { wallets in
                var settings = Server.Settings(rpc: "http://127.0.0.1:\(try ServerProcess.freePort())")
                settings.port = try ServerProcess.freePort()
                settings.lines = ["relay:", "  enabled: true", "walletconnect:", "  records: \"\(url)\""]
                settings.passphraseFile = try wallets.folder.write("\(ServeWorld.passphrase)\n", to: "passphrase")
                func serve() async throws -> Server {
                    let server = try await Server.serve(settings, in: wallets.folder)
                    wallets.own(server.child)
                    return server
                }
                var server = try await serve()
                let pairing = try await wallets.pairing(server, user: "alice")
                _ = try await wallets.wallet(server, ["pair", pairing["uri"]?.string ?? "", "--approve"], "w")
                let connection = try await wallets.settled(server, pairing)
                #expect(connection["state"] == "active", "\(connection)")
                let first = try await wallets.sign(server, connection)
                #expect(first.status == 200 && first["result"]?.string?.count == 132, "\(first)")

                server.child.send(SIGKILL)
                _ = try await server.child.exit()
                server = try await serve()
                let again = try await eventually(within: 30, "the restored connection") {
                    let reply = try await wallets.sign(server, connection)
                    return reply.status == 200 ? reply : nil
                }
                #expect(again["result"] == first["result"])

                database.kill()
                let health = try await server.anybody.get("/health")
                #expect(health.status != 200 || health["status"] != "ok", "\(health)")
                try await database.start()
                let later = try await eventually(within: 60, "the database's return") {
                    let reply = try await wallets.sign(server, connection)
                    return reply.status == 200 ? reply : nil
                }
                #expect(later["result"] == first["result"])
                #expect(!server.child.stderr.contains("verysecret"))
            }
        }
    }
}
