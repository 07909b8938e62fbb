import ChainEVM
import Cryptography
import Primitives
import Testing

@testable import WalletConnectProtocol

struct SignInMessageTests {
    private static func payload(resources: [String]? = nil, issuer: String = "eip155:1:0xab") -> Cacao.Payload {
        Cacao.Payload(
            issuer: "did:pkh:" + issuer, domain: "d", audience: "a", nonce: "n", issuedAt: "i", resources: resources)
    }

    @Test func `a usual payload has one text`() throws {
        #expect(try SignInMessage.variants(of: Self.payload(resources: ["x"])).count == 1)
        #expect(try SignInMessage.variants(of: Self.payload()).count == 1)
    }

    @Test func `where clients differ there are as many texts as wordings`() throws {
        #expect(try SignInMessage.variants(of: Self.payload(resources: [])).count == 2)
        #expect(try SignInMessage.variants(of: Self.payload(issuer: "cosmos:x:y")).count == 2)
        #expect(try SignInMessage.variants(of: Self.payload(resources: [], issuer: "cosmos:x:y")).count == 4)
    }

    @Test func `a signature over any wording is found`() throws {
        let key = Secp256k1.PrivateKey()
        let issuer = "eip155:1:\(Address(publicKey: key.publicKey))"
        let recap = Recap(resource: "r", ability: "z", actions: ["a"]).merging(
            Recap(resource: "r", ability: "a", actions: ["b"]))
        for resources in [[], [recap.encoded]] as [[String]] {
            let payload = Self.payload(resources: resources, issuer: issuer)
            let texts = try SignInMessage.variants(of: payload)
            #expect(texts.count == 2)
            for text in texts {
                let signature = key.sign(digest: EIP191.hash(text: text))
                let value = Hex.encodePrefixed(signature.compact + [signature.recoveryID])
                var cacao = Cacao(payload: payload, signature: .init(type: "eip191", value: value))
                #expect(SignatureCheck.verdict(of: cacao) == .valid)
                cacao.payload.nonce = "m"
                #expect(SignatureCheck.verdict(of: cacao) == .invalid(.wrongSigner))
            }
        }
    }

