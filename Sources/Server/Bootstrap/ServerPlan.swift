public import API
public import ChainNode
public import Observability
import Primitives
public import WalletConnectRelay
public import Wallets
public import Withdrawals

/// Everything that was decided before a server starts, whether by `coffer dev` or by a configuration file.
public struct ServerPlan: Sendable {
    /// One chain, its nodes and what is known of it.
    public struct Chain: Sendable {
        public var settings: ChainSettings
        public var assets: [Asset]
        public var node: any EVMNode
        public var nodeCount: Int
        /// Blocks that a deposit must have on it, its own included; `nil` books no deposits by itself.
        public var depositDepth: UInt64?

        public init(
            settings: ChainSettings, assets: [Asset], node: any EVMNode, nodeCount: Int, depositDepth: UInt64?
        ) {
            self.settings = settings
            self.assets = assets
            self.node = node
            self.nodeCount = nodeCount
            self.depositDepth = depositDepth
        }
    }

    public var mode: APIServices.Mode
    public var version: String
    public var directory: DataDirectory
    public var databasePath: String
    public var guardPath: String
    public var host: String
    public var port: Int
    public var chains: [Chain]
    /// Whether tokens outside the asset lists are known by their address; development only.
    public var acceptsUnlistedTokens = false
    public var rateLimits: RateLimits
    /// Whether API keys have no rate limit; development and benchmarks only.
    public var keysAreUnlimited = false
    /// Whether this process carries withdrawals out, or only takes them.
    public var runsWorkers = true
    public var log: LogConfiguration
    public var jwt: [any Authenticator] = []
    /// How often the workers look, at least.
    public var pollMilliseconds: Int64 = 1_000
    /// The relay's settings; nil for a server that is none.
    public var relay: RelaySettings?
    /// Calls the relay's webhooks.
    public var relayPost: RelayServer.WebhookPost?
    /// Wallets that users connect; nil for a server that knows no relay.
    public var connections: ConnectionPlan?
    /// Routes of development alone, such as the simulated chain's JSON-RPC.
    public var extraRoutes: [Route] = []

    public init(
        mode: APIServices.Mode, version: String, directory: DataDirectory, host: String, port: Int, chains: [Chain],
        rateLimits: RateLimits, log: LogConfiguration
    ) {
        self.mode = mode
        self.version = version
        self.directory = directory
        databasePath = directory.database
        guardPath = directory.guardDatabase
        self.host = host
        self.port = port
        self.chains = chains
        self.rateLimits = rateLimits
        self.log = log
    }
}
