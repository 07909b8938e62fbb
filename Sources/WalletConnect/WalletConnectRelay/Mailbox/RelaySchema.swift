import Primitives
public import Storage

/// The relay's tables.
public enum RelaySchema {
    /// Everything the relay keeps.
    ///
    /// They can share a database with other modules.
    public static let migrations = [
        Migration(
            "relay 1",
            [
                .createTable(MailboxTable.table), .createTable(SubscriptionTable.table),
                .createTable(WatchTable.table),
            ])
    ]
}

/// One row for each message and reader; it leaves with the acknowledgement or the end of its time to live.
enum MailboxTable {
    /// Ascends in publishing order; also the id of the push.
    static let sequence = Column<Int64>("sequence")
    static let topic = Column<[UInt8]>("topic")
    /// The reader's public key; empty while nobody subscribes.
    static let reader = Column<[UInt8]>("reader")
    static let publisher = Column<[UInt8]>("publisher")
    static let message = Column<[UInt8]>("message")
    static let hash = Column<[UInt8]>("hash")
    static let tag = Column<Int64>("tag")
    static let attestation = Column<String?>("attestation")
    static let isPrompt = Column<Bool>("is_prompt")
    static let publishedAt = Column<Timestamp>("published_at")
    static let expiresAt = Column<Timestamp>("expires_at")

    static let table = Table(
        "relay_messages",
        [sequence, topic, reader, publisher, message, hash, tag, attestation, isPrompt, publishedAt, expiresAt],
        primaryKey: [sequence],
        indexes: [
            Index("relay_messages_topic", [topic, sequence]), Index("relay_messages_expiry", [expiresAt]),
        ])
}

/// Who is subscribed to what; survives disconnects, ends some time after its client was last seen.
enum SubscriptionTable {
    static let client = Column<[UInt8]>("client")
    static let topic = Column<[UInt8]>("topic")
    static let seenAt = Column<Timestamp>("seen_at")

    static let table = Table("relay_subscriptions", [client, topic, seenAt], primaryKey: [client, topic])
}

/// Where servers want to be told of a client's messages.
enum WatchTable {
    static let client = Column<[UInt8]>("client")
    static let service = Column<String>("service")
    static let webhook = Column<String>("webhook")
    static let role = Column<String>("role")
    static let tags = Column<String>("tags")
    static let statuses = Column<String>("statuses")
    static let expiresAt = Column<Timestamp>("expires_at")

    static let table = Table(
        "relay_watches", [client, service, webhook, role, tags, statuses, expiresAt],
        primaryKey: [client, service, webhook])
}
