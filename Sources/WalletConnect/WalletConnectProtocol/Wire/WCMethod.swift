/// The calls that clients make to each other inside envelopes.
public enum WCMethod: String, Sendable, Hashable, CaseIterable {
    /// Ends a pairing; never answered by JavaScript clients.
    case pairingDelete = "wc_pairingDelete"
    /// Asks whether the peer of a pairing is there.
    case pairingPing = "wc_pairingPing"
    /// Prolongs a pairing; of the specification only.
    case pairingExtend = "wc_pairingExtend"
    /// A dApp proposes a session.
    case sessionPropose = "wc_sessionPropose"
    /// A wallet says what the session allows.
    case sessionSettle = "wc_sessionSettle"
    /// The controller changes what the session allows.
    case sessionUpdate = "wc_sessionUpdate"
    /// The controller prolongs the session.
    case sessionExtend = "wc_sessionExtend"
    /// A dApp asks the wallet to do something.
    case sessionRequest = "wc_sessionRequest"
    /// A wallet tells of a change; never answered by JavaScript clients.
    case sessionEvent = "wc_sessionEvent"
    /// Ends a session.
    case sessionDelete = "wc_sessionDelete"
    /// Asks whether the peer of a session is there.
    case sessionPing = "wc_sessionPing"
    /// A dApp asks to sign in, and proposes a session by the way.
    case sessionAuthenticate = "wc_sessionAuthenticate"

    /// How the call and its answers are published.
    public var rules: MethodRules {
        switch self {
        case .pairingDelete: MethodRules(tag: 1000, ttlSeconds: 86_400)
        case .pairingPing: MethodRules(tag: 1002, ttlSeconds: 30)
        case .pairingExtend: MethodRules(tag: 1004, ttlSeconds: 86_400)
        case .sessionPropose:
            MethodRules(tag: 1100, ttlSeconds: 300, prompt: true, rejectTag: 1120, autoRejectTag: 1121)
        case .sessionSettle: MethodRules(tag: 1102, ttlSeconds: 300)
        case .sessionUpdate: MethodRules(tag: 1104, ttlSeconds: 86_400)
        case .sessionExtend: MethodRules(tag: 1106, ttlSeconds: 86_400)
        case .sessionRequest: MethodRules(tag: 1108, ttlSeconds: 900, prompt: true)
        case .sessionEvent: MethodRules(tag: 1110, ttlSeconds: 300, prompt: true)
        case .sessionDelete: MethodRules(tag: 1112, ttlSeconds: 86_400)
        case .sessionPing: MethodRules(tag: 1114, ttlSeconds: 86_400)
        case .sessionAuthenticate:
            MethodRules(tag: 1116, ttlSeconds: 3_600, prompt: true, rejectTag: 1118, autoRejectTag: 1119)
        }
    }

    /// What is answered to a call that is none of these: tag 0, for a day.
    public static let unregistered = MethodRules(
        request: PublishRule(tag: 0, ttlSeconds: 86_400), response: PublishRule(tag: 0, ttlSeconds: 86_400))
}

/// How one message is published: which number marks it, how long a relay keeps it, whether it may wake the receiver.
public struct PublishRule: Sendable, Hashable {
    /// The number that tells a relay what kind of message it is.
    public let tag: UInt32
    /// How long a relay keeps the message.
    public let ttlSeconds: UInt32
    /// Whether the receiver is notified.
    public let prompt: Bool

    /// A rule.
    public init(tag: UInt32, ttlSeconds: UInt32, prompt: Bool = false) {
        self.tag = tag
        self.ttlSeconds = ttlSeconds
        self.prompt = prompt
    }
}

/// How a call and every kind of answer to it are published.
public struct MethodRules: Sendable, Hashable {
    /// The call itself.
    public let request: PublishRule
    /// The answer, and every error where no other rule is.
    public let response: PublishRule
    /// The user said no.
    public let reject: PublishRule?
    /// The client said no by itself.
    public let autoReject: PublishRule?

    /// Refusals are kept this long.
    static let rejectTTLSeconds: UInt32 = 300

    /// Rules one by one.
    public init(
        request: PublishRule, response: PublishRule, reject: PublishRule? = nil, autoReject: PublishRule? = nil
    ) {
        self.request = request
        self.response = response
        self.reject = reject
        self.autoReject = autoReject
    }

    /// The usual rules: the answer has the next tag and the same life, and wakes nobody.
    init(
        tag: UInt32, ttlSeconds: UInt32, prompt: Bool = false, rejectTag: UInt32? = nil, autoRejectTag: UInt32? = nil
    ) {
        self.init(
            request: PublishRule(tag: tag, ttlSeconds: ttlSeconds, prompt: prompt),
            response: PublishRule(tag: tag + 1, ttlSeconds: ttlSeconds),
            reject: rejectTag.map { PublishRule(tag: $0, ttlSeconds: Self.rejectTTLSeconds) },
            autoReject: autoRejectTag.map { PublishRule(tag: $0, ttlSeconds: Self.rejectTTLSeconds) })
    }
}

/// How long things live, in seconds, where both sides have to agree.
public enum Lifetime {
    /// A session after it was settled or extended.
    public static let sessionSeconds: Int64 = 604_800
    /// A proposal.
    public static let proposalSeconds: Int64 = 300
    /// A session request that says nothing else.
    public static let requestSeconds: Int64 = 900
    /// What a session request may ask for.
    public static let requestSecondsRange: ClosedRange<Int64> = 300...604_800
    /// The shortest life of an authentication request.
    public static let authenticateSecondsMin: Int64 = 3_600
    /// A pairing before its first use.
    public static let inactivePairingSeconds: Int64 = 300
    /// A pairing after its first use, as JavaScript clients keep it; the specification says 30 days.
    public static let activePairingSeconds: Int64 = 300
    /// A pairing after its first use by the specification.
    public static let activePairingSecondsSpecified: Int64 = 2_592_000
    /// What is remembered of a call.
    public static let historySeconds: Int64 = 2_592_000
    /// A message whose publisher says nothing else.
    public static let publishSeconds: UInt32 = 21_600
    /// The token a client shows to a relay.
    public static let tokenSeconds: Int64 = 86_400
}
