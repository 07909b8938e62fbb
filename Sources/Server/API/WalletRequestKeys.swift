import Cryptography
import Primitives
import Storage
import Synchronization
import WalletConnectBackend

/// Idempotency keys of requests to wallets: one key, one question to the person.
///
/// A key is on the disk, with the id that its request is to have, before the request is made. After a crash the backend says
/// by the id whether it was: it stores a request before it asks anybody.
///
/// A class, because everybody who asks shares what is under way. That is kept in memory: a data directory has one process.
final class WalletRequestKeys: Sendable {
    /// What is known of a key.
    enum Claim: Sendable, Equatable {
        /// It is the caller's now, until ``end(_:tenant:)``.
        case new
        /// It stands for this request, which was made or not, since then; it is the caller's as well.
        case request(Int64, since: Timestamp)
        /// Somebody is at it.
        case inProgress
    }

    /// Seconds for which a key is kept: a week longer than any request can wait for its wallet.
    static let keptSeconds = BackendSettings.requestSecondsRange.upperBound + 7 * 86_400

    private struct Name: Hashable {
        let tenant: String
        let key: String
    }

    private let store: any Store
    private let clock: WallClock
    private let underWay = Mutex<Set<Name>>([])

    init(store: any Store, clock: WallClock) {
        self.store = store
        self.clock = clock
    }

    /// Takes a key for a request with this fingerprint, which is to have this id if the key is new.
    ///
    /// - Throws: `idempotency_key_reused` when it stands for another one; `idempotency_in_doubt` for a key of an older
    ///   version whose request is not known.
    func claim(_ key: String, tenant: String, fingerprint: Hash32, request: Int64) async throws -> Claim {
        let now = clock.now
        let isFirst = underWay.withLock { $0.insert(Name(tenant: tenant, key: key)).inserted }
        do {
            let claim = try await store.write { tx -> Claim in
                let mine = [WalletRequestKeyTable.tenant == tenant, WalletRequestKeyTable.key == key]
                if let row = try tx.first(Storage.Query(WalletRequestKeyTable.table, where: mine)) {
                    guard try row.get(WalletRequestKeyTable.fingerprint) == fingerprint else {
                        throw Problem(.idempotencyKeyReused)
                    }
                    guard isFirst else { return .inProgress }
                    // Keys that were taken before ids were known in advance.
                    guard let id = try row.get(WalletRequestKeyTable.request) else {
                        throw Problem(.idempotencyInDoubt)
                    }
                    return .request(id, since: try row.get(WalletRequestKeyTable.createdAt))
                }
                guard isFirst else { return .inProgress }
                try tx.insert(
                    into: WalletRequestKeyTable.table,
                    [
                        WalletRequestKeyTable.tenant.set(tenant), WalletRequestKeyTable.key.set(key),
                        WalletRequestKeyTable.fingerprint.set(fingerprint), WalletRequestKeyTable.request.set(request),
                        WalletRequestKeyTable.createdAt.set(now),
                    ])
                return .new
            }
            return claim
        } catch {
            if isFirst { end(key, tenant: tenant) }
            throw error
        }
    }

    /// No request was made: the key may be used again.
    func release(_ key: String, tenant: String) async throws {
        try await store.write { tx in
            try tx.delete(
                from: WalletRequestKeyTable.table,
                where: [WalletRequestKeyTable.tenant == tenant, WalletRequestKeyTable.key == key])
        }
    }

    /// Whoever had claimed the key is done with it.
    func end(_ key: String, tenant: String) {
        _ = underWay.withLock { $0.remove(Name(tenant: tenant, key: key)) }
    }

    /// Forgets keys older than ``keptSeconds``.
    ///
    /// - Parameter limit: keys of one unit of work.
    /// - Returns: how many there were; fewer than `limit` are the last ones.
    func prune(limit: Int) async throws -> Int {
        let before = clock.now.adding(seconds: -Self.keptSeconds)
        return try await store.write { tx in
            let rows = try tx.select(
                Storage.Query(
                    WalletRequestKeyTable.table, where: [WalletRequestKeyTable.createdAt < before],
                    order: [.ascending(WalletRequestKeyTable.createdAt)], limit: limit))
            for row in rows {
                try tx.delete(
                    from: WalletRequestKeyTable.table,
                    where: [
                        WalletRequestKeyTable.tenant == (try row.get(WalletRequestKeyTable.tenant)),
                        WalletRequestKeyTable.key == (try row.get(WalletRequestKeyTable.key)),
                    ])
            }
            return rows.count
        }
    }
}

enum WalletRequestKeyTable {
    static let tenant = Column<String>("tenant")
    static let key = Column<String>("idempotency_key")
    static let fingerprint = Column<Hash32>("fingerprint")
    static let request = Column<Int64?>("request")
    static let createdAt = Column<Timestamp>("created_at")
    static let table = Table(
        "wallet_request_keys", [tenant, key, fingerprint, request, createdAt], primaryKey: [tenant, key])
    /// Where old keys are found; later than the table.
    static let byAge = Index("wallet_request_keys_by_age", [createdAt])
}
