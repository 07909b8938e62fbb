public import Primitives
public import WalletConnectProtocol

/// One connection of one user to one wallet, as it was when it was read.
public struct Connection: Sendable, Hashable {
    /// Where a connection stands.
    public enum State: String, Sendable, Hashable, CaseIterable {
        /// The wallet has not answered yet.
        case pending
        /// There is a session.
        case active
        /// Its time ran out, of the proposal or of the session.
        case expired
        /// Somebody ended it, or said no.
        case disconnected
    }

    /// Seconds to which ``lastActivityAt`` is exact.
    public static let activityGrainSeconds: Int64 = 10
    /// Icons of a wallet that are kept; wallets send whole pictures here, too.
    public static let iconsMax = 4
    /// Bytes of an icon's address that is kept.
    public static let iconBytesMax = 2048

    /// The proposal's id, which grows with time; the cursor of lists.
    public let id: Int64
    /// The session's topic; the pairing's as long as there was no session.
    public var topic: Topic { sessionTopic ?? pairingTopic }
    /// The topic on which the proposal was made.
    public let pairingTopic: Topic
    /// The session's topic, once there was one.
    public internal(set) var sessionTopic: Topic?
    /// Whose it is.
    public let userID: String
    /// Whose user that is; nil for a user of no tenant.
    public let tenant: String?
    /// Where it stands.
    public internal(set) var state: State
    /// How it ended; nil before.
    public internal(set) var end: ConnectionEnd?
    /// The accounts that the wallet granted.
    public internal(set) var accounts: [AccountID] = []
    /// The chains it may be asked on.
    public internal(set) var chains: [ChainID] = []
    /// The methods it may be asked for, of all chains.
    public internal(set) var methods: [String] = []
    /// The events it may tell of.
    public internal(set) var events: [String] = []
    /// What the wallet says of itself; nil before there was a session.
    public internal(set) var peer: Metadata?
    /// When it was asked for.
    public let createdAt: Timestamp
    /// When it last changed.
    public internal(set) var updatedAt: Timestamp
    /// The last request, answer or word of the wallet, to ``activityGrainSeconds``.
    public internal(set) var lastActivityAt: Timestamp
    /// When the proposal, or the session, runs out.
    public internal(set) var expiresAt: Timestamp
}

/// How a connection ended.
public struct ConnectionEnd: Sendable, Hashable {
    /// Who or what ended it.
    public enum Reason: String, Sendable, Hashable, CaseIterable {
        /// This side was told to.
        case local
        /// The wallet ended the session.
        case wallet
        /// The person said no to the proposal.
        case rejected
        /// The handshake failed.
        case failed
        /// The relay refuses this client, or took nothing in time.
        case relay
        /// Nobody answered the proposal in time.
        case proposalExpired = "proposal_expired"
        /// The session's time ran out.
        case sessionExpired = "session_expired"
        /// Nothing happened for as long as the settings allow.
        case idle
        /// It lasted as long as the settings allow.
        case absolute
    }

    /// Who or what ended it.
    public let reason: Reason
    /// The wallet's words, or this side's.
    public let message: String?
    /// The wallet's number, when it gave one.
    public let code: Int64?

    /// An end.
    public init(_ reason: Reason, message: String? = nil, code: Int64? = nil) {
        self.reason = reason
        self.message = message
        self.code = code
    }

    /// Where a connection stands that ended so.
    var state: Connection.State {
        switch reason {
        case .proposalExpired, .sessionExpired, .idle, .absolute: .expired
        case .local, .wallet, .rejected, .failed, .relay: .disconnected
        }
    }
}

/// Which connection a call is for.
public enum ConnectionTarget: Sendable, Hashable {
    /// The user's newest active connection that allows what is asked; without a tenant, of the user of no tenant.
    case user(String, tenant: String? = nil)
    /// The connection of a session, or of a pairing.
    case topic(Topic)
}
