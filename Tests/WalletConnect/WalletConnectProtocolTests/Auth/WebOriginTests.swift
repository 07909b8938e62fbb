import Primitives
import Testing
import WalletConnectProtocol

struct WebOriginTests {
    @Test(arguments: [
        ("https://app.example.com", "https://app.example.com"),
        ("https://APP.Example.com/x?y#z", "https://app.example.com"),
        ("HTTPS://a.b:443/", "https://a.b"), ("http://a.b:80", "http://a.b"), ("http://a.b:443", "http://a.b:443"),
        ("https://a.b:8443/p", "https://a.b:8443"), ("https://user:pass@a.b/", "https://a.b"),
        ("https://good.example\\@bad.example/", "https://good.example"), ("https://a.b?x@y", "https://a.b"),
        ("https://[::1]:8080/", "https://[::1]:8080"), ("http://localhost:3000", "http://localhost:3000"),
        ("https://a.b:", "https://a.b"),
    ])
    func `an origin is scheme, host and port`(url: String, origin: String) {
        #expect(WebOrigin(url)?.description == origin)
    }

    @Test(arguments: [
        "", "a.b", "https://", "https:///x", "ftp://a.b", "wc:abc@2", "https://a b", "https://a.b:99999",
        "https://a.b:8x", "https://ex\u{E4}mple.com", "https://\u{430}pple.com", "://a.b", "javascript://a.b",
        "data:text/html,https://a.b", " https://a.b",
    ])
    func `what has no origin has none`(url: String) {
        #expect(WebOrigin(url) == nil)
    }

    @Test func `the official client compares origins exactly`() {
        let rule = OriginComparison.origin
        #expect(rule.isMatch(attested: "https://a.b", claimed: "https://a.b/path"))
        for claimed in ["http://a.b", "https://www.a.b", "https://a.b:8443", "a.b", "https://a.c", ""] {
            #expect(!rule.isMatch(attested: "https://a.b", claimed: claimed))
        }
        #expect(!OriginComparison.host.isMatch(attested: "https://b.a", claimed: "https://a"))
        // A domain of one label would match everything below it.
        #expect(!OriginComparison.hostOrSubdomain.isMatch(attested: "https://evil.com", claimed: "https://com"))
        #expect(!OriginComparison.hostOrSubdomain.isMatch(attested: "https://evilexample.com", claimed: "example.com"))
    }

    @Test func `a context says what the person should know`() {
        let url = "https://app.example.com"
        func context(_ attested: AttestedOrigin?) -> VerifyContext {
            VerifyContext(attestation: attested, metadataURL: url + "/x", verifyURL: "https://verify")
        }
        #expect(context(nil).verdict == .unknown)
        #expect(context(nil).origin == url + "/x")
        #expect(context(AttestedOrigin(origin: url, isVerified: true)).verdict == .valid)
        #expect(context(AttestedOrigin(origin: "https://evil.example", isVerified: true)).verdict == .invalid)
        #expect(context(AttestedOrigin(origin: url, isVerified: false)).verdict == .unknown)
        let scam = context(AttestedOrigin(origin: url, isScam: true))
        #expect(scam.validation == .valid)
        #expect(scam.verdict == .scam)
        let expected: JSON = [
            "verified": ["verifyUrl": "https://verify", "validation": "VALID", "origin": .string(url), "isScam": true]
        ]
        #expect(scam.json == expected)
    }

    @Test func `the older service's answer must be for the message`() {
        let id = AttestationID.decrypted(Array("{\"id\":1}".utf8))
        let answer: JSON = ["origin": "https://a.b", "attestationId": .string(id), "isScam": false]
        #expect(AttestedOrigin(lookup: answer, decryptedID: id) == AttestedOrigin(origin: "https://a.b", isScam: false))
        #expect(AttestedOrigin(lookup: answer, decryptedID: AttestationID.decrypted([])) == nil)
        for wrong in [.null, [], [:], ["origin": ""], ["origin": 1]] as [JSON] {
            #expect(AttestedOrigin(lookup: wrong, decryptedID: id) == nil)
        }
    }

    @Test func `a key is a point on the curve`() {
        let good: JSON = [
            "publicKey": [
                "kty": "EC", "crv": "P-256", "x": "CbL4DOYOb1ntd-8OmExO-oS0DWCMC00DntrymJoB8tk",
                "y": "KTFwjHtQxGTDR91VsOypcdBfvbo6sAMj5p4Wb-9hRA0",
            ], "expiresAt": 1_800_000_000,
        ]
        #expect(VerifyKey(answer: good)?.expiresAtSeconds == 1_800_000_000)
        // One bit off the curve; another curve; nothing.
        let off = good.text.replacing("CbL4DOYO", with: "CbL4DOYP")
        #expect(VerifyKey(answer: try! JSON.parse(off)) == nil)
        #expect(VerifyKey(answer: try! JSON.parse(good.text.replacing("P-256", with: "P-384"))) == nil)
        #expect(VerifyKey(answer: [:]) == nil)
    }
}
