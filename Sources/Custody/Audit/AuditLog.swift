import Cryptography
public import Primitives
public import Storage

/// One entry of the audit chain.
public struct AuditEntry: Sendable, Hashable {
    /// 1, 2, 3 … without gaps.
    public let sequence: Int64
    public let at: Timestamp
    /// Who did it: an API key's or user's id, or `system`.
    public let actor: String
    /// What was done, for example `withdrawal.accept`.
    public let action: String
    /// What it was done to, as text.
    public let object: String
    /// A JSON object with what mattered; never a secret.
    public let details: String
    /// The hash of the entry before; zero for the first.
    public let previous: Hash32
    /// SHA-256 over all of the above.
    public let hash: Hash32
}

/// An append-only log in which every entry names the hash of the one before, written in the unit of work that it
/// describes: what can't be audited does not happen.
///
/// A changed, removed or moved entry breaks the chain at that place, and ``verify(in:)`` names it. A cut tail is noticed
/// only by whoever kept an earlier ``AuditHead``; `coffer audit export` and the head in `/metrics` are for that.
public enum AuditLog {
    /// What the hash starts with, so that it can't be one of another format.
    static let domain = Array("coffer.audit.v1".utf8)

    /// Adds an entry.
    ///
    /// `details` is a JSON object without secrets.
    public static func append(
        actor: String, action: String, object: String, details: JSON = [:], at: Timestamp, in tx: any WriteTransaction
    ) throws(StorageError) {
        try append(actor: actor, action: action, object: object, detailsText: details.text, at: at, in: tx)
    }

    /// Adds an entry whose details are written already: `detailsText` is a JSON object without secrets.
    public static func append(
        actor: String, action: String, object: String, detailsText text: String, at: Timestamp,
        in tx: any WriteTransaction
    ) throws(StorageError) {
        let head = try head(in: tx)
        let hash = hash(
            sequence: head.sequence + 1, at: at, actor: actor, action: action, object: object, details: text,
            previous: head.hash)
        let sequence = try tx.insert(
            into: AuditTable.table,
            [
                AuditTable.at.set(at), AuditTable.actor.set(actor), AuditTable.action.set(action),
                AuditTable.object.set(object), AuditTable.details.set(text), AuditTable.previous.set(head.hash),
                AuditTable.hash.set(hash),
            ])
        guard sequence == head.sequence + 1 else {
            throw StorageError(.corrupt, "audit entry \(sequence) follows \(head.sequence): entries are missing")
        }
    }

    /// The newest entry's number and hash.
    public static func head(in tx: any ReadTransaction) throws(StorageError) -> AuditHead {
        let newest = Query(AuditTable.table, order: [.descending(AuditTable.sequence)])
        guard let row = try tx.first(newest) else { return AuditHead(sequence: 0, hash: .zero) }
        return AuditHead(sequence: try row.get(AuditTable.sequence), hash: try row.get(AuditTable.hash))
    }

    /// Entries after `sequence`, oldest first.
    public static func entries(
        after sequence: Int64, limit: Int, in tx: any ReadTransaction
    ) throws(StorageError) -> [AuditEntry] {
        var entries: [AuditEntry] = []
        let query = Query(
            AuditTable.table, where: [AuditTable.sequence > sequence], order: [.ascending(AuditTable.sequence)],
            limit: limit)
        for row in try tx.select(query) {
            entries.append(
                AuditEntry(
                    sequence: try row.get(AuditTable.sequence), at: try row.get(AuditTable.at),
                    actor: try row.get(AuditTable.actor), action: try row.get(AuditTable.action),
                    object: try row.get(AuditTable.object), details: try row.get(AuditTable.details),
                    previous: try row.get(AuditTable.previous), hash: try row.get(AuditTable.hash)))
        }
        return entries
    }

    /// Walks the whole chain.
    ///
    /// - Parameter trusted: a head that was kept elsewhere; the chain must still contain it.
    public static func verify(
        trusting trusted: AuditHead? = nil, in tx: any ReadTransaction
    ) throws(StorageError) -> AuditReport {
        var last = AuditHead(sequence: 0, hash: .zero)
        while true {
            let page = try entries(after: last.sequence, limit: 1_000, in: tx)
            if page.isEmpty { break }
            for entry in page {
                let expected = hash(
                    sequence: entry.sequence, at: entry.at, actor: entry.actor, action: entry.action,
                    object: entry.object, details: entry.details, previous: entry.previous)
                guard entry.sequence == last.sequence + 1 else {
                    return AuditReport(head: last, firstBad: last.sequence + 1, reason: "entry is missing")
                }
                guard entry.previous == last.hash else {
                    return AuditReport(head: last, firstBad: entry.sequence, reason: "does not follow the one before")
                }
                guard entry.hash == expected else {
                    return AuditReport(head: last, firstBad: entry.sequence, reason: "was changed")
                }
                if let trusted, trusted.sequence == entry.sequence, trusted.hash != entry.hash {
                    return AuditReport(
                        head: last, firstBad: entry.sequence, reason: "differs from the head kept elsewhere")
                }
                last = AuditHead(sequence: entry.sequence, hash: entry.hash)
            }
        }
        if let trusted, trusted.sequence > last.sequence {
            return AuditReport(head: last, firstBad: last.sequence + 1, reason: "the tail is cut off")
        }
        return AuditReport(head: last, firstBad: nil, reason: nil)
    }

    /// SHA-256 over the domain, then each field behind its length in four bytes, then the previous hash.
    static func hash(
        sequence: Int64, at: Timestamp, actor: String, action: String, object: String, details: String,
        previous: Hash32
    ) -> Hash32 {
        var bytes = domain
        func add(_ field: some Collection<UInt8>) {
            let count = UInt32(field.count)
            bytes += [UInt8(count >> 24), UInt8(count >> 16 & 0xff), UInt8(count >> 8 & 0xff), UInt8(count & 0xff)]
            bytes += field
        }
        add("\(sequence)".utf8)
        add("\(at.milliseconds)".utf8)
        add(actor.utf8)
        add(action.utf8)
        add(object.utf8)
        add(details.utf8)
        bytes += previous.bytes
        return SHA2.sha256(bytes)
    }
}

/// The end of the chain at some moment.
public struct AuditHead: Sendable, Hashable {
    public let sequence: Int64
    public let hash: Hash32

    public init(sequence: Int64, hash: Hash32) {
        self.sequence = sequence
        self.hash = hash
    }
}

/// What a walk along the chain found.
public struct AuditReport: Sendable, Hashable {
    /// The last good entry.
    public let head: AuditHead
    /// The first entry that is wrong or missing.
    public let firstBad: Int64?
    public let reason: String?

    public var isIntact: Bool { firstBad == nil }
}

/// The audit log's table.
public enum AuditSchema {
    public static let migrations = [Migration("0001 audit", [.createTable(AuditTable.table)])]
}

enum AuditTable {
    static let sequence = Column<Int64>("sequence")
    static let at = Column<Timestamp>("at")
    static let actor = Column<String>("actor")
    static let action = Column<String>("action")
    static let object = Column<String>("object")
    static let details = Column<String>("details")
    static let previous = Column<Hash32>("previous")
    static let hash = Column<Hash32>("hash")
    static let table = Table("audit", sequence: sequence, [at, actor, action, object, details, previous, hash])
}
