import Primitives
import Testing
import WalletConnectProtocol

@Suite(.enabled(if: Vectors.arePresent, Comment(rawValue: Vectors.absence)))
struct VerifyVectorTests {
    private static let file = "verify_attestation.json"

    private static func key() throws -> VerifyKey {
        try #require(VerifyKey(jwk: try Vectors.json(file)["public_key_jwk"]!))
    }

    @Test func `the key to begin with is the published one`() throws {
        #expect(VerifyKey.hosted == (try Self.key()))
    }

    @Test(arguments: Vectors.cases(file, "attestations"))
    func `a token holds until its end, for its message, under its key`(vector: Vectors.Case) throws {
        let (token, claims) = (vector.text("jwt"), vector["claims"]!)
        let (id, end) = (claims["id"]!.string!, claims["exp"]!.int!)
        let origin = AttestedOrigin(
            origin: claims["origin"]!.string!, isScam: nil, isVerified: claims["isVerified"]!.bool!)
        func check(_ token: String, id: String, at seconds: Int64) throws -> Attestation.Verdict {
            try Attestation.check(
                token, messageHash: id, key: Self.key(), now: Timestamp(milliseconds: seconds * 1000))
        }
        #expect(try Attestation.unverifiedClaims(token).id == id)
        let held: Attestation.Verdict = origin.isVerified! ? .attested(origin) : .unknown(.unverified(origin))
        #expect(try check(token, id: id, at: end - 1) == held)
        #expect(held.origin == origin)
        #expect(Attestation.Verdict.unknown(.expired).origin == nil)
        #expect(try check(token, id: id, at: end) == .unknown(.expired))
        #expect(try check(token, id: String(repeating: "0", count: 64), at: end - 1) == .unknown(.otherMessage))
        #expect(try check("", id: id, at: end - 1) == .unknown(.empty))

        // One character of the signature or of the claims changed.
        let parts = token.split(separator: ".").map(String.init)
        var signature = Array(parts[2])
        signature[10] = signature[10] == "A" ? "B" : "A"
        #expect(
            try check("\(parts[0]).\(parts[1]).\(String(signature))", id: id, at: end - 1) == .unknown(.signature))
        let longer = claims.text.replacing("\"exp\":\(end)", with: "\"exp\":\(end + 100)")
        let forged = "\(parts[0]).\(Base64URL.encode(Array(longer.utf8))).\(parts[2])"
        #expect(try check(forged, id: id, at: end + 1) == .unknown(.signature))
        for cut in [1, 20, 86, 87] {
            #expect(try check(String(token.dropLast(cut)), id: id, at: end - 1) == .unknown(.malformed))
        }
    }

    @Test(arguments: Vectors.cases("crypto.json", "hash_message"))
    func `a message is known by the hash of its bytes`(vector: Vectors.Case) {
        #expect(AttestationID.encrypted(vector.text("utf8")) == vector.text("sha256"))
        #expect(AttestationID.decrypted(Array(vector.text("utf8").utf8)) == vector.text("sha256"))
    }

    @Test(arguments: Vectors.cases(file, "invalid"))
    func `a wrong token or key is refused`(vector: Vectors.Case) throws {
        if let wrong = vector["key"] {
            let jwk: JSON = ["kty": "EC", "crv": "P-256", "x": wrong["x"]!, "y": wrong["y"]!]
            #expect(VerifyKey(jwk: jwk) == nil)
            return
        }
        let verdict = Attestation.check(
            vector.text("jwt"), messageHash: "0917f3394a7f392e87e35f389869e6413f9250e0b1e18b5308d70a3ec92cd478",
            key: try Self.key(), now: Timestamp(milliseconds: 0))
        #expect(verdict == .unknown(.malformed))
    }

    @Test(arguments: Vectors.cases(file, "context_rules_swift"))
    func `hosts are compared as reown-swift does`(vector: Vectors.Case) {
        let attested = vector["origin"]!.string.map {
            AttestedOrigin(origin: $0, isScam: vector["isScam"]?.bool, isVerified: vector["isVerified"]?.bool)
        }
        let context = VerifyContext(
            attestation: attested, metadataURL: vector.text("metadata_url"), verifyURL: "https://verify",
            comparison: .host)
        #expect(context.verdict.rawValue == vector.text("validation"))
    }

    @Test(arguments: Vectors.cases(file, "context_rules_link_mode_swift"))
    func `links of apps are compared as reown-swift does`(vector: Vectors.Case) {
        let context = VerifyContext(
            attestation: AttestedOrigin(origin: vector.text("universal_link")),
            metadataURL: vector.text("metadata_url"), verifyURL: "", comparison: .hostOrSubdomain)
        #expect(context.validation.rawValue == vector.text("validation"))
    }

    @Test func `hosts are compared as Kotlin does`() throws {
        for pair in try Vectors.json(Self.file)["kotlin_domain_compare_equal"]!.array! {
            let (left, right) = (pair[0]!.string!, pair[1]!.string!)
            #expect(OriginComparison.host.isMatch(attested: left, claimed: right))
            #expect(OriginComparison.host.isMatch(attested: right, claimed: left))
        }
    }
}
