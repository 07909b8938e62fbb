public import Storage

/// How much a store asks of a server, and how long it waits; each can be set in the URL.
public struct ServerLimits: Sendable, Hashable {
    /// The parameters of a URL that are limits.
    public static let parameters = [
        "pool", "queue", "connect-timeout-seconds", "statement-timeout-seconds", "lock-timeout-seconds",
    ]
    /// One connection writes, the others read.
    public static let poolDefault = 5
    public static let poolMax = 64
    /// A server that has not answered by then is not there.
    public static let connectTimeoutSecondsDefault = 5
    /// No unit of work has statements that take so long.
    public static let statementTimeoutSecondsDefault = 15
    /// As long as a store waits for other processes before it says `busy`.
    public static let lockTimeoutSecondsDefault = 5
    /// A migration may build an index over a large table.
    public static let migrationSecondsMax = 3_600

    /// Connections to the server, one of them for writing.
    public let pool: Int
    /// Units of work that may wait, and as many reads.
    public let queuedMax: Int
    public let connectTimeoutSeconds: Int
    public let statementTimeoutSeconds: Int
    public let lockTimeoutSeconds: Int

    /// Reads what the URL says.
    ///
    /// - Throws: `configuration` when a number is out of its range.
    public init(_ url: DatabaseURL) throws(StorageError) {
        pool = try url.integer("pool", default: Self.poolDefault, in: 2...Self.poolMax)
        queuedMax = try url.integer("queue", default: SQLStore.queuedUnitsMax, in: 1...1_000_000)
        // libpq takes no less than two.
        connectTimeoutSeconds = try url.integer(
            "connect-timeout-seconds", default: Self.connectTimeoutSecondsDefault, in: 2...60)
        statementTimeoutSeconds = try url.integer(
            "statement-timeout-seconds", default: Self.statementTimeoutSecondsDefault, in: 1...3_600)
        lockTimeoutSeconds = try url.integer(
            "lock-timeout-seconds", default: Self.lockTimeoutSecondsDefault, in: 1...60)
    }
}
