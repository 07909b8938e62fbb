package import Primitives

/// What a dApp on the command line asks a wallet for.
package struct SessionWish: Sendable, Equatable {
    /// The chains, in order.
    package var chains: [ChainID]
    /// The methods, for every namespace.
    package var methods: [String]
    /// The events, for every namespace.
    package var events: [String]

    /// Ethereum's main chain.
    package static let chainsDefault = "eip155:1"
    /// What nearly every wallet has.
    package static let methodsDefault =
        "eth_sendTransaction,eth_signTransaction,personal_sign,eth_signTypedData_v4,wallet_switchEthereumChain"
    /// What nearly every dApp listens to.
    package static let eventsDefault = "chainChanged,accountsChanged"

    private static let namesMax = 100

    /// Reads comma lists.
    ///
    /// - Throws: ``ClientError`` with `usage`.
    package init(chains: String, methods: String, events: String) throws(ClientError) {
        self.chains = try Self.chains(chains)
        self.methods = try Self.names(methods, "--methods")
        self.events = try Self.names(events, "--events")
        guard !self.chains.isEmpty else { throw ClientError(.usage, "--chains names no chain") }
    }

    /// A comma list of chains, each once.
    ///
    /// - Throws: ``ClientError`` with `usage`.
    package static func chains(_ text: String) throws(ClientError) -> [ChainID] {
        var chains: [ChainID] = []
        for name in try names(text, "--chains") {
            // A bare number is what people know a chain by.
            let full = name.utf8.allSatisfy { (0x30...0x39).contains($0) } ? "eip155:\(name)" : name
            guard let chain = try? ChainID(full) else {
                throw ClientError(
                    .usage, "\(SafeText.line(name)) is no chain", fix: "write CAIP-2 names, for example eip155:1")
            }
            if !chains.contains(chain) { chains.append(chain) }
        }
        return chains
    }

    private static func names(_ text: String, _ flag: String) throws(ClientError) -> [String] {
        var names: [String] = []
        for part in text.split(separator: ",") {
            let name = String(part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
            guard !name.isEmpty, name.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
                throw ClientError(.usage, "\(flag) is a comma list of names without spaces")
            }
            if !names.contains(name) { names.append(name) }
        }
        guard names.count <= namesMax else { throw ClientError(.usage, "\(flag) has more than \(namesMax) names") }
        return names
    }

    /// The `optionalNamespaces` of a proposal: `{"eip155": {"chains": […], "methods": […], "events": […]}}`.
    package var namespaces: JSON {
        var grouped: [(namespace: String, chains: [JSON])] = []
        for chain in chains {
            if let index = grouped.firstIndex(where: { $0.namespace == chain.namespace }) {
                grouped[index].chains.append(.string(chain.description))
            } else {
                grouped.append((chain.namespace, [.string(chain.description)]))
            }
        }
        return .object(
            grouped.map { group in
                JSONMember(
                    name: group.namespace,
                    value: [
                        "chains": .array(group.chains), "methods": .array(methods.map { .string($0) }),
                        "events": .array(events.map { .string($0) }),
                    ])
            })
    }
}

/// A sign-in that a dApp on the command line asks for.
package struct SignInWish: Sendable, Equatable {
    /// The page that asks.
    package var url: String
    /// Its host, with the port if there is one.
    package var domain: String
    /// What the person reads.
    package var statement: String?

    /// Reads `https://host/path`, or `host` or `host/path` alone.
    ///
    /// - Throws: ``ClientError`` with `usage`.
    package init(url: String, statement: String?) throws(ClientError) {
        let full = url.contains("://") ? url : "https://\(url)"
        let rest = full.drop { $0 != ":" }.dropFirst(3)
        let host = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let isWeb = full.hasPrefix("https://") || full.hasPrefix("http://")
        guard isWeb, !host.isEmpty, !host.contains("@"), full.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw ClientError(.usage, "--authenticate takes a web address, for example https://example.com/login")
        }
        self.url = full
        domain = String(host)
        self.statement = statement
    }
}
