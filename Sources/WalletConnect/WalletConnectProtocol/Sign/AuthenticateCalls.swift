public import Primitives

/// A request for signed statements, and perhaps a session: wc_sessionAuthenticate.
public struct AuthenticateParams: Sendable, Hashable {
    /// The app.
    public var requester: Participant
    /// What is to be signed.
    public var authPayload: AuthPayload
    /// When the app stops waiting, in Unix seconds; nil when it did not say.
    public var expiry: Int64?

    /// Makes params.
    public init(requester: Participant, authPayload: AuthPayload, expiry: Int64?) {
        self.requester = requester
        self.authPayload = authPayload
        self.expiry = expiry
    }

    /// Reads params.
    ///
    /// - Throws: `PayloadError` with the field that is wrong.
    public static func decode(_ json: JSON) throws(PayloadError) -> AuthenticateParams {
        try json.requireObject()
        return AuthenticateParams(
            requester: try json.required("requester") { (value) throws(PayloadError) -> Participant in
                try Participant.decode(value)
            },
            authPayload: try json.required("authPayload") { (value) throws(PayloadError) -> AuthPayload in
                do throws(AuthError) {
                    return try AuthPayload(json: value)
                } catch {
                    throw PayloadError(auth: error)
                }
            },
            expiry: try json.optionalSeconds("expiryTimestamp"))
    }

    /// The params as they are sent.
    public var json: JSON {
        .payload([
            "authPayload": authPayload.json, "requester": requester.json, "expiryTimestamp": expiry.map { JSON($0) },
        ])
    }
}

/// A wallet's signed statements: the result of wc_sessionAuthenticate.
public struct AuthenticateResult: Sendable, Hashable {
    /// One signed statement for each chain.
    public var cacaos: [Cacao]
    /// The wallet.
    public var responder: Participant

    /// Makes a result.
    public init(cacaos: [Cacao], responder: Participant) {
        self.cacaos = cacaos
        self.responder = responder
    }

    /// Reads a result.
    ///
    /// - Throws: `PayloadError` with the field that is wrong.
    public static func decode(_ json: JSON) throws(PayloadError) -> AuthenticateResult {
        try json.requireObject()
        return AuthenticateResult(
            cacaos: try json.cacaos("cacaos"),
            responder: try json.required("responder") { (value) throws(PayloadError) -> Participant in
                try Participant.decode(value)
            })
    }

    /// The result as it is sent.
    public var json: JSON { .payload(["cacaos": .array(cacaos.map(\.json)), "responder": responder.json]) }
}

extension JSON {
    /// The signed statements called `name`.
    func cacaos(_ name: String) throws(PayloadError) -> [Cacao] {
        try required(name) { (value) throws(PayloadError) -> [Cacao] in
            try value.payloadArray(AuthLimits.cacaosMax) { (cacao) throws(PayloadError) -> Cacao in
                do throws(AuthError) {
                    return try Cacao(json: cacao)
                } catch {
                    throw PayloadError(auth: error)
                }
            }
        }
    }

    /// The signed statements called `name` if they are there.
    func optionalCacaos(_ name: String) throws(PayloadError) -> [Cacao]? {
        field(name) == nil ? nil : try cacaos(name)
    }
}

extension PayloadError {
    /// What is wrong with a part of a sign-in.
    init(auth error: AuthError) {
        switch error {
        case .missing(let path): self.init(path, .missing)
        case .missingAudience: self.init("aud", .missing)
        case .wrongType(let path): self.init(path, .malformed)
        case .tooLong(let path): self.init(path, .tooLong(maxBytes: AuthLimits.textBytesMax))
        default: self.init("", .malformed)
        }
    }
}
