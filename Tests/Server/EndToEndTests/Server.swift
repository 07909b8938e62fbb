import Foundation
import Primitives

/// A server under test: the real program in a process of its own.
struct Server: Sendable {
    /// One of its wallets.
    struct Wallet: Sendable {
        let id: String
        let user: String
        let address: String
    }

    let child: Child
    let data: String
    let url: String
    let apiKey: String
    let adminKey: String
    let rpc: String
    let wallets: [Wallet]

    static let native = "eip155:31337/slip44:60"
    static let token = "eip155:31337/erc20:0x0000000000000000000000000000000000700000"
    static let oneWei = "1"

    var port: Int { Int(url.split(separator: ":").last ?? "") ?? 0 }
    var api: Caller { Caller(base: url, key: apiKey) }
    var admin: Caller { Caller(base: url, key: adminKey) }
    var anybody: Caller { Caller(base: url, key: nil) }

    // MARK: Starting

    /// `coffer dev` on a folder; on the port of the last time unless one is named.
    static func dev(
        _ data: String, port: Int? = nil, arguments: [String] = [], launcher: [String] = []
    ) async throws -> Server {
        let ready = "\(data).ready.json"
        try? FileManager.default.removeItem(atPath: ready)
        var command = launcher + [Places.binary, "dev", "--data-dir", data, "--config-out", ready]
        if let port { command += ["--port", "\(port)"] }
        command += arguments
        let child = try Child.start(command[0], Array(command.dropFirst()))
        let text: String
        do {
            text = try await eventually(within: 60, "coffer dev to be ready") {
                if child.hasEnded { throw EndedEarly(child) }
                return FileManager.default.fileExists(atPath: ready) ? Folder.text(ready) : nil
            }
        } catch {
            await child.end()
            throw error
        }
        let known = try JSON.parse(Array(text.utf8))
        return Server(
            child: child, data: data, url: known["api_url"]?.string ?? "", apiKey: known["api_key"]?.string ?? "",
            adminKey: known["admin_key"]?.string ?? "", rpc: known["chains"]?.array?.first?["rpc_url"]?.string ?? "",
            wallets: (known["wallets"]?.array ?? []).map {
                Wallet(
                    id: $0["id"]?.string ?? "", user: $0["user_id"]?.string ?? "",
                    address: $0["address"]?.string ?? "")
            })
    }

    /// A new `coffer dev` on a free port while `body` runs.
    static func withDev(
        arguments: [String] = [], _ body: (Server, Folder) async throws -> Void
    ) async throws {
        let folder = try Folder()
        let server = try await dev(folder.path("data"), port: 0, arguments: arguments)
        do {
            try await body(server, folder)
        } catch {
            await server.child.end()
            throw error
        }
        await server.child.end()
    }

    /// `coffer serve` with settings; its port is a free one unless they name one.
    static func serve(_ settings: Settings, in folder: Folder, rpc: String = "") async throws -> Server {
        let file = try folder.write(settings.yaml(data: folder.path("data")), to: "coffer.yaml")
        let child = try Child.start(Places.binary, ["serve", "--config", file])
        do {
            let port = try await eventually(within: 60, "coffer serve to be ready") { () -> Int64? in
                if child.hasEnded { throw EndedEarly(child) }
                for line in child.stderr.split(separator: "\n") {
                    guard let entry = try? JSON.parse(Array(line.utf8)), entry["message"]?.string == "serving" else {
                        continue
                    }
                    return entry["port"]?.string.flatMap { Int64($0) } ?? entry["port"]?.int
                }
                return nil
            }
            let key = Folder.text("\(folder.path("data"))/admin-key").trimmingCharacters(in: .whitespacesAndNewlines)
            return Server(
                child: child, data: folder.path("data"), url: "http://127.0.0.1:\(port)", apiKey: key, adminKey: key,
                rpc: rpc, wallets: [])
        } catch {
            await child.end()
            throw error
        }
    }

    /// Settings of a serve mode server.
    struct Settings {
        var port = 0
        var rpc: String
        var lines: [String] = []
        /// Members of the chain's section.
        var chain: [String] = []
        var passphraseFile: String?

