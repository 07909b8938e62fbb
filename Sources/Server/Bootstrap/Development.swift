import API
import AsyncHTTPClient
import ChainEVM
import ChainNode
import ChainNodeHTTP
import Cryptography
import Foundation
import Keys
public import Logging
import NIOPosix
public import Observability
import Primitives
import ServiceLifecycle
import WalletConnectRelay
import Wallets
import Withdrawals

/// `coffer dev`: everything in one process, ready to try, with keys that are for trying only.
public struct Development: Sendable {
    /// Which chains it has.
    public enum Chains: Sendable, Hashable {
        /// In this process, at once.
        case simulated
        /// A real EVM from `devnet/`.
        case devnet
        /// Those in the `chains` section of a settings file.
        case file(String)
    }

    static let portDefault = 8_080
    /// The project that development clients name; its relay admits every one.
    static let projectID = "c0ffe12de7e109e27000000000000000"
    private static let walletCount = 3
    private static let coinsWei: UInt256 = 1_000_000_000_000_000_000
    private static let coinsPerWallet: UInt64 = 1_000
    private static let tokensPerWallet: UInt256 = 1_000_000_000_000

    public var directory: DataDirectory
    /// `nil`: the port of the last time, else 8080.
    ///
    /// 0: any free one.
    public var port: Int?
    public var chains: Chains
    public var configOut: String?
    public var version: String
    public var log: LogConfiguration
    /// Where the banner goes.
    public var print: @Sendable (String) -> Void

    public init(
        directory: DataDirectory, port: Int?, chains: Chains, configOut: String?, version: String,
        log: LogConfiguration, print: @escaping @Sendable (String) -> Void
    ) {
        self.directory = directory
        self.port = port
        self.chains = chains
        self.configOut = configOut
        self.version = version
        self.log = log
        self.print = print
    }

    /// Runs until it is told to stop.
    public func run(registry: PrometheusRegistry, logger: Logger) async throws {
        let client = HTTPClient(
            eventLoopGroupProvider: .singleton, configuration: HTTPNode.clientConfiguration())
        do {
            try await run(registry: registry, logger: logger, client: client)
        } catch {
            try? await client.shutdown()
            throw error
        }
        try await client.shutdown()
    }

    private func run(registry: PrometheusRegistry, logger: Logger, client: HTTPClient) async throws {
        let known = try Connection(directory)
        let world = try await world(client)
        var plan = ServerPlan(
            mode: .dev, version: version, directory: directory, host: "127.0.0.1",
            port: port ?? known?.port ?? Self.portDefault, chains: world.chains, rateLimits: .unlimited, log: log)
        plan.acceptsUnlistedTokens = true
        plan.keysAreUnlimited = true
        plan.pollMilliseconds = 200
        plan.extraRoutes = world.routes
        plan.relay = RelaySettings(allowsPrivateWebhooks: true)
        plan.relayPost = RelayHost.post(client)
        plan.connections = .development(projectID: Self.projectID)
        let server = try await CofferServer.make(plan, registry: registry, logger: logger)
        let connection = try await prepare(server, world, known: known)
        try await server.run(other: world.services) { port in
            let ready = connection.at(port: port, rpcURLs: world.rpcURLs)
            try DataDirectory.write(ready.json.serialized(), to: directory.connectionFile)
            if let configOut { try DataDirectory.write(ready.json.serialized(), to: configOut) }
            print(banner(ready, world))
        }
    }

    // MARK: Chains

    private struct World: Sendable {
        let chains: [ServerPlan.Chain]
        var services: [any Service] = []
        var routes: [Route] = []
        /// For each chain: absolute, or a path on our own port; `nil` where the settings keep it to themselves.
        let rpcURLs: [String?]
        let words: String
        /// Gives coins or tokens out of nothing; `nil` where nobody can.
        var fund: (@Sendable (Address, UInt256, _ isToken: Bool) async throws -> Void)?
        /// Whether the chain was started just now, and so has forgotten everything.
        var isNew = false
    }

