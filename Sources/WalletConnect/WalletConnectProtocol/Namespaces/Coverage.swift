/// A text that is compared byte by byte.
struct ExactText: Hashable {
    let text: String

    init(_ text: String) { self.text = text }

    static func == (left: Self, right: Self) -> Bool { left.text.isExactly(right.text) }

    /// Equal bytes give equal hashes; `String` hashes no finer than that.
    func hash(into hasher: inout Hasher) { hasher.combine(text) }
}

extension [String] {
    /// The texts of this and of others, each once, in the order in which they first come.
    func merged(with others: [String]) -> [String] {
        var seen: Set<ExactText> = []
        var all: [String] = []
        all.reserveCapacity(count + others.count)
        for text in self where seen.insert(ExactText(text)).inserted { all.append(text) }
        for text in others where seen.insert(ExactText(text)).inserted { all.append(text) }
        return all
    }

    /// The texts, each once.
    var unique: [String] { merged(with: []) }

    /// Whether every one of the texts is among these.
    func covers(_ texts: [String]) -> Bool {
        // Nearly always a few short names: looking through them is faster than building a set.
        if count <= Self.linearMax {
            return texts.allSatisfy { text in contains { $0.isExactly(text) } }
        }
        let all = Set(map { ExactText($0) })
        return texts.allSatisfy { all.contains(ExactText($0)) }
    }

    private static var linearMax: Int { 16 }
}

/// What is required and what is approved, chain by chain.
///
/// Where a chain is named twice, by its family and by itself, the later namespace counts, as with JavaScript clients.
struct Coverage {
    /// What an approval lacks.
    enum Gap {
        case methods(chain: String)
        case events(chain: String)
    }

    /// A chain and the place of its namespace.
    private struct Place {
        let chain: String
        var namespace: Int
    }

    private let required: NamespaceMap<ProposalNamespace>
    private let approved: NamespaceMap<SessionNamespace>
    private let requiredPlaces: [Place]
    private let approvedPlaces: [Place]
    private let approvedNamespaces: [ExactText: Int]

    init(of required: NamespaceMap<ProposalNamespace>, by approved: NamespaceMap<SessionNamespace>) {
        self.required = required
        self.approved = approved
        (requiredPlaces, _) = Self.places(of: required) { key, namespace in
            LenientCAIP.isInlineChain(key) ? [key] : namespace.chains ?? []
        }
        (approvedPlaces, approvedNamespaces) = Self.places(of: approved) { key, namespace in
            LenientCAIP.isInlineChain(key) ? [key] : NamespaceRules.chains(ofAccounts: namespace.accounts)
        }
    }

    /// The required chains, each once.
    var requiredChains: [String] { requiredPlaces.map(\.chain) }
    /// The approved chains, each once.
    var approvedChains: [String] { approvedPlaces.map(\.chain) }

    /// Whether every required chain is approved.
    var chainsAreCovered: Bool {
        requiredPlaces.allSatisfy { approvedNamespaces[ExactText($0.chain)] != nil }
    }

    /// The first required chain, all being approved, for which a method or an event is lacking.
    var firstGap: Gap? {
        // Chains share their namespaces, so each pair of namespaces is compared once.
        var compared: Set<Int> = []
        for place in requiredPlaces {
            guard let namespace = approvedNamespaces[ExactText(place.chain)] else { continue }
            guard compared.insert(place.namespace * approved.count + namespace).inserted else { continue }
            let asked = required.entries[place.namespace].value
            let given = approved.entries[namespace].value
            if !given.methods.covers(asked.methods) { return .methods(chain: place.chain) }
            if !given.events.covers(asked.events) { return .events(chain: place.chain) }
        }
        return nil
    }

    private static func places<Value>(
        of map: NamespaceMap<Value>, chains: (String, Value) -> [String]
    ) -> ([Place], [ExactText: Int]) {
        var places: [Place] = []
        var order: [ExactText: Int] = [:]
        for (index, entry) in map.entries.enumerated() {
            for chain in chains(entry.key, entry.value) {
                if let known = order[ExactText(chain)] {
                    places[known].namespace = index
                } else {
                    order[ExactText(chain)] = places.count
                    places.append(Place(chain: chain, namespace: index))
                }
            }
        }
        return (places, order.mapValues { places[$0].namespace })
    }
}
