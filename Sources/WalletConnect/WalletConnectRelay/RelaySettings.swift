import WalletConnectProtocol

/// Who may use a relay, and how it is reached.
///
/// The defaults suit a laptop: any project id, any audience that known clients send.
public struct RelaySettings: Sendable {
    /// Project ids that are admitted; empty for all.
    public var projects: [RelayProject]
    /// URLs under which clients reach this relay, as they are configured there; a token's audience names one of them.
    public var audiences: [String]
    /// Whether a token for another relay's URL is refused.
    ///
    /// Off by default: clients behind a proxy name the proxy, and some have a public relay's name built in.
    public var hasStrictAudience: Bool
    /// Whether webhooks may go to loopback and private addresses.
    public var allowsPrivateWebhooks: Bool
    /// What the relay refuses.
    public var limits: RelayLimits

    /// Audiences that clients have built in, whatever relay they are pointed at.
    public static let wellKnownAudiences = ["wss://relay.walletconnect.com", "wss://relay.walletconnect.org"]

    /// Settings; the defaults admit every project.
    public init(
        projects: [RelayProject] = [], audiences: [String] = [], hasStrictAudience: Bool = false,
        allowsPrivateWebhooks: Bool = false, limits: RelayLimits = RelayLimits()
    ) {
        self.projects = projects
        self.audiences = audiences
        self.hasStrictAudience = hasStrictAudience
        self.allowsPrivateWebhooks = allowsPrivateWebhooks
        self.limits = limits
    }

    /// The audiences a token may name; nil for any.
    var admittedAudiences: Set<String>? {
        guard !audiences.isEmpty else { return nil }
        var admitted: Set<String> = []
        for audience in audiences + (hasStrictAudience ? [] : Self.wellKnownAudiences) {
            let bare = audience.hasSuffix("/") ? String(audience.dropLast()) : audience
            admitted.insert(bare)
            admitted.insert(bare + "/")
        }
        return admitted
    }
}

/// A project that may use the relay.
public struct RelayProject: Sendable, Hashable {
    /// 32 lower-case hex digits in public networks; here any text.
    public var id: String
    /// Origins that browsers of this project may have, as host names; empty for all.
    public var origins: [String]

    /// A project.
    public init(id: String, origins: [String] = []) {
        self.id = id
        self.origins = origins
    }

    /// Whether a browser's `Origin` may speak for this project; a client that sends none is no browser.
    ///
    /// Scheme and port do not matter; `*` stands for one whole label; the own machine is always admitted.
    func admits(origin: String?) -> Bool {
        guard let origin, !origins.isEmpty else { return true }
        let host = Self.host(of: origin)
        if host == "localhost" || host == "127.0.0.1" { return true }
        let labels = host.split(separator: ".", omittingEmptySubsequences: false)
        return origins.contains { pattern in
            let wanted = Self.host(of: pattern).split(separator: ".", omittingEmptySubsequences: false)
            return wanted.count == labels.count && zip(wanted, labels).allSatisfy { $0 == "*" || $0 == $1 }
        }
    }

    private static func host(of origin: String) -> String {
        var rest = origin.lowercased()[...]
        if let scheme = rest.range(ofSlashes: ()) { rest = rest[scheme...] }
        if let end = rest.firstIndex(of: "/") { rest = rest[..<end] }
        if let port = rest.lastIndex(of: ":") { rest = rest[..<port] }
        return String(rest)
    }
}

extension Substring {
    /// Where the text after `://` begins.
    fileprivate func range(ofSlashes: Void) -> Index? {
        var index = startIndex
        while let colon = self[index...].firstIndex(of: ":") {
            let after = self.index(after: colon)
            if self[after...].hasPrefix("//") { return self.index(after, offsetBy: 2) }
            index = after
        }
        return nil
    }
}

/// How much of everything a relay takes.
public struct RelayLimits: Sendable, Hashable {
    /// The text of one message, in bytes; 96 KiB, as public relays have it.
    public var messageBytesMax = 96 << 10
    /// One frame, in bytes; beyond it the connection ends.
    ///
    /// An approval has two messages. There is room for much more: clients send the same again on the next connection, and
    /// a message that is too large is refused with an answer instead.
    public var frameBytesMax = 1 << 20
    /// Topics that one client may be subscribed to; a server has one for each session.
    public var topicsPerClientMax = 100_000
    /// Clients that may be subscribed to one topic; two is usual.
    public var clientsPerTopicMax = 256
    /// Messages that may wait at one topic, counted for each reader.
    public var mailboxPerTopicMax = 1_000
    /// Bytes that may wait in all mailboxes together; 1 GiB.
    public var mailboxBytesMax = 1 << 30
    /// Bytes that may wait for the disk; 64 MiB.
    public var unwrittenBytesMax = 64 << 20
    /// The shortest time to live, in seconds.
    public var ttlSecondsMin: UInt32 = 1
    /// The longest time to live, in seconds; 7 days, the longest life of a request.
    public var ttlSecondsMax: UInt32 = 604_800
    /// Calls of one client in a second.
    public var callsPerSecond = 5_000
    /// Calls of one client at once.
    public var callsBurst = 20_000
    /// Connection attempts in a second, of one claimed client from one address.
    public var connectsPerSecond = 5
    /// Connection attempts at once, of one claimed client from one address.
    public var connectsBurst = 30
    /// Sockets of one client; with more, the oldest is closed.
    ///
    /// Tabs of one web page are one client, and whichever is closed comes back: fewer would push each other out.
    public var socketsPerClientMax = 64
    /// Sockets in all.
    public var socketsMax = 50_000
    /// Bytes waiting in a socket whose reader is slow, beyond which it is closed; 4 MiB.
    public var outboundBytesMax = 4 << 20
    /// Pushes that a socket has not acknowledged and that are remembered for it.
    public var inFlightMax = 10_000
    /// How long a push is not repeated into the socket that has it, in milliseconds.
    public var redeliveryQuietMilliseconds: Int64 = 5_000
    /// How long a write waits for acknowledgements, in milliseconds.
    public var lingerMilliseconds: Int64 = 2
    /// How long a connected client has to subscribe again before its mailbox is delivered anyway, in milliseconds.
    public var resubscribeGraceMilliseconds: Int64 = 5_000
    /// How long a subscription lives without its client, in seconds; 30 days.
    public var subscriptionSecondsMax: Int64 = 30 * 86_400
    /// Messages that are remembered so that their repetition is not delivered again.
    public var rememberedMessagesMax = 262_144
    /// How often a socket is pinged, in seconds; clients give up after 35 seconds of silence.
    public var pingSeconds: Int64 = 20
    /// How many pings may stay unanswered.
    public var pingsMissedMax = 2
    /// How long sockets are given to go when the relay stops, in milliseconds.
    public var drainMilliseconds: Int64 = 3_000
    /// Webhooks of one client.
    public var watchesPerClientMax = 64
    /// Webhook calls that may wait.
    public var webhooksQueuedMax = 10_000

    /// The standard limits.
    public init() {}

    /// No limits of rate any more; those of size stay.
    public mutating func liftRates() {
        // Far above what a machine does, and far from where arithmetic ends.
        let most = 1 << 40
        callsPerSecond = most
        callsBurst = most
        connectsPerSecond = most
        connectsBurst = most
    }

    /// The answer to a message that is too large; clients show its text.
    func sizeError(tag: UInt32) -> RelayError {
        RelayError(
            .payloadSizeExceeded,
            "Payload size limit exceeded. Maximum size for tag \(tag) is \(messageBytesMax)")
    }
}
