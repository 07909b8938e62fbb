public import Primitives
public import WalletConnectClient

/// How a backend does.
public struct BackendHealth: Sendable {
    /// The whole in one word.
    public enum Status: String, Sendable, Hashable, CaseIterable {
        /// Everything works.
        case up
        /// It works, and something is missing: the relay is being tried, a plugin fails.
        case degraded
        /// Nothing can be asked of wallets: the store fails, the relay refuses, or it is not running.
        case down
    }

    /// How the store answered.
    public struct Store: Sendable, Hashable {
        /// How long a small question took; nil when it failed.
        public let latency: Duration?
        /// Why it failed.
        public let error: String?
    }

    /// How a plugin does.
    public struct Plugin: Sendable, Hashable {
        /// Its name.
        public let name: String
        /// Whether it answered.
        public let isHealthy: Bool
        /// Its words, or why there are none.
        public let detail: String
        /// Hooks that failed since the start.
        public let failures: Int
    }

    /// The whole in one word.
    public let status: Status
    /// Whether ``WalletConnectBackend/run()`` is at work.
    public let isRunning: Bool
    /// Whether the relay is reached.
    public let relay: RelayStatus
    /// How the store answered.
    public let store: Store
    /// How much there is.
    public let figures: BackendFigures
    /// Every plugin.
    public let plugins: [Plugin]
    /// When this was found.
    public let at: Timestamp
}

/// How much a backend holds.
public struct BackendFigures: Sendable, Hashable {
    /// Users with at least one connection that is listed.
    public internal(set) var users = 0
    /// Proposals that wait for a wallet.
    public internal(set) var pending = 0
    /// Sessions.
    public internal(set) var active = 0
    /// Connections that ran out and are still listed.
    public internal(set) var expired = 0
    /// Connections that somebody ended and that are still listed.
    public internal(set) var disconnected = 0
    /// Requests that wait for wallets.
    public internal(set) var requests = 0

    /// Nothing.
    public init() {}
}
