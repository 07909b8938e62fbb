import Primitives
import Testing
import WalletConnectProtocol

struct NamespaceRulesTests {
    @Test func `an account on a longer chain does not pass for a shorter one`() throws {
        let supported: NamespaceMap<SessionNamespace> = [
            "eip155": SessionNamespace(chains: ["eip155:1"], accounts: ["eip155:10:0xab"], methods: [], events: [])
        ]
        let error = try refusal {
            _ = try NamespaceRules.buildApproved(required: [:], optional: [:], supported: supported)
        }
        #expect(error?.message == "No accounts provided for chain eip155:1 in namespace eip155")
        #expect(LenientCAIP.isAccount("eip155:1:0xab", on: "eip155:1"))
        #expect(!LenientCAIP.isAccount("eip155:10:0xab", on: "eip155:1"))
        #expect(!LenientCAIP.isAccount("eip155:1:0xab", on: "eip155"))
        #expect(!LenientCAIP.isAccount("eip155:1", on: "eip155:1"))
    }

    @Test func `a wallet may support single chains`() throws {
        let approved = try NamespaceRules.buildApproved(
            required: [:],
            optional: ["eip155": ProposalNamespace(chains: ["eip155:5", "eip155:1"], methods: ["a"], events: [])],
            supported: [
                "eip155:1": SessionNamespace(accounts: ["eip155:1:0xab"], methods: ["a", "b"], events: ["e"]),
                "eip155:7": SessionNamespace(accounts: ["eip155:7:0xab"], methods: ["c"], events: []),
            ])
        #expect(
            approved == [
                "eip155": SessionNamespace(
                    chains: ["eip155:1"], accounts: ["eip155:1:0xab"], methods: ["a"], events: [])
            ])
    }

    @Test func `nothing in common leaves nothing to approve`() throws {
        let approved = try NamespaceRules.buildApproved(
            required: [:],
            optional: ["solana": ProposalNamespace(chains: ["solana:1"], methods: ["a"], events: [])],
            supported: SignFixtures.approved)
        #expect(approved.isEmpty)
    }

    @Test func `a method counts only on a chain with an account in the same namespace`() {
        let namespaces: NamespaceMap<SessionNamespace> = [
            "eip155": SessionNamespace(accounts: ["eip155:1:0xab"], methods: ["a"], events: ["e"]),
            "eip155:10": SessionNamespace(accounts: ["eip155:10:0xab"], methods: ["b"], events: []),
        ]
        #expect(NamespaceRules.allows(namespaces, chain: "eip155:1", method: "a"))
        #expect(!NamespaceRules.allows(namespaces, chain: "eip155:10", method: "a"))
        #expect(NamespaceRules.allows(namespaces, chain: "eip155:10", method: "b"))
        #expect(!NamespaceRules.allows(namespaces, chain: "eip155:100"))
        #expect(NamespaceRules.allows(namespaces, chain: "eip155:1", event: "e"))
        #expect(!NamespaceRules.allows(namespaces, chain: "eip155:10", event: "e"))
        #expect(NamespaceRules.approvedChains(namespaces) == ["eip155:1", "eip155:10"])
        #expect(NamespaceRules.approvedMethods(namespaces) == ["a", "b"])
        #expect(NamespaceRules.approvedMethods(namespaces, chain: "eip155:10") == ["b"])
        #expect(NamespaceRules.approvedEvents(namespaces, chain: "eip155:10").isEmpty)
    }

    @Test func `a look-alike of an approved name is another name`() {
        // U+212A KELVIN SIGN equals the letter K for `String`.
        let namespaces: NamespaceMap<SessionNamespace> = [
            "eip155": SessionNamespace(accounts: ["eip155:1:0xab"], methods: ["eth_K"], events: [])
        ]
        #expect(NamespaceRules.allows(namespaces, chain: "eip155:1", method: "eth_K"))
        #expect(!NamespaceRules.allows(namespaces, chain: "eip155:1", method: "eth_\u{212A}"))
    }

    @Test func `a namespace that is missing altogether is told by its key`() throws {
        let required: NamespaceMap<ProposalNamespace> = ["solana": ProposalNamespace(methods: [], events: [])]
        let error = try refusal { try NamespaceRules.conforms(SignFixtures.approved, to: required) }
        #expect(
            error?.message
                == "Non conforming namespaces. approve() namespaces keys don't satisfy requiredNamespaces.\n"
                + "      Required: solana\n      Received: eip155")
        let strict = try refusal {
            try NamespaceRules.conforms(SignFixtures.approved, to: required, strictness: .specification)
        }
        #expect(strict?.code == .userRejected)
    }

    @Test func `a session with more namespaces than were asked for is not compatible`() {
        var session = SignFixtures.approved
        session["solana"] = SessionNamespace(accounts: ["solana:1:x"], methods: [], events: [])
        #expect(!NamespaceRules.isSessionCompatible(session, with: SignFixtures.required))
        #expect(NamespaceRules.isSessionCompatible(SignFixtures.approved, with: SignFixtures.required))
    }

    @Test func `the specification refuses a chain of another family`() throws {
        let namespaces: JSON = ["eip155": ["chains": ["eip155:1", "cosmos:hub"], "methods": [], "events": []]]
        try NamespaceRules.validateProposal(namespaces, part: .required)
        let error = try refusal {
            try NamespaceRules.validateProposal(namespaces, part: .required, strictness: .specification)
        }
        #expect(error?.code == .unsupportedChains)
        #expect(error?.message == "Unsupported chains. Chains must be defined in matching namespace")
    }

    @Test func `a map keeps its order and each key once`() {
        var map: NamespaceMap<ProposalNamespace> = [:]
        let empty = ProposalNamespace(methods: [], events: [])
        for key in ["z", "a", "m"] { map[key] = empty }
        map["a"] = ProposalNamespace(methods: ["x"], events: [])
        map["m"] = nil
        #expect(map.keys == ["z", "a"])
        #expect(map["a"]?.methods == ["x"])
        #expect(map["none"] == nil)
    }

    @Test func `twenty thousand chains are judged quickly`() throws {
        // As many as one message can carry: comparing each with each would take minutes.
        var required: NamespaceMap<ProposalNamespace> = [:]
        var approved: NamespaceMap<SessionNamespace> = [:]
        for family in 0..<20 {
            let chains = (0..<1_000).map { "ns\(family):\($0)" }
            let methods = (0..<100).map { "method\(family)_\($0)" }
            required["ns\(family)"] = ProposalNamespace(chains: chains, methods: methods, events: [])
            approved["ns\(family)"] = SessionNamespace(
                accounts: chains.map { "\($0):0x" }, methods: methods.reversed(), events: [])
        }
        let clock = ContinuousClock()
        let time = try clock.measure { try NamespaceRules.conforms(approved, to: required) }
        #expect(time < .seconds(5))
    }
}
