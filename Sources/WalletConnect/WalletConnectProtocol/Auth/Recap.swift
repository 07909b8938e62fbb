public import Primitives

/// What a signature allows beyond signing in: for each resource the abilities, as in `request/eth_sendTransaction`.
///
/// ```swift
/// let recap = Recap(resource: "eip155", ability: "request", actions: ["personal_sign"])
/// recap.encoded                    // "urn:recap:eyJhdHQiOnsiZWlwMTU1Ijp7…", always the last resource of a message
/// ```
///
/// Order matters, since the signed text is made from it: it is kept as read, and what is made or merged here is sorted
/// with ``LocaleOrder``. Standard: [EIP-5573](https://eips.ethereum.org/EIPS/eip-5573).
public struct Recap: Sendable, Hashable {
    /// What stands before the Base64.
    public static let prefix = "urn:recap:"

    /// The resources in order.
    public var resources: [Resource]

    /// One resource and what may be done with it.
    public struct Resource: Sendable, Hashable {
        /// A namespace such as `eip155`, or a URI.
        public var name: String
        /// The abilities in order; each name once.
        public var abilities: [Ability]

        /// A resource.
        public init(name: String, abilities: [Ability]) {
            self.name = name
            self.abilities = abilities
        }
    }

    /// One thing that may be done.
    public struct Ability: Sendable, Hashable {
        /// Ability and action, as in `request/personal_sign`.
        public var name: String
        /// Objects that narrow it: `{}` for no limit, `{"chains": ["eip155:1"]}` after approval.
        public var limits: [JSON]

        /// An ability.
        public init(name: String, limits: [JSON]) {
            self.name = name
            self.limits = limits
        }

        /// What stands before the first slash, as in `request`.
        public var ability: String { String(name.prefix(while: { $0 != "/" })) }

        /// What stands between the first slash and the next, as in `personal_sign`; nil without a slash.
        public var action: String? {
            let parts = name.split(separator: "/", omittingEmptySubsequences: false)
            return parts.count > 1 ? String(parts[1]) : nil
        }
    }

    /// A ReCap of these resources, in this order.
    public init(resources: [Resource]) {
        self.resources = resources
    }

    /// A ReCap of one resource and one ability, its actions sorted.
    public init(resource: String, ability: String, actions: [String], limits: JSON = .object([JSONMember]())) {
        var unique: [String] = []
        for action in actions where !unique.containsText(action) { unique.append(action) }
        let sorted = unique.sorted(by: LocaleOrder.precedes)
        resources = [
            Resource(name: resource, abilities: sorted.map { Ability(name: "\(ability)/\($0)", limits: [limits]) })
        ]
    }

    /// The abilities of a resource; empty when it is not there.
    public func abilities(of resource: String) -> [Ability] {
        resources.first { $0.name.isSameText(as: resource) }?.abilities ?? []
    }

    /// The actions of a resource, in order: for `eip155` the RPC methods.
    public func methods(of resource: String = "eip155") -> [String] {
        abilities(of: resource).compactMap(\.action)
    }

    /// The chains named in the limits of a resource, each once, in order.
    public func chains(of resource: String = "eip155") -> [String] {
        var chains: [String] = []
        for ability in abilities(of: resource) {
            for limit in ability.limits {
                for chain in limit["chains"]?.array ?? [] {
                    if let chain = chain.string, !chains.containsText(chain) { chains.append(chain) }
                }
            }
        }
        return chains
    }

    /// Both, sorted; where both have an ability, this one's limits stay.
    public func merging(_ other: Recap) -> Recap {
        var merged = self
        for resource in other.resources {
            guard let index = merged.resources.firstIndex(where: { $0.name.isSameText(as: resource.name) }) else {
                merged.resources.append(resource)
                continue
            }
            let known = merged.resources[index].abilities.map(\.name)
            merged.resources[index].abilities += resource.abilities.filter { !known.containsText($0.name) }
        }
        for index in merged.resources.indices {
            merged.resources[index].abilities.sort { LocaleOrder.precedes($0.name, $1.name) }
        }
        merged.sortResources()
        return merged
    }

    /// This with the abilities of one resource replaced, resources sorted.
    public func replacing(_ resource: Resource) -> Recap {
        var changed = self
        changed.resources.removeAll { $0.name.isSameText(as: resource.name) }
        changed.resources.append(resource)
        changed.sortResources()
        return changed
    }

    private mutating func sortResources() {
        resources.sort { LocaleOrder.precedes($0.name, $1.name) }
    }
}
