public import Primitives

/// A structured message in the JSON form that `eth_signTypedData_v4` takes, read and hashed:
/// [EIP-712](https://eips.ethereum.org/EIPS/eip-712).
///
/// ```swift
/// let message = try TypedData(json: JSON.parse(body))
/// let signature = key.sign(digest: message.digest)
/// ```
///
/// Stricter than wallets are, because what is shown must be what is signed: every member is declared and present, byte
/// strings have their exact length, no type contains itself. Integers are JSON numbers, or strings of decimal digits
/// or `0x` digits; byte strings are `0x` digits; an address in mixed case has a valid checksum.
public struct TypedData: Sendable, Hashable {
    /// The most struct types.
    public static let typesMax = 64
    /// The most members of a struct type.
    public static let membersMax = 128
    /// The most values in domain and message together.
    public static let valuesMax = 10_000
    /// The most bytes of ``encodedType``, for each struct type.
    public static let encodedTypeBytesMax = 32_768
    /// How deep structs and arrays may nest.
    public static let depthMax = 32

    /// The struct type of the message.
    public let primaryType: String
    /// The type of the message with everything it refers to, as it is hashed: `Mail(Person from,…)Person(…)`.
    public let encodedType: String
    /// The `domain` as given.
    public let domain: JSON
    /// The `message` as given.
    public let message: JSON
    /// The hash of the domain.
    public let domainSeparator: Hash32
    /// The hash of the message without the domain.
    public let structHash: Hash32

    /// What is signed.
    public var digest: Hash32 {
        EIP712.digest(domainSeparator: domainSeparator, structHash: structHash)
    }

    /// Reads an object of `types`, `primaryType`, `domain` and `message`, and nothing else.
    ///
    /// Where `types` has no `EIP712Domain`, it is made of the standard's members that `domain` has.
    ///
    /// - Throws: ``TypedDataError``.
    public init(json: JSON) throws(TypedDataError) {
        guard let members = json.members else { throw .malformed("") }
        for member in members where !["types", "primaryType", "domain", "message"].contains(member.name) {
            throw .unknownMember(member.name)
        }
        guard let primaryType = json["primaryType"]?.string else { throw .malformed("primaryType") }
        guard let domain = json["domain"], domain.members != nil else { throw .malformed("domain") }
        guard let message = json["message"], message.members != nil else { throw .malformed("message") }
        guard let types = json["types"] else { throw .malformed("types") }

        let schema = try TypedDataSchema(json: types, domain: domain)
        guard primaryType != TypedDataSchema.domainType, schema.structs[primaryType] != nil else {
            throw .unknownType(primaryType)
        }
        var hasher = TypedDataHasher(schema: schema)
        domainSeparator = try hasher.hash(
            domain, as: TypedDataSchema.domainType, path: "domain", depthLeft: Self.depthMax)
        structHash = try hasher.hash(message, as: primaryType, path: "message", depthLeft: Self.depthMax)
        encodedType = try schema.encodedType(primaryType)
        self.primaryType = primaryType
        self.domain = domain
        self.message = message
    }
}
