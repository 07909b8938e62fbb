import API
import AsyncHTTPClient
import ChainEVM
import ChainNode
import ChainNodeHTTP
import Foundation
import Keys
public import Logging
import NIOPosix
public import Observability
import Primitives
import WalletConnectRelay
import Wallets
import Withdrawals

/// `coffer serve`: a server from its settings.
///
/// Nothing is allowed that no rule allows, and nothing signs until it is unsealed.
public struct Production: Sendable {
    private let settings: Settings
    private let version: String
    private let log: LogConfiguration
    private let print: @Sendable (String) -> Void

    /// - Throws: ``BootstrapError`` with `configuration`, naming every fault.
    public init(
        settings: Settings, version: String, log: LogConfiguration, print: @escaping @Sendable (String) -> Void
    ) throws {
        var faults = settings.faults.map(\.description)
        if settings.chainNames.isEmpty { faults.append("chains: none is configured") }
        guard faults.isEmpty else {
            throw BootstrapError(.configuration, faults.joined(separator: "\n"))
        }
        self.settings = settings
        self.version = version
        self.log = log
        self.print = print
    }

    /// Runs until it is told to stop.
    public func run(registry: PrometheusRegistry, logger: Logger) async throws {
        let client = HTTPClient(
            eventLoopGroupProvider: .singleton, configuration: HTTPNode.clientConfiguration())
        do {
            let server = try await CofferServer.make(try await plan(client), registry: registry, logger: logger)
            try await firstKey(server)
            try await unseal(server.services.keystore)
            try await server.run { port in
                logger.info(
                    "serving",
                    metadata: [
                        "port": "\(port)", "version": "\(version)",
                        "sealed": "\(server.services.keystore.isSealed)",
                    ])
            }
        } catch {
            try? await client.shutdown()
            throw error
        }
        try await client.shutdown()
    }

    func plan(_ client: HTTPClient) async throws -> ServerPlan {
        let directory = try DataDirectory(path: settings["data_dir"] ?? "./coffer-data")
        let rate = settings.integer("limits.requests_per_second") ?? 50
        let withdrawals = settings.integer("limits.withdrawals_per_second") ?? 50
        let connections = settings.integer("limits.connections_per_second") ?? 10
        var plan = ServerPlan(
            mode: .serve, version: version, directory: directory, host: settings["server.host"] ?? "127.0.0.1",
            port: settings.integer("server.port") ?? 8_080, chains: try chains(client),
            rateLimits: settings.boolean("limits.unlimited")
                ? .unlimited
                : RateLimits(
                    perPrincipal: RatePolicy("default", quota: rate, burst: rate * 2),
                    perAddress: RateLimits.standard.perAddress,
                    perClass: [
                        "withdrawals": RatePolicy("withdrawals", quota: withdrawals, burst: withdrawals * 5),
                        "connections": RatePolicy("connections", quota: connections, burst: connections * 5),
                    ]),
            log: log)
        plan.keysAreUnlimited = settings.boolean("limits.unlimited")
        plan.databasePath = try file("storage.url") ?? directory.database
        plan.guardPath = try file("guard.url") ?? directory.guardDatabase
        plan.runsWorkers = settings.boolean("workers.enabled")
        plan.pollMilliseconds = Int64(settings.integer("workers.poll_milliseconds") ?? 1_000)
        plan.jwt = try await tokens()
        plan.relay = try settings.boolean("relay.enabled") ? RelaySettings(settings) : nil
        plan.relayPost = RelayHost.post(client)
        plan.connections = try ConnectionPlan(settings)
        return plan
    }

    /// The chains of the settings, with their nodes.
    func chains(_ client: HTTPClient) throws -> [ServerPlan.Chain] {
        try settings.chainNames.map { try chain($0, client) }
    }

    private func file(_ key: String) throws -> String? {
        guard let url = settings[key] else { return nil }
        guard url.hasPrefix("sqlite://") else {
            throw BootstrapError(
                .configuration, "\(key): \(url.prefix { $0 != ":" }): is not taken here; sqlite:///path is")
        }
        return String(url.dropFirst("sqlite://".count))
    }

