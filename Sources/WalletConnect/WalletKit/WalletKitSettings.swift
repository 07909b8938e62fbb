public import WalletConnectClient
public import WalletConnectProtocol

/// How one wallet behaves.
public struct WalletKitSettings: Sendable {
    /// The client beneath: what dApps are told of this wallet, its relay, how long things live, how much is held.
    public var client: SignClientSettings
    /// A name for logs, to tell several wallets of one process apart.
    public var name = "WalletKit"
    /// How many requests of one session are shown at once.
    public var requests = RequestShowing.all
    /// When one-click sign-ins are shown.
    public var signIns = SignInShowing.whenListened
    /// Events that wait for one listener; the newest beyond it are dropped and counted.
    ///
    /// A restart tells of everything that waits for an answer in one moment, so it is large; memory is taken only by what
    /// waits.
    public var listenerEventsMax = 65_536
    /// Events that wait for the first listener of their kind; the oldest beyond it are dropped, and can be read as pending.
    public var untoldEventsMax = 1024
    /// The push server that ``WalletKit/registerDeviceToken(_:service:isEncrypted:)`` tells, without a trailing slash.
    public var pushURL = "https://echo.walletconnect.com"

    /// The usual behaviour.
    public init(client: SignClientSettings) {
        self.client = client
        self.client.eventsWaitingMax = max(client.eventsWaitingMax, Self.clientEventsWaitingMax)
    }

    /// Events of the client that wait for the kit, which only sorts them: a restart tells of all that is pending at once.
    private static let clientEventsWaitingMax = 262_144

    /// The usual behaviour of a wallet that presents itself so, over this relay.
    public init(metadata: Metadata, relay: RelaySettings) {
        self.init(client: SignClientSettings(sign: SignSettings(metadata: metadata), relay: relay))
    }
}

/// How many requests of one session are shown at once.
public enum RequestShowing: Sendable, Hashable {
    /// Each as it comes.
    case all
    /// The next when the one before was answered by ``WalletKit/respondSessionRequest(_:on:with:)``, ran out, or the session
    /// ended.
    case onePerSession
}

/// When a dApp's one-click sign-in (`wc_sessionAuthenticate`) is shown to the application.
///
/// A sign-in that is not shown is answered so, and the proposal that dApps send along with it is shown instead.
public enum SignInShowing: Sendable, Hashable {
    /// While somebody listens to ``WalletKitEvent/sessionAuthenticate(_:)``.
    case whenListened
    /// Always, for an application that reads ``WalletKit/pendingAuthentications``.
    case always
    /// Never.
    case never
}
