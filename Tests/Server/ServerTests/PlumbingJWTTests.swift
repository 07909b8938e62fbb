import Cryptography
import FoundationEssentials
import JWTKit
import Primitives
import Testing

@testable import API

/// Signs whatever it is given, valid or not.
struct Forge {
    static let now: Int64 = 1_795_176_000
    let es: any JWTAlgorithm
    let other: any JWTAlgorithm
    let ed: any JWTAlgorithm
    let rsa: any JWTAlgorithm
    let ps: any JWTAlgorithm
    let hs: any JWTAlgorithm
    let esPEM: String
    let rsaPEM: String
    let edX: String
    let verifier: JWTVerifier
    let refreshVerifier: JWTVerifier

    init() async throws {
        let esKey = ES256PrivateKey()
        let keys = JWTKeyCollection()
        await keys.add(ecdsa: esKey, kid: "es")
        await keys.add(ecdsa: ES256PrivateKey(), kid: "other")
        let edSeed = RandomSource.system.bytes(32)
        await keys.add(eddsa: try EdDSA.PrivateKey(d: Base64URL.encode(edSeed), curve: .ed25519), kid: "ed")
        let rsaKey = try Self.publishedRSAKey()
        await keys.add(rsa: rsaKey, digestAlgorithm: .sha256, kid: "rsa")
        await keys.add(pss: rsaKey, digestAlgorithm: .sha256, kid: "ps")
        await keys.add(hmac: HMACKey(from: [UInt8](repeating: 7, count: 32)), digestAlgorithm: .sha256, kid: "hs")
        es = try await keys.getKey(for: "es", alg: "ES256")
        other = try await keys.getKey(for: "other", alg: "ES256")
        ed = try await keys.getKey(for: "ed", alg: "EdDSA")
        rsa = try await keys.getKey(for: "rsa", alg: "RS256")
        ps = try await keys.getKey(for: "ps", alg: "PS256")
        hs = try await keys.getKey(for: "hs", alg: "HS256")
        esPEM = esKey.publicKey.pemRepresentation
        rsaPEM = rsaKey.publicKey.pemRepresentation
        edX = Base64URL.encode(try Ed25519.PrivateKey(seed: SecretBytes(copying: edSeed)).publicKey.bytes)
        verifier = JWTVerifier(
            rules: JWTRules(issuer: "https://issuer.example", audience: "coffer", tenants: ["t1"]),
            isRevoked: { $0 == "revoked" })
        try await verifier.add(.publicKey(id: "es", algorithm: .es256, pem: esPEM))
        try await verifier.add(.publicKey(id: "rsa", algorithm: .rs256, pem: rsaPEM))
        try await verifier.add(.publicKey(id: "ps", algorithm: .ps256, pem: rsaPEM))
        try await verifier.add(.ed25519(id: "ed", x: edX))
        try await verifier.add(.sharedSecret(id: "hs", [UInt8](repeating: 7, count: 32)))
        try await verifier.add(.publicKey(id: "retired", algorithm: .es256, pem: esPEM))
        verifier.remove(keyID: "retired")
        refreshVerifier = JWTVerifier(
            rules: JWTRules(issuer: "https://issuer.example", audience: "coffer", type: "rt+jwt"))
        try await refreshVerifier.add(.publicKey(id: "es", algorithm: .es256, pem: esPEM))
    }

    static let claims =
        #""iss":"https://issuer.example","aud":"coffer","sub":"user-1","jti":"1","tenant":"t1","scope":"wallets:read withdrawals:write""#
    static let payload = "{\(claims),\"exp\":\(now + 600),\"iat\":\(now)}"
    static let header = #"{"alg":"ES256","kid":"es","typ":"at+jwt"}"#

    func token(
        header: String = Forge.header, payload: String = Forge.payload, with signer: (any JWTAlgorithm)? = nil,
        signature: (([UInt8]) -> [UInt8])? = nil
    ) throws -> String {
        let input = Base64URL.encode(Array(header.utf8)) + "." + Base64URL.encode(Array(payload.utf8))
        let made = try (signer ?? es).sign(Array(input.utf8))
        return input + "." + Base64URL.encode(signature.map { $0(made) } ?? made)
    }

    func header(_ alg: String, _ kid: String, more: String = "") -> String {
        #"{"alg":"\#(alg)","kid":"\#(kid)","typ":"at+jwt"\#(more)}"#
    }

    /// The standard payload with one text replaced.
    static func payload(_ old: String, _ new: String) -> String {
        precondition(payload.contains(old))
        return payload.replacing(old, with: new)
    }

