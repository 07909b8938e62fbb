import Cryptography
import Primitives

/// Wraps the numbered key encryption keys under the root.
enum KeyEncryptionKey {
    static let bytes = 32

    static func wrap(_ kek: SecretBox, id: UInt32, root: SecretBox) throws(KeyError) -> [UInt8] {
        try SealedBox.seal(kek.bytes, under: wrappingKey(root.bytes), additional(id))
    }

    static func unwrap(_ wrapped: [UInt8], id: UInt32, root: SecretBox) throws(KeyError) -> SecretBox {
        SecretBox(try SealedBox.open(wrapped, under: wrappingKey(root.bytes), additional(id)))
    }

    /// The root itself encrypts nothing: each use has a key of its own derived from it.
    private static func wrappingKey(_ root: borrowing SecretBytes) -> SecretBytes {
        HKDF.sha256(ikm: root, info: AdditionalData.list("key version wrapping", []), count: 32)
    }

    private static func additional(_ id: UInt32) -> [UInt8] {
        AdditionalData.list("key version", [AdditionalData.bytes(id)])
    }
}
