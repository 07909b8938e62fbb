import Primitives
import Testing
import WalletConnectProtocol

struct SignArgumentsTests {
    private let session = SignFixtures.session

    @Test(arguments: [299, 604_801, 0, -1, Int64.max])
    func `a request waits five minutes to seven days`(seconds: Int64) throws {
        let error = try refusal {
            try SignArguments.validateRequest(
                session, chain: "eip155:1", method: "personal_sign", expirySeconds: seconds)
        }
        #expect(
            error?.message == "Missing or invalid. request() expiry: \(seconds). Expiry must be a number (in seconds) "
                + "between 300 and 604800")
    }

    @Test func `typed and untyped calls say the same`() throws {
        let lookup = SignFixtures.Lookup()
        for (chain, method, expiry) in [
            ("eip155:1", "personal_sign", Int64(300)), ("eip155:1", "personal_sign", 604_800),
            ("eip155:1", "unknown", 900), ("eip155:5", "personal_sign", 900), ("", "personal_sign", 900),
            ("eip155:1", "", 900), ("eip155:1", "personal_sign", 299),
        ] {
            let typed = try refusal {
                try SignArguments.validateRequest(session, chain: chain, method: method, expirySeconds: expiry)
            }
            let untyped = try refusal {
                try SignArguments.validate(
                    .request,
                    [
                        "topic": .string(session.topic.hex), "chainId": .string(chain),
                        "request": ["method": .string(method)], "expiry": JSON(expiry),
                    ], in: lookup)
            }
            #expect(typed == untyped)
        }
        for (name, chain) in [("chainChanged", "eip155:1"), ("chainChanged", "eip155:5"), ("other", "eip155:1")] {
            let typed = try refusal {
                try SignArguments.validateEmit(session, chain: chain, event: SessionEvent(name: name, data: 1))
            }
            let untyped = try refusal {
                try SignArguments.validate(
                    .emit,
                    [
                        "topic": .string(session.topic.hex), "chainId": .string(chain),
                        "event": ["name": .string(name), "data": 1],
                    ], in: lookup)
            }
            #expect(typed == untyped)
        }
    }

    @Test func `records that are over are named as such`() throws {
        var lookup = SignFixtures.Lookup()
        let topic = session.topic.hex
        func message(_ record: SignRecord<Session>) throws -> String? {
            lookup.sessions[topic] = record
            return try refusal { try SignArguments.validate(.extend, ["topic": .string(topic)], in: lookup) }?.message
        }
        #expect(try message(.expired) == "Expired. session topic: \(topic)")
        #expect(
            try message(.recentlyDeleted) == "Missing or invalid. Record was recently deleted - session: \(topic)")
        #expect(try message(.unknown) == "No matching key. session topic doesn't exist: \(topic)")
        #expect(
            try message(.keyMissing) == "Missing or invalid. session topic does not exist in keychain: \(topic)")
        #expect(try message(.live(session)) == nil)
        #expect(try refusal { _ = try SignArguments.proposal(.expired, id: "5") }?.message == "Expired. proposal id: 5")
        #expect(
            try refusal { _ = try SignArguments.proposal(.recentlyDeleted, id: "5") }?.message
                == "Missing or invalid. Record was recently deleted - proposal: 5")
        #expect(
            try refusal { _ = try SignArguments.pairing(.expired, topic: "ab") }?.message
                == "Expired. pairing topic: ab")
    }

    @Test func `properties have values and belong to namespaces`() throws {
        func offer(session: JSON? = nil, scoped: JSON? = nil) throws -> String? {
            try refusal {
                try SignArguments.validateConnect(
                    ConnectOffer(
                        optionalNamespaces: SignFixtures.required, sessionProperties: session, scopedProperties: scoped)
                )
            }?.message
        }
        #expect(try offer(session: ["a": ["b": 1]], scoped: ["eip155:1": ["x": nil]]) == nil)
        #expect(
            try offer(session: ["a": nil])
                == "Missing or invalid. sessionProperties must contain an existing value for "
                + "each key. Received: null for key a")
        #expect(
            try offer(scoped: ["solana": 1]) == "Scoped properties must be a subset of required/optional namespaces, "
                + "received: {\"solana\":1}, required/optional namespaces: [\"eip155\"]")
        let approval = try refusal {
            try SignArguments.validateApprove(
                SignFixtures.proposal, namespaces: SignFixtures.approved, scopedProperties: ["solana": 1])
        }
        #expect(
            approval?.message == "Scoped properties must be a subset of approved namespaces, received: "
                + "{\"solana\":1}, approved namespaces: eip155")
    }

    @Test func `a settlement needs a key, namespaces, and time`() throws {
        var settlement = Settlement(
            namespaces: SignFixtures.approved, controller: SignFixtures.wallet, expiry: 1_760_604_805)
        let now = Timestamp(milliseconds: 1_760_000_000_000)
        func message() throws -> String? {
            try refusal {
                try SignArguments.validateSettlement(settlement, required: SignFixtures.required, at: now)
            }?.message
        }
        #expect(try message() == nil)
        settlement.expiry = 1_760_000_000
        #expect(try message() == "Expired. onSessionSettleRequest()")
        settlement.expiry = 1_760_604_805
        settlement.namespaces["eip155"]?.methods = ["eth_sign"]
        #expect(
            try message() == "Non conforming namespaces. onSessionSettleRequest() namespaces methods don't satisfy "
                + "namespace methods for eip155:1")
        settlement.namespaces = [:]
        #expect(
            try message() == "Missing or invalid. onSessionSettleRequest(), namespaces should be an object with data")
        settlement.controller.publicKey = ""
        #expect(
            try message() == "Missing or invalid. onSessionSettleRequest() controller public key should be a string")
    }

    @Test func `a sign-in is for one family of chains`() throws {
        func message(_ chains: JSON, _ others: [String] = ["uri", "domain", "nonce"]) throws -> String? {
            let members = [JSONMember(name: "chains", value: chains)]
            let rest = others.map { JSONMember(name: $0, value: "x") }
            return try refusal {
                try SignArguments.validate(.authenticate, .object(members + rest), in: SignFixtures.Lookup())
            }?.message
        }
        #expect(try message(["eip155:1", "eip155:10"]) == nil)
        #expect(try message([]) == "chains is required and must be a non-empty array")
        #expect(try message(["eip155:1"], ["domain", "nonce"]) == "uri is required parameter")
        #expect(try message(["eip155:1"], ["uri", "nonce"]) == "domain is required parameter")
        #expect(try message(["eip155:1"], ["uri", "domain"]) == "nonce is required parameter")
        #expect(
            try message(["eip155:1", "solana:1"])?.hasPrefix("Multi-namespace requests are not supported.") == true)
        #expect(try message(["solana:1"])?.hasPrefix("Only eip155 namespace is supported") == true)
    }

    @Test(
        arguments: [
            (["chains": "eip155:1"], "chains is required and must be a non-empty array"),
            (["chains": nil], "chains is required and must be a non-empty array"),
            (["uri": ""], "uri is required parameter"), (["domain": 7], "domain is required parameter"),
            (["nonce": nil], "nonce is required parameter"),
            (
                ["expiry": 299],
                "Missing or invalid. authenticate() expiry: 299. Expiry must be a number (in seconds) between 300 and 604800"
            ),
            (
                ["expiry": "soon"],
                "Missing or invalid. authenticate() expiry: soon. Expiry must be a number (in seconds) between 300 and 604800"
            ),
            (
                ["chains": ["cosmos:cosmoshub-4"]],
                "Only eip155 namespace is supported for authenticated sessions. Please use .connect() for non-eip155 chains."
            ),
        ] as [(JSON, String)])
    func `each wrong argument of a sign-in gets its sentence`(_ wrong: JSON, _ sentence: String) throws {
        let right: JSON = [
            "chains": ["eip155:1"], "uri": "https://dapp.example/login", "domain": "dapp.example", "nonce": "n",
            "expiry": 300,
        ]
        #expect(try refusal { try SignArguments.validate(.authenticate, right, in: SignFixtures.Lookup()) } == nil)
        let changed = wrong.members ?? []
        let members = (right.members ?? []).filter { member in !changed.contains { $0.name == member.name } } + changed
        let error = try refusal {
            try SignArguments.validate(.authenticate, .object(members), in: SignFixtures.Lookup())
        }
        #expect(error?.message == sentence)
        #expect(error?.code == .invalidArgument)
    }

    @Test func `an answer on another topic is told with both`() {
        let error = SignArguments.mismatchedTopic(
            id: 7, expected: SignFixtures.sessionTopic, received: SignFixtures.pairingTopic)
        #expect(error.code == .mismatchedTopic)
        #expect(error.message.contains("reqId: 7, expected topic: 2b2b"))
    }

    @Test(arguments: SignArguments.Call.allCases)
    func `arguments of every shape end in an error, never in a trap`(call: SignArguments.Call) throws {
        let lookup = SignFixtures.Lookup()
        let values: [JSON?] = [
            nil, JSON.null, true, 0, -1, .number("1.5"), "", "x", [], [[]], [:], ["a": [:]],
        ]
        let names = [
            "id", "topic", "namespaces", "request", "response", "event", "chainId", "reason", "pairingTopic", "relays",
            "requiredNamespaces", "optionalNamespaces", "sessionProperties", "scopedProperties", "expiry", "chains",
            "authentication", "relayProtocol",
        ]
        for value in values {
            _ = try refusal { try SignArguments.validate(call, value, in: lookup) }
            for name in names {
                var members = [
                    JSONMember(name: "topic", value: .string(session.topic.hex)),
                    JSONMember(name: "id", value: SignFixtures.proposal.id.json),
                    JSONMember(name: "chainId", value: "eip155:1"),
                ]
                members.removeAll { $0.name == name }
                if let value { members.append(JSONMember(name: name, value: value)) }
                _ = try refusal { try SignArguments.validate(call, .object(members), in: lookup) }
            }
        }
    }

    @Test func `extending clips a clock that is ahead and never shortens`() throws {
        let now = Timestamp(milliseconds: 1_700_000_000_000)
        let latest = SessionExpiry.fresh(at: now)
        func extended(_ current: Int64, _ requested: Int64?) throws -> Int64 {
            try SessionExpiry.extended(current: current, requested: requested, byController: true, at: now)
        }
        #expect(try extended(1_700_000_100, nil) == latest)
        #expect(try extended(1_700_000_100, latest + 30) == latest)
        #expect(try extended(latest + 10, nil) == latest + 10)
        #expect(try refusal { _ = try extended(1_700_000_100, latest + 301) }?.code == .invalidExtendRequest)
        #expect(try refusal { _ = try extended(1_700_000_100, .max) }?.code == .invalidExtendRequest)
        #expect(try extended(1_700_000_100, 1_700_000_100) == 1_700_000_100)
        #expect(try refusal { _ = try extended(1_700_000_100, 1_700_000_099) }?.code == .invalidExtendRequest)
    }
}
