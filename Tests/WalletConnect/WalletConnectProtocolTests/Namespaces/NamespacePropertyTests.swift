import Primitives
import Testing
import WalletConnectProtocol

/// What holds for all namespaces, tried on random ones.
struct NamespacePropertyTests {
    /// Small numbers: few chains and methods, so that proposals and wallets often meet.
    private struct Dice {
        var random: SeededRandom

        mutating func roll(_ sides: UInt64) -> UInt64 { random.next() % sides }

        mutating func names(_ prefix: String) -> [String] {
            (0..<roll(4)).map { _ in "\(prefix)\(roll(5))" }
        }

        mutating func proposal() -> NamespaceMap<ProposalNamespace> {
            var map: NamespaceMap<ProposalNamespace> = [:]
            for _ in 0..<roll(3) {
                let family = ["eip155", "solana"][Int(roll(2))]
                if roll(3) == 0 {
                    map["\(family):\(roll(12))"] = ProposalNamespace(methods: names("m"), events: names("e"))
                } else {
                    let chains = (0...roll(3)).map { _ in "\(family):\(roll(12))" }
                    map[family] = ProposalNamespace(chains: chains, methods: names("m"), events: names("e"))
                }
            }
            return map
        }

        mutating func wallet() -> NamespaceMap<SessionNamespace> {
            var map: NamespaceMap<SessionNamespace> = [:]
            for family in ["eip155", "solana"] where roll(3) > 0 {
                let chains = (0...roll(10)).map { _ in "\(family):\(roll(12))" }
                map[family] = SessionNamespace(
                    chains: chains, accounts: chains.map { "\($0):0x\(roll(3))" },
                    methods: ["m0", "m1", "m2", "m3", "m4"].filter { _ in roll(5) > 0 },
                    events: ["e0", "e1", "e2", "e3", "e4"].filter { _ in roll(5) > 0 })
            }
            return map
        }
    }

    @Test func `what a wallet approves is its own, was asked for, and covers what is required`() throws {
        var dice = Dice(random: SeededRandom(printingSeedOf: "namespaces, approvals"))
        let seed = dice.random.seed
        var approvals = 0
        for _ in 0..<5_000 {
            let (required, optional, supported) = (dice.proposal(), dice.proposal(), dice.wallet())
            guard
                let approved = try? NamespaceRules.buildApproved(
                    required: required, optional: optional, supported: supported)
            else { continue }
            approvals += 1
            if required.isEmpty && optional.isEmpty {
                #expect(approved == supported)
                continue
            }
            let asked = NamespaceRules.mergeRequiredIntoOptional(required: required, optional: optional)
            for entry in approved.entries {
                let (given, wish, own) = (entry.value, asked[entry.key], supported[entry.key])
                #expect(Set(given.chains ?? []).isSubset(of: wish?.chains ?? []), "seed \(seed)")
                #expect(Set(given.methods).isSubset(of: wish?.methods ?? []), "seed \(seed)")
                #expect(Set(given.accounts).isSubset(of: own?.accounts ?? []), "seed \(seed)")
                #expect(
                    Set(NamespaceRules.chains(ofAccounts: given.accounts)) == Set(given.chains ?? []), "seed \(seed)")
                try NamespaceRules.validateSession(approved)
                try NamespaceRules.validateSession(approved, strictness: .specification)
            }
            #expect(try refusal { try NamespaceRules.conforms(approved, to: required) } == nil, "seed \(seed)")
        }
        #expect(approvals > 500, "seed \(seed)")
    }

    @Test func `one check says the same as the lists`() {
        var dice = Dice(random: SeededRandom(printingSeedOf: "namespaces, allows"))
        let seed = dice.random.seed
        for _ in 0..<2_000 {
            let namespaces = dice.wallet()
            let chain = "eip155:\(dice.roll(13))"
            let (method, event) = ("m\(dice.roll(6))", "e\(dice.roll(6))")
            #expect(
                NamespaceRules.allows(namespaces, chain: chain, method: method)
                    == NamespaceRules.approvedMethods(namespaces, chain: chain).contains(method), "seed \(seed)")
            #expect(
                NamespaceRules.allows(namespaces, chain: chain, event: event)
                    == NamespaceRules.approvedEvents(namespaces, chain: chain).contains(event), "seed \(seed)")
            #expect(
                NamespaceRules.allows(namespaces, chain: chain)
                    == NamespaceRules.approvedChains(namespaces).contains(chain), "seed \(seed)")
        }
    }

    @Test func `normalizing twice changes nothing but the order`() {
        var dice = Dice(random: SeededRandom(printingSeedOf: "namespaces, normalize"))
        let seed = dice.random.seed
        for _ in 0..<2_000 {
            let once = NamespaceRules.normalize(dice.proposal())
            #expect(NamespaceRules.normalize(once) == once, "seed \(seed)")
            #expect(!once.keys.contains { LenientCAIP.isInlineChain($0) }, "seed \(seed)")
        }
    }
}