    @Test func `three abilities of one resource are written as each client writes them`() {
        let recap = Recap(resources: [
            .init(
                name: "r",
                abilities: ["b/x", "a/y", "c/z", "a/W"].map { Recap.Ability(name: $0, limits: [.object([])]) }),
            .init(name: "s", abilities: [.init(name: "d/e", limits: [.object([])])]),
        ])
        #expect(
            recap.statement()
                == Recap.statementOpening
                + "(1) 'a': 'W', 'y' for 'r'. (2) 'b': 'x' for 'r'., (3) 'c': 'z' for 'r'. (4) 'd': 'e' for 's'.")
        #expect(
            recap.statement(order: .ability)
                == Recap.statementOpening
                + "(1) 'a': 'W', 'y' for 'r'. (2) 'b': 'x' for 'r'. (3) 'c': 'z' for 'r'. (4) 'd': 'e' for 's'.")
        // Upper case comes before lower case byte by byte, and among its neighbours in a locale.
        let mixed = Recap(resource: "eip155", ability: "request", actions: ["eth_a", "eth_B", "eth_c"])
        #expect(mixed.statement().contains("'eth_a', 'eth_B', 'eth_c'"))
        #expect(mixed.statement(order: .ability).contains("'eth_B', 'eth_a', 'eth_c'"))
    }

    @Test func `a contract is asked about each wording in turn`() throws {
        let payload = Self.payload(resources: [], issuer: "eip155:1:0x2faf83c542b68f1b4cdc0e770e8cb9f567b08f71")
        let hashes = try SignInMessage.variants(of: payload).map { EIP191.hash(text: $0) }
        let cacao = Cacao(payload: payload, signature: .init(type: "eip1271", value: "0x01"))
        var verdict = SignatureCheck.verdict(of: cacao)
        for hash in hashes {
            guard case .needsCall(let call) = verdict else {
                Issue.record("no call")
                return
            }
            #expect(Array(call.data[4..<36]) == hash.bytes)
            #expect(call.verdict(for: [0x16, 0x26, 0xBA, 0x7E]) == .valid)
            verdict = call.verdict(for: [])
        }
        #expect(verdict == .invalid(.refusedByContract))
    }

    @Test func `no field but the statement may break a line`() throws {
        let changes: [(String, (inout Cacao.Payload) -> Void)] = [
            ("domain", { $0.domain = "d\n" }), ("aud", { $0.audience = "a\nb" }), ("version", { $0.version = "\r" }),
            ("nonce", { $0.nonce = "n\n" }), ("iat", { $0.issuedAt = "\n" }), ("exp", { $0.expiration = "\n" }),
            ("nbf", { $0.notBefore = "\n" }), ("requestId", { $0.requestID = "\r\n" }),
            ("resources", { $0.resources = ["a", "b\nc"] }),
        ]
        for (name, change) in changes {
            var payload = Self.payload()
            change(&payload)
            #expect(throws: AuthError.lineBreak(name)) { try SignInMessage.text(of: payload) }
        }
        var payload = Self.payload()
        payload.statement = "one\ntwo"
        #expect(try SignInMessage.text(of: payload).contains("\n\none\ntwo\n\n"))
        payload.issuer = "did:pkh:eip155:1:0xab\ncd"
        #expect(throws: AuthError.invalidIssuer(payload.issuer)) { try SignInMessage.text(of: payload) }
    }

    @Test(arguments: [
        "", "did:pkh:", "did:pkh:eip155:1", "did:pkh:eip155:1:", "did:pkh:eip155:1:a:b", "did:key:eip155:1:0x",
        "did:pkh:EIP:1:0x", "did:pkh:eip155::0x", "eip155:1", "did:pkh:did:pkh:eip155:1:0xab", "eip155:1:0x ab",
    ])
    func `an issuer that is no account is refused`(text: String) {
        #expect(throws: AuthError.invalidIssuer(text)) { try Issuer(text) }
    }

    @Test func `signatures in every form of a key are found`() throws {
        let key = Secp256k1.PrivateKey()
        let issuer = try Issuer("eip155:1:\(Address(publicKey: key.publicKey).lowercased)")
        func verdict(_ bytes: [UInt8]) -> SignatureVerdict {
            SignatureCheck.verdict(
                message: "m", signature: .init(type: "eip191", value: Hex.encodePrefixed(bytes)), issuer: issuer)
        }
        let signature = key.sign(digest: EIP191.hash(text: "m"))
        let (r, s, parity) = (signature.r, signature.s, signature.recoveryID)
        #expect(verdict(r + s + [parity]) == .valid)
        #expect(verdict(r + s + [27 + parity]) == .valid)
        #expect(verdict(r + s + [parity ^ 1]) == .invalid(.wrongSigner))
        // EIP-2098.
        #expect(verdict(r + [s[0] | parity << 7] + s.dropFirst()) == .valid)
        #expect(verdict(r + [s[0] | (parity ^ 1) << 7] + s.dropFirst()) == .invalid(.wrongSigner))
        // The twin with a high S.
        let order = try UInt256(
            bigEndian: Hex.decode("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"))
        let twin = try order.subtracting(UInt256(bigEndian: s)).bigEndianBytes
        #expect(verdict(r + twin + [27 + (parity ^ 1)]) == .valid)
        #expect(verdict(r + twin + [27 + parity]) == .invalid(.wrongSigner))
        // Nothing else.
        let wrong: [[UInt8]] = [r, r + s + [29], r + s + [2], r + s + [26], r + s + [27, 0], r + r + r]
        for bytes in wrong { #expect(verdict(bytes) == .invalid(.malformedSignature)) }
        let zero = [UInt8](repeating: 0, count: 32)
        let outside: [[UInt8]] = [zero + s, r + zero, zero + zero, order.bigEndianBytes + s, r + order.bigEndianBytes]
        for bytes in outside { #expect(verdict(bytes + [27]) == .invalid(.malformedSignature)) }
        for bit in 0..<520 {
            var bytes = r + s + [27 + parity]
            bytes[bit / 8] ^= 1 << (bit % 8)
            #expect(verdict(bytes) != .valid)
        }
    }

    @Test func `signatures that cannot be checked say why`() throws {
        func verdict(_ type: String, _ value: String, _ account: String) throws -> SignatureVerdict {
            SignatureCheck.verdict(
                message: "m", signature: .init(type: type, value: value), issuer: try Issuer(account))
        }
        let account = "eip155:1:0x2faf83c542b68f1b4cdc0e770e8cb9f567b08f71"
        #expect(try verdict("eip999", "0x01", account) == .invalid(.unknownType("eip999")))
        #expect(try verdict("eip191", "0x01", "solana:x:y") == .invalid(.unsupportedNamespace("solana")))
        #expect(try verdict("eip191", "0x01", "eip155:1:0x01") == .invalid(.malformedAddress))
        for value in ["", "0x", "01", "0x0", "0xzz", "0x" + String(repeating: "00", count: 40_000)] {
            #expect(try verdict("eip1271", value, account) == .invalid(.malformedSignature))
        }
        var cacao = Cacao(payload: Self.payload(), signature: .init(type: "eip191", value: "0x01"))
        cacao.payload.audience = nil
        #expect(SignatureCheck.verdict(of: cacao) == .invalid(.message(.missingAudience)))
    }
}
