import AsyncHTTPClient
import CofferClient
import CoreMetrics
import Logging
import Observability
import Primitives
import WalletConnectClient
import WalletConnectNetwork
import WalletConnectProtocol

/// Runs a WalletConnect client for the time of a command.
enum SignClientHost {
    /// Opens the client on its records and the relay, lends it with everything it tells, and ends it.
    ///
    /// - Throws: what `body` throws, and `SignError` when the client ends by itself.
    static func with<Result: Sendable>(
        _ side: WalletConnectState.Side, _ options: WalletConnectOptions, _ relay: RelayPlace,
        _ state: WalletConnectState,
        _ body: @escaping @Sendable (SignClient, AsyncStream<SignEvent>) async throws -> Result
    ) async throws -> Result {
        guard let level = Logger.Level(rawValue: options.logLevel) else {
            throw ClientError(.usage, "--log-level is trace, debug, info, notice, warning, error or critical")
        }
        let log = LogConfiguration(format: .text, level: level, sink: .standardError())
        let logger = Logger(label: "coffer.walletconnect", factory: { log.handler(label: $0) })
        var sign = SignSettings(metadata: metadata(side))
        // What a relay reads in clear is nobody's business but its own customers'.
        sign.sendsAnalytics = false
        sign.handlesAuthentication = side == .wallet
        sign.lifetimes.proposalSeconds = max(options.timeout, 1)
        sign.lifetimes.acknowledgementSeconds = options.timeout
        let settings = SignClientSettings(
            sign: sign,
            relay: RelaySettings(
                urls: [relay.url], projectID: relay.projectID,
                userAgent: "wc-2/swift-\(CofferVersion.number)/linux/coffer"))
        let client = SignClient(
            settings: settings, records: state.records, storeKey: try state.storeKey(),
            transport: try WebSocketTransport(eventLoops: HTTPClient.defaultEventLoopGroup), logger: logger,
            metrics: NOOPMetricsHandler.instance)
        // Listened to from before the start, when what is unanswered is told once more.
        let events = client.events()
        return try await withSignClient(client) { client in
            try await withThrowingTaskGroup(of: Result?.self) { group in
                group.addTask {
                    try await reach(client, relay, within: min(reachSeconds, options.timeout / 2))
                    return nil
                }
                group.addTask {
                    do {
                        let result = try await body(client, events)
                        _ = await client.drain(milliseconds: farewellMilliseconds)
                        return result
                    } catch let ending as SilentExit {
                        // What was refused is no reason to leave without a goodbye.
                        _ = await client.drain(milliseconds: farewellMilliseconds)
                        throw ending
                    }
                }
                defer { group.cancelAll() }
                while let ended = try await group.next() {
                    if let result = ended { return result }
                }
                throw CancellationError()
            }
        }
    }

    // MARK: The relay

    /// What is looked at, is looked at so often: the client tells of peers, not of its connection.
    private static let glance = Duration.milliseconds(50)
    /// How long the relay may take to answer at first, and less than what is asked waits; later the client is patient.
    private static let reachSeconds: Int64 = 15
    /// How long a program that is about to end gives its last words.
    private static let farewellMilliseconds: Int64 = 5_000

    /// Ends when the relay has been reached.
    ///
    /// - Throws: `ClientError` when it refuses this client, or is not there. A person at a terminal wants to know at once;
    ///   the client itself would go on trying.
    private static func reach(_ client: SignClient, _ relay: RelayPlace, within seconds: Int64) async throws {
        let deadline = ContinuousClock.now + .seconds(seconds)
        var began = false
        while true {
            switch client.relayStatus {
            case .online: return
            case .refused(let close):
                throw ClientError(
                    .notAllowed, "the relay \(relay.url) refuses: \(SafeText.line(close.reason)) (\(close.code))",
                    fix: "see --project-id, and that the relay knows itself by this URL")
            case .idle: if began { return }
            case .connecting:
                began = true
                guard ContinuousClock.now < deadline else {
                    throw ClientError(
                        .unavailable, "the relay \(relay.url) (\(relay.source)) cannot be reached",
                        fix: "start one with `coffer relay`, or name another with --relay-url")
                }
            }
            try await Task.sleep(for: glance)
        }
    }

    /// What the other side is shown.
    private static func metadata(_ side: WalletConnectState.Side) -> Metadata {
        switch side {
        case .dApp:
            Metadata(
                name: "coffer connect", description: "A dApp in a terminal", url: "https://localhost", icons: [])
        case .wallet:
            Metadata(
                name: "coffer test wallet", description: "A wallet for trying out dApps", url: "https://localhost",
                icons: [])
        }
    }
}
