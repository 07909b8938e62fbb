import Audit
import Cryptography
public import Primitives
public import Storage
import Synchronization

/// An API key as operators see it; the key itself is known to its holder alone.
public struct APIKey: Sendable, Hashable {
    /// What a key's id starts with in text: `ak_01J…`.
    public static let idPrefix = "ak"

    public let id: SortableID
    public let name: String
    public let tenant: String
    public let scopes: ScopeSet
    /// The first characters of the key, to recognise it by.
    public let prefix: String
    public let createdAt: Timestamp
    public let expiresAt: Timestamp?
    public let lastUsedAt: Timestamp?
    public let revokedAt: Timestamp?
}

/// Makes, checks and revokes API keys.
///
/// A key is `coffer_live_` (or `coffer_dev_`), 43 random digits in base 62 and a check of 6 digits, so that scanners
/// find it and a mistyped one is refused without a look at the database. Only its SHA-256 is stored: with 256 bits of
/// randomness nothing slower is needed.
public final class APIKeys: Authenticator {
    /// How long a checked key is believed without asking the database; so long a revocation may take in other processes.
    public static let cacheMilliseconds: Int64 = 2_000
    /// How often the time of last use is written at most.
    static let lastUsedMilliseconds: Int64 = 60_000
    private static let cachedMax = 10_000

    private struct Cached {
        let principal: Principal
        let until: Timestamp
    }

    private let store: any Store
    private let ids: IDGenerator
    private let clock: WallClock
    private let random: RandomSource
    private let unlimitedRate: Bool
    private let cache = Mutex<[Hash32: Cached]>([:])

    /// - Parameter unlimitedRate: whether keys have no rate limit; for development and benchmarks.
    public init(
        store: any Store, ids: IDGenerator, clock: WallClock, random: RandomSource = .system,
        unlimitedRate: Bool = false
    ) {
        self.store = store
        self.ids = ids
        self.clock = clock
        self.random = random
        self.unlimitedRate = unlimitedRate
    }

    /// Makes a key.
    ///
    /// The second result is the key itself, which is nowhere else.
    public func create(
        name: String, scopes: ScopeSet, tenant: String = "default", isDevelopment: Bool = false,
        expiresAt: Timestamp? = nil, actor: String
    ) async throws -> (APIKey, secret: String) {
        let secret = Self.text(random: random.bytes(32), isDevelopment: isDevelopment)
        let key = APIKey(
            id: ids.next(), name: name, tenant: tenant, scopes: scopes, prefix: String(secret.prefix(18)),
            createdAt: clock.now, expiresAt: expiresAt, lastUsedAt: nil, revokedAt: nil)
        let hash = SHA2.sha256(Array(secret.utf8))
        try await store.write { tx in
            try tx.insert(
                into: APIKeyTable.table,
                [
                    APIKeyTable.id.set(key.id), APIKeyTable.hash.set(hash), APIKeyTable.name.set(name),
                    APIKeyTable.tenant.set(tenant), APIKeyTable.scopes.set(scopes.names.joined(separator: " ")),
                    APIKeyTable.prefix.set(key.prefix), APIKeyTable.createdAt.set(key.createdAt),
                    APIKeyTable.expiresAt.set(expiresAt), APIKeyTable.lastUsedAt.set(nil),
                    APIKeyTable.revokedAt.set(nil),
                ])
            try AuditLog.append(
                actor: actor, action: "apikey.create", object: key.id.text(prefix: APIKey.idPrefix),
                details: ["name": .string(name), "scopes": .array(scopes.names.map { .string($0) })],
                at: key.createdAt, in: tx)
        }
        return (key, secret)
    }

    /// Keys in the order they were made.
    public func list(after id: SortableID? = nil, limit: Int) async throws -> [APIKey] {
        try await store.read { tx in
            try tx.select(
                Storage.Query(
                    APIKeyTable.table, where: id.map { [APIKeyTable.id > $0] } ?? [],
                    order: [.ascending(APIKeyTable.id)], limit: limit)
            ).map { try APIKey($0) }
        }
    }

    /// Ends a key, from the next request on; `false` when there is none with this id.
    public func revoke(_ id: SortableID, actor: String) async throws -> Bool {
        let now = clock.now
        let found = try await store.write { tx in
            guard
                try tx.update(
                    APIKeyTable.table, set: [APIKeyTable.revokedAt.set(now)],
                    where: [APIKeyTable.id == id, APIKeyTable.revokedAt.isNull]) == 1
            else { return try tx.count(APIKeyTable.table, where: [APIKeyTable.id == id]) == 1 }
            try AuditLog.append(
                actor: actor, action: "apikey.revoke", object: id.text(prefix: APIKey.idPrefix), at: now, in: tx)
            return true
        }
        cache.withLock { $0.removeAll() }
        return found
    }