    /// The published example key of [RFC 7515](https://www.rfc-editor.org/rfc/rfc7515#appendix-A.2).
    static func publishedRSAKey() throws -> Insecure.RSA.PrivateKey {
        try Insecure.RSA.PrivateKey(
            modulus:
                "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yR"
                + "T-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo"
                + "7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91"
                + "kzk2PAcDTW9gb54h4FRWyuXpoQ",
            exponent: "AQAB",
            privateExponent:
                "Eq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyWPEAeP88vLNO97IjlA7_GQ5sLKMgvfTeXZx9SE-7YwVol2NXOoAJe46su"
                + "i395IW_GO-pWJ1O0BkTGoVEn2bKVRUCgu-GjBVaYLU6f3l9kJfFNS3E0QbVdxzubSu3Mkqzjkn439X0M_V51gfpRLI9JYanrC4D4qAdGcopV"
                + "_0ZHHzQlBjudU2QvXt4ehNYTCBr6XCLQUShb1juUO1ZdiYoFaFQT5Tw8bGUl_x_jTj3ccPDVZFD9pIuhLhBOneufuBiB4cS98l2SR_RQyGWS"
                + "eWjnczT0QU91p1DhOVRuOopznQ")
    }
}

struct PlumbingJWTTests {
    private let now = Timestamp(milliseconds: Forge.now * 1000)

    @Test func `good tokens of every algorithm are accepted`() async throws {
        let forge = try await Forge()
        for (algorithm, kid, signer) in [
            ("ES256", "es", forge.es), ("EdDSA", "ed", forge.ed), ("RS256", "rsa", forge.rsa),
            ("PS256", "ps", forge.ps),
            ("HS256", "hs", forge.hs),
        ] {
            let token = try forge.token(header: forge.header(algorithm, kid), with: signer)
            let principal = try #require(try await forge.verifier.authenticate(token, at: now), "\(algorithm)")
            #expect(principal.id == "user-1" && principal.tenant == "t1" && principal.kind == .token)
            #expect(principal.scopes.names == ["wallets:read", "withdrawals:write"])
        }
        let variants: [(String, String)] = [
            ("\"aud\":\"coffer\"", "\"aud\":[\"x\",\"coffer\"]"),
            ("\"exp\":\(Forge.now + 600)", "\"exp\":\(Forge.now - 59),\"x\":0"),
            ("\"iat\":\(Forge.now)", "\"iat\":\(Forge.now),\"nbf\":\(Forge.now + 60)"), ("\"scope\"", "\"other\""),
            ("\"iat\":\(Forge.now)", "\"iat\":\(Forge.now + 60)"),
        ]
        for (old, new) in variants {
            var payload = Forge.payload(old, new)
            if new.contains("-59") || new.contains("\(Forge.now - 59)") {
                payload = payload.replacing("\"iat\":\(Forge.now)", with: "\"iat\":\(Forge.now - 600)")
            }
            #expect(try await forge.verifier.authenticate(try forge.token(payload: payload), at: now) != nil, "\(new)")
        }
    }

