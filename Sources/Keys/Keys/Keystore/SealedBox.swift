import Cryptography
import Primitives

/// AES-256-GCM with a fresh random nonce in front: `nonce 12 | ciphertext | tag 16`.
///
/// Random nonces are safe here: no key of ours seals anywhere near 2^32 times
/// ([SP 800-38D](https://csrc.nist.gov/pubs/sp/800/38/d/final), 8.3).
enum SealedBox {
    static let nonceBytes = 12
    static let overheadBytes = nonceBytes + 16

    static func seal(
        _ secret: borrowing SecretBytes, under key: borrowing SecretBytes, _ additional: [UInt8]
    ) throws(KeyError) -> [UInt8] {
        let nonce = RandomSource.system.bytes(nonceBytes)
        do {
            let sealed = try secret.withBytes { (bytes) throws(SealError) in
                try AESGCM.seal(bytes, key: key, nonce: nonce, authenticating: additional)
            }
            return nonce + sealed
        } catch {
            throw KeyError(.unavailable, "the cipher failed", cause: error)
        }
    }

    /// - Throws: code `badRecord` when key, box or additional data is not what was sealed.
    static func open(
        _ box: some Collection<UInt8>, under key: borrowing SecretBytes, _ additional: [UInt8]
    ) throws(KeyError) -> SecretBytes {
        do {
            return try AESGCM.openSecret(
                Array(box.dropFirst(nonceBytes)), key: key, nonce: Array(box.prefix(nonceBytes)),
                authenticating: additional)
        } catch {
            throw KeyError(.badRecord, "sealed bytes do not open", cause: error)
        }
    }
}
