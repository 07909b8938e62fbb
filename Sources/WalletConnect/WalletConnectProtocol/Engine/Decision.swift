public import Primitives

/// What an input led to: records to store, then actions to carry out.
///
/// All changes of one decision are stored in one unit before any of its actions is carried out, so that a crash at any
/// moment loses no action that matters: what was stored brings it back at ``SignEngine/restore(_:at:)``.
public struct Decision: Sendable {
    /// Records to put and delete, in order; together they are one unit.
    public var changes: [RecordChange]
    /// What to do once the changes are stored, in order.
    public var actions: [SignAction]
    /// Messages to the relay that are not to go out any more: at once, before anything is stored.
    public var withdrawn: [Int64]
    /// Why an inbound message led to nothing, for logs and counters.
    public var drop: DropReason?

    /// Makes a decision; without arguments one that does nothing.
    public init(
        changes: [RecordChange] = [], actions: [SignAction] = [], withdrawn: [Int64] = [], drop: DropReason? = nil
    ) {
        self.changes = changes
        self.actions = actions
        self.withdrawn = withdrawn
        self.drop = drop
    }

    /// Whether there is nothing to store and nothing to do.
    public var isEmpty: Bool { changes.isEmpty && actions.isEmpty }
}

/// Why a message was ignored; none of these is an error of ours.
public enum DropReason: String, Sendable, Hashable {
    /// No pairing, session or request lives on the topic: normal for late messages.
    case unknownTopic = "unknown_topic"
    /// The same message was handled before.
    case duplicate
    /// The envelope could not be opened with the topic's key.
    case undecryptable
    /// The plaintext is not a JSON-RPC message.
    case malformed
    /// Nothing waits for this answer.
    case unexpectedAnswer = "unexpected_answer"
    /// The method is not one of the protocol's for this kind of topic.
    case unknownMethod = "unknown_method"
    /// The request is older than one that was accepted.
    case outOfOrder = "out_of_order"
    /// It had expired when it came.
    case expired
    /// The message is of the wrong direction: our own role's, or of a side that may not send it.
    case wrongRole = "wrong_role"
    /// The proposal only stands in for an authentication, which this client answers instead.
    case fallback
    /// A named limit of ``SignLimits`` was reached.
    case limitReached = "limit_reached"
    /// The message was refused and an error was answered.
    case refused
}

/// One change to the stored records.
public enum RecordChange: Sendable {
    /// Store the record, replacing one of the same key.
    case put(StoredRecord)
    /// Remove the record if it is there.
    case delete(RecordKey)
}

/// What is stored under a key.
public struct StoredRecord: Sendable, Hashable {
    /// Where the record is.
    public var key: RecordKey
    /// The content: only the engine reads it, and it may hold secrets, so whoever stores it seals it.
    public var value: [UInt8]
    /// When the record may be forgotten, if the engine did not remove it before.
    public var expiresAt: Timestamp?

    /// Makes a record.
    public init(key: RecordKey, value: [UInt8], expiresAt: Timestamp? = nil) {
        self.key = key
        self.value = value
        self.expiresAt = expiresAt
    }
}

/// The name of a stored record.
public struct RecordKey: Sendable, Hashable {
    /// The kind of record.
    public var collection: RecordCollection
    /// The name inside the collection: printable ASCII, at most ``bytesMax`` bytes.
    public var key: String

    /// The longest key the engine makes, in bytes.
    public static let bytesMax = 200

    /// Makes a key.
    public init(_ collection: RecordCollection, _ key: String) {
        self.collection = collection
        self.key = key
    }
}

/// The kinds of stored records.
public enum RecordCollection: String, Sendable, Hashable, CaseIterable {
    /// Pairings with their symmetric keys, by topic.
    case pairings
    /// Proposals, sent (`s:id`) and received (`r:topic:id`), with the private keys of those sent.
    case proposals
    /// Sessions with their symmetric keys, by topic.
    case sessions
    /// Requests sent and not answered yet, by id.
    case requests
    /// Requests received, by topic and id: those waiting for the app, and those answered lately.
    case pending
    /// One-click authentications, sent (`s:id`) and received (`r:topic:id`), with the private keys of those sent.
    case authentications
    /// How calls ended, by id, until their caller was told.
    case outcomes
    /// Digests of messages that must not be handled twice, by topic and digest.
    case seen
    /// Messages the relay has not taken yet, by outbound id.
    case outbox
    /// Topics that are dead here and perhaps still subscribed at the relay.
    case farewells
    /// What the shell keeps for itself beside the engine's records: the engine neither writes nor reads it.
    case client
}
