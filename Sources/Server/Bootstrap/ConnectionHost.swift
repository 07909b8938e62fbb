import API
import ChainNode
import Logging
import Metrics
import NIOPosix
import Primitives
import ServiceLifecycle
import Storage
public import WalletConnectBackend
import WalletConnectClient
import WalletConnectNetwork
import WalletConnectProtocol
import Withdrawals

/// What a server's plan says about wallets that users connect.
public struct ConnectionPlan: Sendable {
    /// How the backend behaves.
    public var settings: BackendSettings
    /// Where sessions are kept; nil is `connections.db` in the data directory.
    public var recordsURL: String?
    /// Whether the relay is this server's own, reached over loopback.
    public var usesOwnRelay: Bool
    /// Seconds for which events of connections are kept.
    public var eventSeconds = ConnectionCleanup.eventSecondsStandard
}

/// The WalletConnect backend of a server: its records and its key in the data directory, its way to the relay.
struct ConnectionHost: Sendable {
    let backend: WalletConnectBackend
    /// Where the server listens, for a relay of its own.
    let place: LoopbackTransport.Place
    private let records: ConnectionRecords
    private let events: AsyncStream<BackendEvent>
    private let logger: Logger

    /// The backend of a server's plan; nil for a plan without one.
    ///
    /// Nothing runs yet.
    static func make(_ plan: ServerPlan, logger: Logger) async throws -> ConnectionHost? {
        guard let own = plan.connections else { return nil }
        let records = try await ConnectionRecords.open(own.recordsURL, plan.directory, logger: logger)
        let place = LoopbackTransport.Place()
        let network = try WebSocketTransport(eventLoops: MultiThreadedEventLoopGroup.singleton)
        let transport: any RelayTransport = own.usesOwnRelay ? LoopbackTransport(network, place) : network
        let nodes = Dictionary(uniqueKeysWithValues: plan.chains.map { ($0.settings.chain, $0.node) })
        let backend = WalletConnectBackend(
            settings: own.settings, records: records.store,
            storeKey: SecretBytes(copying: try DataDirectory.key(plan.directory.connectionsKeyFile, bytes: keyBytes)),
            transport: transport,
            nodes: nodes, logger: logger)
        return ConnectionHost(
            backend: backend, place: place, records: records, events: backend.events(), logger: logger)
    }

    private init(
        backend: WalletConnectBackend, place: LoopbackTransport.Place, records: ConnectionRecords,
        events: AsyncStream<BackendEvent>, logger: Logger
    ) {
        self.backend = backend
        self.place = place
        self.records = records
        self.events = events
        self.logger = logger
    }

    /// Bytes of the key that seals sessions; it is made at the first start.
    private static let keyBytes = 32

    // MARK: Running

    /// What runs as long as the server does: the backend, and the record of what happens to connections.
    ///
    /// A backend that ends because its records failed does not end the server, which has payments to care for: requests to
    /// it are refused from then on, and `/health` says so.
    func services(_ services: APIServices) -> [ServiceGroupConfiguration.ServiceConfiguration] {
        let (backend, events, logger) = (backend, events, logger)
        let (store, cleanup) = (services.store, services.connectionCleanup)
        let lost = Counter(label: "coffer_connection_events_lost_total")
        return [
            .init(
                service: Loop("connection events") {
                    await ConnectionEvents.keep(backend, events, in: store) { error, count in
                        lost.increment(by: count)
                        logger.warning(
                            "events of connections were not written",
                            metadata: ["error": "\(error)", "count": "\(count)"])
                    }
                }),
            .init(
                service: Loop("connection clean-up") {
                    while !Task.isCancelled {
                        try? await Task.sleep(for: .seconds(backend.settings.cleanupSeconds))
                        guard !Task.isCancelled else { return }
                        do {
                            try await cleanup.run()
                        } catch {
                            logger.warning("old events were not removed", metadata: ["error": "\(error)"])
                        }
                    }
                }),
            .init(
                service: Loop("connections") {
                    do {
                        try await backend.run()
                    } catch {
                        logger.error("connections are not served any more", metadata: ["error": "\(error)"])
                    }
                }),
        ]
    }

    /// Waits until sessions are restored; what is wrong is found in `/health`.
    func ready() async {
        do {
            try await backend.ready()
        } catch {
            logger.error("connections were not restored", metadata: ["error": "\(error)"])
        }
    }

    func close() async { await records.close() }

