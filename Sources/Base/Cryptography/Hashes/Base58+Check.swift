public import Primitives

extension Base58 {
    /// Writes `payload` with a checksum of four bytes behind it: Base58Check.
    public static func encodeCheck(_ payload: [UInt8]) -> String {
        encodeCheck(payload, sha256d: { SHA2.sha256d($0).bytes })
    }

    /// Reads Base58Check and returns the payload without the checksum; a version byte stays in it.
    ///
    /// - Throws: `Base58Error` as `decode`, and `.tooShort` or `.checksumMismatch`.
    public static func decodeCheck(_ text: String) throws(Base58Error) -> [UInt8] {
        try decodeCheck(text, sha256d: { SHA2.sha256d($0).bytes })
    }
}
