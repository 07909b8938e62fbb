public import Primitives

/// A signed sign-in: header, what was signed, and the signature.
///
/// Standard: [CAIP-74](https://chainagnostic.org/CAIPs/caip-74), with the message of CAIP-122.
public struct Cacao: Sendable, Hashable {
    /// Which message was signed.
    public var header: Header
    /// What was signed.
    public var payload: Payload
    /// The signature.
    public var signature: Signature

    /// The `h` of a CACAO.
    public struct Header: Sendable, Hashable {
        /// `caip122`, or the older `eip4361`.
        public var type: String

        /// A header.
        public init(type: String = "caip122") {
            self.type = type
        }
    }

    /// The `p` of a CACAO.
    public struct Payload: Sendable, Hashable {
        /// Who signed, as `did:pkh:eip155:1:0x…`.
        public var issuer: String
        /// The host that asked.
        public var domain: String
        /// The page that asked.
        public var audience: String?
        /// The page that asked, under the name of older peers; the message shows it when there is no audience.
        public var uri: String?
        /// `1`.
        public var version: String
        /// The nonce that was asked for.
        public var nonce: String
        /// When, in RFC 3339.
        public var issuedAt: String
        /// From when the signature is good, in RFC 3339.
        public var notBefore: String?
        /// Until when the signature is good, in RFC 3339.
        public var expiration: String?
        /// What the person read.
        public var statement: String?
        /// The dApp's own id of the request.
        public var requestID: String?
        /// What the person agreed to.
        public var resources: [String]?

        /// A payload with these parts.
        public init(
            issuer: String, domain: String, audience: String?, uri: String? = nil, version: String = "1",
            nonce: String, issuedAt: String, notBefore: String? = nil, expiration: String? = nil,
            statement: String? = nil, requestID: String? = nil, resources: [String]? = nil
        ) {
            self.issuer = issuer
            self.domain = domain
            self.audience = audience
            self.uri = uri
            self.version = version
            self.nonce = nonce
            self.issuedAt = issuedAt
            self.notBefore = notBefore
            self.expiration = expiration
            self.statement = statement
            self.requestID = requestID
            self.resources = resources
        }

        /// What a wallet signs when it answers `request` as `issuer`.
        ///
        /// - Parameter issuer: with or without `did:pkh:`; it is put in front when it is not there.
        public init(answering request: AuthPayload, issuer: String) {
            self.init(
                issuer: issuer.hasPrefix(Issuer.prefix) ? issuer : Issuer.prefix + issuer, domain: request.domain,
                audience: request.audience, version: request.version, nonce: request.nonce,
                issuedAt: request.issuedAt, notBefore: request.notBefore, expiration: request.expiration,
                statement: request.statement, requestID: request.requestID, resources: request.resources)
        }
    }

    /// The `s` of a CACAO.
    public struct Signature: Sendable, Hashable {
        /// `eip191` (a key), `eip1271` (a contract), `eip6492` (a contract that may not be deployed yet).
        public var type: String
        /// The signature, for EVM chains as `0x` and hex digits.
        public var value: String
        /// The message that the signer says it signed; never trusted, only compared.
        public var message: String?

        /// A signature.
        public init(type: String, value: String, message: String? = nil) {
            self.type = type
            self.value = value
            self.message = message
        }
    }

    /// A CACAO of its three parts.
    public init(header: Header = Header(), payload: Payload, signature: Signature) {
        self.header = header
        self.payload = payload
        self.signature = signature
    }

    /// The sign-in with which a wallet answers `request`: the JavaScript client's `buildAuthObject`.
    public init(answering request: AuthPayload, issuer: String, signature: Signature) {
        self.init(payload: Payload(answering: request, issuer: issuer), signature: signature)
    }

    /// Reads a peer's CACAO; unknown members are passed over and `null` counts as absent.
    ///
    /// - Throws: ``AuthError`` with the member that is missing, wrong or too long.
    public init(json: JSON) throws(AuthError) {
        let reader = try AuthReader(json, path: "")
        let header = try AuthReader(reader.required("h"), path: "h")
        self.header = Header(type: try header.text("t"))
        payload = try Payload(json: reader.required("p"))
        let signature = try AuthReader(reader.required("s"), path: "s")
        // Two digits a byte and `0x`.
        let digitsMax = 2 * AuthLimits.signatureBytesMax + 2
        self.signature = Signature(
            type: try signature.text("t"),
            value: try AuthReader.text(signature.required("s"), at: "s.s", bytesMax: digitsMax),
            message: try signature.optionalText("m"))
    }

    /// Reads the list of an answer.
    ///
    /// - Throws: ``AuthError``; a list of more than ``AuthLimits/cacaosMax`` is refused.
    public static func list(json: JSON) throws(AuthError) -> [Cacao] {
        guard let elements = json.array else { throw .wrongType("cacaos") }
        guard elements.count <= AuthLimits.cacaosMax else { throw .tooLong("cacaos") }
        var cacaos: [Cacao] = []
        for element in elements { cacaos.append(try Cacao(json: element)) }
        return cacaos
    }

    /// The CACAO as it travels.
    public var json: JSON {
        [
            "h": ["t": .string(header.type)],
            "p": payload.json,
            "s": JSON.object(omittingNil: [
                "t": .string(signature.type), "s": .string(signature.value),
                "m": signature.message.map { JSON.string($0) },
            ]),
        ]
    }
}

extension Cacao.Payload {
    /// Reads the `p` of a CACAO.
    ///
    /// - Throws: ``AuthError`` with the member that is missing, wrong or too long.
    public init(json: JSON) throws(AuthError) {
        let reader = try AuthReader(json, path: "p")
        self.init(
            issuer: try reader.text("iss"), domain: try reader.text("domain"),
            audience: try reader.optionalText("aud"), uri: try reader.optionalText("uri"),
            version: try reader.text("version"), nonce: try reader.text("nonce"), issuedAt: try reader.text("iat"),
            notBefore: try reader.optionalText("nbf"), expiration: try reader.optionalText("exp"),
            statement: try reader.optionalText("statement"), requestID: try reader.optionalText("requestId"),
            resources: try reader.optionalTexts("resources", countMax: AuthLimits.resourcesMax))
    }

    /// The `p` as it travels.
    public var json: JSON {
        JSON.object(omittingNil: [
            "iss": .string(issuer),
            "domain": .string(domain),
            "aud": audience.map { JSON.string($0) },
            "uri": uri.map { JSON.string($0) },
            "version": .string(version),
            "nonce": .string(nonce),
            "iat": .string(issuedAt),
            "nbf": notBefore.map { JSON.string($0) },
            "exp": expiration.map { JSON.string($0) },
            "statement": statement.map { JSON.string($0) },
            "requestId": requestID.map { JSON.string($0) },
            "resources": resources.map { JSON.array($0.map { JSON.string($0) }) },
        ])
    }
}
