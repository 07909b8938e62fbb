import NIOCore
import Primitives
import Storage
import WalletConnectProtocol

/// Everything the store is to do next, in one unit of work.
struct StoreBatch: Sendable {
    var inserts: [MailboxRow] = []
    /// Acknowledged or expired rows, by sequence.
    var deletes: [Int64] = []
    /// Acknowledgements of messages that are not known in memory.
    var receipts: [StoredReceipt] = []
    /// Unclaimed rows that got a reader.
    var claims: [(sequence: Int64, reader: [UInt8])] = []
    var subscriptions: [SubscriptionChange] = []
    var watches: [WatchChange] = []
    var loads: [LoadRequest] = []
    /// Find what has expired by then.
    var sweepsBefore: Timestamp?

    var isEmpty: Bool { !hasWrites && loads.isEmpty && sweepsBefore == nil }
    var hasWrites: Bool {
        !inserts.isEmpty || !deletes.isEmpty || !receipts.isEmpty || !claims.isEmpty || !subscriptions.isEmpty
            || !watches.isEmpty
    }

    /// Rows found expired in one sweep; the next sweep takes the rest.
    static let sweptRowsMax = 1_000
}

/// A row of the mailbox in our own types.
struct MailboxRow: Sendable {
    var sequence: Int64
    var content: MessageContent
    /// Empty while nobody subscribes.
    var reader: [UInt8]
    var publisher: [UInt8]
    var expiresAt: Timestamp
}

struct StoredReceipt: Sendable {
    enum Message: Sendable {
        case sequence(Int64)
        case hash(MessageHash, Topic)
    }
    var message: Message
    var reader: [UInt8]
}

enum SubscriptionChange: Sendable {
    case add(client: [UInt8], Topic, seenAt: Timestamp)
    case remove(client: [UInt8], Topic)
    case seen(client: [UInt8], Timestamp)
}

enum WatchChange: Sendable {
    case put(client: [UInt8], Watch)
    case remove(client: [UInt8], service: String, webhook: String)
}

/// A page of stored messages that is asked for.
struct LoadRequest: Sendable {
    enum Purpose: Sendable {
        /// To be pushed to this connection.
        case push(ConnectionID)
        /// To be the answer of a call.
        case answer(ConnectionID, RPCID, [Topic])
    }
    var purpose: Purpose
    var topics: [Topic]
    var reader: [UInt8]
    var after: Int64

    /// Rows in one page: at the largest messages 6 MiB.
    static let rowsMax = 64
}

struct LoadResult: Sendable {
    var request: LoadRequest
    var rows: [MailboxRow]
    /// There may be more behind the last row.
    var isFull: Bool
}

/// What the store found while it carried out a batch.
struct StoreOutcome: Sendable {
    var loads: [LoadResult] = []
    /// Rows that receipts removed.
    var removed: [RowMark] = []
    /// Rows whose time is over; they are still there.
    var expired: [RowMark] = []

    /// Which row it is, without its message.
    struct RowMark: Sendable {
        var sequence: Int64
        var topic: Topic
        var reader: [UInt8]
        var sizeBytes: Int

        init(_ row: MailboxRow) {
            sequence = row.sequence
            topic = row.content.topic
            reader = row.reader
            sizeBytes = row.content.message.readableBytes
        }
    }
}

extension StoreBatch {
    /// Carries everything out: what is written first, so that the pages see it.
    func apply(to tx: any WriteTransaction) throws(StorageError) -> StoreOutcome {
        var outcome = StoreOutcome()
        for row in inserts { try tx.insert(into: MailboxTable.table, row.assignments) }
        for claim in claims {
            try tx.update(
                MailboxTable.table, set: [MailboxTable.reader.set(claim.reader)],
                where: [MailboxTable.sequence == claim.sequence])
        }
        try applyReceipts(tx, &outcome)
        var start = 0
        while start < deletes.count {
            let end = min(start + 1_024, deletes.count)
            try tx.delete(
                from: MailboxTable.table, where: [MailboxTable.sequence.isIn(Array(deletes[start..<end]))])
            start = end
        }
        for change in subscriptions { try change.apply(to: tx) }
        for change in watches { try change.apply(to: tx) }
        try read(from: tx, &outcome)
        return outcome
    }

    /// The reading half alone.
    func read(from tx: any ReadTransaction) throws(StorageError) -> StoreOutcome {
        var outcome = StoreOutcome()
        try read(from: tx, &outcome)
        return outcome
    }

    private func read(from tx: any ReadTransaction, _ outcome: inout StoreOutcome) throws(StorageError) {
        for load in loads { outcome.loads.append(try load.run(in: tx)) }
        guard let sweepsBefore else { return }
        let rows = try tx.select(
            Query(
                MailboxTable.table, where: [MailboxTable.expiresAt <= sweepsBefore], limit: Self.sweptRowsMax))
        for row in rows {
            outcome.expired.append(StoreOutcome.RowMark(try MailboxRow(row)))
        }
    }

