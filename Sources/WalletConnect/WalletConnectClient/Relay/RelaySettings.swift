/// Where the relay is, and how a client behaves towards it.
public struct RelaySettings: Sendable {
    /// The relay's addresses, the preferred one first; the others are tried when it does not answer.
    public var urls: [String]
    /// The project under which the relay counts this client; nil for a relay that has none.
    public var projectID: String?
    /// Sent as `Origin`, for relays that allow certain origins only.
    public var origin: String?
    /// Which software this is, in the form of ``UserAgent``; nil sends none.
    public var userAgent: String?
    /// How long things may take.
    public var pace = RelayPace()
    /// Bytes of an outgoing message's text; the hosted relay takes 96 KiB.
    public var messageBytesMax = 98_304
    /// Bytes of one incoming frame.
    public var frameBytesMax = 1 << 20
    /// Whether every new connection also asks for what waits, with irn_batchFetchMessages.
    ///
    /// Relays deliver by themselves what waits for a topic when it is subscribed, so the same messages come twice and are
    /// handled once; for a relay that does not.
    public var fetchesOnConnect = false
    /// Seconds by which tokens are backdated, for a clock that is ahead of the relay's.
    public var tokenBackdateSeconds: Int64 = 90

    /// Settings for a relay.
    public init(urls: [String], projectID: String? = nil, origin: String? = nil, userAgent: String? = nil) {
        self.urls = urls
        self.projectID = projectID
        self.origin = origin
        self.userAgent = userAgent
    }
}

/// How long a relay may take, and how patiently it is tried again; milliseconds unless said otherwise.
public struct RelayPace: Sendable, Hashable {
    /// Opening a connection.
    public var openMilliseconds: Int64 = 15_000
    /// The answer to a call; then it is asked again, with the same id.
    public var callMilliseconds: Int64 = 15_000
    /// Silence after which a connection is given up; relays ping at least every 30 s.
    public var silenceMilliseconds: Int64 = 35_000
    /// The wait after the first failure; it doubles with each further one.
    public var firstDelayMilliseconds: Int64 = 250
    /// The longest wait between attempts.
    public var lastDelayMilliseconds: Int64 = 60_000
    /// The shortest wait after the relay asked for fewer requests.
    public var rateLimitDelayMilliseconds: Int64 = 5_000
    /// How long a connection must have lasted for its end to count as the first failure.
    public var stableMilliseconds: Int64 = 10_000
    /// The wait after every address has refused this client for good.
    public var refusedDelayMilliseconds: Int64 = 600_000
    /// Attempts at one address before the next is tried.
    public var attemptsPerURL = 2
    /// Calls that may wait for their answers at once.
    public var callsInFlightMax = 256
    /// Calls in a row without an answer after which the connection is given up.
    public var unansweredMax = 2
    /// Batches of subscriptions that may wait for their answers at once after a connection was opened.
    public var batchesInFlightMax = 8

    /// The usual pace.
    public init() {}
}
