/// What is known under a name.
public enum SignRecord<Value> {
    /// It is there.
    case live(Value)
    /// It is there, and its time is over.
    case expired
    /// It was there a short while ago.
    case recentlyDeleted
    /// It is there, and its key is not.
    case keyMissing
    /// There is none.
    case unknown
}

extension SignRecord: Sendable where Value: Sendable {}

/// Where the arguments of a call are looked up.
///
/// Topics and ids come as callers wrote them, so they may be no topics at all.
public protocol SignLookup {
    /// The session on a topic.
    func session(on topic: String) -> SignRecord<Session>
    /// The pairing on a topic.
    func pairing(on topic: String) -> SignRecord<Pairing>
    /// The proposal of an id.
    func proposal(of id: Int64) -> SignRecord<SessionProposal>
}
