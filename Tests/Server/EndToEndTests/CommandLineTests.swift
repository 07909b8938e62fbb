import Foundation
import Primitives
import Testing

extension EndToEnd {
    /// The program's other half: commands against a running server, and how they end.
    @Suite struct CommandLineTests {
        @Test func `commands show, pay and check`() async throws {
            try await Server.withDev { server, folder in
                let status = try await server.command(["status"])
                #expect(status.exit == .code(0) && status.stdout.contains("dev"), "\(status)")
                let doctor = try await server.command(["doctor"])
                #expect(doctor.exit == .code(0), "\(doctor)")
                let wallets = try await server.command(["wallets", "list", "--json"])
                let listed = try JSON.parse(Array(wallets.stdout.utf8))
                #expect(
                    wallets.exit == .code(0)
                        && listed["data"]?.array?.compactMap { $0["id"]?.string } == server.wallets.map(\.id))
                let wallet = server.wallets[0]
                let paid = try await server.command([
                    "withdrawals", "create", "--user", wallet.user, "--wallet", wallet.id, "--asset", Server.native,
                    "--to", Server.recipient, "--amount", "12345", "--idempotency-key", "from-the-shell", "--wait",
                ])
                #expect(paid.exit == .code(0) && (paid.stdout + paid.stderr).contains("confirmed"), "\(paid)")
                #expect(try await server.balance(Server.recipient) == 12345)
                let again = try await server.command([
                    "withdrawals", "create", "--user", wallet.user, "--wallet", wallet.id, "--asset", Server.native,
                    "--to", Server.recipient, "--amount", "12345", "--idempotency-key", "from-the-shell", "--wait",
                ])
                #expect(again.exit == .code(0), "\(again)")
                #expect(try await server.balance(Server.recipient) == 12345)
                let books = try await server.command(["ledger", "verify"])
                #expect(books.exit == .code(0) && books.stdout.contains("balanced"), "\(books)")
                let audit = try await server.command(["audit", "verify"])
                #expect(audit.exit == .code(0), "\(audit)")
                let document = try await server.command(["openapi"])
                #expect(
                    document.exit == .code(0) && (try? JSON.parse(Array(document.stdout.utf8), limits: .rpc)) != nil)
                let backup = folder.path("backup")
                #expect(try await server.command(["backup", backup]).exit == .code(0))
                let whole = try await Child.run(Places.binary, ["restore", backup, "--verify"])
                #expect(whole.exit == .code(0), "\(whole)")
                // Without URL or key it finds what `coffer dev` left in the data directory.
                let found = try await Child.run(Places.binary, ["status", "--data-dir", server.data])
                #expect(found.exit == .code(0), "\(found)")
            }
        }

        @Test func `exit codes say what went wrong`() async throws {
            try await Server.withDev { server, _ in
                let wallet = server.wallets[0]
                func create(_ amount: String) -> [String] {
                    [
                        "withdrawals", "create", "--user", wallet.user, "--wallet", wallet.id, "--asset", Server.native,
                        "--to", Server.recipient, "--amount", amount,
                    ]
                }
                let poor = try await server.command(create("999999999999999999999999999"))
                #expect(poor.exit == .code(1) && poor.stderr.contains("INSUFFICIENT_FUNDS"), "\(poor)")
                #expect(poor.stdout.isEmpty)
                let usage = try await server.command(create("1.5"))
                #expect(usage.exit == .code(64), "\(usage)")
                let stranger = try await server.command(["status"], key: "coffer_dev_nonsense")
                #expect(stranger.exit == .code(77), "\(stranger)")
                let lesser = try await server.command(["ledger", "verify"], key: try await server.key(["system:read"]))
                #expect(lesser.exit == .code(77), "\(lesser)")
                let misspelt = try await server.command(["statsu"])
                #expect(misspelt.exit == .code(64) && misspelt.stderr.contains("status"), "\(misspelt)")
                let secret = try await server.command(["status", "--api-key", "coffer_dev_x"])
                #expect(secret.exit == .code(64), "\(secret)")
                await server.child.end()
                let away = try await server.command(["status"])
                #expect(away.exit == .code(69) && away.stdout.isEmpty, "\(away)")
            }
        }
    }
}
