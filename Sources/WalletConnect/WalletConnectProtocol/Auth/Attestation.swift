import Crypto
import Cryptography
public import Primitives

/// The ids under which the Verify service knows a message.
public enum AttestationID {
    /// SHA-256 of the message as it was published, its Base64 text: what a token's `id` must be.
    public static func encrypted(_ message: String) -> String {
        SHA2.sha256(Array(message.utf8)).hex
    }

    /// SHA-256 of the exact bytes that were decrypted.
    ///
    /// Never of JSON that was read and written again: the order of its members is part of it.
    public static func decrypted(_ plaintext: [UInt8]) -> String {
        SHA2.sha256(plaintext).hex
    }
}

/// A token in which the Verify service says from which origin a message was sent: a JWT signed with ES256.
///
/// Standard: [RFC 7519](https://www.rfc-editor.org/rfc/rfc7519), [RFC 7518](https://www.rfc-editor.org/rfc/rfc7518)
/// section 3.4.
public enum Attestation {
    /// What came of a token.
    public enum Verdict: Sendable, Hashable {
        /// The service vouches for the origin.
        case attested(AttestedOrigin)
        /// The token says nothing that can be believed.
        case unknown(Reason)

        /// What ``VerifyContext/init(attestation:metadataURL:verifyURL:comparison:)`` takes: also an origin that the
        /// service does not know, whose context is then unknown but may be a fraud.
        public var origin: AttestedOrigin? {
            switch self {
            case .attested(let origin), .unknown(.unverified(let origin)): origin
            case .unknown: nil
            }
        }
    }

    /// Why a token says nothing.
    public enum Reason: Error, Sendable, Hashable {
        /// An empty token: the sender's browser could not get one.
        case empty
        /// No token of three Base64URL parts with the claims, or too long.
        case malformed
        /// Another algorithm than ES256.
        case algorithm
        /// The token is for another message.
        case otherMessage
        /// Signed with another key: fetch the key once more, then believe it.
        case signature
        /// Too old.
        case expired
        /// The service does not know the project as the origin's.
        ///
        /// The origin is kept, because it may be known as a fraud.
        case unverified(AttestedOrigin)
    }

    /// The claims of a token, not checked.
    public struct Claims: Sendable, Hashable {
        /// Until when it is good, in Unix seconds.
        public var expiresAtSeconds: Int64
        /// The message: ``AttestationID/encrypted(_:)``.
        public var id: String
        /// The origin, its fame, and whether it is known.
        public var origin: AttestedOrigin
    }

    /// The longest token that is read, in bytes.
    public static let bytesMax = 8 << 10

    /// Checks a token.
    ///
    /// - Parameters:
    ///   - token: as it came with the message.
    ///   - messageHash: ``AttestationID/encrypted(_:)`` of the message.
    ///   - key: the service's key, cached or fresh.
    ///   - now: the moment to compare `exp` with; no leeway.
    public static func check(_ token: String, messageHash: String, key: VerifyKey, now: Timestamp) -> Verdict {
        guard !token.isEmpty else { return .unknown(.empty) }
        let parsed: Token
        do { parsed = try Token(token) } catch { return .unknown(error) }
        guard parsed.claims.id.isSameText(as: messageHash) else { return .unknown(.otherMessage) }
        guard key.signed(parsed.signed, signature: parsed.signature) else { return .unknown(.signature) }
        // A huge `exp` must not overflow: compare seconds.
        guard now.milliseconds / 1000 < parsed.claims.expiresAtSeconds else { return .unknown(.expired) }
        guard parsed.claims.origin.isVerified != false else { return .unknown(.unverified(parsed.claims.origin)) }
        return .attested(parsed.claims.origin)
    }

    /// The claims of a token without any check, for logs and tests.
    public static func unverifiedClaims(_ token: String) throws(Reason) -> Claims {
        try Token(token).claims
    }

    private struct Token {
        let signed: [UInt8]
        let signature: [UInt8]
        let claims: Claims

        init(_ text: String) throws(Reason) {
            guard text.utf8.count <= Attestation.bytesMax else { throw .malformed }
            let parts = text.split(separator: ".", omittingEmptySubsequences: false)
            guard parts.count == 3, let header = Self.object(parts[0]), let payload = Self.object(parts[1]),
                let signature = try? Base64URL.decode(String(parts[2])), signature.count == 64
            else { throw .malformed }
            guard header["alg"]?.string == "ES256" else { throw .algorithm }
            guard let expires = payload["exp"]?.int, let id = payload["id"]?.string,
                let origin = payload["origin"]?.string
            else { throw .malformed }
            signed = Array("\(parts[0]).\(parts[1])".utf8)
            self.signature = signature
            claims = Claims(
                expiresAtSeconds: expires, id: id,
                origin: AttestedOrigin(
                    origin: origin, isScam: payload["isScam"]?.bool, isVerified: payload["isVerified"]?.bool ?? false))
        }

        private static func object(_ part: Substring) -> JSON? {
            guard let bytes = try? Base64URL.decode(String(part)), let json = try? JSON.parse(bytes),
                json.members != nil
            else { return nil }
            return json
        }
    }
}

/// The public key of the Verify service.
public struct VerifyKey: Sendable, Hashable {
    /// Both coordinates on P-256: 64 bytes.
    private let point: [UInt8]
    /// Until when the service wants it used, in Unix seconds; nil when it was not said.
    public let expiresAtSeconds: Int64?

    /// A key from its JSON Web Key; nil unless it is a point on P-256.
    ///
    /// Standard: [RFC 7517](https://www.rfc-editor.org/rfc/rfc7517).
    public init?(jwk: JSON, expiresAtSeconds: Int64? = nil) {
        guard jwk["kty"]?.string == "EC", jwk["crv"]?.string == "P-256", let x = jwk["x"]?.string,
            let y = jwk["y"]?.string, let left = try? Base64URL.decode(x), let right = try? Base64URL.decode(y),
            left.count == 32, right.count == 32
        else { return nil }
        guard (try? P256.Signing.PublicKey(rawRepresentation: left + right)) != nil else { return nil }
        point = left + right
        self.expiresAtSeconds = expiresAtSeconds
    }

    /// A key from the answer of `GET {verify}/v3/public-key`: `{"publicKey": JWK, "expiresAt": seconds}`.
    public init?(answer json: JSON) {
        guard let jwk = json["publicKey"] else { return nil }
        self.init(jwk: jwk, expiresAtSeconds: json["expiresAt"]?.int)
    }

    /// The key of the hosted service, to begin with until the service was asked; it can change at any time.
    public static let hosted = VerifyKey(jwk: [
        "kty": "EC", "crv": "P-256",
        "x": "CbL4DOYOb1ntd-8OmExO-oS0DWCMC00DntrymJoB8tk",
        "y": "KTFwjHtQxGTDR91VsOypcdBfvbo6sAMj5p4Wb-9hRA0",
    ])

    /// Whether this key made the 64-byte signature over the SHA-256 of `bytes`.
    func signed(_ bytes: [UInt8], signature: [UInt8]) -> Bool {
        guard let key = try? P256.Signing.PublicKey(rawRepresentation: point),
            let signature = try? P256.Signing.ECDSASignature(rawRepresentation: signature)
        else { return false }
        return key.isValidSignature(signature, for: bytes)
    }
}
