import Cryptography
import Primitives
import Testing

@testable import WalletConnectProtocol

@Suite(.enabled(if: Vectors.arePresent, Comment(rawValue: Vectors.absence)))
struct RelayTokenVectorTests {
    static let file = "relay_auth_jwt.json"

    @Test(arguments: Vectors.cases(file, "sign"))
    func `tokens are signed to the byte`(_ given: Vectors.Case) throws {
        let key = try key(given)
        #expect(key.publicKey.description == given.text("public_key"))
        #expect(DIDKey(key.publicKey).text == given.text("iss"))
        let issuedAt = Timestamp(milliseconds: given.int("iat") * 1000)
        let token = RelayToken.sign(
            key, audience: given.text("aud"), subject: given.text("sub"), issuedAt: issuedAt,
            lifetimeSeconds: given.int("ttl"))
        #expect(token == given.text("jwt"))
        let claims = try RelayToken.verify(token, audiences: [given.text("aud")], now: issuedAt)
        #expect(claims.issuer.text == given.text("iss"))
        #expect(claims.subject == given.text("sub"))
        #expect(claims.audience == given.text("aud"))
        #expect(claims.issuedAt == given.int("iat"))
        #expect(claims.expiry == given.int("exp"))
    }

    @Test(arguments: Vectors.cases(file, "verify_valid"))
    func `a token with a made-up signature is refused for just that`(_ given: Vectors.Case) {
        #expect(given["signature_valid"]?.bool == false)
        #expect(throws: RelayTokenError.invalidSignature) {
            try RelayToken.verify(given.text("jwt"), audiences: nil, now: Timestamp(milliseconds: 1_656_910_097_000))
        }
    }

    @Test(arguments: Vectors.cases(file, "verify_invalid"))
    func `wrong tokens are refused for their reason`(_ given: Vectors.Case) {
        let expected: [String: RelayTokenError] = [
            "Invalid signature": .invalidSignature, "Invalid multicodec header": .invalidIssuer(.wrongMulticodec),
            "Invalid DID prefix": .invalidIssuer(.wrongPrefix), "Invalid DID method": .invalidIssuer(.wrongPrefix),
        ]
        #expect(throws: expected[given.text("reason")]!) {
            try RelayToken.verify(given.text("jwt"), audiences: nil, now: Timestamp(milliseconds: 1_656_910_097_000))
        }
    }

    @Test(arguments: Vectors.cases(file, "time_rules"))
    func `time and audience are judged as published`(_ given: Vectors.Case) throws {
        let now: Int64 = 1_700_000_000
        var issuedAt = now
        if let rule = given["iat"]?.string { issuedAt += Int64(rule.dropFirst(3).replacing("+", with: "")) ?? 0 }
        let key = Ed25519.PrivateKey.of(1)
        let own = "wss://relay.walletconnect.com"
        let token = RelayToken.sign(
            key, audience: given["aud"]?.string ?? own, subject: "s",
            issuedAt: Timestamp(milliseconds: issuedAt * 1000),
            lifetimeSeconds: given["ttl"]?.int ?? 3600)
        let errors: [String: RelayTokenError] = [
            "NotYetValid": .notYetValid, "Expired": .expired, "InvalidAudience": .wrongAudience,
        ]
        let at = Timestamp(milliseconds: now * 1000)
        if let error = given["error"]?.string {
            #expect(throws: errors[error]!) { try RelayToken.verify(token, audiences: [own], now: at) }
        } else {
            #expect(given["valid"]?.bool == true)
            #expect(try RelayToken.verify(token, audiences: [own], now: at).issuedAt == issuedAt)
        }
        #expect(RelayToken.leewaySeconds == (try Vectors.json(Self.file)["time_leeway_seconds"]?.int))
    }

    @Test(arguments: Vectors.cases(file, "did_key"))
    func `names of keys are written and read`(_ given: Vectors.Case) throws {
        let key = try DIDKey(given.text("did"))
        #expect(key.publicKey.description == given.text("public_key"))
        #expect(DIDKey(key.publicKey) == key)
    }

    @Test func `the 64-byte form of a key is its seed and its public key`() throws {
        let pair = try #require(try Vectors.json(Self.file)["keypair64"])
        let key = try Ed25519.PrivateKey(seed: SecretBytes(copying: Hex.decode(pair["seed"]!.string!)))
        #expect(pair["seed"]!.string! + key.publicKey.description == pair["secret_key_64"]!.string)
    }

    @Test(arguments: Vectors.cases(file, "watch_claims"))
    func `watch tokens carry the published claims, whatever the order of their header`(_ given: Vectors.Case) throws {
        let key = try key(given)
        let published = given.text("jwt_rust_header_order")
        let claims = try JSON.parse(given.text("claims_json"))
        // Ed25519 is deterministic: what our header changes is the only difference.
        #expect(try JWT.open(published).claims == claims)
        #expect(try JWT.open(published).issuer.publicKey == key.publicKey)
        let issuedAt = claims["iat"]!.int!
        let expiry = claims["exp"]!.int!
        let ours: String
        if let event = claims["evt"] {
            let push = RelayPush(
                subscription: try SubscriptionID(hex: String(repeating: "0", count: 64)),
                topic: try Topic(hex: event["topic"]!.string!), message: event["message"]!.string!,
                publishedAt: Timestamp(milliseconds: event["publishedAt"]!.int!), tag: UInt32(event["tag"]!.int!),
                attestation: event["attestation"]?.string)
            ours = WatchEvent(
                client: claims["sub"]!.string!, role: .subscriber, serviceURL: claims["aud"]!.string!,
                webhookURL: claims["whu"]!.string!, messageID: UInt64(event["messageId"]!.int!), status: .accepted,
                push: push
            ).sign(
                key, issuedAt: Timestamp(milliseconds: issuedAt * 1000), lifetimeSeconds: expiry - issuedAt)
            #expect(try members(JWT.open(ours).claims) == members(claims))
        } else {
            ours = WatchToken.sign(
                WatchToken.Claims(
                    action: WatchToken.Action(rawValue: claims["act"]!.string!)!,
                    role: WatchToken.Role(rawValue: claims["typ"]!.string!)!, audience: claims["aud"]!.string!,
                    serviceURL: claims["sub"]!.string!, webhookURL: claims["whu"]!.string!,
                    tags: claims["tag"]?.array?.map { UInt32($0.int!) } ?? [],
                    statuses: claims["sts"]?.array?.map { WatchToken.Status(rawValue: $0.string!)! } ?? [],
                    issuedAt: issuedAt, expiry: expiry), key: key)
            #expect(try JWT.open(ours).claims == claims)
            // The published tokens live for a thousand years, which is more than 30 days.
            #expect(throws: WatchTokenError.invalidLifetime) {
                try WatchToken.verify(
                    published, action: WatchToken.Action(rawValue: claims["act"]!.string!)!, audiences: nil,
                    now: Timestamp(milliseconds: issuedAt * 1000))
            }
        }
    }

    private func members(_ json: JSON) -> Set<JSONMember> { Set(json.members ?? []) }

    private func key(_ given: Vectors.Case) throws -> Ed25519.PrivateKey {
        try Ed25519.PrivateKey(seed: SecretBytes(copying: given.bytes("seed")))
    }
}

