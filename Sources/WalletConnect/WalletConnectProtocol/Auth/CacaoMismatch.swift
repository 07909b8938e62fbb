/// What is wrong with an answer to a sign-in request, beyond its signature.
public enum CacaoMismatch: Error, Sendable, Hashable {
    /// Not `caip122` or `eip4361`.
    case header(String)
    /// Another host.
    case domain(String)
    /// Another page.
    case audience(String?)
    /// Another version.
    case version(String)
    /// Another nonce: an old answer, or one to somebody else.
    case nonce(String)
    /// A time that is not RFC 3339; the member is `iat`, `exp` or `nbf`.
    case malformedTime(String)
    /// Signed before the request was made or in the future.
    case issuedAt(String)
    /// Later than the request set, or none where it set one.
    case expiration(String?)
    /// Earlier than the request set, or none where it set one.
    case notBefore(String?)
    /// The signature is no longer good.
    case expired
    /// The signature is not good yet.
    case notYetValid
    /// An issuer that is no account.
    case issuer(String)
    /// A chain that was not asked for, in the issuer or in a ReCap.
    case chain(String)
    /// A signature type that the request did not offer.
    case signatureType(String)
    /// The person was shown another statement.
    case statement(String?)
    /// Another request id.
    case requestID(String?)
    /// A resource that was not asked for.
    case resource(String)
    /// A ReCap that cannot be read, or one that is not the last resource.
    case recap(String)
    /// An ability that was not asked for, or one with fewer limits.
    case ability(resource: String, name: String)
}
