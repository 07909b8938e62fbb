public import Primitives

extension Session {
    /// Reads a record that `json` made.
    ///
    /// - Throws: `PayloadError` with the field that is wrong.
    public static func decode(_ json: JSON) throws(PayloadError) -> Session {
        try json.requireObject()
        return Session(
            topic: try json.topic("topic"), pairingTopic: try json.topic("pairingTopic"), relay: try json.relay(),
            expiry: try json.seconds("expiry"), acknowledged: try json.optionalBool("acknowledged") ?? false,
            controller: try json.text("controller", PayloadLimits.publicKeyBytesMax),
            namespaces: try json.sessionNamespaces(),
            requiredNamespaces: try json.proposalNamespaces("requiredNamespaces"),
            optionalNamespaces: try json.proposalNamespaces("optionalNamespaces"),
            sessionProperties: try json.optionalObject("sessionProperties"),
            scopedProperties: try json.optionalObject("scopedProperties"),
            sessionConfig: try json.optional("sessionConfig") { (value) throws(PayloadError) -> SessionConfig in
                try SessionConfig.decode(value)
            },
            own: try json.participant("self"), peer: try json.participant("peer"),
            authentication: try json.optionalCacaos("authentication"),
            walletPayResult: json.field("walletPayResult"), transport: try json.transport())
    }

    /// Reads a record that `encoded()` made.
    ///
    /// - Throws: `PayloadError` with the field that is wrong.
    public static func decode(bytes: [UInt8]) throws(PayloadError) -> Session {
        try decode(JSON.record(bytes))
    }

    /// The session as a record; what is empty is left out.
    public var json: JSON {
        .payload([
            "topic": .string(topic.hex), "pairingTopic": .string(pairingTopic.hex),
            "relay": relay == .irn ? JSON?.none : relay.json, "expiry": JSON(expiry),
            "acknowledged": .bool(acknowledged),
            "controller": .string(controller), "namespaces": namespaces.json,
            "requiredNamespaces": requiredNamespaces.isEmpty ? JSON?.none : requiredNamespaces.json,
            "optionalNamespaces": optionalNamespaces.isEmpty ? JSON?.none : optionalNamespaces.json,
            "sessionProperties": sessionProperties, "scopedProperties": scopedProperties,
            "sessionConfig": sessionConfig?.json, "self": own.json, "peer": peer.json,
            "authentication": authentication.map { .array($0.map(\.json)) }, "walletPayResult": walletPayResult,
            "transportType": transport == .relay ? JSON?.none : .string(transport.rawValue),
        ])
    }

    /// The session as JSON bytes.
    public func encoded() -> [UInt8] { json.serialized() }
}

extension JSON {
    /// The participant called `name`.
    func participant(_ name: String) throws(PayloadError) -> Participant {
        try required(name) { (value) throws(PayloadError) -> Participant in try Participant.decode(value) }
    }

    /// How messages travel; over the relay when nothing is said.
    func transport() throws(PayloadError) -> MessageTransport {
        try optional("transportType") { (value) throws(PayloadError) -> MessageTransport in
            guard let text = value.string else { throw PayloadError("", .notA(.string)) }
            guard let transport = MessageTransport(rawValue: text) else { throw PayloadError("", .malformed) }
            return transport
        } ?? .relay
    }
}
