public import WalletConnectProtocol

/// How one client behaves.
public struct SignClientSettings: Sendable {
    /// The protocol: what peers are told, how long things live, how much is held.
    public var sign: SignSettings
    /// The relay.
    public var relay: RelaySettings
    /// Where the origin of requests is looked up; used when `sign.verifiesOrigins` is set.
    public var verify = VerifySettings()
    /// Events that wait for one subscriber; the newest beyond it are dropped and counted.
    public var eventsWaitingMax = 4096
    /// Seconds for which records that cannot be read or written are tried again before the client ends.
    ///
    /// Above the 10 to 60 seconds that a database's fail-over takes. Calls that store something wait as long.
    public var storeSecondsMax: Int64 = 120
    /// The wait after the first failed attempt to store, in milliseconds; it doubles with each.
    public var storageDelayMilliseconds: Int64 = 100
    /// The longest wait between two attempts to store, in milliseconds.
    public var storageDelayMillisecondsMax: Int64 = 5000
    /// What nobody waits for is stored with the next change, or after so many milliseconds.
    public var lazyMilliseconds: Int64 = 250
    /// How often expired records are removed from the store, in milliseconds.
    public var sweepMilliseconds: Int64 = 600_000
    /// Records of one page when the store is read at the start.
    public var restorePageSize = 500
    /// Lookups and signature checks at once.
    public var inquiriesMax = 16

    /// The usual behaviour.
    public init(sign: SignSettings, relay: RelaySettings) {
        self.sign = sign
        self.relay = relay
    }
}

/// Where attestations of origins are looked up.
public struct VerifySettings: Sendable, Hashable {
    /// The service, without a trailing slash; its key is at `/v3/public-key`.
    public var url = "https://verify.walletconnect.org"
    /// For each exchange.
    public var deadlineSeconds: Int64 = 5

    /// The hosted service.
    public init() {}
}
