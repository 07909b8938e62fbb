public import Primitives

/// New namespaces for a session: wc_sessionUpdate.
public struct SessionUpdateParams: Sendable, Hashable {
    /// What is approved from now on, all of it.
    public var namespaces: NamespaceMap<SessionNamespace>

    /// Makes params.
    public init(namespaces: NamespaceMap<SessionNamespace>) {
        self.namespaces = namespaces
    }

    /// Reads params.
    ///
    /// - Throws: `PayloadError` with the field that is wrong.
    public static func decode(_ json: JSON) throws(PayloadError) -> SessionUpdateParams {
        try json.requireObject()
        return SessionUpdateParams(namespaces: try json.sessionNamespaces())
    }

    /// The params as they are sent.
    public var json: JSON { .payload(["namespaces": namespaces.json]) }
}

/// A longer life for a session: wc_sessionExtend.
///
/// JavaScript clients send `{}`, others need the expiry: so it is always sent, and may be missing when read.
public struct SessionExtendParams: Sendable, Hashable {
    /// When the session ends from now on, in Unix seconds; nil when the peer did not say.
    public var expiry: Int64?

    /// Makes params.
    public init(expiry: Int64?) {
        self.expiry = expiry
    }

    /// Reads params; no params at all are as good as `{}`.
    ///
    /// - Throws: `PayloadError` with the field that is wrong.
    public static func decode(_ json: JSON) throws(PayloadError) -> SessionExtendParams {
        if json.isNull { return SessionExtendParams(expiry: nil) }
        try json.requireObject()
        return SessionExtendParams(expiry: try json.optionalSeconds("expiry"))
    }

    /// The params as they are sent.
    public var json: JSON { .payload(["expiry": expiry.map { JSON($0) }]) }
}

/// Something an app wants done: wc_sessionRequest.
public struct SessionRequestParams: Sendable, Hashable {
    /// The method.
    public var method: String
    /// The method's params, as they were sent; nil when there were none.
    public var params: JSON?
    /// When the app stops waiting, in Unix seconds; nil when it did not say.
    public var expiry: Int64?
    /// The chain it is for.
    public var chainID: String

    /// Makes params.
    public init(method: String, params: JSON?, expiry: Int64?, chainID: String) {
        self.method = method
        self.params = params
        self.expiry = expiry
        self.chainID = chainID
    }

    /// Reads params; the expiry is read from `expiryTimestamp`, or from `expiry` as the specification calls it.
    ///
    /// - Throws: `PayloadError` with the field that is wrong.
    public static func decode(_ json: JSON) throws(PayloadError) -> SessionRequestParams {
        try json.requireObject()
        let chain = try json.text("chainId", PayloadLimits.chainBytesMax)
        return try json.required("request") { (request) throws(PayloadError) -> SessionRequestParams in
            try request.requireObject()
            let method = try request.text("method", PayloadLimits.methodBytesMax)
            guard !method.isEmpty else { throw PayloadError("method", .empty) }
            let expiry = try request.optionalSeconds("expiryTimestamp")
            return SessionRequestParams(
                method: method, params: request["params"],
                expiry: expiry == nil ? try request.optionalSeconds("expiry") : expiry, chainID: chain)
        }
    }

    /// The params as they are sent.
    public var json: JSON {
        .payload([
            "request": .payload([
                "method": .string(method), "params": params, "expiryTimestamp": expiry.map { JSON($0) },
            ]), "chainId": .string(chainID),
        ])
    }
}

/// Something a wallet tells, such as that the user chose other accounts.
public struct SessionEvent: Sendable, Hashable {
    /// The name of the event.
    public var name: String
    /// What is told, as it was sent; nil when there was nothing.
    public var data: JSON?

    /// Makes an event.
    public init(name: String, data: JSON?) {
        self.name = name
        self.data = data
    }

    /// Reads an event.
    ///
    /// - Throws: `PayloadError` with the field that is wrong.
    public static func decode(_ json: JSON) throws(PayloadError) -> SessionEvent {
        try json.requireObject()
        let name = try json.text("name", PayloadLimits.methodBytesMax)
        guard !name.isEmpty else { throw PayloadError("name", .empty) }
        return SessionEvent(name: name, data: json["data"])
    }

    /// The event as it is sent.
    public var json: JSON { .payload(["name": .string(name), "data": data]) }
}

/// An event and its chain: wc_sessionEvent.
public struct SessionEventParams: Sendable, Hashable {
    /// The event.
    public var event: SessionEvent
    /// The chain it is about.
    public var chainID: String

    /// Makes params.
    public init(event: SessionEvent, chainID: String) {
        self.event = event
        self.chainID = chainID
    }

    /// Reads params.
    ///
    /// - Throws: `PayloadError` with the field that is wrong.
    public static func decode(_ json: JSON) throws(PayloadError) -> SessionEventParams {
        try json.requireObject()
        return SessionEventParams(
            event: try json.required("event") { (value) throws(PayloadError) -> SessionEvent in
                try SessionEvent.decode(value)
            }, chainID: try json.text("chainId", PayloadLimits.chainBytesMax))
    }

    /// The params as they are sent.
    public var json: JSON { .payload(["event": event.json, "chainId": .string(chainID)]) }
}

/// Why something ends: wc_sessionDelete and wc_pairingDelete; also what a wallet says when it refuses a proposal.
public struct Reason: Sendable, Hashable {
    /// The code.
    public var code: Int64
    /// The text.
    public var message: String

    /// Makes a reason.
    public init(code: Int64, message: String) {
        self.code = code
        self.message = message
    }

    /// Reads a reason; a peer that gives none, or only a part, is taken for one whose user disconnected.
    ///
    /// - Throws: `PayloadError` for a field of another type or above its bound.
    public static func decode(_ json: JSON) throws(PayloadError) -> Reason {
        let usual = Reason(code: 6000, message: "User disconnected.")
        if json.isNull { return usual }
        try json.requireObject()
        return Reason(
            code: try json.optional("code") { (value) throws(PayloadError) -> Int64 in try value.payloadInteger() }
                ?? usual.code,
            message: try json.optionalText("message", PayloadLimits.reasonBytesMax) ?? usual.message)
    }

    /// The reason as it is sent.
    public var json: JSON { .payload(["code": JSON(code), "message": .string(message)]) }
}
