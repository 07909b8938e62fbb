import Primitives
import Testing
import WalletConnectProtocol

@Suite(.enabled(if: Vectors.arePresent, Comment(rawValue: Vectors.absence)))
struct SignInVectorTests {
    private static let file = "siwe_cacao.json"

    /// The payload of a case, whose issuer stands beside it.
    private static func payload(_ vector: Vectors.Case) throws -> Cacao.Payload {
        var members = vector["payload"]!.members!
        members.append(JSONMember(name: "iss", value: vector["iss"]!))
        return try Cacao.Payload(json: .object(members))
    }

    @Test(arguments: Vectors.cases(file, "format_message_js"))
    func `the text is the JavaScript client's`(vector: Vectors.Case) throws {
        let payload = try Self.payload(vector)
        if let sentence = vector["throws"]?.string {
            let error = #expect(throws: AuthError.self) { try SignInMessage.text(of: payload) }
            #expect(error?.description == sentence)
        } else {
            #expect(try SignInMessage.text(of: payload) == vector.text("message"))
            #expect(try SignInMessage.variants(of: payload).first == vector.text("message"))
        }
    }

    @Test(arguments: Vectors.cases(file, "format_message_swift"))
    func `the text of reown-swift is one of the variants`(vector: Vectors.Case) throws {
        let payload = try Self.payload(vector)
        #expect(try SignInMessage.text(of: payload, variant: .swift) == vector.text("message"))
        #expect(try SignInMessage.variants(of: payload).contains(vector.text("message")))
    }

    @Test(arguments: Vectors.cases(file, "signed_cacaos"))
    func `a signed sign-in is judged as published`(vector: Vectors.Case) throws {
        let cacao = try Cacao(json: vector["cacao"]!)
        #expect(try SignInMessage.text(of: cacao.payload) == vector.text("message"))
        let isValid = vector["signature_valid"]!.bool!
        #expect(SignatureCheck.verdict(of: cacao) == (isValid ? .valid : .invalid(.wrongSigner)))
    }

    @Test(arguments: Vectors.cases(file, "signed_cacaos"))
    func `a text that comes with the signature must be one of the payload's`(vector: Vectors.Case) throws {
        var cacao = try Cacao(json: vector["cacao"]!)
        cacao.signature.message = vector.text("message")
        let isValid = vector["signature_valid"]!.bool!
        #expect(SignatureCheck.verdict(of: cacao) == (isValid ? .valid : .invalid(.wrongSigner)))
        cacao.signature.message = vector.text("message") + " "
        #expect(SignatureCheck.verdict(of: cacao) == .invalid(.foreignMessage))
    }

    @Test(arguments: Vectors.cases(file, "signed_cacaos"))
    func `a sign-in is written as it was read`(vector: Vectors.Case) throws {
        let cacao = try Cacao(json: vector["cacao"]!)
        #expect(try Cacao(json: cacao.json) == cacao)
        #expect(try cacao.json.canonical() == vector["cacao"]!.canonical())
    }

    @Test(arguments: Vectors.cases(file, "populate_auth_payload"))
    func `a payload is limited to what the wallet supports`(vector: Vectors.Case) throws {
        let input = vector["input"]!
        let payload = try AuthPayload(json: input["authPayload"]!)
        let chains = input["chains"]!.array!.compactMap(\.string)
        let methods = input["methods"]!.array!.compactMap(\.string)
        if let sentence = vector["throws"]?.string {
            let error = #expect(throws: AuthError.self) { try payload.limited(toChains: chains, methods: methods) }
            #expect(error?.description == sentence)
        } else {
            let limited = try payload.limited(toChains: chains, methods: methods)
            #expect(try limited.json.canonical() == vector["result"]!.canonical())
        }
    }

    @Test(arguments: Vectors.cases(file, "build_auth_object"))
    func `an answer is built from the request, the account and the signature`(vector: Vectors.Case) throws {
        let p = vector["p"]!
        let request = AuthPayload(
            chains: ["eip155:1"], domain: p["domain"]!.string!, audience: p["aud"]!.string!,
            nonce: p["nonce"]!.string!, issuedAt: p["iat"]!.string!, statement: p["statement"]?.string)
        let signature = Cacao.Signature(type: vector["s"]!["t"]!.string!, value: vector["s"]!["s"]!.string!)
        let issuer = p["iss"]!.string!
        for spelling in [issuer, String(issuer.dropFirst("did:pkh:".count))] {
            let cacao = Cacao(answering: request, issuer: spelling, signature: signature)
            #expect(cacao.json == vector.json)
        }
    }

    @Test(arguments: Vectors.cases("caip.json", "did_pkh"))
    func `an issuer is an account`(vector: Vectors.Case) throws {
        let text = vector.text("iss")
        if vector["error"]?.bool == true {
            #expect(throws: AuthError.invalidIssuer(text)) { try Issuer(text) }
        } else {
            let issuer = try Issuer(text)
            #expect(issuer.chain.reference == vector.text("chain_reference"))
            #expect(issuer.chain.description == vector.text("chain_id"))
            #expect(issuer.address == vector.text("address"))
            #expect(issuer.did == text)
        }
    }
}
