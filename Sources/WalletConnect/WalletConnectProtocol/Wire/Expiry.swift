public import Primitives

/// When things end: absolute seconds since the Unix epoch, compared with a clock of milliseconds.
public enum Expiry {
    /// The end of something that lives `ttlSeconds` from now, rounded down to seconds.
    public static func after(_ ttlSeconds: Int64, from now: Timestamp) -> Int64 {
        now.adding(seconds: ttlSeconds).wholeSeconds
    }

    /// Whether the end has come; the very moment counts as expired.
    public static func isExpired(_ expirySeconds: Int64, at now: Timestamp) -> Bool {
        now >= moment(expirySeconds)
    }

    /// The end as a moment.
    public static func moment(_ expirySeconds: Int64) -> Timestamp {
        Timestamp(milliseconds: 0).adding(seconds: expirySeconds)
    }

    /// Whether an update with the id `current` comes from before the one with the id `last`.
    ///
    /// Ids are `milliseconds * 1000 + x`; only the milliseconds are compared.
    public static func isOutOfSync(last: Int64, current: Int64) -> Bool {
        current / 1000 < last / 1000
    }
}

/// What an expiry belongs to, as clients write it: `topic:…` or `id:…`.
public enum ExpiryTarget: Sendable, Hashable, CustomStringConvertible {
    /// A pairing or a session.
    case topic(String)
    /// A proposal or a request.
    case id(Int64)

    /// Reads a target; nil for another text.
    public init?(_ text: String) {
        if text.utf8.starts(with: "topic:".utf8) {
            self = .topic(String(text.dropFirst(6)))
        } else if text.utf8.starts(with: "id:".utf8), let id = Int64(text.dropFirst(3)) {
            self = .id(id)
        } else {
            return nil
        }
    }

    /// The target as text.
    public var description: String {
        switch self {
        case .topic(let topic): "topic:\(topic)"
        case .id(let id): "id:\(id)"
        }
    }
}
