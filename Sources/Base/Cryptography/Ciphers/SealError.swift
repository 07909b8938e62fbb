/// Why something was not sealed or opened.
public enum SealError: Error, Equatable, Sendable {
    /// The key does not have 32 bytes.
    case wrongKeyLength(actual: Int)
    /// The nonce does not have 12 bytes.
    case wrongNonceLength(actual: Int)
    /// The sealed bytes are shorter than their tag.
    case tooShort
    /// Key, nonce, additional data or ciphertext is not what was sealed; which of them cannot be told.
    case notAuthentic
    /// The library below failed for a reason that has nothing to do with the input.
    case unavailable
}

/// The sizes that both ciphers here share, in bytes.
enum SealSizes {
    static let key = 32
    static let nonce = 12
    static let tag = 16

    static func check(keyCount: Int, nonceCount: Int) throws(SealError) {
        guard keyCount == key else { throw .wrongKeyLength(actual: keyCount) }
        guard nonceCount == nonce else { throw .wrongNonceLength(actual: nonceCount) }
    }
}
