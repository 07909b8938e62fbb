public import Primitives

extension VerifyContext {
    /// Reads a record; some clients write a fourth verdict, `SCAM`, which is an invalid origin on the list of frauds.
    ///
    /// - Throws: `PayloadError` with the field that is wrong.
    public static func decode(_ json: JSON) throws(PayloadError) -> VerifyContext {
        try json.required("verified") { (json) throws(PayloadError) -> VerifyContext in
            try json.requireObject()
            let verdict = try json.text("validation", PayloadLimits.nameBytesMax)
            let isFraud = verdict.isExactly("SCAM")
            guard let validation = isFraud ? .invalid : Validation(rawValue: verdict) else {
                throw PayloadError("validation", .malformed)
            }
            return VerifyContext(
                origin: try json.optionalText("origin", PayloadLimits.urlBytesMax) ?? "", validation: validation,
                verifyURL: try json.optionalText("verifyUrl", PayloadLimits.urlBytesMax) ?? "",
                isScam: isFraud ? true : try json.optionalBool("isScam"))
        }
    }
}

/// A request that a wallet has received and not yet answered.
public struct PendingRequest: Sendable, Hashable {
    /// The session.
    public var topic: Topic
    /// The id to answer with.
    public var id: RPCID
    /// The chain it is for.
    public var chain: String
    /// The method.
    public var method: String
    /// The params, exactly as they came; nil when there were none.
    public var params: JSON?
    /// When the app stops waiting, in Unix seconds.
    public var expiry: Int64
    /// What is known of its origin.
    public var verifyContext: VerifyContext

    /// Makes a request.
    public init(
        topic: Topic, id: RPCID, chain: String, method: String, params: JSON?, expiry: Int64,
        verifyContext: VerifyContext
    ) {
        self.topic = topic
        self.id = id
        self.chain = chain
        self.method = method
        self.params = params
        self.expiry = expiry
        self.verifyContext = verifyContext
    }

    /// Reads a record that `json` made.
    ///
    /// - Throws: `PayloadError` with the field that is wrong.
    public static func decode(_ json: JSON) throws(PayloadError) -> PendingRequest {
        try json.requireObject()
        let call = try json.required("params") { (value) throws(PayloadError) -> SessionRequestParams in
            try SessionRequestParams.decode(value)
        }
        guard let expiry = call.expiry else { throw PayloadError("params.request.expiryTimestamp", .missing) }
        return PendingRequest(
            topic: try json.topic("topic"), id: try json.rpcID("id"), chain: call.chainID, method: call.method,
            params: call.params, expiry: expiry,
            verifyContext: try json.required("verifyContext") { (value) throws(PayloadError) -> VerifyContext in
                try VerifyContext.decode(value)
            })
    }

    /// The request as a record.
    public var json: JSON {
        .payload([
            "topic": .string(topic.hex), "id": id.json,
            "params": SessionRequestParams(method: method, params: params, expiry: expiry, chainID: chain).json,
            "verifyContext": verifyContext.json,
        ])
    }
}

/// A way to reach a peer before there is a session.
public struct Pairing: Sendable, Hashable {
    /// Where its messages meet; the hash of its key.
    public var topic: Topic
    /// When it ends, in Unix seconds.
    public var expiry: Int64
    /// The relay.
    public var relay: RelayProtocol
    /// Whether the peer has answered on it.
    public var active: Bool
    /// The methods its address promised.
    public var methods: [String]
    /// How the peer presented itself.
    public var peerMetadata: Metadata?

    /// Makes a pairing.
    public init(
        topic: Topic, expiry: Int64, relay: RelayProtocol = .irn, active: Bool = false, methods: [String] = [],
        peerMetadata: Metadata? = nil
    ) {
        self.topic = topic
        self.expiry = expiry
        self.relay = relay
        self.active = active
        self.methods = methods
        self.peerMetadata = peerMetadata
    }

    /// Reads a record that `json` made.
    ///
    /// - Throws: `PayloadError` with the field that is wrong.
    public static func decode(_ json: JSON) throws(PayloadError) -> Pairing {
        try json.requireObject()
        return Pairing(
            topic: try json.topic("topic"), expiry: try json.seconds("expiry"), relay: try json.relay(),
            active: try json.optionalBool("active") ?? false,
            methods: try json.optional("methods") { (value) throws(PayloadError) -> [String] in
                try value.payloadTexts(PayloadLimits.methodsMax, bytes: PayloadLimits.methodBytesMax)
            } ?? [],
            peerMetadata: try json.optional("peerMetadata") { (value) throws(PayloadError) -> Metadata in
                try Metadata.decode(value)
            })
    }

    /// The pairing as a record.
    public var json: JSON {
        .payload([
            "topic": .string(topic.hex), "expiry": JSON(expiry), "relay": relay.json, "active": .bool(active),
            "methods": methods.isEmpty ? JSON?.none : .texts(methods), "peerMetadata": peerMetadata?.json,
        ])
    }
}
