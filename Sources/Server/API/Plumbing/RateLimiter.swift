public import Primitives
import Synchronization

/// Counts requests per key in memory.
///
/// A class with 64 shards, each under its own lock, because every request of every connection asks. Keys that are
/// full again are forgotten when a shard fills up; should it stay full, further keys share one bucket, so that an
/// attacker with many addresses meets a limit and cannot take the memory.
public final class RateLimiter: Sendable {
    /// What is counted: a subject under a policy.
    struct Key: Sendable, Hashable {
        let policy: String
        let subject: String
    }

    private final class Shard: Sendable {
        let arrivals = Mutex<[Key: Int64]>([:])
    }

    /// Keys per shard, about 6 MiB in all when full.
    private static let keysPerShardMax = 1024
    private static let overflow = Key(policy: "", subject: "")

    private let shards: [Shard]

    /// Makes an empty limiter.
    public init() {
        shards = (0..<64).map { _ in Shard() }
    }

    /// Counts one request.
    ///
    /// - Parameters:
    ///   - subject: who asks, for example a principal's id or an address.
    ///   - policy: what is allowed.
    ///   - time: the present.
    public func take(_ subject: String, _ policy: RatePolicy, at time: Timestamp) -> GCRA.Decision {
        let key = Key(policy: policy.name, subject: subject)
        let rule = GCRA(policy)
        let shard = shards[key.hashValue & 63]
        return shard.arrivals.withLock { arrivals in
            if let known = arrivals[key] {
                let decision = rule.decide(arrivalNanoseconds: known, at: time)
                arrivals[key] = decision.arrivalNanoseconds
                return decision
            }
            if arrivals.count >= Self.keysPerShardMax {
                let now = time.milliseconds &* 1_000_000
                arrivals = arrivals.filter { $0.value > now }
            }
            let slot = arrivals.count >= Self.keysPerShardMax ? Self.overflow : key
            let decision = rule.decide(arrivalNanoseconds: arrivals[slot], at: time)
            arrivals[slot] = decision.arrivalNanoseconds
            return decision
        }
    }

    /// Keys remembered now.
    var count: Int { shards.reduce(0) { $0 + $1.arrivals.withLock { $0.count } } }
}

/// The policies of a server.
public struct RateLimits: Sendable, Hashable {
    /// For each credential; `nil` for no limit.
    public var perPrincipal: RatePolicy?
    /// For each client address without a valid credential; `nil` for no limit.
    public var perAddress: RatePolicy?
    /// For routes that name a rate class, for each tenant.
    public var perClass: [String: RatePolicy]

    /// Makes limits.
    public init(perPrincipal: RatePolicy?, perAddress: RatePolicy?, perClass: [String: RatePolicy] = [:]) {
        self.perPrincipal = perPrincipal
        self.perAddress = perAddress
        self.perClass = perClass
    }

    /// Defaults for the open network: 50 a second per credential with bursts of 100, 10 new withdrawals a second per
    /// tenant, 20 a second per address without a credential.
    public static let standard = RateLimits(
        perPrincipal: RatePolicy("default", quota: 50, burst: 100),
        perAddress: RatePolicy("address", quota: 20, burst: 100),
        perClass: ["withdrawals": RatePolicy("withdrawals", quota: 10, burst: 50)])

    /// For servers behind a gateway of their own: limits that only stop runaway clients.
    public static let generous = RateLimits(
        perPrincipal: RatePolicy("default", quota: 20_000, burst: 40_000),
        perAddress: RatePolicy("address", quota: 200, burst: 1000))

    /// No limits at all, for development on loopback.
    public static let unlimited = RateLimits(perPrincipal: nil, perAddress: nil)
}
