import Primitives

/// A secret that several holders share; it is wiped when the last one lets go.
final class SecretBox: Sendable {
    let bytes: SecretBytes

    init(_ bytes: consuming SecretBytes) {
        self.bytes = bytes
    }

    init(copying bytes: borrowing SecretBytes) {
        self.bytes = bytes.withBytes { SecretBytes(copying: $0) }
    }
}
