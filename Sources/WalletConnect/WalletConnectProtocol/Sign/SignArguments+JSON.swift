public import Primitives

extension SignArguments {
    /// The calls that can be checked with untyped arguments.
    public enum Call: String, Sendable, Hashable, CaseIterable {
        /// Asks a wallet for a session.
        case connect
        /// Gives an app a session.
        case approve
        /// Refuses a proposal.
        case reject
        /// Changes what a session allows.
        case update
        /// Makes a session last longer.
        case extend
        /// Asks the wallet to do something.
        case request
        /// Answers a request.
        case respond
        /// Asks whether the peer is there.
        case ping
        /// Tells the app something.
        case emit
        /// Ends a session or pairing.
        case disconnect
        /// Asks a wallet for signed statements.
        case authenticate
    }

    /// Checks the arguments of a call as a caller wrote them.
    ///
    /// ```swift
    /// try SignArguments.validate(.extend, ["topic": "none"], in: lookup)
    /// // throws: No matching key. session topic doesn't exist: none
    /// ```
    ///
    /// - Parameter arguments: an object, or nil when there were none; a missing member is `undefined`.
    /// - Throws: `SignError` with the text of JavaScript clients.
    public static func validate(
        _ call: Call, _ arguments: JSON?, in lookup: some SignLookup
    ) throws(SignError) {
        // Alone among the calls, approve() looks at the proposal before it looks at its arguments.
        if call == .approve { return try approve(arguments, lookup) }
        guard let arguments else { throw invalid("\(call.rawValue)() params: undefined") }
        switch call {
        case .connect: try connect(arguments, lookup)
        case .approve: try approve(arguments, lookup)
        case .reject:
            _ = try proposal(arguments["id"], lookup)
            try checkReason(arguments["reason"])
        case .update: try update(arguments, lookup)
        case .extend: _ = try session(arguments["topic"], lookup)
        case .request: try request(arguments, lookup)
        case .respond:
            _ = try session(arguments["topic"], lookup)
            try checkResponse(arguments["response"])
        case .ping, .disconnect: try sessionOrPairing(arguments["topic"], lookup)
        case .emit:
            let session = try session(arguments["topic"], lookup)
            try checkChain(arguments["chainId"], of: session, "emit()")
            try checkEvent(arguments["event"], of: session, chain: arguments["chainId"]?.string ?? "")
        case .authenticate: try authenticate(arguments)
        }
    }

    // MARK: Calls

    private static func connect(_ arguments: JSON, _ lookup: some SignLookup) throws(SignError) {
        if let topic = arguments["pairingTopic"] {
            guard let text = topic.filledText else {
                throw invalid("pairing topic should be a string: \(JavaScriptText.template(topic))")
            }
            _ = try pairing(lookup.pairing(on: text), topic: text)
        }
        if let relays = arguments["relays"], !isFalse(relays) {
            // As with JavaScript clients the last relay decides.
            guard relays.array?.last?["protocol"]?.filledText != nil else {
                throw invalid("connect() relays: \(JavaScriptText.template(relays))")
            }
        }
        try validateOffer(
            required: arguments.field("requiredNamespaces"), optional: arguments.field("optionalNamespaces"),
            sessionProperties: arguments.field("sessionProperties"),
            scopedProperties: arguments.field("scopedProperties"))
        if let seconds = arguments["authentication"]?[0]?["ttl"] { try checkExpiry(seconds, "connect()") }
    }

    private static func approve(_ arguments: JSON?, _ lookup: some SignLookup) throws(SignError) {
        let proposal = try proposal(arguments?["id"], lookup)
        let namespaces = arguments?["namespaces"]
        try NamespaceRules.validateSession(namespaces, call: "approve()")
        let approved = try decoded(namespaces)
        try NamespaceRules.conforms(approved, to: proposal.requiredNamespaces, call: "approve()")
        try checkRelay(arguments?["relayProtocol"])
        try checkApproved(
            approved.keys, sessionProperties: arguments?.field("sessionProperties"),
            scopedProperties: arguments?.field("scopedProperties"))
    }

    private static func update(_ arguments: JSON, _ lookup: some SignLookup) throws(SignError) {
        let session = try session(arguments["topic"], lookup)
        let namespaces = arguments["namespaces"]
        try NamespaceRules.validateSession(namespaces, call: "update()")
        try NamespaceRules.conforms(try decoded(namespaces), to: session.requiredNamespaces, call: "update()")
    }

