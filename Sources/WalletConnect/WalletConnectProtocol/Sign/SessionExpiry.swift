public import Primitives

/// When a session ends: the rules of wc_sessionExtend.
public enum SessionExpiry {
    /// How long a session lasts from when it is made or extended, in seconds: seven days.
    public static let lifetimeSeconds: Int64 = 604_800
    /// How far ahead of ours a peer's clock may be, in seconds: it may name a moment that much too late.
    public static let leewaySeconds: Int64 = 300

    /// The expiry of a session that is made or extended at `now`, in Unix seconds.
    public static func fresh(at now: Timestamp) -> Int64 {
        now.adding(seconds: lifetimeSeconds).milliseconds / 1000
    }

    /// The expiry that a peer's request leads to, in Unix seconds.
    ///
    /// - Parameters:
    ///   - current: the expiry so far, in Unix seconds.
    ///   - requested: what the peer named; nil, as JavaScript clients send it, is seven days from now.
    ///   - isController: whether the peer is the wallet; only that may extend.
    /// - Throws: `SignError` with number 3004 for the wrong side, 1004 for a moment before the current one or
    ///   too far away.
    public static func extended(
        current: Int64, requested: Int64?, byController isController: Bool, at now: Timestamp
    ) throws(SignError) -> Int64 {
        guard isController else { throw SignError(.unauthorizedExtendRequest) }
        let latest = fresh(at: now)
        guard let requested else { return max(current, latest) }
        // The same moment is no mistake: a wallet may extend in the very second in which it settled.
        guard requested >= current else {
            throw SignError(.invalidExtendRequest, "Expiry is before the current one")
        }
        guard requested <= latest + leewaySeconds else {
            throw SignError(.invalidExtendRequest, "Expiry is more than \(lifetimeSeconds) seconds away")
        }
        return max(current, min(requested, latest))
    }
}
