import Primitives

/// A message that travels in a link instead of over a relay: `{universal link}?wc_ev={envelope}&topic={topic}`.
public struct LinkModeURL: Sendable, Hashable {
    /// The application that opens the link.
    public let universalLink: String
    /// The topic of the message.
    public let topic: Topic
    /// The envelope in Base64URL.
    public let envelope: String

    /// A link for a message.
    public init(universalLink: String, topic: Topic, envelope: String) {
        self.universalLink = universalLink
        self.topic = topic
        self.envelope = envelope
    }

    /// Reads a link; nil when it carries no message.
    public init?(parsing text: String) {
        guard let envelope = QueryText.value(of: "wc_ev", in: text), !envelope.isEmpty,
            let topic = QueryText.value(of: "topic", in: text).flatMap({ try? Topic(hex: $0) })
        else { return nil }
        self.init(universalLink: String(text.prefix { $0 != "?" }), topic: topic, envelope: envelope)
    }

    /// The link.
    public var text: String {
        let mark = universalLink.utf8.contains(UInt8(ascii: "?")) ? "&" : "?"
        return "\(universalLink)\(mark)wc_ev=\(PercentCoding.encode(envelope))&topic=\(topic.hex)"
    }
}

/// The links that bring a wallet to the front.
public enum DeepLink {
    /// The link that hands a pairing address to a wallet: `{wallet}/wc?uri={address}`.
    ///
    /// It holds the pairing's key, as the address does.
    public static func pairing(wallet: String, uri: String) -> String {
        let link = wallet.utf8.last == UInt8(ascii: "/") ? String(wallet.dropLast()) : wallet
        // A link that is only a scheme, such as `trust:`, gets its slashes.
        let base = link.utf8.last == UInt8(ascii: ":") ? "\(link)/" : link
        return "\(base)/wc?uri=\(PercentCoding.encode(uri))"
    }

    /// The link for a request.
    ///
    /// Telegram's mini applications get the same in `startapp`, as Base64 without padding.
    public static func request(wallet: String, requestID: Int64, sessionTopic: String) -> String {
        let payload = "requestId=\(requestID)&sessionTopic=\(sessionTopic)"
        let link = wallet.utf8.last == UInt8(ascii: "/") ? String(wallet.dropLast()) : wallet
        guard link.utf8.starts(with: "https://t.me".utf8) else { return "\(link)/wc?\(payload)" }
        let mark = link.utf8.contains(UInt8(ascii: "?")) ? "&" : "?"
        let encoded = Base64.encode(Array(payload.utf8)).prefix { $0 != "=" }
        return "\(link)\(mark)startapp=\(encoded)"
    }
}

/// Links of WalletConnect Pay, which look like pairing URIs and are none.
public enum PaymentLink {
    /// The longest text that is looked at, in bytes; a longer one is no payment link.
    public static let textBytesMax = 8_192

    /// Whether a text is a link to pay: it has `pay` followed by a dot, an equals sign or an underscore, encoded or not.
    public static func isPaymentLink(_ text: String) -> Bool {
        guard text.utf8.count <= textBytesMax else { return false }
        let lowered = text.utf8.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
        return marks.contains { mark in
            lowered.indices.contains { lowered[$0...].starts(with: mark.utf8) }
        }
    }

    private static let marks = ["pay.", "pay=", "pay_", "pay%2e", "pay%3d", "pay%5f"]
}
