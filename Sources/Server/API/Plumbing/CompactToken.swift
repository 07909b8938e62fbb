import Primitives

/// The three parts of a compact JWS, taken apart without trusting any of them.
///
/// Standard: [RFC 7515](https://www.rfc-editor.org/rfc/rfc7515) and the advice of
/// [RFC 8725](https://www.rfc-editor.org/rfc/rfc8725). Stricter than a library's parser: exactly three parts, base64url
/// without padding, JSON in UTF-8 without repeated names, and no header member that could change which key or rules
/// apply.
struct CompactToken {
    /// Longest token in bytes.
    static let bytesMax = 8 << 10

    /// The algorithm the token claims.
    let algorithm: String
    /// The key the token claims.
    let keyID: String
    /// The kind of token.
    let type: String
    /// The claims, not verified yet.
    let claims: JSON
    /// What was signed: header and payload as they were sent.
    let signingInput: [UInt8]
    /// The signature.
    let signature: [UInt8]

    /// Header members that may appear.
    ///
    /// All others, such as `crit`, `jku`, `jwk`, `x5u`, `x5c`, `b64`, `zip` and `cty`,
    /// would let the sender choose keys or rules, so they end the check. Thumbprints are ignored.
    private static let members: Set<String> = ["alg", "kid", "typ", "x5t", "x5t#S256"]
    private static let limits = JSONLimits(
        bytesMax: bytesMax, depthMax: 6, keysPerObjectMax: 64, valuesMax: 256, stringBytesMax: 4096,
        numberBytesMax: 24)

    /// Takes a token apart; `nil` for anything that is not exactly what it should be.
    init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard (5...Self.bytesMax).contains(bytes.count) else { return nil }
        let dots = bytes.indices.filter { bytes[$0] == UInt8(ascii: ".") }
        guard dots.count == 2 else { return nil }
        guard let header = Self.decode(bytes[..<dots[0]]), let payload = Self.decode(bytes[(dots[0] + 1)..<dots[1]]),
            let signature = Self.decode(bytes[(dots[1] + 1)...]), !signature.isEmpty,
            let headerJSON = try? JSON.parse(header, limits: Self.limits), let headerMembers = headerJSON.members,
            headerMembers.allSatisfy({ Self.members.contains($0.name) }),
            let algorithm = headerJSON["alg"]?.string, let keyID = headerJSON["kid"]?.string,
            (1...128).contains(keyID.utf8.count), let type = headerJSON["typ"]?.string,
            let claims = try? JSON.parse(payload, limits: Self.limits), claims.members != nil
        else { return nil }
        self.algorithm = algorithm
        self.keyID = keyID
        self.type = type
        self.claims = claims
        self.signingInput = Array(bytes[..<dots[1]])
        self.signature = signature
    }

    private static func decode(_ part: ArraySlice<UInt8>) -> [UInt8]? {
        guard !part.isEmpty else { return nil }
        return try? Base64URL.decode(String(decoding: part, as: UTF8.self))
    }
}