    public func authenticate(_ credential: String, at time: Timestamp) async throws -> Principal? {
        let hash = SHA2.sha256(Array(credential.utf8))
        if let cached = cache.withLock({ $0[hash] }), cached.until > time { return cached.principal }
        // After the cache, which holds good keys alone, and before the database, which bad ones must not reach.
        guard Self.isWellFormed(credential) else { return nil }
        let row = try await store.read { tx in
            try tx.first(Storage.Query(APIKeyTable.table, where: [APIKeyTable.hash == hash]))
        }
        guard let row else { return nil }
        let key = try APIKey(row)
        guard key.revokedAt == nil, key.expiresAt.map({ $0 > time }) ?? true else { return nil }
        let principal = Principal(
            id: key.id.text(prefix: APIKey.idPrefix), kind: .apiKey, tenant: key.tenant, scopes: key.scopes,
            rate: unlimitedRate ? .unlimited : .standard)
        let until = min(time.adding(milliseconds: Self.cacheMilliseconds), key.expiresAt ?? time.adding(seconds: 3_600))
        cache.withLock { cache in
            if cache.count >= Self.cachedMax { cache.removeAll() }
            cache[hash] = Cached(principal: principal, until: until)
        }
        if time.milliseconds(since: key.lastUsedAt ?? Timestamp(milliseconds: 0)) > Self.lastUsedMilliseconds {
            try await store.write { tx in
                try tx.update(
                    APIKeyTable.table, set: [APIKeyTable.lastUsedAt.set(time)], where: [APIKeyTable.id == key.id])
            }
        }
        return principal
    }

    // MARK: Text

    private static let digits = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)
    private static let randomDigits = 43
    private static let checkDigits = 6

    static func text(random: [UInt8], isDevelopment: Bool) -> String {
        let body = (isDevelopment ? "coffer_dev_" : "coffer_live_") + base62(random, digits: randomDigits)
        return body + check(of: body)
    }

    /// Whether the text has the form and the check of a key.
    static func isWellFormed(_ text: String) -> Bool {
        guard text.hasPrefix("coffer_live_") || text.hasPrefix("coffer_dev_"), text.utf8.count <= 64 else {
            return false
        }
        return text.utf8.count > checkDigits
            && check(of: String(text.dropLast(checkDigits))) == text.suffix(checkDigits)
    }

    private static func check(of body: String) -> String {
        base62(Array(SHA2.sha256(Array(body.utf8)).bytes.prefix(4)), digits: checkDigits)
    }

    private static func base62(_ bytes: [UInt8], digits count: Int) -> String {
        var number = bytes
        var out = [UInt8](repeating: digits[0], count: count)
        for position in out.indices.reversed() {
            var remainder = 0
            for index in number.indices {
                let value = remainder << 8 | Int(number[index])
                number[index] = UInt8(value / 62)
                remainder = value % 62
            }
            out[position] = digits[remainder]
        }
        return String(decoding: out, as: UTF8.self)
    }
}

/// The API's own tables.
public enum APISchema {
    public static let migrations = [
        Migration("0001 api", [.createTable(APIKeyTable.table), .createTable(DepositKeyTable.table)]),
        Migration("0002 wallet request keys", [.createTable(WalletRequestKeyTable.table)]),
        Migration(
            "0003 wallet request keys by age",
            [.addIndex(table: WalletRequestKeyTable.table.name, WalletRequestKeyTable.byAge)]),
    ]
}

enum APIKeyTable {
    static let id = Column<SortableID>("id")
    static let hash = Column<Hash32>("hash")
    static let name = Column<String>("name")
    static let tenant = Column<String>("tenant")
    static let scopes = Column<String>("scopes")
    static let prefix = Column<String>("prefix")
    static let createdAt = Column<Timestamp>("created_at")
    static let expiresAt = Column<Timestamp?>("expires_at")
    static let lastUsedAt = Column<Timestamp?>("last_used_at")
    static let revokedAt = Column<Timestamp?>("revoked_at")
    static let table = Table(
        "api_keys", [id, hash, name, tenant, scopes, prefix, createdAt, expiresAt, lastUsedAt, revokedAt],
        primaryKey: [id], uniques: [Index("api_key_hash", [hash])])
}

/// Idempotency keys of deposits, kept for ever.
enum DepositKeyTable {
    static let tenant = Column<String>("tenant")
    static let key = Column<String>("idempotency_key")
    static let fingerprint = Column<Hash32>("fingerprint")
    static let answer = Column<String>("answer")
    static let table = Table("deposit_keys", [tenant, key, fingerprint, answer], primaryKey: [tenant, key])
}

extension APIKey {
    init(_ row: Row) throws(StorageError) {
        id = try row.get(APIKeyTable.id)
        name = try row.get(APIKeyTable.name)
        tenant = try row.get(APIKeyTable.tenant)
        prefix = try row.get(APIKeyTable.prefix)
        createdAt = try row.get(APIKeyTable.createdAt)
        expiresAt = try row.get(APIKeyTable.expiresAt)
        lastUsedAt = try row.get(APIKeyTable.lastUsedAt)
        revokedAt = try row.get(APIKeyTable.revokedAt)
        guard let scopes = ScopeSet(text: try row.get(APIKeyTable.scopes)) else {
            throw StorageError(.corrupt, "api key \(id) has damaged scopes")
        }
        self.scopes = scopes
    }

    var json: JSON { .object(members) }

    func json(secret: String) -> JSON { .object(members + [JSONMember(name: "secret", value: .string(secret))]) }

    private var members: [JSONMember] {
        [
            JSONMember(name: "id", value: .string(id.text(prefix: Self.idPrefix))),
            JSONMember(name: "name", value: .string(name)),
            JSONMember(name: "scopes", value: .array(scopes.names.map { .string($0) })),
            JSONMember(name: "prefix", value: .string(prefix)),
            JSONMember(name: "created_at", value: .string(createdAt.rfc3339)),
            JSONMember(name: "expires_at", value: expiresAt.map { .string($0.rfc3339) } ?? .null),
            JSONMember(name: "last_used_at", value: lastUsedAt.map { .string($0.rfc3339) } ?? .null),
            JSONMember(name: "revoked_at", value: revokedAt.map { .string($0.rfc3339) } ?? .null),
        ]
    }
}
