public import Primitives

/// What a dApp's code gives to ask for a sign-in; ``payload(issuedAt:)`` makes the wire form of it.
///
/// ```swift
/// let request = AuthRequest(
///     domain: "app.example.com", uri: "https://app.example.com/login", chains: ["eip155:1"], nonce: nonce,
///     statement: "Sign in to Example", methods: ["personal_sign"])
/// ```
public struct AuthRequest: Sendable, Hashable {
    /// The host that asks, as in `app.example.com`.
    public var domain: String
    /// The page that asks; travels as `aud`.
    public var uri: String
    /// The chains on which a signature is accepted, as CAIP-2 ids of one namespace.
    public var chains: [String]
    /// What keeps an answer from being used twice: fresh for each request.
    public var nonce: String
    /// `caip122` unless the wallet is known to want the older `eip4361`.
    public var type: String?
    /// What the person reads.
    public var statement: String?
    /// Until when the signature is good, in RFC 3339.
    public var expiration: String?
    /// From when the signature is good, in RFC 3339.
    public var notBefore: String?
    /// The dApp's own id of the request.
    public var requestID: String?
    /// URIs the person agrees to; the last may be a ReCap.
    public var resources: [String]?
    /// The methods a session should have; they become a ReCap, and without them there is no session, only a sign-in.
    public var methods: [String]
    /// Which signature types can be checked, by namespace.
    public var signatureTypes: JSON?
    /// How long the wallet has to answer; nil for the client's default.
    public var lifetimeSeconds: Int64?

    /// A request with these parts.
    public init(
        domain: String, uri: String, chains: [String], nonce: String, type: String? = nil, statement: String? = nil,
        expiration: String? = nil, notBefore: String? = nil, requestID: String? = nil, resources: [String]? = nil,
        methods: [String] = [], signatureTypes: JSON? = nil, lifetimeSeconds: Int64? = nil
    ) {
        self.domain = domain
        self.uri = uri
        self.chains = chains
        self.nonce = nonce
        self.type = type
        self.statement = statement
        self.expiration = expiration
        self.notBefore = notBefore
        self.requestID = requestID
        self.resources = resources
        self.methods = methods
        self.signatureTypes = signatureTypes
        self.lifetimeSeconds = lifetimeSeconds
    }

    /// The payload for `wc_sessionAuthenticate`: with a ReCap of ``methods`` as the last resource when there are any,
    /// merged with a ReCap that was the last resource before.
    ///
    /// `statement` and `resources` are always there, empty if need be, as the JavaScript client writes them.
    ///
    /// - Throws: ``AuthError/noSupportedChains`` without a chain, ``AuthError/recap(_:)`` for a wrong ReCap in
    ///   ``resources``.
    public func payload(issuedAt: Timestamp) throws(AuthError) -> AuthPayload {
        guard let first = chains.first else { throw .noSupportedChains }
        var payload = proposalPayload(issuedAt: issuedAt)
        payload.statement = statement ?? ""
        var resources = resources ?? []
        if !methods.isEmpty {
            let namespace = String(first.prefix(while: { $0 != ":" }))
            var recap = Recap(resource: namespace, ability: "request", actions: methods)
            if let last = resources.last, Recap.isRecap(last) {
                recap = recap.merging(try Recap.decode(last))
                resources.removeLast()
            }
            resources.append(recap.encoded)
        }
        payload.resources = resources
        return payload
    }

    /// The payload for `requests.authentication` of a proposal: what is absent stays absent, and methods play no part,
    /// since the proposal has its namespaces.
    public func proposalPayload(issuedAt: Timestamp) -> AuthPayload {
        AuthPayload(
            type: type ?? "caip122", chains: chains, domain: domain, audience: uri, nonce: nonce,
            issuedAt: issuedAt.rfc3339, expiration: expiration, notBefore: notBefore, statement: statement,
            requestID: requestID, resources: resources, signatureTypes: signatureTypes)
    }
}
