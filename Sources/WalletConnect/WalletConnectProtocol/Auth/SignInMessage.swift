import Primitives

/// The text a person signs: Sign-In with Ethereum, for any namespace.
///
/// ```
/// app.example.com wants you to sign in with your Ethereum account:
/// 0x3613699A6c5D8BC97a08805876c8005543125F09
///
/// Sign in to Example
///
/// URI: https://app.example.com/login
/// Version: 1
/// Chain ID: 1
/// Nonce: 32891756
/// Issued At: 2024-03-13T09:00:43.888Z
/// ```
///
/// Clients differ in three places, so one payload can have more than one text: a signature is checked against each of
/// ``variants(of:)``, and never against a text that came with it.
///
/// Standards: [EIP-4361](https://eips.ethereum.org/EIPS/eip-4361),
/// [CAIP-122](https://chainagnostic.org/CAIPs/caip-122).
public enum SignInMessage {
    /// How a client words the places in which clients differ.
    public struct Variant: Sendable, Hashable {
        /// Whether a namespace without a name of its own is written with a capital: reown-swift does.
        public var capitalisesNamespace: Bool
        /// Whether an empty list of resources has its heading: relay_rpc leaves it out.
        public var showsEmptyResources: Bool
        /// How the sentence of a ReCap orders abilities: reown-swift by ability.
        public var statementOrder: Recap.StatementOrder

        /// A wording.
        public init(
            capitalisesNamespace: Bool, showsEmptyResources: Bool, statementOrder: Recap.StatementOrder = .action
        ) {
            self.capitalisesNamespace = capitalisesNamespace
            self.showsEmptyResources = showsEmptyResources
            self.statementOrder = statementOrder
        }

        /// The official JavaScript client, which nearly every wallet follows.
        public static let javaScript = Variant(capitalisesNamespace: false, showsEmptyResources: true)
        /// reown-swift.
        public static let swift = Variant(
            capitalisesNamespace: true, showsEmptyResources: true, statementOrder: .ability)
        /// relay_rpc, the relay's own Rust types.
        public static let rust = Variant(capitalisesNamespace: false, showsEmptyResources: false)

        /// Every wording, those of known clients first.
        static let all: [Variant] = {
            var variants = [javaScript, swift, rust]
            for capitalises in [false, true] {
                for shows in [true, false] {
                    for order in [Recap.StatementOrder.action, .ability] {
                        let variant = Variant(
                            capitalisesNamespace: capitalises, showsEmptyResources: shows, statementOrder: order)
                        if !variants.contains(variant) { variants.append(variant) }
                    }
                }
            }
            return variants
        }()
    }

    /// The text of a payload.
    ///
    /// When the last resource is a ReCap, the statement gets its sentence, unless it has it.
    ///
    /// - Throws: ``AuthError/missingAudience``, ``AuthError/invalidIssuer(_:)``, ``AuthError/lineBreak(_:)`` or
    ///   ``AuthError/recap(_:)``.
    public static func text(
        of payload: Cacao.Payload, variant: Variant = .javaScript
    ) throws(AuthError) -> String {
        try text(of: payload, variant: variant, parts: Parts(payload))
    }

    /// What is the same in every wording.
    private struct Parts {
        let page: String
        let issuer: Issuer
        let recap: Recap?

        init(_ payload: Cacao.Payload) throws(AuthError) {
            page = payload.audience.flatMap { $0.isEmpty ? nil : $0 } ?? payload.uri ?? ""
            guard !page.isEmpty else { throw .missingAudience }
            issuer = try Issuer(payload.issuer)
            try SignInMessage.checkLines(payload, page: page)
            recap = try Recap.signed(in: payload.resources)
        }
    }

    private static func text(of payload: Cacao.Payload, variant: Variant, parts: Parts) -> String {
        var statement = payload.statement ?? ""
        if let recap = parts.recap {
            statement = recap.statement(after: statement, order: variant.statementOrder)
        }
        let issuer = parts.issuer
        let name = accountName(issuer.chain.namespace, variant)
        var lines = ["\(payload.domain) wants you to sign in with your \(name) account:", issuer.address, ""]
        if !statement.isEmpty { lines.append(statement) }
        lines += [
            "", "URI: \(parts.page)", "Version: \(payload.version)", "Chain ID: \(issuer.chain.reference)",
            "Nonce: \(payload.nonce)", "Issued At: \(payload.issuedAt)",
        ]
        // An empty text counts as absent here, as in the JavaScript client.
        if let moment = payload.expiration, !moment.isEmpty { lines.append("Expiration Time: \(moment)") }
        if let moment = payload.notBefore, !moment.isEmpty { lines.append("Not Before: \(moment)") }
        if let id = payload.requestID, !id.isEmpty { lines.append("Request ID: \(id)") }
        if let resources = payload.resources, !resources.isEmpty || variant.showsEmptyResources {
            lines.append("Resources:")
            lines += resources.map { "- \($0)" }
        }
        return lines.joined(separator: "\n")
    }

    /// The text a wallet shows and signs when it answers `request` as `issuer`.
    ///
    /// - Throws: as ``text(of:variant:)``.
    public static func text(answering request: AuthPayload, issuer: String) throws(AuthError) -> String {
        try text(of: Cacao.Payload(answering: request, issuer: issuer))
    }

    /// Every text that some client makes of the payload, each once, the JavaScript client's first.
    ///
    /// - Throws: as ``text(of:variant:)``.
    public static func variants(of payload: Cacao.Payload) throws(AuthError) -> [String] {
        var texts: [String] = []
        let parts = try Parts(payload)
        for variant in Variant.all {
            let text = text(of: payload, variant: variant, parts: parts)
            if !texts.containsText(text) { texts.append(text) }
        }
        return texts
    }

    private static func accountName(_ namespace: String, _ variant: Variant) -> String {
        switch namespace {
        case "eip155": "Ethereum"
        case "solana": "Solana"
        case "bip122": "Bitcoin"
        default: variant.capitalisesNamespace ? namespace.prefix(1).uppercased() + namespace.dropFirst() : namespace
        }
    }

    /// Makes sure that no field but the statement has a line break.
    ///
    /// With one, a dApp's `domain` could show the person a whole message of another site above the real one. Statements
    /// of several lines do occur.
    fileprivate static func checkLines(_ payload: Cacao.Payload, page: String) throws(AuthError) {
        let fields: [(String, String?)] = [
            ("domain", payload.domain), ("aud", page), ("version", payload.version), ("nonce", payload.nonce),
            ("iat", payload.issuedAt), ("exp", payload.expiration), ("nbf", payload.notBefore),
            ("requestId", payload.requestID),
        ]
        for (name, text) in fields {
            if let text, hasLineBreak(text) { throw .lineBreak(name) }
        }
        for resource in payload.resources ?? [] where hasLineBreak(resource) { throw .lineBreak("resources") }
    }

    private static func hasLineBreak(_ text: String) -> Bool {
        text.utf8.contains { $0 == 0x0A || $0 == 0x0D }
    }
}