    private static func request(_ arguments: JSON, _ lookup: some SignLookup) throws(SignError) {
        let session = try session(arguments["topic"], lookup)
        try checkChain(arguments["chainId"], of: session, "request()")
        guard let method = arguments["request"]?["method"]?.filledText else {
            throw invalid("request() \(JavaScriptText.stringified(arguments["request"]))")
        }
        try checkMethod(method, of: session, chain: arguments["chainId"]?.string ?? "")
        if let expiry = arguments["expiry"] { try checkExpiry(expiry, "request()") }
    }

    private static func authenticate(_ arguments: JSON) throws(SignError) {
        guard let chains = arguments["chains"]?.array, let first = chains.first else {
            throw SignError(.invalidArgument, message: "chains is required and must be a non-empty array")
        }
        for name in ["uri", "domain", "nonce"] where arguments[name]?.filledText == nil {
            throw SignError(.invalidArgument, message: "\(name) is required parameter")
        }
        let families = chains.map { LenientCAIP.namespace(ofKey: JavaScriptText.template($0)) }
        guard families.unique.count == 1 else {
            throw SignError(
                .invalidArgument,
                message: "Multi-namespace requests are not supported. Please request single namespace only.")
        }
        guard LenientCAIP.namespace(ofKey: JavaScriptText.template(first)).isExactly("eip155") else {
            throw SignError(
                .invalidArgument,
                message: "Only eip155 namespace is supported for authenticated sessions. Please use .connect() for "
                    + "non-eip155 chains.")
        }
        if let expiry = arguments["expiry"] { try checkExpiry(expiry, "authenticate()") }
    }

    // MARK: Arguments

    private static func session(_ topic: JSON?, _ lookup: some SignLookup) throws(SignError) -> Session {
        guard let text = topic?.filledText else {
            throw invalid("session topic should be a string: \(JavaScriptText.template(topic))")
        }
        return try session(lookup.session(on: text), topic: text)
    }

    private static func proposal(_ id: JSON?, _ lookup: some SignLookup) throws(SignError) -> SessionProposal {
        guard let id, let digits = id.number else {
            throw invalid("proposal id should be a number: \(JavaScriptText.template(id))")
        }
        return try proposal(id.int.map { lookup.proposal(of: $0) } ?? .unknown, id: digits)
    }

    private static func sessionOrPairing(_ topic: JSON?, _ lookup: some SignLookup) throws(SignError) {
        guard let text = topic?.filledText else {
            throw invalid("session or pairing topic should be a string: \(JavaScriptText.template(topic))")
        }
        let session = lookup.session(on: text)
        let pairing = lookup.pairing(on: text)
        switch (session, pairing) {
        case (.unknown, .unknown):
            throw SignError(.sessionNotFound, "session or pairing topic doesn't exist: \(text)")
        case (.unknown, _): _ = try Self.pairing(pairing, topic: text)
        default: _ = try Self.session(session, topic: text)
        }
    }

    /// A response has a number for an id, a version, and a result or an error.
    private static func checkResponse(_ response: JSON?) throws(SignError) {
        guard let response, response["result"] != nil || response["error"] != nil, response["id"]?.number != nil,
            response["jsonrpc"]?.filledText != nil
        else { throw invalid("respond() response: \(JavaScriptText.stringified(response))") }
    }

    /// An expiry that was given is a number within the bounds; 0, `null`, `false` and an empty text count as none.
    private static func checkExpiry(_ given: JSON, _ call: String) throws(SignError) {
        if isFalse(given) { return }
        guard let seconds = given.int else { throw expiry(JavaScriptText.template(given), call) }
        try checkExpiry(seconds, call)
    }

    private static func isFalse(_ value: JSON) -> Bool {
        switch value {
        case .null, .bool(false), .string(""), .number("0"): true
        default: false
        }
    }

    /// Namespaces that were found valid, typed; other members than those that were looked at may still be wrong.
    private static func decoded(_ namespaces: JSON?) throws(SignError) -> NamespaceMap<SessionNamespace> {
        do throws(PayloadError) {
            return try NamespaceMap<SessionNamespace>.decode(namespaces ?? .null)
        } catch {
            throw invalid(error.within("namespaces").description)
        }
    }
}
