public import Primitives

/// A connection under way.
public struct Connecting: Sendable {
    /// The call: its ``SignAction/finish(_:_:)`` brings the session.
    public let id: Int64
    /// The pairing's topic.
    public let pairingTopic: Topic
    /// What the wallet scans, which holds the pairing's key; nil when an active pairing is used again.
    public let uri: PairingURI?
    /// A link to the wallet's app that carries the request (link mode).
    public let link: String?
    /// When it ends.
    public let expiresAt: Timestamp
}