        func yaml(data: String) -> String {
            var lines = ["data_dir: \(data)", "server:", "  port: \(port)"]
            if let passphraseFile { lines += ["keystore:", "  passphrase_file: \(passphraseFile)"] }
            lines += ["workers:", "  poll_milliseconds: 100"]
            lines += self.lines
            lines += ["chains:", "  main:", "    id: eip155:31337", "    rpc: [\"\(rpc)\"]", "    finality: \"2\""]
            lines += ["    deposits: true", "    deposit_depth: 1"]
            lines += chain.map { "    \($0)" }
            return lines.joined(separator: "\n") + "\n"
        }
    }

    // MARK: Using

    /// The same folder again, on the same port.
    func again(launcher: [String] = []) async throws -> Server { try await Self.dev(data, launcher: launcher) }

    /// A request for a withdrawal as the API takes it.
    static func request(
        _ wallet: Wallet, to: String = recipient, amount: String = "1000", asset: String = native
    ) -> JSON {
        [
            "user_id": .string(wallet.user), "wallet_id": .string(wallet.id), "asset": .string(asset),
            "to": .string(to), "amount": .string(amount),
        ]
    }

    static let recipient = "0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F"

    /// Asks for a withdrawal and returns its id.
    func withdraw(
        _ key: String, wallet: Int = 0, to: String = recipient, amount: String = "1000"
    ) async throws -> String {
        let reply = try await api.post(
            "/v1/withdrawals", Self.request(wallets[wallet], to: to, amount: amount), idempotencyKey: key)
        guard reply.status == 202, let id = reply["id"]?.string else { throw UnexpectedReply(reply: reply) }
        return id
    }

    /// Waits until a withdrawal is in one of these states.
    func waitFor(_ id: String, _ states: [String] = ["confirmed"], within seconds: Double = 30) async throws -> JSON {
        try await eventually(within: seconds, "withdrawal \(id) in \(states)") {
            let found = try await admin.get("/v1/withdrawals/\(id)").json
            // Spelt out, because JSON takes `nil` for its own null.
            return states.contains(found["state"]?.string ?? "") ? .some(found) : .none
        }
    }

    /// One JSON-RPC call to the chain.
    func chain(_ method: String, _ parameters: [JSON]) async throws -> JSON {
        try await Self.chain(rpc, method, parameters)
    }

    static func chain(_ rpc: String, _ method: String, _ parameters: [JSON]) async throws -> JSON {
        let call: JSON = ["jsonrpc": "2.0", "id": 1, "method": .string(method), "params": .array(parameters)]
        let reply = try await Caller(base: rpc, key: nil).send("POST", "", call)
        guard let result = reply["result"] else { throw UnexpectedReply(reply: reply) }
        return result
    }

    /// What an address holds on the chain, in wei.
    func balance(_ address: String) async throws -> UInt256 {
        try UInt256(hexQuantity: try await chain("eth_getBalance", [.string(address), "latest"]).string ?? "")
    }

    /// Whether the books balance and the audit log is intact; what is wrong otherwise.
    func faults() async throws -> [String] {
        var faults: [String] = []
        let books = try await admin.post("/v1/ledger:verify")
        if books["balanced"]?.bool != true { faults.append("ledger: \(books)") }
        let audit = try await admin.post("/v1/audit:verify")
        if audit["intact"]?.bool != true { faults.append("audit: \(audit)") }
        return faults
    }

    /// Runs one of the program's commands against this server.
    func command(_ arguments: [String], key: String? = nil) async throws -> (
        exit: Child.Exit, stdout: String, stderr: String
    ) {
        try await Child.run(
            Places.binary, arguments, environment: ["COFFER_URL": url, "COFFER_API_KEY": key ?? adminKey])
    }
}

/// A server that ended before it was ready.
struct EndedEarly: Error, CustomStringConvertible {
    let child: Child
    init(_ child: Child) { self.child = child }
    var description: String { "the server ended: \(child.stderr.suffix(2_000))" }
}