    private func applyReceipts(_ tx: any WriteTransaction, _ outcome: inout StoreOutcome) throws(StorageError) {
        for receipt in receipts {
            var terms = [MailboxTable.reader == receipt.reader]
            switch receipt.message {
            case .sequence(let sequence): terms.append(MailboxTable.sequence == sequence)
            case .hash(let hash, let topic):
                terms += [MailboxTable.topic == topic.bytes, MailboxTable.hash == hash.bytes]
            }
            for row in try tx.select(Query(MailboxTable.table, where: terms, limit: LoadRequest.rowsMax)) {
                let row = try MailboxRow(row)
                outcome.removed.append(StoreOutcome.RowMark(row))
                try tx.delete(from: MailboxTable.table, where: [MailboxTable.sequence == row.sequence])
            }
        }
    }
}

extension LoadRequest {
    fileprivate func run(in tx: any ReadTransaction) throws(StorageError) -> LoadResult {
        let rows = try tx.select(
            Query(
                MailboxTable.table,
                where: [
                    MailboxTable.topic.isIn(topics.map { $0.bytes }), MailboxTable.sequence > after,
                    MailboxTable.reader.isIn([reader, []]),
                ], order: [.ascending(MailboxTable.sequence)], limit: Self.rowsMax))
        var read: [MailboxRow] = []
        read.reserveCapacity(rows.count)
        for row in rows { read.append(try MailboxRow(row)) }
        return LoadResult(request: self, rows: read, isFull: rows.count == Self.rowsMax)
    }
}

extension SubscriptionChange {
    fileprivate func apply(to tx: any WriteTransaction) throws(StorageError) {
        let table = SubscriptionTable.table
        switch self {
        case .add(let client, let topic, let seenAt):
            let key = [SubscriptionTable.client == client, SubscriptionTable.topic == topic.bytes]
            let seen = SubscriptionTable.seenAt.set(seenAt)
            guard try tx.update(table, set: [seen], where: key) == 0 else { return }
            try tx.insert(
                into: table, [SubscriptionTable.client.set(client), SubscriptionTable.topic.set(topic.bytes), seen])
        case .remove(let client, let topic):
            try tx.delete(
                from: table, where: [SubscriptionTable.client == client, SubscriptionTable.topic == topic.bytes])
        case .seen(let client, let moment):
            try tx.update(
                table, set: [SubscriptionTable.seenAt.set(moment)], where: [SubscriptionTable.client == client])
        }
    }
}

extension WatchChange {
    fileprivate func apply(to tx: any WriteTransaction) throws(StorageError) {
        switch self {
        case .remove(let client, let service, let webhook):
            try Self.remove(client, service, webhook, tx)
        case .put(let client, let watch):
            try Self.remove(client, watch.service, watch.webhook, tx)
            try tx.insert(
                into: WatchTable.table,
                [
                    WatchTable.client.set(client), WatchTable.service.set(watch.service),
                    WatchTable.webhook.set(watch.webhook), WatchTable.role.set(watch.role.rawValue),
                    WatchTable.tags.set(watch.tags.map { String($0) }.joined(separator: ",")),
                    WatchTable.statuses.set(watch.statuses.map { $0.rawValue }.joined(separator: ",")),
                    WatchTable.expiresAt.set(watch.expiresAt),
                ])
        }
    }

    private static func remove(
        _ client: [UInt8], _ service: String, _ webhook: String, _ tx: any WriteTransaction
    ) throws(StorageError) {
        try tx.delete(
            from: WatchTable.table,
            where: [WatchTable.client == client, WatchTable.service == service, WatchTable.webhook == webhook])
    }
}

extension MailboxRow {
    fileprivate var assignments: [Assignment] {
        [
            MailboxTable.sequence.set(sequence), MailboxTable.topic.set(content.topic.bytes),
            MailboxTable.reader.set(reader), MailboxTable.publisher.set(publisher),
            MailboxTable.message.set(Array(content.message.readableBytesView)),
            MailboxTable.hash.set(content.hash.bytes), MailboxTable.tag.set(Int64(content.tag)),
            MailboxTable.attestation.set(content.attestation), MailboxTable.isPrompt.set(content.isPrompt),
            MailboxTable.publishedAt.set(content.publishedAt), MailboxTable.expiresAt.set(expiresAt),
        ]
    }

    /// - Throws: code `corrupt` when a topic or a hash has another size.
    init(_ row: Row) throws(StorageError) {
        guard let topic = Topic(stored: try row.get(MailboxTable.topic)),
            let hash = MessageHash(stored: try row.get(MailboxTable.hash)),
            let tag = UInt32(exactly: try row.get(MailboxTable.tag))
        else { throw StorageError(.corrupt, "relay_messages holds a value of another size") }
        self.init(
            sequence: try row.get(MailboxTable.sequence),
            content: MessageContent(
                topic: topic, message: try row.get(MailboxTable.message), tag: tag,
                attestation: try row.get(MailboxTable.attestation),
                publishedAt: try row.get(MailboxTable.publishedAt), hash: hash,
                isPrompt: try row.get(MailboxTable.isPrompt)),
            reader: try row.get(MailboxTable.reader), publisher: try row.get(MailboxTable.publisher),
            expiresAt: try row.get(MailboxTable.expiresAt))
    }
}

extension Topic {
    /// A topic as stored; nil for anything but 32 bytes.
    init?(stored bytes: [UInt8]) {
        guard let hash = Hash32(bytes) else { return nil }
        self.init(hash)
    }
}
