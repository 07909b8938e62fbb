import Primitives
import Testing
import WalletConnectProtocol

/// Payloads that are wrong on purpose: they end in a `PayloadError`, and cost no more than they weigh.
struct HostilePayloadTests {
    /// Every decoder of a payload or a record.
    static let decoders: [(name: String, decode: @Sendable (JSON) throws(PayloadError) -> JSON)] = [
        ("metadata", { (json) throws(PayloadError) in try Metadata.decode(json).json }),
        ("participant", { (json) throws(PayloadError) in try Participant.decode(json).json }),
        ("relay", { (json) throws(PayloadError) in try RelayProtocol.decode(json).json }),
        (
            "proposal namespaces",
            { (json) throws(PayloadError) in try NamespaceMap<ProposalNamespace>.decode(json).json }
        ),
        (
            "session namespaces",
            { (json) throws(PayloadError) in try NamespaceMap<SessionNamespace>.decode(json).json }
        ),
        (
            "proposal",
            { (json) throws(PayloadError) in
                try SessionProposal.decode(
                    params: json, id: SignFixtures.proposal.id, pairingTopic: SignFixtures.pairingTopic
                ).params
            }
        ),
        ("proposal record", { (json) throws(PayloadError) in try SessionProposal.decode(json).json }),
        ("answer", { (json) throws(PayloadError) in try ProposalAnswer.decode(json).json }),
        ("settlement", { (json) throws(PayloadError) in try Settlement.decode(json).json }),
        ("update", { (json) throws(PayloadError) in try SessionUpdateParams.decode(json).json }),
        ("extend", { (json) throws(PayloadError) in try SessionExtendParams.decode(json).json }),
        ("request", { (json) throws(PayloadError) in try SessionRequestParams.decode(json).json }),
        ("event", { (json) throws(PayloadError) in try SessionEventParams.decode(json).json }),
        ("reason", { (json) throws(PayloadError) in try Reason.decode(json).json }),
        ("authenticate", { (json) throws(PayloadError) in try AuthenticateParams.decode(json).json }),
        ("authenticated", { (json) throws(PayloadError) in try AuthenticateResult.decode(json).json }),
        ("session", { (json) throws(PayloadError) in try Session.decode(json).json }),
        ("pending request", { (json) throws(PayloadError) in try PendingRequest.decode(json).json }),
        ("pairing", { (json) throws(PayloadError) in try Pairing.decode(json).json }),
        ("verify context", { (json) throws(PayloadError) in try VerifyContext.decode(json).json }),
    ]

    /// A valid value for each decoder, with every field that it reads.
    static var samples: [JSON] {
        var session = SignFixtures.session
        session.optionalNamespaces = SignFixtures.required
        session.sessionProperties = ["capabilities": ["0xab": [1, nil, "x"]]]
        session.scopedProperties = ["eip155": ["a": 1]]
        session.sessionConfig = SessionConfig(disableDeepLink: true)
        session.relay = RelayProtocol(name: "other", data: "d")
        session.transport = .linkMode
        session.walletPayResult = [["txid": "0x"]]
        var proposal = SignFixtures.proposal
        proposal.optionalNamespaces = SignFixtures.required
        proposal.sessionProperties = ["a": ["b": 1]]
        proposal.scopedProperties = ["eip155": 1]
        proposal.requests = ["walletPay": ["version": "1"]]
        let params = proposal.params
        proposal.attestation = "jwt"
        let settlement = Settlement(
            namespaces: SignFixtures.approved, controller: SignFixtures.wallet, expiry: 1,
            sessionProperties: ["a": 1], scopedProperties: ["eip155": 1], sessionConfig: session.sessionConfig,
            proposalRequestsResponses: ["walletPay": []])
        let context = VerifyContext(
            origin: "https://a.example", validation: .valid, verifyURL: "https://verify.example", isScam: false)
        let pending = PendingRequest(
            topic: SignFixtures.sessionTopic, id: 5, chain: "eip155:1", method: "m", params: [1.description.json],
            expiry: 9, verifyContext: context)
        var pairing = SignFixtures.pairing
        pairing.methods = ["wc_sessionAuthenticate"]
        pairing.peerMetadata = SignFixtures.wallet.metadata
        let payload = AuthPayload(
            chains: ["eip155:1"], domain: "a.example", audience: "https://a.example", nonce: "n",
            issuedAt: "2026-11-21T00:00:00Z")
        let cacao = Cacao(
            answering: payload, issuer: "did:pkh:eip155:1:0xab",
            signature: Cacao.Signature(type: "eip191", value: "0x00"))
        return [
            SignFixtures.wallet.metadata.json, SignFixtures.wallet.json, session.relay.json, SignFixtures.required.json,
            SignFixtures.approved.json, params, proposal.json, ProposalAnswer(responderPublicKey: "ab").json,
            settlement.json, SessionUpdateParams(namespaces: SignFixtures.approved).json,
            SessionExtendParams(expiry: 5).json,
            SessionRequestParams(method: "m", params: [["a": nil]], expiry: 5, chainID: "eip155:1").json,
            SessionEventParams(event: SessionEvent(name: "e", data: nil), chainID: "eip155:1").json,
            Reason(code: 6000, message: "User disconnected.").json,
            AuthenticateParams(requester: SignFixtures.app, authPayload: payload, expiry: 5).json,
            AuthenticateResult(cacaos: [cacao], responder: SignFixtures.wallet).json, session.json, pending.json,
            pairing.json, context.json,
        ]
    }