extension Ed25519.PrivateKey {
    /// A key whose seed repeats one byte.
    static func of(_ byte: UInt8) -> Ed25519.PrivateKey {
        guard let key = try? Ed25519.PrivateKey(seed: SecretBytes(copying: [UInt8](repeating: byte, count: 32))) else {
            preconditionFailure("32 bytes are a seed")
        }
        return key
    }
}

struct RelayTokenTests {
    private let key = Ed25519.PrivateKey.of(9)
    private let now = Timestamp(milliseconds: 1_700_000_000_000)
    private let relay = "wss://relay.example"

    @Test func `both ends of the leeway are inside, and a second more is outside`() throws {
        func judge(begin: Int64, end: Int64) -> RelayTokenError? {
            let token = JWT.sign(claims(["iat": JSON(begin), "exp": JSON(end)]), key: key)
            do {
                _ = try RelayToken.verify(token, audiences: [relay], now: now)
                return nil
            } catch {
                return error
            }
        }
        let seconds = now.milliseconds / 1000
        #expect(judge(begin: seconds + 120, end: seconds + 200) == nil)
        #expect(judge(begin: seconds + 121, end: seconds + 200) == .notYetValid)
        #expect(judge(begin: seconds - 500, end: seconds - 120) == nil)
        #expect(judge(begin: seconds - 500, end: seconds - 121) == .expired)
        #expect(judge(begin: .min, end: .max) == nil)
        #expect(judge(begin: .max, end: .max) == .notYetValid)
        #expect(judge(begin: .min, end: .min) == .expired)
    }

