import ChainEVM
import Cryptography
import Primitives
import Testing
import WalletConnectProtocol

/// A request with everything in it, and the honest answer of a wallet.
private struct Exchange {
    static let now = try! Timestamp(rfc3339: "2026-11-20T12:00:00Z")
    static let account = "0x3613699A6c5D8BC97a08805876c8005543125F09"

    var request: AuthPayload
    var cacao: Cacao

    init(
        statement: String? = "Hello", methods: [String] = ["personal_sign", "eth_sendTransaction"],
        resources: [String]? = ["https://example.com/tos"], chains: [String] = ["eip155:1", "eip155:10"],
        supported: [String] = ["eip155:1", "eip155:10"]
    ) throws {
        request = try AuthRequest(
            domain: "app.example.com", uri: "https://app.example.com/login", chains: chains, nonce: "32891756",
            statement: statement, expiration: "2026-11-20T13:00:00Z", notBefore: "2026-11-20T11:00:00Z",
            requestID: "7", resources: resources, methods: methods
        ).payload(issuedAt: Self.now.adding(seconds: -5))
        let approved = try request.limited(toChains: supported, methods: ["personal_sign", "eth_sendTransaction"])
        cacao = Cacao(
            answering: approved, issuer: "eip155:1:\(Self.account)",
            signature: Cacao.Signature(type: "eip191", value: "0x00"))
    }

    var mismatches: [CacaoMismatch] { CacaoRules.mismatches(request: request, cacao: cacao, now: Self.now) }
}

struct CacaoRulesTests {
    @Test func `the answer of an honest wallet fits`() throws {
        #expect(try Exchange().mismatches == [])
        #expect(try Exchange(statement: nil).mismatches == [])
        #expect(try Exchange(methods: [], resources: nil).mismatches == [])
        #expect(try Exchange(supported: ["eip155:10"]).mismatches == [])
        // A request whose statement has the sentence of its own ReCap already, as JavaScript dApps may send it.
        var exchange = try Exchange()
        exchange.request.statement = try Recap.last(in: exchange.request.resources)?.statement(after: "Hello")
        #expect(exchange.mismatches == [])
        // Some wallets leave the sentence to whoever builds the text.
        exchange = try Exchange()
        exchange.cacao.payload.statement = "Hello"
        #expect(exchange.mismatches == [])
        // An answer to a payload that was copied as it was.
        exchange = try Exchange()
        exchange.cacao.payload = Cacao.Payload(
            answering: exchange.request, issuer: "did:pkh:eip155:10:\(Exchange.account)")
        #expect(exchange.mismatches == [])
    }