    @Test func `what was written is read and written again as it was`() throws {
        for (decoder, sample) in zip(Self.decoders, Self.samples) {
            #expect(try decoder.decode(sample).text == sample.text, "\(decoder.name)")
        }
        #expect(Self.decoders.count == Self.samples.count)
    }

    @Test func `a field of another type is refused by name or passed over, wherever it is`() throws {
        let wrong: [JSON] = [
            nil as JSON, true, 7, .number("1e400"), .number("-1"), .number("99999999999999999999"), "", "x", [], [7],
            [[]],
            [:], ["a": 7],
        ]
        for (decoder, sample) in zip(Self.decoders, Self.samples) {
            var refused = 0
            for value in wrong {
                for mutant in Self.mutants(of: sample, with: value) {
                    do throws(PayloadError) {
                        // What is accepted can be written, and read again as the same.
                        let written = try decoder.decode(mutant)
                        #expect(throws: Never.self) { try JSON.parse(written.serialized(), limits: .rpc) }
                    } catch {
                        refused += 1
                        #expect(error.path.utf8.count <= 512)
                        #expect(!error.description.isEmpty)
                    }
                }
            }
            #expect(refused > 0, "\(decoder.name)")
        }
    }

    @Test func `unknown members are passed over`() throws {
        for (decoder, sample) in zip(Self.decoders, Self.samples) where !decoder.name.contains("namespaces") {
            guard case .object(var members) = sample else { continue }
            members.insert(JSONMember(name: "neverHeardOf", value: [["deep": [1]]]), at: 0)
            #expect(try decoder.decode(.object(members)).text == sample.text, "\(decoder.name)")
        }
    }

    @Test func `each named limit is kept`() throws {
        func refused(_ path: String, _ problem: PayloadError.Problem, _ body: () throws -> Void) {
            #expect(throws: PayloadError(path, problem), performing: body)
        }
        func proposal(_ namespace: JSON) throws {
            _ = try NamespaceMap<ProposalNamespace>.decode(["eip155": namespace])
        }
        let many = { (count: Int) in JSON.array(Array(repeating: "eip155:1", count: count)) }
        try proposal(["chains": many(PayloadLimits.chainsMax), "methods": [], "events": []])
        refused("eip155.chains", .tooMany(max: PayloadLimits.chainsMax)) {
            try proposal(["chains": many(PayloadLimits.chainsMax + 1), "methods": [], "events": []])
        }
        refused("eip155.methods", .tooMany(max: PayloadLimits.methodsMax)) {
            try proposal(["methods": many(PayloadLimits.methodsMax + 1), "events": []])
        }
        refused("eip155.events", .tooMany(max: PayloadLimits.eventsMax)) {
            try proposal(["methods": [], "events": many(PayloadLimits.eventsMax + 1)])
        }
        refused("eip155.accounts", .tooMany(max: PayloadLimits.accountsMax)) {
            _ = try NamespaceMap<SessionNamespace>.decode([
                "eip155": ["accounts": many(PayloadLimits.accountsMax + 1), "methods": [], "events": []]
            ])
        }
        let long = String(repeating: "x", count: 100_000)
        refused("eip155.methods[0]", .tooLong(maxBytes: PayloadLimits.methodBytesMax)) {
            try proposal(["methods": [.string(long)], "events": []])
        }
        refused("", .tooMany(max: PayloadLimits.namespacesMax)) {
            let namespace: JSON = ["methods": [], "events": []]
            _ = try NamespaceMap<ProposalNamespace>.decode(
                .object((0...PayloadLimits.namespacesMax).map { JSONMember(name: "n\($0)", value: namespace) }))
        }
        refused("", .tooLong(maxBytes: PayloadLimits.namespaceKeyBytesMax)) {
            _ = try NamespaceMap<ProposalNamespace>.decode(
                .object([JSONMember(name: long, value: ["methods": [], "events": []])]))
        }
        refused("a?b?.methods", .missing) {
            _ = try NamespaceMap<ProposalNamespace>.decode(["a\nb\u{7F}": ["events": []]])
        }
        refused("icons", .tooMany(max: PayloadLimits.iconsMax)) {
            _ = try Metadata.decode(["icons": many(PayloadLimits.iconsMax + 1)])
        }
        for (name, limit) in [
            ("name", PayloadLimits.nameBytesMax), ("description", PayloadLimits.descriptionBytesMax),
            ("url", PayloadLimits.urlBytesMax),
        ] {
            refused(name, .tooLong(maxBytes: limit)) {
                _ = try Metadata.decode(.object([JSONMember(name: name, value: .string(long))]))
            }
        }
    }