    @Test func `audiences are a choice of the relay`() throws {
        let token = RelayToken.sign(key, audience: relay, subject: "s", issuedAt: now)
        #expect(try RelayToken.verify(token, audiences: nil, now: now).audience == relay)
        #expect(try RelayToken.verify(token, audiences: [relay, relay + "/"], now: now).audience == relay)
        #expect(throws: RelayTokenError.wrongAudience) { try RelayToken.verify(token, audiences: [], now: now) }
        #expect(throws: RelayTokenError.wrongAudience) {
            try RelayToken.verify(token, audiences: [relay + "/"], now: now)
        }
    }

    @Test func `the header may come in either order and with more members, but names EdDSA and JWT`() throws {
        #expect(judge(header: #"{"typ":"JWT","alg":"EdDSA"}"#) == nil)
        #expect(judge(header: #"{"alg":"EdDSA","typ":"JWT","kid":"1"}"#) == nil)
        #expect(judge(header: #"{"alg":"none","typ":"JWT"}"#) == .wrongAlgorithm)
        #expect(judge(header: #"{"alg":"HS256","typ":"JWT"}"#) == .wrongAlgorithm)
        #expect(judge(header: #"{"alg":"eddsa","typ":"JWT"}"#) == .wrongAlgorithm)
        #expect(judge(header: #"{"typ":"JWT"}"#) == .wrongAlgorithm)
        #expect(judge(header: #"{"alg":"EdDSA"}"#) == .wrongType)
        #expect(judge(header: #"{"alg":"EdDSA","typ":"jwt"}"#) == .wrongType)
        #expect(judge(header: #"{"alg":"EdDSA","alg":"EdDSA","typ":"JWT"}"#) == .malformed)
        #expect(judge(header: "[]") == .malformed)
    }

    @Test(arguments: ["iss", "sub", "aud", "iat", "exp"])
    func `every claim has to be there with its type`(name: String) {
        for wrong: JSON? in [nil, .null, .array([]), .number("1.5")] {
            let token = JWT.sign(claims([name: wrong]), key: key)
            #expect(throws: RelayTokenError.missingClaim(name)) {
                try RelayToken.verify(token, audiences: nil, now: now)
            }
        }
    }

    @Test func `a token of another shape is refused`() {
        let token = RelayToken.sign(key, audience: relay, subject: "s", issuedAt: now)
        for text in ["", ".", "..", "a.b", token + ".x", token + "\n", " " + token, "....", "a..b"] {
            #expect(throws: RelayTokenError.self) { try RelayToken.verify(text, audiences: nil, now: now) }
        }
        let long = String(repeating: "a", count: RelayToken.textBytesMax + 1)
        #expect(throws: RelayTokenError.tooLong(long.utf8.count)) {
            try RelayToken.verify(long, audiences: nil, now: now)
        }
    }

    @Test func `every truncation and every changed character is refused`() {
        let token = RelayToken.sign(key, audience: relay, subject: "s", issuedAt: now)
        let bytes = Array(token.utf8)
        for count in bytes.indices {
            let text = String(decoding: bytes.prefix(count), as: UTF8.self)
            #expect(throws: RelayTokenError.self) { try RelayToken.verify(text, audiences: nil, now: now) }
        }
        for position in bytes.indices {
            for bit in 0..<8 {
                var wrong = bytes
                wrong[position] ^= 1 << UInt8(bit)
                let text = String(decoding: wrong, as: UTF8.self)
                #expect(throws: RelayTokenError.self) { try RelayToken.verify(text, audiences: nil, now: now) }
            }
        }
    }

    @Test func `the name of another key is no proof`() {
        let other = DIDKey(Ed25519.PrivateKey.of(8).publicKey).text
        let token = JWT.sign(claims(["iss": .string(other)]), key: key)
        #expect(throws: RelayTokenError.invalidSignature) { try RelayToken.verify(token, audiences: nil, now: now) }
    }

    @Test(arguments: [
        ("did:key:z6Mk", DIDKeyError.wrongMulticodec), ("did:key:", .wrongPrefix), ("", .wrongPrefix),
        ("did:key:z0OIl", .notBase58), ("did:key:z" + Base58.encode([0xED, 1, 2]), .wrongLength(1)),
        ("did:key:z" + Base58.encode([0xED, 1] + [UInt8](repeating: 1, count: 33)), .wrongLength(33)),
        ("did:key:z" + String(repeating: "1", count: 60), .tooLong),
    ])
    func `what names no Ed25519 key is refused`(text: String, error: DIDKeyError) {
        #expect(throws: error) { try DIDKey(text) }
    }

    private func claims(_ changes: [String: JSON?]) -> JSON {
        let seconds = now.milliseconds / 1000
        let base: [(String, JSON)] = [
            ("iss", .string(DIDKey(key.publicKey).text)), ("sub", "s"), ("aud", .string(relay)),
            ("iat", JSON(seconds)), ("exp", JSON(seconds + 60)),
        ]
        return .object(
            base.compactMap { name, value in
                (changes[name] ?? value).map { JSONMember(name: name, value: $0) }
            })
    }

    private func judge(header: String) -> RelayTokenError? {
        let signed =
            "\(Base64URL.encode(Array(header.utf8))).\(Base64URL.encode(claims([:]).serialized()))"
        let token = "\(signed).\(Base64URL.encode(key.sign(Array(signed.utf8))))"
        do {
            _ = try RelayToken.verify(token, audiences: nil, now: now)
            return nil
        } catch {
            return error
        }
    }
}

