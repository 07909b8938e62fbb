public import Cryptography
public import Primitives

/// The token by which a client lets a service watch its messages: the relay calls the service's webhook.
///
/// Standard: [WalletConnect 2.0 relay webhooks](https://specs.walletconnect.com/2.0/specs/servers/relay/relay-server-rpc#watch).
public enum WatchToken {
    /// What the token is for; in `act`.
    public enum Action: String, Sendable, Hashable {
        /// From now on.
        case register = "irn_watchRegister"
        /// No longer.
        case unregister = "irn_watchUnregister"
    }

    /// Which side of a message is watched; in `typ`.
    public enum Role: String, Sendable, Hashable {
        /// What the client receives.
        case subscriber
        /// What the client sends.
        case publisher

        /// What can happen to a message as this side sees it.
        public var statuses: Set<Status> {
            switch self {
            case .subscriber: [.accepted, .queued, .delivered]
            case .publisher: [.accepted]
            }
        }
    }

    /// What happened to a message; in `sts`.
    public enum Status: String, Sendable, Hashable, CaseIterable {
        /// The relay took it.
        case accepted
        /// The subscriber is away.
        case queued
        /// The subscriber has it.
        case delivered
    }

    /// The longest webhook URL, in characters.
    public static let webhookURLCharactersMax = 256
    /// The longest service URL, in characters.
    public static let serviceURLCharactersMax = 256
    /// The longest life of a registration, in seconds.
    public static let lifetimeSecondsMax: Int64 = 2_592_000
    /// Webhooks a watched client may have.
    public static let watchersMax = 64
    /// Tags of one registration.
    public static let tagsMax = 64

    /// What a registration or its end says.
    public struct Claims: Sendable, Hashable {
        /// Register or unregister.
        public var action: Action
        /// Which side is watched.
        public var role: Role
        /// The relay's URL.
        public var audience: String
        /// The service that watches; with the webhook it identifies the registration.
        public var serviceURL: String
        /// Where the relay calls.
        public var webhookURL: String
        /// Messages with these tags; none for unregistering.
        public var tags: [UInt32]
        /// What the service wants to hear of; none for unregistering.
        public var statuses: [Status]
        /// When it begins, in seconds since the Unix epoch.
        public var issuedAt: Int64
        /// When it ends, in seconds since the Unix epoch.
        public var expiry: Int64

        /// Claims to sign.
        public init(
            action: Action, role: Role, audience: String, serviceURL: String, webhookURL: String, tags: [UInt32] = [],
            statuses: [Status] = [], issuedAt: Int64, expiry: Int64
        ) {
            self.action = action
            self.role = role
            self.audience = audience
            self.serviceURL = serviceURL
            self.webhookURL = webhookURL
            self.tags = tags
            self.statuses = statuses
            self.issuedAt = issuedAt
            self.expiry = expiry
        }
    }

    /// A token of the watched client, who alone can allow this.
    public static func sign(_ claims: Claims, key: Ed25519.PrivateKey) -> String {
        let isRegistration = claims.action == .register
        return JWT.sign(
            .object(omittingNil: [
                "iss": .string(DIDKey(key.publicKey).text), "aud": .string(claims.audience),
                "sub": .string(claims.serviceURL), "iat": JSON(claims.issuedAt), "exp": JSON(claims.expiry),
                "act": .string(claims.action.rawValue), "typ": .string(claims.role.rawValue),
                "whu": .string(claims.webhookURL),
                "tag": isRegistration ? .array(claims.tags.map { JSON(Int64($0)) }) : nil,
                "sts": isRegistration ? .array(claims.statuses.map { .string($0.rawValue) }) : nil,
            ]), key: key)
    }

    /// Checks everything that a relay checks, and returns the watched client with its claims.
    ///
    /// - Throws: `WatchTokenError`.
    public static func verify(
        _ token: String, action: Action, audiences: Set<String>?, now: Timestamp
    ) throws(WatchTokenError) -> (client: DIDKey, claims: Claims) {
        let opened: (claims: JSON, issuer: DIDKey)
        let time: (issuedAt: Int64, expiry: Int64)
        let audience: String
        do throws(RelayTokenError) {
            opened = try JWT.open(token)
            time = try RelayToken.checkTime(opened.claims, now: now, leewaySeconds: RelayToken.leewaySeconds)
            audience = try RelayToken.checkAudience(opened.claims, audiences)
        } catch {
            throw .token(error)
        }
        let claims = try read(opened.claims, action, audience: audience, issuedAt: time.issuedAt, expiry: time.expiry)
        return (opened.issuer, claims)
    }

