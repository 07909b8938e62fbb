/// Base64 with `+`, `/` and padding, read strictly.
///
/// There is exactly one text for every byte string: padding must be there, unused bits must be zero, and there is no
/// white space. A signature or token can therefore not be respelled and still pass.
///
/// Standard: [RFC 4648](https://www.rfc-editor.org/rfc/rfc4648) section 4.
public enum Base64 {
    /// Writes `bytes` in Base64, padded with `=` to a multiple of four characters.
    public static func encode(_ bytes: some Collection<UInt8>) -> String {
        encode(Array(bytes).span)
    }

    /// Writes `bytes` in Base64, padded with `=` to a multiple of four characters.
    public static func encode(_ bytes: [UInt8]) -> String {
        encode(bytes.span)
    }

    /// Writes `bytes` in Base64, padded with `=` to a multiple of four characters.
    public static func encode(_ bytes: Span<UInt8>) -> String {
        Base64Core.encode(bytes, .standard, isPadded: true)
    }

    /// Reads a Base64 text.
    ///
    /// - Parameter paddingIsOptional: whether a text without any padding is read too, as some protocols have it; half of a
    ///   padding never is.
    /// - Throws: `Base64Error` with the byte position.
    public static func decode(_ text: String, paddingIsOptional: Bool = false) throws(Base64Error) -> [UInt8] {
        try Base64Core.decode(text, .standard, paddingIsOptional ? .optional : .required)
    }
}

/// Why a Base64 or Base64URL text was refused.
public enum Base64Error: Error, Equatable, Hashable {
    /// No number of whole bytes gives this many characters.
    case invalidLength(Int)
    /// A byte outside the alphabet, or padding where none belongs. The position is in bytes.
    case invalidCharacter(at: Int)
    /// The bits of the last character that belong to no byte are not zero.
    case nonZeroTrailingBits
}
