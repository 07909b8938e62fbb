import Foundation
import Primitives
import Testing

extension EndToEnd {
    /// Payments of every kind that the development server can make.
    @Suite struct PaymentTests {
        @Test func `wallets that pay the same to the same at the same nonce each pay once`() async throws {
            try await Server.withDev { server, _ in
                var ids: [String] = []
                for round in 0..<3 {
                    for wallet in 0..<3 { ids.append(try await server.withdraw("\(round)-\(wallet)", wallet: wallet)) }
                }
                for id in ids { _ = try await server.waitFor(id) }
                #expect(try await server.balance(Server.recipient) == 9_000)
                let lanes = try await server.admin.get("/v1/status")["lanes"]?.array ?? []
                #expect(lanes.count == 3 && lanes.allSatisfy { $0["frozen_reason"] == .some(.null) }, "\(lanes)")
                #expect(try await server.faults() == [])
            }
        }

        @Test func `coins and tokens leave, and the books follow the chain`() async throws {
            try await Server.withDev { server, _ in
                let wallet = server.wallets[1]
                let coins = try await server.api.post(
                    "/v1/withdrawals", Server.request(wallet, amount: "123456789"), idempotencyKey: "coins")
                let tokens = try await server.api.post(
                    "/v1/withdrawals", Server.request(wallet, amount: "5000000", asset: Server.token),
                    idempotencyKey: "tokens")
                for reply in [coins, tokens] { _ = try await server.waitFor(reply["id"]?.string ?? "") }
                let balances = try await server.admin.get("/v1/wallets/\(wallet.id)/balances")
                #expect(
                    balances.data.count == 2 && balances.data.allSatisfy { $0["on_chain"] == $0["booked"] },
                    "\(balances)")
                #expect(balances.data.contains { $0["user_available"]?.string == "999995000000" }, "\(balances)")
                let reconciled = try await server.admin.post("/v1/ledger:reconcile")
                #expect(reconciled["matches"]?.bool == true, "\(reconciled)")
                let attempts = try await server.api.get("/v1/withdrawals/\(tokens["id"]?.string ?? "")/attempts")
                #expect(attempts.data.count == 1 && attempts.data[0]["sent_at"] != .some(.null), "\(attempts)")
            }
        }

        @Test func `a withdrawal that waits is taken back at once, and one that is paid is not`() async throws {
            try await Server.withDev { server, _ in
                let paid = try await server.withdraw("paid")
                _ = try await server.waitFor(paid)
                let late = try await server.api.post("/v1/withdrawals/\(paid):cancel")
                #expect(late.status == 409 && late.isProblem, "\(late)")
                #expect(try await server.admin.post("/v1/seal:seal").status == 200)
                let waiting = try await server.withdraw("waiting", to: "0x00000000000000000000000000000000001111aa")
                let taken = try await server.api.post("/v1/withdrawals/\(waiting):cancel")
                #expect([200, 202].contains(taken.status), "\(taken)")
                let secret = Folder.text("\(server.data)/dev-passphrase")
                #expect(try await server.admin.post("/v1/seal:unseal", ["passphrase": .string(secret)]).status == 200)
                _ = try await server.waitFor(waiting, ["cancelled"], within: 40)
                #expect(try await server.balance("0x00000000000000000000000000000000001111aa") == .zero)
                #expect(try await server.faults() == [])
            }
        }

        @Test func `sealed, withdrawals wait; unsealed, they go on`() async throws {
            try await Server.withDev { server, _ in
                #expect(try await server.command(["seal", "--yes"]).exit == .code(0))
                let ready = try await server.anybody.get("/ready")
                #expect(ready.status == 503 && ready["reason"]?.string == "sealed", "\(ready)")
                #expect(try await server.anybody.get("/live").status == 200)
                let id = try await server.withdraw("while-sealed")
                let wallet = try await server.admin.post("/v1/wallets", ["user_id": "x", "chain": "eip155:31337"])
                #expect(wallet.status == 503 && wallet.code == "sealed", "\(wallet)")
                let wrong = try await server.admin.post("/v1/seal:unseal", ["passphrase": "wrong"])
                #expect(wrong.status == 403 && wrong.isProblem, "\(wrong)")
                let state = try await server.admin.get("/v1/withdrawals/\(id)")["state"]?.string
                #expect(state != "broadcast" && state != "mined" && state != "confirmed", "\(state ?? "")")
                #expect(try await server.balance(Server.recipient) == .zero)
                let opened = try await server.command(["unseal", "--passphrase-file", "\(server.data)/dev-passphrase"])
                #expect(opened.exit == .code(0), "\(opened)")
                _ = try await server.waitFor(id)
                #expect(try await server.anybody.get("/ready").status == 200)
                #expect(try await server.balance(Server.recipient) == 1_000)
            }
        }
    }
}
