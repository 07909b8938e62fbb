import JWTKit
public import Primitives
import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A signature algorithm that tokens may use.
///
/// `none` is not among them.
public enum JWTAlgorithmName: String, Sendable, Hashable, CaseIterable {
    /// ECDSA on P-256 with SHA-256.
    case es256 = "ES256"
    /// ECDSA on P-384 with SHA-384.
    case es384 = "ES384"
    /// Ed25519.
    case edDSA = "EdDSA"
    /// RSA-PSS with SHA-256.
    case ps256 = "PS256"
    /// RSA PKCS #1 v1.5 with SHA-256; for issuers that know nothing newer.
    case rs256 = "RS256"
    /// HMAC with SHA-256 and a shared secret.
    case hs256 = "HS256"

    /// Lengths a signature can have, in bytes.
    var signatureBytes: ClosedRange<Int> {
        switch self {
        case .es256, .edDSA: 64...64
        case .es384: 96...96
        case .hs256: 32...32
        // RSA keys of 2,048 to 8,192 bits.
        case .ps256, .rs256: 256...1024
        }
    }
}

/// A key that verifies tokens, bound to its id and to one algorithm.
public struct JWTVerificationKey: Sendable {
    /// Where the key material comes from.
    enum Material: Sendable {
        case pem(String)
        case edwards(x: String)
        case secret([UInt8])
        case jwk(String)
    }

    /// The id tokens name.
    public let id: String
    /// The only algorithm it is used with.
    public let algorithm: JWTAlgorithmName
    let material: Material

    private init(_ id: String, _ algorithm: JWTAlgorithmName, _ material: Material) {
        precondition((1...128).contains(id.utf8.count), "a key id has 1 to 128 bytes")
        self.id = id
        self.algorithm = algorithm
        self.material = material
    }

    /// An elliptic-curve or RSA public key in PEM.
    public static func publicKey(id: String, algorithm: JWTAlgorithmName, pem: String) -> JWTVerificationKey {
        precondition(algorithm != .hs256 && algorithm != .edDSA, "PEM keys are for ES256, ES384, RS256 and PS256")
        return JWTVerificationKey(id, algorithm, .pem(pem))
    }

    /// An Ed25519 public key: 32 bytes in base64url.
    public static func ed25519(id: String, x: String) -> JWTVerificationKey {
        JWTVerificationKey(id, .edDSA, .edwards(x: x))
    }

    /// A secret shared with the issuer, at least 32 bytes.
    public static func sharedSecret(id: String, _ secret: [UInt8]) -> JWTVerificationKey {
        JWTVerificationKey(id, .hs256, .secret(secret))
    }

    /// A public key from a JSON Web Key ([RFC 7517](https://www.rfc-editor.org/rfc/rfc7517)).
    ///
    /// - Throws: `JWTKeyError` when `kid` or `alg` is missing, the algorithm is not one of ours, the key is private or
    ///   symmetric, or it is meant for encryption.
    public init(jwk: JSON) throws(JWTKeyError) {
        guard let id = jwk["kid"]?.string, (1...128).contains(id.utf8.count) else { throw .missingKeyID }
        guard let name = jwk["alg"]?.string, let algorithm = JWTAlgorithmName(rawValue: name) else {
            throw .missingAlgorithm
        }
        guard jwk["d"] == nil, jwk["k"] == nil, algorithm != .hs256 else { throw .notPublic }
        if let use = jwk["use"]?.string, use != "sig" { throw .wrongUse }
        self.init(id, algorithm, .jwk(jwk.text))
    }
}

/// Why a key cannot be used.
public enum JWTKeyError: Error, Equatable {
    /// Keys without an id would be tried for every token.
    case missingKeyID
    /// Keys without an algorithm could be used with one chosen by the sender.
    case missingAlgorithm
    /// A private or symmetric key stands where a public one belongs.
    case notPublic
    /// The key is not for signatures.
    case wrongUse
    /// The shared secret is shorter than the hash.
    case tooShort
    /// The material is broken or belongs to another algorithm.
    case malformed
}

