import CSodium
public import Primitives

/// ChaCha20-Poly1305 with a 12-byte nonce.
///
/// The nonce is the caller's: it must never repeat under one key. Sealed bytes are the ciphertext and then the tag of 16.
/// Standard: [RFC 8439](https://www.rfc-editor.org/rfc/rfc8439).
public enum ChaChaPoly {
    /// Encrypts `plaintext`, and binds `additional` to it without encrypting that.
    ///
    /// - Throws: `SealError.wrongKeyLength` unless the key has 32 bytes, `SealError.wrongNonceLength` unless the nonce has 12.
    public static func seal(
        _ plaintext: [UInt8], key: borrowing SecretBytes, nonce: [UInt8], authenticating additional: [UInt8] = []
    ) throws(SealError) -> [UInt8] {
        try unsafe seal(plaintext.span.bytes, key: key, nonce: nonce, authenticating: additional)
    }

    /// Encrypts bytes that are borrowed, such as a secret's.
    ///
    /// - Throws: as the other `seal`.
    public static func seal(
        _ plaintext: RawSpan, key: borrowing SecretBytes, nonce: [UInt8], authenticating additional: [UInt8] = []
    ) throws(SealError) -> [UInt8] {
        try SealSizes.check(keyCount: key.count, nonceCount: nonce.count)
        Sodium.prepare()
        let count = plaintext.byteCount + SealSizes.tag
        return unsafe [UInt8](unsafeUninitializedCapacity: count) { out, initializedCount in
            unsafe key.withUnsafeBytes { key in
                unsafe plaintext.withUnsafeBytes { plaintext in
                    _ = unsafe crypto_aead_chacha20poly1305_ietf_encrypt(
                        UnsafeMutableRawBufferPointer(out).octets, nil, plaintext.octetsOrNil, UInt64(plaintext.count),
                        additional,
                        UInt64(additional.count), nil, nonce, key.octets)
                }
            }
            initializedCount = count
        }
    }

    /// Decrypts what `seal` made with the same key, nonce and additional bytes.
    ///
    /// - Throws: `SealError.tooShort`, `SealError.notAuthentic`, and as `seal`.
    public static func open(
        _ sealed: [UInt8], key: borrowing SecretBytes, nonce: [UInt8], authenticating additional: [UInt8] = []
    ) throws(SealError) -> [UInt8] {
        let count = try plaintextCount(sealed, keyCount: key.count, nonceCount: nonce.count)
        var isAuthentic = false
        let plaintext = unsafe [UInt8](unsafeUninitializedCapacity: count) { out, initializedCount in
            isAuthentic = unsafe open(
                sealed, key: key, nonce: nonce, additional: additional, into: UnsafeMutableRawBufferPointer(out))
            initializedCount = isAuthentic ? count : 0
        }
        guard isAuthentic else { throw .notAuthentic }
        return plaintext
    }

    /// Decrypts straight into a secret; there is no other copy of the plaintext.
    ///
    /// - Throws: as `open`.
    public static func openSecret(
        _ sealed: [UInt8], key: borrowing SecretBytes, nonce: [UInt8], authenticating additional: [UInt8] = []
    ) throws(SealError) -> SecretBytes {
        let count = try plaintextCount(sealed, keyCount: key.count, nonceCount: nonce.count)
        return try unsafe SecretBytes(
            count: count,
            unsafeFill: { (out) throws(SealError) in
                guard unsafe open(sealed, key: key, nonce: nonce, additional: additional, into: out) else {
                    throw .notAuthentic
                }
            })
    }

    private static func plaintextCount(_ sealed: [UInt8], keyCount: Int, nonceCount: Int) throws(SealError) -> Int {
        try SealSizes.check(keyCount: keyCount, nonceCount: nonceCount)
        guard sealed.count >= SealSizes.tag else { throw .tooShort }
        Sodium.prepare()
        return sealed.count - SealSizes.tag
    }

    private static func open(
        _ sealed: [UInt8], key: borrowing SecretBytes, nonce: [UInt8], additional: [UInt8],
        into out: UnsafeMutableRawBufferPointer
    ) -> Bool {
        unsafe key.withUnsafeBytes { key in
            unsafe crypto_aead_chacha20poly1305_ietf_decrypt(
                out.octetsOrNil, nil, nil, sealed, UInt64(sealed.count), additional, UInt64(additional.count), nonce,
                key.octets) == 0
        }
    }
}
