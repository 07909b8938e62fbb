public import ChainEVM
public import Primitives
public import WalletConnectClient
public import WalletConnectProtocol

/// How a ``ScriptedWallet`` is made; the defaults suit most tests.
public struct ScriptedWalletSettings: Sendable {
    /// The kinds of accounts that a wallet may have.
    public enum Family: String, Sendable, Hashable, CaseIterable {
        /// `eip155`.
        case evm = "eip155"
        /// `solana`.
        case solana
        /// `bip122`.
        case bitcoin = "bip122"
    }

    /// What its keys are made from; the same seed, the same addresses.
    public var seed: UInt64 = 1
    /// What accounts it has.
    public var families: Set<Family> = [.evm]
    /// The chains it is on; nil for whatever is asked for, as far as it has accounts there.
    public var chains: [ChainID]?
    /// Whether each session has an account of its own, as with many users; otherwise all have the first one.
    public var hasAccountPerSession = false
    /// Methods beside those it can carry out, for which a script must have the answers.
    public var extraMethods: [String] = []
    /// What dApps are told about it.
    public var metadata = Metadata(
        name: "Scripted wallet", description: "A wallet for tests", url: "https://wallet.example", icons: [])
    /// The project id, where the relay asks for one.
    public var projectID: String?
    /// Broadcasts what `eth_sendTransaction` signed and returns its hash; nil broadcasts nothing, and the hash is the
    /// transaction's own.
    public var sender: (@Sendable (SignedTransaction) async throws -> Hash32)?
    /// What ``WalletStep/after(milliseconds:_:)`` waits by.
    public var delays: Pace = .system
    /// The client's time of day.
    public var clock: WallClock = .system
    /// What the client's own waits go by: retries and expiries.
    public var pace: Pace = .system
    /// Requests that are remembered; the newest beyond are answered, and not remembered.
    public var requestsRememberedMax = 100_000
    /// Further changes to the client's settings.
    public var change: @Sendable (inout SignClientSettings) -> Void = { _ in }

    /// The defaults.
    public init() {}
}

extension SignClientSettings {
    /// A client for tests at a relay: one that comes back at once when the relay does, and holds thousands of sessions.
    static func testing(_ metadata: Metadata, relay url: String, projectID: String?) -> SignClientSettings {
        var relay = RelaySettings(urls: [url], projectID: projectID)
        relay.pace.firstDelayMilliseconds = 20
        relay.pace.lastDelayMilliseconds = 500
        relay.pace.callMilliseconds = 5_000
        var settings = SignClientSettings(sign: SignSettings(metadata: metadata), relay: relay)
        settings.sign.limits.pairingsMax = 100_000
        settings.sign.limits.proposalsMax = 100_000
        settings.eventsWaitingMax = 200_000
        return settings
    }
}
