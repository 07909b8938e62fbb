import Primitives
import Testing
import WalletConnectProtocol

struct AuthRequestTests {
    private static let moment = try! Timestamp(rfc3339: "2026-11-20T12:00:00Z")

    private static func request(methods: [String] = [], resources: [String]? = nil) -> AuthRequest {
        AuthRequest(
            domain: "localhost", uri: "http://localhost:3000", chains: ["eip155:1"], nonce: "1", resources: resources,
            methods: methods)
    }

    @Test func `statement and resources are always written`() throws {
        let payload = try Self.request().payload(issuedAt: Self.moment)
        let expected: JSON = [
            "type": "caip122", "chains": ["eip155:1"], "domain": "localhost", "aud": "http://localhost:3000",
            "version": "1", "nonce": "1", "iat": "2026-11-20T12:00:00.000Z", "statement": "", "resources": [],
        ]
        #expect(payload.json == expected)
        #expect(try AuthPayload(json: payload.json) == payload)
    }

    @Test func `methods become the last resource, merged with a ReCap that was there`() throws {
        let old = Recap(resource: "https://notify.example", ability: "manage", actions: ["all"])
        let payload = try Self.request(methods: ["personal_sign"], resources: ["https://a", old.encoded])
            .payload(issuedAt: Self.moment)
        #expect(payload.resources?.count == 2)
        #expect(payload.resources?.first == "https://a")
        let recap = try #require(try Recap.last(in: payload.resources))
        #expect(recap.methods() == ["personal_sign"])
        #expect(recap.methods(of: "https://notify.example") == ["all"])
        // A ReCap that is not last is a resource like others.
        let first = try Self.request(methods: ["personal_sign"], resources: [old.encoded, "https://a"])
            .payload(issuedAt: Self.moment)
        #expect(first.resources?.count == 3)
    }

    @Test func `a wrong ReCap or no chain is refused`() {
        #expect(throws: AuthError.recap(.notJSON)) {
            try Self.request(methods: ["a"], resources: ["urn:recap:AAAA"]).payload(issuedAt: Self.moment)
        }
        var request = Self.request()
        request.chains = []
        #expect(throws: AuthError.noSupportedChains) { try request.payload(issuedAt: Self.moment) }
    }

    @Test func `in a proposal what is absent stays absent`() throws {
        var request = Self.request(methods: ["personal_sign"])
        request.signatureTypes = ["eip155": ["eip191"]]
        let json = request.proposalPayload(issuedAt: Self.moment).json
        #expect(json["statement"] == nil)
        #expect(json["resources"] == nil)
        #expect(json["signatureTypes"] == request.signatureTypes)
        #expect(try AuthPayload(json: json).signatureTypes(of: "eip155") == ["eip191"])
    }

    @Test func `nulls and strangers among the members are passed over`() throws {
        let payload = try AuthPayload(json: [
            "chains": ["eip155:1"], "domain": "d", "aud": "a", "version": "1", "nonce": "n", "iat": "i",
            "exp": .null, "statement": .null, "resources": .null, "type": .null, "new": ["x": 1],
        ])
        #expect(payload.expiration == nil)
        #expect(payload.resources == nil)
        #expect(payload.type == nil)
    }

    @Test(arguments: ["chains", "domain", "aud", "version", "nonce", "iat"])
    func `a member that must be there is missed by name`(name: String) throws {
        let whole = try Self.request().payload(issuedAt: Self.moment).json
        let without = JSON.object(whole.members!.filter { $0.name != name })
        #expect(throws: AuthError.missing(name)) { try AuthPayload(json: without) }
        let wrong = JSON.object(
            whole.members!.map { $0.name == name ? JSONMember(name: name, value: 1) : $0 })
        #expect(throws: AuthError.wrongType(name)) { try AuthPayload(json: wrong) }
    }

    @Test func `what is too large is refused`() throws {
        var payload = try Self.request().payload(issuedAt: Self.moment)
        payload.nonce = String(repeating: "n", count: AuthLimits.textBytesMax + 1)
        #expect(throws: AuthError.tooLong("nonce")) { try AuthPayload(json: payload.json) }
        payload = try Self.request().payload(issuedAt: Self.moment)
        payload.resources = [String](repeating: "r", count: AuthLimits.resourcesMax + 1)
        #expect(throws: AuthError.tooLong("resources")) { try AuthPayload(json: payload.json) }
        let huge = Recap.prefix + String(repeating: "A", count: 2 * AuthLimits.recapBytesMax)
        #expect(throws: AuthError.tooLong("recap")) { try Recap.decode(huge) }
        let cacao = JSON.array([JSON](repeating: [:], count: AuthLimits.cacaosMax + 1))
        #expect(throws: AuthError.tooLong("cacaos")) { try Cacao.list(json: cacao) }
    }
}
