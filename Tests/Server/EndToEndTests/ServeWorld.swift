import Foundation
import Primitives

/// A server in serve mode with a chain of its own: the simulated chain of a `coffer dev` process is its node.
struct ServeWorld: Sendable {
    static let passphrase = "correct horse battery staple"

    var chain: Server
    var server: Server
    let folder: Folder
    var settings: Server.Settings
    var wallet = Server.Wallet(id: "", user: "", address: "")

    /// Makes one, with a funded wallet and a rule that allows everything, while `body` runs.
    ///
    /// - Parameters:
    ///   - lines: settings besides; without any there are no rate limits.
    ///   - isUnsealed: whether it finds its passphrase in a file.
    ///   - isPrepared: whether there are wallet, coins and rule.
    static func run(
        lines: [String] = ["limits:", "  unlimited: true"], isUnsealed: Bool = true, isPrepared: Bool = true,
        _ body: (ServeWorld) async throws -> Void
    ) async throws {
        let folder = try Folder()
        let chain = try await Server.dev(folder.path("chain"), port: 0)
        var server: Server?
        do {
            var settings = Server.Settings(rpc: chain.rpc, lines: lines)
            if isUnsealed { settings.passphraseFile = try folder.write("\(passphrase)\n", to: "passphrase") }
            let started = try await Server.serve(settings, in: folder, rpc: chain.rpc)
            server = started
            var world = ServeWorld(chain: chain, server: started, folder: folder, settings: settings)
            if isPrepared { try await world.prepare() }
            try await body(world)
        } catch {
            if let server { print("the server said: \(server.child.stderr.suffix(1_500))") }
            await server?.child.end()
            await chain.child.end()
            throw error
        }
        await server?.child.end()
        await chain.child.end()
    }

    mutating func prepare() async throws {
        try await makeWallet()
        try await allow()
    }

    /// A wallet with a coin in it, on the chain and in the books.
    mutating func makeWallet() async throws {
        let made = try await server.admin.post("/v1/wallets", ["user_id": "shop", "chain": "eip155:31337"])
        guard made.status == 201 else { throw UnexpectedReply(reply: made) }
        wallet = Server.Wallet(
            id: made["id"]?.string ?? "", user: "shop", address: made["address"]?.string ?? "")
        _ = try await chain.chain("devnet_fund", [.string(wallet.address), "0xde0b6b3a7640000"])
        for _ in 0..<2 { _ = try await chain.chain("evm_mine", []) }
        _ = try await eventually(within: 20, "the deposit to be credited") {
            let accounts = try await server.admin.get("/v1/ledger/accounts?kind=user&owner=shop")
            return accounts.data.first?["available"]?.string == "1000000000000000000" ? true : nil
        }
    }

    func allow() async throws {
        let rule = try await server.admin.post("/v1/policies", ["action": "allow"])
        guard rule.status == 201 else { throw UnexpectedReply(reply: rule) }
    }

    /// Asks for a payment of 1000 wei and returns its id.
    func withdraw(_ key: String, amount: String = "1000") async throws -> String {
        let reply = try await server.admin.post(
            "/v1/withdrawals", Server.request(wallet, amount: amount), idempotencyKey: key)
        guard reply.status == 202, let id = reply["id"]?.string else { throw UnexpectedReply(reply: reply) }
        return id
    }
}