struct WatchTokenTests {
    private let key = Ed25519.PrivateKey.of(5)
    private let now = Timestamp(milliseconds: 1_700_000_000_000)

    @Test func `a registration is read as it was signed`() throws {
        let token = WatchToken.sign(claims(), key: key)
        let (client, read) = try WatchToken.verify(
            token, action: .register, audiences: ["wss://relay.example"], now: now)
        #expect(read == claims())
        #expect(client.publicKey == key.publicKey)
    }

    @Test func `the end of a registration needs neither tags nor statuses`() throws {
        var ended = claims()
        ended.action = .unregister
        ended.tags = []
        ended.statuses = []
        let token = WatchToken.sign(ended, key: key)
        #expect(try WatchToken.verify(token, action: .unregister, audiences: nil, now: now).claims == ended)
        #expect(throws: WatchTokenError.invalidAction) {
            try WatchToken.verify(token, action: .register, audiences: nil, now: now)
        }
    }

    @Test func `every limit of a registration is kept`() {
        #expect(judge { $0.expiry = $0.issuedAt + WatchToken.lifetimeSecondsMax } == nil)
        #expect(judge { $0.expiry = $0.issuedAt + WatchToken.lifetimeSecondsMax + 1 } == .invalidLifetime)
        #expect(judge { $0.issuedAt = .min } == .invalidLifetime)
        #expect(judge { $0.expiry = $0.issuedAt - 1 } == .invalidLifetime)
        #expect(judge { $0.webhookURL = "https://h/" + String(repeating: "a", count: 246) } == nil)
        #expect(
            judge { $0.webhookURL = "https://h/" + String(repeating: "a", count: 247) } == .invalidWebhookURL)
        for url in ["", "https://", "ftp://x", "https:///x", "https://a b", "https://a\u{0}", "javascript:1"] {
            #expect(judge { $0.webhookURL = url } == .invalidWebhookURL)
            #expect(judge { $0.serviceURL = url } == .invalidServiceURL)
        }
        #expect(judge { $0.tags = [] } == .invalidTags)
        #expect(judge { $0.tags = [0, .max] } == nil)
        #expect(judge { $0.tags = [UInt32](repeating: 1, count: WatchToken.tagsMax + 1) } == .invalidTags)
        #expect(judge { $0.statuses = [] } == .invalidStatus)
        #expect(judge { $0.audience = "wss://other.example" } == .token(.wrongAudience))
    }

    @Test func `a publisher sees only that its message was taken`() {
        for status in WatchToken.Status.allCases {
            let judged = judge {
                $0.role = .publisher
                $0.statuses = [status]
            }
            #expect(judged == (status == .accepted ? nil : .invalidStatus))
            #expect(judge { $0.statuses = [status] } == nil)
        }
    }

    @Test func `each fault has the relay's own tag`() {
        #expect(WatchTokenError.invalidAction.relayError.tag == "InvalidAction")
        #expect(WatchTokenError.invalidLifetime.relayError.tag == "InvalidTtl")
        #expect(WatchTokenError.invalidServiceURL.relayError.tag == "InvalidServiceUrl")
        #expect(WatchTokenError.invalidWebhookURL.relayError.tag == "InvalidWebhookUrl")
        #expect(WatchTokenError.token(.expired).relayError.tag == "InvalidJwt")
        #expect(WatchTokenError.invalidStatus.relayError.code == -32_000)
    }

    private func claims() -> WatchToken.Claims {
        let seconds = now.milliseconds / 1000
        return WatchToken.Claims(
            action: .register, role: .subscriber, audience: "wss://relay.example", serviceURL: "https://app.example",
            webhookURL: "https://app.example/hook", tags: [1100, 1108], statuses: [.accepted, .delivered],
            issuedAt: seconds, expiry: seconds + 3600)
    }

    private func judge(_ change: (inout WatchToken.Claims) -> Void) -> WatchTokenError? {
        var changed = claims()
        change(&changed)
        do {
            _ = try WatchToken.verify(
                WatchToken.sign(changed, key: key), action: .register, audiences: ["wss://relay.example"], now: now)
            return nil
        } catch {
            return error
        }
    }
}
