public import Primitives

/// What an app asks for in one namespace.
public struct ProposalNamespace: Sendable, Hashable {
    /// The chains; nil when the key of the namespace is the chain.
    public var chains: [String]?
    /// The methods it wants to call.
    public var methods: [String]
    /// The events it wants to hear of.
    public var events: [String]

    /// Makes a namespace.
    public init(chains: [String]? = nil, methods: [String], events: [String]) {
        self.chains = chains
        self.methods = methods
        self.events = events
    }

    /// Reads a namespace.
    ///
    /// - Throws: `PayloadError` with the field that is wrong.
    public static func decode(_ json: JSON) throws(PayloadError) -> ProposalNamespace {
        try json.requireObject()
        return ProposalNamespace(
            chains: try json.chains(), methods: try json.names("methods", PayloadLimits.methodsMax),
            events: try json.names("events", PayloadLimits.eventsMax))
    }

    /// The namespace as it is sent.
    public var json: JSON {
        .payload([
            "chains": chains.map { .texts($0) }, "methods": .texts(methods), "events": .texts(events),
        ])
    }
}

/// What a wallet approved in one namespace.
public struct SessionNamespace: Sendable, Hashable {
    /// The chains as the wallet lists them; the chains of the accounts are those that count.
    public var chains: [String]?
    /// The accounts, `namespace:chain:address`.
    public var accounts: [String]
    /// The methods that may be called.
    public var methods: [String]
    /// The events that may be told.
    public var events: [String]

    /// Makes a namespace.
    public init(chains: [String]? = nil, accounts: [String], methods: [String], events: [String]) {
        self.chains = chains
        self.accounts = accounts
        self.methods = methods
        self.events = events
    }

    /// Reads a namespace.
    ///
    /// - Throws: `PayloadError` with the field that is wrong.
    public static func decode(_ json: JSON) throws(PayloadError) -> SessionNamespace {
        try json.requireObject()
        return SessionNamespace(
            chains: try json.chains(),
            accounts: try json.required("accounts") { (accounts) throws(PayloadError) -> [String] in
                try accounts.payloadTexts(PayloadLimits.accountsMax, bytes: PayloadLimits.accountBytesMax)
            },
            methods: try json.names("methods", PayloadLimits.methodsMax),
            events: try json.names("events", PayloadLimits.eventsMax))
    }

    /// The namespace as it is sent.
    public var json: JSON {
        .payload([
            "chains": chains.map { .texts($0) }, "accounts": .texts(accounts), "methods": .texts(methods),
            "events": .texts(events),
        ])
    }
}

extension NamespaceMap<ProposalNamespace> {
    /// Reads the namespaces of a proposal.
    ///
    /// - Throws: `PayloadError` with the field that is wrong.
    public static func decode(_ json: JSON) throws(PayloadError) -> Self {
        try read(json) { (value) throws(PayloadError) -> Value in try Value.decode(value) }
    }

    /// The namespaces as they are sent.
    public var json: JSON { write { $0.json } }
}

extension NamespaceMap<SessionNamespace> {
    /// Reads the namespaces of a session.
    ///
    /// - Throws: `PayloadError` with the field that is wrong.
    public static func decode(_ json: JSON) throws(PayloadError) -> Self {
        try read(json) { (value) throws(PayloadError) -> Value in try Value.decode(value) }
    }

    /// The namespaces as they are sent.
    public var json: JSON { write { $0.json } }
}

extension NamespaceMap {
    /// Reads an object whose values are namespaces; JSON has no name twice.
    fileprivate static func read(
        _ json: JSON, _ value: (JSON) throws(PayloadError) -> Value
    ) throws(PayloadError) -> Self {
        guard case .object(let members) = json else { throw PayloadError("", .notA(.object)) }
        guard members.count <= PayloadLimits.namespacesMax else {
            throw PayloadError("", .tooMany(max: PayloadLimits.namespacesMax))
        }
        var entries: [Entry] = []
        entries.reserveCapacity(members.count)
        for member in members {
            guard member.name.utf8.count <= PayloadLimits.namespaceKeyBytesMax else {
                throw PayloadError("", .tooLong(maxBytes: PayloadLimits.namespaceKeyBytesMax))
            }
            do throws(PayloadError) {
                entries.append(Entry(key: member.name, value: try value(member.value)))
            } catch {
                throw error.within(member.name)
            }
        }
        return Self(unique: entries)
    }

    fileprivate func write(_ value: (Value) -> JSON) -> JSON {
        .object(entries.map { JSONMember(name: $0.key, value: value($0.value)) })
    }
}

extension JSON {
    fileprivate func chains() throws(PayloadError) -> [String]? {
        try optional("chains") { (chains) throws(PayloadError) -> [String] in
            try chains.payloadTexts(PayloadLimits.chainsMax, bytes: PayloadLimits.chainBytesMax)
        }
    }

    fileprivate func names(_ field: String, _ countMax: Int) throws(PayloadError) -> [String] {
        try required(field) { (names) throws(PayloadError) -> [String] in
            try names.payloadTexts(countMax, bytes: PayloadLimits.methodBytesMax)
        }
    }
}
