/// Base64 with `-` and `_` and without padding, as JOSE uses it, read strictly.
///
/// There is exactly one text for every byte string: no padding, no white space, and unused bits must be zero.
///
/// Standard: [RFC 4648](https://www.rfc-editor.org/rfc/rfc4648) section 5;
/// [RFC 7515](https://www.rfc-editor.org/rfc/rfc7515) section 2 for leaving the padding out.
public enum Base64URL {
    /// Writes `bytes` in Base64URL without padding.
    public static func encode(_ bytes: some Collection<UInt8>) -> String {
        encode(Array(bytes).span)
    }

    /// Writes `bytes` in Base64URL without padding.
    public static func encode(_ bytes: [UInt8]) -> String {
        encode(bytes.span)
    }

    /// Writes `bytes` in Base64URL without padding.
    public static func encode(_ bytes: Span<UInt8>) -> String {
        Base64Core.encode(bytes, .url, isPadded: false)
    }

    /// Reads a Base64URL text.
    ///
    /// - Parameter paddingIsOptional: whether a padded text is read too; half of a padding never is.
    /// - Throws: `Base64Error` with the byte position.
    public static func decode(_ text: String, paddingIsOptional: Bool = false) throws(Base64Error) -> [UInt8] {
        try Base64Core.decode(text, .url, paddingIsOptional ? .optional : .absent)
    }
}
