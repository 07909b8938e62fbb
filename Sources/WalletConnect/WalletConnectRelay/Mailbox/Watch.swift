import NIOCore
import Primitives
import Storage
import WalletConnectProtocol

/// A server's wish to be told of a client's messages.
struct Watch: Sendable, Hashable {
    /// The server, as an address.
    var service: String
    /// Where it is told.
    var webhook: String
    var role: WatchToken.Role
    /// Kinds of messages.
    var tags: [UInt32]
    var statuses: [WatchToken.Status]
    var expiresAt: Timestamp

    init(_ claims: WatchToken.Claims) {
        service = claims.serviceURL
        webhook = claims.webhookURL
        role = claims.role
        tags = claims.tags
        statuses = claims.statuses
        // An expiry beyond what milliseconds can say is as far as they go.
        let (milliseconds, overflow) = claims.expiry.multipliedReportingOverflow(by: 1_000)
        expiresAt = Timestamp(milliseconds: overflow ? .max : milliseconds)
    }

    /// A watch as stored; nil for one of a kind that is not known.
    init?(_ row: Row) throws(StorageError) {
        guard let role = WatchToken.Role(rawValue: try row.get(WatchTable.role)) else { return nil }
        self.role = role
        service = try row.get(WatchTable.service)
        webhook = try row.get(WatchTable.webhook)
        tags = try row.get(WatchTable.tags).split(separator: ",").compactMap { UInt32($0) }
        statuses = try row.get(WatchTable.statuses).split(separator: ",").compactMap { text in
            WatchToken.Status(rawValue: String(text))
        }
        expiresAt = try row.get(WatchTable.expiresAt)
    }

    func wants(_ role: WatchToken.Role, _ status: WatchToken.Status, tag: UInt32, at now: Timestamp) -> Bool {
        self.role == role && statuses.contains(status) && tags.contains(tag) && now < expiresAt
    }
}

/// Something happened to a watched message.
struct WatchedMessage: Sendable {
    var watch: Watch
    var client: DIDKey
    var sequence: Int64
    var status: WatchToken.Status
    var content: MessageContent
    /// The message's own end; the event is not worth telling after it.
    var expiresAt: Timestamp

    var event: WatchEvent {
        WatchEvent(
            client: client.text, role: watch.role, serviceURL: watch.service, webhookURL: watch.webhook,
            messageID: UInt64(max(0, sequence)), status: status,
            push: RelayPush(
                subscription: SubscriptionID(topic: content.topic, client: client), topic: content.topic,
                message: String(buffer: content.message), publishedAt: content.publishedAt, tag: content.tag,
                attestation: content.attestation))
    }
}
