public import Primitives

/// What a dApp asks a wallet to sign: the `authPayload` of `wc_sessionAuthenticate`, and each entry of
/// `requests.authentication` in a proposal.
///
/// Times are kept as the texts that go into the message. Standard:
/// [CAIP-122](https://chainagnostic.org/CAIPs/caip-122).
public struct AuthPayload: Sendable, Hashable {
    /// `caip122`; older peers write `eip4361` or nothing.
    public var type: String?
    /// The chains on which the dApp accepts a signature, as CAIP-2 ids.
    public var chains: [String]
    /// The host that asks, as in `app.example.com`.
    public var domain: String
    /// The page that asks, a URL.
    public var audience: String
    /// `1`.
    public var version: String
    /// What keeps an answer from being used twice.
    public var nonce: String
    /// When the request was made, in RFC 3339.
    public var issuedAt: String
    /// Until when the signature is good, in RFC 3339.
    public var expiration: String?
    /// From when the signature is good, in RFC 3339.
    public var notBefore: String?
    /// What the person reads.
    public var statement: String?
    /// The dApp's own id of the request.
    public var requestID: String?
    /// URIs the person agrees to; the last may be a ReCap.
    public var resources: [String]?
    /// Which signature types the dApp can check, by namespace: `{"eip155": ["eip191"]}`; as it was written.
    public var signatureTypes: JSON?

    /// A payload with these parts.
    public init(
        type: String? = "caip122", chains: [String], domain: String, audience: String, version: String = "1",
        nonce: String, issuedAt: String, expiration: String? = nil, notBefore: String? = nil,
        statement: String? = nil, requestID: String? = nil, resources: [String]? = nil, signatureTypes: JSON? = nil
    ) {
        self.type = type
        self.chains = chains
        self.domain = domain
        self.audience = audience
        self.version = version
        self.nonce = nonce
        self.issuedAt = issuedAt
        self.expiration = expiration
        self.notBefore = notBefore
        self.statement = statement
        self.requestID = requestID
        self.resources = resources
        self.signatureTypes = signatureTypes
    }

    /// Reads a peer's payload; unknown members are passed over and `null` counts as absent.
    ///
    /// - Throws: ``AuthError`` with the member that is missing, wrong or too long.
    public init(json: JSON) throws(AuthError) {
        let reader = try AuthReader(json, path: "")
        type = try reader.optionalText("type")
        guard let chains = try reader.optionalTexts("chains", countMax: AuthLimits.chainsMax) else {
            throw .missing("chains")
        }
        self.chains = chains
        domain = try reader.text("domain")
        // Older peers send the page as `uri`.
        if let audience = try reader.optionalText("aud") {
            self.audience = audience
        } else if let uri = try reader.optionalText("uri") {
            audience = uri
        } else {
            throw .missing("aud")
        }
        version = try reader.text("version")
        nonce = try reader.text("nonce")
        issuedAt = try reader.text("iat")
        expiration = try reader.optionalText("exp")
        notBefore = try reader.optionalText("nbf")
        statement = try reader.optionalText("statement")
        requestID = try reader.optionalText("requestId")
        resources = try reader.optionalTexts("resources", countMax: AuthLimits.resourcesMax)
        signatureTypes = reader.value("signatureTypes")
        if let signatureTypes, signatureTypes.members == nil { throw .wrongType("signatureTypes") }
    }

    /// The payload as it travels.
    public var json: JSON {
        JSON.object(omittingNil: [
            "type": type.map { JSON.string($0) },
            "chains": .array(chains.map { JSON.string($0) }),
            "domain": .string(domain),
            "aud": .string(audience),
            "version": .string(version),
            "nonce": .string(nonce),
            "iat": .string(issuedAt),
            "exp": expiration.map { JSON.string($0) },
            "nbf": notBefore.map { JSON.string($0) },
            "statement": statement.map { JSON.string($0) },
            "requestId": requestID.map { JSON.string($0) },
            "resources": resources.map { JSON.array($0.map { JSON.string($0) }) },
            "signatureTypes": signatureTypes,
        ])
    }

    /// The signature types the dApp can check on chains of `namespace`; nil when it did not say.
    public func signatureTypes(of namespace: String) -> [String]? {
        signatureTypes?[namespace]?.array?.compactMap(\.string)
    }
}