    private func world(_ client: HTTPClient) async throws -> World {
        switch chains {
        case .simulated:
            let host = try SimulatedChainHost(logPath: directory.chainLog("31337"))
            let node = SimulatedHostNode(host: host)
            return World(
                chains: [try chain(node, token: host.token, symbol: "DUSD", decimals: 6)], services: [host.miner],
                routes: [SimulatedRPC(host: host).route], rpcURLs: [SimulatedRPC.path],
                words: "simulated EVM 31337 (in this process)",
                fund: { host.fund($0, amount: $1, isToken: $2) })
        case .devnet:
            let host = try await DevnetHost.attach(directory, client: client)
            return World(
                chains: [
                    try chain(host.node, token: host.token, symbol: host.tokenSymbol, decimals: host.tokenDecimals)
                ], rpcURLs: [host.rpcURL], words: "devnet \(host.node.chain) (a real EVM at \(host.rpcURL))",
                fund: { try await host.fund($0, amount: $1, isToken: $2) }, isNew: host.isNew)
        case .file(let path):
            guard let bytes = try DataDirectory.read(path) else {
                throw BootstrapError(.configuration, "--chains: can't read \(path)")
            }
            let settings = Settings(file: String(decoding: bytes, as: UTF8.self), environment: [:])
            let production = try Production(settings: settings, version: version, log: log, print: print)
            let chains = try production.chains(client)
            return World(
                chains: chains, rpcURLs: chains.map { _ in nil },
                words: chains.map { "\($0.settings.chain)" }.joined(separator: ", ") + " (from \(path))")
        }
    }

    private func chain(
        _ node: any EVMNode, token: Address, symbol: String, decimals: UInt8
    ) throws -> ServerPlan.Chain {
        let chain = node.chain
        let native = Asset(
            id: try AssetID("\(chain)/slip44:60"), kind: .native, symbol: "ETH", decimals: 18)
        let coin = Asset(
            id: try AssetID("\(chain)/erc20:\(token)"), kind: .erc20(token), symbol: symbol, decimals: decimals)
        var settings = ChainSettings(
            chain: chain, chainNumber: UInt64(chain.reference) ?? 0, native: native, finality: .depth(2))
        settings.resendAfterMilliseconds = 5_000
        settings.bumpAfterMilliseconds = 15_000
        settings.retryAfterMilliseconds = 500
        settings.waitMilliseconds = 1_000
        return ServerPlan.Chain(
            settings: settings, assets: [native, coin], node: node, nodeCount: 1, depositDepth: 1)
    }

    // MARK: First run

    /// Makes what a first run needs: keystore, keys, a rule, wallets with coins.
    ///
    /// A later run finds all of it.
    private func prepare(_ server: CofferServer, _ world: World, known: Connection?) async throws -> Connection {
        let services = server.services
        if world.isNew, try await !services.lanes.lanes(limit: 1).isEmpty {
            throw BootstrapError(
                .configuration,
                "the development chain of \(directory.path) is gone, and with it what this directory has sent there; start on another directory"
            )
        }
        try await openKeystore(services.keystore)
        if try await services.policies.rules().isEmpty {
            try await services.policies.add(
                PolicyRule(id: services.ids.next(), action: .allow, note: "development: everything is allowed"),
                actor: "coffer dev")
        }
        let connection: Connection
        if let known {
            connection = known
        } else {
            connection = Connection(
                port: 0, rpcURLs: [],
                apiKey: try await services.keys.create(
                    name: "development", scopes: Roles.service, isDevelopment: true, actor: "coffer dev"
                ).secret,
                adminKey: try await services.keys.create(
                    name: "development administrator", scopes: Roles.administrator, isDevelopment: true,
                    actor: "coffer dev"
                ).secret, directory: directory.path, chains: [], wallets: [])
            // Before anything else is made with them: a kill now must not leave keys that nobody knows.
            try DataDirectory.write(connection.json.serialized(), to: directory.connectionFile)
        }
        let wallets = try await fundedWallets(server, world)
        return connection.with(chains: world.chains.map { "\($0.settings.chain)" }, wallets: wallets)
    }

    /// The development keystore opens with a passphrase that lies beside it: its keys are public.
    private func openKeystore(_ keystore: EmbeddedKeystore) async throws {
        let words: [UInt8]
        if let known = try DataDirectory.read(directory.passphraseFile) {
            words = known
        } else {
            words = Array(Hex.encode(RandomSource.system.bytes(16)).utf8)
            try DataDirectory.create(words, at: directory.passphraseFile)
        }
        let passphrase = SecretBytes(copying: words)
        if try await keystore.isInitialised() {
            try await keystore.unseal(passphrase: passphrase)
        } else {
            // The cheapest cost there is: nothing here is worth more, and the start shall be instant.
            try await keystore.initialise(passphrase: passphrase, cost: .interactive)
            if keystore.isSealed { try await keystore.unseal(passphrase: passphrase) }
        }
    }

