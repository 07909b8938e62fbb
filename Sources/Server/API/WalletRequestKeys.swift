import Cryptography
import Primitives
import Storage
import Synchronization
import WalletConnectBackend

/// Idempotency keys of requests to wallets: one key, one question to the person.
///
/// A key is on the disk before the request is made, and knows the request once there is one. A process that dies between
/// the two leaves a key without a request; then nobody knows whether the wallet was asked, and it is not asked again.
///
/// A class, because everybody who asks shares what is under way. That is kept in memory: a data directory has one process.
final class WalletRequestKeys: Sendable {
    /// What is known of a key.
    enum Claim: Sendable, Equatable {
        /// It is the caller's now, until ``end(_:tenant:)``.
        case new
        /// It stands for this request.
        case request(Int64)
        /// Somebody is at it.
        case inProgress
        /// Nobody is at it any more, and whether the wallet was asked is not known.
        case inDoubt
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

    /// Takes a key for a request with this fingerprint.
    ///
    /// - Throws: `idempotency_key_reused` when it stands for another one.
    func claim(_ key: String, tenant: String, fingerprint: Hash32) async throws -> Claim {
        let now = clock.now
        let isFirst = underWay.withLock { $0.insert(Name(tenant: tenant, key: key)).inserted }
        do {
            let claim = try await store.write { tx -> Claim in
                let mine = [WalletRequestKeyTable.tenant == tenant, WalletRequestKeyTable.key == key]
                if let row = try tx.first(Storage.Query(WalletRequestKeyTable.table, where: mine)) {
                    guard try row.get(WalletRequestKeyTable.fingerprint) == fingerprint else {
                        throw Problem(.idempotencyKeyReused)
                    }
                    if let id = try row.get(WalletRequestKeyTable.request) { return .request(id) }
                    return isFirst ? .inDoubt : .inProgress
                }
                guard isFirst else { return .inProgress }
                try tx.insert(
                    into: WalletRequestKeyTable.table,
                    [
                        WalletRequestKeyTable.tenant.set(tenant), WalletRequestKeyTable.key.set(key),
                        WalletRequestKeyTable.fingerprint.set(fingerprint), WalletRequestKeyTable.request.set(nil),
                        WalletRequestKeyTable.createdAt.set(now),
                    ])
                return .new
            }
            if isFirst, claim != .new { end(key, tenant: tenant) }
            return claim
        } catch {
            if isFirst { end(key, tenant: tenant) }
            throw error
        }
    }

    /// The request was made.
    func complete(_ key: String, tenant: String, request: Int64) async throws {
        try await store.write { tx in
            try tx.update(
                WalletRequestKeyTable.table, set: [WalletRequestKeyTable.request.set(request)],
                where: [WalletRequestKeyTable.tenant == tenant, WalletRequestKeyTable.key == key])
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

    /// Whoever had claimed the key is done with it; one that was neither completed nor released is in doubt from now on.
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
