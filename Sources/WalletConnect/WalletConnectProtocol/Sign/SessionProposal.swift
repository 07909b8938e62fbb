public import Primitives

/// What an app asks of a wallet: wc_sessionPropose.
///
/// As a wallet reads it, and as the app keeps it until the wallet answers.
public struct SessionProposal: Sendable, Hashable {
    /// The id of the call, which names the proposal.
    public var id: RPCID
    /// Where the wallet answers.
    public var pairingTopic: Topic
    /// When the app stops waiting, in Unix seconds; nil when it did not say.
    public var expiry: Int64?
    /// What the session has to have; current apps leave it empty and ask for everything as optional.
    public var requiredNamespaces: NamespaceMap<ProposalNamespace>
    /// What the session may have.
    public var optionalNamespaces: NamespaceMap<ProposalNamespace>
    /// The relays the app can be reached by.
    public var relays: [RelayProtocol]
    /// The app.
    public var proposer: Participant
    /// What the app wishes for the whole session: an object whose values are any JSON.
    public var sessionProperties: JSON?
    /// What the app wishes for single namespaces: an object whose values are any JSON.
    public var scopedProperties: JSON?
    /// What was sent with the message to prove where it comes from; not part of the payload.
    public var attestation: String?
    /// Further requests to be answered with the approval (`authentication`, `walletPay`), as they were sent.
    public var requests: JSON?

    /// Makes a proposal.
    public init(
        id: RPCID, pairingTopic: Topic, expiry: Int64?, requiredNamespaces: NamespaceMap<ProposalNamespace> = [:],
        optionalNamespaces: NamespaceMap<ProposalNamespace> = [:], relays: [RelayProtocol] = [.irn],
        proposer: Participant, sessionProperties: JSON? = nil, scopedProperties: JSON? = nil,
        attestation: String? = nil, requests: JSON? = nil
    ) {
        self.id = id
        self.pairingTopic = pairingTopic
        self.expiry = expiry
        self.requiredNamespaces = requiredNamespaces
        self.optionalNamespaces = optionalNamespaces
        self.relays = relays
        self.proposer = proposer
        self.sessionProperties = sessionProperties
        self.scopedProperties = scopedProperties
        self.attestation = attestation
        self.requests = requests
    }

    /// Reads the params of wc_sessionPropose.
    ///
    /// Only the proposer's key is needed; everything else may be missing or `null`. The id and the topic are those of
    /// the message: what the params say of them is not looked at.
    ///
    /// - Throws: `PayloadError` with the field that is wrong.
    public static func decode(
        params json: JSON, id: RPCID, pairingTopic: Topic
    ) throws(PayloadError) -> SessionProposal {
        try json.requireObject()
        return SessionProposal(
            id: id, pairingTopic: pairingTopic, expiry: try json.optionalSeconds("expiryTimestamp"),
            requiredNamespaces: try json.proposalNamespaces("requiredNamespaces"),
            optionalNamespaces: try json.proposalNamespaces("optionalNamespaces"),
            relays: try json.optional("relays") { (relays) throws(PayloadError) -> [RelayProtocol] in
                try relays.payloadArray(PayloadLimits.relaysMax) { (relay) throws(PayloadError) -> RelayProtocol in
                    try RelayProtocol.decode(relay)
                }
            } ?? [.irn],
            proposer: try json.required("proposer") { (value) throws(PayloadError) -> Participant in
                try Participant.decode(value)
            },
            sessionProperties: try json.optionalObject("sessionProperties"),
            scopedProperties: try json.optionalObject("scopedProperties"),
            requests: try json.optionalObject("requests"))
    }

    /// The params of wc_sessionPropose as they are sent.
    ///
    /// Both kinds of namespaces are written even if empty, and `relays` is never left out: some wallets need them.
    public var params: JSON { .payload(members) }

    /// Reads a record that `json` made.
    ///
    /// - Throws: `PayloadError` with the field that is wrong.
    public static func decode(_ json: JSON) throws(PayloadError) -> SessionProposal {
        var proposal = try decode(
            params: json, id: try json.rpcID("id"), pairingTopic: try json.topic("pairingTopic"))
        proposal.attestation = try json.optionalText("attestation", PayloadLimits.attestationBytesMax)
        return proposal
    }

    /// The proposal as a record: the params, and the attestation.
    public var json: JSON {
        guard case .object(var members) = params, let attestation else { return params }
        members.append(JSONMember(name: "attestation", value: .string(attestation)))
        return .object(members)
    }

    /// The order is that of JavaScript clients.
    private var members: KeyValuePairs<String, JSON?> {
        [
            "requiredNamespaces": requiredNamespaces.json, "optionalNamespaces": optionalNamespaces.json,
            "relays": .array((relays.isEmpty ? [.irn] : relays).map(\.json)), "proposer": proposer.json,
            "expiryTimestamp": expiry.map { JSON($0) }, "pairingTopic": .string(pairingTopic.hex),
            "sessionProperties": sessionProperties?.unlessEmpty, "scopedProperties": scopedProperties?.unlessEmpty,
            "requests": requests?.unlessEmpty, "id": id.json,
        ]
    }
}

/// A wallet's answer to a proposal: the result of wc_sessionPropose.
public struct ProposalAnswer: Sendable, Hashable {
    /// The relay of the session.
    public var relay: RelayProtocol
    /// The wallet's X25519 public key in digits.
    public var responderPublicKey: String

    /// Makes an answer.
    public init(relay: RelayProtocol = .irn, responderPublicKey: String) {
        self.relay = relay
        self.responderPublicKey = responderPublicKey
    }

    /// Reads a result; a missing relay is `irn`.
    ///
    /// - Throws: `PayloadError` with the field that is wrong.
    public static func decode(_ json: JSON) throws(PayloadError) -> ProposalAnswer {
        try json.requireObject()
        let key = try json.text("responderPublicKey", PayloadLimits.publicKeyBytesMax)
        guard !key.isEmpty else { throw PayloadError("responderPublicKey", .empty) }
        return ProposalAnswer(relay: try json.relay(), responderPublicKey: key)
    }

    /// The result as it is sent.
    public var json: JSON {
        .payload(["relay": relay.json, "responderPublicKey": .string(responderPublicKey)])
    }
}

extension JSON {
    /// The namespaces of a proposal called `name`; missing ones are empty.
    func proposalNamespaces(_ name: String) throws(PayloadError) -> NamespaceMap<ProposalNamespace> {
        try optional(name) { (value) throws(PayloadError) -> NamespaceMap<ProposalNamespace> in
            try NamespaceMap<ProposalNamespace>.decode(value)
        } ?? [:]
    }

    /// The namespaces of a session.
    func sessionNamespaces() throws(PayloadError) -> NamespaceMap<SessionNamespace> {
        try required("namespaces") { (value) throws(PayloadError) -> NamespaceMap<SessionNamespace> in
            try NamespaceMap<SessionNamespace>.decode(value)
        }
    }

    /// The relay; `irn` when there is none.
    func relay() throws(PayloadError) -> RelayProtocol {
        try optional("relay") { (value) throws(PayloadError) -> RelayProtocol in
            try RelayProtocol.decode(value)
        } ?? .irn
    }
}
