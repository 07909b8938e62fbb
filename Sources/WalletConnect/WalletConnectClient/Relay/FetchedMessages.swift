import Primitives
import WalletConnectProtocol

/// The answer to irn_fetchMessages and irn_batchFetchMessages: `{messages: […], hasMore}`.
struct FetchedMessages {
    /// What waited, in the relay's order; what cannot be read is left out.
    let messages: [InboundMessage]
    /// Whether the same call brings more.
    let hasMore: Bool

    /// Reads an answer; nil when it has no list of messages.
    init?(_ answer: JSON) {
        guard let list = answer["messages"]?.array else { return nil }
        messages = list.compactMap { Self.message($0) }.sorted { $0.publishedAt < $1.publishedAt }
        hasMore = answer["hasMore"]?.bool ?? false
    }

    private static func message(_ json: JSON) -> InboundMessage? {
        guard let name = json["topic"]?.string, let topic = try? Topic(hex: name), let text = json["message"]?.string
        else { return nil }
        return InboundMessage(
            topic: topic, message: text, publishedAt: Timestamp(milliseconds: json["publishedAt"]?.int ?? 0),
            tag: json["tag"]?.int.flatMap { UInt32(exactly: $0) } ?? 0, attestation: json["attestation"]?.string)
    }
}