/// What tokens of one issuer and purpose must say.
public struct JWTRules: Sendable, Hashable {
    /// The `iss` claim.
    public var issuer: String
    /// The value that `aud` must hold.
    public var audience: String
    /// The `typ` header: `at+jwt` for access tokens ([RFC 9068](https://www.rfc-editor.org/rfc/rfc9068)).
    public var type: String
    /// Longest time between `iat` and `exp`.
    public var lifetimeSecondsMax: Int64
    /// How far clocks may differ.
    public var leewaySeconds: Int64
    /// Tenants the issuer may speak for; `nil` for all.
    public var tenants: Set<String>?

    /// Makes rules.
    public init(
        issuer: String, audience: String, type: String = "at+jwt", lifetimeSecondsMax: Int64 = 3600,
        leewaySeconds: Int64 = 60, tenants: Set<String>? = nil
    ) {
        precondition(lifetimeSecondsMax > 0 && leewaySeconds >= 0, "times of token rules are positive")
        self.issuer = issuer
        self.audience = audience
        self.type = type
        self.lifetimeSecondsMax = lifetimeSecondsMax
        self.leewaySeconds = leewaySeconds
        self.tenants = tenants
    }
}

/// Checks signed tokens of one issuer and one purpose.
///
/// One verifier per (issuer, purpose), so that a refresh token is never taken for an access token. The header is read
/// by our own strict parser before any key is touched; the algorithm is the one registered for the key, whatever the
/// token says; only then the library checks the signature. A class, because keys rotate while requests run.
public final class JWTVerifier: Authenticator {
    private struct Registered: Sendable {
        let algorithm: JWTAlgorithmName
        let verifier: any JWTAlgorithm
    }

    private let rules: JWTRules
    private let keys = Mutex<[String: Registered]>([:])
    private let isRevoked: @Sendable (String) async throws -> Bool

    /// Makes a verifier without keys, which accepts nothing.
    ///
    /// - Parameters:
    ///   - rules: what tokens must say.
    ///   - isRevoked: whether the token with this `jti` was withdrawn. When it throws, the token counts as not checked.
    public init(rules: JWTRules, isRevoked: @escaping @Sendable (String) async throws -> Bool = { _ in false }) {
        self.rules = rules
        self.isRevoked = isRevoked
    }

    /// Adds a key, or replaces the one with its id.
    ///
    /// - Throws: `JWTKeyError` when the material does not fit the algorithm.
    public func add(_ key: JWTVerificationKey) async throws {
        let verifier = try await Self.verifier(key)
        keys.withLock { $0[key.id] = Registered(algorithm: key.algorithm, verifier: verifier) }
    }

    /// Removes a key; tokens it signed are refused from now on.
    public func remove(keyID: String) {
        keys.withLock { _ = $0.removeValue(forKey: keyID) }
    }

    /// Ids of the keys in use, sorted.
    public var keyIDs: [String] { keys.withLock { $0.keys.sorted() } }

    /// The principal of a token that passes every rule; `nil` for all others.
    public func authenticate(_ credential: String, at time: Timestamp) async throws -> Principal? {
        guard let token = CompactToken(credential), token.type == rules.type,
            let key = keys.withLock({ $0[token.keyID] }), token.algorithm == key.algorithm.rawValue,
            key.algorithm.signatureBytes.contains(token.signature.count),
            (try? key.verifier.verify(token.signature, signs: token.signingInput)) == true
        else { return nil }
        guard let claims = verifiedClaims(token.claims, at: time) else { return nil }
        guard try await !isRevoked(claims.id) else { return nil }
        return Principal(id: claims.subject, kind: .token, tenant: claims.tenant, scopes: claims.scopes)
    }

    private struct Claims {
        let id: String
        let subject: String
        let tenant: String
        let scopes: ScopeSet
    }

