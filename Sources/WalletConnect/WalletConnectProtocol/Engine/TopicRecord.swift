import Primitives

/// The record of one session or pairing, read without an engine.
///
/// For programs that look into the records of a client that runs elsewhere, or not at all. The key stays inside.
package struct TopicRecord {
    private let key: SymmetricKey
    /// How the peer presents itself; nil for a pairing whose peer has said nothing yet.
    package let peerMetadata: Metadata?

    /// Reads a record of the collections `sessions` and `pairings`; nil when it is none.
    package init?(_ record: StoredRecord) {
        guard let text = RecordText(record.value), let key = text.symmetricKey(0) else { return nil }
        self.key = key
        switch record.key.collection {
        case .sessions:
            guard let session = try? Session.decode(bytes: text.body) else { return nil }
            peerMetadata = session.peer.metadata
        case .pairings:
            guard let pairing = text.state["pairing"].flatMap({ try? Pairing.decode($0) }) else { return nil }
            peerMetadata = pairing.peerMetadata
        default: return nil
        }
    }

    /// Opens a message of the topic, as a relay carries it.
    ///
    /// - Throws: `EnvelopeError` as `Envelope.open`.
    package func open(_ message: String) throws(EnvelopeError) -> [UInt8] {
        try Envelope.open(message, key: key).plaintext
    }
}
