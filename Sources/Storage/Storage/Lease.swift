public import Primitives

/// The right to do one named piece of work, for a while, with a number that only grows.
///
/// Whoever takes a lease over gets a higher `token`; a slow former holder's writes are refused by
/// ``WriteTransaction/requireLease(_:)``, whatever its clock says.
public struct Lease: Sendable, Hashable {
    public let name: String
    public let holder: String
    /// The fencing token.
    public let token: Int64
    public let expiresAt: Timestamp
}

/// Leases in a store.
///
/// ```swift
/// guard let lease = try await leases.acquire("lane:…") else { return }   // another process works on it
/// try await store.write { tx in
///     try tx.requireLease(lease)
///     …
/// }
/// ```
public struct Leases: Sendable {
    /// How long a lease lasts without renewal: long against a commit, short against a human.
    public static let durationMilliseconds: Int64 = 10_000

    private let store: any Store
    private let clock: WallClock
    private let holder: String

    /// - Parameter holder: who asks; unique to a process, so that a restarted one is another holder.
    public init(store: any Store, clock: WallClock, holder: String) {
        self.store = store
        self.clock = clock
        self.holder = holder
    }

    /// Takes or renews the lease; `nil` while somebody else holds it.
    public func acquire(_ name: String) async throws -> Lease? {
        let (holder, now) = (holder, clock.now)
        let expiresAt = now.adding(milliseconds: Leases.durationMilliseconds)
        return try await store.write { tx in
            guard let row = try tx.first(Query(LeaseTable.table, where: [LeaseTable.name == name])) else {
                try tx.insert(
                    into: LeaseTable.table,
                    [
                        LeaseTable.name.set(name), LeaseTable.holder.set(holder), LeaseTable.token.set(1),
                        LeaseTable.expiresAt.set(expiresAt),
                    ])
                return Lease(name: name, holder: holder, token: 1, expiresAt: expiresAt)
            }
            let (current, token) = (try row.get(LeaseTable.holder), try row.get(LeaseTable.token))
            let isOurs = current == holder
            guard try isOurs || row.get(LeaseTable.expiresAt) <= now else { return nil }
            let next = isOurs ? token : token + 1
            try tx.update(
                LeaseTable.table,
                set: [
                    LeaseTable.holder.set(holder), LeaseTable.token.set(next), LeaseTable.expiresAt.set(expiresAt),
                ],
                where: [LeaseTable.name == name])
            return Lease(name: name, holder: holder, token: next, expiresAt: expiresAt)
        }
    }

    /// Gives the lease back, so that another process need not wait for its end.
    public func release(_ lease: Lease) async throws {
        let now = clock.now
        try await store.write { tx in
            try tx.update(
                LeaseTable.table, set: [LeaseTable.expiresAt.set(now)],
                where: [LeaseTable.name == lease.name, LeaseTable.token == lease.token])
        }
    }

    /// Gives back everything that the holder has, for one that was killed and is known to be gone.
    ///
    /// The tokens grow when the leases are taken, so even a holder that lived could change nothing more.
    public func releaseAll() async throws {
        let (holder, now) = (holder, clock.now)
        try await store.write { tx in
            try tx.update(
                LeaseTable.table, set: [LeaseTable.expiresAt.set(now)],
                where: [LeaseTable.holder == holder, LeaseTable.expiresAt > now])
        }
    }
}

extension ReadTransaction {
    /// Refuses the unit of work unless `lease` still carries the newest token.
    ///
    /// Time plays no part: an expired lease that nobody took over is still good.
    public func requireLease(_ lease: Lease) throws(StorageError) {
        let row = try first(Query(LeaseTable.table, where: [LeaseTable.name == lease.name]))
        guard let row, try row.get(LeaseTable.token) == lease.token, try row.get(LeaseTable.holder) == lease.holder
        else {
            throw StorageError(.leaseLost, "\(lease.holder) lost \(lease.name) (token \(lease.token))")
        }
    }
}

enum LeaseTable {
    static let name = Column<String>("name")
    static let holder = Column<String>("holder")
    static let token = Column<Int64>("token")
    static let expiresAt = Column<Timestamp>("expires_at")
    static let table = Table("leases", [name, holder, token, expiresAt], primaryKey: [name])
}
