/// Base64 with `-` and `_` and without padding, as JOSE uses it, read strictly.
///
/// There is exactly one text for every byte string: no padding, no white space, and unused bits must be zero.
///
/// Standard: [RFC 4648](https://www.rfc-editor.org/rfc/rfc4648) section 5;
/// [RFC 7515](https://www.rfc-editor.org/rfc/rfc7515) section 2 for leaving the padding out.
public enum Base64URL {
    private static let core = Base64Core(
        alphabet: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")

    /// Writes `bytes` in Base64URL without padding.
    public static func encode(_ bytes: some Collection<UInt8>) -> String {
        core.encode(Array(bytes), isPadded: false)
    }

    /// Reads a Base64URL text that has no padding.
    ///
    /// - Throws: `Base64Error` with the byte position.
    public static func decode(_ text: String) throws(Base64Error) -> [UInt8] {
        try core.decode(text.utf8)
    }
}
