public import Primitives

/// How an app presents itself to its peer; nothing of it is proven.
///
/// ```swift
/// Metadata(name: "Shop", description: "Sells things", url: "https://shop.example", icons: [])
/// ```
public struct Metadata: Sendable, Hashable {
    /// Where the app can be called back on the same device.
    public struct Redirect: Sendable, Hashable {
        /// A link of the app's own scheme, such as `shop://`.
        public var native: String?
        /// An `https` link that the app has claimed.
        public var universal: String?
        /// Whether messages may travel inside the universal link instead of over the relay.
        public var linkMode: Bool?

        /// Makes a redirect.
        public init(native: String? = nil, universal: String? = nil, linkMode: Bool? = nil) {
            self.native = native
            self.universal = universal
            self.linkMode = linkMode
        }
    }

    /// The name that users are shown.
    public var name: String
    /// One sentence about the app.
    public var description: String
    /// The app's address, which the Verify service compares with where a request came from.
    public var url: String
    /// Links to pictures.
    public var icons: [String]
    /// The server that the app registers its requests with, if not the usual one.
    public var verifyURL: String?
    /// Where the app can be called back.
    public var redirect: Redirect?

    /// Makes metadata.
    public init(
        name: String = "", description: String = "", url: String = "", icons: [String] = [], verifyURL: String? = nil,
        redirect: Redirect? = nil
    ) {
        self.name = name
        self.description = description
        self.url = url
        self.icons = icons
        self.verifyURL = verifyURL
        self.redirect = redirect
    }

    /// Reads metadata; what is missing or `null` is empty.
    ///
    /// - Throws: `PayloadError` for a field of another type or above its bound.
    public static func decode(_ json: JSON) throws(PayloadError) -> Metadata {
        try json.requireObject()
        return Metadata(
            name: try json.optionalText("name", PayloadLimits.nameBytesMax) ?? "",
            description: try json.optionalText("description", PayloadLimits.descriptionBytesMax) ?? "",
            url: try json.optionalText("url", PayloadLimits.urlBytesMax) ?? "",
            icons: try json.optional("icons") { (icons) throws(PayloadError) -> [String] in
                try icons.payloadTexts(PayloadLimits.iconsMax, bytes: PayloadLimits.iconBytesMax)
            } ?? [],
            verifyURL: try json.optionalText("verifyUrl", PayloadLimits.urlBytesMax),
            redirect: try json.optional("redirect") { (redirect) throws(PayloadError) -> Redirect in
                try redirect.requireObject()
                return Redirect(
                    native: try redirect.optionalText("native", PayloadLimits.urlBytesMax),
                    universal: try redirect.optionalText("universal", PayloadLimits.urlBytesMax),
                    linkMode: try redirect.optionalBool("linkMode"))
            })
    }

    /// The metadata as it is sent.
    public var json: JSON {
        .payload([
            "name": .string(name), "description": .string(description), "url": .string(url), "icons": .texts(icons),
            "verifyUrl": verifyURL.map { .string($0) },
            "redirect": redirect.map { redirect in
                .payload([
                    "native": redirect.native.map { .string($0) },
                    "universal": redirect.universal.map { .string($0) },
                    "linkMode": redirect.linkMode.map { .bool($0) },
                ])
            },
        ])
    }
}

/// One side of a session: its key for the agreement, and how it presents itself.
public struct Participant: Sendable, Hashable {
    /// The X25519 public key in 64 lower-case digits, as it was sent.
    public var publicKey: String
    /// How the side presents itself.
    public var metadata: Metadata

    /// Makes a participant.
    public init(publicKey: String, metadata: Metadata) {
        self.publicKey = publicKey
        self.metadata = metadata
    }

    /// Reads a participant; missing metadata is empty.
    ///
    /// - Throws: `PayloadError` with the field that is wrong.
    public static func decode(_ json: JSON) throws(PayloadError) -> Participant {
        try json.requireObject()
        let key = try json.text("publicKey", PayloadLimits.publicKeyBytesMax)
        guard !key.isEmpty else { throw PayloadError("publicKey", .empty) }
        return Participant(
            publicKey: key,
            metadata: try json.optional("metadata") { (metadata) throws(PayloadError) -> Metadata in
                try Metadata.decode(metadata)
            } ?? Metadata())
    }

    /// The participant as it is sent.
    public var json: JSON {
        .payload(["publicKey": .string(publicKey), "metadata": metadata.json])
    }
}

extension RelayProtocol {
    /// Reads a relay protocol.
    ///
    /// - Throws: `PayloadError` with the field that is wrong.
    public static func decode(_ json: JSON) throws(PayloadError) -> RelayProtocol {
        try json.requireObject()
        let name = try json.text("protocol", PayloadLimits.relayBytesMax)
        guard !name.isEmpty else { throw PayloadError("protocol", .empty) }
        return RelayProtocol(name: name, data: try json.optionalText("data", PayloadLimits.relayBytesMax))
    }

    /// The relay protocol as it is sent.
    public var json: JSON {
        .payload(["protocol": .string(name), "data": data.map { .string($0) }])
    }
}
