import AsyncHTTPClient
import Foundation
public import Logging
import NIOCore
import NIOHTTP1
import Primitives
import ServiceLifecycle
import Storage
import UnixSignals
import WalletConnectRelay

/// A relay with its database and its key, in a data directory.
struct RelayHost: Sendable {
    let server: RelayServer
    let store: any Store

    /// The relay of a server's plan, restored; nil for a plan without one.
    static func make(_ plan: ServerPlan, logger: Logger) async throws -> RelayHost? {
        guard let settings = plan.relay else { return nil }
        return try await make(settings, plan.directory, post: plan.relayPost, logger: logger)
    }

    static func make(
        _ settings: RelaySettings, _ directory: DataDirectory, post: RelayServer.WebhookPost?, logger: Logger
    ) async throws -> RelayHost {
        let (store, _) = try await CofferServer.open(directory.relayDatabase)
        let server = RelayServer(
            settings: settings, store: store, identity: try identity(directory), post: post, logger: logger)
        try await server.restore()
        return RelayHost(server: server, store: store)
    }

    /// Bytes of the seed of the relay's key.
    private static let seedBytes = 32

    /// The relay's key; made at the first start.
    private static func identity(_ directory: DataDirectory) throws -> RelayIdentity {
        let seed = try DataDirectory.key(directory.relayKeyFile, bytes: seedBytes)
        return try RelayIdentity(seed: SecretBytes(copying: seed))
    }

    /// Bytes of a webhook's answer that are read before it is let go.
    private static let answerBytesMax = 64 << 10

    /// Posts webhooks with a client that follows no redirects.
    static func post(_ client: HTTPClient) -> RelayServer.WebhookPost {
        { url, body in
            var request = HTTPClientRequest(url: url)
            request.method = .POST
            request.headers.add(name: "content-type", value: "application/json")
            request.body = .bytes(ByteBuffer(bytes: body))
            let response = try await client.execute(request, timeout: .seconds(10))
            // The connection is used again only when the answer was read.
            _ = try? await response.body.collect(upTo: answerBytesMax)
            return Int(response.status.code)
        }
    }
}

extension RelaySettings {
    /// The relay's part of a server's settings.
    ///
    /// - Throws: ``BootstrapError`` with `configuration`.
    init(_ settings: Settings) throws {
        let audiences = settings.list("relay.audiences")
        for audience in audiences where !audience.hasPrefix("ws://") && !audience.hasPrefix("wss://") {
            throw BootstrapError(.configuration, "relay.audiences: \(audience) is no ws:// or wss:// address")
        }
        let isStrict = settings.boolean("relay.strict_audience")
        guard !isStrict || !audiences.isEmpty else {
            throw BootstrapError(.configuration, "relay.strict_audience needs relay.audiences")
        }
        var limits = RelayLimits()
        func number(_ key: String, _ standard: Int) -> Int { settings.integer("relay.\(key)") ?? standard }
        limits.messageBytesMax = number("message_bytes_max", limits.messageBytesMax)
        // A frame holds two messages and what stands around them.
        limits.frameBytesMax = max(limits.frameBytesMax, limits.messageBytesMax * 2 + (16 << 10))
        limits.topicsPerClientMax = number("topics_per_client_max", limits.topicsPerClientMax)
        limits.mailboxPerTopicMax = number("mailbox_per_topic_max", limits.mailboxPerTopicMax)
        limits.mailboxBytesMax = number("mailbox_mebibytes_max", 1_024) << 20
        limits.ttlSecondsMax = UInt32(clamping: number("ttl_seconds_max", Int(limits.ttlSecondsMax)))
        limits.callsPerSecond = number("calls_per_second", limits.callsPerSecond)
        limits.callsBurst = limits.callsPerSecond * 4
        limits.connectsPerSecond = number("connects_per_second", limits.connectsPerSecond)
        limits.connectsBurst = limits.connectsPerSecond * 6
        limits.socketsMax = number("sockets_max", limits.socketsMax)
        limits.socketsPerClientMax = number("sockets_per_client_max", limits.socketsPerClientMax)
        if settings.boolean("limits.unlimited") { limits.liftRates() }
        self.init(
            projects: settings.list("relay.projects").map { RelayProject(setting: $0) }, audiences: audiences,
            hasStrictAudience: isStrict, allowsPrivateWebhooks: settings.boolean("relay.private_webhooks"),
            limits: limits)
    }
}

extension RelayProject {
    /// `ID`, or `ID=origin|origin`.
    init(setting: String) {
        let parts = setting.split(separator: "=", maxSplits: 1)
        self.init(
            id: String(parts.first ?? ""),
            origins: parts.count > 1 ? parts[1].split(separator: "|").map(String.init) : [])
    }
}

/// `coffer relay`: a relay alone, without keys, chains or an API.
public struct StandaloneRelay: Sendable {
    /// What its clients need to know.
    public struct Address: Sendable {
        public let host: String
        public let port: Int
        public let directory: String

        /// Where clients connect.
        public var url: String { "ws://\(host.contains(":") ? "[\(host)]" : host):\(port)" }
    }

    private let settings: Settings
    private let directory: DataDirectory
    private let host: String
    private let port: Int
    private let projects: [String]
    /// Whether nobody's rate is limited; for benchmarks.
    public var isUnlimited = false

    /// A relay from settings, of which those about the relay count.
    ///
    /// - Parameters:
    ///   - projects: project ids beside those of the settings; none at all admits every one.
    /// - Throws: ``BootstrapError`` with `configuration`, naming every fault.
    public init(settings: Settings, directory: DataDirectory, host: String, port: Int, projects: [String]) throws {
        guard settings.faults.isEmpty else {
            throw BootstrapError(.configuration, settings.faults.map(\.description).joined(separator: "\n"))
        }
        self.settings = settings
        self.directory = directory
        self.host = host
        self.port = port
        self.projects = projects
    }

    /// Runs until it is told to stop.
    public func run(logger: Logger, onReady: @escaping @Sendable (Address) -> Void) async throws {
        // Held until this function returns: one process on one folder.
        let lock = try directory.lock()
        defer { try? lock.close() }
        var relay = try RelaySettings(settings)
        relay.projects += projects.map { RelayProject(setting: $0) }
        if isUnlimited { relay.limits.liftRates() }
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        do {
            let host = try await RelayHost.make(relay, directory, post: RelayHost.post(client), logger: logger)
            try await serve(host, logger, onReady)
            await host.store.close()
        } catch {
            try? await client.shutdown()
            throw error
        }
        try await client.shutdown()
    }

    private func serve(
        _ relay: RelayHost, _ logger: Logger, _ onReady: @escaping @Sendable (Address) -> Void
    ) async throws {
        var quiet = logger
        quiet.logLevel = .warning
        let server = relay.server.server(host: host, port: port) { bound in
            onReady(Address(host: host, port: bound, directory: directory.path))
        }
        // Stopped last to first: the sockets go before the loop that stores what they sent.
        var group = ServiceGroupConfiguration(
            services: [.init(service: relay.server), .init(service: server)],
            gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet)
        group.maximumGracefulShutdownDuration = .seconds(25)
        do {
            try await ServiceGroup(configuration: group).run()
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            throw BootstrapError(.unavailable, "port \(port) on \(host) is taken; choose another with --port")
        }
    }
}
