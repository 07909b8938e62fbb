public import WalletConnectClient
public import WalletConnectProtocol

/// How a backend behaves.
public struct BackendSettings: Sendable {
    /// Bytes of a user id or a tenant; at least one.
    public static let userIDBytesMax = 128
    /// Seconds that a request may wait for the wallet; the protocol's own range.
    public static let requestSecondsRange: ClosedRange<Int64> = SignArguments.requestExpirySeconds
    /// Events that wait inside, between the client and the backend.
    static let clientEventsWaitingMax = 1 << 18

    /// The client underneath: what wallets are told, the relay, how long proposals live.
    public var client: SignClientSettings
    /// Connections of all users together, pending ones included.
    public var sessionsMax = 10_000
    /// Connections of one user, pending ones included.
    public var sessionsPerUserMax = 8
    /// Connections of one user that have ended and are still listed; beyond it those that ended first are forgotten.
    public var endedPerUserMax = 64
    /// Events and changes of one connection's wallet that are told of in a minute; what is beyond is counted and dropped,
    /// and the connection still follows its wallet.
    public var walletEventsPerMinuteMax = 60
    /// Seconds without a request or a word of the wallet after which a session is ended; nil is never.
    public var idleSeconds: Int64?
    /// Seconds after which a session is ended in any case; nil leaves it to the wallet, which extends up to seven days.
    public var absoluteSeconds: Int64?
    /// Seconds between two clean-ups.
    public var cleanupSeconds: Int64 = 300
    /// Seconds for which a connection that ended is still listed.
    public var endedSeconds: Int64 = 86_400
    /// Seconds that a request waits for the wallet, unless it says otherwise.
    public var requestSeconds: Int64 = 900
    /// Seconds for which an answer can be read by its id.
    public var answerSeconds: Int64 = 86_400
    /// Bytes of one request's params, as JSON.
    public var paramsBytesMax = 65_536
    /// Requests that wait for wallets at once.
    public var requestsMax = 50_000
    /// Events that wait for one listener; the newest beyond it are dropped and counted.
    public var eventsWaitingMax = 4096
    /// Milliseconds that a plugin may take for one hook.
    public var pluginMilliseconds: Int64 = 2000
    /// Hooks of one plugin that may hang before it is left out.
    public var pluginHangsMax = 8
    /// Accounts of one session whose balances are asked for.
    public var balanceAccountsMax = 256
    /// Nodes that are asked at once for one call.
    public var nodeCallsMax = 8
    /// Milliseconds that a node may take.
    public var nodeMilliseconds: Int64 = 10_000
    /// Whether signatures are compared with their account; when nobody can say, they are refused.
    public var checksSignatures = true

    /// The usual behaviour over these relays.
    ///
    /// - Parameters:
    ///   - metadata: what wallets show of the application.
    ///   - relayURLs: the relay's addresses, the preferred one first.
    ///   - projectID: under which the relay counts the application; nil for a relay that has none.
    public init(metadata: Metadata, relayURLs: [String], projectID: String? = nil) {
        self.init(
            client: SignClientSettings(
                sign: SignSettings(metadata: metadata), relay: RelaySettings(urls: relayURLs, projectID: projectID)))
    }

    /// The usual behaviour over a client's settings.
    public init(client: SignClientSettings) {
        self.client = client
        self.client.eventsWaitingMax = max(client.eventsWaitingMax, Self.clientEventsWaitingMax)
    }
}
