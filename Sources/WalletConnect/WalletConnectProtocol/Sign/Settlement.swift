public import Primitives

/// What a wallet gives: wc_sessionSettle.
public struct Settlement: Sendable, Hashable {
    /// The relay of the session.
    public var relay: RelayProtocol
    /// What is approved.
    public var namespaces: NamespaceMap<SessionNamespace>
    /// The wallet.
    public var controller: Participant
    /// When the session ends, in Unix seconds.
    public var expiry: Int64
    /// The wallet's answer to the properties of the proposal: an object whose values are any JSON.
    public var sessionProperties: JSON?
    /// The wallet's answer to the properties by namespace: an object whose values are any JSON.
    public var scopedProperties: JSON?
    /// How the wallet wants to be treated.
    public var sessionConfig: SessionConfig?
    /// Answers to the proposal's further requests (`authentication`, `walletPay`), as they were sent.
    public var proposalRequestsResponses: JSON?

    /// Makes a settlement.
    public init(
        relay: RelayProtocol = .irn, namespaces: NamespaceMap<SessionNamespace>, controller: Participant, expiry: Int64,
        sessionProperties: JSON? = nil, scopedProperties: JSON? = nil, sessionConfig: SessionConfig? = nil,
        proposalRequestsResponses: JSON? = nil
    ) {
        self.relay = relay
        self.namespaces = namespaces
        self.controller = controller
        self.expiry = expiry
        self.sessionProperties = sessionProperties
        self.scopedProperties = scopedProperties
        self.sessionConfig = sessionConfig
        self.proposalRequestsResponses = proposalRequestsResponses
    }

    /// Reads the params of wc_sessionSettle.
    ///
    /// - Throws: `PayloadError` with the field that is wrong.
    public static func decode(_ json: JSON) throws(PayloadError) -> Settlement {
        try json.requireObject()
        return Settlement(
            relay: try json.relay(), namespaces: try json.sessionNamespaces(),
            controller: try json.required("controller") { (value) throws(PayloadError) -> Participant in
                try Participant.decode(value)
            },
            expiry: try json.seconds("expiry"), sessionProperties: try json.optionalObject("sessionProperties"),
            scopedProperties: try json.optionalObject("scopedProperties"),
            sessionConfig: try json.optional("sessionConfig") { (value) throws(PayloadError) -> SessionConfig in
                try SessionConfig.decode(value)
            },
            proposalRequestsResponses: try json.optionalObject("proposalRequestsResponses"))
    }

    /// The signed statements among the answers to further requests; nil when there are none.
    ///
    /// - Throws: `PayloadError` with the field that is wrong.
    public func authentication() throws(PayloadError) -> [Cacao]? {
        guard let answers = proposalRequestsResponses else { return nil }
        do throws(PayloadError) {
            return try answers.optionalCacaos("authentication")
        } catch {
            throw error.within("proposalRequestsResponses")
        }
    }

    /// The params as they are sent.
    public var json: JSON {
        .payload([
            "relay": relay.json, "namespaces": namespaces.json, "controller": controller.json, "expiry": JSON(expiry),
            "sessionProperties": sessionProperties?.unlessEmpty, "scopedProperties": scopedProperties?.unlessEmpty,
            "sessionConfig": sessionConfig?.json.unlessEmpty,
            "proposalRequestsResponses": proposalRequestsResponses?.unlessEmpty,
        ])
    }
}

/// How a wallet wants to be treated during a session.
public struct SessionConfig: Sendable, Hashable {
    /// Whether the app must not open the wallet by a link for each request.
    public var disableDeepLink: Bool?

    /// Makes a configuration.
    public init(disableDeepLink: Bool? = nil) {
        self.disableDeepLink = disableDeepLink
    }

    /// Reads a configuration.
    ///
    /// - Throws: `PayloadError` with the field that is wrong.
    public static func decode(_ json: JSON) throws(PayloadError) -> SessionConfig {
        try json.requireObject()
        return SessionConfig(disableDeepLink: try json.optionalBool("disableDeepLink"))
    }

    /// The configuration as it is sent.
    public var json: JSON {
        .payload(["disableDeepLink": disableDeepLink.map { .bool($0) }])
    }
}
