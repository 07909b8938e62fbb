import Crypto
public import Primitives

/// AES-256-GCM with a 12-byte nonce.
///
/// The nonce is the caller's: a repetition under one key gives the key of the tag away, so use a fresh key per record or a
/// counter. Sealed bytes are the ciphertext and then the tag of 16.
/// Standard: [NIST SP 800-38D](https://csrc.nist.gov/pubs/sp/800/38/d/final).
public enum AESGCM {
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
        let symmetric = SymmetricKey(secret: key)
        let box = unsafe plaintext.withUnsafeBytes { plaintext in
            unsafe try? AES.GCM.seal(
                plaintext, using: symmetric, nonce: AES.GCM.Nonce(data: nonce), authenticating: additional)
        }
        guard let box else { throw .unavailable }
        var sealed: [UInt8] = []
        sealed.reserveCapacity(plaintext.byteCount + SealSizes.tag)
        sealed.append(contentsOf: box.ciphertext)
        sealed.append(contentsOf: box.tag)
        return sealed
    }

    /// Decrypts what `seal` made with the same key, nonce and additional bytes.
    ///
    /// - Throws: `SealError.tooShort`, `SealError.notAuthentic`, and as `seal`.
    public static func open(
        _ sealed: [UInt8], key: borrowing SecretBytes, nonce: [UInt8], authenticating additional: [UInt8] = []
    ) throws(SealError) -> [UInt8] {
        Array(try opened(sealed, key: key, nonce: nonce, additional: additional))
    }

    /// Decrypts into a secret; the copy that the library below makes is overwritten.
    ///
    /// - Throws: as `open`.
    public static func openSecret(
        _ sealed: [UInt8], key: borrowing SecretBytes, nonce: [UInt8], authenticating additional: [UInt8] = []
    ) throws(SealError) -> SecretBytes {
        var plaintext = try opened(sealed, key: key, nonce: nonce, additional: additional)
        defer { overwrite(&plaintext) }
        return SecretBytes(count: plaintext.count) { out in
            for byte in plaintext { out.append(byte) }
        }
    }

    // Opaque, so that the library's type needs no import here.
    private static func opened(
        _ sealed: [UInt8], key: borrowing SecretBytes, nonce: [UInt8], additional: [UInt8]
    ) throws(SealError) -> some MutableCollection<UInt8> {
        try SealSizes.check(keyCount: key.count, nonceCount: nonce.count)
        guard sealed.count >= SealSizes.tag else { throw .tooShort }
        let split = sealed.count - SealSizes.tag
        guard
            let box = try? AES.GCM.SealedBox(
                nonce: AES.GCM.Nonce(data: nonce), ciphertext: sealed[..<split], tag: sealed[split...]),
            let plaintext = try? AES.GCM.open(box, using: SymmetricKey(secret: key), authenticating: additional)
        else { throw .notAuthentic }
        return plaintext
    }

    // The library hands out plaintext in a value that does not wipe itself.
    private static func overwrite(_ bytes: inout some MutableCollection<UInt8>) {
        let wiped: Void? = unsafe bytes.withContiguousMutableStorageIfAvailable { buffer in
            unsafe wipe(UnsafeMutableRawBufferPointer(buffer))
        }
        if wiped == nil {
            for index in bytes.indices { bytes[index] = 0 }
        }
    }
}