    @Test func `a record that is cut or altered is refused or read, never a trap`() throws {
        let bytes = SignFixtures.session.encoded()
        for length in 0..<bytes.count {
            #expect(throws: PayloadError.self) { try Session.decode(bytes: Array(bytes.prefix(length))) }
        }
        #expect(throws: PayloadError("", .unreadable)) { try Session.decode(bytes: bytes + [0x7D]) }
        for index in bytes.indices {
            var altered = bytes
            altered[index] ^= UInt8(1 << (index % 8))
            do throws(PayloadError) { _ = try Session.decode(bytes: altered) } catch { continue }
        }
        let deep = [UInt8](repeating: 0x5B, count: 100_000)
        #expect(throws: PayloadError("", .unreadable)) { try Session.decode(bytes: deep) }
    }

    @Test func `what is passed through keeps its digits and its order`() throws {
        let text =
            #"{"request":{"method":"m","params":{"z":1.0,"a":[1e2,12345678901234567890123],"n":null,"s":"5n"}},"#
            + #""chainId":"eip155:1"}"#
        let params = try SessionRequestParams.decode(JSON.parse(text))
        #expect(params.json.text == text)
        #expect(
            try SessionRequestParams.decode(JSON.parse(text.replacing("},\"chainId", with: ",\"expiry\":9},\"chainId")))
                .expiry == 9)
    }

    @Test func `what is missing or null is as good as empty`() throws {
        let proposal = try SessionProposal.decode(
            params: [
                "proposer": ["publicKey": "ab", "metadata": ["redirect": ["native": nil], "icons": nil]],
                "requiredNamespaces": nil, "relays": nil, "requests": nil,
            ], id: .text("12n"), pairingTopic: SignFixtures.pairingTopic)
        #expect(proposal.relays == [.irn])
        #expect(proposal.proposer.metadata == Metadata(redirect: Metadata.Redirect()))
        #expect(
            proposal.params.text.hasPrefix(
                #"{"requiredNamespaces":{},"optionalNamespaces":{},"relays":[{"protocol":"irn"}],"proposer":{"#))
        #expect(try SessionExtendParams.decode(.null).expiry == nil)
        #expect(try Reason.decode([:]) == Reason(code: 6000, message: "User disconnected."))
        #expect(
            try Settlement.decode([
                "namespaces": [:], "controller": ["publicKey": "ab"], "expiry": 5,
            ]).relay == .irn)
    }

    /// The value with one part after another replaced by another value, and then removed.
    private static func mutants(of json: JSON, with value: JSON) -> [JSON] {
        var all = [value]
        switch json {
        case .array(let elements):
            for index in elements.indices {
                for mutant in mutants(of: elements[index], with: value) {
                    var copy = elements
                    copy[index] = mutant
                    all.append(.array(copy))
                }
            }
        case .object(let members):
            for index in members.indices {
                for mutant in mutants(of: members[index].value, with: value) {
                    var copy = members
                    copy[index].value = mutant
                    all.append(.object(copy))
                }
                var copy = members
                copy.remove(at: index)
                all.append(.object(copy))
            }
        default: break
        }
        return all
    }
}

extension String {
    fileprivate var json: JSON { .string(self) }
}