    private func chain(_ name: String, _ client: HTTPClient) throws -> ServerPlan.Chain {
        let key = "chains.\(name)"
        func fault(_ field: String, _ message: String) -> BootstrapError {
            BootstrapError(.configuration, "\(key).\(field): \(message)")
        }
        let id = settings["\(key).id"] ?? ""
        guard let chain = try? ChainID(id), chain.namespace == "eip155", let number = UInt64(chain.reference) else {
            throw fault("id", "\(id) is no EVM chain such as eip155:1")
        }
        guard let nativeID = try? AssetID("\(chain)/slip44:\(settings["\(key).slip44"] ?? "60")") else {
            throw fault("slip44", "is no SLIP-44 number")
        }
        let native = Asset(
            id: nativeID, kind: .native, symbol: settings["\(key).symbol"], decimals: 18)
        let tokens = try settings.list("\(key).tokens").map { text in
            let parts = text.split(separator: ":").map(String.init)
            guard parts.count == 3, let decimals = UInt8(parts[1]), let address = try? Address(checksummed: parts[2]),
                let asset = try? AssetID("\(chain)/erc20:\(address)")
            else { throw fault("tokens", "\(text) is not SYMBOL:decimals:0xaddress") }
            return Asset(id: asset, kind: .erc20(address), symbol: parts[0], decimals: decimals)
        }
        let finality = settings["\(key).finality"] ?? "finalized"
        guard finality == "finalized" || UInt64(finality).map({ $0 > 0 }) ?? false else {
            throw fault("finality", "is `finalized` or a number of blocks")
        }
        var options = ChainSettings(
            chain: chain, chainNumber: number, native: native,
            finality: UInt64(finality).map { .depth($0) } ?? .finalizedTag)
        options.inFlightMax = settings.integer("\(key).in_flight") ?? options.inFlightMax
        options.maxFeePerGasWeiCap = gwei("\(key).max_fee_gwei") ?? options.maxFeePerGasWeiCap
        options.transactionFeeWeiCap = gwei("\(key).max_fee_total_gwei") ?? options.transactionFeeWeiCap
        options.priorityFeeWeiMin = gwei("\(key).priority_fee_gwei_min") ?? options.priorityFeeWeiMin
        options.bumpAfterMilliseconds = Int64(settings.integer("\(key).bump_seconds") ?? 45) * 1_000
        let nodes = try settings.list("\(key).rpc").enumerated().map { index, url in
            do {
                let endpoint = try HTTPEndpoint(name: "\(name)-\(index + 1)", url: url)
                return HTTPNode(chain: chain, endpoint: endpoint, client: client)
            } catch {
                throw fault("rpc", "node \(index + 1): \(error)")
            }
        }
        guard !nodes.isEmpty else { throw fault("rpc", "names no node") }
        return ServerPlan.Chain(
            settings: options, assets: [native] + tokens, node: NodePool(chain: chain, nodes: nodes),
            nodeCount: nodes.count,
            depositDepth: settings.boolean("\(key).deposits")
                ? UInt64(settings.integer("\(key).deposit_depth") ?? 12) : nil)
    }

    private func gwei(_ key: String) -> UInt256? {
        settings.integer(key).map { UInt256($0).multipliedSaturating(by: 1_000_000_000) }
    }

    private func tokens() async throws -> [any Authenticator] {
        guard let issuer = settings["jwt.issuer"] else { return [] }
        guard let audience = settings["jwt.audience"], let file = settings["jwt.jwks_file"] else {
            throw BootstrapError(.configuration, "jwt.issuer needs jwt.audience and jwt.jwks_file")
        }
        guard let bytes = try DataDirectory.read(file), let set = try? JSON.parse(bytes),
            let keys = set["keys"]?.array
        else {
            throw BootstrapError(.configuration, "jwt.jwks_file: \(file) is no JSON Web Key Set")
        }
        let verifier = JWTVerifier(
            rules: JWTRules(
                issuer: issuer, audience: audience,
                lifetimeSecondsMax: Int64(settings.integer("jwt.lifetime_seconds_max") ?? 3_600)))
        for (index, key) in keys.enumerated() {
            do {
                try await verifier.add(JWTVerificationKey(jwk: key))
            } catch {
                throw BootstrapError(.configuration, "jwt.jwks_file: key \(index + 1): \(error)")
            }
        }
        return [verifier]
    }

    /// The first administrator's key is made once and left in a file for its owner; no default password exists.
    private func firstKey(_ server: CofferServer) async throws {
        guard try await server.services.keys.list(limit: 1).isEmpty else { return }
        let (_, secret) = try await server.services.keys.create(
            name: "first administrator", scopes: Roles.administrator, actor: "coffer serve")
        let path = "\(server.plan.directory.path)/admin-key"
        try DataDirectory.write(Array("\(secret)\n".utf8), to: path)
        print("An administrator's key was made: \(path). Take it away from there.")
    }

    private func unseal(_ keystore: EmbeddedKeystore) async throws {
        guard let path = settings["keystore.passphrase_file"] else { return }
        guard var bytes = try DataDirectory.read(path) else {
            throw BootstrapError(.configuration, "keystore.passphrase_file: can't read \(path)")
        }
        while bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
        let passphrase = SecretBytes(copying: bytes)
        if try await keystore.isInitialised() {
            try await keystore.unseal(passphrase: passphrase)
        } else {
            try await keystore.initialise(passphrase: passphrase)
            if keystore.isSealed { try await keystore.unseal(passphrase: passphrase) }
        }
    }
}
