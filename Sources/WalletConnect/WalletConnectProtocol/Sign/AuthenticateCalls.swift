public import Primitives

/// A request for signed statements, and perhaps a session: wc_sessionAuthenticate.
public struct AuthenticateParams: Sendable, Hashable {
    /// The app.
    public var requester: Participant
    /// What is to be signed, as it was sent.
    public var authPayload: JSON
    /// When the app stops waiting, in Unix seconds; nil when it did not say.
    public var expiry: Int64?

    /// Makes params.
    public init(requester: Participant, authPayload: JSON, expiry: Int64?) {
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
            authPayload: try json.required("authPayload") { (value) throws(PayloadError) -> JSON in
                try value.payloadObject()
            },
            expiry: try json.optionalSeconds("expiryTimestamp"))
    }

    /// The params as they are sent.
    public var json: JSON {
        .payload([
            "authPayload": authPayload, "requester": requester.json, "expiryTimestamp": expiry.map { JSON($0) },
        ])
    }
}

/// A wallet's signed statements: the result of wc_sessionAuthenticate.
public struct AuthenticateResult: Sendable, Hashable {
    /// One signed statement (CACAO) for each chain, as they were sent.
    public var cacaos: [JSON]
    /// The wallet.
    public var responder: Participant

    /// Makes a result.
    public init(cacaos: [JSON], responder: Participant) {
        self.cacaos = cacaos
        self.responder = responder
    }

    /// Reads a result.
    ///
    /// - Throws: `PayloadError` with the field that is wrong.
    public static func decode(_ json: JSON) throws(PayloadError) -> AuthenticateResult {
        try json.requireObject()
        return AuthenticateResult(
            cacaos: try json.required("cacaos") { (value) throws(PayloadError) -> [JSON] in
                try value.payloadArray(PayloadLimits.cacaosMax) { (cacao) throws(PayloadError) -> JSON in
                    try cacao.payloadObject()
                }
            },
            responder: try json.required("responder") { (value) throws(PayloadError) -> Participant in
                try Participant.decode(value)
            })
    }

    /// The result as it is sent.
    public var json: JSON { ["cacaos": .array(cacaos), "responder": responder.json] }
}
