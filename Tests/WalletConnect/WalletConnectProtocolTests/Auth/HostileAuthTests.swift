import ChainEVM
import Cryptography
import Primitives
import Testing

@testable import WalletConnectProtocol

/// Changed, cut and made-up objects of a peer: whatever comes, there is an error or a value, and never a false yes.
struct HostileAuthTests {
    private static let key = Secp256k1.PrivateKey()

    /// A signed answer with everything in it.
    private static func signed() throws -> Cacao {
        let recap = Recap(resource: "eip155", ability: "request", actions: ["personal_sign", "eth_sign"])
        let payload = Cacao.Payload(
            issuer: "did:pkh:eip155:1:\(Address(publicKey: key.publicKey))", domain: "app.example.com",
            audience: "https://app.example.com", nonce: "32891756", issuedAt: "2026-11-20T12:00:00Z",
            notBefore: "2026-11-20T11:00:00Z", expiration: "2026-11-20T13:00:00Z",
            statement: recap.statement(after: "Grüß Gott"), requestID: "7",
            resources: ["https://example.com", recap.encoded])
        let signature = key.sign(digest: EIP191.hash(text: try SignInMessage.text(of: payload)))
        let value = Hex.encodePrefixed(signature.compact + [27 + signature.recoveryID])
        return Cacao(payload: payload, signature: .init(type: "eip191", value: value))
    }

    /// One byte changed, left out, doubled, or everything behind it gone.
    private static func mutated(_ bytes: [UInt8], _ random: inout SystemSeed) -> [UInt8] {
        var bytes = bytes
        let at = random.below(bytes.count)
        switch random.below(5) {
        case 0: bytes[at] = UInt8(random.below(256))
        case 1: bytes[at] ^= 1 << UInt8(random.below(8))
        case 2: bytes.remove(at: at)
        case 3: bytes.insert(bytes[at], at: at)
        default: bytes = Array(bytes.prefix(at))
        }
        return bytes
    }

    /// SplitMix64 from a seed that is printed.
    struct SystemSeed {
        var state: UInt64

        mutating func below(_ bound: Int) -> Int {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
            return Int((z ^ z >> 31) % UInt64(bound))
        }
    }

    @Test func `a changed payload has no valid signature`() throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var random = SystemSeed(state: seed)
        let original = try Self.signed()
        #expect(SignatureCheck.verdict(of: original) == .valid)
        let bytes = original.json.serialized()
        for _ in 0..<1500 {
            let changed = Self.mutated(bytes, &random)
            guard let json = try? JSON.parse(changed), let cacao = try? Cacao(json: json) else { continue }
            if cacao.payload.json != original.payload.json {
                #expect(SignatureCheck.verdict(of: cacao) != .valid, "\(json.text)")
            }
            _ = CacaoRules.mismatches(
                request: AuthPayload(chains: ["eip155:1"], domain: "d", audience: "a", nonce: "n", issuedAt: "i"),
                cacao: cacao, now: Timestamp(milliseconds: 0))
            _ = try? CacaoGrant(of: [cacao])
            #expect((try? Cacao(json: cacao.json)) == cacao)
        }
    }

    @Test func `a changed ReCap is read or refused`() throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var random = SystemSeed(state: seed)
        let recap = Recap(resource: "eip155", ability: "request", actions: ["a", "b"]).merging(
            Recap(resource: "https://x", ability: "crud", actions: ["read"], limits: ["chains": ["eip155:1"]]))
        for _ in 0..<1500 {
            let json = Self.mutated(recap.json.serialized(), &random)
            let text = Recap.prefix + Base64URL.encode(json)
            guard let read = try? Recap.decode(text) else { continue }
            #expect(try Recap.decode(read.encoded) == read)
            _ = read.statement()
            _ = read.merging(recap)
            let changed = Self.mutated(Array(recap.encoded.utf8), &random)
            _ = try? Recap.decode(String(decoding: changed, as: UTF8.self))
        }
    }

    @Test func `a wide ReCap costs little`() throws {
        let actions = (0..<250).map { "a\($0)" }
        let recap = Recap(resource: "eip155", ability: "r", actions: actions)
        #expect(recap.encoded.utf8.count < 2 * AuthLimits.recapBytesMax)
        let text = recap.encoded
        #expect(try Recap.decode(text).methods().count == 250)
        // As many as a request may have, and an answer that merges them.
        let asked = (0..<AuthLimits.resourcesMax).map { index in
            Recap(resource: "r\(index)", ability: "r", actions: actions).encoded
        }
        let payload = Cacao.Payload(
            issuer: "did:pkh:eip155:1:0xab", domain: "d", audience: "a", nonce: "n", issuedAt: "i",
            resources: [text])
        let cacao = Cacao(payload: payload, signature: .init(type: "eip191", value: "0x00"))
        let request = AuthPayload(
            chains: ["eip155:1"], domain: "d", audience: "a", nonce: "n", issuedAt: "i", resources: asked)
        let clock = ContinuousClock()
        let spent = clock.measure {
            _ = CacaoRules.mismatches(request: request, cacao: cacao, now: Timestamp(milliseconds: 0))
        }
        // Seconds would mean a power too many; this is far above what a debug build needs.
        #expect(spent < .seconds(20))
        print("128 ReCaps of 250 abilities: \(spent)")
    }

    @Test func `times at the ends of the calendar are no trap`() throws {
        var cacao = try Self.signed()
        let request = AuthPayload(
            chains: ["eip155:1"], domain: "d", audience: "a", nonce: "n", issuedAt: "0000-01-01T00:00:00Z")
        for time in ["0000-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999-23:59", "9999-12-31T23:59:60Z", ""] {
            cacao.payload.issuedAt = time
            cacao.payload.expiration = time
            cacao.payload.notBefore = time
            for now in [Int64.min, 0, .max] {
                _ = CacaoRules.mismatches(
                    request: request, cacao: cacao, now: Timestamp(milliseconds: now))
            }
        }
    }

    @Test func `a token's numbers are no trap`() throws {
        let key = try #require(VerifyKey.hosted)
        for end in ["9223372036854775807", "-9223372036854775808", "1e400", "99999999999999999999", "1.5"] {
            let claims = "{\"exp\":\(end),\"id\":\"a\",\"origin\":\"https://a.b\"}"
            let token = [
                Base64URL.encode(Array("{\"alg\":\"ES256\"}".utf8)), Base64URL.encode(Array(claims.utf8)),
                Base64URL.encode([UInt8](repeating: 1, count: 64)),
            ].joined(separator: ".")
            for now in [Int64.min, 0, .max] {
                let verdict = Attestation.check(
                    token, messageHash: "a", key: key, now: Timestamp(milliseconds: now))
                #expect([.unknown(.signature), .unknown(.malformed)].contains(verdict))
            }
        }
        let none = Base64URL.encode(Array("{\"alg\":\"none\"}".utf8)) + ".e30." + Base64URL.encode([0])
        #expect(Attestation.check(none, messageHash: "", key: key, now: .init(milliseconds: 0)) == .unknown(.malformed))
        let wrong =
            Base64URL.encode(Array("{\"alg\":\"HS256\"}".utf8)) + ".e30."
            + Base64URL.encode([UInt8](repeating: 0, count: 64))
        #expect(
            Attestation.check(wrong, messageHash: "", key: key, now: .init(milliseconds: 0)) == .unknown(.algorithm))
    }
}
