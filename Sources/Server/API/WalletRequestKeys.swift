import Cryptography
import Primitives
import Storage

/// Idempotency keys of requests to wallets: one key, one question to the person.
///
/// A key is on the disk before the request is made, and knows the request once there is one. A process that dies between
/// the two leaves a key without a request; then nobody knows whether the wallet was asked, and it is not asked again.
struct WalletRequestKeys: Sendable {
    /// What is known of a key.
    enum Claim: Sendable, Equatable {
        /// It is the caller's now.
        case new
        /// It stands for this request.
        case request(Int64)
        /// Somebody is at it, or died at it.
        case inProgress
    }

    let store: any Store
    let clock: WallClock

    /// Takes a key for a request with this fingerprint.
    ///
    /// - Throws: `idempotency_key_reused` when it stands for another one.
    func claim(_ key: String, tenant: String, fingerprint: Hash32) async throws -> Claim {
        let now = clock.now
        return try await store.write { tx in
            let mine = [WalletRequestKeyTable.tenant == tenant, WalletRequestKeyTable.key == key]
            if let row = try tx.first(Storage.Query(WalletRequestKeyTable.table, where: mine)) {
                guard try row.get(WalletRequestKeyTable.fingerprint) == fingerprint else {
                    throw Problem(.idempotencyKeyReused)
                }
                return try row.get(WalletRequestKeyTable.request).map { .request($0) } ?? .inProgress
            }
            try tx.insert(
                into: WalletRequestKeyTable.table,
                [
                    WalletRequestKeyTable.tenant.set(tenant), WalletRequestKeyTable.key.set(key),
                    WalletRequestKeyTable.fingerprint.set(fingerprint), WalletRequestKeyTable.request.set(nil),
                    WalletRequestKeyTable.createdAt.set(now),
                ])
            return .new
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
}

enum WalletRequestKeyTable {
    static let tenant = Column<String>("tenant")
    static let key = Column<String>("idempotency_key")
    static let fingerprint = Column<Hash32>("fingerprint")
    static let request = Column<Int64?>("request")
    static let createdAt = Column<Timestamp>("created_at")
    static let table = Table(
        "wallet_request_keys", [tenant, key, fingerprint, request, createdAt], primaryKey: [tenant, key])
}
