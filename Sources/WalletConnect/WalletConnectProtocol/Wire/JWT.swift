import Cryptography
import Primitives

/// JSON Web Tokens signed with Ed25519, as relays and their clients exchange them.
///
/// Standard: [RFC 7519](https://www.rfc-editor.org/rfc/rfc7519) with [RFC 8037](https://www.rfc-editor.org/rfc/rfc8037).
enum JWT {
    /// The longest token that is read, in bytes.
    static let textBytesMax = 256 << 10
    /// What is read of header and claims: small objects, but an event carries a message.
    static let limits = JSONLimits(
        bytesMax: 256 << 10, depthMax: 8, keysPerObjectMax: 64, valuesMax: 1_024, stringBytesMax: 192 << 10)

    private static let header: JSON = ["alg": "EdDSA", "typ": "JWT"]

    /// A token with these claims.
    static func sign(_ claims: JSON, key: Ed25519.PrivateKey) -> String {
        let signed = "\(Base64URL.encode(header.serialized())).\(Base64URL.encode(claims.serialized()))"
        return "\(signed).\(Base64URL.encode(key.sign(Array(signed.utf8))))"
    }

    /// The claims of a token, and who signed it: the key that `iss` names.
    static func open(_ token: String) throws(RelayTokenError) -> (claims: JSON, issuer: DIDKey) {
        guard token.utf8.count <= textBytesMax else { throw .tooLong(token.utf8.count) }
        let parts = token.utf8.split(separator: UInt8(ascii: "."), maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 3 else { throw .malformed }
        let header = try object(parts[0])
        guard header["alg"]?.string == "EdDSA" else { throw .wrongAlgorithm }
        guard header["typ"]?.string == "JWT" else { throw .wrongType }
        let claims = try object(parts[1])
        guard let name = claims["iss"]?.string else { throw .missingClaim("iss") }
        let issuer: DIDKey
        do throws(DIDKeyError) {
            issuer = try DIDKey(name)
        } catch {
            throw .invalidIssuer(error)
        }
        let signed = Array(token.utf8[..<parts[1].endIndex])
        guard let signature = try? Base64URL.decode(String(Substring(parts[2]))),
            Ed25519.verify(signature, message: signed, publicKey: issuer.publicKey)
        else { throw .invalidSignature }
        return (claims, issuer)
    }

    private static func object(_ part: Substring.UTF8View.SubSequence) throws(RelayTokenError) -> JSON {
        guard let bytes = try? Base64URL.decode(String(Substring(part))),
            let json = try? JSON.parse(bytes, limits: limits), json.members != nil
        else { throw .malformed }
        return json
    }
}
