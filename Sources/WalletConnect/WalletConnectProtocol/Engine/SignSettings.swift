/// How one client behaves; the defaults are those of the deployed clients.
public struct SignSettings: Sendable {
    /// What peers are told about this client.
    public var metadata: Metadata
    /// How long things live.
    public var lifetimes: SignLifetimes
    /// How much is held at once.
    public var limits: SignLimits
    /// Whether required namespaces are sent as optional ones, as new dApps do; old wallets may need `false`.
    public var mergesRequiredIntoOptional: Bool
    /// Whether proposals and approvals go out in one compound relay call, with the classic calls as fallback.
    public var usesCompoundCalls: Bool
    /// Whether the relay is told what a message is about (method, chain, transaction hashes), in clear.
    public var sendsAnalytics: Bool
    /// Whether a settlement must conform to what was proposed; `false` accepts what lax wallets settle.
    public var checksSettlement: Bool
    /// Whether the origin of proposals and requests is looked up before the app is told.
    public var verifiesOrigins: Bool
    /// Whether the app answers ``SignEvent/sessionAuthenticate(_:)``.
    ///
    /// When it does, the proposal that a dApp sends beside a one-click sign-in is not shown. When it does not, which is
    /// the default, the dApp is told so and the proposal takes the sign-in's place, also if the app has changed its mind
    /// before the proposal comes.
    public var handlesAuthentication: Bool
    /// Whether a dApp may extend a session.
    ///
    /// The specification leaves that to the wallet; JavaScript wallets take it.
    public var acceptsExtensionsByDApp: Bool
    /// Whether authentication whose signatures nobody here can check is accepted all the same.
    public var acceptsUncheckedSignatures: Bool

    /// Makes settings with the usual behaviour.
    public init(metadata: Metadata) {
        self.metadata = metadata
        lifetimes = SignLifetimes()
        limits = SignLimits()
        mergesRequiredIntoOptional = true
        usesCompoundCalls = true
        sendsAnalytics = true
        checksSettlement = true
        verifiesOrigins = false
        handlesAuthentication = false
        acceptsExtensionsByDApp = false
        acceptsUncheckedSignatures = false
    }
}

/// How long things live, all in seconds.
public struct SignLifetimes: Sendable, Hashable {
    /// A proposal waits this long for a wallet.
    public var proposalSeconds: Int64 = 300
    /// After the wallet's answer its settlement may take this long more: the life of that message in the mailbox.
    public var settlementSeconds: Int64 = 300
    /// A session lives this long, and again after each extension.
    public var sessionSeconds: Int64 = 604_800
    /// How far a peer's clock may be ahead where an expiry is bounded.
    public var clockSkewSeconds: Int64 = 3600
    /// A pairing lives this long, before and after its use.
    public var pairingSeconds: Int64 = 300
    /// A request waits this long unless its caller says otherwise.
    public var requestSeconds: Int64 = 900
    /// A one-click authentication waits this long unless its caller says otherwise, and never less.
    public var authenticationSeconds: Int64 = 3600
    /// Update, extend, ping and the settlement wait this long for the peer's answer.
    public var acknowledgementSeconds: Int64 = 300
    /// An outcome nobody fetched is kept this long.
    public var outcomeSeconds: Int64 = 86_400
    /// Digests against double handling are kept this long: the longest life of a message in the mailbox but requests.
    public var seenSeconds: Int64 = 86_400
    /// A dead topic is unsubscribed for this long until it works.
    public var farewellSeconds: Int64 = 86_400

    /// The usual lifetimes.
    public init() {}
}

/// How much one client holds at once; what is above is refused, or the oldest is forgotten where that is harmless.
public struct SignLimits: Sendable, Hashable {
    /// Sessions.
    public var sessionsMax = 100_000
    /// Pairings.
    public var pairingsMax = 10_000
    /// Proposals, sent and received.
    public var proposalsMax = 10_000
    /// Proposals received on one pairing.
    public var proposalsPerPairingMax = 8
    /// Requests sent and not answered yet, on one topic.
    public var requestsPerTopicMax = 1000
    /// Requests sent and not answered yet.
    public var requestsMax = 100_000
    /// Requests received and not answered yet, on one topic.
    public var pendingPerTopicMax = 100
    /// Requests received and not answered yet.
    public var pendingMax = 100_000
    /// Ids of answered requests kept on one topic, so that none is shown again; the oldest is forgotten.
    public var answeredPerTopicMax = 1024
    /// Of those, how many keep the answer's text, to be sent when the request comes again.
    public var answerTextsPerTopicMax = 32
    /// Authentications, sent and received.
    public var authenticationsMax = 10_000
    /// Outcomes kept until fetched; the oldest is forgotten.
    public var outcomesMax = 10_000
    /// Digests kept on one topic; the oldest is forgotten.
    public var seenPerTopicMax = 64
    /// Messages the relay has not taken yet.
    public var outboxMax = 100_000
    /// A message's text in bytes, as published: the hosted relay's limit, 96 KiB.
    public var messageBytesMax = 98_304
    /// A received message's text in bytes: above what relays carry, and so small that a record made of several messages
    /// fits into every store.
    public var receivedBytesMax = 262_144
    /// Event names whose order is watched in one session; more are not ordered.
    public var eventNamesPerSessionMax = 16
    /// Dead topics unsubscribed again after a restart; above that they are unsubscribed once.
    public var farewellsMax = 100_000
    /// Ids of ended things remembered, so that a call about one says how it ended; for a while up to twice as many.
    public var recentlyDeletedMax = 200
    /// Sessions held decoded for speed.
    public var decodedSessionsMax = 256

    /// The usual limits.
    public init() {}
}
