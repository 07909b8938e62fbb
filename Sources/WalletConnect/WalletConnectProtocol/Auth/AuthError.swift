import Primitives

/// Why an authentication request, a sign-in object or a ReCap could not be read or built.
///
/// `description` is the sentence of the JavaScript client where that client has one, for people who search for it.
public enum AuthError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A member that must be there is not; the path is as in `p.iss`.
    case missing(String)
    /// A member has another JSON type than the schema says.
    case wrongType(String)
    /// A member is larger than ``AuthLimits`` allows.
    case tooLong(String)
    /// A field that stands alone on its line of the message has a line break: it would let one field pose as another.
    case lineBreak(String)
    /// An issuer that is no `did:pkh:` account and no CAIP-10 account.
    case invalidIssuer(String)
    /// A message needs `aud` or `uri`.
    case missingAudience
    /// A ReCap is wrong.
    case recap(RecapError)
    /// The request and the wallet have no chain in common.
    case noSupportedChains
    /// The request and the wallet have no method in common.
    case unsupportedMethods(requested: [String], supported: [String])

    /// What is wrong, in one line.
    public var description: String {
        switch self {
        case .missing(let path): "Missing \(path)"
        case .wrongType(let path): "Wrong type of \(path)"
        case .tooLong(let path): "Too long: \(path)"
        case .lineBreak(let path): "Line break in \(path)"
        case .invalidIssuer(let issuer): "Invalid issuer: \(issuer)"
        case .missingAudience: "Either `aud` or `uri` is required to construct the message"
        case .recap(let error): error.description
        case .noSupportedChains: "No supported chains"
        case .unsupportedMethods(let requested, let supported):
            "Supported methods don't satisfy the requested: \(Self.list(requested)), supported: \(Self.list(supported))"
        }
    }

    private static func list(_ names: [String]) -> String {
        JSON.array(names.map { JSON.string($0) }).text
    }
}

/// How much of a peer's authentication objects is read; above it they are refused.
public enum AuthLimits {
    /// One text such as a statement or a resource, in bytes of UTF-8.
    public static let textBytesMax = 16 << 10
    /// Resources of one payload.
    public static let resourcesMax = 128
    /// Chains of one payload.
    public static let chainsMax = 256
    /// Sign-in objects in one answer.
    public static let cacaosMax = 64
    /// A signature, in bytes; a counterfactual one carries the deployment of its account.
    ///
    /// The init code that checks it must stay below the 49,152 bytes of
    /// [EIP-3860](https://eips.ethereum.org/EIPS/eip-3860).
    public static let signatureBytesMax = 32 << 10
    /// The JSON of a ReCap, in bytes.
    public static let recapBytesMax = 12 << 10
}