    private static func read(
        _ json: JSON, _ action: Action, audience: String, issuedAt: Int64, expiry: Int64
    ) throws(WatchTokenError) -> Claims {
        guard json["act"]?.string == action.rawValue else { throw .invalidAction }
        guard let role = json["typ"]?.string.flatMap(Role.init) else { throw .invalidRole }
        let (life, overflow) = expiry.subtractingReportingOverflow(issuedAt)
        guard !overflow, 0...lifetimeSecondsMax ~= life else { throw .invalidLifetime }
        guard let service = json["sub"]?.string, isURL(service, charactersMax: serviceURLCharactersMax) else {
            throw .invalidServiceURL
        }
        guard let webhook = json["whu"]?.string, isURL(webhook, charactersMax: webhookURLCharactersMax) else {
            throw .invalidWebhookURL
        }
        var claims = Claims(
            action: action, role: role, audience: audience, serviceURL: service, webhookURL: webhook,
            issuedAt: issuedAt, expiry: expiry)
        guard action == .register else { return claims }
        guard let tags = json["tag"]?.array, 1...tagsMax ~= tags.count else { throw .invalidTags }
        for tag in tags {
            guard let number = tag.int, let value = UInt32(exactly: number) else { throw .invalidTags }
            claims.tags.append(value)
        }
        guard let statuses = json["sts"]?.array, 1...Status.allCases.count ~= statuses.count else {
            throw .invalidStatus
        }
        for status in statuses {
            guard let value = status.string.flatMap(Status.init), role.statuses.contains(value) else {
                throw .invalidStatus
            }
            claims.statuses.append(value)
        }
        return claims
    }

    /// Whether a text looks like a web address: a scheme, something behind it, no spaces.
    private static func isURL(_ text: String, charactersMax: Int) -> Bool {
        guard text.utf8.count <= charactersMax, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return false }
        for scheme in ["https://", "http://"] where text.utf8.starts(with: scheme.utf8) {
            guard let first = text.utf8.dropFirst(scheme.utf8.count).first else { return false }
            return first != UInt8(ascii: "/") && first != UInt8(ascii: "?") && first != UInt8(ascii: "#")
        }
        return false
    }
}

/// Why a watch token was refused.
public enum WatchTokenError: Error, Equatable, Sendable {
    /// As a token.
    case token(RelayTokenError)
    /// `act` is another than was called for.
    case invalidAction
    /// `typ` is neither subscriber nor publisher.
    case invalidRole
    /// Ends before it begins, or lives longer than 30 days.
    case invalidLifetime
    /// `sub` is no web address of at most 256 characters.
    case invalidServiceURL
    /// `whu` is no web address of at most 256 characters.
    case invalidWebhookURL
    /// `tag` is not one to 64 tags.
    case invalidTags
    /// `sts` is empty, or names what this side cannot see.
    case invalidStatus

    /// What a relay answers.
    public var relayError: RelayError {
        switch self {
        case .token: RelayError(.invalidWatchJWT)
        case .invalidAction: RelayError(.invalidAction)
        case .invalidLifetime: RelayError(.invalidTTL)
        case .invalidServiceURL: RelayError(.invalidServiceURL)
        case .invalidWebhookURL: RelayError(.invalidWebhookURL)
        case .invalidRole, .invalidTags, .invalidStatus: RelayError(.invalidWatchJWT, "\(self)")
        }
    }
}

/// What a relay tells a webhook: one message and what happened to it, signed by the relay.
public struct WatchEvent: Sendable, Hashable {
    /// What stands in `act`.
    public static let action = "irn_watchEvent"

    /// The watched client.
    public var client: String
    /// Which side is watched.
    public var role: WatchToken.Role
    /// The service that watches, and for which the token is.
    public var serviceURL: String
    /// Where the relay calls.
    public var webhookURL: String
    /// The relay's id of the message, for irn_batchReceive.
    public var messageID: UInt64
    /// What happened.
    public var status: WatchToken.Status
    /// The message as it was taken.
    public var push: RelayPush

    /// An event.
    public init(
        client: String, role: WatchToken.Role, serviceURL: String, webhookURL: String, messageID: UInt64,
        status: WatchToken.Status, push: RelayPush
    ) {
        self.client = client
        self.role = role
        self.serviceURL = serviceURL
        self.webhookURL = webhookURL
        self.messageID = messageID
        self.status = status
        self.push = push
    }

    /// The token that is sent as `{"eventAuth":[token]}`, signed with the relay's key.
    public func sign(_ key: Ed25519.PrivateKey, issuedAt: Timestamp, lifetimeSeconds: Int64) -> String {
        let begin = issuedAt.wholeSeconds
        let (end, overflow) = begin.addingReportingOverflow(lifetimeSeconds)
        return JWT.sign(
            [
                "iss": .string(DIDKey(key.publicKey).text), "aud": .string(serviceURL), "sub": .string(client),
                "iat": JSON(begin), "exp": JSON(overflow ? .max : end), "act": .string(Self.action),
                "typ": .string(role.rawValue), "whu": .string(webhookURL), "evt": evt,
            ], key: key)
    }

    private var evt: JSON {
        .object(omittingNil: [
            "messageId": JSON(messageID), "status": .string(status.rawValue), "topic": .string(push.topic.hex),
            "message": .string(push.message), "attestation": push.attestation.map { .string($0) },
            "publishedAt": JSON(push.publishedAt.milliseconds), "tag": JSON(Int64(push.tag)),
        ])
    }
}