    /// What a backup copies of it; nil where connections are kept elsewhere.
    var database: (name: String, store: any Store)? {
        records.ownDatabase.map { (name: DataDirectory.connectionsDatabaseName, store: $0) }
    }

    /// Sets the gauge of the connections; what else there is to count, backend and client count themselves.
    func measure() {
        let figures = backend.figures
        for (state, count) in [
            ("pending", figures.pending), ("active", figures.active), ("expired", figures.expired),
            ("disconnected", figures.disconnected),
        ] {
            Gauge(label: "coffer_connections", dimensions: [("state", state)]).record(count)
        }
    }
}

extension ConnectionPlan {
    /// The settings' part about connections; nil where no relay is named and the server is none.
    ///
    /// - Throws: ``BootstrapError`` with `configuration`.
    init?(_ settings: Settings) throws {
        let urls = settings.list("walletconnect.relay_urls")
        for url in urls where !url.hasPrefix("ws://") && !url.hasPrefix("wss://") {
            throw BootstrapError(.configuration, "walletconnect.relay_urls: \(url) is no ws:// or wss:// address")
        }
        let usesOwnRelay = urls.isEmpty
        guard !usesOwnRelay || settings.boolean("relay.enabled") else { return nil }
        // Our relay may want to be called by its name, which is what the token says; the socket goes over loopback.
        let known = usesOwnRelay ? [settings.list("relay.audiences").first ?? Self.ownRelayURL] : urls
        let metadata = Metadata(
            name: settings["walletconnect.name"] ?? "Coffer",
            description: settings["walletconnect.description"] ?? "",
            url: settings["walletconnect.url"] ?? "http://localhost", icons: settings.list("walletconnect.icons"))
        let projects = settings.list("relay.projects").map { RelayProjectName($0).id }
        var backend = BackendSettings(
            metadata: metadata, relayURLs: known,
            projectID: settings["walletconnect.project_id"] ?? (usesOwnRelay ? projects.first : nil))
        func number(_ key: String, _ standard: Int) -> Int { settings.integer("walletconnect.\(key)") ?? standard }
        backend.sessionsMax = number("sessions_max", backend.sessionsMax)
        backend.sessionsPerUserMax = number("sessions_per_user_max", backend.sessionsPerUserMax)
        backend.requestsMax = number("requests_max", backend.requestsMax)
        backend.client.sign.limits.makeRoom(connections: backend.sessionsMax, requests: backend.requestsMax)
        backend.requestSeconds = Int64(number("request_seconds", Int(backend.requestSeconds)))
        backend.paramsBytesMax = number("params_bytes_max", backend.paramsBytesMax)
        backend.endedSeconds = Int64(number("ended_seconds", Int(backend.endedSeconds)))
        backend.idleSeconds = settings.integer("walletconnect.idle_seconds").map { Int64($0) }
        self.init(settings: backend, recordsURL: settings["walletconnect.records"], usesOwnRelay: usesOwnRelay)
        eventSeconds = Int64(number("events_seconds", Int(eventSeconds)))
    }

    /// Of the embedded relay of `coffer dev`.
    static func development(projectID: String) -> ConnectionPlan {
        let metadata = Metadata(
            name: "Coffer (development)", description: "coffer dev", url: "http://localhost", icons: [])
        return ConnectionPlan(
            settings: BackendSettings(metadata: metadata, relayURLs: [ownRelayURL], projectID: projectID),
            recordsURL: nil, usesOwnRelay: true)
    }

    /// What the token of a client on loopback names, where the relay asks for no name.
    private static let ownRelayURL = "ws://127.0.0.1/relay"
}

/// The id in `ID` or `ID=origin|origin`.
private struct RelayProjectName {
    let id: String

    init(_ setting: String) {
        id = String(setting.prefix { $0 != "=" })
    }
}

extension SignLimits {
    /// Raises what would stop the client before the backend's own limits do.
    ///
    /// A connection is a proposal on a pairing of its own first, and a session then. While the relay is away each of them
    /// and each request has a message that waits, and each may come to its end at once.
    fileprivate mutating func makeRoom(connections: Int, requests: Int) {
        sessionsMax = max(sessionsMax, connections)
        pairingsMax = max(pairingsMax, connections)
        proposalsMax = max(proposalsMax, connections)
        requestsMax = max(requestsMax, requests)
        outboxMax = max(outboxMax, connections + requests)
        outcomesMax = max(outcomesMax, connections + requests)
    }
}
