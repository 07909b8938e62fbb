public import Cryptography
public import Primitives

/// The token by which a client shows a relay who it is.
///
/// ```swift
/// let token = RelayToken.sign(key, audience: "wss://relay.example", subject: nonce, issuedAt: clock.now)
/// let claims = try RelayToken.verify(token, audiences: ["wss://relay.example"], now: clock.now)
/// claims.issuer                                        // the client's name: did:key:z6Mk…
/// ```
///
/// A client makes a new one for every connection: a relay refuses one that has ended, and will do so for ever.
///
/// Standard: [WalletConnect 2.0 client authentication](https://specs.walletconnect.com/2.0/specs/servers/relay/relay-client-auth).
public enum RelayToken {
    /// By how much two clocks may differ, in seconds.
    public static let leewaySeconds: Int64 = 120
    /// The longest token that is taken from a client, in bytes; a sound one has about 400.
    public static let textBytesMax = 4_096

    /// What a token says.
    public struct Claims: Sendable, Hashable {
        /// Who signed it: the client's name at the relay.
        public let issuer: DIDKey
        /// A nonce of the client, 32 bytes in hexadecimal as a rule.
        public let subject: String
        /// The relay's URL as the client has it.
        public let audience: String
        /// When it begins, in seconds since the Unix epoch.
        public let issuedAt: Int64
        /// When it ends, in seconds since the Unix epoch.
        public let expiry: Int64
    }

    /// A token for one connection.
    ///
    /// - Parameters:
    ///   - audience: the relay's URL exactly as configured, without a query.
    ///   - subject: 32 random bytes in hexadecimal.
    ///   - lifetimeSeconds: a day, as JavaScript clients have it.
    public static func sign(
        _ key: Ed25519.PrivateKey, audience: String, subject: String, issuedAt: Timestamp,
        lifetimeSeconds: Int64 = Lifetime.tokenSeconds
    ) -> String {
        let begin = issuedAt.wholeSeconds
        let (end, overflow) = begin.addingReportingOverflow(lifetimeSeconds)
        return JWT.sign(
            [
                "iss": .string(DIDKey(key.publicKey).text), "sub": .string(subject), "aud": .string(audience),
                "iat": JSON(begin), "exp": JSON(overflow ? .max : end),
            ], key: key)
    }

    /// Checks form, signature, time and audience.
    ///
    /// - Parameter audiences: the URLs that the relay has; nil to take any.
    /// - Throws: `RelayTokenError`.
    public static func verify(
        _ token: String, audiences: Set<String>?, now: Timestamp, leewaySeconds: Int64 = leewaySeconds
    ) throws(RelayTokenError) -> Claims {
        guard token.utf8.count <= textBytesMax else { throw .tooLong(token.utf8.count) }
        let (claims, issuer) = try JWT.open(token)
        guard let subject = claims["sub"]?.string else { throw .missingClaim("sub") }
        let (issuedAt, expiry) = try checkTime(claims, now: now, leewaySeconds: leewaySeconds)
        let audience = try checkAudience(claims, audiences)
        return Claims(issuer: issuer, subject: subject, audience: audience, issuedAt: issuedAt, expiry: expiry)
    }

    /// Checks that a token has begun and has not ended; both ends of the leeway are inside.
    static func checkTime(
        _ claims: JSON, now: Timestamp, leewaySeconds: Int64
    ) throws(RelayTokenError) -> (issuedAt: Int64, expiry: Int64) {
        guard let issuedAt = claims["iat"]?.int else { throw .missingClaim("iat") }
        guard let expiry = claims["exp"]?.int else { throw .missingClaim("exp") }
        let seconds = now.wholeSeconds
        guard issuedAt <= seconds + leewaySeconds else { throw .notYetValid }
        guard expiry >= seconds - leewaySeconds else { throw .expired }
        return (issuedAt, expiry)
    }

    static func checkAudience(_ claims: JSON, _ audiences: Set<String>?) throws(RelayTokenError) -> String {
        guard let audience = claims["aud"]?.string else { throw .missingClaim("aud") }
        if let audiences, !audiences.contains(audience) { throw .wrongAudience }
        return audience
    }
}

/// Why a token was refused; nothing of the token itself is said.
public enum RelayTokenError: Error, Equatable, Sendable {
    /// More text than is read, in bytes.
    case tooLong(Int)
    /// Not three parts of Base64URL with JSON objects in the first two.
    case malformed
    /// Another algorithm than EdDSA.
    case wrongAlgorithm
    /// Another type than JWT.
    case wrongType
    /// A claim is missing or of the wrong type.
    case missingClaim(String)
    /// `iss` is not the `did:key` of an Ed25519 key.
    case invalidIssuer(DIDKeyError)
    /// Not signed by the issuer.
    case invalidSignature
    /// Begins more than the leeway after now.
    case notYetValid
    /// Ended more than the leeway before now.
    case expired
    /// Meant for another relay.
    case wrongAudience
}

extension Timestamp {
    /// Whole seconds since the Unix epoch, rounded down.
    var wholeSeconds: Int64 {
        let (quotient, remainder) = milliseconds.quotientAndRemainder(dividingBy: 1000)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