    @Test func `an attack is never accepted`() async throws {
        let forge = try await Forge()
        let rows = try attacks(forge)
        #expect(rows.count >= 60)
        for (name, token) in rows {
            #expect(try await forge.verifier.authenticate(token, at: now) == nil, "\(name)")
        }
        let verifier = forge.verifier
        let hourLater = now.adding(seconds: 3600)
        #expect(try await verifier.authenticate(try forge.token(), at: hourLater) == nil)
        #expect(try await verifier.authenticate(try forge.token(), at: now.adding(seconds: -3600)) == nil)
        let refresh = try forge.token(header: #"{"alg":"ES256","kid":"es","typ":"rt+jwt"}"#)
        #expect(try await forge.refreshVerifier.authenticate(refresh, at: now) != nil)
        #expect(try await forge.refreshVerifier.authenticate(try forge.token(), at: now) == nil)
    }

    private func attacks(_ forge: Forge) throws -> [(String, String)] {
        let good = try forge.token()
        let parts = good.split(separator: ".").map(String.init)
        var rows: [(String, String)] = []
        func add(_ name: String, _ token: String) { rows.append((name, token)) }
        for alg in ["none", "None", "NONE", "nOnE"] {
            add("alg \(alg)", try forge.token(header: forge.header(alg, "es"), signature: { _ in [] }))
            add("alg \(alg) signed", try forge.token(header: forge.header(alg, "es")))
        }
        add("empty signature", parts[0] + "." + parts[1] + ".")
        add("no signature", parts[0] + "." + parts[1])
        for (kid, secret) in [
            ("rsa", forge.rsaPEM), ("es", forge.esPEM), ("ed", forge.edX), ("rsa", "{\"kty\":\"RSA\"}"),
        ] {
            let padded =
                secret.utf8.count >= 32 ? Array(secret.utf8) : Array(secret.utf8) + Array(repeating: 0, count: 32)
            add(
                "HS256 over key of \(kid)",
                try forge.token(
                    header: forge.header("HS256", kid),
                    signature: { _ in
                        HMACProbe.sign(padded, forge.header("HS256", kid), Forge.payload)
                    }))
        }
        add("RS256 for an ES256 key", try forge.token(header: forge.header("RS256", "es"), with: forge.rsa))
        add("RS256 under PS256 key", try forge.token(header: forge.header("RS256", "ps"), with: forge.rsa))
        add("PS256 under RS256 key", try forge.token(header: forge.header("PS256", "rsa"), with: forge.ps))
        for kid in [
            "unknown", "", "../../etc/passwd", "es' OR 1=1--", "es\\u0000", "ES", "es ", "retired",
            String(repeating: "k", count: 7000),
        ] {
            add("kid \(kid.prefix(20))", try forge.token(header: forge.header("ES256", kid)))
        }
        add("kid of 1 MB", try forge.token(header: forge.header("ES256", String(repeating: "k", count: 1_000_000))))
        add("kid missing", try forge.token(header: #"{"alg":"ES256","typ":"at+jwt"}"#))
        add("kid number", try forge.token(header: #"{"alg":"ES256","kid":1,"typ":"at+jwt"}"#))
        for member in [
            #""jwk":{"kty":"EC"}"#, #""jku":"https://evil.example/k""#, #""x5u":"https://evil.example/c""#,
            #""x5c":["MII"]"#,
            #""crit":["exp"]"#, #""crit":["b64"],"b64":false"#, #""b64":false"#, #""zip":"DEF""#, #""cty":"JWT""#,
            #""alg":"none""#, #""kid":"other""#,
        ] {
            add("header \(member)", try forge.token(header: forge.header("ES256", "es", more: "," + member)))
        }
        for typ in ["JWT", "rt+jwt", "AT+JWT", "application/at+jwt", ""] {
            add("typ \(typ)", try forge.token(header: #"{"alg":"ES256","kid":"es","typ":"\#(typ)"}"#))
        }
        add("typ missing", try forge.token(header: #"{"alg":"ES256","kid":"es"}"#))
        let exp = "\"exp\":\(Forge.now + 600)"
        for value in [
            "\"exp\":\"\(Forge.now + 600)\"", "\"exp\":\(Forge.now + 600).5", "\"exp\":\(Forge.now + 600).0",
            "\"exp\":-1",
            "\"exp\":1e400", "\"exp\":1e10", "\"exp\":null", "\"exp\":99999999999999999999",
            "\"exp\":9223372036854775807",
            "\"x\":1", "\"exp\":\(Forge.now + 3601)", "\"exp\":\(Forge.now)", "\"exp\":true",
        ] {
            add(value, try forge.token(payload: Forge.payload(exp, value)))
        }
        add(
            "exp 61 s ago",
            try forge.token(
                payload: Forge.payload(exp, "\"exp\":\(Forge.now - 61)").replacing(
                    "\"iat\":\(Forge.now)", with: "\"iat\":\(Forge.now - 600)")))
        add(
            "exp 60 s ago",
            try forge.token(
                payload: Forge.payload(exp, "\"exp\":\(Forge.now - 60)").replacing(
                    "\"iat\":\(Forge.now)", with: "\"iat\":\(Forge.now - 600)")))
        let iat = "\"iat\":\(Forge.now)"
        for value in [
            "\"iat\":\(Forge.now + 61)", "\"x\":1", "\"iat\":\"\(Forge.now)\"", "\(iat),\"nbf\":\(Forge.now + 61)",
            "\(iat),\"nbf\":\"0\"", "\(iat),\"nbf\":null", "\"iat\":\(Forge.now - 3001)", "\"iat\":-5",
        ] {
            add(value, try forge.token(payload: Forge.payload(iat, value)))
        }
        for (old, new) in [
            ("\"iss\":\"https://issuer.example\"", "\"iss\":\"https://issuer.example/\""),
            ("\"iss\":\"https://issuer.example\"", "\"iss\":[\"https://issuer.example\"]"),
            ("\"iss\":\"https://issuer.example\",", ""), ("\"aud\":\"coffer\"", "\"aud\":\"other\""),
            ("\"aud\":\"coffer\"", "\"aud\":[\"other\"]"), ("\"aud\":\"coffer\"", "\"aud\":[]"),
            ("\"aud\":\"coffer\"", "\"aud\":[\"coffer\",1]"), ("\"aud\":\"coffer\"", "\"aud\":null"),
            ("\"aud\":\"coffer\",", ""), ("\"sub\":\"user-1\",", ""), ("\"sub\":\"user-1\"", "\"sub\":\"\""),
            ("\"sub\":\"user-1\"", "\"sub\":\"a\\u000ab\""), ("\"sub\":\"user-1\"", "\"sub\":1"),
            ("\"sub\":\"user-1\"", "\"sub\":\"user-1\",\"sub\":\"admin\""),
            ("\"sub\":\"user-1\"", "\"sub\":\"admin\",\"sub\":\"user-1\""), ("\"jti\":\"1\",", ""),
            ("\"jti\":\"1\"", "\"jti\":\"\""), ("\"jti\":\"1\"", "\"jti\":\"revoked\""),
            ("\"tenant\":\"t1\"", "\"tenant\":\"t2\""),
            ("\"tenant\":\"t1\",", ""), ("wallets:read", "Wallets:READ"), ("wallets:read", "wallets:"),
            ("\"scope\":\"wallets:read withdrawals:write\"", "\"scope\":[\"*\"]"),
        ] {
            add("claims \(new)", try forge.token(payload: Forge.payload(old, new)))
        }
        add("signature zeros", try forge.token(signature: { _ in Array(repeating: 0, count: 64) }))
        add("signature 63", try forge.token(signature: { Array($0.dropLast()) }))
        add("signature 65", try forge.token(signature: { $0 + [0] }))
        add("signature swapped", try forge.token(signature: { Array($0[32...] + $0[..<32]) }))
        add(
            "signature DER",
            try forge.token(signature: { [0x30, 0x44, 0x02, 0x20] + $0[..<32] + [0x02, 0x20] + $0[32...] }))
        add(
            "signature bit",
            try forge.token(signature: {
                var s = $0; s[5] ^= 1; return s
            }))
        add(
            "Ed25519 S plus order",
            try forge.token(header: forge.header("EdDSA", "ed"), with: forge.ed, signature: EdwardsOrder.add))
        add("other issuer's key", try forge.token(with: forge.other))
        add(
            "payload swapped",
            parts[0] + "." + Base64URL.encode(Array(Forge.payload("user-1", "admin").utf8)) + "." + parts[2])
        add("trailing newline", good + "\n")
        add("leading space", " " + good)
        add("padding", good + "=")
        add("padding in payload", parts[0] + "." + parts[1] + "=." + parts[2])
        add(
            "standard alphabet",
            parts[0] + "." + parts[1] + "." + parts[2].map { $0 == "-" ? "+" : $0 == "_" ? "/" : "\($0)" }.joined()
                + "+")
        add("five parts", good + ".a.b")
        add("four parts", good + ".a")
        add("dots", "....")
        add("empty", "")
        add("UTF-16 payload", try rawToken(forge, payload: Array(Forge.payload.utf8).flatMap { [$0, 0] }))
        add("BOM payload", try rawToken(forge, payload: [0xEF, 0xBB, 0xBF] + Array(Forge.payload.utf8)))
        add("nested token", try rawToken(forge, payload: Array(good.utf8)))
        add("payload array", try forge.token(payload: "[]"))
        add("payload deep", try forge.token(payload: String(repeating: "[", count: 500)))
        add("payload long", try forge.token(payload: "{\"a\":\"" + String(repeating: "a", count: 9000) + "\"}"))
        return rows
    }

    private func rawToken(_ forge: Forge, payload: [UInt8]) throws -> String {
        let input = Base64URL.encode(Array(Forge.header.utf8)) + "." + Base64URL.encode(payload)
        return input + "." + Base64URL.encode(try forge.es.sign(Array(input.utf8)))
    }

    @Test func `keys rotate without a gap`() async throws {
        let forge = try await Forge()
        let verifier = JWTVerifier(rules: JWTRules(issuer: "https://issuer.example", audience: "coffer"))
        let token = try forge.token()
        #expect(try await verifier.authenticate(token, at: now) == nil)
        try await verifier.add(.publicKey(id: "es", algorithm: .es256, pem: forge.esPEM))
        try await verifier.add(.ed25519(id: "ed", x: forge.edX))
        #expect(try await verifier.authenticate(token, at: now) != nil)
        verifier.remove(keyID: "es")
        #expect(verifier.keyIDs == ["ed"])
        #expect(try await verifier.authenticate(token, at: now) == nil)
        let next = try forge.token(header: forge.header("EdDSA", "ed"), with: forge.ed)
        #expect(try await verifier.authenticate(next, at: now) != nil)
    }

    @Test(arguments: [
        (
            #"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","alg":"EdDSA"}"#,
            JWTKeyError.missingKeyID
        ),
        (
            #"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"a"}"#,
            .missingAlgorithm
        ),
        (#"{"kty":"oct","k":"AAAA","alg":"HS256","kid":"a"}"#, .notPublic),
        (#"{"kty":"OKP","crv":"Ed25519","x":"AA","d":"AA","alg":"EdDSA","kid":"a"}"#, .notPublic),
        (#"{"kty":"RSA","n":"AA","e":"AQAB","alg":"none","kid":"a"}"#, .missingAlgorithm),
        (#"{"kty":"RSA","n":"AA","e":"AQAB","alg":"RS256","kid":"a","use":"enc"}"#, .wrongUse),
    ])
    func `a web key that is not plainly a public signature key is refused`(text: String, error: JWTKeyError) throws {
        #expect(throws: error) { _ = try JWTVerificationKey(jwk: try JSON.parse(text)) }
    }

    @Test func `web keys verify, and broken material is refused`() async throws {
        let forge = try await Forge()
        let verifier = JWTVerifier(rules: JWTRules(issuer: "https://issuer.example", audience: "coffer"))
        let jwk: JSON = ["kty": "OKP", "crv": "Ed25519", "x": .string(forge.edX), "alg": "EdDSA", "kid": "ed"]
        try await verifier.add(try JWTVerificationKey(jwk: jwk))
        let token = try forge.token(header: forge.header("EdDSA", "ed"), with: forge.ed)
        #expect(try await verifier.authenticate(token, at: now) != nil)
        await #expect(throws: JWTKeyError.malformed) {
            try await verifier.add(.publicKey(id: "x", algorithm: .es256, pem: forge.rsaPEM))
        }
        await #expect(throws: JWTKeyError.malformed) { try await verifier.add(.ed25519(id: "x", x: "AA")) }
        await #expect(throws: JWTKeyError.tooShort) { try await verifier.add(.sharedSecret(id: "x", [1, 2, 3])) }
        let mixed: JSON = ["kty": "OKP", "crv": "Ed25519", "x": .string(forge.edX), "alg": "RS256", "kid": "x"]
        await #expect(throws: JWTKeyError.malformed) { try await verifier.add(try JWTVerificationKey(jwk: mixed)) }
    }

    @Test func `random bytes are never a token`() async throws {
        let forge = try await Forge()
        let seed: UInt64 = 99
        print("seed \(seed)")
        let random = RandomSource.seeded(seed)
        let good = Array(try forge.token().utf8)
        for _ in 0..<2000 {
            var bytes = good
            let index = Int(random.uint64() % UInt64(bytes.count))
            let old = bytes[index]
            bytes[index] = UInt8(truncatingIfNeeded: random.uint64() % 127)
            guard bytes[index] != old else { continue }
            #expect(try await forge.verifier.authenticate(String(decoding: bytes, as: UTF8.self), at: now) == nil)
        }
    }
}

/// HMAC with a public key's text as secret, as the algorithm confusion attack does it.
enum HMACProbe {
    static func sign(_ secret: [UInt8], _ header: String, _ payload: String) -> [UInt8] {
        let input = Base64URL.encode(Array(header.utf8)) + "." + Base64URL.encode(Array(payload.utf8))
        return Array(HMAC2.sha256(key: secret, message: Array(input.utf8)).bytes)
    }
}

/// Adds the order of the Ed25519 group to S, which a lax verifier accepts as the same signature.
enum EdwardsOrder {
    static func add(_ signature: [UInt8]) -> [UInt8] {
        let order: [UInt8] = [
            0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0,
            0, 0,
            0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
        ]
        var result = signature
        var carry = 0
        for index in 0..<32 {
            let sum = Int(result[32 + index]) + Int(order[index]) + carry
            result[32 + index] = UInt8(sum & 0xFF)
            carry = sum >> 8
        }
        return result
    }
}
