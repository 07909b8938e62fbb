import Primitives

/// The rules that typed and untyped calls share; what is nil was not given.
extension SignArguments {
    /// The namespaces and properties of an offer; empty namespaces count as not given.
    static func validateOffer(
        required: JSON?, optional: JSON?, sessionProperties: JSON?, scopedProperties: JSON?,
        strictness: NamespaceRules.Strictness = .javaScript
    ) throws(SignError) {
        if let required, required != .object([]) {
            try NamespaceRules.validateProposal(required, part: .required, strictness: strictness)
        }
        if let optional, optional != .object([]) {
            try NamespaceRules.validateProposal(optional, part: .optional, strictness: strictness)
        }
        try checkProperties(sessionProperties, "sessionProperties")
        try checkProperties(scopedProperties, "scopedProperties")
        let asked = (required?.members ?? []).map(\.name) + (optional?.members ?? []).map(\.name)
        guard let scoped = scopedProperties, isSubset(scoped, of: asked) else {
            guard let scopedProperties else { return }
            throw SignError(
                .invalidArgument,
                message: "Scoped properties must be a subset of required/optional namespaces, received: "
                    + "\(JavaScriptText.stringified(scopedProperties)), required/optional namespaces: "
                    + JSON.texts(asked).text)
        }
    }

    /// The properties of an approval.
    static func checkApproved(
        _ approved: [String], sessionProperties: JSON?, scopedProperties: JSON?
    ) throws(SignError) {
        try checkProperties(sessionProperties, "sessionProperties")
        try checkProperties(scopedProperties, "scopedProperties")
        guard let scopedProperties, !isSubset(scopedProperties, of: approved) else { return }
        throw SignError(
            .invalidArgument,
            message: "Scoped properties must be a subset of approved namespaces, received: "
                + "\(JavaScriptText.stringified(scopedProperties)), approved namespaces: "
                + approved.joined(separator: ", "))
    }

    /// Each property has to have a value.
    private static func checkProperties(_ properties: JSON?, _ name: String) throws(SignError) {
        guard let properties else { return }
        // Peers cannot read anything but an object, though JavaScript clients send it.
        guard case .object(let members) = properties else { throw invalid("\(name) should be an object") }
        for member in members where member.value.isNull {
            throw invalid(
                "\(name) must contain an existing value for each key. Received: null for key \(member.name)")
        }
    }

    /// Whether the scoped properties are for namespaces that are there.
    ///
    /// A single chain counts for its family. JavaScript clients cut only the property's key, not the namespace's, and
    /// so refuse properties of a namespace `eip155:1` in every form; here the same key on both sides is a match too.
    private static func isSubset(_ scoped: JSON, of namespaces: [String]) -> Bool {
        (scoped.members ?? []).allSatisfy { member in
            let family = LenientCAIP.namespace(ofKey: member.name)
            return namespaces.contains { $0.isExactly(family) || $0.isExactly(member.name) }
        }
    }

    /// A relay protocol has a name, if it is given.
    static func checkRelay(_ relay: JSON?) throws(SignError) {
        guard let relay else { return }
        guard relay.filledText != nil else {
            throw invalid("approve() relayProtocol: \(JavaScriptText.template(relay))")
        }
    }

    /// A reason has a code other than 0 and a message.
    static func checkReason(_ reason: JSON?) throws(SignError) {
        guard let reason, case .object = reason, let code = reason["code"]?.number, isNotZero(code),
            reason["message"]?.filledText != nil
        else { throw invalid("reject() reason: \(JavaScriptText.stringified(reason))") }
    }

    /// The session has an account on the chain.
    ///
    /// JavaScript clients have the same words for what is no chain and for what was not granted; the code tells.
    static func checkChain(_ chain: JSON?, of session: Session, _ call: String) throws(SignError) {
        let error = invalid("\(call) chainId: \(JavaScriptText.template(chain))")
        guard let text = chain?.filledText, LenientCAIP.isChain(text) else { throw error }
        guard session.allows(chain: text) else { throw SignError(.unauthorizedChain, message: error.message) }
    }

    /// The session allows the method on the chain.
    static func checkMethod(_ method: String, of session: Session, chain: String) throws(SignError) {
        guard session.allows(chain: chain, method: method) else {
            throw SignError(.unauthorizedMethod, message: invalid("request() method: \(method)").message)
        }
    }

    /// The event has a name, and the session allows it on the chain.
    static func checkEvent(_ event: JSON?, of session: Session, chain: String) throws(SignError) {
        let error = invalid("emit() event: \(JavaScriptText.stringified(event))")
        guard let name = event?["name"]?.filledText else { throw error }
        guard session.allows(chain: chain, event: name) else {
            throw SignError(.unauthorizedEvent, message: error.message)
        }
    }

    /// A request waits neither too short nor too long.
    static func checkExpiry(_ seconds: Int64, _ call: String) throws(SignError) {
        guard requestExpirySeconds.contains(seconds) else { throw expiry(String(seconds), call) }
    }

    /// What is said of a wrong expiry.
    static func expiry(_ given: String, _ call: String) -> SignError {
        let (least, most) = (requestExpirySeconds.lowerBound, requestExpirySeconds.upperBound)
        return invalid(
            "\(call) expiry: \(given). Expiry must be a number (in seconds) between \(least) and \(most)")
    }

    /// Whether a number as written is another than 0: it has a digit from 1 to 9 before its exponent.
    private static func isNotZero(_ number: String) -> Bool {
        number.utf8.prefix { $0 | 0x20 != UInt8(ascii: "e") }.contains { (0x31...0x39).contains($0) }
    }
}
