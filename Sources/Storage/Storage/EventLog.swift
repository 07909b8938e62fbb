public import Primitives

/// Something that happened, in the order of commits: outbox, timeline and live stream in one.
public struct Event: Sendable, Hashable {
    /// Its number, counted from 1.
    public let sequence: Int64
    /// For example `withdrawal.confirmed`.
    public let type: String
    /// What it happened to, for example a withdrawal's id.
    public let subject: SortableID
    /// A JSON object.
    public let payload: String
    public let at: Timestamp
}

/// Events are written in the unit of work that makes them true, and read later by whoever passes them on.
///
/// A reader keeps its place with ``EventLog/cursor(_:in:)`` and ``EventLog/advance(_:to:in:)``: each event is seen at
/// least once.
public enum EventLog {
    /// Adds an event and returns its number.
    @discardableResult
    public static func append(
        type: String, subject: SortableID, payload: String, at: Timestamp, in tx: any WriteTransaction
    ) throws(StorageError) -> Int64 {
        try tx.insert(
            into: EventTable.table,
            [
                EventTable.type.set(type), EventTable.subject.set(subject), EventTable.payload.set(payload),
                EventTable.at.set(at),
            ])
    }

    /// The events after `sequence`, oldest first.
    public static func after(
        _ sequence: Int64, limit: Int, in tx: any ReadTransaction
    ) throws(StorageError) -> [Event] {
        try events(
            tx.select(
                Query(
                    EventTable.table, where: [EventTable.sequence > sequence],
                    order: [.ascending(EventTable.sequence)], limit: limit)))
    }

    /// The events of one subject after `sequence`, oldest first.
    public static func of(
        _ subject: SortableID, after sequence: Int64 = 0, limit: Int, in tx: any ReadTransaction
    ) throws(StorageError) -> [Event] {
        try events(
            tx.select(
                Query(
                    EventTable.table, where: [EventTable.subject == subject, EventTable.sequence > sequence],
                    order: [.ascending(EventTable.sequence)], limit: limit)))
    }

    /// The first event of one subject that is of one of these types.
    public static func first(
        of subject: SortableID, types: Set<String>, in tx: any ReadTransaction
    ) throws(StorageError) -> Event? {
        var found: Event?
        for type in types {
            let row = try tx.first(
                Query(
                    EventTable.table, where: [EventTable.subject == subject, EventTable.type == type],
                    order: [.ascending(EventTable.sequence)]))
            guard let event = try events(row.map { [$0] } ?? []).first else { continue }
            if found.map({ event.sequence < $0.sequence }) ?? true { found = event }
        }
        return found
    }

    /// Forgets the oldest events whose type begins with `prefix`, up to the first of them that is not older than `before`.
    ///
    /// Its place in the log is kept, as a reader's, so that events of other types are looked at once. The newest event
    /// stays whatever it is: its number says where the log ends.
    ///
    /// - Parameters:
    ///   - prefix: names the reader too; a constant of the caller's.
    ///   - limit: events that are looked at.
    /// - Returns: whether there is more to look at.
    public static func prune(
        prefix: String, before: Timestamp, limit: Int, in tx: any WriteTransaction
    ) throws(StorageError) -> Bool {
        let reader = "prune " + prefix
        let (start, newest) = (try cursor(reader, in: tx), try head(in: tx))
        var place = start
        let page = try after(start, limit: limit, in: tx)
        for event in page {
            let isOurs = event.type.hasPrefix(prefix)
            guard event.sequence < newest, !isOurs || event.at < before else {
                if place > start { try advance(reader, to: place, in: tx) }
                return false
            }
            if isOurs { try tx.delete(from: EventTable.table, where: [EventTable.sequence == event.sequence]) }
            place = event.sequence
        }
        if place > start { try advance(reader, to: place, in: tx) }
        return page.count == limit
    }

    /// The number of the newest event; 0 when there is none.
    public static func head(in tx: any ReadTransaction) throws(StorageError) -> Int64 {
        try tx.first(Query(EventTable.table, order: [.descending(EventTable.sequence)]))?.get(EventTable.sequence) ?? 0
    }

    /// The last event that `reader` has dealt with; 0 at the beginning.
    public static func cursor(_ reader: String, in tx: any ReadTransaction) throws(StorageError) -> Int64 {
        try tx.first(Query(CursorTable.table, where: [CursorTable.reader == reader]))?.get(CursorTable.sequence) ?? 0
    }

    /// Notes that `reader` has dealt with everything up to `sequence`; never moves back.
    public static func advance(_ reader: String, to sequence: Int64, in tx: any WriteTransaction) throws(StorageError) {
        let changed = try tx.update(
            CursorTable.table, set: [CursorTable.sequence.set(sequence)],
            where: [CursorTable.reader == reader, CursorTable.sequence <= sequence])
        if changed == 0, try cursor(reader, in: tx) == 0 {
            try tx.insert(
                into: CursorTable.table, [CursorTable.reader.set(reader), CursorTable.sequence.set(sequence)])
        }
    }

    private static func events(_ rows: [Row]) throws(StorageError) -> [Event] {
        var events: [Event] = []
        events.reserveCapacity(rows.count)
        for row in rows {
            events.append(
                Event(
                    sequence: try row.get(EventTable.sequence), type: try row.get(EventTable.type),
                    subject: try row.get(EventTable.subject), payload: try row.get(EventTable.payload),
                    at: try row.get(EventTable.at)))
        }
        return events
    }
}

/// The tables that storage itself needs; the first migration of every database.
public enum StorageSchema {
    public static let migrations = [
        Migration(
            "0001 storage",
            [.createTable(LeaseTable.table), .createTable(EventTable.table), .createTable(CursorTable.table)])
    ]
}

enum EventTable {
    static let sequence = Column<Int64>("sequence")
    static let type = Column<String>("type")
    static let subject = Column<SortableID>("subject")
    static let payload = Column<String>("payload")
    static let at = Column<Timestamp>("at")
    static let table = Table(
        "events", sequence: sequence, [type, subject, payload, at],
        indexes: [Index("events_by_subject", [subject, sequence])])
}

enum CursorTable {
    static let reader = Column<String>("reader")
    static let sequence = Column<Int64>("sequence")
    static let table = Table("event_cursors", [reader, sequence], primaryKey: [reader])
}