    private func fundedWallets(_ server: CofferServer, _ world: World) async throws -> [Wallet] {
        let services = server.services
        guard let first = world.chains.first else { return [] }
        let chain = first.settings.chain
        var wallets = try await services.wallets.list(userID: nil, limit: 200).filter {
            $0.chain == chain && $0.userID.hasPrefix("dev-")
        }
        while wallets.count < Self.walletCount {
            wallets.append(
                try await services.wallets.create(
                    userID: "dev-\(wallets.count + 1)", chain: chain, label: "development wallet",
                    actor: "coffer dev"))
        }
        wallets = Array(wallets.prefix(Self.walletCount))
        for wallet in wallets {
            guard let fund = world.fund else { continue }
            if try await first.node.balance(of: wallet.address, at: .latest).isZero {
                try await fund(
                    wallet.address, Self.coinsWei.multipliedSaturating(by: UInt256(Self.coinsPerWallet)), false)
                try await fund(wallet.address, Self.tokensPerWallet, true)
            }
            _ = try await server.deposits.credit(wallet)
        }
        return wallets
    }

    // MARK: Banner

    private func banner(_ connection: Connection, _ world: World) -> String {
        let wallet = connection.wallets.first
        let asset = world.chains.first?.settings.native.key ?? ""
        return """

            Coffer \(version)   DEVELOPMENT MODE: its keys are public, its rule allows everything

              API        \(connection.url)
              API key    \(connection.apiKey)
              Admin key  \(connection.adminKey)
              Dashboard  \(connection.url)/#key=\(connection.adminKey)
              Docs       \(connection.url)/docs
              Metrics    \(connection.url)/metrics
              Relay      \(connection.relayURL)  (WalletConnect; project \(Self.projectID))
              Data       \(directory.path)
              Chain      \(world.words)
            \(connection.wallets.map { "  Wallet     \($0.ledgerOwner)  \($0.address)  (\($0.userID))" }.joined(separator: "\n"))

            A first withdrawal:

              curl -s \(connection.url)/v1/withdrawals -H 'Authorization: Bearer \(connection.apiKey)' \\
                -H 'Content-Type: application/json' -H "Idempotency-Key: $(date +%s%N)" -d '{"user_id":"\(wallet?.userID ?? "")",
                "wallet_id":"\(wallet?.ledgerOwner ?? "")","asset":"\(asset)",
                "to":"0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F","amount":"1000000000000000"}'

            Ctrl-C stops it; so does kill -9. Started again on \(directory.path), it goes on where it was.

            """
    }
}

/// What a client of `coffer dev` needs to know; the content of `--config-out` and of `connection.json`.
struct Connection: Sendable {
    var port: Int
    var rpcURLs: [String?]
    let apiKey: String
    let adminKey: String
    let directory: String
    var chains: [String]
    var wallets: [Wallet]

    var url: String { "http://127.0.0.1:\(port)" }
    var relayURL: String { "ws://127.0.0.1:\(port)/relay" }

    func at(port: Int, rpcURLs: [String?]) -> Connection {
        var copy = self
        copy.port = port
        copy.rpcURLs = rpcURLs.map { url in url.map { $0.hasPrefix("/") ? "\(copy.url)\($0)" : $0 } }
        return copy
    }

    func with(chains: [String], wallets: [Wallet]) -> Connection {
        var copy = self
        copy.chains = chains
        copy.wallets = wallets
        return copy
    }

    var json: JSON {
        [
            "api_url": .string(url), "api_key": .string(apiKey), "admin_key": .string(adminKey),
            "dashboard_url": .string("\(url)/#key=\(adminKey)"), "relay_url": .string(relayURL),
            "project_id": .string(Development.projectID),
            "metrics_url": .string("\(url)/metrics"), "data_dir": .string(directory),
            "pid": JSON(Int(ProcessInfo.processInfo.processIdentifier)),
            "chains": .array(
                zip(chains, rpcURLs).map { chain, url in
                    ["id": .string(chain), "rpc_url": url.map { .string($0) } ?? .null]
                }),
            "wallets": .array(
                wallets.map {
                    [
                        "id": .string($0.ledgerOwner), "user_id": .string($0.userID), "chain": .string("\($0.chain)"),
                        "address": .string("\($0.address)"),
                    ]
                }),
        ]
    }
}

extension Connection {
    /// What the last run on this directory wrote, if there was one.
    init?(_ directory: DataDirectory) throws {
        guard let bytes = try DataDirectory.read(directory.connectionFile), let known = try? JSON.parse(bytes),
            let url = known["api_url"]?.string, let port = url.split(separator: ":").last.flatMap({ Int($0) }),
            let apiKey = known["api_key"]?.string, let adminKey = known["admin_key"]?.string
        else { return nil }
        self.init(
            port: port, rpcURLs: [], apiKey: apiKey, adminKey: adminKey, directory: directory.path, chains: [],
            wallets: [])
    }
}