    /// Every claim is required and typed; a date is a whole number of seconds.
    private func verifiedClaims(_ claims: JSON, at time: Timestamp) -> Claims? {
        let now = time.milliseconds / 1000
        guard claims["iss"]?.string == rules.issuer, Self.holds(claims["aud"], rules.audience),
            let subject = claims["sub"]?.string, (1...256).contains(subject.utf8.count), Self.isPlain(subject),
            let id = claims["jti"]?.string, (1...256).contains(id.utf8.count),
            let tenant = claims["tenant"]?.string, (1...128).contains(tenant.utf8.count), Self.isPlain(tenant),
            let expires = Self.date(claims["exp"]), let issued = Self.date(claims["iat"]),
            expires + rules.leewaySeconds > now, issued <= now + rules.leewaySeconds, expires > issued,
            expires - issued <= rules.lifetimeSecondsMax, rules.tenants?.contains(tenant) != false
        else { return nil }
        if let value = claims["nbf"] {
            guard let begins = Self.date(value), begins <= now + rules.leewaySeconds else { return nil }
        }
        var scopes = ScopeSet([])
        if let value = claims["scope"] {
            guard let text = value.string, let parsed = ScopeSet(text: text) else { return nil }
            scopes = parsed
        }
        return Claims(id: id, subject: subject, tenant: tenant, scopes: scopes)
    }

    /// Seconds since the epoch, in the first ten thousand years, so that sums cannot overflow.
    private static func date(_ value: JSON?) -> Int64? {
        guard let seconds = value?.int, (0...253_402_300_799).contains(seconds) else { return nil }
        return seconds
    }

    private static func holds(_ value: JSON?, _ audience: String) -> Bool {
        switch value {
        case .string(let text): text == audience
        case .array(let elements):
            elements.count <= 16 && elements.allSatisfy { $0.string != nil }
                && elements.contains { $0.string == audience }
        default: false
        }
    }

    /// Ids go into logs and audit records: no control characters.
    private static func isPlain(_ text: String) -> Bool { !text.utf8.contains { $0 < 0x20 || $0 == 0x7F } }

    /// Lets the library build the verifier in a collection of its own, so that no other key can stand in for it.
    private static func verifier(_ key: JWTVerificationKey) async throws -> any JWTAlgorithm {
        let collection = JWTKeyCollection()
        let id = JWKIdentifier(string: key.id)
        do {
            switch (key.material, key.algorithm) {
            case (.secret(let bytes), .hs256):
                guard bytes.count >= 32 else { throw JWTKeyError.tooShort }
                await collection.add(hmac: HMACKey(from: bytes), digestAlgorithm: .sha256, kid: id)
            case (.edwards(let x), .edDSA):
                await collection.add(eddsa: try EdDSA.PublicKey(x: x, curve: .ed25519), kid: id)
            case (.pem(let pem), .es256):
                await collection.add(ecdsa: try ES256PublicKey(pem: pem), kid: id)
            case (.pem(let pem), .es384):
                await collection.add(ecdsa: try ES384PublicKey(pem: pem), kid: id)
            case (.pem(let pem), .rs256):
                await collection.add(rsa: try Insecure.RSA.PublicKey(pem: pem), digestAlgorithm: .sha256, kid: id)
            case (.pem(let pem), .ps256):
                await collection.add(pss: try Insecure.RSA.PublicKey(pem: pem), digestAlgorithm: .sha256, kid: id)
            case (.jwk(let text), _):
                try await collection.add(jwksJSON: "{\"keys\":[\(text)]}")
            default:
                throw JWTKeyError.malformed
            }
            let verifier = try await collection.getKey(for: id, alg: key.algorithm.rawValue)
            guard verifier.name == key.algorithm.rawValue else { throw JWTKeyError.malformed }
            return verifier
        } catch let error as JWTKeyError {
            throw error
        } catch {
            // The library's messages quote key material; ours names the rule alone.
            throw JWTKeyError.malformed
        }
    }
}