    @Test func `another value in any field is found`() throws {
        let changes: [(CacaoMismatch, (inout Cacao) -> Void)] = [
            (.header("caip999"), { $0.header.type = "caip999" }),
            (.domain("app.example.org"), { $0.payload.domain = "app.example.org" }),
            (.audience("https://app.example.org"), { $0.payload.audience = "https://app.example.org" }),
            (.audience(nil), { $0.payload.audience = nil }),
            (.version("2"), { $0.payload.version = "2" }),
            (.nonce("32891757"), { $0.payload.nonce = "32891757" }),
            (.requestID(nil), { $0.payload.requestID = nil }),
            (.issuer("somebody"), { $0.payload.issuer = "somebody" }),
            (.chain("eip155:137"), { $0.payload.issuer = "did:pkh:eip155:137:\(Exchange.account)" }),
            (.chain("solana:1"), { $0.payload.issuer = "did:pkh:solana:1:\(Exchange.account)" }),
            (.statement("Give all"), { $0.payload.statement = "Give all" }),
            (.resource("https://evil.example"), { $0.payload.resources?.insert("https://evil.example", at: 0) }),
            (.malformedTime("iat"), { $0.payload.issuedAt = "yesterday" }),
            (.issuedAt("2026-11-19T12:00:00Z"), { $0.payload.issuedAt = "2026-11-19T12:00:00Z" }),
            (.issuedAt("2026-11-20T12:02:01Z"), { $0.payload.issuedAt = "2026-11-20T12:02:01Z" }),
            (.expiration(nil), { $0.payload.expiration = nil }),
            (.expiration("2026-11-20T13:00:01Z"), { $0.payload.expiration = "2026-11-20T13:00:01Z" }),
            (.expired, { $0.payload.expiration = "2026-11-20T12:00:00Z" }),
            (.malformedTime("exp"), { $0.payload.expiration = "never" }),
            (.notBefore(nil), { $0.payload.notBefore = nil }),
            (.notBefore("2026-11-20T10:59:59Z"), { $0.payload.notBefore = "2026-11-20T10:59:59Z" }),
            (.notYetValid, { $0.payload.notBefore = "2026-11-20T12:02:01Z" }),
            (.malformedTime("nbf"), { $0.payload.notBefore = "soon" }),
        ]
        for (mismatch, change) in changes {
            var exchange = try Exchange()
            change(&exchange.cacao)
            #expect(exchange.mismatches == [mismatch])
            #expect(throws: mismatch) {
                try CacaoRules.compare(request: exchange.request, cacao: exchange.cacao, now: Exchange.now)
            }
        }
    }

    @Test func `a time of the wallet's own is taken when it is between the request and now`() throws {
        for time in ["2026-11-20T12:00:01Z", "2026-11-20T13:01:00+01:00", "2026-11-20T11:59:00.5Z"] {
            var exchange = try Exchange()
            exchange.cacao.payload.issuedAt = time
            #expect(exchange.mismatches == [])
        }
    }

    @Test func `texts that only look alike are not the same`() throws {
        var exchange = try Exchange()
        exchange.request.domain = "app.example.com/K"
        // U+212A KELVIN SIGN, which String takes for the letter.
        exchange.cacao.payload.domain = "app.example.com/\u{212A}"
        #expect(exchange.mismatches == [.domain("app.example.com/\u{212A}")])
    }

    @Test func `a ReCap may be narrower and not wider`() throws {
        func signed(_ recap: Recap) throws -> [CacaoMismatch] {
            var exchange = try Exchange()
            exchange.cacao.payload.resources = ["https://example.com/tos", recap.encoded]
            exchange.cacao.payload.statement = recap.statement(after: "Hello")
            return exchange.mismatches
        }
        func limits(_ chains: String...) -> JSON { ["chains": .array(chains.map { JSON.string($0) })] }
        let personal = Recap(resource: "eip155", ability: "request", actions: ["personal_sign"])
        #expect(try signed(personal) == [])
        #expect(
            try signed(
                Recap(
                    resource: "eip155", ability: "request", actions: ["personal_sign"], limits: limits("eip155:10")))
                == [])
        #expect(
            try signed(
                Recap(
                    resource: "eip155", ability: "request", actions: ["personal_sign"], limits: limits("eip155:137")))
                == [.chain("eip155:137")])
        #expect(
            try signed(Recap(resource: "eip155", ability: "request", actions: ["eth_sign"]))
                == [.ability(resource: "eip155", name: "request/eth_sign")])
        #expect(
            try signed(Recap(resource: "https://other", ability: "request", actions: ["personal_sign"]))
                == [.ability(resource: "https://other", name: "request/personal_sign")])
        // Statement of reown-swift's order.
        var exchange = try Exchange()
        let two = personal.merging(Recap(resource: "eip155", ability: "push", actions: ["a"]))
        exchange.request.resources = [two.encoded]
        exchange.cacao.payload.resources = [two.encoded]
        exchange.cacao.payload.statement = two.statement(after: "Hello", order: .ability)
        #expect(exchange.mismatches == [])
    }

    @Test func `limits that were asked for stay`() throws {
        let limit: JSON = ["max_times": 1]
        let asked = Recap(resource: "eip155", ability: "request", actions: ["personal_sign"], limits: limit)
        let cases: [(JSON, Bool)] = [
            (limit, true), (["max_times": 1, "chains": ["eip155:1"]], true), (["max_times": 2], false),
            ([:], false), (["chains": ["eip155:1"]], false),
        ]
        for (signed, fits) in cases {
            var exchange = try Exchange(statement: nil, methods: [], resources: [asked.encoded])
            let recap = Recap(resource: "eip155", ability: "request", actions: ["personal_sign"], limits: signed)
            exchange.cacao.payload.resources = [recap.encoded]
            exchange.cacao.payload.statement = recap.statement()
            #expect(exchange.mismatches.isEmpty == fits, "\(signed.text)")
        }
    }

    @Test func `a ReCap that nobody was shown is none`() throws {
        let recap = Recap(resource: "eip155", ability: "request", actions: ["personal_sign"]).encoded
        var exchange = try Exchange()
        exchange.cacao.payload.resources = [recap, "https://example.com/tos"]
        #expect(exchange.mismatches.contains(.recap(recap)))
        exchange.cacao.payload.resources = ["urn:recap:!"]
        exchange.cacao.payload.statement = "Hello"
        #expect(exchange.mismatches == [.recap("urn:recap:!")])
    }

    @Test func `a signature type that was not offered is refused`() throws {
        var exchange = try Exchange()
        exchange.request.signatureTypes = ["eip155": ["eip1271"], "solana": ["eip191"]]
        #expect(exchange.mismatches == [.signatureType("eip191")])
        exchange.cacao.signature.type = "eip1271"
        #expect(exchange.mismatches == [])
    }

    @Test func `a grant has the accounts and methods of all answers`() throws {
        let first = try Exchange().cacao
        var second = first
        second.payload.issuer = "did:pkh:eip155:10:0xB1bad80be351061Db2F726D2dDe28E0Ebbb88D30"
        second.payload.resources = nil
        let grant = try CacaoGrant(of: [first, second])
        let account = Exchange.account
        #expect(
            grant.accounts == [
                "eip155:1:\(account)", "eip155:10:\(account)",
                "eip155:10:0xB1bad80be351061Db2F726D2dDe28E0Ebbb88D30",
            ])
        #expect(grant.methods == ["eth_sendTransaction", "personal_sign"])
        #expect(try CacaoGrant(of: [second]).methods.isEmpty)
        // Abilities without limits, as reown-swift writes them.
        let bare = Recap(resources: [.init(name: "eip155", abilities: [.init(name: "request/a", limits: [])])])
        second.payload.resources = [bare.encoded]
        #expect(try CacaoGrant(of: [second]).methods == ["a"])
    }
}
